"""Settling: a device that has just started is given time before what a read finds down of it is raised.

Line cards of an OLT start one after the other, and its ONTs are ranged and register within seconds to some minutes. A read in
that time finds down what is on its way up. So a device settles for ``[correlator] settling_seconds`` from its start on, which
its uptime tells, whatever the read is for: a restart, the end of an outage or of blindness, the start of faultd.

    what the answer shows                          the device settles
    it restarted, or it is the first answer        until the uptime of the host, else of the agent, has come to that time
    it ran on since the answer before              no longer than it did before
    no uptime, after a restart or an outage        for that time from the answer on

While it settles, what is up ends alarms at once, and what is down is noted alone. At the end it is read whole once more.
"""

from datetime import datetime, timedelta
from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.polling.contact_memory import ContactMemory
from actors.correlator.polling.read_memory import ReadMemory
from actors.correlator.polling.requests import request_read
from actors.correlator.polling.restarts import Restart
from protocols.poll.contact import AgentTimes
from protocols.poll.uptime import TICKS

NAME: Final = "polling.settling"
"""Name of the timer of one device."""


def started_at(before: AgentTimes | None, now: AgentTimes, found: Restart | None, *, outage: bool) -> datetime | None:
    """When the device started, or was back, at the latest; None: it ran on, or nothing shows a start. ``found``: the comparison
    of ``now`` with ``before``. ``outage``: it was judged by its silence before this answer."""
    restarted = found is not None and bool(found.restarted)
    uptime = now.uptime if now.host_uptime is None else now.host_uptime
    if uptime is None:
        return now.at if restarted or outage else None
    compared = before is not None and (before.uptime is not None or before.host_uptime is not None)
    if compared and not restarted:
        return None  # an uptime that is small after its wrap is no start
    return now.at - timedelta(seconds=uptime / TICKS)


def note_answer(draft: Draft, device: str, began: datetime | None) -> None:
    """The device answered; ``began``: when it started, where that is not known from before."""
    memory = draft.state.memory(ReadMemory)
    until = memory.settling.get(device)
    if began is not None:
        # Never later than now, also where the reporter's clock is ahead of the ledger's.
        end = min(began, draft.at) + timedelta(seconds=draft.state.settings.settling_seconds)
        if end > draft.at:
            until = end
            draft.set(memory.settling, device, end)
    if until is not None:
        draft.wake(NAME, device, max(until, draft.at))


def settles(draft: Draft, device: str, begun: datetime) -> bool:
    """True for a read of the device that began before it had settled."""
    until = draft.state.memory(ReadMemory).settling.get(device)
    return until is not None and begun < until


def due(draft: Draft, device: str) -> None:
    """Timer: the device has settled, and is read. One that is silent is read when it has answered."""
    memory = draft.state.memory(ReadMemory)
    if device not in memory.settling or device in draft.state.memory(ContactMemory).silent:
        return
    draft.drop(memory.settling, device)
    request_read(draft, device, "settled", "the device has had time to start since it restarted or was back")

"""Requests for reads (``PollRequested``), bounded for each port, line card and device.

The poller has a budget of its own for each line card. The bounds here keep the number of Changes small in a storm: what is not
requested now is requested by the next inspection, or found by the daily read.
"""

from collections.abc import Iterable
from datetime import timedelta
from itertools import islice
from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.polling.read_memory import ReadMemory
from actors.correlator.state import State
from protocols.event import SystemReport
from protocols.poll.request import PollRequested
from protocols.poll.states import ReadReason

NAME: Final = "polling.requests"
"""Name of the timer."""
SWEEP: Final = "sweep"
TRAPS_LOST: Final = "traps.lost"
"""The trap listener's alarm that the kernel dropped datagrams. It ends when none was dropped for five minutes."""
AGAIN: Final[dict[str, timedelta]] = {
    "burst": timedelta(seconds=60),
    "gap": timedelta(minutes=10),
    "drops": timedelta(minutes=4),
    "restart": timedelta(seconds=30),
    "returned": timedelta(seconds=30),
}
"""The same read is not requested again within this time."""
PORTS_OF_CARD: Final = 8
"""Ports of a line card that are requested within ``AGAIN["burst"]`` at most."""
SWEPT_AT_ONCE: Final = 50
"""Devices requested in one second, when all of them are to be read."""


def is_read(state: State, device_id: str) -> bool:
    """True when states of this device have been polled, so that a request has somebody to answer it."""
    return device_id in state.memory(ReadMemory).devices


def request_read(draft: Draft, device_id: str, reason: ReadReason, why: str, scope: str = "") -> bool:
    """Request a read of a device, or of the position ``scope`` of it. ``why`` is a sentence for the operator. False when the
    same read was requested too short a time ago."""
    memory = draft.state.memory(ReadMemory)
    key = f"{reason} {device_id}/{scope}"
    again, last = AGAIN.get(reason, timedelta(0)), draft.read(memory.requested, key)
    if last is not None and draft.at - last < again:
        return False
    if reason == "burst" and not _within_card(draft, memory, f"{device_id}/{scope}".rpartition("/")[0], again):
        draft.note("poll_not_requested")
        return False
    draft.on_commit(memory.fade, draft.at)
    draft.remember(memory.requested, key, draft.at)
    draft.emit(PollRequested(offset=draft.offset, device=device_id, scope=scope, reason=reason, why=why))
    return True


def request_all(draft: Draft, reason: ReadReason, why: str) -> None:
    """Request a read of every device, a few of them each second."""
    memory = draft.state.memory(ReadMemory)
    if not memory.devices:
        return
    draft.on_commit(_begin_sweep, memory, f"{reason} {why}")
    draft.wake(NAME, SWEEP, draft.at)


def note_traps_lost(draft: Draft, report: SystemReport) -> None:
    """The kernel began to drop datagrams, or has ended: whose they were nobody knows, so every device is read."""
    if report.alarm_type == TRAPS_LOST:
        when = "drops datagrams" if report.active else "has dropped datagrams, and does so no more"
        request_all(draft, "drops", f"the kernel {when} ({report.qualifier})")


def request_each(draft: Draft, devices: Iterable[str], reason: ReadReason, why: str) -> None:
    """Request a read of each of these devices, a few of them each second."""
    memory = draft.state.memory(ReadMemory)
    for device_id in devices:
        draft.set(memory.sweep, device_id, f"{reason} {why}")
    draft.wake(NAME, SWEEP, draft.at)


def due(draft: Draft, _subject: str) -> None:
    """Request the next devices of a sweep."""
    memory = draft.state.memory(ReadMemory)
    for device_id, words in list(islice(memory.sweep.items(), SWEPT_AT_ONCE)):
        reason, _, why = words.partition(" ")
        request_read(draft, device_id, _REASONS[reason], why)
        draft.drop(memory.sweep, device_id)
    if len(memory.sweep) > SWEPT_AT_ONCE:
        draft.wake(NAME, SWEEP, draft.at + timedelta(seconds=1))


_REASONS: Final[dict[str, ReadReason]] = {"drops": "drops", "gap": "gap", "returned": "returned", "restart": "restart"}


def _begin_sweep(memory: ReadMemory, words: str) -> None:
    for device_id in memory.devices:
        memory.sweep.setdefault(device_id, words)


def _within_card(draft: Draft, memory: ReadMemory, card: str, span: timedelta) -> bool:
    recent = tuple(at for at in draft.read(memory.by_card, card) or () if draft.at - at < span)
    if len(recent) >= PORTS_OF_CARD:
        return False
    draft.set(memory.by_card, card, (*recent, draft.at))
    return True

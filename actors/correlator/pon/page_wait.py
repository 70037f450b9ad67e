"""Notifications that wait longer than their hold, because the evidence is not whole yet.

While an OLT's queue still brings losses of a port, its cause may grow from a splitter to the feeder: that is one page, not two.
A single ONT that goes out mostly comes back by itself: somebody switched it off, or it restarts. The alarms show at once.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.plant.power_area import AREA
from actors.correlator.pon.gather import pon_los_of, ports_below
from actors.correlator.pon.memory import PAUSE, Concluded, PonMemory
from actors.correlator.pon.settling_port import settles_until
from protocols.alarm import Alarm

QUEUED: Final = timedelta(seconds=30)
"""A notification waits at most so long for the queue of its OLT."""
CARD_REPORTS: Final = timedelta(seconds=10)
"""A notification about all ports of a card waits so long for the card's own report, which may come after those of its ONTs."""
_AGAIN = timedelta(seconds=1)
_QUEUE = 3
"""Gaps between reports from which they are a queue."""
_TURN = timedelta(seconds=5)
"""The ports of an OLT take turns in its queue. None waits longer for its next turn."""


def page_wait(draft: Draft, alarm: Alarm, since: datetime) -> tuple[datetime, str] | None:
    """The time at which the notification of an alarm is to be considered again, and the reason; None: it waits no longer.
    ``since``: the end of its hold."""
    memory = draft.state.memory(PonMemory)
    settled = settles_until(draft, memory, alarm)
    if settled is not None:
        return settled + _AGAIN, "its OLT or card has just started, and what is dark may be on its way up"
    cause = memory.causes.get(alarm.id)
    traits = draft.state.symptoms.get(alarm.alarm_type)
    if cause is None and traits is not None and traits.out:
        alone = since + draft.state.spans.hold_ont - draft.state.spans.hold[alarm.severity]
        if draft.at < alone:
            return alone, "the loss of a single ONT might end by itself"
    if not memory.port_losses:
        return None
    if cause is not None and draft.at < since + CARD_REPORTS and _card_may_report(draft, memory, cause):
        return since + CARD_REPORTS, "all ports of a card are dark, and the card might have reported itself"
    if cause is not None:
        ports: Iterable[str] = cause.ports
    elif traits is not None and (traits.out or traits.pon_los):
        port = draft.state.plant.pon_of(alarm.resource_id)
        ports = (port,) if port is not None else ()
    else:
        return None
    if draft.at < since + QUEUED and any(_still_come(draft, memory, port) for port in ports):
        return draft.at + _AGAIN, "reports of its OLT still came in"
    return None


def _card_may_report(draft: Draft, memory: PonMemory, cause: Concluded) -> bool:
    """True when all ports of a card are wholly dark, and none of them reports loss of light, which would prove that the card
    lives."""
    if cause.kind not in ("cut", "trunk", "card", "olt") or any(_has_los(draft, port) for port in cause.ports):
        return False
    plant = draft.state.plant
    for card in plant.parents(cause.ports[0]):
        ports = ports_below(draft, card)
        if len(ports) > 1 and all(_is_dark(memory, port) and not _has_los(draft, port) for port in ports):
            return True
    return False


def _has_los(draft: Draft, port: str) -> bool:
    return any(draft.state.symptoms[each.alarm_type].symptom == "pon_los" for each in pon_los_of(draft, port))


def _is_dark(memory: PonMemory, port: str) -> bool:
    known = (memory.causes[alarm_id] for alarm_id in memory.at_port.get(port, ()))
    return any(each.kind in ("card", "olt") or (each.kind == "cut" and each.place == port) for each in known)


def _still_come(draft: Draft, memory: PonMemory, port: str) -> bool:
    """True while an OLT's queue brings losses of the port."""
    losses = memory.port_losses.get(port) if not port.startswith(AREA) else None
    if losses is None or draft.at - losses.last > _TURN:
        return False
    burst = memory.bursts.get(draft.state.plant.device_of(port) or port)
    return burst is not None and burst.gaps >= _QUEUE and draft.at - burst.last <= PAUSE

"""A port below equipment that has just started: which of its losses are no evidence yet."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from actors.correlator.draft import Draft
from actors.correlator.pon.cause import Evidence
from actors.correlator.pon.inspection_timer import schedule_inspection
from actors.correlator.pon.memory import PonMemory
from actors.correlator.strategies.returned_equipment import Settling, settling_of
from protocols.alarm import Alarm

NAME = "pon.settled"
"""Name of the timer of a port that settles."""
_AT_ONCE = timedelta(0)


def not_settled(
    draft: Draft, memory: PonMemory, port: str, out: Mapping[str, Evidence], port_alarms: list[Alarm]
) -> tuple[set[str], list[Alarm]]:
    """The ONTs whose loss is no evidence yet, and the port's own alarms that are evidence already. Sets a timer for the
    others."""
    settling = settling_of(draft, port) if out or port_alarms else None
    if settling is None:
        return set(), port_alarms
    waiting = {ont for ont, each in out.items() if not each.gasped and _on_its_way(memory, settling, (ont,), each.onset)}
    since = memory.onset.get(port)
    early = since is not None and _on_its_way(memory, settling, draft.state.plant.onts_below(port), since)
    if waiting or (early and port_alarms):
        draft.wake(NAME, port, settling.until)
    return waiting, [] if early else port_alarms


def settles_until(draft: Draft, memory: PonMemory, alarm: Alarm) -> datetime | None:
    """The end of the time in which the alarm of a port or an ONT may be one of a start; None when it is none."""
    traits, plant = draft.state.symptoms.get(alarm.alarm_type), draft.state.plant
    if traits is None or traits.gasp or not (traits.out or traits.pon_los or traits.symptom == "link_down"):
        return None
    port = plant.pon_of(alarm.resource_id)
    settling = settling_of(draft, port) if port is not None else None
    if port is None or settling is None:
        return None
    since = memory.onset.get(alarm.resource_id, alarm.received_at)
    onts = (alarm.resource_id,) if port != alarm.resource_id else plant.onts_below(port)
    return settling.until if _on_its_way(memory, settling, onts, since) else None


def due(draft: Draft, port: str) -> None:
    """Timer: the port has settled, and what is still dark is evidence."""
    schedule_inspection(draft, draft.state.memory(PonMemory), port, _AT_ONCE)


def _on_its_way(memory: PonMemory, settling: Settling, onts: Iterable[str], onset: datetime) -> bool:
    """True for a loss after the start, when none of these ONTs has been back since."""
    return onset >= settling.since and not any(settling.since < memory.back.get(ont, settling.since) for ont in onts)

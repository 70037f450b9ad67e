"""The begin of each ONT's outage, and the reports of its OLT around it."""

from actors.correlator.draft import Draft
from actors.correlator.pon.memory import PonMemory
from protocols.alarm import Alarm


def note_loss(draft: Draft, memory: PonMemory, port: str | None, alarm: Alarm) -> bool:
    """Note a report that an ONT is out. True when it was not known to be out."""
    ont = alarm.resource_id
    first = ont not in memory.onset
    if first:
        draft.set(memory.onset, ont, draft.at)
    if port is not None:
        draft.on_commit(memory.reported, _olt(draft, port, alarm), draft.at, port, ont if first else "")
    return first


def note_report(draft: Draft, memory: PonMemory, port: str, alarm: Alarm) -> None:
    """Note another report of an OLT that belongs to an outage, as a port's own loss of light."""
    draft.on_commit(memory.reported, _olt(draft, port, alarm), draft.at)


def forget_loss(draft: Draft, memory: PonMemory, ont: str) -> None:
    """The ONT is not out any more."""
    draft.drop(memory.onset, ont)
    if ont in memory.found:
        draft.drop(memory.found, ont)
    if ont in memory.unrestored:
        draft.drop(memory.unrestored, ont)
    if ont in memory.queued:
        draft.drop(memory.queued, ont)


def _olt(draft: Draft, port: str, alarm: Alarm) -> str:
    return alarm.device_id or draft.state.plant.device_of(port) or port

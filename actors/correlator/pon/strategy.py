"""Strategy 2: from the ONTs that are out to the place that broke.

The evidence of a port has less than a second to settle. Then the port is inspected as a whole, and the alarms of its causes are
raised, revised, replaced by a larger cause or withdrawn. An area is inspected a moment before its ports, because a failure of
the mains explains ONTs on many ports.
"""

from datetime import timedelta
from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.plant.power_area import AREA
from actors.correlator.pon import area, port, rogue
from actors.correlator.pon.gather import dimmed, is_out, ports_below, tenant_of
from actors.correlator.pon.inspection_timer import NAME, SETTLE, schedule_inspection
from actors.correlator.pon.memory import PonMemory, fading
from actors.correlator.pon.onset import forget_loss, note_loss, note_report
from actors.correlator.pon.records import note_gasp, note_unrecorded
from actors.correlator.pon.relevance import is_irrelevant
from actors.correlator.resources.optical_power import relieved
from actors.correlator.resources.placement import UNPLACED
from actors.correlator.strategies.lost_equipment import is_lost
from actors.correlator.strategies.strategy import Strategy, ended, raised
from actors.correlator.strategies.symptoms import SymptomTraits
from protocols.alarm import Alarm
from protocols.topology import Node

AREAS_FIRST: Final = timedelta(seconds=0.1)


def touched(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """Note the evidence, and schedule the inspection of its port."""
    traits = draft.state.symptoms.get(alarm.alarm_type)
    if traits is None:
        return
    begins, ends = raised(before, alarm), ended(before, alarm)
    if traits.may_cut_off:
        _equipment(draft, before, alarm)
        return
    if not begins and not ends:
        _explained_otherwise(draft, before, alarm)
        return
    resource, plant = alarm.resource_id, draft.state.plant
    memory = draft.state.memory(PonMemory)
    node = plant.nodes.get(resource)
    port = plant.pon_of(resource) if node is not None else None
    if ends:
        _elsewhere(draft, memory, alarm, port)
    if node is None:
        if ends and resource in memory.onset:
            forget_loss(draft, memory, resource)
        if traits.out:
            note_unrecorded(draft, memory, alarm, begins=begins)
        return
    if alarm.tenant_id != tenant_of(draft.state, resource):
        if ends and resource in memory.onset and not is_out(draft, resource):
            forget_loss(draft, memory, resource)  # its OLT belonged to this tenant when the alarm was raised
        return  # a report of another tenant is no evidence here
    if traits.out:
        _service(draft, memory, node, port, traits, alarm, begins)
    elif traits.degraded:
        _light(draft, memory, node, begins)
    elif traits.sign is not None:
        if begins:
            rogue.sign(draft, memory, node.id, traits.sign)
    elif traits.pon_los or traits.pon_gasps:
        _port(draft, memory, node, alarm, begins)
    if port is None or (traits.disturbs and not begins):
        return
    if begins and traits.suffers and port in memory.at_port:
        rogue.joins(draft, memory, port, alarm)
    if traits.out and is_irrelevant(draft, memory, port, draft.latest(alarm)):
        return
    schedule_inspection(draft, memory, port, SETTLE)


def _equipment(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """Equipment was lost or switched off, or is back: have the ports below it inspected."""
    state, resource = draft.state, alarm.resource_id
    was = before is not None and before.cleared_at is None and is_lost(state, before)
    now = alarm.cleared_at is None and is_lost(state, alarm)
    if was == now or resource not in state.plant.nodes or alarm.tenant_id != tenant_of(state, resource):
        return
    memory = state.memory(PonMemory)
    for each in ports_below(draft, resource):
        # ONTs that were out before the equipment was lost, and still are, are explained again once it is back.
        if each in memory.at_port or (was and _out_at(draft, memory, each)):
            schedule_inspection(draft, memory, each, timedelta(0))


def _out_at(draft: Draft, memory: PonMemory, port: str) -> bool:
    """True when the port, or an ONT of it, is out or has low optical power."""
    onset = memory.onset
    return port in onset or any(ont in onset or fading(ont) in onset for ont in draft.state.plant.onts_below(port))


def _service(
    draft: Draft, memory: PonMemory, node: Node, port: str | None, traits: SymptomTraits, alarm: Alarm, begins: bool
) -> None:
    """An ONT lost its service, or has it again."""
    ont, area = node.id, AREA + node.area
    if begins:
        if note_loss(draft, memory, port, alarm) and ont in memory.back and not traits.gasp:
            rogue.came_and_went(draft, memory, ont)
        if traits.gasp and port is not None:
            note_gasp(draft, memory, port)
        if traits.sign is not None:
            rogue.sign(draft, memory, ont, traits.sign)
    elif not is_out(draft, ont):
        forget_loss(draft, memory, ont)
        draft.on_commit(memory.came_back, ont, draft.at)
    if node.area and (traits.gasp or area in memory.at_port):
        schedule_inspection(draft, memory, area, SETTLE - AREAS_FIRST)


def _light(draft: Draft, memory: PonMemory, node: Node, begins: bool) -> None:
    """An ONT has too little light, or enough again."""
    if begins:
        _begin(draft, memory, fading(node.id))
        rogue.sign(draft, memory, node.id, "lives")
    elif not dimmed(draft, node.id):
        draft.drop(memory.onset, fading(node.id))
        relieved(draft, node.id)


def _port(draft: Draft, memory: PonMemory, node: Node, alarm: Alarm, begins: bool) -> None:
    """A port lost its light, or has it again."""
    if begins:
        note_report(draft, memory, node.id, alarm)
        _begin(draft, memory, node.id)
    else:
        draft.drop(memory.onset, node.id)


def _begin(draft: Draft, memory: PonMemory, key: str) -> None:
    if draft.read(memory.onset, key) is None:
        draft.set(memory.onset, key, draft.at)


def due(draft: Draft, subject: str) -> None:
    """Inspect a port or an area."""
    memory = draft.state.memory(PonMemory)
    draft.drop(memory.first, subject)
    if subject.startswith(AREA):
        for each in area.look(draft, memory, subject):
            schedule_inspection(draft, memory, each, AREAS_FIRST)
        return
    again = port.look(draft, memory, subject)
    if again is not None:
        draft.wake(NAME, subject, again)


def _explained_otherwise(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """An alarm that was detached from its cause, or placed by a new topology, is evidence again."""
    if before is None or alarm.cleared_at is not None:
        return
    placed = UNPLACED in before.tags and UNPLACED not in alarm.tags
    if before.parent_alarm_id == alarm.parent_alarm_id and not placed:
        return
    plant = draft.state.plant
    found = plant.pon_of(alarm.resource_id)
    if found is None:
        return
    if alarm.parent_alarm_id is None:
        schedule_inspection(draft, draft.state.memory(PonMemory), found, SETTLE)


def _elsewhere(draft: Draft, memory: PonMemory, alarm: Alarm, port: str | None) -> None:
    """An ONT that the topology moved or removed still counts for the end of its cause."""
    cause = memory.causes.get(alarm.parent_alarm_id) if alarm.parent_alarm_id is not None else None
    if cause is None:
        return
    subject = cause.ports[0]
    if subject.startswith(AREA):
        node = draft.state.plant.nodes.get(alarm.resource_id)
        moved = node is None or AREA + node.area != subject
    else:
        moved = alarm.parent_alarm_id not in memory.at_port.get(port or "", ())
    if moved:
        schedule_inspection(draft, memory, subject, SETTLE)


STRATEGY = Strategy(NAME, touched, due)

"""Strategy 2: from the silence of ONTs to the place that broke.

Evidence of a port is let settle for less than a second. Then the port is looked at as a whole, and the alarms of its causes
are made to say what the evidence says now: raised, revised, taken over by a larger cause or withdrawn. An area is looked at a
moment before its ports, since mains that fail explain ONTs on many of them.
"""

from datetime import timedelta

from actors.correlator.draft import Draft
from actors.correlator.light import relieved
from actors.correlator.placing import UNPLACED
from actors.correlator.pon import area, port, rogue
from actors.correlator.pon.gather import dimmed, is_out, ports_below, tenant_of
from actors.correlator.pon.heard import explained, heard
from actors.correlator.pon.members import member_heard
from actors.correlator.pon.memory import PonMemory, fading
from actors.correlator.pon.news import tells_nothing
from actors.correlator.pon.soon import NAME, SETTLE, look_soon
from actors.correlator.signals import AREA, GARBLED, SIGNALS
from actors.correlator.strategy import Strategy, ended, raised
from protocols.alarm import Alarm

AREAS_FIRST = timedelta(seconds=0.1)


def touched(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """Take note of evidence, and have its port looked at."""
    signal = SIGNALS.get(alarm.alarm_type)
    if signal is None:
        return
    begins, ends = raised(before, alarm), ended(before, alarm)
    if not begins and not ends:
        _explained_otherwise(draft, before, alarm)
        return
    resource = alarm.resource_id
    memory = draft.state.memory(PonMemory)
    if ends:
        _elsewhere(draft, memory, alarm)
    member_heard(draft, resource)
    node = draft.state.plant.nodes.get(resource)
    if node is None:
        if ends and resource in memory.onset:
            draft.later(memory.onset.pop, resource, None)
        return
    if alarm.tenant_id != tenant_of(draft, resource):
        return  # what others report of it is theirs
    at = draft.state.plant.pon_of(resource)
    if at is not None:
        heard(draft, at, resource)
    if signal in ("out", "gasp"):
        if begins:
            if resource not in memory.onset:
                if signal == "out" and resource in memory.back:
                    rogue.came_and_went(draft, memory, resource)
                draft.later(memory.onset.setdefault, resource, draft.at)
            if alarm.alarm_type in GARBLED:
                rogue.sign(draft, memory, resource, "garbled")
        elif not is_out(draft, resource):
            draft.later(memory.onset.pop, resource, None)
            draft.later(memory.came_back, resource, draft.at)
        if node.area:
            heard(draft, AREA + node.area, resource)
            if signal == "gasp" or AREA + node.area in memory.at_port:
                look_soon(draft, memory, AREA + node.area, SETTLE - AREAS_FIRST)
    elif signal == "dim":
        if begins:
            draft.later(memory.onset.setdefault, fading(resource), draft.at)
            rogue.sign(draft, memory, resource, "lives")
        elif not dimmed(draft, resource):
            draft.later(memory.onset.pop, fading(resource), None)
            relieved(draft, resource)
    elif signal in ("garbled", "stuck"):
        if not begins:
            return
        rogue.sign(draft, memory, resource, "garbled" if signal == "garbled" else "stuck")
    elif signal in ("port_dark", "powerless"):
        draft.later(*((memory.onset.setdefault, resource, draft.at) if begins else (memory.onset.pop, resource, None)))
    elif signal == "blocker":
        for each in ports_below(draft, resource):
            if each in memory.at_port:
                look_soon(draft, memory, each, timedelta(0))
        return
    if at is not None:
        if begins and signal in ("out", "dim", "garbled", "stuck") and at in memory.at_port:
            rogue.joins(draft, memory, at, alarm)
        if signal in ("out", "gasp") and tells_nothing(draft, memory, at, draft.latest(alarm)):
            return
        look_soon(draft, memory, at, SETTLE)


def due(draft: Draft, subject: str) -> None:
    """Look at a port, or at an area."""
    memory = draft.state.memory(PonMemory)
    draft.later(memory.first.pop, subject, None)
    if subject.startswith(AREA):
        for each in area.look(draft, memory, subject):
            look_soon(draft, memory, each, AREAS_FIRST)
        return
    again = port.look(draft, memory, subject)
    if again is not None:
        draft.wake(NAME, subject, again)


def _explained_otherwise(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """What has come free of its cause, or was placed by a new topology, is evidence again."""
    if before is None or alarm.cleared_at is not None:
        return
    placed = UNPLACED in before.tags and UNPLACED not in alarm.tags
    if before.parent_alarm_id == alarm.parent_alarm_id and not placed:
        return
    plant = draft.state.plant
    found = plant.pon_of(alarm.resource_id)
    if found is None:
        return
    explained(draft, found, alarm)
    if alarm.parent_alarm_id is None:
        look_soon(draft, draft.state.memory(PonMemory), found, SETTLE)


def _elsewhere(draft: Draft, memory: PonMemory, alarm: Alarm) -> None:
    """An ONT that the topology has moved or let go of is still one of those by which its cause will be over."""
    cause = memory.causes.get(alarm.parent_alarm_id) if alarm.parent_alarm_id is not None else None
    if cause is None:
        return
    plant, subject = draft.state.plant, cause.ports[0]
    if subject.startswith(AREA):
        node = plant.nodes.get(alarm.resource_id)
        moved = node is None or AREA + node.area != subject
    else:
        moved = plant.pon_of(alarm.resource_id) not in cause.ports
    if moved:
        look_soon(draft, memory, subject, SETTLE)


STRATEGY = Strategy(NAME, touched, due)

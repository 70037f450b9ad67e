"""Another table of symptoms, while alarms are open: profiles were reloaded.

What the strategies remember of an open alarm follows from the symptom that its type had when the alarm was raised. So the
memory of the alarms whose type has another symptom now is brought in line, and the ports of their resources are inspected.
An alarm that is attached to a cause stays attached.
"""

from actors.correlator.alarms.tables import age
from actors.correlator.draft import Draft
from actors.correlator.memories import LostEquipmentMemory
from actors.correlator.plant.power_area import AREA
from actors.correlator.pon.gather import heard_of, ports_below
from actors.correlator.pon.inspection_timer import SETTLE, schedule_inspection
from actors.correlator.pon.memory import PonMemory, fading
from actors.correlator.pon.onset import forget_loss
from actors.correlator.strategies.lost_equipment import is_switched_off
from actors.correlator.strategies.symptoms import Symptoms
from protocols.alarm import Alarm


def change_symptoms(draft: Draft, symptoms: Symptoms) -> None:
    """Prepare for ``symptoms``, which replace those of the State with this Event."""
    state = draft.state
    before = state.symptoms
    changed = {each for each in before.keys() | symptoms.keys() if before.get(each) is not symptoms.get(each)}
    if not changed:
        return
    lost = state.memory(LostEquipmentMemory).since
    places: dict[str, None] = {}
    found = [each for each in state.alarms.values() if each.cleared_at is None and each.alarm_type in changed]
    for alarm in sorted(found, key=age):
        places[alarm.resource_id] = None
        traits = symptoms.get(alarm.alarm_type)
        if traits is not None and (traits.equipment_lost or (traits.may_cut_off and is_switched_off(state, alarm))):
            if alarm.id not in lost:
                draft.set(lost, alarm.id, draft.at)
        else:
            draft.drop(lost, alarm.id)
    memory = state.memory(PonMemory)
    for place in places:
        _remember(draft, memory, symptoms, place)
        _inspect(draft, memory, place)


def _remember(draft: Draft, memory: PonMemory, symptoms: Symptoms, place: str) -> None:
    """Since when the resource is out, and since when it has too little light."""
    out: list[Alarm] = []
    degraded: list[Alarm] = []
    for alarm in heard_of(draft, place) if place in draft.state.plant.nodes else ():
        traits = symptoms.get(alarm.alarm_type)
        if traits is not None and (traits.out or traits.pon_los or traits.pon_gasps):
            out.append(alarm)
        elif traits is not None and traits.degraded:
            degraded.append(alarm)
    for key, alarms in ((place, out), (fading(place), degraded)):
        if not alarms:
            forget_loss(draft, memory, key)
        elif key not in memory.onset:
            draft.set(memory.onset, key, alarms[0].received_at)


def _inspect(draft: Draft, memory: PonMemory, place: str) -> None:
    """Have the ports that the resource belongs to, or that are below it, inspected, and its power area."""
    plant = draft.state.plant
    node = plant.nodes.get(place)
    if node is None:
        return
    port = plant.pon_of(place)
    for each in (port,) if port is not None else ports_below(draft, place):
        schedule_inspection(draft, memory, each, SETTLE)
    if node.area:
        schedule_inspection(draft, memory, AREA + node.area, SETTLE)

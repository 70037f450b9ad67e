"""Whether an alarm concerns an instance, at a cost that most alarms can bear: a dict's."""

from collections.abc import Sequence

from actors.sla_clock.evidence.outages import CLOCK_JUMPED, note_alarm, says
from actors.sla_clock.limits.clock_facts import note_clock
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from protocols.alarm import Alarm, TimelineEntry
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import instant_at


def take_in(run: FoldRun, alarm: Alarm, entries: Sequence[TimelineEntry]) -> None:
    """Keep the outage and the clocks of an alarm that concerns an instance; set another one aside."""
    state = run.state
    if not is_kept(state, alarm) and not concerns(state, alarm):
        set_aside(state, alarm, entries, run)
        return
    _keep(run, alarm, entries)


def adopt(run: FoldRun, instance: SlaInstance) -> None:
    """Take in the alarms set aside that concern an instance: it is new, or its place is."""
    state = run.state
    if not state.aside.by_id:
        return
    places = [f"service:{instance.service_id}", f"customer:{instance.customer_id}"]
    for resource in instance.resources:
        places += state.plant.above(resource)
    for alarm_id in dict.fromkeys(each for place in places for each in state.aside.at(place)):
        if (alarm := state.aside.by_id.get(alarm_id)) is not None:
            _keep(run, alarm)


def is_kept(state: SlaState, alarm: Alarm) -> bool:
    """True when the stage keeps facts of the alarm already."""
    return alarm.id in state.outages_of or alarm.id in state.clocks.by_id


def concerns(state: SlaState, alarm: Alarm) -> bool:
    """True when an instance is at or below the alarm's resource, or the alarm names its service or customer."""
    if not len(state.instances):
        return False
    if alarm.resource_id in state.plant.places:
        return state.covered(alarm.resource_id)
    return any(state.instances.count(place) for place in _places(state, alarm))


def set_aside(state: SlaState, alarm: Alarm, entries: Sequence[TimelineEntry], run: FoldRun | None) -> None:
    """Set an alarm aside that concerns no instance, or forget it once it is cleared. Without ``run`` nothing takes it back."""
    journal = None if run is None else run.journal
    if alarm.cleared_at is not None:
        state.aside.drop(journal, alarm.id)
    elif alarm.service_effect != "none" or alarm.is_root_cause:
        state.aside.put(journal, alarm, _places(state, alarm), _moved(state, alarm, entries))


def _moved(state: SlaState, alarm: Alarm, entries: Sequence[TimelineEntry]) -> int:
    """The jumps of the clock since an alarm that was set aside was opened, as far as they are not in its date."""
    moved = state.aside.moved(alarm.id)
    if moved and says(entries, CLOCK_JUMPED):
        moved += instant_at(state.aside.by_id[alarm.id].opened_at) - instant_at(alarm.opened_at)
    return moved


def _places(state: SlaState, alarm: Alarm) -> tuple[str, ...]:
    """The resource; where it is no node of the topology, also the services or customers that the report of an outage names. A
    conclusion names those of the alarms below it, which concern them themselves."""
    if alarm.resource_id in state.plant.places or alarm.service_effect == "none":
        return (alarm.resource_id,)
    if alarm.affected_services:
        return (alarm.resource_id, *(f"service:{each}" for each in alarm.affected_services))
    return (alarm.resource_id, *(f"customer:{each}" for each in alarm.affected_customers))


def _keep(run: FoldRun, alarm: Alarm, entries: Sequence[TimelineEntry] = ()) -> None:
    """With those that it is attached to: their clocks are the ones that count."""
    moved = _moved(run.state, alarm, entries)
    run.state.aside.drop(run.journal, alarm.id)
    parent = alarm.parent_alarm_id
    if parent is not None and (above := run.state.aside.by_id.get(parent)) is not None:
        _keep(run, above)
    note_alarm(run, alarm, entries, moved)
    note_clock(run, alarm, moved)

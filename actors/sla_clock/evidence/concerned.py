"""Whether an alarm concerns an instance, at a cost that most alarms can bear: a dict's."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from actors.journal import Journal
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.evidence.outages import CLOCK_JUMPED, REOPENED, note_alarm, says
from actors.sla_clock.limits.clock_facts import note_clock
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from protocols.alarm import Alarm, TimelineEntry
from protocols.change import AlarmChanged, Change
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import instant_at


def take_in(run: FoldRun, alarm: Alarm, entries: Sequence[TimelineEntry]) -> None:
    """Keep the outage and the clocks of an alarm that concerns an instance; set another one aside."""
    state = run.state
    if not is_kept(state, alarm) and not concerns(state, alarm):
        _set_aside(state, run.now, alarm, entries, run.journal)
        return
    _keep(run, alarm, entries)


def bystanders(state: SlaState, changes: Iterable[Change]) -> list[AlarmChanged] | None:
    """The Changes of alarms among ``changes``; None where one of them concerns an instance."""
    outages, clocks = state.outages_of, state.clocks.by_id
    covered = state.coverage() if len(state.instances) else None
    found = []
    for change in changes:
        if type(change) is AlarmChanged:
            alarm = change.alarm
            alarm_id = alarm.id
            if alarm_id in outages or alarm_id in clocks:
                return None
            if covered is not None and covered.get(alarm.resource_id, True) and concerns(state, alarm):
                return None
            found.append(change)
    return found


def pass_by(state: SlaState, now: int, changes: Iterable[AlarmChanged]) -> None:
    """Set alarms aside that concern no instance. Nothing takes it back."""
    for change in changes:
        _set_aside(state, now, change.alarm, change.entries, None)


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
    return any(state.instances.count(place) for place in (alarm.resource_id, *_named(state, alarm)))


def _set_aside(state: SlaState, now: int, alarm: Alarm, entries: Sequence[TimelineEntry], journal: Journal | None) -> None:
    """Set an alarm aside that concerns no instance, or forget it once it is cleared."""
    if alarm.cleared_at is not None:
        state.aside.drop(journal, alarm.id)
    elif alarm.service_effect != "none" or alarm.is_root_cause:
        state.aside.put(journal, alarm, _named(state, alarm), _moved(state, now, alarm, entries))


def _moved(state: SlaState, now: int, alarm: Alarm, entries: Sequence[TimelineEntry]) -> int:
    """The jumps of the clock (microseconds) since an alarm was opened of which no outage is kept, as far as they are not in its
    date."""
    known = state.aside.by_id.get(alarm.id)
    if known is None:
        if says(entries, REOPENED):
            return 0  # it is open only since this Event, whatever date an earlier clear gave it
        before = _before_jump(alarm, entries)
        return _unnoticed_jump(state, now, before) + instant_at(before.opened_at) - instant_at(alarm.opened_at)
    moved = state.aside.moved(alarm.id)
    if moved and says(entries, CLOCK_JUMPED):
        moved += instant_at(known.opened_at) - instant_at(alarm.opened_at)
    return moved


def _before_jump(alarm: Alarm, entries: Sequence[TimelineEntry]) -> Alarm:
    """``alarm`` with the dates that it had before the correlator moved them after a jump of the clock, if it did so now."""
    were: dict[str, str] = next(
        (each.detail["were"] for each in entries if each.action == CLOCK_JUMPED and "were" in each.detail), {}
    )
    return replace(alarm, **{name: datetime.fromisoformat(at) for name, at in were.items()}) if were else alarm


def _unnoticed_jump(state: SlaState, now: int, alarm: Alarm) -> int:
    """The jumps since an alarm was opened that the stage did not know then: it had no effect on service, or the Event that
    raised it could not be folded."""
    jumps = state.jumps
    if not jumps:
        return 0
    opened = instant_at(alarm.opened_at if alarm.reopened_at is not None else max(alarm.first_occurrence, alarm.received_at))
    ended = NEVER if alarm.cleared_at is None else instant_at(alarm.cleared_at)
    # Between two jumps the clock went from the instant to which it was set to the one from which it jumped, and since the last
    # jump to the present. A date that it showed several times is from the last time.
    lefts = [*map(_left_at, jumps), now]
    for number in range(len(jumps), -1, -1):
        if (not number or jumps[number - 1][0] <= opened) and opened <= lefts[number]:
            return sum(jump[1] for jump in jumps[number:] if _left_at(jump) < ended)
    return 0


def _left_at(jump: tuple[int, int]) -> int:
    """The instant from which the clock jumped."""
    return jump[0] - jump[1]


def _named(state: SlaState, alarm: Alarm) -> tuple[str, ...]:
    """The keys of the services or customers that the report of an outage names, where the resource is no node of the topology.
    A conclusion names those of the alarms below it, which concern them themselves."""
    if alarm.service_effect == "none" or alarm.resource_id in state.plant.places:
        return ()
    if alarm.affected_services:
        return tuple(f"service:{each}" for each in alarm.affected_services)
    return tuple(f"customer:{each}" for each in alarm.affected_customers)


def _keep(run: FoldRun, alarm: Alarm, entries: Sequence[TimelineEntry] = ()) -> None:
    """With those that it is attached to: their clocks are the ones that count."""
    moved = _moved(run.state, run.now, alarm, entries)
    run.state.aside.drop(run.journal, alarm.id)
    parent = alarm.parent_alarm_id
    if parent is not None and (above := run.state.aside.by_id.get(parent)) is not None:
        _keep(run, above)
    note_alarm(run, alarm, entries, moved)
    note_clock(run, alarm, moved)

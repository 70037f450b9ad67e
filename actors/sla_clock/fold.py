"""The fold of the stage: an Event with the Changes of the stages before, to decisions about service level agreements."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from actors.sla_clock.books.booking import book
from actors.sla_clock.books.period_choice import next_period_end
from actors.sla_clock.commands import fold_command
from actors.sla_clock.evidence.concerned import bystanders, pass_by, take_in
from actors.sla_clock.evidence.outages import BLIND_AFTER, note_gap
from actors.sla_clock.evidence.plant import PlantPlace
from actors.sla_clock.evidence.unseen import note_sight
from actors.sla_clock.jumps import fold_clock_jumped
from actors.sla_clock.limits.clock_facts import forget_clock
from actors.sla_clock.limits.performance_breaches import settle_performance
from actors.sla_clock.restoring import fold_restored
from actors.sla_clock.run import FoldRun
from actors.sla_clock.slices import go_on
from actors.sla_clock.state import SlaState
from actors.sla_clock.terms.followed import note_default_tenant
from actors.sla_clock.work import CloseAll, FollowNodes, ShowPlaced, WalkAll, WalkBelow, WalkThese
from protocols.change import AlarmChanged, AlarmRepeated, Change, NodesChanged, WindowChanged
from protocols.command import Command
from protocols.event import ClockJumped, Event, PolicyLoaded, SlaDataRestored, SlaWork
from protocols.maintenance import MaintenanceWindow
from protocols.poll.sight import SightChanged
from protocols.sla.actions import SlaAction
from protocols.sla.changes import SlaWindowChanged
from protocols.sla.local_time import instant_at

_NOT_OF_ALARMS: Final[frozenset[type[Change]]] = frozenset((NodesChanged, WindowChanged, SightChanged))
_SLOW: Final[frozenset[type[Event]]] = frozenset((Command, ClockJumped, PolicyLoaded, SlaWork, SlaDataRestored))


def folds_quickly(state: SlaState, events: Iterable[Event], at: datetime, now: int, changes_before: Sequence[Change]) -> bool:
    """Fold Events of one time that concern no instance, as nearly all do, and return True. With any other among them nothing
    is done."""
    if state.work or state.deadlines.first <= now or not _SLOW.isdisjoint(map(type, events)):
        return False
    if at is not state.at and len(state.instances) and at - state.at > BLIND_AFTER:
        return False
    if not _NOT_OF_ALARMS.isdisjoint(map(type, changes_before)):
        return False
    found = bystanders(state, changes_before)
    if found is None:
        return False
    pass_by(state, now, found)
    return True


def fold_event(run: FoldRun, event: Event, changes_before: Sequence[Change]) -> None:
    """Fold one Event at ``run.now``."""
    state = run.state
    if isinstance(event, ClockJumped):
        fold_clock_jumped(run, event)
    elif len(state.instances) and run.at - state.at > BLIND_AFTER:
        note_gap(run, state.at, run.at)
    if isinstance(event, PolicyLoaded):
        note_default_tenant(run, event)
    for change in changes_before:
        fold_change(run, change)
    if isinstance(event, Command) and isinstance(event.action, SlaAction):
        fold_command(run, event, event.action)
    elif isinstance(event, SlaDataRestored):
        fold_restored(run, event)
    if state.deadlines.first <= run.now:
        _meet_deadlines(run)
    if state.work:
        go_on(run)


def _meet_deadlines(run: FoldRun) -> None:
    state = run.state
    for kind, name, at in state.deadlines.take(run.journal, run.now, run.budget):
        run.budget -= 1
        if kind == "instance" and (instance := state.instances.at_row(name)) is not None:
            book(run, instance, "a deadline was reached")
        elif kind == "period":
            state.put_work(run.journal, CloseAll(name, at))
            state.deadlines.set(run.journal, "period", name, next_period_end(state, name, at))
        elif kind == "clock":
            forget_clock(run, name)
        elif kind == "performance":
            settle_performance(run, name)


def fold_change(run: FoldRun, change: Change) -> None:
    """Take in a Change of the correlator."""
    match change:
        case AlarmRepeated():
            pass
        case AlarmChanged(alarm=alarm, entries=entries):
            take_in(run, alarm, entries)
        case NodesChanged():
            _note_nodes(run, change)
        case WindowChanged(window=window) if window is not None:
            _note_window(run, window)
        case SightChanged():
            note_sight(run, change)
        case _:
            pass


def _note_window(run: FoldRun, window: MaintenanceWindow) -> None:
    """A window is new or has been changed: the services in its scope, now and before, are examined. Its history stays when the
    correlator forgets it."""
    state = run.state
    named = state.maintenance.put(run.journal, window)
    if named:
        run.emit(SlaWindowChanged(run.offset, window.id, state.maintenance.histories[window.id]))
    if not named or not len(state.instances):
        return
    run.evidence.forget()
    why, since = f"maintenance window {window.id} changed", instant_at(min(window.start, window.updated_at))
    for key in named:
        kind, _, name = key.partition(":")
        if kind in ("node", "device"):
            state.put_work(run.journal, WalkBelow((name,), why, since=since))
        elif kind == "tenant":
            state.put_work(run.journal, WalkAll(why, since=since))
        elif found := state.instances.at(key):
            state.put_work(run.journal, WalkThese(tuple(found), why, since=since))


def _note_nodes(run: FoldRun, change: NodesChanged) -> None:
    state = run.state
    moved = [node_id for node_id in change.removes if node_id in state.plant.places]
    followed = [node_id for node_id in moved if state.plant.places[node_id].contract_class]
    placed = list(moved)
    for node_id in moved:
        state.plant.remove(run.journal, node_id)
    for shown in change.puts:
        place, before = PlantPlace.of(shown.node), state.plant.places.get(shown.node.id)
        if place == before:
            continue
        state.plant.put(run.journal, place)
        if before is None or replace(before, name=place.name, sla_class=place.sla_class) != place:
            moved.append(place.id)
        if before is None:
            placed.append(place.id)
        if place.contract_class or (before is not None and before.contract_class):
            followed.append(place.id)
        if place.customer_id and (before is None or before.customer_id != place.customer_id):
            followed += [above for above in place.parents if state.plant.has_contract(above)]
    if followed and (state.follows or len(state.instances)):
        state.put_work(run.journal, FollowNodes(tuple(dict.fromkeys(followed))))
    if moved and len(state.instances):
        run.evidence.forget()
        state.put_work(run.journal, WalkBelow(tuple(moved[::-1]), "the topology changed", adopts=True))
        if placed := [each for each in placed if state.instances.count(each)]:
            state.put_work(run.journal, ShowPlaced(tuple(placed)))

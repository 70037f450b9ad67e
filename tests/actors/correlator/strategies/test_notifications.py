"""Whoever was told of an alarm is told once when it is over, whatever held it back and in whatever order that ended."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from vocabulary.equipment import PLANT
from vocabulary.notifications import unmatched_requests

from actors.correlator.memories import NotificationMemory
from actors.correlator.settings import CorrelatorSettings
from protocols.alarm import Alarm
from protocols.change import Answer, NotificationRequested
from protocols.command import (
    Acknowledge,
    Action,
    CancelWindow,
    Clear,
    CreateRule,
    Edit,
    Edited,
    EditRule,
    PutWindow,
    Raise,
    Resolve,
    Shelve,
    Unacknowledge,
    Unshelve,
)
from protocols.event import TopologyLoaded
from protocols.maintenance import WindowPlan, WindowScope
from protocols.principal import Principal
from protocols.rule import Actions, Conditions, Rule, RuleEdited
from protocols.severity import Severity

ADMIN = Principal("ada", "admin")
ONT, CARD = "olt/1/0/7", "olt/1"
QUIET = 30.0
FLAPPING = Rule(
    name="f", type="flapping", time_window=60.0, conditions=Conditions(match={}, count=4), actions=Actions(quiet_seconds=QUIET)
)


class People:
    """An ONT below a card, an operator, and all that people are told."""

    def __init__(self, make_world: Callable[[CorrelatorSettings], Any], keep_cleared_max: int = 100) -> None:
        self.world = make_world(
            CorrelatorSettings(
                hold_ont_seconds=0,
                reopen_within_seconds=20,
                outlive_seconds=40,
                settling_seconds=60,
                keep_cleared_max=keep_cleared_max,
            )
        )
        self.seconds = 0.0
        self.told: list[tuple[str, str, str]] = []
        """Of which alarm (id and type), what."""
        self.window = ""
        self.world(TopologyLoaded("t", PLANT))
        (self.rule,) = self._command(CreateRule(FLAPPING)).accepted

    def _command(self, action: Action, *alarms: str) -> Answer:
        answer: Answer = self.world.at(self.seconds).command(action, *alarms, by=ADMIN)
        self._listen()
        return answer

    def _listen(self) -> None:
        assert not unmatched_requests(self.world.changes)
        for each in self.world.all(NotificationRequested):
            alarm = self.world.state.alarms.get(each.alarm_id)
            kind = each.kind
            if kind == "steady" and (alarm is None or alarm.cleared_at is not None):
                kind = "steady, over"
            self.told.append((each.alarm_id, alarm.alarm_type if alarm is not None else "", kind))

    def waits(self, seconds: float) -> None:
        until = self.seconds + seconds
        while self.seconds < until:
            self.seconds = min(self.seconds + 5.0, until)
            self.world.at(self.seconds).tick()
            self._listen()

    def open(self, resource: str = ONT) -> Alarm | None:
        found = (alarm for alarm in self.world.alarms if alarm.resource_id == resource and alarm.cleared_at is None)
        return next(found, None)

    # --- what may happen ---

    def fails(self, resource: str = ONT, severity: Severity = "critical") -> None:
        kind = "card.offline" if resource == CARD else "ont.los"
        self._command(
            Raise(
                tenant_id="default",
                alarm_type=kind,
                severity=severity,
                title=kind,
                resource_type="ont",
                resource_id=resource,
            )
        )

    def clears(self, resource: str = ONT) -> None:
        self.acts(Clear(), resource)

    def acts(self, action: Action, resource: str = ONT) -> None:
        alarm = self.open(resource)
        if alarm is not None:
            self._command(action, alarm.id)

    def flaps(self) -> None:
        for _ in range(2):
            self.clears()
            self.seconds += 1.0
            self.fails()
            self.seconds += 1.0

    def shelves(self) -> None:
        self.acts(Shelve(self.world.at(self.seconds).now + timedelta(hours=2), "later"))

    def opens_window(self) -> None:
        if not self.window:
            start = self.world.at(self.seconds).now
            plan = WindowPlan(title="w", scope=WindowScope(subtrees=(CARD,)), start=start, end=start + timedelta(hours=3))
            (self.window,) = self._command(PutWindow(plan)).accepted

    def ends_window(self) -> None:
        if self.window:
            self._command(CancelWindow(self.window))
            self.window = ""

    def switches_rule(self, on: bool) -> None:
        self._command(EditRule(self.rule, RuleEdited(enabled=on)))

    def reloads(self) -> None:
        self.world.restart()

    # --- what must hold ---

    def holds(self) -> None:
        """Told and recovered alternate; what is over is known to be over, what stands and matters to stand."""
        open_for: dict[str, bool] = {}
        for alarm_id, _, kind in self.told:
            if kind == "recovered":
                assert open_for.get(alarm_id), (alarm_id, self.told)
            if kind == "raised":
                assert not open_for.get(alarm_id), (alarm_id, self.told)
            open_for[alarm_id] = kind not in ("recovered", "steady, over")
        for alarm_id, waits in open_for.items():
            alarm = self.world.state.alarms.get(alarm_id)
            assert not waits or (alarm is not None and alarm.cleared_at is None), (alarm_id, self.told)
        for alarm in self.world.alarms:
            held = alarm.suppressed_by or alarm.shelved_until or alarm.acknowledged_at
            if alarm.cleared_at is None and not held and alarm.severity == "critical":
                assert open_for.get(alarm.id), (alarm, self.told)
        assert set(self.world.state.memory(NotificationMemory).notified) == {each for each, waits in open_for.items() if waits}

    def of(self, alarm_type: str) -> list[str]:
        return [kind for _, kind_of, kind in self.told if kind_of == alarm_type]


@pytest.fixture
def people(make_world: Any) -> People:
    return People(make_world)


HOLDERS = ("nothing", "cause", "window", "shelf")
ENDS = ("clears", "holder ends", "flapping ends")
ORDERS = [
    (told, holder, flaps, order)
    for told, holder, flaps in product((True, False), HOLDERS, (True, False))
    for order in permutations(ENDS)
    if flaps or order.index("flapping ends") == 2
    if holder != "nothing" or order.index("holder ends") == 2 - (not flaps)
]


@pytest.mark.parametrize(("told", "holder", "flaps", "order"), ORDERS)
def test_the_table(people: People, told: bool, holder: str, flaps: bool, order: tuple[str, ...]) -> None:
    people.fails()
    if flaps:  # with the next change it will
        people.clears()
        people.fails()
    if told:
        people.waits(20)
        assert people.of("ont.los") == ["raised"]
    if holder == "cause":
        people.fails(CARD)
        assert people.open().parent_alarm_id is not None  # type: ignore[union-attr]
    elif holder == "window":
        people.opens_window()
    elif holder == "shelf":
        people.shelves()
    for end in order:
        if end == "clears":
            people.clears()
        elif end == "holder ends":
            if holder == "cause":
                people.clears(CARD)
            elif holder == "window":
                people.ends_window()
            elif holder == "shelf":
                people.acts(Unshelve())
        else:
            people.waits(QUIET + 10)
    people.waits(200)
    people.holds()
    said = people.of("ont.los")
    over = [kind for kind in said if kind in ("recovered", "steady, over")]
    assert len(over) == bool(said)
    assert not told or said[0] == "raised"


def test_one_that_goes_on_as_another_alarm_is_over(people: People) -> None:
    people.fails()
    people.flaps()
    people.acts(Resolve())
    people.fails()
    people.waits(1)
    people.clears()
    people.waits(100)
    people.holds()
    assert people.of("ont.los") == ["flapping", "recovered", "steady, over"]


def test_one_that_is_history_before_it_is_known_to_be_steady_is_over(make_world: Any) -> None:
    people = People(make_world, keep_cleared_max=0)
    people.fails()
    people.waits(20)
    people.flaps()
    people.clears()
    people.waits(100)
    assert people.open() is None
    people.holds()
    assert [kind for _, _, kind in people.told][-1] in ("recovered", "steady, over")


STEPS: dict[str, Callable[[People], None]] = {
    "fails": People.fails,
    "fails badly": lambda one: one.fails(severity="critical"),
    "fails a little": lambda one: one.fails(severity="minor"),
    "clears": People.clears,
    "flaps": People.flaps,
    "card fails": lambda one: one.fails(CARD),
    "card clears": lambda one: one.clears(CARD),
    "shelves": People.shelves,
    "unshelves": lambda one: one.acts(Unshelve()),
    "window": People.opens_window,
    "window ends": People.ends_window,
    "acknowledges": lambda one: one.acts(Acknowledge()),
    "gives back": lambda one: one.acts(Unacknowledge()),
    "resolves": lambda one: one.acts(Resolve()),
    "is important": lambda one: one.acts(Edit(fields=Edited(severity="critical"))),
    "is not": lambda one: one.acts(Edit(fields=Edited(severity="warning"))),
    "rule off": lambda one: one.switches_rule(False),
    "rule on": lambda one: one.switches_rule(True),
    "reload": People.reloads,
    "waits 1": lambda one: one.waits(1),
    "waits 8": lambda one: one.waits(8),
    "waits 25": lambda one: one.waits(25),
    "waits 50": lambda one: one.waits(50),
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(st.sampled_from(sorted(STEPS)), max_size=40))
@example(story=["card fails", "card clears", "fails"])
def test_told_and_recovered_alternate_whatever_happens(make_world: Any, story: list[str]) -> None:
    people = People(make_world)
    for step in story:
        STEPS[step](people)
    people.waits(120)
    people.holds()
    people.ends_window()
    people.acts(Unshelve())
    for resource in (ONT, CARD):
        people.clears(resource)
    people.waits(200)
    people.holds()
    assert not people.world.state.memory(NotificationMemory).notified

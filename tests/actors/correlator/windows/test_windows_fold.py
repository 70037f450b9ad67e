"""Maintenance windows as timelines: alarms in, who is told of what and when out."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.correlator.fold import fold
from actors.correlator.memories import NoticeMemory
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from actors.correlator.windows import strategy
from actors.correlator.windows.memory import WindowMemory
from actors.correlator.windows.views import WindowCatalogue
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, Answer, Change, NotificationRequested
from protocols.command import (
    CancelWindow,
    Clear,
    Command,
    CreateRule,
    Edit,
    Edited,
    EndWindow,
    PatchWindow,
    PutWindow,
    Raise,
    Resolve,
    Shelve,
    Unshelve,
)
from protocols.event import Event, PolicyLoaded, SystemReport, Tick, TopologyLoaded
from protocols.maintenance import PlanChanges, WindowPlan, WindowScope
from protocols.principal import Principal
from protocols.rule import Actions, Conditions, Rule
from protocols.topology import Node

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
ADMIN = Principal("ada", "admin")
NORTH = Principal("nora", "operator", "north")
HOUR = 3600.0


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Plot:
    """A fold whose notices and timeline are gathered. The clock ticks each second around every time that is asked for."""

    def __init__(self, **policy: Any) -> None:
        self.state = State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")
        self.offset = 0
        self.now = 0.0
        self.told: list[tuple[float, str, str]] = []
        self.lines: list[tuple[float, str, str, str]] = []
        self.answer = Answer(offset=0)
        self.quiet = True
        """faultd has nothing to say of itself, such as that correlation failed."""
        self(PolicyLoaded("p", msgspec.msgpack.encode(CorrelatorSettings(**policy))))

    def __call__(self, event: Event) -> list[Change]:
        self.offset += 1
        changes = fold(self.state, self.offset, at(self.now), event)
        for change in changes:
            if isinstance(change, NotificationRequested):
                self.told.append((self.now, self.state.alarms[change.alarm_id].resource_id, change.kind))
            elif isinstance(change, AlarmChanged):
                resource = change.alarm.resource_id
                self.lines += [(self.now, resource, entry.action, entry.text) for entry in change.entries]
            elif isinstance(change, Answer):
                self.answer = change
        told = [change.alarm_id for change in changes if isinstance(change, NotificationRequested)]
        assert len(told) == len(set(told)), "told more than once by one Event"
        assert not self.quiet or not any(line[1] == "faultd" for line in self.lines), self.lines
        self.told.sort()
        return changes

    def to(self, seconds: float) -> "Plot":
        """Go there, with ticks where something may be due."""
        while (waiting := self.state.timers.entries()) and waiting[0][0] <= at(seconds):
            self.now = max(self.now, (waiting[0][0] - START).total_seconds())
            self(Tick())
        self.now = seconds
        self(Tick())
        return self

    def topology(self, *nodes: Node) -> None:
        self(TopologyLoaded(f"{self.offset}", nodes))

    def window(self, scope: WindowScope, begin: float, end: float, by: Principal = ADMIN, **more: Any) -> str:
        self(Command(by, PutWindow(WindowPlan(title="splicing", scope=scope, start=at(begin), end=at(end), **more))))
        assert not self.answer.refusals, self.answer
        return self.answer.accepted[0]

    def command(self, action: Any, *ids: str, by: Principal = ADMIN) -> Answer:
        self(Command(by, action, ids))
        return self.answer

    def rise(self, resource: str = "olt-1", severity: str = "critical", tenant: str = "north", **more: Any) -> Alarm:
        fields: dict[str, Any] = {"alarm_type": "x.down", "title": "down", "resource_type": "olt"} | more
        self(Command(ADMIN, Raise(tenant_id=tenant, severity=severity, resource_id=resource, **fields)))  # type: ignore[arg-type]
        return self.state.alarms[self.answer.accepted[0]]

    def clear(self, alarm: Alarm) -> None:
        self.command(Clear(), alarm.id)

    def alarm(self, alarm: Alarm) -> Alarm:
        return self.state.alarms[alarm.id]

    def by(self, alarm: Alarm) -> list[str]:
        return [each.by for each in self.alarm(alarm).suppressed_by]

    def actions(self, resource: str = "olt-1") -> list[str]:
        return [action for _, name, action, _ in self.lines if name == resource]

    @property
    def memory(self) -> WindowMemory:
        return self.state.memory(WindowMemory)

    @property
    def refusal(self) -> tuple[str, str]:
        (refusal,) = self.answer.refusals
        return refusal.reason, refusal.text


OLT = WindowScope(devices=("olt-1",))


@pytest.fixture
def plot() -> Plot:
    return Plot()


# --- the life of a window --------------------------------------------------------------------------------------------


def test_what_begins_inside_and_still_stands_at_the_end_is_told_then(plot: Plot) -> None:
    window = plot.window(OLT, 60, HOUR)
    plot.to(100)
    alarm = plot.rise()
    assert (alarm.status, plot.by(alarm)) == ("suppressed", [window])
    plot.to(HOUR - 1)
    assert plot.told == []
    plot.to(HOUR + 60)
    assert plot.told == [(HOUR + 5, "olt-1", "raised")]
    assert (plot.alarm(alarm).status, plot.by(alarm)) == ("active", [])
    assert plot.actions() == ["raised", "suppressed", "released", "notification_requested"]
    texts = [text for _, _, action, text in plot.lines if action in ("suppressed", "released")]
    assert texts == [
        f"maintenance window {window} (splicing) until 2026-03-01 04:00:00 UTC covers device olt-1",
        f"maintenance window {window} (splicing) ended",
    ]
    assert plot.lines[-1][3] == (
        "waited 5 s: no cause, window or rule holds it back; until then "
        f"window {window} (maintenance window {window} (splicing) until 2026-03-01 04:00:00 UTC covers device olt-1)"
    )
    assert plot.state.memory(NoticeMemory).released_from == {}


def test_what_begins_and_ends_inside_is_never_told(plot: Plot) -> None:
    plot.window(OLT, 0, HOUR)
    alarm = plot.to(10).rise()
    plot.to(20).clear(alarm)
    plot.to(2 * HOUR)
    assert plot.told == []
    assert plot.memory.held == {}


def test_what_comes_back_inside_is_held_back_again_and_after_the_end_it_is_not(plot: Plot) -> None:
    window = plot.window(OLT, 0, HOUR)
    alarm = plot.to(10).rise()
    plot.to(20).clear(alarm)
    plot.to(30).rise()
    assert (plot.by(alarm), list(plot.memory.held)) == ([window], [window])
    plot.to(HOUR - 10).clear(alarm)
    plot.to(HOUR + 10).rise()
    assert plot.by(alarm) == []
    plot.to(HOUR + 60)
    assert plot.told == [(HOUR + 15, "olt-1", "raised")]


def test_a_fault_told_before_the_window_keeps_its_recovery_and_is_not_told_again(plot: Plot) -> None:
    alarm = plot.rise()
    other = plot.rise("olt-2")
    plot.to(10)
    plot.window(WindowScope(devices=("olt-1", "olt-2")), 20, HOUR)
    plot.to(30)
    assert plot.by(alarm) == []
    plot.to(100).clear(alarm)
    plot.to(2 * HOUR)
    assert plot.told == [(5, "olt-1", "raised"), (5, "olt-2", "raised"), (100, "olt-1", "recovered")]
    assert plot.alarm(other).status == "active"


def test_a_fault_told_before_that_gets_worse_inside_is_told_at_the_end_only_if_it_is_still_worse(plot: Plot) -> None:
    worse, back = plot.rise("olt-1", "minor"), plot.rise("olt-2", "minor")
    plot.to(60)
    window = plot.window(WindowScope(devices=("olt-1", "olt-2")), 60, HOUR)
    plot.to(100)
    for alarm in (worse, back):
        plot.command(Edit(Edited(severity="critical")), alarm.id)
        assert plot.by(alarm) == [window]
    plot.to(200).command(Edit(Edited(severity="minor")), back.id)
    plot.to(2 * HOUR)
    assert plot.told == [(30, "olt-1", "raised"), (30, "olt-2", "raised"), (HOUR, "olt-1", "worsened")]


def test_what_is_resolved_inside_is_recovered_once(plot: Plot) -> None:
    alarm = plot.rise()
    plot.to(10)
    plot.window(OLT, 10, HOUR)
    plot.to(100).command(Resolve(), alarm.id)
    plot.to(2 * HOUR)
    assert plot.told == [(5, "olt-1", "raised"), (100, "olt-1", "recovered")]


def test_what_is_not_told_yet_when_the_window_opens_is_held_back(plot: Plot) -> None:
    window = plot.window(OLT, 10, HOUR)
    alarm = plot.to(8).rise()
    assert plot.by(alarm) == []
    plot.to(20)
    assert (plot.told, plot.by(alarm)) == ([], [window])
    plot.to(2 * HOUR)
    assert plot.told == [(HOUR + 5, "olt-1", "raised")]


def test_what_comes_off_the_shelf_inside_is_held_back(plot: Plot) -> None:
    alarm = plot.rise()
    plot.command(Shelve(at(HOUR), "known"), alarm.id)
    window = plot.window(OLT, 60, HOUR)
    plot.to(100).command(Unshelve(), alarm.id)
    assert plot.by(alarm) == [window]
    plot.to(2 * HOUR)
    assert plot.told == [(HOUR + 5, "olt-1", "raised")]


def test_what_turns_out_to_flap_inside_is_not_told_as_flapping(plot: Plot) -> None:
    rule = Rule(
        name="flaps",
        type="flapping",
        conditions=Conditions(match={"alarm_type": "x.down"}, count=5),
        actions=Actions(quiet_seconds=300),
        time_window=600,
    )
    plot.command(CreateRule(rule))
    assert not plot.answer.refusals, plot.answer
    alarm = plot.rise()
    plot.to(10).clear(alarm)
    plot.to(20).rise()
    plot.to(30).clear(alarm)
    plot.window(OLT, 35, HOUR)
    plot.to(40).rise()
    assert [each.kind for each in plot.alarm(alarm).suppressed_by] == ["window", "flapping"]
    plot.to(HOUR + 600)
    assert [(when, kind) for when, _, kind in plot.told] == [
        (5, "raised"),
        (10, "recovered"),
        (25, "raised"),
        (30, "recovered"),
        (HOUR + 5, "raised"),
    ]


def test_outside_of_its_scope_people_are_told_as_ever(plot: Plot) -> None:
    plot.window(OLT, 0, HOUR)
    plot.to(10).rise("olt-2")
    plot.to(20)
    assert plot.told == [(15, "olt-2", "raised")]


def test_overlapping_windows_hold_each_by_its_own_id(plot: Plot) -> None:
    first, second = plot.window(OLT, 0, 1000), plot.window(OLT, 500, 2000)
    early = plot.to(100).rise()
    late = plot.to(600).rise("olt-1/0/1")
    assert (plot.by(early), plot.by(late)) == ([first], [first, second])
    plot.to(1100)
    assert (plot.by(early), plot.by(late)) == ([second], [second])
    plot.to(3000)
    assert plot.told == [(2005, "olt-1", "raised"), (2005, "olt-1/0/1", "raised")]


def test_one_window_right_after_another_leaves_no_gap(plot: Plot) -> None:
    plot.window(OLT, 0, 1000)
    plot.window(OLT, 1000, 2000)
    plot.to(100).rise()
    plot.to(1990)
    assert plot.told == []
    plot.to(3000)
    assert plot.told == [(2005, "olt-1", "raised")]


# --- changed on the way ----------------------------------------------------------------------------------------------


def test_ended_early_by_a_patch_or_by_the_command(plot: Plot) -> None:
    patched, ended = plot.window(OLT, 0, HOUR), plot.window(WindowScope(devices=("olt-2",)), 0, HOUR)
    for resource in ("olt-1", "olt-2"):
        plot.to(100).rise(resource)
    plot.to(200).command(PatchWindow(patched, PlanChanges(end=at(200))))
    plot.to(300).command(EndWindow(ended))
    plot.to(400)
    assert plot.told == [(205, "olt-1", "raised"), (305, "olt-2", "raised")]
    assert plot.command(EndWindow(ended)).refusals[0].reason == "wrong_state"
    assert plot.command(PatchWindow(patched, PlanChanges(end=at(HOUR)))).refusals[0].reason == "wrong_state"
    assert plot.lines[-3][3].endswith("was ended early by ada") or any("was ended early by ada" in one[3] for one in plot.lines)


def test_cancelled_before_and_while_it_is_open(plot: Plot) -> None:
    ahead, open_ = plot.window(OLT, 500, HOUR), plot.window(WindowScope(devices=("olt-2",)), 0, HOUR)
    plot.to(100).rise("olt-2")
    plot.command(CancelWindow(ahead))
    plot.command(CancelWindow(open_))
    assert not plot.answer.refusals
    plot.to(600).rise("olt-1")
    plot.to(700)
    assert plot.told == [(105, "olt-2", "raised"), (605, "olt-1", "raised")]
    catalogue = WindowCatalogue(plot.state)
    assert [catalogue.phase(one) for one in catalogue.all()] == ["cancelled", "cancelled"]
    assert plot.command(CancelWindow(ahead)).duplicate
    assert plot.command(EndWindow(ahead)).refusals[0].text == f"maintenance window {ahead} is cancelled"


def test_extended_it_goes_on_holding(plot: Plot) -> None:
    window = plot.window(OLT, 0, 1000)
    plot.to(100).rise()
    plot.to(900).command(PatchWindow(window, PlanChanges(end=at(2000))))
    plot.to(1900)
    assert plot.told == []
    plot.to(2100)
    assert plot.told == [(2005, "olt-1", "raised")]


def test_shortened_and_moved(plot: Plot) -> None:
    window = plot.window(OLT, 0, HOUR)
    plot.to(100).rise()
    plot.command(PatchWindow(window, PlanChanges(duration_seconds=500.0)))
    plot.to(450)
    assert plot.told == []
    plot.command(PatchWindow(window, PlanChanges(start=at(1000))))
    plot.to(900)
    assert plot.told == [(455, "olt-1", "raised")]
    alarm = plot.to(1100).rise("olt-1/0/1")
    assert plot.by(alarm) == [window]
    plot.to(1600)
    assert plot.told[1:] == [(1505, "olt-1/0/1", "raised")]


def test_when_its_scope_changes_it_lets_go_of_what_it_does_not_cover_any_more(plot: Plot) -> None:
    window = plot.window(WindowScope(devices=("olt-1", "olt-2")), 0, HOUR)
    one, two = plot.to(100).rise("olt-1"), plot.rise("olt-2")
    plot.to(200).command(PatchWindow(window, PlanChanges(scope=WindowScope(devices=("olt-2", "olt-3")))))
    assert (plot.by(one), plot.by(two)) == ([], [window])
    assert plot.by(plot.rise("olt-3")) == [window]
    plot.to(300)
    assert plot.told == [(205, "olt-1", "raised")]


def test_a_window_made_while_the_work_goes_on_opens_at_once(plot: Plot) -> None:
    plot.to(1000)
    window = plot.window(OLT, 0, HOUR)
    assert plot.by(plot.rise()) == [window]


# --- again and again -------------------------------------------------------------------------------------------------


def test_a_recurring_window_opens_and_closes_each_time(plot: Plot) -> None:
    plot.window(OLT, 0, HOUR, recurrence="FREQ=DAILY;COUNT=2")
    day = 86_400.0
    for begin in (0.0, day, 2 * day):
        alarm = plot.to(begin + 10).rise()
        plot.to(begin + 20)
        assert len(plot.by(alarm)) == (begin < 2 * day)
        plot.to(begin + 2 * HOUR)
        plot.to(begin + 2 * HOUR).clear(alarm)
    assert [(when, kind) for when, _, kind in plot.told] == [
        (HOUR + 5, "raised"),
        (2 * HOUR, "recovered"),
        (day + HOUR + 5, "raised"),
        (day + 2 * HOUR, "recovered"),
        (2 * day + 15, "raised"),
        (2 * day + 2 * HOUR, "recovered"),
    ]


def test_ended_early_a_recurring_window_opens_again_as_planned(plot: Plot) -> None:
    window = plot.window(OLT, 0, HOUR, recurrence="FREQ=DAILY")
    alarm = plot.to(10).rise()
    plot.to(100).command(EndWindow(window))
    plot.to(200)
    assert plot.told == [(105, "olt-1", "raised")]
    plot.clear(alarm)
    again = plot.to(86_400 + 10).rise()
    assert plot.by(again) == [window]


def test_what_was_ended_early_stays_so_when_something_else_is_changed(plot: Plot) -> None:
    window = plot.window(OLT, 0, HOUR, recurrence="FREQ=DAILY")
    plot.to(100).command(EndWindow(window))
    plot.command(PatchWindow(window, PlanChanges(title="other")))
    assert plot.memory.active == {}
    assert plot.by(plot.rise()) == []


def test_across_the_change_of_the_clock(plot: Plot) -> None:
    """02:30 in Berlin on 29 March is skipped: that night's window opens at 03:30 of summer time, 01:30 UTC."""
    plan = WindowPlan(
        title="nightly",
        scope=OLT,
        start=datetime(2026, 3, 20, 2, 30),  # noqa: DTZ001
        duration_seconds=HOUR,
        time_zone="Europe/Berlin",
        recurrence="FREQ=DAILY",
    )
    (window,) = plot.command(PutWindow(plan)).accepted
    night = (datetime(2026, 3, 29, 1, 30, tzinfo=UTC) - START).total_seconds()
    before = plot.to(night - 60).rise("olt-1/1")
    inside = plot.to(night + 60).rise("olt-1/2")
    assert (plot.by(before), plot.by(inside)) == ([], [window])


# --- a jump of time, a restart, very many ----------------------------------------------------------------------------


def test_an_end_is_not_lost_when_time_jumps(plot: Plot) -> None:
    plot.window(OLT, 10, HOUR)
    plot.now = 5
    plot.rise()
    plot.now = 3 * HOUR  # neither its beginning nor its end was seen
    plot(Tick())
    assert plot.memory.active == {}
    plot.to(4 * HOUR)
    assert [(resource, kind) for _, resource, kind in plot.told] == [("olt-1", "raised")]


def test_an_end_between_two_occurrences_that_nobody_saw_is_made_up_for(plot: Plot) -> None:
    window = plot.window(OLT, 0, HOUR, recurrence="FREQ=DAILY")
    alarm = plot.to(100).rise()
    plot.now = 86_400 + 100
    plot(Tick())
    assert plot.by(alarm) == []
    fresh = plot.rise("olt-1/0/1")
    assert plot.by(fresh) == [window]
    plot.to(86_400 + 200)
    assert plot.told == [(86_400 + 105, "olt-1", "raised")]
    plot.clear(alarm)
    assert plot.memory.owed == {}


def test_very_many_are_let_go_over_several_events(plot: Plot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy, "AT_MOST", 10)
    window = plot.window(OLT, 0, HOUR)
    plot.to(10)
    for number in range(25):
        plot.rise(f"olt-1/{number}")
    plot.now = HOUR
    plot(Tick())
    assert len(plot.memory.held[window]) == 15
    plot.to(HOUR + 60)
    assert plot.memory.held == {}
    assert plot.memory.reviews == {}
    assert sorted(resource for _, resource, _ in plot.told) == sorted(f"olt-1/{number}" for number in range(25))
    released = [resource for _, resource, action, _ in plot.lines if action == "released"]
    assert released == [f"olt-1/{number}" for number in range(25)]


# --- scope -----------------------------------------------------------------------------------------------------------


def node(id: str, type: str, *parents: str, **more: Any) -> Node:
    return Node(id=id, type=type, parents=parents, **more)


PLANT = (
    node("site", "site"),
    node("olt-1", "olt", "site", address="10.0.0.1"),
    node("olt-2", "olt", "site", address="10.0.0.2"),
    node("olt-1/0/1", "pon", "olt-1"),
    node("s1", "splitter", "olt-1/0/1"),
    node("s2", "splitter", "s1"),
    node("ont-1", "ont", "s2", customer_id="c1", service_id="v1"),
    node("ont-2", "ont", "s2", customer_id="c2", service_id="v2"),
    node("ring", "other", "olt-1", "olt-2"),
    node("below-ring", "other", "ring"),
)

COVERED: list[tuple[WindowScope, set[str]]] = [
    (WindowScope(subtrees=("s1",)), {"s1", "s2", "ont-1", "ont-2"}),
    (WindowScope(subtrees=("ont-1",)), {"ont-1"}),
    (WindowScope(subtrees=("olt-1",)), {"olt-1", "olt-1/0/1", "s1", "s2", "ont-1", "ont-2", "ring", "olt-1/0/9"}),
    (
        WindowScope(subtrees=("olt-1", "olt-2")),
        {"olt-1", "olt-2", "olt-1/0/1", "s1", "s2", "ont-1", "ont-2", "ring", "below-ring", "olt-1/0/9"},
    ),
    (WindowScope(devices=("olt-1",)), {"olt-1", "olt-1/0/1", "olt-1/0/9"}),
    (WindowScope(devices=("olt-1/0/1",)), {"olt-1/0/1"}),
    (WindowScope(customers=("c1",)), {"ont-1"}),
    (WindowScope(customers=("c1", "c9")), {"ont-1"}),
    (WindowScope(customers=("c1", "c2")), {"ont-1", "ont-2", "s2", "s1", "olt-1/0/1", "olt-1", "site"}),
    (WindowScope(services=("v2",)), {"ont-2"}),
    (WindowScope(subtrees=("s1",), resource_types=("ont",)), set()),
    (WindowScope(subtrees=("s1",), alarm_types=("x.down",)), {"s1", "s2", "ont-1", "ont-2"}),
    (WindowScope(subtrees=("s1",), tenants=("south",)), set()),
    (WindowScope(alarm_types=("y",)), set()),
]


@pytest.mark.parametrize(("scope", "covered"), COVERED)
def test_what_a_scope_covers(plot: Plot, scope: WindowScope, covered: set[str]) -> None:
    plot.topology(*PLANT)
    window = plot.window(scope, 0, HOUR)
    alarms = [plot.rise(resource) for resource in [one.id for one in PLANT] + ["olt-1/0/9", "elsewhere"]]
    assert {alarm.resource_id for alarm in alarms if plot.by(alarm) == [window]} == covered


AREAS = (
    node("olt-1", "olt", address="10.0.0.1"),
    node("olt-2", "olt", address="10.0.0.2"),
    node("olt-1/0", "pon", "olt-1"),
    node("olt-1/1", "pon", "olt-1"),
    node("olt-2/0", "pon", "olt-2"),
    node("olt-1/0/1", "ont", "olt-1/0", area="mill"),
    node("olt-1/1/1", "ont", "olt-1/1", area="mill"),
    node("olt-1/1/2", "ont", "olt-1/1", area="quay"),
    node("olt-2/0/1", "ont", "olt-2/0", area="quay"),
)


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (WindowScope(subtrees=("olt-1",)), {"area:mill"}),
        (WindowScope(subtrees=("olt-1/0",)), set()),
        (WindowScope(subtrees=("olt-1", "olt-2")), {"area:mill", "area:quay"}),
        (WindowScope(devices=("olt-1",)), {"area:mill"}),
        (WindowScope(devices=("olt-1", "olt-2")), {"area:mill", "area:quay"}),
    ],
)
def test_a_power_area_is_covered_when_all_that_its_onts_hang_from_is(plot: Plot, scope: WindowScope, covered: set[str]) -> None:
    plot.topology(*AREAS)
    window = plot.window(scope, 0, HOUR)
    alarms = [plot.rise(resource) for resource in ("area:mill", "area:quay", "area:nowhere")]
    assert {alarm.resource_id for alarm in alarms if plot.by(alarm) == [window]} == covered


@pytest.mark.parametrize(
    "scope",
    [
        WindowScope(tenants=("north",)),
        WindowScope(alarm_types=("x.down",)),
        WindowScope(resource_types=("olt",), tenants=("north",)),
    ],
)
def test_scopes_without_a_place(plot: Plot, scope: WindowScope) -> None:
    window = plot.window(scope, 0, HOUR)
    assert plot.by(plot.rise("anything")) == [window]
    assert plot.by(plot.rise("other", tenant="south", alarm_type="y", resource_type="z")) == []


def test_a_window_of_a_tenant_covers_no_other_tenants_alarms(plot: Plot) -> None:
    window = plot.window(OLT, 0, HOUR, by=NORTH, tenant_id="north")
    assert plot.by(plot.rise(tenant="north")) == [window]
    assert plot.by(plot.rise(tenant="south")) == []


def test_what_faultd_says_of_itself_is_in_no_scope(plot: Plot) -> None:
    plot.window(WindowScope(tenants=("default",)), 0, HOUR)
    plot.quiet = False
    plot(SystemReport(alarm_type="disk.full", active=True, severity="critical", title="disk full"))
    plot.to(60)
    assert plot.told == [(5, "faultd", "raised")]


def test_a_topology_that_puts_a_place_elsewhere_is_followed(plot: Plot) -> None:
    plot.topology(*PLANT)
    window = plot.window(WindowScope(subtrees=("s2",)), 0, HOUR)
    one, two = plot.rise("ont-1"), plot.rise("ont-2")
    moved = [one_ if one_.id != "ont-1" else node("ont-1", "ont", "olt-2", customer_id="c1") for one_ in PLANT]
    plot.to(10).topology(*moved)
    plot.to(20)
    assert (plot.by(one), plot.by(two)) == ([], [window])
    assert any(text.endswith("no longer covers it in the new topology") for _, _, _, text in plot.lines)


def test_finding_the_windows_of_an_alarm_does_not_depend_on_how_many_there_are(plot: Plot) -> None:
    """By what is looked up, not by a clock: each window filed elsewhere is never looked at."""
    plot.topology(*PLANT)
    for number in range(300):
        plot.window(WindowScope(subtrees=(f"far-{number}",)), 0, HOUR)
    window = plot.window(WindowScope(subtrees=("site",)), 0, HOUR)
    looked: list[str] = []
    windows = plot.memory.windows

    class Watched(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            looked.append(key)
            return windows[key]

    plot.memory.windows = Watched(windows)
    alarm = plot.rise("ont-1")
    plot.memory.windows = windows
    assert plot.by(alarm) == [window]
    assert looked == [window]


# --- commands --------------------------------------------------------------------------------------------------------


def put(**fields: Any) -> PutWindow:
    given: dict[str, Any] = {
        "title": "t",
        "scope": OLT,
        "start": at(0),
        "duration_seconds": HOUR,
        "tenant_id": "north",
    } | fields
    return PutWindow(WindowPlan(**given))


def test_who_may_plan_what(plot: Plot) -> None:
    assert plot.command(put(), by=NORTH).accepted
    (everywhere,) = plot.command(put(tenant_id=None), by=ADMIN).accepted
    for by in (NORTH, Principal("olga", "operator"), Principal("anna", "admin", "north")):
        plot.command(put(tenant_id=None), by=by)
        assert plot.refusal[0] == "not_your_tenant"
    plot.command(put(tenant_id="south"), by=NORTH)
    assert plot.refusal[0] == "not_your_tenant"
    plot.command(CancelWindow(everywhere), by=NORTH)
    assert plot.refusal == ("unknown_window", f"no maintenance window {everywhere!r}")
    plot.command(CancelWindow(everywhere), by=Principal("olga", "operator"))
    assert plot.refusal[0] == "not_your_tenant"
    plot.command(CancelWindow("MW999"))
    assert plot.refusal == ("unknown_window", "no maintenance window 'MW999'")


def test_what_is_over_already_or_wrong_is_refused(plot: Plot) -> None:
    plot.to(2 * HOUR).command(put())
    assert plot.refusal == ("invalid", "end: 2026-03-01T04:00:00+00:00 has passed")
    plot.command(put(recurrence="FREQ=DAILY;COUNT=1"))
    assert plot.refusal[1].startswith("recurrence: ")
    plot.command(put(scope=WindowScope()))
    assert plot.refusal[1].startswith("scope: is empty")
    (window,) = plot.command(put(start=at(3 * HOUR))).accepted
    plot.command(PatchWindow(window, PlanChanges(recurrence="FREQ=NEVER")))
    assert plot.refusal[1].startswith("recurrence: FREQ is NEVER")
    plot.command(EndWindow(window))
    assert plot.refusal == ("wrong_state", f"maintenance window {window} is not under way")


def test_the_same_key_makes_one_window(plot: Plot) -> None:
    first = plot.command(put(key="ada/1"))
    again = plot.command(put(key="ada/1", title="other"))
    assert (again.accepted, again.duplicate) == (first.accepted, True)
    assert len(plot.memory.windows) == 1


def test_a_window_that_still_has_to_let_go_of_alarms_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy, "AT_MOST", 1)
    plot = Plot(max_windows=1, keep_windows_days=1e-9)
    window = plot.window(OLT, 0, HOUR)
    for number in range(6):
        plot.rise(f"olt-1/{number}")
    plot.now = 10
    plot.command(CancelWindow(window))
    plot.command(put())
    assert plot.refusal[0] == "limit"
    plot.to(11)
    assert plot.memory.held == {}
    assert plot.command(put()).accepted
    assert window not in plot.memory.windows


def test_windows_are_bounded_and_those_that_are_over_make_room() -> None:
    plot = Plot(max_windows=2, keep_windows_days=1.0)
    one, two = plot.window(OLT, 0, 100), plot.window(OLT, 0, HOUR)
    plot.command(put())
    assert plot.refusal == ("limit", "there are 2 maintenance windows ([correlator] max_windows): cancel some")
    plot.to(200)
    three = plot.window(OLT, 0, HOUR)
    assert list(plot.memory.windows) == [two, three]
    assert one not in plot.memory.over
    plot.to(HOUR + 86_399)
    assert list(plot.memory.windows) == [two, three]
    plot.to(HOUR + 86_400)
    assert plot.memory == WindowMemory()
    assert not len(plot.state.timers)


# --- always ----------------------------------------------------------------------------------------------------------

_steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 2000)),
        st.tuples(st.just("rise"), st.integers(0, 3)),
        st.tuples(st.just("clear"), st.integers(0, 3)),
        st.tuples(st.just("window"), st.integers(0, 3), st.integers(-100, 500), st.integers(1, 1500), st.booleans()),
        st.tuples(st.just("end"), st.integers(0, 3)),
        st.tuples(st.just("cancel"), st.integers(0, 3)),
        st.tuples(st.just("move"), st.integers(0, 3), st.integers(-100, 1000)),
    ),
    max_size=25,
)


def play(steps: Sequence[tuple[Any, ...]], each: Callable[[Plot], None] = lambda plot: None) -> Plot:
    plot = Plot(max_windows=50)
    made: list[str] = []
    for kind, *values in steps:
        match kind, values:
            case "wait", [seconds]:
                plot.to(plot.now + seconds)
            case "rise", [number]:
                plot.rise(f"olt-{number}")
            case "clear", [number]:
                for alarm in list(plot.state.alarms.values()):
                    if alarm.resource_id == f"olt-{number}" and alarm.cleared_at is None:
                        plot.clear(alarm)
            case "window", [number, begin, seconds, daily]:
                again = "FREQ=DAILY;BYHOUR=3,4,5,6" if daily else ""
                scope = WindowScope(devices=(f"olt-{number}",))
                plan = WindowPlan(title="", scope=scope, start=at(plot.now + begin), duration_seconds=seconds, recurrence=again)
                made += plot.command(PutWindow(plan)).accepted
            case "end", [number] if number < len(made):
                plot.command(EndWindow(made[number]))
            case "cancel", [number] if number < len(made):
                plot.command(CancelWindow(made[number]))
            case "move", [number, by] if number < len(made):
                plot.command(PatchWindow(made[number], PlanChanges(start=at(plot.now + by))))
        each(plot)
    return plot


def agrees(plot: Plot) -> None:
    """What is held is what is filed as held, by windows that are open and cover it; nobody was told of it meanwhile."""
    memory = plot.memory
    filed = {(window, alarm) for window, alarms in memory.held.items() for alarm in alarms}
    said = {
        (each.by, alarm.id)
        for alarm in plot.state.alarms.values()
        if alarm.cleared_at is None
        for each in alarm.suppressed_by
        if each.kind == "window"
    }
    assert filed == said
    for window_id, alarm_id in filed:
        assert window_id in memory.active
        assert plot.state.alarms[alarm_id].resource_id in memory.windows[window_id].scope.devices
    assert sorted(memory.active) == sorted({one for ids in memory.places.values() for one in ids})
    for window_id in memory.windows:
        assert plot.state.timers.at(strategy.NAME, window_id) is not None


@given(_steps)
@settings(max_examples=120, deadline=None)
def test_whatever_happens_holding_and_windows_agree_and_a_restart_changes_nothing(steps: list[tuple[Any, ...]]) -> None:
    def reloaded(plot: Plot) -> None:
        agrees(plot)
        plot.state = State.load(plot.state.save())

    straight, restarted = play(steps, agrees), play(steps, reloaded)
    assert straight.state.save() == restarted.state.save()
    assert straight.told == restarted.told


@given(_steps)
@settings(max_examples=60, deadline=None)
def test_once_all_windows_are_over_whoever_is_to_be_told_has_been(steps: list[tuple[Any, ...]]) -> None:
    plot = play(steps)
    for window_id in list(plot.memory.windows):
        plot.command(CancelWindow(window_id))
    plot.to(plot.now + 100)
    last: dict[str, str] = {}
    for _, resource, kind in plot.told:
        last[resource] = kind
    for alarm in plot.state.alarms.values():
        if alarm.cleared_at is None:
            assert alarm.suppressed_by == ()
            assert last.get(alarm.resource_id) == "raised"

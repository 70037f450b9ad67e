"""Maintenance windows as timelines: alarms in, who is told of what and when out."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.windows import WindowWorld
from vocabulary.world import ADMIN, START, moment

from actors.correlator.memories import NotificationMemory
from actors.correlator.windows import strategy
from actors.correlator.windows.memory import WindowMemory
from actors.correlator.windows.views import WindowCatalogue
from protocols.command import (
    CancelWindow,
    CreateRule,
    Edit,
    Edited,
    EndWindow,
    PatchWindow,
    PutWindow,
    Resolve,
    Shelve,
    Unshelve,
)
from protocols.event import SystemReport, Tick
from protocols.maintenance import PlanChanges, WindowPlan, WindowScope
from protocols.principal import Principal
from protocols.rule import Actions, Conditions, Rule
from protocols.topology import Node

NORTH = Principal("nora", "operator", "north")
HOUR = 3600.0


OLT = WindowScope(devices=("olt-1",))


@pytest.fixture
def world() -> WindowWorld:
    return WindowWorld()


# --- the life of a window --------------------------------------------------------------------------------------------


def test_what_begins_inside_and_still_stands_at_the_end_is_told_then(world: WindowWorld) -> None:
    window = world.window(OLT, 60, HOUR)
    world.run_to(100)
    alarm = world.raise_on()
    assert (alarm.status, world.suppressors(alarm)) == ("suppressed", [window])
    world.run_to(HOUR - 1)
    assert world.requested == []
    world.run_to(HOUR + 60)
    assert world.requested == [(HOUR + 5, "olt-1", "raised")]
    assert (world.get(alarm.id).status, world.suppressors(alarm)) == ("active", [])
    assert world.actions(alarm.id) == ["raised", "suppressed", "released", "notification_requested"]
    texts = [text for _, _, action, text in world.story if action in ("suppressed", "released")]
    assert texts == [
        f"maintenance window {window} (splicing) until 2026-03-01 04:00:00 UTC covers device olt-1",
        f"maintenance window {window} (splicing) ended",
    ]
    assert world.story[-1][3] == (
        "waited 5 s: no cause, window or rule holds it back; until then "
        f"window {window} (maintenance window {window} (splicing) until 2026-03-01 04:00:00 UTC covers device olt-1)"
    )
    assert world.state.memory(NotificationMemory).released_from == {}


def test_what_begins_and_ends_inside_is_never_told(world: WindowWorld) -> None:
    world.window(OLT, 0, HOUR)
    alarm = world.run_to(10).raise_on()
    world.run_to(20).clear_alarm(alarm.id)
    world.run_to(2 * HOUR)
    assert world.requested == []
    assert world.memory.held == {}


def test_what_comes_back_inside_is_held_back_again_and_after_the_end_it_is_not(world: WindowWorld) -> None:
    window = world.window(OLT, 0, HOUR)
    alarm = world.run_to(10).raise_on()
    world.run_to(20).clear_alarm(alarm.id)
    world.run_to(30).raise_on()
    assert (world.suppressors(alarm), list(world.memory.held)) == ([window], [window])
    world.run_to(HOUR - 10).clear_alarm(alarm.id)
    world.run_to(HOUR + 10).raise_on()
    assert world.suppressors(alarm) == []
    world.run_to(HOUR + 60)
    assert world.requested == [(HOUR + 15, "olt-1", "raised")]


def test_a_fault_told_before_the_window_keeps_its_recovery_and_is_not_told_again(world: WindowWorld) -> None:
    alarm = world.raise_on()
    other = world.raise_on("olt-2")
    world.run_to(10)
    world.window(WindowScope(devices=("olt-1", "olt-2")), 20, HOUR)
    world.run_to(30)
    assert world.suppressors(alarm) == []
    world.run_to(100).clear_alarm(alarm.id)
    world.run_to(2 * HOUR)
    assert world.requested == [(5, "olt-1", "raised"), (5, "olt-2", "raised"), (100, "olt-1", "recovered")]
    assert world.get(other.id).status == "active"


def test_a_fault_told_before_that_gets_worse_inside_is_told_at_the_end_only_if_it_is_still_worse(world: WindowWorld) -> None:
    worse, back = world.raise_on("olt-1", "minor"), world.raise_on("olt-2", "minor")
    world.run_to(60)
    window = world.window(WindowScope(devices=("olt-1", "olt-2")), 60, HOUR)
    world.run_to(100)
    for alarm in (worse, back):
        world.command(Edit(Edited(severity="critical")), alarm.id)
        assert world.suppressors(alarm) == [window]
    world.run_to(200).command(Edit(Edited(severity="minor")), back.id)
    world.run_to(2 * HOUR)
    assert world.requested == [(30, "olt-1", "raised"), (30, "olt-2", "raised"), (HOUR, "olt-1", "worsened")]


def test_what_is_resolved_inside_is_recovered_once(world: WindowWorld) -> None:
    alarm = world.raise_on()
    world.run_to(10)
    world.window(OLT, 10, HOUR)
    world.run_to(100).command(Resolve(), alarm.id)
    world.run_to(2 * HOUR)
    assert world.requested == [(5, "olt-1", "raised"), (100, "olt-1", "recovered")]


def test_what_is_not_told_yet_when_the_window_opens_is_held_back(world: WindowWorld) -> None:
    window = world.window(OLT, 10, HOUR)
    alarm = world.run_to(8).raise_on()
    assert world.suppressors(alarm) == []
    world.run_to(20)
    assert (world.requested, world.suppressors(alarm)) == ([], [window])
    world.run_to(2 * HOUR)
    assert world.requested == [(HOUR + 5, "olt-1", "raised")]


def test_what_comes_off_the_shelf_inside_is_held_back(world: WindowWorld) -> None:
    alarm = world.raise_on()
    world.command(Shelve(moment(HOUR), "known"), alarm.id)
    window = world.window(OLT, 60, HOUR)
    world.run_to(100).command(Unshelve(), alarm.id)
    assert world.suppressors(alarm) == [window]
    world.run_to(2 * HOUR)
    assert world.requested == [(HOUR + 5, "olt-1", "raised")]


def test_what_turns_out_to_flap_inside_is_not_told_as_flapping(world: WindowWorld) -> None:
    rule = Rule(
        name="flaps",
        type="flapping",
        conditions=Conditions(match={"alarm_type": "x.down"}, count=5),
        actions=Actions(quiet_seconds=300),
        time_window=600,
    )
    world.command(CreateRule(rule))
    assert not world.answer.refusals, world.answer
    alarm = world.raise_on()
    world.run_to(10).clear_alarm(alarm.id)
    world.run_to(20).raise_on()
    world.run_to(30).clear_alarm(alarm.id)
    world.window(OLT, 35, HOUR)
    world.run_to(40).raise_on()
    assert [each.kind for each in world.get(alarm.id).suppressed_by] == ["window", "flapping"]
    world.run_to(HOUR + 600)
    assert [(when, kind) for when, _, kind in world.requested] == [
        (5, "raised"),
        (10, "recovered"),
        (25, "raised"),
        (30, "recovered"),
        (HOUR + 5, "raised"),
    ]


def test_outside_of_its_scope_people_are_told_as_ever(world: WindowWorld) -> None:
    world.window(OLT, 0, HOUR)
    world.run_to(10).raise_on("olt-2")
    world.run_to(20)
    assert world.requested == [(15, "olt-2", "raised")]


def test_overlapping_windows_hold_each_by_its_own_id(world: WindowWorld) -> None:
    first, second = world.window(OLT, 0, 1000), world.window(OLT, 500, 2000)
    early = world.run_to(100).raise_on()
    late = world.run_to(600).raise_on("olt-1/0/1")
    assert (world.suppressors(early), world.suppressors(late)) == ([first], [first, second])
    world.run_to(1100)
    assert (world.suppressors(early), world.suppressors(late)) == ([second], [second])
    world.run_to(3000)
    assert world.requested == [(2005, "olt-1", "raised"), (2005, "olt-1/0/1", "raised")]


def test_one_window_right_after_another_leaves_no_gap(world: WindowWorld) -> None:
    world.window(OLT, 0, 1000)
    world.window(OLT, 1000, 2000)
    world.run_to(100).raise_on()
    world.run_to(1990)
    assert world.requested == []
    world.run_to(3000)
    assert world.requested == [(2005, "olt-1", "raised")]


# --- changed on the way ----------------------------------------------------------------------------------------------


def test_ended_early_by_a_patch_or_by_the_command(world: WindowWorld) -> None:
    patched, ended = world.window(OLT, 0, HOUR), world.window(WindowScope(devices=("olt-2",)), 0, HOUR)
    for resource in ("olt-1", "olt-2"):
        world.run_to(100).raise_on(resource)
    world.run_to(200).command(PatchWindow(patched, PlanChanges(end=moment(200))))
    world.run_to(300).command(EndWindow(ended))
    world.run_to(400)
    assert world.requested == [(205, "olt-1", "raised"), (305, "olt-2", "raised")]
    assert world.command(EndWindow(ended)).refusals[0].reason == "wrong_state"
    assert world.command(PatchWindow(patched, PlanChanges(end=moment(HOUR)))).refusals[0].reason == "wrong_state"
    assert world.story[-3][3].endswith("was ended early by ada") or any(
        "was ended early by ada" in one[3] for one in world.story
    )


def test_cancelled_before_and_while_it_is_open(world: WindowWorld) -> None:
    ahead, open_ = world.window(OLT, 500, HOUR), world.window(WindowScope(devices=("olt-2",)), 0, HOUR)
    world.run_to(100).raise_on("olt-2")
    world.command(CancelWindow(ahead))
    world.command(CancelWindow(open_))
    assert not world.answer.refusals
    world.run_to(600).raise_on("olt-1")
    world.run_to(700)
    assert world.requested == [(105, "olt-2", "raised"), (605, "olt-1", "raised")]
    catalogue = WindowCatalogue(world.state)
    assert [catalogue.phase(one) for one in catalogue.all()] == ["cancelled", "cancelled"]
    assert world.command(CancelWindow(ahead)).duplicate
    assert world.command(EndWindow(ahead)).refusals[0].text == f"maintenance window {ahead} is cancelled"


def test_extended_it_goes_on_holding(world: WindowWorld) -> None:
    window = world.window(OLT, 0, 1000)
    world.run_to(100).raise_on()
    world.run_to(900).command(PatchWindow(window, PlanChanges(end=moment(2000))))
    world.run_to(1900)
    assert world.requested == []
    world.run_to(2100)
    assert world.requested == [(2005, "olt-1", "raised")]


def test_shortened_and_moved(world: WindowWorld) -> None:
    window = world.window(OLT, 0, HOUR)
    world.run_to(100).raise_on()
    world.command(PatchWindow(window, PlanChanges(duration_seconds=500.0)))
    world.run_to(450)
    assert world.requested == []
    world.command(PatchWindow(window, PlanChanges(start=moment(1000))))
    world.run_to(900)
    assert world.requested == [(455, "olt-1", "raised")]
    alarm = world.run_to(1100).raise_on("olt-1/0/1")
    assert world.suppressors(alarm) == [window]
    world.run_to(1600)
    assert world.requested[1:] == [(1505, "olt-1/0/1", "raised")]


def test_when_its_scope_changes_it_lets_go_of_what_it_does_not_cover_any_more(world: WindowWorld) -> None:
    window = world.window(WindowScope(devices=("olt-1", "olt-2")), 0, HOUR)
    one, two = world.run_to(100).raise_on("olt-1"), world.raise_on("olt-2")
    world.run_to(200).command(PatchWindow(window, PlanChanges(scope=WindowScope(devices=("olt-2", "olt-3")))))
    assert (world.suppressors(one), world.suppressors(two)) == ([], [window])
    assert world.suppressors(world.raise_on("olt-3")) == [window]
    world.run_to(300)
    assert world.requested == [(205, "olt-1", "raised")]


def test_a_window_made_while_the_work_goes_on_opens_at_once(world: WindowWorld) -> None:
    world.run_to(1000)
    window = world.window(OLT, 0, HOUR)
    assert world.suppressors(world.raise_on()) == [window]


# --- again and again -------------------------------------------------------------------------------------------------


def test_a_recurring_window_opens_and_closes_each_time(world: WindowWorld) -> None:
    world.window(OLT, 0, HOUR, recurrence="FREQ=DAILY;COUNT=2")
    day = 86_400.0
    for begin in (0.0, day, 2 * day):
        alarm = world.run_to(begin + 10).raise_on()
        world.run_to(begin + 20)
        assert len(world.suppressors(alarm)) == (begin < 2 * day)
        world.run_to(begin + 2 * HOUR)
        world.run_to(begin + 2 * HOUR).clear_alarm(alarm.id)
    assert [(when, kind) for when, _, kind in world.requested] == [
        (HOUR + 5, "raised"),
        (2 * HOUR, "recovered"),
        (day + HOUR + 5, "raised"),
        (day + 2 * HOUR, "recovered"),
        (2 * day + 15, "raised"),
        (2 * day + 2 * HOUR, "recovered"),
    ]


def test_ended_early_a_recurring_window_opens_again_as_planned(world: WindowWorld) -> None:
    window = world.window(OLT, 0, HOUR, recurrence="FREQ=DAILY")
    alarm = world.run_to(10).raise_on()
    world.run_to(100).command(EndWindow(window))
    world.run_to(200)
    assert world.requested == [(105, "olt-1", "raised")]
    world.clear_alarm(alarm.id)
    again = world.run_to(86_400 + 10).raise_on()
    assert world.suppressors(again) == [window]


def test_what_was_ended_early_stays_so_when_something_else_is_changed(world: WindowWorld) -> None:
    window = world.window(OLT, 0, HOUR, recurrence="FREQ=DAILY")
    world.run_to(100).command(EndWindow(window))
    world.command(PatchWindow(window, PlanChanges(title="other")))
    assert world.memory.active == {}
    assert world.suppressors(world.raise_on()) == []


def test_across_the_change_of_the_clock(world: WindowWorld) -> None:
    """02:30 in Berlin on 29 March is skipped: that night's window opens at 03:30 of summer time, 01:30 UTC."""
    plan = WindowPlan(
        title="nightly",
        scope=OLT,
        start=datetime(2026, 3, 20, 2, 30),  # noqa: DTZ001
        duration_seconds=HOUR,
        time_zone="Europe/Berlin",
        recurrence="FREQ=DAILY",
    )
    (window,) = world.command(PutWindow(plan)).accepted
    night = (datetime(2026, 3, 29, 1, 30, tzinfo=UTC) - START).total_seconds()
    before = world.run_to(night - 60).raise_on("olt-1/1")
    inside = world.run_to(night + 60).raise_on("olt-1/2")
    assert (world.suppressors(before), world.suppressors(inside)) == ([], [window])


# --- a jump of time, a restart, very many ----------------------------------------------------------------------------


def test_an_end_is_not_lost_when_time_jumps(world: WindowWorld) -> None:
    world.window(OLT, 10, HOUR)
    world.at(5)
    world.raise_on()
    world.at(3 * HOUR)  # neither its beginning nor its end was seen
    world(Tick())
    assert world.memory.active == {}
    world.run_to(4 * HOUR)
    assert [(resource, kind) for _, resource, kind in world.requested] == [("olt-1", "raised")]


def test_an_end_between_two_occurrences_that_nobody_saw_is_made_up_for(world: WindowWorld) -> None:
    window = world.window(OLT, 0, HOUR, recurrence="FREQ=DAILY")
    alarm = world.run_to(100).raise_on()
    world.at(86_400 + 100)
    world(Tick())
    assert world.suppressors(alarm) == []
    fresh = world.raise_on("olt-1/0/1")
    assert world.suppressors(fresh) == [window]
    world.run_to(86_400 + 200)
    assert world.requested == [(86_400 + 105, "olt-1", "raised")]
    world.clear_alarm(alarm.id)
    assert world.memory.owed == {}


def test_very_many_are_let_go_over_several_events(world: WindowWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy, "AT_MOST", 10)
    window = world.window(OLT, 0, HOUR)
    world.run_to(10)
    for number in range(25):
        world.raise_on(f"olt-1/{number}")
    world.at(HOUR)
    world(Tick())
    assert len(world.memory.held[window]) == 15
    world.run_to(HOUR + 60)
    assert world.memory.held == {}
    assert world.memory.reviews == {}
    assert sorted(resource for _, resource, _ in world.requested) == sorted(f"olt-1/{number}" for number in range(25))
    released = [resource for _, resource, action, _ in world.story if action == "released"]
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
def test_what_a_scope_covers(world: WindowWorld, scope: WindowScope, covered: set[str]) -> None:
    world.topology(*PLANT)
    window = world.window(scope, 0, HOUR)
    alarms = [world.raise_on(resource) for resource in [one.id for one in PLANT] + ["olt-1/0/9", "elsewhere"]]
    assert {alarm.resource_id for alarm in alarms if world.suppressors(alarm) == [window]} == covered


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
def test_a_power_area_is_covered_when_all_that_its_onts_hang_from_is(
    world: WindowWorld, scope: WindowScope, covered: set[str]
) -> None:
    world.topology(*AREAS)
    window = world.window(scope, 0, HOUR)
    alarms = [world.raise_on(resource) for resource in ("area:mill", "area:quay", "area:nowhere")]
    assert {alarm.resource_id for alarm in alarms if world.suppressors(alarm) == [window]} == covered


@pytest.mark.parametrize(
    "scope",
    [
        WindowScope(tenants=("north",)),
        WindowScope(alarm_types=("x.down",)),
        WindowScope(resource_types=("olt",), tenants=("north",)),
    ],
)
def test_scopes_without_a_place(world: WindowWorld, scope: WindowScope) -> None:
    window = world.window(scope, 0, HOUR)
    assert world.suppressors(world.raise_on("anything")) == [window]
    assert world.suppressors(world.raise_on("other", tenant="south", alarm_type="y", resource_type="z")) == []


def test_a_window_of_a_tenant_covers_no_other_tenants_alarms(world: WindowWorld) -> None:
    window = world.window(OLT, 0, HOUR, by=NORTH, tenant_id="north")
    assert world.suppressors(world.raise_on(tenant="north")) == [window]
    assert world.suppressors(world.raise_on(tenant="south")) == []


def test_what_faultd_says_of_itself_is_in_no_scope(world: WindowWorld) -> None:
    world.window(WindowScope(tenants=("default",)), 0, HOUR)
    world.says_nothing_of_itself = False
    world(SystemReport(alarm_type="disk.full", active=True, severity="critical", title="disk full"))
    world.run_to(60)
    assert world.requested == [(5, "faultd", "raised")]


def test_a_topology_that_puts_a_place_elsewhere_is_followed(world: WindowWorld) -> None:
    world.topology(*PLANT)
    window = world.window(WindowScope(subtrees=("s2",)), 0, HOUR)
    one, two = world.raise_on("ont-1"), world.raise_on("ont-2")
    moved = [one_ if one_.id != "ont-1" else node("ont-1", "ont", "olt-2", customer_id="c1") for one_ in PLANT]
    world.run_to(10).topology(*moved)
    world.run_to(20)
    assert (world.suppressors(one), world.suppressors(two)) == ([], [window])
    assert any(text.endswith("no longer covers it in the new topology") for _, _, _, text in world.story)


def test_finding_the_windows_of_an_alarm_does_not_depend_on_how_many_there_are(world: WindowWorld) -> None:
    """By what is looked up, not by a clock: each window filed elsewhere is never looked at."""
    world.topology(*PLANT)
    for number in range(300):
        world.window(WindowScope(subtrees=(f"far-{number}",)), 0, HOUR)
    window = world.window(WindowScope(subtrees=("site",)), 0, HOUR)
    looked: list[str] = []
    windows = world.memory.windows

    class Watched(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            looked.append(key)
            return windows[key]

    world.memory.windows = Watched(windows)
    alarm = world.raise_on("ont-1")
    world.memory.windows = windows
    assert world.suppressors(alarm) == [window]
    assert looked == [window]


# --- commands --------------------------------------------------------------------------------------------------------


def put(**fields: Any) -> PutWindow:
    given: dict[str, Any] = {
        "title": "t",
        "scope": OLT,
        "start": moment(0),
        "duration_seconds": HOUR,
        "tenant_id": "north",
    } | fields
    return PutWindow(WindowPlan(**given))


def test_who_may_plan_what(world: WindowWorld) -> None:
    assert world.command(put(), by=NORTH).accepted
    (everywhere,) = world.command(put(tenant_id=None), by=ADMIN).accepted
    for by in (NORTH, Principal("olga", "operator"), Principal("anna", "admin", "north")):
        world.command(put(tenant_id=None), by=by)
        assert world.refusal[0] == "not_your_tenant"
    world.command(put(tenant_id="south"), by=NORTH)
    assert world.refusal[0] == "not_your_tenant"
    world.command(CancelWindow(everywhere), by=NORTH)
    assert world.refusal == ("unknown_window", f"no maintenance window {everywhere!r}")
    world.command(CancelWindow(everywhere), by=Principal("olga", "operator"))
    assert world.refusal[0] == "not_your_tenant"
    world.command(CancelWindow("MW999"))
    assert world.refusal == ("unknown_window", "no maintenance window 'MW999'")


def test_what_is_over_already_or_wrong_is_refused(world: WindowWorld) -> None:
    world.run_to(2 * HOUR).command(put())
    assert world.refusal == ("invalid", "end: 2026-03-01T04:00:00+00:00 has passed")
    world.command(put(recurrence="FREQ=DAILY;COUNT=1"))
    assert world.refusal[1].startswith("recurrence: ")
    world.command(put(scope=WindowScope()))
    assert world.refusal[1].startswith("scope: is empty")
    (window,) = world.command(put(start=moment(3 * HOUR))).accepted
    world.command(PatchWindow(window, PlanChanges(recurrence="FREQ=NEVER")))
    assert world.refusal[1].startswith("recurrence: FREQ is NEVER")
    world.command(EndWindow(window))
    assert world.refusal == ("wrong_state", f"maintenance window {window} is not under way")


def test_the_same_key_makes_one_window(world: WindowWorld) -> None:
    first = world.command(put(key="ada/1"))
    again = world.command(put(key="ada/1", title="other"))
    assert (again.accepted, again.duplicate) == (first.accepted, True)
    assert len(world.memory.windows) == 1


def test_a_window_that_still_has_to_let_go_of_alarms_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy, "AT_MOST", 1)
    world = WindowWorld(max_windows=1, keep_windows_days=1e-9)
    window = world.window(OLT, 0, HOUR)
    for number in range(6):
        world.raise_on(f"olt-1/{number}")
    world.at(10)
    world.command(CancelWindow(window))
    world.command(put())
    assert world.refusal[0] == "limit"
    world.run_to(11)
    assert world.memory.held == {}
    assert world.command(put()).accepted
    assert window not in world.memory.windows


def test_windows_are_bounded_and_those_that_are_over_make_room() -> None:
    world = WindowWorld(max_windows=2, keep_windows_days=1.0)
    one, two = world.window(OLT, 0, 100), world.window(OLT, 0, HOUR)
    world.command(put())
    assert world.refusal == ("limit", "there are 2 maintenance windows ([correlator] max_windows): cancel some")
    world.run_to(200)
    three = world.window(OLT, 0, HOUR)
    assert list(world.memory.windows) == [two, three]
    assert one not in world.memory.over
    world.run_to(HOUR + 86_399)
    assert list(world.memory.windows) == [two, three]
    world.run_to(HOUR + 86_400)
    assert world.memory == WindowMemory()
    assert not len(world.state.timers)


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


def play(steps: Sequence[tuple[Any, ...]], each: Callable[[WindowWorld], None] = lambda world: None) -> WindowWorld:
    world = WindowWorld(max_windows=50)
    made: list[str] = []
    for kind, *values in steps:
        match kind, values:
            case "wait", [seconds]:
                world.run_to(world.seconds + seconds)
            case "rise", [number]:
                world.raise_on(f"olt-{number}")
            case "clear", [number]:
                for alarm in list(world.state.alarms.values()):
                    if alarm.resource_id == f"olt-{number}" and alarm.cleared_at is None:
                        world.clear_alarm(alarm.id)
            case "window", [number, begin, seconds, daily]:
                again = "FREQ=DAILY;BYHOUR=3,4,5,6" if daily else ""
                scope = WindowScope(devices=(f"olt-{number}",))
                plan = WindowPlan(
                    title="", scope=scope, start=moment(world.seconds + begin), duration_seconds=seconds, recurrence=again
                )
                made += world.command(PutWindow(plan)).accepted
            case "end", [number] if number < len(made):
                world.command(EndWindow(made[number]))
            case "cancel", [number] if number < len(made):
                world.command(CancelWindow(made[number]))
            case "move", [number, by] if number < len(made):
                world.command(PatchWindow(made[number], PlanChanges(start=moment(world.seconds + by))))
        each(world)
    return world


def agrees(world: WindowWorld) -> None:
    """What is held is what is filed as held, by windows that are open and cover it; nobody was told of it meanwhile."""
    memory = world.memory
    filed = {(window, alarm) for window, alarms in memory.held.items() for alarm in alarms}
    said = {
        (each.by, alarm.id)
        for alarm in world.state.alarms.values()
        if alarm.cleared_at is None
        for each in alarm.suppressed_by
        if each.kind == "window"
    }
    assert filed == said
    for window_id, alarm_id in filed:
        assert window_id in memory.active
        assert world.state.alarms[alarm_id].resource_id in memory.windows[window_id].scope.devices
    assert sorted(memory.active) == sorted({one for ids in memory.places.values() for one in ids})
    for window_id in memory.windows:
        assert world.state.timers.at(strategy.NAME, window_id) is not None


@given(_steps)
@settings(max_examples=120, deadline=None)
def test_whatever_happens_holding_and_windows_agree_and_a_restart_changes_nothing(steps: list[tuple[Any, ...]]) -> None:
    def reloaded(world: WindowWorld) -> None:
        agrees(world)
        world.restart()

    straight, restarted = play(steps, agrees), play(steps, reloaded)
    assert straight.state.save() == restarted.state.save()
    assert straight.requested == restarted.requested


@given(_steps)
@settings(max_examples=60, deadline=None)
def test_once_all_windows_are_over_whoever_is_to_be_told_has_been(steps: list[tuple[Any, ...]]) -> None:
    world = play(steps)
    for window_id in list(world.memory.windows):
        world.command(CancelWindow(window_id))
    world.run_to(world.seconds + 100)
    last: dict[str, str] = {}
    for _, resource, kind in world.requested:
        last[resource] = kind
    for alarm in world.state.alarms.values():
        if alarm.cleared_at is None:
            assert alarm.suppressed_by == ()
            assert last.get(alarm.resource_id) == "raised"

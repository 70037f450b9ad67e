"""Rules that count each report of an alarm: repeats, which no strategy is shown otherwise."""

from typing import Any

import pytest
from vocabulary.rules import RuleWorld

from actors.correlator import fold as folding
from actors.correlator.rules.memories import TimeWindowMemory
from actors.correlator.settings import CorrelatorSettings


def five(**more: Any) -> dict[str, Any]:
    return {
        "type": "correlation",
        "time_window": 60,
        "conditions": {
            "match": {"alarm_type": "x.link"},
            "count": 5,
            "count_of": "occurrences",
            "same": ["resource_id"],
            **more.pop("conditions", {}),
        },
        "actions": {"alarm_type": "x.unstable", "severity": "critical", **more},
    }


def test_so_many_reports_of_one_alarm_raise_the_group(ruled: RuleWorld) -> None:
    ruled.write(**five())
    names = {ruled.run_to(second).raise_alarm("x.link", "olt-1") for second in range(4)}
    assert len(names) == 1
    assert not ruled.of_type("x.unstable")
    ruled.run_to(50).raise_alarm("x.link", "olt-1")
    (group,) = ruled.of_type("x.unstable")
    (alarm,) = ruled.of_type("x.link")
    assert (alarm.parent_alarm_id, alarm.occurrence_count) == (group.id, 5)
    assert "5 reports within 60 s" in group.description
    ruled.clear_alarm(alarm.id)
    assert ruled.get(group.id).cleared_at is not None


def test_not_when_they_are_spread_over_more_than_the_window(ruled: RuleWorld) -> None:
    ruled.write(**five())
    for second in range(0, 200, 16):
        ruled.run_to(second).raise_alarm("x.link", "olt-1")
    assert not ruled.of_type("x.unstable")
    for second in range(200, 203):
        ruled.run_to(second).raise_alarm("x.link", "olt-1")
    assert ruled.of_type("x.unstable")


def test_raises_after_clears_and_worse_reports_count_too(ruled: RuleWorld) -> None:
    ruled.write(**five())
    alarm = ruled.raise_alarm("x.link", "olt-1", severity="minor")
    ruled.run_to(1).clear_alarm(alarm)
    ruled.run_to(2).raise_alarm("x.link", "olt-1", severity="minor")
    ruled.run_to(3).raise_alarm("x.link", "olt-1", severity="major")
    ruled.run_to(4).raise_alarm("x.link", "olt-1", severity="major")
    assert not ruled.of_type("x.unstable")
    ruled.run_to(5).raise_alarm("x.link", "olt-1", severity="major")
    assert ruled.of_type("x.unstable")


def test_reports_of_several_alarms_are_counted_together(ruled: RuleWorld) -> None:
    ruled.write(**five(conditions={"same": []}))
    for second, place in enumerate(("olt-1", "olt-2", "olt-1", "olt-2", "olt-1")):
        ruled.run_to(second).raise_alarm("x.link", place)
    (group,) = ruled.of_type("x.unstable")
    assert {alarm.parent_alarm_id for alarm in ruled.of_type("x.link")} == {group.id}


def test_others_count_alarms_as_before(ruled: RuleWorld) -> None:
    ruled.write(**five(conditions={"count_of": "alarms"}))
    for second in range(20):
        ruled.run_to(second).raise_alarm("x.link", "olt-1")
    assert not ruled.of_type("x.unstable")


def test_it_remembers_no_more_than_it_asks_for_and_lets_go(ruled: RuleWorld) -> None:
    ruled.write(**five())
    for number in range(300):
        ruled.run_to(number / 100).raise_alarm("x.link", "olt-1")
    (window,) = ruled.state.memory(TimeWindowMemory).windows.values()
    assert len(window.reports) == 5
    ruled.run_to(200)
    assert ruled.state.memory(TimeWindowMemory).windows == {}


def test_saved_and_loaded_after_each_event_it_counts_the_same(new_ruled: type[RuleWorld]) -> None:
    saved = []
    for each in (False, True):
        ruled = new_ruled()
        ruled.restarts = each
        ruled.write(**five())
        for second in range(7):
            ruled.run_to(second).raise_alarm("x.link", "olt-1")
        assert len(ruled.of_type("x.unstable")) == 1
        saved.append(ruled.state.save())
    assert saved[0] == saved[1]


@pytest.mark.interpreted
def test_without_such_a_rule_nobody_is_asked_about_repeats(ruled: RuleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    ruled.write(**five(conditions={"count_of": "alarms"}))
    ruled.raise_alarm("x.link", "olt-1")

    def asked(*_: Any) -> Any:
        raise AssertionError("asked")

    monkeypatch.setattr(folding, "run_strategies", asked)
    ruled.raise_alarm("x.link", "olt-1")


def test_it_goes_with_a_count(ruled: RuleWorld) -> None:
    refused = ruled.refuse(type="correlation", conditions={"match": {"alarm_type": "x"}, "count_of": "occurrences"})
    assert refused["/conditions/count_of"] == "goes with count"
    refused = ruled.refuse(type="flapping", conditions={"match": {}, "count": 3, "count_of": "occurrences"})
    assert "/conditions/count_of" in refused


def test_a_group_that_finds_no_room_is_tried_again(new_ruled: type[RuleWorld]) -> None:
    ruled = new_ruled(settings=CorrelatorSettings(max_alarms=1))
    ruled.write(**five())
    for second in range(9):
        ruled.run_to(second).raise_alarm("x.link", "olt-1")
    assert not ruled.failures()

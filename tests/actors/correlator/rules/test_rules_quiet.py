"""Suppression, escalation and flapping: who hears of what, and when."""

from collections.abc import Sequence
from typing import Any

import pytest
from vocabulary.rules import RuleWorld

from actors.correlator.memories import FlapMemory, NoticeMemory
from actors.correlator.rules.memories import EscalationMemory
from protocols.command import Assign, Unacknowledge
from protocols.principal import Principal

QUIET: dict[str, Any] = {"type": "suppression", "conditions": {"match": {"alarm_type": "x.noise"}}}
NORTH = Principal("nora", "admin", "north")


def test_what_matches_is_held_back_and_told_when_the_rule_ends(ruled: RuleWorld) -> None:
    rule = ruled.write(**QUIET, description="known noise")
    alarm = ruled.up("x.noise", "r")
    other = ruled.up("x.other", "r")
    ruled.at(60)
    assert ruled.alarm(alarm).status == "suppressed"
    (held,) = ruled.alarm(alarm).suppressed_by
    assert (held.kind, held.by) == ("rule", rule)
    assert "known noise" in held.reason
    assert (ruled.notices(alarm), ruled.notices(other)) == ([], ["raised"])
    ruled.delete(rule)
    assert ruled.alarm(alarm).status == "active"
    ruled.at(120)
    assert ruled.notices(alarm) == ["raised"]
    assert "released" in ruled.words(alarm)


def test_a_new_rule_holds_back_what_is_open_and_a_patch_lets_go(ruled: RuleWorld) -> None:
    alarm = ruled.up("x.noise", "r")
    rule = ruled.write(**QUIET)
    assert ruled.alarm(alarm).status == "suppressed"
    ruled.edit(rule, enabled=False)
    assert ruled.alarm(alarm).status == "active"
    ruled.edit(rule, enabled=True)
    assert ruled.alarm(alarm).status == "suppressed"
    ruled.edit(rule, conditions={"match": {"alarm_type": "x.other"}})
    assert ruled.alarm(alarm).status == "active"


def test_it_holds_only_while_it_matches(ruled: RuleWorld) -> None:
    ruled.write(type="suppression", conditions={"match": {"alarm_type": "x.noise", "assigned_to": {"present": False}}})
    alarm = ruled.up("x.noise", "r")
    assert ruled.alarm(alarm).status == "suppressed"
    ruled.command(Assign("ada"), alarm)
    assert ruled.alarm(alarm).status == "active"


@pytest.mark.parametrize(("exempt", "status"), [(5, "active"), (-5, "suppressed")])
def test_of_rules_that_contradict_each_other_the_first_decides(ruled: RuleWorld, exempt: int, status: str) -> None:
    ruled.write(**{**QUIET, "name": "quiet"})
    ruled.write(**{**QUIET, "name": "but", "priority": exempt, "actions": {"suppress": False}})
    assert ruled.alarm(ruled.up("x.noise", "r")).status == status


def test_another_rule_takes_over_what_the_first_lets_go(ruled: RuleWorld) -> None:
    first = ruled.write(**{**QUIET, "name": "a"})
    second = ruled.write(**{**QUIET, "name": "b"})
    alarm = ruled.up("x.noise", "r")
    assert [each.by for each in ruled.alarm(alarm).suppressed_by] == [first]
    ruled.delete(first)
    assert [each.by for each in ruled.alarm(alarm).suppressed_by] == [second]


def test_a_rule_of_a_tenant_touches_its_alarms_alone(ruled: RuleWorld) -> None:
    rule = ruled.write(by=NORTH, **QUIET)
    mine, theirs = ruled.up("x.noise", "r", tenant_id="north"), ruled.up("x.noise", "r", tenant_id="south")
    assert [ruled.alarm(each).status for each in (mine, theirs)] == ["suppressed", "active"]
    (record,) = ruled.records()
    assert record.rule.tenant_id == "north"
    assert ruled.edit(rule, by=Principal("sven", "admin", "south"), enabled=False).refusals[0].reason == "unknown_rule"
    general = ruled.write(**{**QUIET, "name": "general"})
    assert ruled.delete(general, by=NORTH).refusals[0].reason == "not_your_tenant"
    assert ruled.refuse(by=NORTH, **{**QUIET, "tenant_id": "south"}).keys() == {"/tenant_id"}


def test_very_many_alarms_are_looked_at_in_steps(ruled: RuleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.correlator.rules.rule_changes.AT_ONCE", 3)
    alarms = [ruled.up("x.noise", f"r{n}") for n in range(10)]
    rule = ruled.write(**QUIET)
    assert sum(ruled.alarm(each).status == "suppressed" for each in alarms) == 3
    ruled.at(10)
    assert all(ruled.alarm(each).status == "suppressed" for each in alarms)
    ruled.delete(rule)
    ruled.edit(rule, enabled=False)
    ruled.at(20)
    assert all(ruled.alarm(each).status == "active" for each in alarms)


# --- escalation ----------------------------------------------------------------------------------------------------


def escalation(name: str = "late", after: float = 600, priority: int = 0, **actions: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": "escalation",
        "priority": priority,
        "conditions": {"match": {"alarm_type": "x.slow"}},
        "actions": {"after_seconds": after, **actions},
    }


def test_what_nobody_acknowledges_is_escalated_once(ruled: RuleWorld) -> None:
    ruled.write(**escalation(severity="critical", assign_to="boss", add_tags=["late"], notify=True))
    alarm = ruled.up("x.slow", "r", severity="minor")
    ruled.at(599)
    assert ruled.notices(alarm) == ["raised"]
    ruled.at(601)
    after = ruled.alarm(alarm)
    assert (after.severity, after.assigned_to) == ("critical", "boss")
    assert "late" in after.tags
    assert ruled.notices(alarm) == ["raised", "worsened"]
    (line,) = [line for line in ruled.lines(alarm) if line.action == "escalated"]
    assert "nobody has acknowledged it after 600 s" in line.text
    ruled.at(5000)
    assert ruled.words(alarm).count("escalated") == 1


def test_people_are_told_again_without_another_severity(ruled: RuleWorld) -> None:
    ruled.write(**escalation(notify=True))
    alarm = ruled.up("x.slow", "r")
    ruled.at(700)
    assert ruled.notices(alarm) == ["raised", "escalated"]


@pytest.mark.parametrize("unless", ["acknowledged", "cleared"])
def test_what_keeps_it_from_happening(ruled: RuleWorld, unless: str) -> None:
    ruled.write(**escalation(notify=True, unless=unless))
    alarm = ruled.up("x.slow", "r")
    ruled.at(100).acknowledge(alarm)
    ruled.at(700)
    assert ("escalated" in ruled.words(alarm)) is (unless == "cleared")
    over = ruled.up("x.slow", "other")
    ruled.at(800).down(over)
    ruled.at(2000)
    assert "escalated" not in ruled.words(over)
    assert over not in ruled.state.memory(EscalationMemory).clocks


def test_an_acknowledgement_taken_back_starts_the_clock_again(ruled: RuleWorld) -> None:
    ruled.write(**escalation(notify=True))
    alarm = ruled.up("x.slow", "r")
    ruled.at(100).acknowledge(alarm)
    ruled.at(1000).command(Unacknowledge(), alarm)
    ruled.at(1599)
    assert "escalated" not in ruled.words(alarm)
    ruled.at(1601)
    assert "escalated" in ruled.words(alarm)


def test_what_is_held_back_waits(ruled: RuleWorld) -> None:
    ruled.write(**escalation(notify=True))
    rule = ruled.write(name="quiet", type="suppression", conditions={"match": {"alarm_type": "x.slow"}})
    alarm = ruled.up("x.slow", "r")
    ruled.at(1000)
    assert "escalated" not in ruled.words(alarm)
    ruled.delete(rule)
    ruled.at(1599)
    assert "escalated" not in ruled.words(alarm)
    ruled.at(1601)
    assert "escalated" in ruled.words(alarm)


def test_rules_of_one_moment_have_their_say_in_order(ruled: RuleWorld) -> None:
    ruled.write(**escalation("b", assign_to="b"))
    ruled.write(**escalation("a", assign_to="a"))
    ruled.write(**escalation("c", after=1200, severity="critical"))
    alarm = ruled.up("x.slow", "r")
    ruled.at(700)
    assert ruled.alarm(alarm).assigned_to == "a"
    ruled.at(1300)
    assert ruled.alarm(alarm).severity == "critical"


def test_a_severity_is_never_lowered(ruled: RuleWorld) -> None:
    ruled.write(**escalation(severity="minor"))
    alarm = ruled.up("x.slow", "r", severity="critical")
    ruled.at(700)
    assert ruled.alarm(alarm).severity == "critical"


def test_a_new_rule_counts_from_its_beginning(ruled: RuleWorld) -> None:
    alarm = ruled.up("x.slow", "r")
    ruled.at(5000).write(**escalation(notify=True))
    ruled.at(5599)
    assert "escalated" not in ruled.words(alarm)
    ruled.at(5601)
    assert "escalated" in ruled.words(alarm)


# --- flapping ------------------------------------------------------------------------------------------------------

FLAPPING: dict[str, Any] = {
    "type": "flapping",
    "time_window": 100,
    "conditions": {"match": {"alarm_type": "x.flap"}, "count": 6},
    "actions": {"quiet_seconds": 300},
}


def flap(ruled: RuleWorld, times: Sequence[float], resource: str = "r") -> str:
    """Raise and clear in turn at these times; the alarm's id."""
    alarm = ""
    for n, seconds in enumerate(times):
        if n % 2 == 0:
            alarm = ruled.at(seconds).up("x.flap", resource)
        else:
            ruled.at(seconds).down(alarm)
    return alarm


def test_one_notice_when_it_begins_and_one_when_it_is_over(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    alarm = flap(ruled, [n * 5 for n in range(15)])
    # 0 to 70 s, the sixth change at 25 s; up at the end.
    assert ruled.notices(alarm) == ["flapping"]
    assert ruled.alarm(alarm).status == "suppressed"
    assert ruled.alarm(alarm).occurrence_count == 8
    ruled.at(369)
    assert ruled.notices(alarm) == ["flapping"]
    ruled.at(371)
    assert ruled.notices(alarm) == ["flapping", "steady"]
    assert ruled.alarm(alarm).status == "active"
    ruled.at(600)
    assert ruled.notices(alarm) == ["flapping", "steady"], "it was told that it stands"
    ruled.down(alarm)
    assert ruled.notices(alarm) == ["flapping", "steady", "recovered"]
    assert "suppressed" in ruled.words(alarm)
    assert "released" in ruled.words(alarm)


def test_the_true_state_is_told_when_it_is_over(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    alarm = flap(ruled, [n * 5 for n in range(10)])
    ruled.at(500)
    assert ruled.alarm(alarm).status == "cleared"
    assert ruled.notices(alarm) == ["flapping", "steady"]
    (line,) = [line for line in ruled.lines(alarm) if line.action == "released"]
    assert "it is over" in line.text
    assert ruled.state.memory(NoticeMemory).notified == {}
    assert ruled.state.memory(FlapMemory).flaps == {}


def test_too_slow_is_no_flapping(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    alarm = flap(ruled, [n * 25 for n in range(20)])
    assert "flapping" not in ruled.notices(alarm)


def test_it_goes_on_through_another_alarm_of_the_same_identity(ruled: RuleWorld) -> None:
    ruled.write(**{**FLAPPING, "time_window": 10_000, "actions": {"quiet_seconds": 5_000}})
    times = [n * 400 for n in range(12)]
    first = flap(ruled, times[:6])
    last = flap(ruled, [times[6]])
    assert first != last, "beyond the control time it is another alarm"
    assert ruled.alarm(last).status == "suppressed"
    ruled.at(times[6] + 60)
    assert ruled.notices(last) == []
    ruled.at(times[6] + 5_001)
    assert ruled.notices(last) == ["steady"]
    assert list(ruled.state.memory(NoticeMemory).notified) == [last]


def test_identities_are_counted_apart_and_repeats_not_at_all(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    for n in range(5):
        flap(ruled, [n * 10, n * 10 + 1], f"r{n}")
    alarm = ""
    for n in range(20):
        alarm = ruled.at(60 + n).up("x.flap", "same")
    ruled.at(200)
    assert all("flapping" not in ruled.notices(each) for each in ruled.state.alarms)
    assert ruled.alarm(alarm).occurrence_count == 20


def test_nobody_hears_of_flapping_below_the_severity_of_notices(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    alarm = ""
    for n in range(12):
        if n % 2 == 0:
            alarm = ruled.at(n).up("x.flap", "r", severity="info")
        else:
            ruled.at(n).down(alarm)
    ruled.at(1000)
    assert ruled.notices(alarm) == []
    assert "released" in ruled.words(alarm)


@pytest.mark.parametrize("how", ["delete", "disable"])
def test_a_rule_that_is_no_more_lets_go(ruled: RuleWorld, how: str) -> None:
    rule = ruled.write(**FLAPPING)
    alarm = flap(ruled, list(range(11)))
    assert ruled.alarm(alarm).status == "suppressed"
    if how == "delete":
        ruled.delete(rule)
    else:
        ruled.edit(rule, enabled=False)
    assert ruled.alarm(alarm).status == "active"
    assert ruled.notices(alarm) == ["flapping", "steady"]


def test_the_rule_of_higher_priority_says_when(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    ruled.write(**{**FLAPPING, "name": "strict", "priority": 5, "conditions": {**FLAPPING["conditions"], "count": 3}})
    alarm = flap(ruled, [0, 1, 2])
    assert ruled.notices(alarm) == ["flapping"]

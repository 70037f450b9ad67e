"""Suppression, escalation and flapping: who hears of what, and when."""

from collections.abc import Sequence
from typing import Any

import pytest
from vocabulary.rules import RuleWorld

from actors.correlator.memories import FlapMemory, NotificationMemory
from actors.correlator.rules.memories import EscalationMemory
from protocols.command import Assign, Unacknowledge
from protocols.principal import Principal

QUIET: dict[str, Any] = {"type": "suppression", "conditions": {"match": {"alarm_type": "x.noise"}}}
NORTH = Principal("nora", "admin", "north")


def test_what_matches_is_held_back_and_told_when_the_rule_ends(ruled: RuleWorld) -> None:
    rule = ruled.write(**QUIET, description="known noise")
    alarm = ruled.raise_alarm("x.noise", "r")
    other = ruled.raise_alarm("x.other", "r")
    ruled.run_to(60)
    assert ruled.get(alarm).status == "suppressed"
    (held,) = ruled.get(alarm).suppressed_by
    assert (held.kind, held.by) == ("rule", rule)
    assert "known noise" in held.reason
    assert (ruled.notifications(alarm), ruled.notifications(other)) == ([], ["raised"])
    ruled.delete(rule)
    assert ruled.get(alarm).status == "active"
    ruled.run_to(120)
    assert ruled.notifications(alarm) == ["raised"]
    assert "released" in ruled.actions(alarm)


def test_a_new_rule_holds_back_what_is_open_and_a_patch_lets_go(ruled: RuleWorld) -> None:
    alarm = ruled.raise_alarm("x.noise", "r")
    rule = ruled.write(**QUIET)
    assert ruled.get(alarm).status == "suppressed"
    ruled.edit(rule, enabled=False)
    assert ruled.get(alarm).status == "active"
    ruled.edit(rule, enabled=True)
    assert ruled.get(alarm).status == "suppressed"
    ruled.edit(rule, conditions={"match": {"alarm_type": "x.other"}})
    assert ruled.get(alarm).status == "active"


def test_it_holds_only_while_it_matches(ruled: RuleWorld) -> None:
    ruled.write(type="suppression", conditions={"match": {"alarm_type": "x.noise", "assigned_to": {"present": False}}})
    alarm = ruled.raise_alarm("x.noise", "r")
    assert ruled.get(alarm).status == "suppressed"
    ruled.command(Assign("ada"), alarm)
    assert ruled.get(alarm).status == "active"


@pytest.mark.parametrize(("exempt", "status"), [(5, "active"), (-5, "suppressed")])
def test_of_rules_that_contradict_each_other_the_first_decides(ruled: RuleWorld, exempt: int, status: str) -> None:
    ruled.write(**{**QUIET, "name": "quiet"})
    ruled.write(**{**QUIET, "name": "but", "priority": exempt, "actions": {"suppress": False}})
    assert ruled.get(ruled.raise_alarm("x.noise", "r")).status == status


def test_another_rule_takes_over_what_the_first_lets_go(ruled: RuleWorld) -> None:
    first = ruled.write(**{**QUIET, "name": "a"})
    second = ruled.write(**{**QUIET, "name": "b"})
    alarm = ruled.raise_alarm("x.noise", "r")
    assert [each.by for each in ruled.get(alarm).suppressed_by] == [first]
    ruled.delete(first)
    assert [each.by for each in ruled.get(alarm).suppressed_by] == [second]


def test_a_rule_of_a_tenant_touches_its_alarms_alone(ruled: RuleWorld) -> None:
    rule = ruled.write(by=NORTH, **QUIET)
    mine, theirs = ruled.raise_alarm("x.noise", "r", tenant_id="north"), ruled.raise_alarm("x.noise", "r", tenant_id="south")
    assert [ruled.get(each).status for each in (mine, theirs)] == ["suppressed", "active"]
    (record,) = ruled.records()
    assert record.rule.tenant_id == "north"
    assert ruled.edit(rule, by=Principal("sven", "admin", "south"), enabled=False).refusals[0].reason == "unknown_rule"
    general = ruled.write(**{**QUIET, "name": "general"})
    assert ruled.delete(general, by=NORTH).refusals[0].reason == "not_your_tenant"
    assert ruled.refuse(by=NORTH, **{**QUIET, "tenant_id": "south"}).keys() == {"/tenant_id"}


def test_very_many_alarms_are_looked_at_in_steps(ruled: RuleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.correlator.rules.rule_changes.AT_ONCE", 3)
    alarms = [ruled.raise_alarm("x.noise", f"r{n}") for n in range(10)]
    rule = ruled.write(**QUIET)
    assert sum(ruled.get(each).status == "suppressed" for each in alarms) == 3
    ruled.run_to(10)
    assert all(ruled.get(each).status == "suppressed" for each in alarms)
    ruled.delete(rule)
    ruled.edit(rule, enabled=False)
    ruled.run_to(20)
    assert all(ruled.get(each).status == "active" for each in alarms)


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
    alarm = ruled.raise_alarm("x.slow", "r", severity="minor")
    ruled.run_to(599)
    assert ruled.notifications(alarm) == ["raised"]
    ruled.run_to(601)
    after = ruled.get(alarm)
    assert (after.severity, after.assigned_to) == ("critical", "boss")
    assert "late" in after.tags
    assert ruled.notifications(alarm) == ["raised", "worsened"]
    (line,) = [line for line in ruled.timeline(alarm) if line.action == "escalated"]
    assert "nobody has acknowledged it after 600 s" in line.text
    ruled.run_to(5000)
    assert ruled.actions(alarm).count("escalated") == 1


def test_people_are_told_again_without_another_severity(ruled: RuleWorld) -> None:
    ruled.write(**escalation(notify=True))
    alarm = ruled.raise_alarm("x.slow", "r")
    ruled.run_to(700)
    assert ruled.notifications(alarm) == ["raised", "escalated"]


@pytest.mark.parametrize("unless", ["acknowledged", "cleared"])
def test_what_keeps_it_from_happening(ruled: RuleWorld, unless: str) -> None:
    ruled.write(**escalation(notify=True, unless=unless))
    alarm = ruled.raise_alarm("x.slow", "r")
    ruled.run_to(100).acknowledge(alarm)
    ruled.run_to(700)
    assert ("escalated" in ruled.actions(alarm)) is (unless == "cleared")
    over = ruled.raise_alarm("x.slow", "other")
    ruled.run_to(800).clear_alarm(over)
    ruled.run_to(2000)
    assert "escalated" not in ruled.actions(over)
    assert over not in ruled.state.memory(EscalationMemory).clocks


def test_an_acknowledgement_taken_back_starts_the_clock_again(ruled: RuleWorld) -> None:
    ruled.write(**escalation(notify=True))
    alarm = ruled.raise_alarm("x.slow", "r")
    ruled.run_to(100).acknowledge(alarm)
    ruled.run_to(1000).command(Unacknowledge(), alarm)
    ruled.run_to(1599)
    assert "escalated" not in ruled.actions(alarm)
    ruled.run_to(1601)
    assert "escalated" in ruled.actions(alarm)


def test_what_is_held_back_waits(ruled: RuleWorld) -> None:
    ruled.write(**escalation(notify=True))
    rule = ruled.write(name="quiet", type="suppression", conditions={"match": {"alarm_type": "x.slow"}})
    alarm = ruled.raise_alarm("x.slow", "r")
    ruled.run_to(1000)
    assert "escalated" not in ruled.actions(alarm)
    ruled.delete(rule)
    ruled.run_to(1599)
    assert "escalated" not in ruled.actions(alarm)
    ruled.run_to(1601)
    assert "escalated" in ruled.actions(alarm)


def test_rules_of_one_moment_have_their_say_in_order(ruled: RuleWorld) -> None:
    ruled.write(**escalation("b", assign_to="b"))
    ruled.write(**escalation("a", assign_to="a"))
    ruled.write(**escalation("c", after=1200, severity="critical"))
    alarm = ruled.raise_alarm("x.slow", "r")
    ruled.run_to(700)
    assert ruled.get(alarm).assigned_to == "a"
    ruled.run_to(1300)
    assert ruled.get(alarm).severity == "critical"


def test_a_severity_is_never_lowered(ruled: RuleWorld) -> None:
    ruled.write(**escalation(severity="minor"))
    alarm = ruled.raise_alarm("x.slow", "r", severity="critical")
    ruled.run_to(700)
    assert ruled.get(alarm).severity == "critical"


def test_a_new_rule_counts_from_its_beginning(ruled: RuleWorld) -> None:
    alarm = ruled.raise_alarm("x.slow", "r")
    ruled.run_to(5000).write(**escalation(notify=True))
    ruled.run_to(5599)
    assert "escalated" not in ruled.actions(alarm)
    ruled.run_to(5601)
    assert "escalated" in ruled.actions(alarm)


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
            alarm = ruled.run_to(seconds).raise_alarm("x.flap", resource)
        else:
            ruled.run_to(seconds).clear_alarm(alarm)
    return alarm


def test_one_notice_when_it_begins_and_one_when_it_is_over(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    alarm = flap(ruled, [n * 5 for n in range(15)])
    # 0 to 70 s, the sixth change at 25 s; up at the end.
    assert ruled.notifications(alarm) == ["flapping"]
    assert ruled.get(alarm).status == "suppressed"
    assert ruled.get(alarm).occurrence_count == 8
    ruled.run_to(369)
    assert ruled.notifications(alarm) == ["flapping"]
    ruled.run_to(371)
    assert ruled.notifications(alarm) == ["flapping", "steady"]
    assert ruled.get(alarm).status == "active"
    ruled.run_to(600)
    assert ruled.notifications(alarm) == ["flapping", "steady"], "it was told that it stands"
    ruled.clear_alarm(alarm)
    assert ruled.notifications(alarm) == ["flapping", "steady", "recovered"]
    assert "suppressed" in ruled.actions(alarm)
    assert "released" in ruled.actions(alarm)


def test_the_true_state_is_told_when_it_is_over(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    alarm = flap(ruled, [n * 5 for n in range(10)])
    ruled.run_to(500)
    assert ruled.get(alarm).status == "cleared"
    assert ruled.notifications(alarm) == ["flapping", "steady"]
    (line,) = [line for line in ruled.timeline(alarm) if line.action == "released"]
    assert "it is over" in line.text
    assert ruled.state.memory(NotificationMemory).notified == {}
    assert ruled.state.memory(FlapMemory).flaps == {}


def test_too_slow_is_no_flapping(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    alarm = flap(ruled, [n * 25 for n in range(20)])
    assert "flapping" not in ruled.notifications(alarm)


def test_it_goes_on_through_another_alarm_of_the_same_identity(ruled: RuleWorld) -> None:
    ruled.write(**{**FLAPPING, "time_window": 10_000, "actions": {"quiet_seconds": 5_000}})
    times = [n * 400 for n in range(12)]
    first = flap(ruled, times[:6])
    last = flap(ruled, [times[6]])
    assert first != last, "beyond the control time it is another alarm"
    assert ruled.get(last).status == "suppressed"
    ruled.run_to(times[6] + 60)
    assert ruled.notifications(last) == []
    ruled.run_to(times[6] + 5_001)
    assert ruled.notifications(last) == ["steady"]
    assert list(ruled.state.memory(NotificationMemory).notified) == [last]


def test_identities_are_counted_apart_and_repeats_not_at_all(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    for n in range(5):
        flap(ruled, [n * 10, n * 10 + 1], f"r{n}")
    alarm = ""
    for n in range(20):
        alarm = ruled.run_to(60 + n).raise_alarm("x.flap", "same")
    ruled.run_to(200)
    assert all("flapping" not in ruled.notifications(each) for each in ruled.state.alarms)
    assert ruled.get(alarm).occurrence_count == 20


def test_nobody_hears_of_flapping_below_the_severity_of_notices(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    alarm = ""
    for n in range(12):
        if n % 2 == 0:
            alarm = ruled.run_to(n).raise_alarm("x.flap", "r", severity="info")
        else:
            ruled.run_to(n).clear_alarm(alarm)
    ruled.run_to(1000)
    assert ruled.notifications(alarm) == []
    assert "released" in ruled.actions(alarm)


@pytest.mark.parametrize("how", ["delete", "disable"])
def test_a_rule_that_is_no_more_lets_go(ruled: RuleWorld, how: str) -> None:
    rule = ruled.write(**FLAPPING)
    alarm = flap(ruled, list(range(11)))
    assert ruled.get(alarm).status == "suppressed"
    if how == "delete":
        ruled.delete(rule)
    else:
        ruled.edit(rule, enabled=False)
    assert ruled.get(alarm).status == "active"
    assert ruled.notifications(alarm) == ["flapping", "steady"]


def test_the_rule_of_higher_priority_says_when(ruled: RuleWorld) -> None:
    ruled.write(**FLAPPING)
    ruled.write(**{**FLAPPING, "name": "strict", "priority": 5, "conditions": {**FLAPPING["conditions"], "count": 3}})
    alarm = flap(ruled, [0, 1, 2])
    assert ruled.notifications(alarm) == ["flapping"]

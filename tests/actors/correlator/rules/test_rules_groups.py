"""Alarms within a window, counts, sequences, and what stays away."""

from typing import Any

import pytest
from vocabulary.rules import RuleWorld

from actors.correlator.rules.memories import GroupMemory, SequenceMemory, TimeWindowMemory

FAILED = {"alarm_type": "x.login"}


def count(**more: Any) -> dict[str, Any]:
    conditions = {"match": FAILED, "count": 3, **more.pop("conditions", {})}
    return {
        "type": "correlation",
        "time_window": 60,
        "conditions": conditions,
        "actions": {"alarm_type": "x.attack", "severity": "critical", "title": "Somebody tries", **more.pop("actions", {})},
        **more,
    }


def sequence(**more: Any) -> dict[str, Any]:
    steps = [{"alarm_type": f"x.{letter}"} for letter in "abc"]
    return {"type": "correlation", "time_window": 60, "conditions": {"sequence": steps, **more.pop("conditions", {})}, **more}


def test_alarms_of_one_window_share_a_correlation_id(ruled: RuleWorld) -> None:
    ruled.write(type="correlation", conditions={"match": FAILED}, time_window=100)
    first, second = ruled.raise_alarm("x.login", "olt-1/0/1/5/1"), ruled.run_to(99).raise_alarm("x.login", "olt-1/0/1/5/2")
    late = ruled.run_to(101).raise_alarm("x.login", "olt-1/0/1/5/3")
    latest = ruled.run_to(150).raise_alarm("x.login", "olt-1/0/1/5/4")
    ids = [ruled.get(each).correlation_id for each in (first, second, late, latest)]
    assert ids[0] == ids[1] == first
    assert ids[2] == ids[3] == late, "a window begins with the first, so it cannot go on for ever"
    assert "grouped" in ruled.actions(second)
    ruled.run_to(400)
    assert ruled.state.memory(TimeWindowMemory).windows == {}


def test_so_many_in_the_window_raise_a_group_alarm_and_its_end_is_theirs(ruled: RuleWorld) -> None:
    rule = ruled.write(**count())
    members = [ruled.run_to(n * 10).raise_alarm("x.login", f"olt-1/0/1/5/{n}", severity="minor") for n in range(1, 4)]
    (group,) = ruled.of_type("x.attack")
    assert group.resource_id == "olt-1/0/1/5"
    assert group.resource_type == "pon"
    assert group.severity == "critical"
    assert "Somebody tries" in group.title
    assert group.metadata["rule_id"] == rule
    assert group.affected_customers == ("c1", "c2", "c3")
    assert group.is_root_cause
    assert [ruled.get(each).parent_alarm_id for each in members] == [group.id] * 3
    fourth = ruled.run_to(50).raise_alarm("x.login", "olt-2")
    assert ruled.get(fourth).parent_alarm_id == group.id
    assert len(ruled.of_type("x.attack")) == 1
    for each in members:
        ruled.clear_alarm(each)
    assert ruled.get(group.id).cleared_at is None
    ruled.clear_alarm(fourth)
    assert ruled.get(group.id).cleared_at is not None
    ruled.run_to(400)
    assert ruled.state.memory(GroupMemory).groups == {}
    assert ruled.state.memory(GroupMemory).member_of == {}
    assert not ruled.failures()


def test_the_window_of_a_count_slides(ruled: RuleWorld) -> None:
    ruled.write(**count())
    for n in range(1, 6):
        ruled.run_to(n * 40).raise_alarm("x.login", f"olt-1/0/1/5/{n}")
    assert ruled.of_type("x.attack") == []


def test_one_alarm_that_comes_back_is_one(ruled: RuleWorld) -> None:
    ruled.write(**count())
    for n in range(4):
        alarm = ruled.run_to(n * 5).raise_alarm("x.login", "olt-1/0/1/5/1")
        ruled.run_to(n * 5 + 1).clear_alarm(alarm)
    assert ruled.of_type("x.attack") == []


def test_same_keys_count_apart(ruled: RuleWorld) -> None:
    ruled.write(**count(conditions={"same": ["device", "metadata.card"]}))
    for n in range(1, 6):
        ruled.raise_alarm("x.login", f"olt-{n % 2 + 1}/{n}", metadata={"card": 1})
    (group,) = ruled.of_type("x.attack")
    assert group.qualifier == "correlation: olt-2, 1"
    ruled.raise_alarm("x.login", "olt-1/7")
    assert len(ruled.of_type("x.attack")) == 1, "an alarm without a card shares none"


def test_tenants_count_apart(ruled: RuleWorld) -> None:
    ruled.write(**count())
    for n in range(4):
        ruled.raise_alarm("x.login", f"r{n}", tenant_id=f"t{n % 2}")
    assert ruled.of_type("x.attack") == []
    for n in range(4, 6):
        ruled.raise_alarm("x.login", f"r{n}", tenant_id="t0")
    (group,) = ruled.of_type("x.attack")
    assert (group.tenant_id, group.resource_type, group.resource_id) == ("t0", "tenant", "t0")


def test_a_count_without_an_alarm_shares_a_correlation_id(ruled: RuleWorld) -> None:
    ruled.write(type="correlation", time_window=60, conditions={"match": FAILED, "count": 3})
    members = [ruled.raise_alarm("x.login", f"olt-1/0/1/5/{n}") for n in range(1, 5)]
    assert [ruled.get(each).correlation_id for each in members] == [members[0]] * 4


def test_a_group_alarm_counts_for_no_group_of_its_own(ruled: RuleWorld) -> None:
    ruled.write(**count(conditions={"match": {"title": {"regex": "."}, "source": ["api", "system"]}, "count": 2}))
    for n in range(3):
        ruled.raise_alarm("x.login", f"olt-1/0/1/5/{n + 1}")
    assert len(ruled.of_type("x.attack")) == 1
    assert not ruled.failures()


def test_a_rule_that_is_deleted_ends_its_group(ruled: RuleWorld) -> None:
    rule = ruled.write(**count())
    members = [ruled.raise_alarm("x.login", f"olt-1/0/1/5/{n}") for n in range(1, 4)]
    (group,) = ruled.of_type("x.attack")
    ruled.delete(rule)
    assert ruled.get(group.id).cleared_at is not None
    assert [ruled.get(each).parent_alarm_id for each in members] == [None] * 3
    ruled.run_to(100)
    assert all(ruled.notifications(each) == ["raised"] for each in members)


def test_a_window_holds_only_so_many(ruled: RuleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.correlator.rules.time_window.MAX_MEMBERS", 5)
    monkeypatch.setattr("actors.correlator.rules.time_window.MAX_WINDOWS", 2)
    ruled.write(type="correlation", conditions={"match": FAILED, "same": ["device"], "count": 50})
    for n in range(30):
        ruled.raise_alarm("x.login", f"d{n % 4}/{n}")
    windows = ruled.state.memory(TimeWindowMemory).windows
    assert [len(window.members) for window in windows.values()] == [5, 5]
    assert ruled.state.tally["rule_overflow"] > 0


def test_a_sequence_in_order_within_the_window(ruled: RuleWorld) -> None:
    ruled.write(**sequence(actions={"alarm_type": "x.story"}))
    alarms = [ruled.run_to(n * 20).raise_alarm(f"x.{letter}", "olt-1/0/1/5/1") for n, letter in enumerate("abc", 1)]
    (group,) = ruled.of_type("x.story")
    assert [ruled.get(each).parent_alarm_id for each in alarms] == [group.id] * 3
    assert "x.a then x.b then x.c" in group.description
    ruled.run_to(300)
    assert ruled.state.memory(SequenceMemory).runs == {}


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([(1, "a"), (2, "c"), (3, "b")], 0),
        ([(1, "b"), (2, "c"), (3, "a")], 0),
        ([(1, "a"), (2, "b"), (61, "c")], 1),
        ([(1, "a"), (2, "b"), (62, "c")], 0),
        ([(1, "a"), (30, "a2"), (65, "b"), (66, "c")], 1),
        ([(1, "a"), (2, "x"), (3, "b"), (4, "x"), (5, "c")], 1),
        ([(1, "a"), (2, "b"), (3, "c"), (4, "c2")], 1),
        ([(1, "a"), (2, "a2"), (3, "b"), (4, "b2"), (5, "c"), (6, "c2")], 2),
    ],
)
def test_what_is_a_sequence(ruled: RuleWorld, steps: list[tuple[int, str]], found: int) -> None:
    ruled.write(**sequence(actions={"alarm_type": "x.story"}))
    for seconds, step in steps:
        ruled.run_to(seconds).raise_alarm(f"x.{step[0]}", f"olt-1/0/1/5/{len(step)}", qualifier=step)
    raised = [line for alarm in ruled.of_type("x.story") for line in ruled.timeline(alarm.id) if line.action == "raised"]
    parents = {alarm.parent_alarm_id for alarm in ruled.state.alarms.values()} - {None}
    assert len(raised) >= min(found, 1)
    assert bool(parents) is bool(found)
    assert not ruled.failures()


def test_a_sequence_joined_by_a_key(ruled: RuleWorld) -> None:
    ruled.write(**sequence(conditions={"same": ["resource_id"]}))
    ruled.raise_alarm("x.a", "one"), ruled.raise_alarm("x.b", "two")
    c = ruled.raise_alarm("x.c", "one")
    assert ruled.get(c).correlation_id is None
    ruled.raise_alarm("x.b", "one")
    c = ruled.raise_alarm("x.c", "one", qualifier="2")
    assert ruled.get(c).correlation_id is not None


def absent(**more: Any) -> dict[str, Any]:
    return {
        "type": "correlation",
        "time_window": 60,
        "conditions": {"match": {"alarm_type": "x.a"}, "absent": {"alarm_type": "x.b"}, "same": ["device"]},
        "actions": {"alarm_type": "x.missing", "title": "Nothing followed"},
        **more,
    }


def test_what_stays_away_is_told_of(ruled: RuleWorld) -> None:
    ruled.write(**absent())
    ruled.raise_alarm("x.a", "olt-1")
    ruled.run_to(59)
    assert ruled.of_type("x.missing") == []
    ruled.run_to(61)
    (missing,) = ruled.of_type("x.missing")
    assert missing.resource_id == "olt-1"


@pytest.mark.parametrize("device", ["olt-1", "olt-2"])
def test_what_comes_in_time_is_not(ruled: RuleWorld, device: str) -> None:
    ruled.write(**absent())
    ruled.raise_alarm("x.a", "olt-1")
    ruled.run_to(30).raise_alarm("x.b", device)
    ruled.run_to(200)
    assert bool(ruled.of_type("x.missing")) is (device == "olt-2")


def test_what_is_over_by_then_misses_nothing(ruled: RuleWorld) -> None:
    ruled.write(**absent())
    alarm = ruled.raise_alarm("x.a", "olt-1")
    ruled.run_to(30).clear_alarm(alarm)
    ruled.run_to(200)
    assert ruled.of_type("x.missing") == []
    assert ruled.state.memory(SequenceMemory).awaited == {}


def test_a_group_alarm_cleared_by_hand_is_over_and_the_next_count_raises_it_again(ruled: RuleWorld) -> None:
    ruled.write(**count())
    members = [ruled.raise_alarm("x.login", f"olt-1/0/1/5/{n}") for n in range(1, 4)]
    (group,) = ruled.of_type("x.attack")
    ruled.run_to(1).clear_alarm(group.id)
    assert ruled.state.memory(GroupMemory).groups == {}
    for each in members:
        ruled.clear_alarm(each)
    assert ruled.state.memory(GroupMemory).member_of == {}
    for n in range(4, 7):
        ruled.run_to(100 + n).raise_alarm("x.login", f"olt-1/0/1/5/{n}")
    assert ruled.get(group.id).cleared_at is None
    assert ruled.state.memory(GroupMemory).groups[group.id].open == 3


def test_old_members_do_not_end_a_group_that_was_raised_again_without_them(ruled: RuleWorld) -> None:
    ruled.write(**count())
    old = [ruled.raise_alarm("x.login", f"olt-1/0/1/5/{n}") for n in range(1, 4)]
    (group,) = ruled.of_type("x.attack")
    ruled.run_to(1).clear_alarm(group.id)
    new = [ruled.run_to(100).raise_alarm("x.login", f"olt-1/0/1/5/{n}") for n in range(4, 7)]
    for each in old:
        ruled.clear_alarm(each)
    assert ruled.get(group.id).cleared_at is None
    for each in new:
        ruled.clear_alarm(each)
    assert ruled.get(group.id).cleared_at is not None

"""Parents and children by rule."""

from typing import Any

import msgspec
import pytest
from vocabulary.rules import RuleWorld

from actors.correlator.rules.memories import ParentChildMemory

OLT_RULE: dict[str, Any] = msgspec.json.decode(
    b'{"name":"OLT to ONT Correlation","type":"correlation","conditions":{"parent":{"alarm_type":"device.down",'
    b'"resource_type":"olt"},"child":{"alarm_type":"signal.loss","resource_type":"ont"}},"actions":'
    b'{"mark_parent_as_root_cause":true,"suppress_child_alarms":true,"create_correlation_id":true},"time_window":300}'
)

RULE: dict[str, Any] = {
    **OLT_RULE,
    "name": "mine",
    "conditions": {"parent": {"alarm_type": "x.down"}, "child": {"alarm_type": "x.loss", "resource_type": "ont"}},
}
"""The same for types of which nothing but rules speaks."""


def test_a_child_that_comes_after_its_parent_is_attached_and_not_told(ruled: RuleWorld) -> None:
    ruled.write(**OLT_RULE)
    parent = ruled.run_to(1).raise_alarm("device.down", "olt-1", "olt", severity="critical")
    child = ruled.run_to(200).raise_alarm("signal.loss", "olt-1/0/1/5/3")
    ruled.run_to(280)
    assert ruled.get(child).parent_alarm_id == parent
    assert ruled.get(child).status == "suppressed"
    assert ruled.get(parent).is_root_cause
    assert ruled.get(child).correlation_id == ruled.get(parent).correlation_id is not None
    assert ruled.notifications(parent) == ["raised"]
    assert ruled.notifications(child) == []
    (line,) = [line for line in ruled.timeline(child) if line.action == "correlated"]
    assert line.actor == "faultd:OLT to ONT Correlation"
    assert "below olt-1" in line.text
    assert line.detail["parent"] == ruled.get(parent).alarm_id


def test_a_parent_that_comes_late_takes_what_came_first(ruled: RuleWorld) -> None:
    ruled.write(**OLT_RULE)
    child = ruled.raise_alarm("signal.loss", "ont-9")
    parent = ruled.run_to(3).raise_alarm("device.down", "olt-2", "olt", severity="critical")
    assert ruled.get(child).parent_alarm_id == parent
    assert "faultd:OLT to ONT Correlation" in [line.actor for line in ruled.timeline(child)]


def test_a_parent_that_comes_late_collects_its_children(ruled: RuleWorld) -> None:
    ruled.write(**RULE)
    children = [ruled.run_to(n).raise_alarm("x.loss", f"olt-1/0/1/5/{n}") for n in range(1, 5)]
    other = ruled.raise_alarm("x.loss", "ont-9")
    parent = ruled.run_to(8).raise_alarm("x.down", "olt-1", "olt", severity="critical")
    assert [ruled.get(child).parent_alarm_id for child in children] == [parent] * 4
    assert ruled.get(other).parent_alarm_id is None


@pytest.mark.parametrize(("seconds", "attached"), [(300, True), (301, False)])
@pytest.mark.parametrize("parent_first", [True, False])
def test_only_within_the_window(ruled: RuleWorld, seconds: float, attached: bool, parent_first: bool) -> None:
    ruled.write(**RULE)

    def parent() -> str:
        return str(ruled.raise_alarm("x.down", "olt-1", "olt"))

    def child() -> str:
        return str(ruled.raise_alarm("x.loss", "olt-1/0/1/5/3"))

    first = parent() if parent_first else child()
    ruled.run_to(seconds)
    second = child() if parent_first else parent()
    pair = (first, second) if parent_first else (second, first)
    assert (ruled.get(pair[1]).parent_alarm_id == pair[0]) is attached
    assert not ruled.failures()


def test_without_a_topology_the_same_device_counts(bare: RuleWorld) -> None:
    bare.write(**OLT_RULE)
    children = [
        bare.raise_alarm("signal.loss", "olt-1/0/1/5/3"),
        bare.raise_alarm("signal.loss", "HWTC1234", metadata={"device_id": "olt-1"}),
    ]
    stranger = bare.raise_alarm("signal.loss", "olt-2/0/1/5/3")
    parent = bare.raise_alarm("device.down", "olt-1", "olt")
    later = bare.raise_alarm("signal.loss", "olt-1/0/1/5/4")
    assert [bare.get(child).parent_alarm_id for child in (*children, later)] == [parent] * 3
    assert bare.get(stranger).parent_alarm_id is None


def test_within_a_device_positions_are_believed(bare: RuleWorld) -> None:
    bare.write(
        type="correlation",
        conditions={"parent": {"alarm_type": "x.card"}, "child": {"alarm_type": "x.ont"}},
    )
    card = bare.raise_alarm("x.card", "olt-1/0/1", "card")
    inside, beside = bare.raise_alarm("x.ont", "olt-1/0/1/5/1"), bare.raise_alarm("x.ont", "olt-1/0/12/5/1")
    assert bare.get(inside).parent_alarm_id == card
    assert bare.get(beside).parent_alarm_id is None


def test_tenants_are_kept_apart(ruled: RuleWorld) -> None:
    ruled.write(**{**RULE, "tenant_id": "t"})
    ruled.raise_alarm("x.down", "olt-1", "olt", tenant_id="u")
    theirs = ruled.raise_alarm("x.loss", "olt-1/0/1/5/3", tenant_id="u")
    mine = ruled.raise_alarm("x.loss", "olt-1/0/1/5/4")
    assert ruled.get(theirs).parent_alarm_id is None, "the rule is another tenant's"
    assert ruled.get(mine).parent_alarm_id is None, "the parent is another tenant's"


@pytest.mark.parametrize("action", ["mark_parent_as_root_cause", "suppress_child_alarms", "create_correlation_id"])
def test_each_action_can_be_switched_off(ruled: RuleWorld, action: str) -> None:
    ruled.write(**{**RULE, "actions": {action: False}})
    parent = ruled.raise_alarm("x.down", "olt-1", "olt")
    child = ruled.raise_alarm("x.loss", "olt-1/0/1/5/3")
    assert ruled.get(child).parent_alarm_id == parent
    assert ruled.get(parent).is_root_cause is (action != "mark_parent_as_root_cause")
    assert bool(ruled.get(child).suppressed_by) is (action != "suppress_child_alarms")
    shared = ruled.get(child).correlation_id
    assert (shared is not None and shared == ruled.get(parent).correlation_id) is (action != "create_correlation_id")


def test_same_keys_join_parent_and_child(ruled: RuleWorld) -> None:
    ruled.write(
        type="correlation",
        conditions={"parent": {"alarm_type": "x.p"}, "child": {"alarm_type": "x.c"}, "same": ["metadata.vlan"]},
    )
    parent = ruled.raise_alarm("x.p", "olt-1", "olt", metadata={"vlan": 7})
    one = ruled.raise_alarm("x.c", "olt-1/0/1/5/1", metadata={"vlan": 7})
    two = ruled.raise_alarm("x.c", "olt-1/0/1/5/2", metadata={"vlan": 8})
    three = ruled.raise_alarm("x.c", "olt-1/0/1/5/3")
    assert [ruled.get(each).parent_alarm_id for each in (one, two, three)] == [parent, None, None]


@pytest.mark.parametrize("order", ["low first", "high first"])
def test_of_two_rules_that_contradict_each_other_the_higher_priority_wins(ruled: RuleWorld, order: str) -> None:
    for name, priority, parent_type in (("a", 1, "x.low"), ("b", 5, "x.high")):
        ruled.write(
            name=name,
            type="correlation",
            priority=priority,
            conditions={"parent": {"alarm_type": parent_type}, "child": {"alarm_type": "x.c"}},
        )
    child = ruled.raise_alarm("x.c", "olt-1/0/1/5/1")
    types = ("x.low", "x.high") if order == "low first" else ("x.high", "x.low")
    parents = {each: ruled.raise_alarm(each, "olt-1", "olt") for each in types}
    assert ruled.get(child).parent_alarm_id == parents["x.high"]


def test_of_equal_priority_the_first_by_name_wins(ruled: RuleWorld) -> None:
    for name, parent_type in (("b", "x.b"), ("a", "x.a")):
        ruled.write(
            name=name,
            type="correlation",
            conditions={"parent": {"alarm_type": parent_type}, "child": {"alarm_type": "x.c"}},
        )
    ruled.raise_alarm("x.b", "olt-1", "olt")
    cause = ruled.raise_alarm("x.a", "olt-1", "olt")
    child = ruled.raise_alarm("x.c", "olt-1/0/1/5/1")
    assert ruled.get(child).parent_alarm_id == cause


def test_what_no_rule_attached_no_rule_moves(ruled: RuleWorld) -> None:
    other = ruled.raise_alarm("x.other", "olt-1", "olt")
    ruled.write(type="correlation", conditions={"parent": {"alarm_type": "x.p"}, "child": {"alarm_type": "x.c"}}, priority=1000)
    ruled.raise_alarm("x.p", "olt-1", "olt")
    child = ruled.raise_alarm("x.c", "olt-1/0/1/5/1", parent_alarm_id=other)
    assert ruled.get(child).parent_alarm_id == other


@pytest.mark.parametrize("how", ["deleted", "disabled", "changed"])
def test_a_rule_that_is_no_more_lets_its_children_go(ruled: RuleWorld, how: str) -> None:
    rule = ruled.write(**RULE)
    ruled.raise_alarm("x.down", "olt-1", "olt")
    child = ruled.raise_alarm("x.loss", "olt-1/0/1/5/3")
    if how == "deleted":
        ruled.delete(rule)
    elif how == "disabled":
        ruled.edit(rule, enabled=False)
    else:
        ruled.edit(rule, conditions={"parent": {"alarm_type": "x"}, "child": {"alarm_type": "y"}})
    assert ruled.get(child).parent_alarm_id is None
    ruled.run_to(60)
    assert ruled.notifications(child) == ["raised"]
    assert "detached" in ruled.actions(child)


def test_a_new_description_changes_nothing(ruled: RuleWorld) -> None:
    rule = ruled.write(**RULE)
    parent = ruled.raise_alarm("x.down", "olt-1", "olt")
    child = ruled.raise_alarm("x.loss", "olt-1/0/1/5/3")
    ruled.edit(rule, description="better words", priority=7)
    assert ruled.get(child).parent_alarm_id == parent


def test_a_child_of_a_parent_long_open_is_its_own(ruled: RuleWorld) -> None:
    ruled.write(**RULE)
    ruled.raise_alarm("x.down", "olt-1", "olt")
    ruled.run_to(3600)
    child = ruled.raise_alarm("x.loss", "olt-1/0/1/5/3")
    assert ruled.get(child).parent_alarm_id is None
    ruled.run_to(4000)
    assert ruled.state.memory(ParentChildMemory).recent == {}, "windows leave nothing behind"

"""What conditions mean, and which are refused with their place."""

from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.correlator.plant import Plant
from actors.correlator.rules.compiler import compile_rule, compile_rules
from actors.correlator.rules.conditions import compile_matcher
from actors.correlator.rules.errors import RuleError
from protocols.alarm import Alarm
from protocols.conditions.checks import literals
from protocols.conditions.mistakes import Mistakes
from protocols.rule import Matcher, Rule, RuleRecord
from protocols.topology import Node

NOW = datetime.fromisoformat("2026-03-01T03:00:00+00:00")
PLANT = Plant(
    (
        Node(id="site-1", type="site"),
        Node(id="olt-1", type="olt", parents=("site-1",), address="10.0.0.1", vendor="zte", area="north"),
        Node(id="olt-1/1", type="pon", parents=("olt-1",)),
        Node(id="olt-1/1/7", type="ont", parents=("olt-1/1",), serial="ZTEG1"),
    )
)
ALARM = Alarm(
    id="i",
    alarm_id="A1",
    tenant_id="t",
    source="network_device",
    alarm_type="ont.los",
    severity="major",
    title="ONT 7: no light",
    resource_type="ont",
    resource_id="olt-1/1/7",
    device_id="olt-1",
    subscriber_count=3,
    first_occurrence=NOW,
    last_occurrence=NOW,
    received_at=NOW,
    tags=("vip", "east"),
    service_effect="outage",
    symptom="ont_los",
    metadata={"card": 3, "rx": -28.5, "deep": {"er": "x"}, "up": True, "codes": [1, 2], "a.b": "dotted"},
)


def matches(matcher: dict[str, Any], alarm: Alarm = ALARM) -> bool:
    mistakes = Mistakes()
    found = compile_matcher(msgspec.convert(matcher, Matcher), ("match",), mistakes)
    assert not mistakes.found, mistakes.found
    return found(alarm, PLANT)


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ({}, True),
        ({"alarm_type": "ont.los"}, True),
        ({"alarm_type": "ont.lof"}, False),
        ({"alarm_type": ["ont.lof", "ont.los"]}, True),
        ({"alarm_type": "ont.los", "resource_type": "olt"}, False),
        ({"alarm_type": {"in": ["ont.los"]}}, True),
        ({"alarm_type": {"not": "ont.los"}}, False),
        ({"alarm_type": {"not": ["a", "b"]}}, True),
        ({"alarm_type": {"not": {"regex": r"^ont\."}}}, False),
        ({"title": {"regex": "(?i)NO LIGHT$"}}, True),
        ({"title": {"regex": "^no light"}}, False),
        ({"severity": {"gte": "major"}}, True),
        ({"severity": {"gt": "major"}}, False),
        ({"severity": {"lt": "critical", "gte": "minor"}}, True),
        ({"severity": ["critical", "major"]}, True),
        ({"subscriber_count": {"gte": 3}}, True),
        ({"subscriber_count": {"lt": 3}}, False),
        ({"subscriber_count": 3}, True),
        ({"is_root_cause": False}, True),
        ({"service_effect": "outage"}, True),
        ({"service_effect": ["degraded", "unknown"]}, False),
        ({"symptom": {"not": "ont_dying_gasp"}}, True),
        ({"tags": "vip"}, True),
        ({"tags": ["x", "east"]}, True),
        ({"tags": {"not": "vip"}}, False),
        ({"tags": {"regex": "^ea"}}, True),
        ({"metadata.card": 3}, True),
        ({"metadata.card": "3"}, False),
        ({"metadata.card": {"regex": "^3$"}}, True),
        ({"metadata.rx": {"lt": -27}}, True),
        ({"metadata.up": True}, True),
        ({"metadata.up": 1}, False),
        ({"metadata.up": {"gt": 0}}, False),
        ({"metadata.codes": 2}, True),
        ({"metadata.deep.er": "x"}, True),
        ({"metadata.a.b": "dotted"}, True),
        ({"metadata.none": {"present": False}}, True),
        ({"metadata.none": {"lt": 5}}, False),
        ({"metadata.none": {"not": "x"}}, True),
        ({"metadata.card": {"present": True}}, True),
        ({"acknowledged_at": {"present": False}}, True),
        ({"assigned_to": {"present": False}}, True),
        ({"device": "olt-1"}, True),
        ({"node.serial": "ZTEG1"}, True),
        ({"node.serial": {"in": ["x", "zteg-0000-0001"]}}, True),
        ({"node.serial": "5A54454700000001"}, True),
        ({"node.serial": "ZTEG2"}, False),
        ({"node.vendor": {"present": False}}, True),
        ({"topology.olt": "olt-1"}, True),
        ({"topology.pon": "olt-1/1"}, True),
        ({"topology.splitter": {"present": False}}, True),
        ({"site": "site-1"}, True),
        ({"area": "north"}, True),
        ({"status": "active"}, True),
    ],
)
def test_a_condition(matcher: dict[str, Any], expected: bool) -> None:
    assert matches(matcher) is expected


def record(rule: dict[str, Any], name: str = "r") -> RuleRecord:
    return RuleRecord(
        id=name,
        rule=msgspec.convert({"name": name, **rule}, Rule),
        origin="api",
        created_at=NOW,
        updated_at=NOW,
        updated_by="ada",
    )


def mistakes_of(rule: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(RuleError) as caught:
        compile_rule(record(rule))
    return {one.pointer: one.message for one in caught.value.mistakes}


def suppression(**match: Any) -> dict[str, Any]:
    return {"type": "suppression", "conditions": {"match": match}}


@pytest.mark.parametrize(
    ("rule", "pointer", "says"),
    [
        (suppression(alarm_typ="x"), "/conditions/match/alarm_typ", "did you mean alarm_type"),
        (suppression(alarm_type=5), "/conditions/match/alarm_type", "not text"),
        (suppression(subscriber_count="5"), "/conditions/match/subscriber_count", "not a number"),
        (suppression(subscriber_count=True), "/conditions/match/subscriber_count", "not a number"),
        (suppression(is_root_cause="yes"), "/conditions/match/is_root_cause", "true or false"),
        (suppression(severity="bad"), "/conditions/match/severity", "none of critical"),
        (suppression(severity={"gte": "bad"}), "/conditions/match/severity/gte", "none of critical"),
        (suppression(source="x"), "/conditions/match/source", "none of"),
        (suppression(alarm_type=[]), "/conditions/match/alarm_type", "empty list"),
        (suppression(alarm_type={}), "/conditions/match/alarm_type", "says nothing"),
        (suppression(title={"regex": "("}), "/conditions/match/title/regex", "missing )"),
        (suppression(title={"regex": "(?=a)"}), "/conditions/match/title/regex", "RE2"),
        (suppression(title={"regex": r"(a)\1"}), "/conditions/match/title/regex", "RE2"),
        (suppression(title={"regex": "a{1000}{1000}"}), "/conditions/match/title/regex", "RE2"),
        (suppression(title={"not": {"regex": "["}}), "/conditions/match/title/not/regex", "RE2"),
        (suppression(title={"gt": 5}), "/conditions/match/title/gt", "ranges"),
        (suppression(subscriber_count={"gt": "5"}), "/conditions/match/subscriber_count/gt", "not a number"),
        (suppression(subscriber_count={"regex": "5"}), "/conditions/match/subscriber_count/regex", "pattern is for text"),
        (suppression(cleared_at="2026"), "/conditions/match/cleared_at", "present"),
        (suppression(status="active"), "/conditions/match/status", "changes the status"),
        (suppression(**{"metadata.": 1}), "/conditions/match/metadata.", "no field"),
        (suppression(**{"a/b~": 1}), "/conditions/match/a~1b~0", "no field"),
        (suppression(), "/conditions/match", "every alarm"),
        ({"type": "suppression", "conditions": {}}, "/conditions/match", "missing"),
        (
            {"type": "suppression", "conditions": {"match": {"tags": "x"}}, "actions": {"notify": True}},
            "/actions/notify",
            "nothing for a rule of type suppression",
        ),
        ({"type": "correlation", "conditions": {}}, "/conditions", "one of these"),
        ({"type": "correlation", "conditions": {"parent": {"tags": "x"}}}, "/conditions/child", "missing"),
        (
            {"type": "correlation", "conditions": {"parent": {"tags": "x"}, "child": {"tags": "x"}, "match": {"tags": "x"}}},
            "/conditions",
            "one of these",
        ),
        (
            {"type": "correlation", "conditions": {"match": {"tags": "x"}}, "actions": {"alarm_type": "g"}},
            "/conditions/count",
            "is missing",
        ),
        (
            {"type": "correlation", "conditions": {"match": {"tags": "x"}, "same": ["metadata.x", "nonsense"]}},
            "/conditions/same/1",
            "no field",
        ),
        (
            {"type": "correlation", "conditions": {"match": {"tags": "x"}, "same": ["tags"]}},
            "/conditions/same/0",
            "cannot be joined",
        ),
        (
            {"type": "correlation", "conditions": {"sequence": [{"tags": "x"}, {"nonsense": "x"}]}},
            "/conditions/sequence/1/nonsense",
            "no field",
        ),
        (
            {"type": "correlation", "conditions": {"match": {"tags": "x"}, "absent": {"tags": "y"}}},
            "/actions/alarm_type",
            "is missing",
        ),
        (
            {"type": "correlation", "conditions": {"match": {"tags": "x"}}, "actions": {"title": "t"}},
            "/actions/title",
            "needs alarm_type",
        ),
        ({"type": "escalation", "conditions": {"match": {"tags": "x"}}}, "/actions/after_seconds", "missing"),
        ({"type": "escalation", "conditions": {"match": {"tags": "x"}}}, "/actions", "does nothing"),
        ({"type": "flapping", "conditions": {"parent": {}}}, "/conditions/parent", "nothing for a rule of type flapping"),
    ],
)
def test_a_mistake_is_refused_with_its_place(rule: dict[str, Any], pointer: str, says: str) -> None:
    assert says in mistakes_of(rule)[pointer]


def test_every_mistake_is_named_at_once() -> None:
    found = mistakes_of(suppression(alarm_type=5, nonsense="x", title={"regex": "("}))
    assert len(found) == 3


@pytest.mark.parametrize(
    "bomb", ["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){20}$", "(x+x+)+y", r"^(\w+\s?)*$", "((a{1,9}){1,9}){1,9}$"]
)
def test_a_pattern_that_explodes_elsewhere_is_linear_here(bomb: str) -> None:
    """By steps, not by the clock: none of these would come back within the age of the universe with backtracking."""
    mistakes = Mistakes()
    found = compile_matcher(msgspec.convert({"description": {"regex": bomb}}, Matcher), (), mistakes)
    if mistakes.found:
        assert "RE2" in mistakes.found[0].message
    assert found(msgspec.structs.replace(ALARM, description="a" * 5_000 + "!"), PLANT) in (True, False)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.text(max_size=60))
def test_any_pattern_is_refused_or_answers(pattern: str, text: str) -> None:
    mistakes = Mistakes()
    matcher = {"title": msgspec.convert({"regex": pattern or "x"}, type=Any)}
    converted = msgspec.convert(matcher, Matcher)
    found = compile_matcher(converted, (), mistakes)
    assert isinstance(found(msgspec.structs.replace(ALARM, title=text or "x"), PLANT), bool)


@given(st.lists(st.sampled_from(["ont.los", "ont.lof", "pon.los"]), max_size=3), st.sampled_from(["ont.los", "pon.los"]))
@settings(max_examples=40, deadline=None)
def test_the_index_never_hides_a_rule_that_matches(types: list[str], alarm_type: str) -> None:
    alarm = msgspec.structs.replace(ALARM, alarm_type=alarm_type)
    shapes: list[Any] = [*types, types or ["x"], {"in": types or ["x"]}, {"not": alarm_type}, {"regex": "los"}]
    records = [record(suppression(alarm_type=shape), f"r{n}") for n, shape in enumerate(shapes)]
    rules, wrong = compile_rules(records)
    assert not wrong
    indexed = {part.rule.id for part in rules.of(alarm)[0] if part.matches(alarm, PLANT)}
    searched = set()
    for each in records:
        (part,) = compile_rule(each)
        if part.matches(alarm, PLANT):
            searched.add(each.id)
    assert indexed == searched


def test_what_a_rule_is_indexed_by() -> None:
    def of(condition: Any) -> tuple[str, ...] | None:
        return literals(msgspec.convert({"alarm_type": condition}, Matcher), "alarm_type")

    assert of("a") == ("a",)
    assert of(["a", "b"]) == ("a", "b")
    assert of({"in": ["a"]}) == ("a",)
    assert of({"not": "a"}) is None
    assert of({"regex": "a"}) is None
    assert literals({}, "alarm_type") is None


def test_a_disabled_rule_is_checked_and_not_asked() -> None:
    rules, wrong = compile_rules([record({**suppression(alarm_type="ont.los"), "enabled": False})])
    assert not wrong
    assert rules.of(ALARM) == ((), ())
    _, wrong = compile_rules([record({**suppression(nonsense="x"), "enabled": False})])
    assert list(wrong) == ["r"]


def test_the_order_is_priority_then_name() -> None:
    records = [record({**suppression(alarm_type="ont.los"), "priority": p}, name) for name, p in (("b", 1), ("c", 9), ("a", 1))]
    rules, _ = compile_rules(records)
    assert [part.rule.id for part in rules.of(ALARM)[0]] == ["c", "a", "b"]

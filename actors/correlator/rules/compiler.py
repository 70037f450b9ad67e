"""Rules made ready: each checked and turned into functions, all of them indexed by what an alarm is."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal, NamedTuple

from actors.correlator.plant import Plant
from actors.correlator.rules.conditions import Matches, compile_matcher
from actors.correlator.rules.errors import RuleError
from actors.correlator.rules.fields import Take, field_named
from protocols.alarm import Alarm
from protocols.conditions.checks import literals
from protocols.conditions.mistakes import Mistakes
from protocols.rule import Actions, Conditions, Matcher, Rule, RuleRecord

Role = Literal["parent", "child", "member", "step", "absent", "suppress", "escalate", "flap"]
MAX_LOOKUPS = 20_000
"""Kinds of alarms whose rules are remembered."""
_TAKES: dict[str, tuple[set[str], set[str]]] = {
    "correlation": (
        {"match", "parent", "child", "sequence", "absent", "count", "count_of", "same"},
        {
            "mark_parent_as_root_cause",
            "suppress_child_alarms",
            "create_correlation_id",
            "alarm_type",
            "severity",
            "title",
            "description",
            "recommended_action",
        },
    ),
    "suppression": ({"match"}, {"suppress"}),
    "escalation": ({"match"}, {"after_seconds", "unless", "severity", "assign_to", "add_tags", "notify"}),
    "flapping": ({"match", "count"}, {"quiet_seconds"}),
}
"""Conditions and actions of each type of rule."""


class CompiledRule:
    """One rule in force. ``order`` sorts rules: the first has the last word."""

    __slots__ = ("id", "of_occurrences", "order", "record", "rule", "same", "tenant", "window")

    def __init__(self, record: RuleRecord, same: tuple[Take, ...]) -> None:
        rule = record.rule
        self.record, self.rule, self.id, self.same = record, rule, record.id, same
        self.tenant = rule.tenant_id
        self.of_occurrences = rule.conditions.count_of == "occurrences"
        self.window = timedelta(seconds=rule.time_window)
        self.order = (-rule.priority, rule.name, record.id)

    def key(self, alarm: Alarm, plant: Plant) -> str | None:
        """The values that alarms must share to be grouped, the tenant included; None when an alarm lacks one."""
        parts = [alarm.tenant_id]
        for take in self.same:
            value = take(alarm, plant)
            if value is None:
                return None
            parts.append(str(value))
        return "\x1f".join(parts)


class RulePart(NamedTuple):
    """One matcher of a rule. ``step`` counts the steps of a sequence. ``types`` and ``resources``: the only alarm types and
    resource types that can match, None for any."""

    rule: CompiledRule
    role: Role
    step: int
    matches: Matches
    types: frozenset[str] | None = None
    resources: frozenset[str] | None = None


class CompiledRules:
    """The rules in force, indexed by alarm type and resource type."""

    def __init__(self, parts: Iterable[RulePart] = ()) -> None:
        self._parts = sorted(parts, key=lambda part: (part.rule.order, part.step))
        self.by_id = {part.rule.id: part.rule for part in self._parts}
        self.counts = any(part.rule.of_occurrences for part in self._parts)
        """True when a rule counts each report of an alarm."""
        self._known: dict[tuple[str, str], tuple[tuple[RulePart, ...], tuple[RulePart, ...]]] = {}

    def of(self, alarm: Alarm) -> tuple[tuple[RulePart, ...], tuple[RulePart, ...]]:
        """The parts that can match an alarm of this type and resource type, in order: those of flapping apart, at the end."""
        kind = (alarm.alarm_type, alarm.resource_type)
        found = self._known.get(kind)
        return self._find(kind) if found is None else found

    def _find(self, kind: tuple[str, str]) -> tuple[tuple[RulePart, ...], tuple[RulePart, ...]]:
        able = [
            part
            for part in self._parts
            if (part.types is None or kind[0] in part.types) and (part.resources is None or kind[1] in part.resources)
        ]
        found = (
            tuple(part for part in able if part.role != "flap"),
            tuple(part for part in able if part.role == "flap"),
        )
        if len(self._known) >= MAX_LOOKUPS:
            self._known.clear()
        self._known[kind] = found
        return found


def compile_rule(record: RuleRecord) -> list[RulePart]:
    """The parts of one rule. Raises :class:`RuleError` with every mistake."""
    rule, mistakes = record.rule, Mistakes()
    _check_shape(rule, mistakes)
    conditions = rule.conditions
    same = []
    for number, name in enumerate(conditions.same):
        field = field_named(name)
        if field is None or field.tested.kind in ("many", "time"):
            text = "no field has this name" if field is None else "alarms cannot be joined by it"
            mistakes.add(("conditions", "same", number), f"{name!r}: {text}")
        else:
            same.append(field.take)
    compiled = CompiledRule(record, tuple(same))
    parts: list[RulePart] = []

    def part(role: Role, matcher: Matcher | None, path: tuple[str | int, ...], step: int = 0) -> None:
        if matcher is not None:
            where = ("conditions", *path)
            types, resources = (literals(matcher, name) for name in ("alarm_type", "resource_type"))
            parts.append(
                RulePart(
                    compiled,
                    role,
                    step,
                    compile_matcher(matcher, where, mistakes),
                    None if types is None else frozenset(types),
                    None if resources is None else frozenset(resources),
                )
            )

    roles: dict[str, Role] = {
        "correlation": "member",
        "suppression": "suppress",
        "escalation": "escalate",
        "flapping": "flap",
    }
    part("parent", conditions.parent, ("parent",))
    part("child", conditions.child, ("child",))
    part(roles[rule.type], conditions.match, ("match",))
    part("absent", conditions.absent, ("absent",))
    for step, matcher in enumerate(conditions.sequence or ()):
        part("step", matcher, ("sequence", step), step)
    if mistakes.found:
        raise RuleError(tuple(mistakes.found))
    return parts


def compile_rules(records: Iterable[RuleRecord]) -> tuple[CompiledRules, dict[str, str]]:
    """The enabled rules, indexed; and by id what is wrong with those that cannot be used."""
    parts: list[RulePart] = []
    wrong: dict[str, str] = {}
    for record in records:
        try:
            found = compile_rule(record)
        except RuleError as error:
            wrong[record.id] = str(error)
            continue
        if record.rule.enabled:
            parts += found
    return CompiledRules(parts), wrong


def _given(struct: Conditions | Actions) -> set[str]:
    return {name for name in struct.__struct_fields__ if getattr(struct, name) not in (None, ())}


def _check_shape(rule: Rule, mistakes: Mistakes) -> None:
    """Check that the conditions and actions belong to the rule's type, and that none is missing."""
    conditions, actions = _given(rule.conditions), _given(rule.actions)
    may, can = _TAKES[rule.type]
    for name in sorted(conditions - may):
        mistakes.add(("conditions", name), f"is nothing for a rule of type {rule.type}")
    for name in sorted(actions - can):
        mistakes.add(("actions", name), f"is nothing for a rule of type {rule.type}")
    check = {"correlation": _check_correlation, "escalation": _check_escalation}.get(rule.type)
    if check is not None:
        check(rule, conditions, actions, mistakes)
        return
    if rule.conditions.match is None:
        mistakes.add(("conditions", "match"), "is missing")
    elif rule.type == "suppression":
        if not rule.conditions.match:
            mistakes.add(("conditions", "match"), "no condition: this would hold back every alarm")
        if "status" in rule.conditions.match:
            mistakes.add(("conditions", "match", "status"), "suppression itself changes the status: not a condition for it")


def _check_correlation(rule: Rule, conditions: set[str], actions: set[str], mistakes: Mistakes) -> None:
    kin = {"parent", "child"} & conditions
    forms = [bool(kin), "match" in conditions, "sequence" in conditions]
    if sum(forms) != 1:
        mistakes.add(("conditions",), "give parent and child, or match, or sequence: one of these")
        return
    if kin and len(kin) == 1:
        missing = ({"parent", "child"} - kin).pop()
        mistakes.add(("conditions", missing), "is missing")
    if "count" in conditions and "match" not in conditions:
        mistakes.add(("conditions", "count"), "goes with match")
    if "count_of" in conditions and "count" not in conditions:
        mistakes.add(("conditions", "count_of"), "goes with count")
    if "absent" in conditions:
        if "match" not in conditions or "count" in conditions:
            mistakes.add(("conditions", "absent"), "goes with match alone")
        if "alarm_type" not in actions:
            mistakes.add(("actions", "alarm_type"), "is missing: the alarm to raise when the other stays away")
    group = {"severity", "title", "description", "recommended_action"} & actions
    if kin:
        for name in sorted(group | ({"alarm_type"} & actions)):
            mistakes.add(("actions", name), "parent and child are alarms that there are: none is raised")
    elif "alarm_type" not in actions:
        for name in sorted(group):
            mistakes.add(("actions", name), "needs alarm_type: without it no alarm is raised")
    elif not {"count", "absent", "sequence"} & conditions:
        mistakes.add(("conditions", "count"), "is missing: so many make a group alarm")


def _check_escalation(rule: Rule, conditions: set[str], actions: set[str], mistakes: Mistakes) -> None:
    if "match" not in conditions:
        mistakes.add(("conditions", "match"), "is missing")
    if "after_seconds" not in actions:
        mistakes.add(("actions", "after_seconds"), "is missing")
    if not {"severity", "assign_to", "add_tags", "notify"} & actions:
        mistakes.add(("actions",), "does nothing: give severity, assign_to, add_tags or notify")

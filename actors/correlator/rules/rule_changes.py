"""Changes of rules, by their files and by commands. The actions of a rule that changes or goes are undone, and the new rules
are applied to the open alarms."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec.structs import replace

from actors.correlator.draft import Draft
from actors.correlator.operator_tables import emit_rules
from actors.correlator.rules import escalation, groups, parent_child, sequence, suppression, time_window
from actors.correlator.rules.compiler import CompiledRules, compile_rule, compile_rules
from actors.correlator.rules.errors import RuleError
from actors.correlator.rules.memories import EscalationMemory, ParentChildMemory, RuleMemory
from actors.correlator.rules.plugins import forgive
from actors.correlator.rules.rule_registry import api_rule_id, file_rule_id, install_rules, rules_of
from actors.correlator.strategies import flapping
from actors.expected_revision import outdated
from protocols.change import Answer, Refusal, RuleChanged
from protocols.command import CreateRule, DeleteRule, EditRule, RuleAction
from protocols.event import RulesLoaded
from protocols.principal import Principal
from protocols.rule import Rule, RuleRecord

NAME = "rules"
MAX_RULES = 5_000
AT_ONCE = 2_000
"""Alarms examined in one step; the others follow after a moment."""
LOOK_AGAIN = timedelta(seconds=1)


def fold_rules(draft: Draft, event: RulesLoaded) -> None:
    """Replace the rules of the files."""
    memory = draft.state.memory(RuleMemory)
    records = {record.id: record for record in memory.records.values() if record.origin == "api"}
    overrides: dict[str, bool] = {}
    for rule in event.rules:
        rule_id = file_rule_id(draft.state, rule.name)
        if rule_id in memory.overrides:
            overrides[rule_id] = memory.overrides[rule_id]
            rule = replace(rule, enabled=overrides[rule_id])
        old = memory.records.get(rule_id)
        if old is not None and old.rule == rule:
            records[rule_id] = old
            continue
        records[rule_id] = RuleRecord(
            id=rule_id,
            rule=rule,
            origin="file",
            created_at=old.created_at if old is not None else draft.at,
            updated_at=draft.at,
            updated_by="file",
            revision=old.revision + 1 if old is not None else 1,
            switched=rule_id in overrides,
        )
    switch(draft, records)
    forgive(draft, event.plugins)
    draft.on_commit(_take_files, memory, event, overrides)


def restore_rules(draft: Draft, found: Sequence[RuleRecord]) -> None:
    """Put rules of another ledger in force. A rule of a file gets the id that this ledger gives it: the files that are read
    next then find it, and ``enabled`` stays as it was set through the API."""
    memory = draft.state.memory(RuleMemory)
    records = dict(memory.records)
    for record in found:
        rule_id = file_rule_id(draft.state, record.rule.name) if record.origin == "file" else record.id
        if rule_id != record.id:
            draft.emit(RuleChanged(draft.offset, record.id))
        if record.switched:
            draft.set(memory.overrides, rule_id, record.rule.enabled)
        records[rule_id] = replace(record, id=rule_id)
    switch(draft, records)


def fold_rule_command(draft: Draft, by: Principal, action: RuleAction, expected: Mapping[str, int]) -> None:
    """Apply a command to a rule. Answer with its id, or refuse it with every reason. ``expected``: revisions that the caller
    knows, by rule id."""
    try:
        if isinstance(action, CreateRule):
            rule_id = _create(draft, by, action.rule)
        elif isinstance(action, EditRule):
            rule_id = _edit(draft, by, action, expected)
        else:
            rule_id = _delete(draft, by, action, expected)
    except RefusedRule as refused:
        draft.emit(Answer(offset=draft.offset, refusals=refused.refusals))
        return
    except RuleError as error:
        refusals = tuple(Refusal(mistake.pointer, "invalid", mistake.message) for mistake in error.mistakes)
        draft.emit(Answer(offset=draft.offset, refusals=refusals))
        return
    draft.emit(Answer(offset=draft.offset, accepted=(rule_id,)))


class RefusedRule(Exception):
    """A command that does not apply."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusals = (refusal,)
        super().__init__(refusal.text)


def switch(draft: Draft, records: dict[str, RuleRecord]) -> None:
    """Put these rules in force, undo the actions of those that are gone or different, and examine the open alarms again."""
    state = draft.state
    memory = state.memory(RuleMemory)
    before = rules_of(state)
    rules, wrong = compile_rules(records.values())
    gone = dict(memory.gone)
    for rule_id, old in before.by_id.items():
        new = rules.by_id.get(rule_id)
        if new is None:
            gone[rule_id] = f"rule {old.rule.name!r} is not in force any more"
        elif _essence(old.rule) != _essence(new.rule):
            gone[rule_id] = f"rule {old.rule.name!r} was changed"
    emit_rules(draft, memory.records, records)
    draft.on_commit(install_rules, state, records, rules, wrong)
    for part in (parent_child, time_window, sequence):
        part.drop(draft, gone)
    groups.release(draft, gone)
    flapping.release(draft, gone)
    pending = dict.fromkeys(memory.pending)
    adopted = state.memory(ParentChildMemory).adopted
    pending.update((alarm_id, None) for alarm_id, by in adopted.items() if by.rule in gone)
    clocks = state.memory(EscalationMemory).clocks
    for alarm in state.alarms.values():
        if alarm.cleared_at is not None:
            continue
        parts, _ = rules.of(alarm)
        if (
            any(part.role in ("suppress", "escalate") for part in parts)
            or any(each.kind == "rule" for each in alarm.suppressed_by)
            or alarm.id in clocks
        ):
            pending[alarm.id] = None
    _look(draft, rules, list(pending), gone)


def look_on(draft: Draft) -> None:
    """Apply the changed rules to the next alarms that wait for it."""
    memory = draft.state.memory(RuleMemory)
    _look(draft, rules_of(draft.state), memory.pending, memory.gone)


def _look(draft: Draft, rules: CompiledRules, pending: list[str], gone: dict[str, str]) -> None:
    for alarm_id in pending[:AT_ONCE]:
        parent_child.release(draft, alarm_id, gone)
        alarm = draft.get(alarm_id)
        if alarm is None or alarm.cleared_at is not None:
            continue
        parts, _ = rules.of(alarm)
        suppression.decide(draft, parts, alarm)
        alarm = draft.latest(alarm)
        if any(part.role == "escalate" for part in parts):
            escalation.look(draft, parts, alarm, alarm)
        elif escalation.concerns(draft, alarm):
            escalation.stop(draft, alarm_id)
    left = pending[AT_ONCE:]
    draft.on_commit(_set_pending, draft.state.memory(RuleMemory), left, gone if left else {})
    if left:
        draft.wake(NAME, "look", draft.at + LOOK_AGAIN)


def _set_pending(memory: RuleMemory, pending: list[str], gone: dict[str, str]) -> None:
    memory.pending, memory.gone = pending, gone


def _take_files(memory: RuleMemory, event: RulesLoaded, overrides: dict[str, bool]) -> None:
    memory.digest, memory.plugins, memory.overrides = event.digest, event.plugins, overrides
    memory.disabled_plugins = {}


def _essence(rule: Rule) -> tuple[object, ...]:
    """The parts of a rule whose change undoes the rule's actions."""
    return rule.type, rule.tenant_id, rule.time_window, rule.conditions, rule.actions


def _create(draft: Draft, by: Principal, rule: Rule) -> str:
    memory = draft.state.memory(RuleMemory)
    if rule.tenant_id is None and by.tenant is not None:
        rule = replace(rule, tenant_id=by.tenant)
    if len(memory.records) >= MAX_RULES:
        raise RefusedRule(Refusal("", "limit", f"there are {MAX_RULES} rules already"))
    rule_id = api_rule_id(draft.state, draft.offset)
    record = RuleRecord(id=rule_id, rule=rule, origin="api", created_at=draft.at, updated_at=draft.at, updated_by=by.name)
    _check(draft, by, record)
    switch(draft, {**memory.records, rule_id: record})
    return rule_id


def _edit(draft: Draft, by: Principal, action: EditRule, expected: Mapping[str, int]) -> str:
    memory = draft.state.memory(RuleMemory)
    old = _reach(draft, by, action.rule_id, expected)
    given = action.fields.given()
    if old.origin == "file" and set(given) - {"enabled"}:
        raise RefusedRule(
            Refusal("", "wrong_state", f"rule {old.rule.name!r} is written in a file: only enabled can be set here")
        )
    record = replace(old, rule=replace(old.rule, **given), updated_at=draft.at, updated_by=by.name)
    record = replace(record, revision=old.revision + 1, switched=old.origin == "file")
    _check(draft, by, record)
    switch(draft, {**memory.records, old.id: record})
    if old.origin == "file":
        draft.set(memory.overrides, old.id, record.rule.enabled)
    return old.id


def _delete(draft: Draft, by: Principal, action: DeleteRule, expected: Mapping[str, int]) -> str:
    memory = draft.state.memory(RuleMemory)
    old = _reach(draft, by, action.rule_id, expected)
    if old.origin == "file":
        raise RefusedRule(
            Refusal("", "wrong_state", f"rule {old.rule.name!r} is written in a file: take it out there, or disable it")
        )
    switch(draft, {rule_id: record for rule_id, record in memory.records.items() if rule_id != old.id})
    return old.id


def _reach(draft: Draft, by: Principal, rule_id: str, expected: Mapping[str, int]) -> RuleRecord:
    """The rule that a principal may write and whose revision is the expected one. Raises RefusedRule for another."""
    record = draft.state.memory(RuleMemory).records.get(rule_id)
    if record is None or (by.tenant is not None and record.rule.tenant_id not in (None, by.tenant)):
        raise RefusedRule(Refusal(rule_id, "unknown_rule", f"no rule {rule_id!r}"))
    if by.tenant is not None and record.rule.tenant_id is None:
        raise RefusedRule(Refusal(rule_id, "not_your_tenant", f"rule {record.rule.name!r} is every tenant's"))
    if (refusal := outdated(expected, record.id, record.revision, f"rule {record.rule.name!r}")) is not None:
        raise RefusedRule(refusal)
    return record


def _check(draft: Draft, by: Principal, record: RuleRecord) -> None:
    rule = record.rule
    if by.tenant is not None and rule.tenant_id != by.tenant:
        raise RefusedRule(Refusal("/tenant_id", "not_your_tenant", f"this token writes rules of tenant {by.tenant!r} only"))
    compile_rule(record)
    for other in draft.state.memory(RuleMemory).records.values():
        if other.id != record.id and other.rule.name == rule.name and other.rule.tenant_id == rule.tenant_id:
            raise RefusedRule(Refusal("/name", "wrong_state", f"there is a rule called {rule.name!r} already"))

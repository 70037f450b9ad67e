"""Strategy 4, pattern: alarms one after the other (A, then B, then C), and an alarm after which another stays away."""

from datetime import timedelta

from actors.correlator.draft import Draft
from actors.correlator.rules.compiler import CompiledRule, CompiledRules, RulePart
from actors.correlator.rules.groups import raise_group, share
from actors.correlator.rules.memories import Run, SequenceMemory
from protocols.alarm import Alarm

NAME = "rules"
MAX_RUNS = 32
"""Beginnings of one sequence (for one key) that wait for their next step; the oldest go first."""
MAX_KEYS = 20_000
_MOMENT = timedelta(milliseconds=1)


def step(draft: Draft, rules: CompiledRules, part: RulePart, alarm: Alarm) -> None:
    """Take an alarm as one step. It continues the sequences that wait for this step; as the first step it begins one."""
    rule = part.rule
    key = rule.key(alarm, draft.state.plant)
    if key is None:
        return
    name = f"{rule.id} {key}"
    table = draft.state.memory(SequenceMemory).runs
    runs = tuple(run for run in draft.read(table, name) or () if draft.at - run.at <= rule.window)
    if part.step == 0:
        fresh = tuple(run for run in runs if run.alarms != (alarm.id,))
        if not runs and len(table) >= MAX_KEYS:
            draft.note("rule_overflow")
            return
        draft.set(table, name, (*fresh, Run(draft.at, (alarm.id,)))[-MAX_RUNS:])
        draft.wake(NAME, f"runs {name}", draft.at + rule.window + _MOMENT)
        return
    # The oldest that waits for this step goes on: what comes first is served first.
    found = next((run for run in runs if len(run.alarms) == part.step and alarm.id not in run.alarms), None)
    if found is None:
        return
    carried = Run(found.at, (*found.alarms, alarm.id))
    if len(carried.alarms) < len(rule.rule.conditions.sequence or ()):
        draft.set(table, name, tuple(carried if run is found else run for run in runs))
        return
    draft.set(table, name, tuple(run for run in runs if run is not found))
    alarms = [each for each in map(draft.get, carried.alarms) if each is not None]
    what = f"{' then '.join(each.alarm_type for each in alarms)} within {rule.rule.time_window:g} s"
    _conclude(draft, rules, rule, key, alarms, what)


def await_other(draft: Draft, rule: CompiledRule, alarm: Alarm) -> None:
    """Begin to wait for the other alarm, for the time window."""
    key = rule.key(alarm, draft.state.plant)
    if key is None:
        return
    name = f"{rule.id} {key}"
    table = draft.state.memory(SequenceMemory).awaited
    others = tuple(run for run in draft.read(table, name) or () if run.alarms != (alarm.id,))
    if not others and len(table) >= MAX_KEYS:
        draft.note("rule_overflow")
        return
    draft.set(table, name, (*others, Run(draft.at, (alarm.id,)))[-MAX_RUNS:])
    if not others:
        draft.wake(NAME, f"absent {name}", draft.at + rule.window)


def came(draft: Draft, rule: CompiledRule, alarm: Alarm) -> None:
    """The other alarm has come: stop waiting."""
    key = rule.key(alarm, draft.state.plant)
    if key is not None:
        name = f"{rule.id} {key}"
        table = draft.state.memory(SequenceMemory).awaited
        if draft.read(table, name) is not None:
            draft.drop(table, name)
            draft.no_wake(NAME, f"absent {name}")


def stayed_away(draft: Draft, rules: CompiledRules, name: str, rule: CompiledRule | None) -> None:
    """The window ended without the other alarm: report that, if the first alarm is still open."""
    table = draft.state.memory(SequenceMemory).awaited
    runs = draft.read(table, name) or ()
    if rule is None:
        draft.drop(table, name)
        return
    due = [run for run in runs if draft.at - run.at >= rule.window]
    left = tuple(run for run in runs if draft.at - run.at < rule.window)
    if left:
        draft.set(table, name, left)
        draft.wake(NAME, f"absent {name}", left[0].at + rule.window)
    else:
        draft.drop(table, name)
    alarms = [each for run in due for each in [draft.get(run.alarms[0])] if each is not None and each.cleared_at is None]
    if alarms:
        what = f"{alarms[0].alarm_type}, and what should have followed has not within {rule.rule.time_window:g} s"
        raise_group(draft, rules, rule, name.partition(" ")[2], alarms, what)


def expire(draft: Draft, name: str, rule: CompiledRule | None) -> None:
    """Drop beginnings older than the window."""
    table = draft.state.memory(SequenceMemory).runs
    runs = tuple(run for run in draft.read(table, name) or () if rule is not None and draft.at - run.at <= rule.window)
    if rule is None or not runs:
        draft.drop(table, name)
        return
    draft.set(table, name, runs)
    draft.wake(NAME, f"runs {name}", runs[0].at + rule.window + _MOMENT)


def drop(draft: Draft, gone: dict[str, str]) -> None:
    """Forget the beginnings of sequences of rules that are gone."""
    memory = draft.state.memory(SequenceMemory)
    for table in (memory.runs, memory.awaited):
        for name in table:
            if name.partition(" ")[0] in gone:
                draft.drop(table, name)


def _conclude(draft: Draft, rules: CompiledRules, rule: CompiledRule, key: str, alarms: list[Alarm], what: str) -> None:
    if rule.rule.actions.alarm_type is not None:
        raise_group(draft, rules, rule, key, alarms, what)
        return
    correlation_id = alarms[0].correlation_id or alarms[0].id
    for alarm in alarms:
        share(draft, rule, correlation_id, alarm, what)

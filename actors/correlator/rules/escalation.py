"""Escalation rules: an alarm that stays unacknowledged (or uncleared) for too long gets a higher severity, an assignee, tags,
or another notification.

The time runs from the raise; after a hold or a shelf from its end; after a withdrawn acknowledgement from the withdrawal; for a
new rule from its creation. Each rule escalates an alarm once until the alarm ends.
"""

from datetime import timedelta
from typing import Any

from actors.correlator.alarms.lifecycle import moved, severity_changed
from actors.correlator.draft import Draft
from actors.correlator.rules.compiler import CompiledRule, RulePart
from actors.correlator.rules.memories import EscalationClock, EscalationMemory
from actors.correlator.strategies.notifications import request_notification
from protocols.alarm import Alarm
from protocols.severity import is_worse

NAME = "rules"


def look(draft: Draft, parts: tuple[RulePart, ...], before: Alarm | None, alarm: Alarm) -> None:
    """Start, stop or set the clock of an alarm that changed."""
    clocks = draft.state.memory(EscalationMemory).clocks
    clock = draft.read(clocks, alarm.id)
    if alarm.cleared_at is not None or alarm.suppressed_by or alarm.shelved_until is not None:
        if clock is not None:
            stop(draft, alarm.id)
        return
    rules = _matching(draft, parts, alarm)
    unacknowledged = before is not None and before.acknowledged_at is not None and alarm.acknowledged_at is None
    if clock is None or unacknowledged:
        if not rules:
            return
        clock = draft.set(clocks, alarm.id, EscalationClock(draft.at, clock.done if clock is not None else ()))
    _set(draft, rules, alarm, clock)


def due(draft: Draft, parts: tuple[RulePart, ...], alarm: Alarm) -> None:
    """Let the rules have their say whose time has come, in their order."""
    clocks = draft.state.memory(EscalationMemory).clocks
    clock = draft.read(clocks, alarm.id)
    if clock is None or alarm.cleared_at is not None:
        return
    rules = _matching(draft, parts, alarm)
    done = clock.done
    for rule in rules:
        if rule.id in done or clock.since + _after(rule) > draft.at:
            continue
        alarm = draft.latest(alarm)
        if _wants(rule, alarm):
            done = (*done, rule.id)
            _escalate(draft, rule, alarm, clock)
    clock = draft.set(clocks, alarm.id, EscalationClock(clock.since, done))
    _set(draft, rules, draft.latest(alarm), clock)


def concerns(draft: Draft, alarm: Alarm) -> bool:
    """True when the alarm's escalation time runs."""
    return alarm.id in draft.state.memory(EscalationMemory).clocks


def stop(draft: Draft, alarm_id: str) -> None:
    """No rule waits for the alarm any more."""
    draft.drop(draft.state.memory(EscalationMemory).clocks, alarm_id)
    draft.no_wake(NAME, f"escalate {alarm_id}")


def _escalate(draft: Draft, rule: CompiledRule, alarm: Alarm, clock: EscalationClock) -> None:
    actions = rule.rule.actions
    axes: dict[str, Any] = {}
    detail: dict[str, Any] = {"rule_id": rule.id}
    if actions.assign_to is not None and alarm.assigned_to is None:
        axes["assigned_to"] = detail["assigned_to"] = actions.assign_to
    tags = tuple(tag for tag in actions.add_tags or () if tag not in alarm.tags)
    if tags:
        axes["tags"], detail["tags"] = (*alarm.tags, *tags), list(tags)
    changed = moved(alarm, **axes)
    if actions.severity is not None and is_worse(actions.severity, alarm.severity):
        detail["severity"] = f"{alarm.severity} to {actions.severity}"
        changed = severity_changed(changed, actions.severity)
    waited = (draft.at - clock.since).total_seconds()
    what = "nobody has acknowledged it" if actions.unless != "cleared" else "it is not over"
    why = f"rule {rule.rule.name!r}: {what} after {waited:g} s"
    draft.put(changed, "escalated", f"faultd:{rule.rule.name}", why, **detail)
    if actions.notify and "severity" not in detail:
        # A higher severity requests a notification by itself.
        request_notification(draft, draft.latest(changed), "escalated", why)


def _wants(rule: CompiledRule, alarm: Alarm) -> bool:
    return alarm.acknowledged_at is None or rule.rule.actions.unless == "cleared"


def _matching(draft: Draft, parts: tuple[RulePart, ...], alarm: Alarm) -> list[CompiledRule]:
    plant = draft.state.plant
    return [
        part.rule
        for part in parts
        if part.role == "escalate" and part.rule.tenant in (None, alarm.tenant_id) and part.matches(alarm, plant)
    ]


def _set(draft: Draft, rules: list[CompiledRule], alarm: Alarm, clock: EscalationClock) -> None:
    left = [clock.since + _after(rule) for rule in rules if rule.id not in clock.done and _wants(rule, alarm)]
    if left:
        draft.wake(NAME, f"escalate {alarm.id}", max(min(left), draft.at))
    else:
        draft.no_wake(NAME, f"escalate {alarm.id}")


def _after(rule: CompiledRule) -> timedelta:
    return timedelta(seconds=rule.rule.actions.after_seconds or 0.0)

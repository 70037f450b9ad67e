"""The rules as a strategy: what an alarm that was touched means to each rule that can match it, and what is due."""

from actors.correlator.draft import Draft
from actors.correlator.rules import escalation, groups, parent_child, rule_changes, sequence, suppression, time_window
from actors.correlator.rules.rule_registry import rules_of
from actors.correlator.strategies.strategy import Strategy, ended, raised
from protocols.alarm import Alarm

NAME = "rules"


def touched(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """Ask the rules that can match an alarm of this type and resource type, in order of priority and name."""
    if ended(before, alarm):
        parent_child.forget(draft, alarm)
        if groups.concerns(draft, alarm):
            groups.over(draft, alarm)
    rules = rules_of(draft.state)
    parts, _ = rules.of(alarm)
    if not parts:
        return
    plant = draft.state.plant
    is_raised = raised(before, alarm)
    reports = reports_since(before, alarm)
    suppresses = escalates = False
    for part in parts:
        role, rule = part.role, part.rule
        if role == "suppress":
            suppresses = True
        elif role == "escalate":
            escalates = True
        elif rule.of_occurrences:
            if reports and rule.tenant in (None, alarm.tenant_id) and part.matches(alarm, plant):
                time_window.reported(draft, rules, rule, alarm, reports)
        elif is_raised and rule.tenant in (None, alarm.tenant_id) and part.matches(alarm, plant):
            if role in ("parent", "child"):
                parent_child.raised(draft, rules, part, alarm)
            elif role == "step":
                sequence.step(draft, rules, part, alarm)
            elif role == "absent":
                sequence.came(draft, rule, alarm)
            elif rule.rule.conditions.absent is not None:
                sequence.await_other(draft, rule, alarm)
            else:
                time_window.raised(draft, rules, rule, alarm)
    if suppresses and alarm.cleared_at is None:
        suppression.decide(draft, parts, draft.latest(alarm))
    if escalates:
        escalation.look(draft, parts, before, draft.latest(alarm))


def repeated(draft: Draft, before: Alarm, alarm: Alarm) -> None:
    """Ask the rules that count reports; all others see only what is raised, cleared or changed."""
    rules = rules_of(draft.state)
    for part in rules.of(alarm)[0] if rules.counts else ():
        rule = part.rule
        if rule.of_occurrences and rule.tenant in (None, alarm.tenant_id) and part.matches(alarm, draft.state.plant):
            time_window.reported(draft, rules, rule, draft.latest(alarm), reports_since(before, alarm))


def reports_since(before: Alarm | None, alarm: Alarm) -> int:
    """Number of reports of an open alarm."""
    if alarm.cleared_at is not None:
        return 0
    return alarm.occurrence_count - (0 if before is None else before.occurrence_count)


def due(draft: Draft, subject: str) -> None:
    """Timer: a window or an escalation time ended, or more alarms are to be examined."""
    what, _, name = subject.partition(" ")
    rules = rules_of(draft.state)
    if what == "kin":
        parent_child.expire(draft, name, rules.by_id.get(name.partition(" ")[2]))
    elif what == "window":
        time_window.expire(draft, name, rules.by_id.get(name.partition(" ")[0]))
    elif what == "runs":
        sequence.expire(draft, name, rules.by_id.get(name.partition(" ")[0]))
    elif what == "absent":
        sequence.stayed_away(draft, rules, name, rules.by_id.get(name.partition(" ")[0]))
    elif what == "look":
        rule_changes.look_on(draft)
    elif what == "escalate":
        alarm = draft.get(name)
        if alarm is None:
            escalation.stop(draft, name)
        else:
            escalation.due(draft, rules.of(alarm)[0], alarm)


STRATEGY = Strategy(NAME, touched, due, repeated)

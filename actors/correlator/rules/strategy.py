"""The rules as a strategy: what an alarm that was touched means to each rule that can match it, and what is due."""

from actors.correlator.draft import Draft
from actors.correlator.rules import book, escalation, groups, kin, sequence, suppression, together
from actors.correlator.rules.force import rules_of
from actors.correlator.strategy import Strategy, ended, raised
from protocols.alarm import Alarm

NAME = "rules"


def touched(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """Ask the rules that can match an alarm of this type and resource type, in order of priority and name."""
    if ended(before, alarm):
        kin.forget(draft, alarm)
        if groups.concerns(draft, alarm):
            groups.over(draft, alarm)
    rules = rules_of(draft.state)
    parts, _ = rules.of(alarm)
    if not parts:
        return
    plant = draft.state.plant
    is_raised = raised(before, alarm)
    suppresses = escalates = False
    for part in parts:
        role, rule = part.role, part.rule
        if role == "suppress":
            suppresses = True
        elif role == "escalate":
            escalates = True
        elif is_raised and rule.tenant in (None, alarm.tenant_id) and part.matches(alarm, plant):
            if role in ("parent", "child"):
                kin.raised(draft, rules, part, alarm)
            elif role == "step":
                sequence.step(draft, rules, part, alarm)
            elif role == "absent":
                sequence.came(draft, rule, alarm)
            elif rule.rule.conditions.absent is not None:
                sequence.await_other(draft, rule, alarm)
            else:
                together.raised(draft, rules, rule, alarm)
    if suppresses and alarm.cleared_at is None:
        suppression.decide(draft, parts, draft.latest(alarm))
    if escalates:
        escalation.look(draft, parts, before, draft.latest(alarm))


def due(draft: Draft, subject: str) -> None:
    """A window is over, a wait has been long enough, or more alarms are to be looked at."""
    what, _, name = subject.partition(" ")
    rules = rules_of(draft.state)
    if what == "kin":
        kin.expire(draft, name, rules.by_id.get(name.partition(" ")[2]))
    elif what == "window":
        together.expire(draft, name, rules.by_id.get(name.partition(" ")[0]))
    elif what == "runs":
        sequence.expire(draft, name, rules.by_id.get(name.partition(" ")[0]))
    elif what == "absent":
        sequence.stayed_away(draft, rules, name, rules.by_id.get(name.partition(" ")[0]))
    elif what == "look":
        book.look_on(draft)
    elif what == "escalate":
        alarm = draft.get(name)
        if alarm is None:
            escalation.stop(draft, name)
        else:
            escalation.due(draft, rules.of(alarm)[0], alarm)


STRATEGY = Strategy(NAME, touched, due)

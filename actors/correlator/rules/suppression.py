"""Suppression rules: an alarm is suppressed for as long as it matches one. The first rule that matches, by priority and
name, decides; a rule with ``suppress = false`` exempts the alarm from the rules after it."""

from actors.correlator.alarms.attachment import hold_back, let_go
from actors.correlator.draft import Draft
from actors.correlator.rules.compiler import CompiledRule, RulePart
from protocols.alarm import Alarm

PLUGIN = "plugin/"
"""Prefix of ``by`` in a hold of a plugin. No rule releases such a hold."""


def decide(draft: Draft, parts: tuple[RulePart, ...], alarm: Alarm) -> None:
    """Hold an open alarm back or let it go, by the rules as they are."""
    held = [each.by for each in alarm.suppressed_by if each.kind == "rule" and not each.by.startswith(PLUGIN)]
    by = _first(draft, parts, alarm)
    for rule_id in held:
        if by is None or rule_id != by.id:
            text = "the rule that held it back does not any more" if by is None else f"rule {by.rule.name!r} comes first now"
            let_go(draft, alarm, "rule", rule_id, "rules", text)
    if by is not None and by.id not in held:
        why = f"rule {by.rule.name!r}" + (f": {by.rule.description}" if by.rule.description else "")
        hold_back(draft, alarm, "rule", by.id, by.rule.name, why)


def _first(draft: Draft, parts: tuple[RulePart, ...], alarm: Alarm) -> CompiledRule | None:
    for part in parts:
        rule = part.rule
        if part.role == "suppress" and rule.tenant in (None, alarm.tenant_id) and part.matches(alarm, draft.state.plant):
            return rule if rule.rule.actions.suppress is not False else None
    return None

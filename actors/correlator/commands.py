"""Operators' commands: each alarm named is acted on or refused with a reason."""

from typing import Any

from msgspec import UNSET
from msgspec.structs import fields

from actors.correlator.draft import Draft
from actors.correlator.lifecycle import TRANSITIONS, Refused, act, text_of
from actors.correlator.limits import FULL, admit
from actors.correlator.plant import shown_to
from actors.correlator.problem import Problem
from actors.correlator.replant import change_topology
from actors.correlator.report import Report
from actors.correlator.rules.book import fold_rule_command
from actors.correlator.windows.commands import fold_window
from protocols.alarm import Alarm, Identity
from protocols.change import Answer, Refusal
from protocols.command import AlarmAction, Assign, ChangeTopology, Command, Edit, Raise, RuleAction, Shelve, WindowAction
from protocols.principal import Principal


def fold_command(draft: Draft, command: Command) -> None:
    """Apply a command and answer it."""
    action = command.action
    if isinstance(action, Raise):
        _raise(draft, command.by, action)
        return
    if isinstance(action, WindowAction):
        fold_window(draft, command.by, action)
        return
    if isinstance(action, ChangeTopology):
        change_topology(draft, command.by, action)
        return
    if isinstance(action, RuleAction):
        fold_rule_command(draft, command.by, action)
        return
    accepted: list[str] = []
    refusals: list[Refusal] = []
    for name in dict.fromkeys(command.alarm_ids):
        refusal = _act_on(draft, name, command.by, action)  # type: ignore[arg-type]
        if isinstance(refusal, Refusal):
            refusals.append(refusal)
        else:
            accepted.append(refusal.id)
    draft.emit(Answer(offset=draft.offset, accepted=tuple(accepted), refusals=tuple(refusals)))


def _act_on(draft: Draft, name: str, by: Principal, action: AlarmAction) -> Alarm | Refusal:
    alarm = draft.get(name)
    if alarm is None:
        return Refusal(name, "unknown_alarm", f"no alarm {name!r} that a command can reach")
    if not by.sees(alarm.tenant_id):
        return Refusal(name, "not_your_tenant", f"alarm {name!r} belongs to another tenant")
    after = act(alarm, action, by.name, draft.at)
    if isinstance(after, Refused):
        return Refusal(name, after.reason, f"alarm {alarm.alarm_id} {after.text}")  # type: ignore[arg-type]
    return draft.put(after, TRANSITIONS[type(action)].done, f"user:{by.name}", text_of(action), **_detail(action))


def _detail(action: AlarmAction) -> dict[str, Any]:
    """What an action says besides words, for the timeline."""
    match action:
        case Shelve(until=until):
            return {"until": until.isoformat()}
        case Assign(assigned_to=person):
            return {"assigned_to": person}
        case Edit(fields=edited):
            return {field.name: value for field in fields(edited) if (value := getattr(edited, field.name)) is not UNSET}
        case _:
            return {}


def _raise(draft: Draft, by: Principal, action: Raise) -> None:
    if not by.sees(action.tenant_id):
        refusal = Refusal("", "not_your_tenant", f"tenant {action.tenant_id!r} is not yours")
        draft.emit(Answer(offset=draft.offset, refusals=(refusal,)))
        return
    if action.severity == "cleared":
        refusal = Refusal("", "invalid", "severity: an alarm cannot be raised as cleared")
        draft.emit(Answer(offset=draft.offset, refusals=(refusal,)))
        return
    node = draft.state.plant.resolve(action.resource_id)
    resource_id = node.id if node is not None else action.resource_id
    named = shown_to(node, action.tenant_id)
    parent = draft.get(action.parent_alarm_id) if action.parent_alarm_id is not None else None
    report = Report(received=draft.at, reporter=f"user:{by.name}", source=f"api:{by.name}", dated=action.at)
    problem = Problem(
        identity=Identity(action.tenant_id, resource_id, action.alarm_type, action.qualifier),
        severity=action.severity,
        source=action.source,
        resource_type=action.resource_type,
        resource_name=action.resource_name or (named.name if named is not None else ""),
        title=action.title,
        event_type=action.event_type,
        probable_cause=action.probable_cause,
        description=action.description,
        recommended_action=action.recommended_action,
        customers=action.customer_ids,
        services=action.service_ids,
        subscriber_count=action.subscriber_count,
        correlation_id=action.correlation_id,
        parent_alarm_id=None if parent is not None and parent.tenant_id != action.tenant_id else action.parent_alarm_id,
        is_root_cause=action.is_root_cause,
        tags=action.tags,
        metadata=action.metadata,
        why="; ".join(("raised by hand", report.mistake)) if report.mistake else "raised by hand",
    )
    alarm = admit(draft, problem, report)
    draft.emit(Answer(offset=draft.offset, accepted=(alarm.id,) if alarm else (), refusals=() if alarm else (FULL,)))

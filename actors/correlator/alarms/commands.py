"""Operators' commands: each alarm named is acted on or refused with a reason."""

from actors.correlator.alarms.history import act_on_past
from actors.correlator.alarms.lifecycle import TRANSITIONS, RefusedAction, act, detail_of, text_of, user
from actors.correlator.alarms.limits import FULL, admit
from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import open_with_name
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.alarms.text import edited_names
from actors.correlator.draft import Draft
from actors.correlator.events.topology_changes import change_topology
from actors.correlator.polling.contact import ended_elsewhere
from actors.correlator.resources.placement import resolve
from actors.correlator.rules.rule_changes import fold_rule_command
from actors.correlator.windows.commands import fold_window
from actors.expected_revision import outdated
from protocols.alarm import Identity, is_own_name
from protocols.change import Answer, Refusal
from protocols.command import AlarmAction, ChangeTopology, Command, Edit, Raise, RuleAction, WindowAction
from protocols.principal import Principal
from protocols.system_alarms import reserved
from protocols.walls import shown_to


def fold_command(draft: Draft, command: Command) -> None:
    """Apply a command and answer it."""
    action = command.action
    if isinstance(action, Raise):
        _raise(draft, command.by, action)
        return
    if isinstance(action, WindowAction):
        fold_window(draft, command.by, action, command.expected)
        return
    if isinstance(action, ChangeTopology):
        change_topology(draft, command.by, action, command.expected)
        return
    if isinstance(action, RuleAction):
        fold_rule_command(draft, command.by, action, command.expected)
        return
    accepted: list[str] = []
    refusals: list[Refusal] = []
    for name in dict.fromkeys(command.alarm_ids):
        done = _act_on(draft, name, command, action)  # type: ignore[arg-type]
        if isinstance(done, Refusal):
            refusals.append(done)
        else:
            accepted.append(done)
    draft.emit(Answer(offset=draft.offset, accepted=tuple(accepted), refusals=tuple(refusals)))


def _act_on(draft: Draft, name: str, command: Command, action: AlarmAction) -> str | Refusal:
    """The id of the alarm, or why the action does not apply to it."""
    by = command.by
    found = draft.named(name, by.tenant)
    if len(found) > 1:
        tenants = ", ".join(alarm.tenant_id for alarm in found)
        return Refusal(name, "ambiguous", f"alarm {name!r} is one in each of the tenants {tenants}: name it by its id")
    if not found:
        past = next((one for one in command.past if name in (one.id, one.alarm_id)), None)
        if past is not None:
            return act_on_past(draft, past, by, action, command.expected.get(name))
        if draft.named(name, None):
            return Refusal(name, "not_your_tenant", f"alarm {name!r} belongs to another tenant")
        return Refusal(name, "unknown_alarm", f"no alarm {name!r} that a command can reach")
    (alarm,) = found
    if (refusal := outdated(command.expected, name, alarm.revision, f"alarm {alarm.alarm_id}")) is not None:
        return refusal
    after = act(alarm, action, by.name, draft.at)
    if isinstance(after, RefusedAction):
        return Refusal(name, after.reason, f"alarm {alarm.alarm_id} {after.text}")  # type: ignore[arg-type]
    if isinstance(action, Edit):
        own = dict.fromkeys((*draft.state.edited.get(alarm.id, ()), *edited_names(action.fields)))
        draft.set(draft.state.edited, alarm.id, tuple(own))
    if alarm.cleared_at is None and after.cleared_at is not None:
        ended_elsewhere(draft, alarm)
    return draft.put(after, TRANSITIONS[type(action)].done, user(by.name), text_of(action), **detail_of(action)).id


def _raise(draft: Draft, by: Principal, action: Raise) -> None:
    if not by.sees(action.tenant_id):
        refusal = Refusal("", "not_your_tenant", f"tenant {action.tenant_id!r} is not yours")
        draft.emit(Answer(offset=draft.offset, refusals=(refusal,)))
        return
    if action.severity == "cleared":
        refusal = Refusal("", "invalid", "severity: an alarm cannot be raised as cleared")
        draft.emit(Answer(offset=draft.offset, refusals=(refusal,)))
        return
    claim = reserved(action.resource_type, action.resource_id, action.alarm_type, action.source)
    if claim is not None:
        draft.emit(Answer(offset=draft.offset, refusals=(Refusal("", "invalid", ": ".join(claim)),)))
        return
    node = resolve(draft.state, action.resource_id, action.tenant_id)
    resource_id = node.id if node is not None else action.resource_id
    identity = Identity(action.tenant_id, resource_id, action.alarm_type, action.qualifier)
    if (taken := _name_refused(draft, action.alarm_id, identity)) is not None:
        draft.emit(Answer(offset=draft.offset, refusals=(taken,)))
        return
    named = shown_to(node, action.tenant_id)
    report = ReportTime(received=draft.at, reporter=user(by.name), source=f"api:{by.name}", dated=action.at)
    problem = ReportedProblem(
        identity=identity,
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
        parent_alarm_id=_parent_of(draft, action),
        is_root_cause=action.is_root_cause,
        tags=action.tags,
        metadata=action.metadata,
        why="; ".join(("raised by hand", report.mistake)) if report.mistake else "raised by hand",
        alarm_id=action.alarm_id,
        service_effect=action.service_effect,
    )
    alarm = admit(draft, problem, report)
    draft.emit(Answer(offset=draft.offset, accepted=(alarm.id,) if alarm else (), refusals=() if alarm else (FULL,)))


def _parent_of(draft: Draft, action: Raise) -> str | None:
    """The id of the parent, which an external name may say. None for an alarm of another tenant."""
    name = action.parent_alarm_id
    if name is None:
        return None
    if mine := draft.named(name, action.tenant_id):
        return mine[0].id
    return None if draft.named(name, None) else name


def _name_refused(draft: Draft, name: str, identity: Identity) -> Refusal | None:
    """The reason for which an alarm of this identity cannot have the external name ``name``."""
    if is_own_name(name):
        return Refusal(name, "invalid", f"alarm_id: {name} is a name that faultd gives; choose one of another form")
    holder = open_with_name(draft, identity.tenant_id, name) if name else None
    if holder is None or holder.identity == identity:
        return None
    text = f"alarm_id {name!r} is that of an open alarm: {holder.alarm_type} of {holder.resource_id}"
    return Refusal(name, "wrong_state", text)

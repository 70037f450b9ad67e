"""Trials of the policies. Nothing is sent, and nothing changes."""

from collections.abc import Iterator
from typing import Any

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.people.reach import reach
from actors.dispatcher.policies.notice import NOTICE_FIELDS, SUBJECTS, Notice, notice_field, notice_of
from actors.dispatcher.policies.routing import matching
from actors.dispatcher.policies.tree import RoutedAction
from actors.dispatcher.state import DispatchState
from protocols.conditions.alarm_fields import ConditionField
from protocols.conditions.checks import unknown_field
from protocols.dispatch.channel import Channel
from protocols.dispatch.local_hours import open_until, opens_at
from protocols.dispatch.policy import EscalationStep
from protocols.dispatch.policy_trial import PolicyTrial, TriedAction, TriedCause, TriedPerson, TriedPolicy
from protocols.recurrence.occurrences import zone_of
from protocols.sla.local_time import SECOND, utc_time

_WORDS = {
    "at_risk": "sla",
    "breach_opened": "sla",
    "breach_resolved": "sla",
    "credit": "credit",
    "maintenance": "maintenance",
}
"""The subject that a kind of notification is about; an alarm for the others."""
_KEYS = {word: key for key, word in SUBJECTS.items()}


def try_policies(state: DispatchState, cause: TriedCause, now: int, tenant: str | None = None) -> PolicyTrial:
    """The policies that match ``cause`` at ``now`` (microseconds since 1970), and whom each of their actions would reach.
    ``tenant`` sees its own policies and those of every tenant. The fields are without :func:`field_mistakes`."""
    notice = tried_notice(cause)
    return PolicyTrial(
        at=utc_time(now),
        notice={name: value for name, value in notice.items() if value is not None},
        policies=tuple(
            TriedPolicy(
                id=record.id,
                name=record.policy.name,
                priority=record.policy.priority,
                routes=tuple(route.pointer for route in routes),
                continues=record.policy.continue_,
                actions=tuple(
                    tried for route in routes for action in route.actions for tried in _tried(state, cause, notice, action, now)
                ),
            )
            for record, routes in matching(state, notice, now)
            if tenant is None or record.policy.tenant_id in (None, tenant)
        ),
    )


def tried_notice(cause: TriedCause) -> Notice:
    """The notice of a cause that is tried: what is known of it, and the given fields on top."""
    alarm, fields = cause.alarm, dict(cause.fields)
    word = str(fields.pop("subject", _WORDS.get(cause.kind, "alarm")))
    subject = DispatchSubject(
        key=f"{_KEYS[word]}:",
        tenant_id=cause.tenant_id,
        alarm=alarm,
        area=cause.area,
        customer_tiers=cause.customer_tiers,
        kind=cause.kind,
        since=0,
    )
    metadata = dict(alarm.metadata) if alarm is not None else {}
    for name in [name for name in fields if name.startswith("metadata.")]:
        metadata[name.removeprefix("metadata.")] = fields.pop(name)
    many = {name for name in fields if isinstance(fields[name], list)}
    given = {name: tuple(value) if name in many else value for name, value in fields.items()}
    notice = {**notice_of(subject, cause.kind), **given}
    return notice | {"metadata": metadata} if metadata else notice


def field_mistakes(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The given fields of a cause that no policy can match, each with what is wrong."""
    for name, value in fields.items():
        found = notice_field(name)
        if found is None:
            yield name, unknown_field(name, NOTICE_FIELDS)
        elif name in ("tenant_id", "kind"):
            yield name, "is given beside the fields"
        elif mistake := _value_mistake(found[0], value):
            yield name, mistake


def _value_mistake(field: ConditionField, value: Any) -> str:
    match field.kind:
        case "text" if not isinstance(value, str):
            return "is not text"
        case "number" if not isinstance(value, int | float) or isinstance(value, bool):
            return "is not a number"
        case "flag" if not isinstance(value, bool):
            return "is not true or false"
        case "many" if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            return "is not a list of text"
        case "time":
            return "is a time, which no policy tests but for being there"
    if field.values and value not in field.values:
        return f"{value!r} is none of {', '.join(field.values)}"
    return ""


def _tried(state: DispatchState, cause: TriedCause, notice: Notice, routed: RoutedAction, now: int) -> Iterator[TriedAction]:
    action = routed.action
    shared: dict[str, Any] = {
        "group_by": routed.group_by,
        "group_wait": routed.group_wait / SECOND,
        "repeat_interval": routed.repeat_interval / SECOND,
    }
    for number, step in enumerate(action.escalate or ()):
        at = _due(step, routed, now)
        told = {} if step.to is None else _told(state, cause, notice, routed, step.to, step.channel, at)
        yield TriedAction(
            pointer=f"{routed.pointer}/escalate/{number}",
            after_seconds=step.after_seconds,
            until=step.until,
            at=utc_time(at),
            ticket=step.ticket,
            **told,
            **shared,
        )
    if action.to is not None:
        told = _told(state, cause, notice, routed, action.to, action.channel, now)
        yield TriedAction(pointer=routed.pointer, at=utc_time(now), **told, **shared)
    elif action.ticket is not None:
        yield TriedAction(pointer=routed.pointer, at=utc_time(now), ticket=action.ticket, **shared)


def _due(step: EscalationStep, routed: RoutedAction, now: int) -> int:
    at = now + round(step.after_seconds * SECOND)
    return at if step.hours is None else opens_at(step.hours, zone_of(step.time_zone or routed.zone), at)


def _told(
    state: DispatchState,
    cause: TriedCause,
    notice: Notice,
    routed: RoutedAction,
    to: str,
    channel: Channel | None,
    at: int,
) -> dict[str, Any]:
    severity = str(notice.get("severity") or "")
    customer_id = notice.get("customer_id")
    customers = notice.get("affected_customers") or ((customer_id,) if customer_id else ())
    found = reach(
        state,
        to,
        channel,
        severity,
        at,
        tenant_id=cause.tenant_id,
        alarm=cause.alarm,
        instance_manager=cause.account_manager or "",
        customers=customers,
    )
    nobody = found.nobody
    if nobody and to == "account_manager" and cause.account_manager is None:
        nobody = "instance_id is not given, which says whose account manager"
    quiet = routed.quiet_hours
    held = quiet is not None and severity not in quiet.allowed
    until = open_until(quiet, zone_of(routed.zone), at) if quiet is not None and held else None
    people = [
        TriedPerson(
            to=each.to,
            to_name=each.to_name,
            channel=each.channel,
            address=each.address,
            quiet_until=None if each.quiet_until is None else utc_time(each.quiet_until),
            why=each.why,
        )
        for each in found.people
    ]
    return {
        "to": to,
        "channel": channel,
        "people": tuple(people),
        "nobody": nobody,
        "missed": found.missed,
        "quiet_until": None if until is None else utc_time(until),
    }

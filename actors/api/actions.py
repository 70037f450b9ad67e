"""Bodies of requests as the commands and events that they ask for. Pure: no clock, no channel."""

from datetime import UTC, datetime, timedelta

import msgspec

from actors.api.problems import ProblemError, invalid_body
from protocols.command import (
    Acknowledge,
    AlarmAction,
    Assign,
    Clear,
    Edit,
    Edited,
    Note,
    Raise,
    Resolve,
    Shelve,
    Unacknowledge,
    Unshelve,
)
from protocols.event import NetworkEvent
from protocols.principal import Principal
from protocols.rest_alarms import AlarmCreate, AlarmEdit, Shelving
from protocols.rest_body import fields_for
from protocols.rest_bulk import (
    BulkAcknowledge,
    BulkAction,
    BulkAssign,
    BulkClear,
    BulkNote,
    BulkResolve,
    BulkShelve,
    BulkUnacknowledge,
)
from protocols.rest_events import NetworkEventBody

LONGEST_SHELF = timedelta(days=366)


def tenant_of(by: Principal, asked: str | None, default: str) -> str:
    """The tenant in which ``by`` writes: the one asked for, else its own, else the default. ProblemError 403 when it is
    not the caller's."""
    tenant = asked or by.tenant or default
    if not by.sees(tenant):
        raise ProblemError(403, "not_your_tenant", f"this token acts in tenant {by.tenant!r} only")
    return tenant


def in_utc(at: datetime | None) -> datetime | None:
    """The same moment in UTC: what the fold sees now must be what a replay from the ledger sees, which keeps no zones."""
    return None if at is None else at.astimezone(UTC)


def raise_of(body: AlarmCreate, tenant: str) -> Raise:
    """POST /alarms as the command that it is."""
    customers = body.customer_ids if body.customer_id is None else (body.customer_id, *body.customer_ids)
    resolved = {"tenant_id": tenant, "at": in_utc(body.at), "alarm_id": body.alarm_id or ""}
    return Raise(**{**fields_for(Raise, body), **resolved, "customer_ids": tuple(dict.fromkeys(customers))})


def edit_of(body: AlarmEdit) -> Edit:
    """PATCH /alarms/{id} as the command that it is."""
    return Edit(Edited(**fields_for(Edited, body)))


def shelve_of(body: Shelving, now: datetime) -> Shelve:
    """Shelving, with an end that lies ahead and within a year."""
    until = body.until if body.until is not None else now + timedelta(minutes=body.minutes or 0)
    return Shelve(until=checked_end(until, now, "until"), reason=body.reason)


def checked_end(until: datetime, now: datetime, field: str) -> datetime:
    """``until`` in UTC. ProblemError 422 when it is not ahead, or too far."""
    if not now < until <= now + LONGEST_SHELF:
        raise invalid_body(field, f"{until.isoformat()} is not within {LONGEST_SHELF.days} days from now")
    return until.astimezone(UTC)


def bulk_action_of(action: BulkAction, now: datetime) -> AlarmAction:
    """A bulk request's action as that of a command."""
    match action:
        case BulkAcknowledge():
            return Acknowledge(action.note)
        case BulkUnacknowledge():
            return Unacknowledge(action.note)
        case BulkClear():
            return Clear(action.note)
        case BulkResolve():
            return Resolve(action.note)
        case BulkAssign():
            return Assign(action.assigned_to, action.note)
        case BulkShelve():
            return Shelve(checked_end(action.until, now, "action.until"), action.reason)
        case BulkNote():
            return Note(action.text, action.note_type)
        case _:
            return Unshelve(action.note)


def network_event_of(body: NetworkEventBody, tenant: str, reporter: str, key: str) -> NetworkEvent:
    """One event of POST /events. ``key`` is the request's idempotency key for it; the body's own goes first.

    Keys are kept apart by reporter: two systems may count from 1.
    """
    chosen = f"{reporter}/{body.key or key}" if body.key or key else ""
    resolved = {"tenant_id": tenant, "reported_by": reporter, "key": chosen, "at": in_utc(body.at)}
    return NetworkEvent(**{**fields_for(NetworkEvent, body), **resolved})


def action_name(action: msgspec.Struct) -> str:
    """The action's name as the metric ``faultd_commands_total{action}`` shows it."""
    return str(type(action).__struct_config__.tag)

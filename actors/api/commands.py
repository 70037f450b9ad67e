"""What REST asks for as commands, and what came of them as answers. Pure: no clock, no channel."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from actors.api.problems import ProblemError, invalid_body
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, Answer, Change, Quarantined, Refusal
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
from protocols.rest import (
    AlarmCreate,
    AlarmEdit,
    EventResult,
    NetworkEventBody,
    Refused,
    Shelving,
)
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

LONGEST_SHELF = timedelta(days=366)
_STATUS = {
    "unknown_alarm": 404,
    "not_your_tenant": 404,
    "ambiguous": 409,
    "wrong_state": 409,
    "invalid": 422,
    "limit": 409,
    "key_reused": 409,
}


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
    own = ("tenant_id", "at", "alarm_id", "customer_id", "customer_ids")
    fields = {name: getattr(body, name) for name in body.__struct_fields__ if name not in own}
    customers = body.customer_ids if body.customer_id is None else (body.customer_id, *body.customer_ids)
    return Raise(
        tenant_id=tenant,
        at=in_utc(body.at),
        alarm_id=body.alarm_id or "",
        customer_ids=tuple(dict.fromkeys(customers)),
        **fields,
    )


def edit_of(body: AlarmEdit) -> Edit:
    """PATCH /alarms/{id} as the command that it is."""
    return Edit(Edited(**{name: getattr(body, name) for name in body.__struct_fields__}))


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
    fields = {name: getattr(body, name) for name in body.__struct_fields__ if name not in ("tenant_id", "key", "at", "data")}
    chosen = f"{reporter}/{body.key or key}" if body.key or key else ""
    return NetworkEvent(tenant_id=tenant, reported_by=reporter, key=chosen, at=in_utc(body.at), **fields)


def answers(changes: Iterable[Change], first: int, count: int) -> Sequence[Answer]:
    """The answer to each of ``count`` Events from offset ``first``; an empty one for an Event that got none.

    ProblemError 500 when one of them was quarantined: it is kept for a retry and must not be sent again.
    """
    by_offset: dict[int, Answer] = {}
    for change in changes:
        if isinstance(change, Answer):
            by_offset[change.offset] = change
        elif isinstance(change, Quarantined) and first <= change.offset < first + count:
            text = f"faultd could not process this (Event {change.offset}); it is kept in quarantine for a retry"
            raise ProblemError(500, "quarantined", text)
    return [by_offset.get(offset, Answer(offset=offset)) for offset in range(first, first + count)]


class ChangedAlarm(NamedTuple):
    """The alarm that a command changed, as it now is; ``alarm`` is None when the command applied and changed nothing."""

    id: str
    alarm: Alarm | None
    raised: bool


def single(changes: Sequence[Change], offset: int) -> ChangedAlarm:
    """What a command on one alarm came to. ProblemError when it was refused."""
    answer = answers(changes, offset, 1)[0]
    if answer.refusals:
        raise refused(answer.refusals[0])
    if not answer.accepted:
        raise ProblemError(500, "no_answer", "the command was recorded, but nothing says what came of it")
    chosen = answer.accepted[0]
    # Correlation may have changed what the command did, in the same Event.
    all_of_it = (change for change in changes if isinstance(change, AlarmChanged) and change.offset == offset)
    mine = [change for change in all_of_it if change.alarm.id == chosen]
    raised = any(entry.action == "raised" for change in mine for entry in change.entries)
    return ChangedAlarm(chosen, mine[-1].alarm if mine else None, raised)


def refused(refusal: Refusal) -> ProblemError:
    """A refusal as a problem. Another tenant's alarm is answered exactly like one that does not exist."""
    status = _STATUS[refusal.reason]
    if status == 404:
        return no_such_alarm(refusal.alarm_id)
    return ProblemError(status, refusal.reason, refusal.text)


def no_such_alarm(name: str) -> ProblemError:
    """404 for an alarm."""
    return ProblemError(404, "unknown_alarm", f"no alarm {name!r}")


def refused_items(refusals: Iterable[Refusal]) -> tuple[Refused, ...]:
    """Refusals as they are shown: another tenant's alarm reads like one that does not exist."""
    return tuple(
        Refused(refusal.alarm_id, "unknown_alarm", f"no alarm {refusal.alarm_id!r}")
        if _STATUS[refusal.reason] == 404
        else Refused(refusal.alarm_id, refusal.reason, refusal.text)
        for refusal in refusals
    )


def event_result(answer: Answer) -> EventResult:
    """What one network event came to."""
    return EventResult(
        accepted=answer.accepted, duplicate=answer.duplicate, refused=refused_items(answer.refusals), warnings=answer.warnings
    )


def action_name(action: msgspec.Struct) -> str:
    """The action's name as the metric ``faultd_commands_total{action}`` shows it."""
    return str(type(action).__struct_config__.tag)

"""Alarms that are history: they take notes and a ticket, for as long as PostgreSQL has them."""

from typing import Any

from msgspec import UNSET
from msgspec.structs import fields

from actors.correlator.alarms.lifecycle import TRANSITIONS, detail_of, text_of, user
from actors.correlator.draft import Draft
from actors.expected_revision import outdated
from protocols.alarm import TimelineEntry
from protocols.change import HistoryChanged, Refusal
from protocols.command import AlarmAction, Edit, Note, Past
from protocols.principal import Principal


def act_on_past(draft: Draft, past: Past, by: Principal, action: AlarmAction, expected: int | None = None) -> str | Refusal:
    """Apply an action to an alarm that the State no longer holds. Returns its id, or why the action does not apply.
    ``expected`` is the revision that the caller knows; None: any."""
    if not by.sees(past.tenant_id):
        return Refusal(past.alarm_id, "not_your_tenant", f"alarm {past.alarm_id!r} belongs to another tenant")
    wanted = {} if expected is None else {past.alarm_id: expected}
    if (refusal := outdated(wanted, past.alarm_id, past.revision, f"alarm {past.alarm_id}")) is not None:
        return refusal
    if not _allowed(action):
        text = f"alarm {past.alarm_id} is history: it takes notes and a ticket_id, nothing else"
        return Refusal(past.alarm_id, "wrong_state", text)
    detail = detail_of(action)
    fields_now = detail if isinstance(action, Edit) else {}
    done = TRANSITIONS[type(action)].done
    add_to_history(draft, past.id, past.tenant_id, done, user(by.name), text_of(action), detail, fields_now)
    return past.id


def add_to_history(
    draft: Draft,
    alarm_id: str,
    tenant_id: str,
    action: str,
    actor: str,
    text: str,
    detail: dict[str, Any],
    fields_now: dict[str, Any],
) -> TimelineEntry:
    """Emit a timeline entry of an alarm that is history, with the fields that it changes, and return the entry."""
    entry = TimelineEntry(
        alarm_id=alarm_id,
        tenant_id=tenant_id,
        offset=draft.offset,
        number=draft.next_number(),
        at=draft.at,
        action=action,
        actor=actor,
        text=text,
        detail=detail,
    )
    draft.emit(HistoryChanged(offset=draft.offset, id=alarm_id, entries=(entry,), fields=fields_now))
    return entry


def _allowed(action: AlarmAction) -> bool:
    """A note, or an edit of the ticket alone."""
    if isinstance(action, Edit):
        given = {field.name for field in fields(action.fields) if getattr(action.fields, field.name) is not UNSET}
        return given == {"ticket_id"}
    return isinstance(action, Note)

"""Alarms that are history: they take notes and a ticket, for as long as PostgreSQL has them."""

from msgspec import UNSET
from msgspec.structs import fields

from actors.correlator.draft import Draft
from actors.correlator.expected_revision import outdated
from actors.correlator.lifecycle import TRANSITIONS, detail_of, text_of, user
from protocols.alarm import TimelineEntry
from protocols.change import HistoryChanged, Refusal
from protocols.command import AlarmAction, Edit, Note, Past
from protocols.principal import Principal


def act_on_past(draft: Draft, past: Past, by: Principal, action: AlarmAction, expected: int | None = None) -> str | Refusal:
    """Apply an action to an alarm of which the fold has let go: its id, or why the action does not apply. ``expected`` is the
    revision that the caller knows."""
    if not by.sees(past.tenant_id):
        return Refusal(past.alarm_id, "not_your_tenant", f"alarm {past.alarm_id!r} belongs to another tenant")
    wanted = {} if expected is None else {past.alarm_id: expected}
    if (refusal := outdated(wanted, past.alarm_id, past.revision, f"alarm {past.alarm_id}")) is not None:
        return refusal
    if not _allowed(action):
        text = f"alarm {past.alarm_id} is history: it takes notes and a ticket_id, nothing else"
        return Refusal(past.alarm_id, "wrong_state", text)
    entry = TimelineEntry(
        alarm_id=past.id,
        tenant_id=past.tenant_id,
        offset=draft.offset,
        number=draft.next_number(),
        at=draft.at,
        action=TRANSITIONS[type(action)].done,
        actor=user(by.name),
        text=text_of(action),
        detail=detail_of(action),
    )
    given = detail_of(action) if isinstance(action, Edit) else {}
    draft.emit(HistoryChanged(offset=draft.offset, id=past.id, entries=(entry,), fields=given))
    return past.id


def _allowed(action: AlarmAction) -> bool:
    """A note, or an edit of the ticket alone."""
    if isinstance(action, Edit):
        given = {field.name for field in fields(action.fields) if getattr(action.fields, field.name) is not UNSET}
        return given == {"ticket_id"}
    return isinstance(action, Note)

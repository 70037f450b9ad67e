"""The answer that explains who was told of an alarm and who was not, and why."""

from datetime import datetime

from msgspec import Struct

from protocols.alarm import Alarm, TimelineEntry
from protocols.rest_notifications import NotificationShown
from protocols.rest_tickets import TicketShown


class DispatchNoteShown(Struct, frozen=True, kw_only=True):
    """A decision that sent nothing: who was not told, or later, and why."""

    at: datetime
    policy: str | None
    """`id` of the policy."""
    policy_name: str | None
    text: str


class UpcomingMessage(Struct, frozen=True, kw_only=True):
    """A message that is still to come if things stay as they are."""

    at: datetime | None
    """null: when what holds it back has gone."""
    policy: str | None
    policy_name: str | None
    text: str


class NotificationExplanation(Struct, frozen=True, kw_only=True):
    """The persons who were told of an alarm, when, how and by which policy; those who were not, and why; and what is still to
    come."""

    alarm: Alarm
    cause: Alarm | None
    """The alarm that explains it now, and of which people hear instead."""
    why: str
    """Why nobody hears of it now; "" where people do."""
    requests: tuple[TimelineEntry, ...]
    """When the correlator requested that people hear of it, and when it found no need; the oldest first."""
    notifications: tuple[NotificationShown, ...]
    """The oldest first."""
    notes: tuple[DispatchNoteShown, ...]
    """The oldest first."""
    tickets: tuple[TicketShown, ...]
    owed: tuple[str, ...]
    """Those who were told and have still to be told of the end."""
    upcoming: tuple[UpcomingMessage, ...]
    truncated: bool
    """Older requests, notifications, notes or tickets are left out."""
    degraded: str | None = None
    """Set while PostgreSQL is away: what is missing."""

"""Queries, bodies and answers about notifications."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import DeliveryStatus, DispatchedNotification, MessageKind
from protocols.rest_body import Body, PageQuery, fields_for
from protocols.rest_fields import Name, OptionalLine, Time, check_time


class NotificationsQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the list of notifications."""

    alarm_id: Annotated[Name | None, Meta(description="`id` or `alarm_id` of an alarm that it is about")] = None
    status: tuple[DeliveryStatus, ...] = ()
    channel: tuple[Channel, ...] = ()
    kind: tuple[MessageKind, ...] = ()
    to: Annotated[Name | None, Meta(description="`to`, `to_name` or `address` of whoever is told")] = None
    policy: Annotated[Name | None, Meta(description="`id` of the policy")] = None
    tenant_id: Name | None = None
    since: Annotated[Time | None, Meta(description="Created at or after this time")] = None
    before: Annotated[Time | None, Meta(description="Created before this time")] = None

    def __post_init__(self) -> None:
        check_time("since", self.since)
        check_time("before", self.before)


class NotificationShown(Struct, frozen=True, kw_only=True):
    """One message to one address about one or several causes, and what became of it."""

    id: str
    """The idempotency key of every attempt: Message-ID of a mail, `webhook-id` of a webhook."""
    tenant_id: str
    subject: str
    """`alarm:ID`, `sla:INSTANCE`, `credit:INSTANCE`, `window:ID`, `storm:CONTACT` or `test`."""
    alarm_id: str | None
    """`id` of the first alarm that it is about, the most severe."""
    alarm_ids: tuple[str, ...]
    sla_instance_id: str | None
    sla_breach_id: str | None
    policy: str | None
    """`id` of the policy; null for a test."""
    policy_name: str | None
    """Its name now; null when there is no such policy any more."""
    step: int
    """The step of an escalation, from 1; 0: none."""
    channel: Channel
    to: str
    """The contact's `id`, or the address."""
    to_name: str
    address: str
    kind: MessageKind
    template: str
    reason: str
    """Why then, and why this person."""
    thread: str
    """`id` of the first message of the thread."""
    created_at: datetime
    status: DeliveryStatus
    attempts: int
    sent_at: datetime | None
    answer: str | None
    """The answer of the far end, or the error of the last attempt."""
    fallback_of: str | None
    """`id` of the notification to the same person by another method that was given up, or had not arrived in time."""
    revision: int


class NotificationDetails(NotificationShown, frozen=True, kw_only=True):
    """A notification with what its template was given."""

    facts: dict[str, Any]


class NotificationPage(Struct, frozen=True):
    """Notifications, the latest first, and the cursor of the next page (null on the last)."""

    items: tuple[NotificationShown, ...]
    next_cursor: str | None = None
    degraded: str | None = None
    """Set while PostgreSQL is away: which notifications the list has then."""


class NotificationTest(Body, frozen=True, kw_only=True):
    """A test message."""

    channel: Channel
    to: Annotated[Name, Meta(description="Id or name of a contact or a rota, or an address of the channel")]
    template: OptionalLine = ""
    tenant_id: Annotated[Name | None, Meta(description="Whose contacts and rotas; left out: the token's")] = None


class NotificationsMade(Struct, frozen=True):
    """The messages of a test: a notification for each person whom it reaches."""

    items: tuple[NotificationShown, ...]


def notification_shown(found: DispatchedNotification, policy_name: str | None) -> NotificationShown:
    """A notification as lists show it."""
    return NotificationShown(**_fields(found, policy_name))


def notification_details(found: DispatchedNotification, policy_name: str | None) -> NotificationDetails:
    """A notification as it is shown alone."""
    return NotificationDetails(**_fields(found, policy_name), facts=found.facts)


def _fields(found: DispatchedNotification, policy_name: str | None) -> dict[str, Any]:
    changed = {
        "alarm_id": found.alarm_id or None,
        "sla_instance_id": found.instance_id or None,
        "sla_breach_id": found.breach_id or None,
        "policy": found.policy or None,
        "policy_name": policy_name,
        "thread": found.thread or found.id,
        "answer": found.answer or None,
        "fallback_of": found.fallback_of or None,
    }
    return fields_for(NotificationShown, found) | changed

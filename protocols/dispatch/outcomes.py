"""Outcomes of what the notifier and the ticketer tried, as Events. The correlator writes the timeline from them, the dispatcher
its tables. Each names the alarms that it is about, so that neither needs the other's state."""

from typing import Any

from msgspec import Struct

from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import MessageKind
from protocols.dispatch.ticket import Desk, TicketState


class MessageSent(Struct, frozen=True, kw_only=True, array_like=True, tag="message_sent", tag_field="tag"):
    """The far end took the notification. ``answer`` is its answer."""

    notification_id: str
    tenant_id: str
    alarm_ids: tuple[str, ...] = ()
    channel: Channel
    to: str
    """As the operator reads it: the contact's name and the address."""
    kind: MessageKind
    policy: str = ""
    attempts: int = 1
    answer: str = ""
    detail: dict[str, Any] = {}
    """Facts that a later message of the thread needs: Slack's ``ts``, the outcome of a remediation."""


class MessageFailed(Struct, frozen=True, kw_only=True, array_like=True, tag="message_failed", tag_field="tag"):
    """An attempt failed. ``dead``: it was the last one."""

    notification_id: str
    tenant_id: str
    alarm_ids: tuple[str, ...] = ()
    channel: Channel
    to: str
    kind: MessageKind
    policy: str = ""
    attempts: int = 1
    error: str
    dead: bool = False


class TicketOpened(Struct, frozen=True, kw_only=True, array_like=True, tag="ticket_opened", tag_field="tag"):
    """The desk has the ticket, made now or ``found`` by its key."""

    ticket_id: str
    tenant_id: str
    alarm_ids: tuple[str, ...] = ()
    desk: Desk
    key: str
    url: str = ""
    found: bool = False
    task: int = 1
    subject: str = ""
    """That of the ticket. An alarm's ``ticket_id`` is the ticket of a cause, never that of a service level agreement."""


class TicketChanged(Struct, frozen=True, kw_only=True, array_like=True, tag="ticket_changed", tag_field="tag"):
    """A ``task`` of faultd is done, or (``task`` None) somebody changed the ticket in the desk. ``key`` and ``url`` are as they
    are now: other ones, when a person merged it into another ticket."""

    ticket_id: str
    tenant_id: str
    alarm_ids: tuple[str, ...] = ()
    task: int | None = None
    key: str = ""
    url: str = ""
    state: TicketState | None = None
    comment: str = ""
    author: str = ""
    """The person in the desk."""
    remote_id: str = ""
    """The desk's id of the change: the same one again changes nothing."""
    subject: str = ""
    """That of the ticket."""


class TicketFailed(Struct, frozen=True, kw_only=True, array_like=True, tag="ticket_failed", tag_field="tag"):
    """An attempt at a task failed. ``dead``: it was the last one."""

    ticket_id: str
    tenant_id: str
    alarm_ids: tuple[str, ...] = ()
    task: int
    error: str
    attempts: int = 1
    dead: bool = False


DispatchOutcome = MessageSent | MessageFailed | TicketOpened | TicketChanged | TicketFailed

"""Decisions of the stage ``dispatcher``, part of the union in :mod:`protocols.change`."""

from datetime import datetime

from msgspec import Struct

from protocols.dispatch.contact import ContactRecord
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.policy import PolicyRecord
from protocols.dispatch.rota import RotaRecord
from protocols.dispatch.ticket import Ticket


class NotificationPolicyChanged(Struct, frozen=True, array_like=True, tag="notification_policy", tag_field="tag"):
    """A policy as it is now, by its id. ``record`` is None when there is no such policy any more."""

    offset: int
    id: str
    record: PolicyRecord | None = None


class ContactChanged(Struct, frozen=True, array_like=True, tag="contact", tag_field="tag"):
    """A contact as it is now, by its id. ``record`` is None when there is no such contact any more."""

    offset: int
    id: str
    record: ContactRecord | None = None


class RotaChanged(Struct, frozen=True, array_like=True, tag="rota", tag_field="tag"):
    """A rota as it is now, by its id. ``record`` is None when there is no such rota any more."""

    offset: int
    id: str
    record: RotaRecord | None = None


class NotificationChanged(Struct, frozen=True, array_like=True, tag="notification", tag_field="tag"):
    """A notification as it is now. The notifier delivers it while it ``waits``."""

    offset: int
    notification: DispatchedNotification


class TicketUpdated(Struct, frozen=True, array_like=True, tag="ticket", tag_field="tag"):
    """A ticket as it is now. The ticketer does its ``tasks``."""

    offset: int
    ticket: Ticket


class DispatchNoted(Struct, frozen=True, kw_only=True, array_like=True, tag="dispatch_noted", tag_field="tag"):
    """A decision that sends nothing: who was not told, and why; or by which policies a cause went where.
    (``offset``, ``number``) is its key."""

    offset: int
    number: int
    at: datetime
    tenant_id: str
    subject: str
    alarm_id: str = ""
    policy: str = ""
    text: str


DispatchChange = NotificationPolicyChanged | ContactChanged | RotaChanged | NotificationChanged | TicketUpdated | DispatchNoted

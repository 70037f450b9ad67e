"""Bodies of the REST API about contacts. A new one is a :class:`protocols.dispatch.contact.ContactPlan`."""

from datetime import datetime

from msgspec import Struct

from protocols.dispatch.channel import Channel
from protocols.dispatch.contact import ContactMethod
from protocols.dispatch.quiet_hours import QuietHours
from protocols.rest_body import PageQuery
from protocols.rest_fields import Line, Name


class ContactsQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the list of contacts."""

    name: Line | None = None
    channel: tuple[Channel, ...] = ()
    customer_id: Name | None = None
    tenant_id: Name | None = None


class ContactShown(Struct, frozen=True, kw_only=True):
    """A contact. ``tenant_id`` null: for the causes of every tenant."""

    id: str
    name: str
    methods: tuple[ContactMethod, ...]
    time_zone: str
    quiet_hours: QuietHours | None
    tenant_id: str | None
    customer_id: str | None
    created_at: datetime
    updated_at: datetime
    updated_by: str
    revision: int


class ContactPage(Struct, frozen=True):
    """Contacts, the oldest first, and the cursor of the next page (null on the last)."""

    items: tuple[ContactShown, ...]
    next_cursor: str | None = None

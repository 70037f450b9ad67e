"""The tables of dispatch. Policies, contacts, rotas, notifications and tickets are stored as the stage has them: the fields of
the record are the columns."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from actors.store.change_table import ChangeTable
from protocols.dispatch.changes import (
    ContactChanged,
    DispatchNoted,
    NotificationChanged,
    NotificationPolicyChanged,
    RotaChanged,
    TicketUpdated,
)
from protocols.dispatch.contact import ContactRecord
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.policy import PolicyRecord
from protocols.dispatch.rota import RotaRecord
from protocols.dispatch.ticket import Ticket


class DispatchNoteRow(Struct, frozen=True):
    """A row of ``dispatch_notes``."""

    offset: int
    number: int
    at: datetime
    tenant_id: str
    subject: str
    alarm_id: str
    policy: str
    text: str


def note_row(change: DispatchNoted) -> DispatchNoteRow:
    """The row of the Change."""
    return DispatchNoteRow(**{name: getattr(change, name) for name in DispatchNoteRow.__struct_fields__})


DISPATCH_TABLES: Final[dict[type, ChangeTable]] = {
    NotificationPolicyChanged: ChangeTable(
        "notification_policies", PolicyRecord, lambda change: change.record, ("id",), lambda change: change.id
    ),
    ContactChanged: ChangeTable("contacts", ContactRecord, lambda change: change.record, ("id",), lambda change: change.id),
    RotaChanged: ChangeTable("rotas", RotaRecord, lambda change: change.record, ("id",), lambda change: change.id),
    NotificationChanged: ChangeTable(
        "notifications",
        DispatchedNotification,
        lambda change: change.notification,
        ("id",),
        lambda change: change.notification.id,
    ),
    TicketUpdated: ChangeTable("tickets", Ticket, lambda change: change.ticket, ("id",), lambda change: change.ticket.id),
    DispatchNoted: ChangeTable(
        "dispatch_notes", DispatchNoteRow, note_row, ("offset", "number"), lambda change: (change.offset, change.number)
    ),
}
"""By the Change that writes a row."""

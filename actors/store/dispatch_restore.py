"""Dispatch read back from PostgreSQL, to begin a new ledger when the old one is lost: rows as the Changes that wrote them.

Notifications come back that wait, and those by which people were told of something of whose end nobody has told them.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from actors.postgres import Connection
from actors.store.dispatch_tables import DISPATCH_TABLES
from protocols.dispatch.changes import (
    ContactChanged,
    DispatchChange,
    NotificationChanged,
    NotificationPolicyChanged,
    RotaChanged,
    TicketUpdated,
)
from protocols.dispatch.lost_alarm import LostAlarm
from protocols.dispatch.notification import DispatchedNotification

_PREFETCH: Final = 5_000
_WANTED: Final[dict[type, tuple[str, Callable[[Any], DispatchChange]]]] = {
    ContactChanged: ("true ORDER BY created_at, length(id), id", lambda row: ContactChanged(0, row.id, row)),
    RotaChanged: ("true ORDER BY created_at, length(id), id", lambda row: RotaChanged(0, row.id, row)),
    NotificationPolicyChanged: (
        "true ORDER BY created_at, length(id), id",
        lambda row: NotificationPolicyChanged(0, row.id, row),
    ),
    TicketUpdated: ("state <> 'closed' ORDER BY number, id", lambda row: TicketUpdated(0, row)),
}
"""For each type of Change but notifications the rows that are read, and the Change of a row. In the order in which the stage
needs them: contacts before rotas, and these before policies."""


_TELLING: Final = """
status IN ('pending', 'failed') OR (status = 'sent' AND (
    alarm_ids && ARRAY(
        SELECT id::text FROM alarms
        WHERE status NOT IN ('cleared', 'resolved') OR cleared_at > $1::timestamptz - interval '2 days'
    )
    OR subject IN (SELECT 'sla:' || id FROM sla_instances WHERE status IN ('at_risk', 'breached'))
    OR subject IN (SELECT 'window:' || id FROM maintenance_windows WHERE status IN ('active', 'upcoming'))
)) ORDER BY created_at, length(id), id
"""
"""Notifications that wait, and those that may have told of something that is not over, or whose end may not have been told."""
_LOST: Final = """
SELECT to_jsonb(a)::text AS row FROM (
    SELECT id, alarm_id, tenant_id, alarm_type, qualifier, severity, title, resource_type, resource_id,
        coalesce(resource_name, '') AS resource_name
    FROM alarms WHERE id = ANY($1::uuid[]) ORDER BY first_occurrence, id
) AS a
"""


class DispatchRead(Struct, frozen=True):
    """The rows of dispatch in the database. ``lost``: the alarms of whose end somebody has still to be told, and those of open
    tickets."""

    records: Sequence[DispatchChange]
    lost: Sequence[LostAlarm]


async def read_dispatch(connection: Connection, now: datetime) -> DispatchRead:
    """Contacts, rotas, policies, the tickets that are not closed, the notifications that wait, and those whose end is owed at
    the time ``now``, within the caller's transaction. Raises ``msgspec.ValidationError`` for a row that this version cannot
    read."""
    records = [
        make(row)
        for kind, (which, make) in _WANTED.items()
        async for row in _rows(connection, DISPATCH_TABLES[kind].name, DISPATCH_TABLES[kind].row, which)
    ]
    table = DISPATCH_TABLES[NotificationChanged]
    telling = [row async for row in _rows(connection, table.name, table.row, _TELLING, now)]
    owed = owed_ends(telling)
    kept = set().union(*owed.values())
    records += [NotificationChanged(0, each) for each in telling if each.waits or each.id in kept]
    subjects = [key for _, _, key in owed]
    subjects += [each.ticket.subject for each in records if isinstance(each, TicketUpdated)]
    ids = dict.fromkeys(key.removeprefix("alarm:") for key in subjects if key.startswith("alarm:"))
    decode = msgspec.json.Decoder(LostAlarm).decode
    lost = [decode(each["row"]) for each in await connection.fetch(_LOST, list(ids))]
    return DispatchRead(records, lost)


def owed_ends(notifications: Iterable[DispatchedNotification]) -> dict[tuple[str, str, str], set[str]]:
    """By channel, address and subject that somebody was told of, and of its end not: the ids of the first notification and the
    last one. ``notifications`` are in the order of their decision."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in notifications:
        if each.status == "dead" or each.kind in ("test", "credit"):
            continue
        over = set(each.facts.get("over", ()))
        for subject in dict.fromkeys(each.facts.get("subjects", (each.subject,))):
            person = each.channel, each.address, subject
            if subject in over:
                found.pop(person, None)
            else:
                found.setdefault(person, []).append(each.id)
    return {person: {told[0], told[-1]} for person, told in found.items()}


async def _rows(connection: Connection, table: str, kind: type[Any], which: str, *values: Any) -> AsyncIterator[Any]:
    decode = msgspec.json.Decoder(kind).decode
    sql = f"SELECT to_jsonb(t)::text AS row FROM (SELECT * FROM {table} WHERE {which}) AS t"
    async for each in connection.cursor(sql, *values, prefetch=_PREFETCH):
        yield decode(each["row"])

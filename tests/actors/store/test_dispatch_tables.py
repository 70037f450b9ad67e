"""Dispatch in a real PostgreSQL: every record comes back as it was, and nothing wedges the store."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
import trio
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields
from vocabulary.dispatch import ALARM, T0, make_contact, make_notification, make_policy, make_rota, make_ticket

from actors.mailbox import FeedPruned
from actors.postgres import Postgres
from actors.store.adopt import OperatorDataInTheWay, adopt_now
from actors.store.apply import apply
from actors.store.change_rows import ChangeRows
from actors.store.cursor import read_cursor
from actors.store.dispatch_restore import read_dispatch
from actors.store.dispatch_tables import DISPATCH_TABLES
from actors.store.reseed import reseed
from actors.store.settings import StoreSettings
from actors.store.trim import trim
from protocols.change import Change
from protocols.dispatch.changes import (
    ContactChanged,
    DispatchChange,
    DispatchNoted,
    NotificationChanged,
    NotificationPolicyChanged,
    RotaChanged,
    TicketUpdated,
)
from protocols.ledger import Seed

TABLES = [table.name for table in DISPATCH_TABLES.values()]
NOTE = DispatchNoted(
    offset=21,
    number=1,
    at=T0,
    tenant_id="t",
    subject=f"alarm:{ALARM}",
    alarm_id=ALARM,
    policy="NP17",
    text="nobody is on call in rota RO19",
)
RESTORED: tuple[DispatchChange, ...] = (
    ContactChanged(0, "CT18", make_contact()),
    RotaChanged(0, "RO19", make_rota()),
    NotificationPolicyChanged(0, "NP17", make_policy()),
    TicketUpdated(0, make_ticket()),
    NotificationChanged(0, make_notification()),
)


async def write(database: Postgres, *changes: Change) -> Any:
    seq = (await database.run(read_cursor, "ledger")).seq
    return await database.run(apply, "ledger", seq, seq + 1, changes, set())


async def restored(database: Postgres) -> list[DispatchChange]:
    async def read(connection: Any) -> list[DispatchChange]:
        async with connection.transaction():
            return list((await read_dispatch(connection, T0)).records)

    return await database.run(read)


def test_every_change_of_dispatch_has_a_table() -> None:
    assert set(DISPATCH_TABLES) == set(get_args(DispatchChange)) == {*map(type, RESTORED), DispatchNoted}


@pytest.mark.parametrize(
    "record",
    [
        make_policy(),
        make_policy().policy,
        make_contact(),
        make_contact().plan,
        make_rota(),
        make_rota().plan,
        make_notification(),
        make_ticket(),
        make_ticket().tasks[0],
    ],
    ids=lambda record: type(record).__name__,
)
def test_the_records_of_these_tests_have_no_default(record: Struct) -> None:
    same = [
        each.name for each in fields(record) if each.default is not NODEFAULT and getattr(record, each.name) == each.default
    ]
    assert set(same) <= {"origin", "group_interval", "repeat_interval"}


async def test_each_comes_back_as_it_was_to_the_microsecond(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        assert await write(database, *RESTORED, NOTE) == []
        assert await restored(database) == list(RESTORED)
        (policy,) = await database.fetch("SELECT name, enabled, priority, tenant_id FROM notification_policies")
        assert tuple(policy) == ("night 17", False, 3, "t")
        (contact,) = await database.fetch("SELECT name, time_zone, tenant_id, customer_id, methods FROM contacts")
        assert tuple(contact)[:4] == ("Ada", "Europe/Zagreb", "t", "C1")
        assert contact["methods"][0] == {"channel": "sms", "address": "+38591"}
        (note,) = await database.fetch("SELECT * FROM dispatch_notes")
        assert dict(note) == {name: getattr(NOTE, name) for name in NOTE.__struct_fields__}


async def test_what_a_record_leaves_out_is_its_default_in_the_columns(database_url: str) -> None:
    plain = make_policy(enabled=True, priority=0, tenant_id=None)
    contact = make_contact(methods=(), time_zone="UTC", tenant_id=None, customer_id=None)
    rota = make_rota(time_zone="UTC", tenant_id=None)
    async with Postgres.open(database_url) as database:
        await write(
            database,
            NotificationPolicyChanged(1, plain.id, plain),
            ContactChanged(1, contact.id, contact),
            RotaChanged(1, rota.id, rota),
        )
        (policy,) = await database.fetch("SELECT enabled, priority, tenant_id FROM notification_policies")
        assert tuple(policy) == (True, 0, None)
        (row,) = await database.fetch("SELECT methods, time_zone, tenant_id, customer_id FROM contacts")
        assert tuple(row) == ([], "UTC", None, None)
        (row,) = await database.fetch("SELECT time_zone, tenant_id FROM rotas")
        assert tuple(row) == ("UTC", None)


async def test_what_is_deleted_goes_and_what_ended_is_not_restored(database_url: str) -> None:
    closed, sent = make_ticket(2, state="closed"), make_notification(22, status="sent")
    dead = make_notification(23, status="dead")
    async with Postgres.open(database_url) as database:
        await write(database, *RESTORED, TicketUpdated(9, closed), NotificationChanged(9, sent), NotificationChanged(9, dead))
        gone: list[Change] = [ContactChanged(10, "CT18"), RotaChanged(10, "RO19"), NotificationPolicyChanged(10, "NP17")]
        assert await write(database, *gone, ContactChanged(10, "CT99")) == []
        assert await restored(database) == list(RESTORED[3:])
        assert await database.fetchval("SELECT count(*) FROM contacts") == 0
        assert await database.fetchval("SELECT count(*) FROM tickets") == 2


async def test_the_last_state_of_a_row_is_written_once(database_url: str) -> None:
    written = ChangeRows()
    for number in range(1, 100):
        written.add(NotificationChanged(number, make_notification(attempts=number)))
        written.add(ContactChanged(number, "CT18", make_contact() if number % 2 else None))
    assert [len(found) for found in written.changes.values()] == [1, 1]
    async with Postgres.open(database_url) as database:
        again = [change for found in written.changes.values() for change in found.values()]
        await write(database, *again)
        assert await database.fetchval("SELECT attempts FROM notifications") == 99
        queries = [f"SELECT xmin::text FROM {table}" for table in ("notifications", "contacts")]
        before = [await database.fetchval(query) for query in queries]
        await write(database, *again)
        assert [await database.fetchval(query) for query in queries] == before


@pytest.mark.parametrize("text", ["\x00", "\ud800", "'; DROP TABLE tickets; --", "\U0001f4a5"])
async def test_any_text_of_a_record_is_taken_and_read_back(database_url: str, text: str) -> None:
    stored = text.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    async with Postgres.open(database_url) as database:
        assert (
            await write(
                database,
                NotificationPolicyChanged(1, "NP17", make_policy(description=text)),
                RotaChanged(1, "RO19", make_rota(name=text)),
                ContactChanged(1, "CT18", make_contact(name=text)),
                TicketUpdated(1, make_ticket(title=text, metadata={text: text}, circuits=(text,))),
                NotificationChanged(1, make_notification(answer=text, facts={"title": text})),
            )
            == []
        )
        contact, rota, policy, ticket, notification = await restored(database)
    assert contact == ContactChanged(0, "CT18", make_contact(name=stored))
    assert rota == RotaChanged(0, "RO19", make_rota(name=stored))
    assert policy == NotificationPolicyChanged(0, "NP17", make_policy(description=stored))
    assert ticket == TicketUpdated(0, make_ticket(title=stored, metadata={stored: stored}, circuits=(stored,)))
    assert notification == NotificationChanged(0, make_notification(answer=stored, facts={"title": stored}))


async def test_history_is_kept_by_age_and_what_waits_stays(database_url: str) -> None:
    now = datetime.now(UTC)
    old, new = now - timedelta(days=401), now - timedelta(days=399)
    changes: list[Change] = [
        NotificationChanged(1, make_notification(1, created_at=old)),
        TicketUpdated(1, make_ticket(1, opened_at=old, closed_at=None)),
        *RESTORED[:3],
    ]
    for number, at in ((2, old), (3, new)):
        changes += [
            NotificationChanged(1, make_notification(number, created_at=at, status="sent")),
            NotificationChanged(1, make_notification(number + 2, created_at=at, status="dead")),
            TicketUpdated(1, make_ticket(number, state="closed", opened_at=old, closed_at=at)),
            DispatchNoted(offset=number, number=0, at=at, tenant_id="t", subject="s", text="x"),
        ]
    async with Postgres.open(database_url) as database:
        assert await write(database, *changes) == []
        gone = await database.run(trim, StoreSettings(), 1_100, False, False, [], True)
        assert gone == {"notifications": 2, "tickets": 1, "dispatch_notes": 1}
        assert await database.run(trim, StoreSettings(), 1_100, False, False, [], False) == {}
        kept = await database.fetch("SELECT id FROM notifications UNION ALL SELECT id FROM tickets ORDER BY id")
    assert [row["id"] for row in kept] == ["N1", "N3", "N5", "TK1", "TK3"]


async def test_a_seed_takes_the_place_of_tables_and_ends_what_the_stage_no_longer_holds(database_url: str) -> None:
    held = (
        ContactChanged(0, "CT2", make_contact(2)),
        NotificationChanged(0, make_notification(30)),
        TicketUpdated(0, make_ticket(3)),
    )
    async with Postgres.open(database_url) as database:
        await write(database, *RESTORED, NOTE)
        seed = Seed(12, [], made=held, at=T0 + timedelta(days=2))
        await database.run(reseed, "ledger", FeedPruned(1, 10), seed)
        rows = await database.fetch("SELECT id, status, answer FROM notifications ORDER BY id")
        assert [tuple(row) for row in rows] == [
            ("N20", "dead", "its outcome is not known: history is missing before 2026-12-02 08:00:00.000001+00"),
            ("N30", "failed", "451 try again"),
        ]
        rows = await database.fetch("SELECT id, state FROM tickets ORDER BY id")
        assert [tuple(row) for row in rows] == [("TK1", "closed"), ("TK3", "open")]
        assert [row["id"] for row in await database.fetch("SELECT id FROM contacts")] == ["CT2"]
        for table in ("rotas", "notification_policies"):
            assert await database.fetchval(f"SELECT count(*) FROM {table}") == 0
        assert await database.fetchval("SELECT count(*) FROM dispatch_notes") == 1, "notes are history, and stay"


async def test_another_ledger_does_not_discard_people_and_tickets_unasked(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        await write(database, *RESTORED)
        with pytest.raises(OperatorDataInTheWay, match="1 notification policy, 1 contact, 1 rota and 1 open ticket "):
            await trio.to_thread.run_sync(lambda: adopt_now(database_url, "other", T0, lambda cursor: None))
        await trio.to_thread.run_sync(lambda: adopt_now(database_url, "other", T0, lambda cursor: None, discard=True))
        assert await restored(database) == []


async def test_the_indexes_of_the_lists(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        rows = await database.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('notifications', 'tickets')"
        )
    defined = {row["indexname"]: row["indexdef"].partition(" USING ")[2] for row in rows}
    assert defined["ix_notifications_alarms"] == defined["ix_tickets_alarms"] == "gin (alarm_ids)"
    assert defined["ix_notifications_status"] == "btree (status, created_at, id)"
    assert defined["ix_tickets_tenant"] == "btree (tenant_id, opened_at, id)"

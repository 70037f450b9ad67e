"""Changes applied to a real PostgreSQL: any grouping gives the same tables, and no content wedges it."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from vocabulary import agreements
from vocabulary.traps import make_trap

from actors.postgres import Connection, Postgres
from actors.store import change_rows
from actors.store.apply import apply
from actors.store.cursor import CursorMoved, LedgerMismatch, read_cursor
from protocols.alarm import Alarm, Suppression, TimelineEntry
from protocols.change import (
    AlarmChanged,
    AlarmForgotten,
    AlarmRepeated,
    Answer,
    ArchiveDue,
    Change,
    DeviceEvent,
    HistoryChanged,
    NodesChanged,
    Quarantined,
    Released,
    RuleChanged,
    UnknownTrap,
    WindowChanged,
)
from protocols.maintenance import MaintenanceWindow, WindowScope
from protocols.rule import Conditions, Rule, RuleRecord
from protocols.sla.changes import SlaBreachChanged, SlaCreditChanged, SlaInstanceChanged, SlaPeriodClosed
from protocols.snmp.notification import VarBind
from protocols.topology import Node, TopologyNode

T0 = datetime(2026, 1, 31, 23, 0, tzinfo=UTC)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def unknown(offset: int, oid: str = "1.3.6.1.4.1.99.1", tenant: str = "t1", **fields: Any) -> UnknownTrap:
    varbinds = (
        VarBind("1.3.6.1.2.1.1.5.0", "OCTET STRING", b"olt-1"),
        VarBind("1.3.6.1.4.1.99.2", "OCTET STRING", b"\x00\xff"),
    )
    trap = make_trap(oid, fields.get("varbinds", varbinds), at=at(offset), uptime=7)
    return UnknownTrap(offset, at(offset), tenant, "olt-1", "no rule for the OID", trap)


def rule_of(number: int, priority: int = 0) -> RuleRecord:
    rule = Rule(name=f"rule {number}", type="suppression", priority=priority, conditions=Conditions(match={"alarm_type": "x"}))
    return RuleRecord(id=f"r{number}", rule=rule, origin="api", created_at=T0, updated_at=T0, updated_by="ada")


def window_of(window_id: str, **fields: Any) -> MaintenanceWindow:
    values: dict[str, Any] = {"title": "splicing", "scope": WindowScope(devices=("olt-1",)), "time_zone": "Europe/Berlin"}
    values |= {"start": T0, "local_start": datetime(2026, 2, 1, 0, 0), "duration_seconds": 3600.5}  # noqa: DTZ001
    who = {"created_at": T0, "created_by": "ada", "updated_at": T0, "updated_by": "ada", "tenant_id": None}
    return MaintenanceWindow(id=window_id, **(values | who | fields))


async def apply_all(database: Postgres, *changes: Change, through: int = 1) -> Any:
    seq = (await database.run(read_cursor, "ledger")).seq
    return await database.run(apply, "ledger", seq, seq + through, changes, set())


async def test_an_alarm_is_stored_whole(database_url: str, alarm_of: Callable[..., Alarm]) -> None:
    alarm = alarm_of(
        1,
        affected_customers=("c-1", "c'2,{}"),
        affected_services=("s-1",),
        subscriber_count=2,
        cleared_at=at(1.5),
        cleared_by="user:eve",
        suppressed_by=(Suppression("window", "w-1", at(1), "works"),),
        metadata={"a": [1, 2.5, None, {"b": "ü"}], "big": 2**70},
        tags=("core", ""),
        description="back\\slash \\u0000 as text",
    )
    async with Postgres.open(database_url) as database:
        assert await apply_all(database, AlarmChanged(0, alarm, ())) == []
        row = await database.fetchrow("SELECT * FROM alarms")
    assert row is not None
    found = dict(row)
    assert (found.pop("live"), found.pop("severity_rank")) == (True, 1)
    assert (found.pop("last_minute"), found.pop("repeat_offsets")) == (T0, [])
    suppressed = found.pop("suppressed_by")
    assert [entry["by"] for entry in suppressed] == ["w-1"]
    assert found.pop("metadata") == {"a": [1, 2.5, None, {"b": "ü"}], "big": 2**70}
    assert found.pop("id") == uuid.UUID(int=1)
    assert found == {
        name: list(value) if isinstance(value := getattr(alarm, name), tuple) else value
        for name in Alarm.__struct_fields__
        if name not in ("suppressed_by", "metadata", "id")
    }


async def test_repeats_move_count_and_time_only(database_url: str, alarm_of: Callable[..., Alarm]) -> None:
    async with Postgres.open(database_url) as database:
        await apply_all(database, AlarmChanged(1, alarm_of(1), ()))
        await apply_all(
            database,
            AlarmRepeated(2, alarm_of(1).id, at(2), 2, 2),
            AlarmRepeated(3, alarm_of(1).id, at(3), 3, 3),
            AlarmRepeated(4, alarm_of(9).id, at(3), 3, 3),
        )
        rows = await database.fetch("SELECT * FROM alarms")
    assert [(row["occurrence_count"], row["last_occurrence"], row["revision"]) for row in rows] == [(3, at(3), 3)]
    assert rows[0]["title"] == alarm_of(1).title


@pytest.mark.parametrize("at_once", [True, False])
async def test_the_events_of_the_newest_repeats_are_kept(
    database_url: str, alarm_of: Callable[..., Alarm], changed_of: Callable[..., AlarmChanged], at_once: bool
) -> None:
    alarm = alarm_of(1)

    def repeats(*offsets: int) -> list[Change]:
        return [AlarmRepeated(offset, alarm.id, at(3), offset, offset) for offset in offsets]

    def put(offset: int, title: str = "other") -> Change:
        return changed_of(offset, 1, title=title)

    parts: list[list[Change]] = [
        [put(1), *repeats(2, 3)],
        repeats(4),
        # With another text and without a timeline entry it is a repeat; of no Event it is none.
        [*repeats(5), AlarmChanged(6, alarm_of(1, title="again"), ()), AlarmChanged(0, alarm, ())],
        [*repeats(7, 8), put(9)],
        [put(10), *repeats(*range(11, 16))],
        [AlarmRepeated(16, alarm_of(9).id, at(3), 3, 3)],
    ]
    async with Postgres.open(database_url) as database:
        for part in [list(chain.from_iterable(parts))] if at_once else parts:
            await apply_all(database, *part)
        rows = await database.fetch("SELECT repeat_offsets FROM alarms")
    assert [row["repeat_offsets"] for row in rows] == [[15, 14, 13, 12, 11, 8, 7, 6, 5, 4]]


@pytest.mark.parametrize("archived", [False, True])
async def test_history_changes_where_it_is(database_url: str, alarm_of: Callable[..., Alarm], archived: bool) -> None:
    alarm = alarm_of(1, status="cleared", cleared_at=T0, ticket_id="T-1")
    entry = TimelineEntry(
        alarm_id=alarm.id, tenant_id="t", offset=5, number=0, at=at(9), action="noted", actor="user:ada", text="wet"
    )
    before: list[Change] = [AlarmChanged(1, alarm, ()), AlarmForgotten(2, alarm.id)]
    if archived:
        before.append(ArchiveDue(3, at(60)))
    async with Postgres.open(database_url) as database:
        await apply_all(
            database,
            *before,
            HistoryChanged(offset=4, id=alarm.id, entries=(), fields={"ticket_id": None}),
            HistoryChanged(offset=5, id=alarm.id, entries=(entry,)),
            HistoryChanged(offset=6, id=alarm_of(9).id, entries=(), fields={"ticket_id": "T-9"}),
        )
        rows = await database.fetch(f"SELECT * FROM {'alarms_archive' if archived else 'alarms'}")
        lines = await database.fetch("SELECT text FROM alarm_timeline")
    assert [(row["revision"], row["ticket_id"], row["live"]) for row in rows] == [(alarm.revision + 2, None, False)]
    assert [line["text"] for line in lines] == ["wet"]


async def test_the_timeline_has_a_partition_for_each_month(
    database_url: str, changed_of: Callable[..., AlarmChanged], alarm_of: Callable[..., Alarm]
) -> None:
    entry = TimelineEntry(alarm_id=alarm_of(1).id, tenant_id="t1", offset=9, number=0, at=at(0), action="noted", actor="user:a")
    times = [
        datetime(2026, 1, 31, 23, 59, 59, 999999, UTC),
        datetime(2026, 2, 1, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ]
    entries = tuple(
        TimelineEntry(
            **{name: getattr(entry, name) for name in entry.__struct_fields__ if name not in ("at", "number")},
            at=time,
            number=i,
        )
        for i, time in enumerate(times)
    )
    async with Postgres.open(database_url) as database:
        assert await apply_all(database, AlarmChanged(9, alarm_of(1), entries)) == []
        rows = await database.fetch("SELECT tableoid::regclass::text AS part, at FROM alarm_timeline ORDER BY number")
    prefix = "alarm_timeline_"
    expected = ["2026_01", "2026_02", "2026_12", "2027_01", "other", "other"]
    assert [(row["part"], row["at"]) for row in rows] == [
        (prefix + part, time) for part, time in zip(expected, times, strict=True)
    ]


async def test_archive_takes_what_was_let_go_and_cleared_before(database_url: str, alarm_of: Callable[..., Alarm]) -> None:
    async with Postgres.open(database_url) as database:
        await apply_all(
            database,
            AlarmChanged(1, alarm_of(1, status="cleared", cleared_at=at(1)), ()),
            AlarmChanged(2, alarm_of(2, status="cleared", cleared_at=at(5)), ()),
            AlarmChanged(3, alarm_of(3, status="cleared", cleared_at=at(1)), ()),
            AlarmChanged(4, alarm_of(4), ()),
            *(AlarmForgotten(5, alarm_of(number).id) for number in (1, 2, 4)),
            ArchiveDue(6, at(5)),
        )
        kept = await database.fetch("SELECT alarm_id, live FROM alarms ORDER BY id")
        archived = await database.fetch("SELECT alarm_id, live, severity_rank FROM alarms_archive")
    assert [tuple(row) for row in kept] == [("A-2", False), ("A-3", True), ("A-4", False)]
    assert [tuple(row) for row in archived] == [("A-1", False, 1)]


async def test_the_inbox_and_device_events_go_with_the_archive_and_their_counts_stay(database_url: str) -> None:
    def event(offset: int) -> DeviceEvent:
        return DeviceEvent(
            offset=offset,
            number=0,
            at=at(offset),
            tenant_id="t1",
            device_id="d",
            resource_type="olt",
            resource_id="d",
            event_name="reboot",
            severity="info",
            title="rebooted",
        )

    async with Postgres.open(database_url) as database:
        await apply_all(database, event(1), unknown(2), event(3), unknown(4), ArchiveDue(5, at(3)))
        events = await database.fetch('SELECT "offset" FROM device_events')
        traps = await database.fetch('SELECT "offset" FROM unknown_traps')
        (counted,) = await database.fetch("SELECT * FROM unknown_trap_counts")
    assert ([row[0] for row in events], [row[0] for row in traps]) == ([3], [4])
    assert 2 in tuple(counted)


async def test_unknown_traps_are_kept_whole_and_counted(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        await apply_all(database, unknown(1), unknown(2), unknown(3, oid="1.3.6.1.4.1.98.7"))
        await apply_all(database, unknown(4), unknown(5, tenant="t2"))
        counts = await database.fetch("SELECT * FROM unknown_trap_counts ORDER BY tenant_id, trap_oid")
        trap = await database.fetchval('SELECT trap FROM unknown_traps WHERE "offset" = 1')
    assert [tuple(row) for row in counts] == [
        ("t1", "1.3.6.1.4.1.98.7", 1, at(3), at(3)),
        ("t1", "1.3.6.1.4.1.99.1", 3, at(1), at(4)),
        ("t2", "1.3.6.1.4.1.99.1", 1, at(5), at(5)),
    ]
    assert trap["notification"]["varbinds"] == [
        {"oid": "1.3.6.1.2.1.1.5.0", "type": "OCTET STRING", "value": "6f6c742d31", "text": "olt-1"},
        {"oid": "1.3.6.1.4.1.99.2", "type": "OCTET STRING", "value": "00ff"},
    ]


async def test_the_quarantine_keeps_what_was_not_released_since(database_url: str) -> None:
    steps: list[Change] = [
        Quarantined(1, at(1), "trap", "first"),
        Quarantined(2, at(2), "trap", "stays"),
        Released(3, 1),
        Released(4, 5),
        Quarantined(5, at(5), "trap", "after its release"),
    ]
    async with Postgres.open(database_url) as database:
        await apply_all(database, *steps)
        rows = await database.fetch('SELECT "offset", error FROM quarantine ORDER BY 1')
    assert [tuple(row) for row in rows] == [(2, "stays"), (5, "after its release")]


NASTY = [
    {"title": "nul \x00 inside"},
    {"title": "lone \ud800 surrogate"},
    {"description": "\x00" * 50, "tags": ("\x00", "\udfff")},
    {"metadata": {"k\x00": "v\x00", "\ud800": [{"x": "\x00"}]}},
    {"metadata": {"nan": float("nan"), "inf": float("inf"), "huge": 10**400, "octets": b"\x00\xff"}},
    {"metadata": {"deep": {"object": object}}},
    {"affected_customers": ('{"},\\', "NULL", "")},
]


@pytest.mark.parametrize("fields", NASTY, ids=range(len(NASTY)))
async def test_no_text_or_number_is_refused(
    database_url: str, changed_of: Callable[..., AlarmChanged], fields: dict[str, Any]
) -> None:
    async with Postgres.open(database_url) as database:
        rejects = await apply_all(database, changed_of(1, 1, **fields), changed_of(2, 2))
        rows = await database.fetch("SELECT * FROM alarms ORDER BY id")
    assert rejects == []
    assert len(rows) == 2
    if "title" in fields:
        assert "\ufffd" in rows[0]["title"]


async def test_a_poisonous_change_is_set_aside_alone(database_url: str, changed_of: Callable[..., AlarmChanged]) -> None:
    poison = {
        3: changed_of(3, 3, subscriber_count=2**80),
        5: changed_of(5, 5, title=None),
        6: changed_of(6, 6, severity="terrible"),
        7: changed_of(7, 7, id="no uuid \x00"),
    }
    changes: list[Change] = [poison.get(offset) or changed_of(offset, offset) for offset in range(1, 12)]
    async with Postgres.open(database_url) as database:
        rejects = await apply_all(database, *changes, through=4)
        found = {row["alarm_id"] for row in await database.fetch("SELECT alarm_id FROM alarms")}
        kept = await database.fetch("SELECT * FROM store_rejects ORDER BY id")
        assert (await database.run(read_cursor, "ledger")).seq == 4
        entries = await database.fetchval("SELECT count(*) FROM alarm_timeline")
    assert [reject.offset for reject in rejects] == [row["offset"] for row in kept] == [3, 5, 6, 7]
    assert found == {f"A-{offset}" for offset in range(1, 12) if offset not in poison}
    assert entries == 7
    assert "NumericValueOutOfRange" in kept[0]["error"]
    assert '"A-3"' in kept[0]["change"]


async def test_two_writers_cannot_both_apply(database_url: str, changed_of: Callable[..., AlarmChanged]) -> None:
    async with Postgres.open(database_url) as database:
        assert (await database.run(read_cursor, "ledger")).seq == 0
        await database.run(apply, "ledger", 0, 3, [changed_of(1, 1)], set())
        with pytest.raises(CursorMoved):
            await database.run(apply, "ledger", 0, 3, [changed_of(1, 2)], set())
        assert await database.fetchval("SELECT count(*) FROM alarms") == 1
        assert (await database.run(read_cursor, "ledger")).seq == 3


async def test_another_ledger_is_refused_unless_nothing_was_applied(
    database_url: str, changed_of: Callable[..., AlarmChanged]
) -> None:
    async with Postgres.open(database_url) as database:
        assert (await database.run(read_cursor, "first")).seq == 0
        assert (await database.run(read_cursor, "second")).seq == 0
        await database.run(apply, "second", 0, 1, [changed_of(1, 1)], set())
        with pytest.raises(LedgerMismatch, match=r"from ledger second \(up to batch 1\), but this is ledger first"):
            await database.run(read_cursor, "first")


async def test_a_cancelled_apply_leaves_nothing(database_url: str, changed_of: Callable[..., AlarmChanged]) -> None:
    async with Postgres.open(database_url) as database, Postgres.open(database_url) as other:
        await database.run(read_cursor, "ledger")
        held, go_on = trio.Event(), trio.Event()
        token = trio.lowlevel.current_trio_token()

        async def hold_lock(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute("LOCK TABLE alarms IN ACCESS EXCLUSIVE MODE")
                token.run_sync_soon(held.set)
                # Until the applying backend waits for this lock.
                while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    pass
                token.run_sync_soon(go_on.set)
                while await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    pass

        async with trio.open_nursery() as nursery:
            nursery.start_soon(other.run, hold_lock)
            await held.wait()
            with trio.CancelScope() as scope:
                nursery.start_soon(_cancel_after, go_on, scope)
                await database.run(apply, "ledger", 0, 1, [changed_of(1, 1)], set())
            assert scope.cancelled_caught
        assert (await database.run(read_cursor, "ledger")).seq == 0
        assert await database.fetchval("SELECT count(*) FROM alarms") == 0


async def _cancel_after(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()


@st.composite
def sequences(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    kinds = (
        "changed",
        "changed",
        "amended",
        "repeated",
        "forgotten",
        "device_event",
        "unknown",
        "quarantined",
        "released",
        "archive",
        "answer",
        "rule",
        "window",
        "nodes",
        "agreement",
        "breach",
    )
    step = st.tuples(st.sampled_from(kinds), st.integers(1, 5), st.integers(0, 3))
    return draw(st.lists(step, min_size=1, max_size=40))


def build(steps: Sequence[tuple[str, int, int]], changed_of: Callable[..., AlarmChanged]) -> list[Change]:
    changes: list[Change] = []
    for offset, (kind, number, variant) in enumerate(steps, start=1):
        identifier = str(uuid.UUID(int=number))
        match kind:
            case "changed":
                cleared = at(offset - variant) if variant else None
                status = "cleared" if variant else "active"
                changes.append(
                    changed_of(
                        offset,
                        number,
                        title=f"{offset}" + "\x00" * variant,
                        cleared_at=cleared,
                        status=status,
                        occurrence_count=offset,
                        affected_customers=("c",) * variant,
                    )
                )
            case "amended":
                amended = changed_of(offset, number, title=f"{offset}", occurrence_count=offset)
                changes.append(AlarmChanged(offset * (variant > 0), amended.alarm, ()))
            case "repeated":
                changes.append(AlarmRepeated(offset, identifier, at(offset), offset, offset))
            case "forgotten":
                changes.append(AlarmForgotten(offset, identifier))
            case "device_event":
                changes.append(
                    DeviceEvent(
                        offset=offset,
                        number=variant,
                        at=at(offset),
                        tenant_id="t1",
                        device_id="d",
                        resource_type="olt",
                        resource_id="d",
                        event_name="reboot",
                        severity="info",
                        title="rebooted",
                    )
                )
            case "unknown":
                changes.append(unknown(offset, oid=f"1.3.6.{variant}"))
            case "quarantined":
                changes.append(Quarantined(number, at(offset), "trap", f"error {offset}"))
            case "released":
                changes.append(Released(offset, number))
            case "archive":
                changes.append(ArchiveDue(offset, at(offset - variant)))
            case "rule":
                changes.append(RuleChanged(offset, f"r{number}", rule_of(number, offset) if variant else None))
            case "window":
                window = window_of(f"MW{number}", title=f"{offset}") if variant else None
                changes.append(WindowChanged(offset, f"MW{number}", window, "active"))
            case "nodes":
                puts = tuple(TopologyNode(Node(id=f"n{each}", type="ont"), "api", offset) for each in range(number))
                changes.append(NodesChanged(offset, puts[variant:], tuple(shown.node.id for shown in puts[:variant])))
            case "agreement":
                changes.append(SlaInstanceChanged(offset, agreements.instance(number), "at_risk", f"{offset}"))
                changes.append(SlaPeriodClosed(offset, agreements.figures(number, revision=variant + 1, down=offset)))
            case "breach":
                changes.append(SlaBreachChanged(offset, agreements.breach(number, actual=offset, resolved=bool(variant))))
                changes.append(SlaCreditChanged(offset, agreements.credit(instance_id=f"SI{number}", final=bool(variant))))
            case _:
                changes.append(Answer(offset=offset))
    return changes


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(steps=[("repeated", 1, 0), ("changed", 1, 0), ("repeated", 1, 0), ("amended", 1, 1)], data=None)
@given(steps=sequences(), data=st.data())
async def test_any_grouping_gives_the_same_tables(
    database_url: str,
    steps: list[tuple[str, int, int]],
    data: st.DataObject | None,
    changed_of: Callable[..., AlarmChanged],
    tables: Callable[..., Any],
) -> None:
    changes = build(steps, changed_of)
    inside = {len(changes) // 2} if data is None else data.draw(st.sets(st.integers(0, len(changes)), max_size=5))
    cuts = sorted(inside | {0, len(changes)})
    groupings = [
        [[change] for change in changes],
        [changes[begin:end] for begin, end in pairwise(cuts)],
        [changes],
    ]
    found = []
    async with Postgres.open(database_url) as database:
        for grouping in groupings:
            await database.execute(
                "TRUNCATE alarms, alarms_archive, alarm_timeline, device_events, unknown_traps, unknown_trap_counts, "
                "quarantine, store_rejects, faultd_cursor, rules, maintenance_windows, topology_nodes"
            )
            await database.execute(change_rows.EMPTY)
            for group in grouping:
                assert await apply_all(database, *group) == []
            found.append(await database.run(tables))
    assert found[0] == found[1] == found[2]
    assert _expected_alarms(changes) == {
        str(row["id"]): (row["title"], row["occurrence_count"], row["live"]) for row in found[0]["alarms"]
    }


def _expected_alarms(changes: Sequence[Change]) -> dict[str, tuple[str, int, bool]]:
    """What the table must hold, by applying one Change after the other to a dict."""
    rows: dict[str, tuple[str, int, bool]] = {}
    cleared: dict[str, datetime | None] = {}
    for change in changes:
        match change:
            case AlarmChanged(alarm=alarm):
                rows[alarm.id] = (alarm.title.replace("\x00", "\ufffd"), alarm.occurrence_count, True)
                cleared[alarm.id] = alarm.cleared_at
            case AlarmRepeated() if change.id in rows:
                title, _, live = rows[change.id]
                rows[change.id] = (title, change.occurrence_count, live)
            case AlarmForgotten() if change.id in rows:
                rows[change.id] = (*rows[change.id][:2], False)
            case ArchiveDue():
                for identifier, (_, _, live) in list(rows.items()):
                    when = cleared[identifier]
                    if not live and when is not None and when < change.before:
                        del rows[identifier]
    return rows

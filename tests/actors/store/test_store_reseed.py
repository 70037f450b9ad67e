"""Filling a database that lacks batches which the ledger no longer has."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from vocabulary import agreements

from actors.mailbox import FeedPruned
from actors.postgres import Postgres
from actors.store.apply import apply
from actors.store.cursor import BatchMark, CursorMoved, read_cursor
from actors.store.reseed import reseed
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, Change, Quarantined
from protocols.ledger import QuarantinedEvent, Seed
from protocols.sla.changes import (
    SlaBreachChanged,
    SlaClockChanged,
    SlaInstanceChanged,
    SlaOutageChanged,
    SlaPeriodClosed,
)
from protocols.sla.clock_facts import AlarmTimes

T0 = datetime(2026, 1, 31, 23, 0, tzinfo=UTC)


async def older(database: Postgres, *changes: Any) -> None:
    """The database as of batch 3."""
    await database.run(read_cursor, "ledger")
    await database.run(apply, "ledger", 0, 3, list(changes), set(), BatchMark(30, T0))


async def test_what_the_fold_no_longer_holds_becomes_history(
    database_url: str, alarm_of: Callable[..., Alarm], changed_of: Callable[..., AlarmChanged]
) -> None:
    resolved = changed_of(2, 2, status="resolved", cleared_at=T0, cleared_by="user:eve", resolved_at=T0, resolved_by="user:eve")
    kept = alarm_of(3, title="as it is now", revision=7)
    async with Postgres.open(database_url) as database:
        await older(database, changed_of(1, 1), resolved, changed_of(3, 3), Quarantined(4, T0, "trap", "released since"))
        seed = Seed(12, [kept, alarm_of(4)], [QuarantinedEvent(90, T0, "tick", "RuntimeError: x", b"")])
        done = await database.run(reseed, "ledger", FeedPruned(3, 10), seed)
        assert (done.first, done.seq, done.ended, list(done.rejects)) == (4, 9, 2, [])
        rows = await database.fetch("SELECT title, status, live, cleared_by, revision FROM alarms ORDER BY id")
        assert [tuple(row) for row in rows] == [
            ("ONT 1 lost its signal", "cleared", False, "faultd:history_gap", 1),
            ("ONT 2 lost its signal", "resolved", False, "user:eve", 1),
            ("as it is now", "active", True, None, 7),
            ("ONT 4 lost its signal", "active", True, None, 1),
        ]
        assert [row["offset"] for row in await database.fetch("SELECT * FROM quarantine")] == [90]
        cursor = await database.run(read_cursor, "ledger")
        assert (cursor.seq, cursor.mark) == (9, BatchMark())
        (gap,) = await database.fetch("SELECT * FROM device_events")
        assert (gap["event_name"], gap["device_id"], gap["tenant_id"], gap["severity"]) == (
            "history.gap",
            "faultd",
            "",
            "major",
        )
        assert gap["detail"] == {"first": 4, "last": 9, "ledger_id": "ledger", "alarms": 2, "ended": 2}


async def test_an_alarm_that_postgresql_refuses_stops_nothing(database_url: str, alarm_of: Callable[..., Alarm]) -> None:
    async with Postgres.open(database_url) as database:
        await older(database)
        seed = Seed(9, [alarm_of(1), alarm_of(2, subscriber_count=2**80), alarm_of(3)])
        done = await database.run(reseed, "ledger", FeedPruned(3, 10), seed)
        assert [reject.kind for reject in done.rejects] == ["alarm"]
        assert [row["alarm_id"] for row in await database.fetch("SELECT alarm_id FROM alarms ORDER BY id")] == ["A-1", "A-3"]
        assert (await database.run(read_cursor, "ledger")).rejects == 1


async def test_all_or_nothing(
    database_url: str, alarm_of: Callable[..., Alarm], changed_of: Callable[..., AlarmChanged], tables: Callable[..., Any]
) -> None:
    async with Postgres.open(database_url) as database:
        await older(database, changed_of(1, 1))
        before = await database.run(tables)
        with pytest.raises(CursorMoved):
            await database.run(reseed, "ledger", FeedPruned(2, 10), Seed(12, [alarm_of(4)]))
        # Between the seed and the oldest batch something would be missing that no row names.
        with pytest.raises(FeedPruned):
            await database.run(reseed, "ledger", FeedPruned(3, 10), Seed(8, [alarm_of(4)]))
        assert await database.run(tables) == before
        assert (await database.run(read_cursor, "ledger")).seq == 3


async def test_nothing_is_over_for_a_stage_that_does_not_tell_what_it_holds(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        await older(database, SlaBreachChanged(1, agreements.breach()))
        await database.run(reseed, "ledger", FeedPruned(3, 10), Seed(12, [], (), T0, [], whole=False))
        assert await database.fetchval("SELECT resolved FROM sla_breaches") is False


async def test_agreements_are_filled_and_what_the_stage_no_longer_holds_is_over(database_url: str) -> None:
    gone = f"{agreements.ALARM[:-1]}9"
    other = agreements.outage(9, id=f"{gone}.0", alarm_id=gone)
    clock = AlarmTimes(agreements.BEGIN, "major")
    made: list[Change] = [
        SlaInstanceChanged(0, agreements.instance(), "breached", "why", 1, None),
        SlaOutageChanged(0, agreements.outage()),
        SlaClockChanged(0, agreements.ALARM, "t", clock),
        SlaBreachChanged(0, agreements.breach(revision=2)),
    ]
    async with Postgres.open(database_url) as database:
        await older(
            database,
            SlaBreachChanged(1, agreements.breach()),
            SlaBreachChanged(1, agreements.breach(9)),
            SlaOutageChanged(1, other),
            SlaClockChanged(1, gone, "t", clock),
            SlaPeriodClosed(2, agreements.figures()),
        )
        at = datetime(2027, 1, 1, tzinfo=UTC)
        done = await database.run(reseed, "ledger", FeedPruned(3, 10), Seed(12, [], (), at, made))
        assert list(done.rejects) == []
        rows = await database.fetch("SELECT id, resolved, breach_end, revision, reason FROM sla_breaches ORDER BY id")
        assert [tuple(row)[:4] for row in rows] == [("SB4", False, None, 2), ("SB9", True, at, 1)]
        assert rows[1]["reason"].endswith("; its end is not known: history is missing")
        rows = await database.fetch("SELECT id, end_time FROM sla_outages ORDER BY id")
        assert [tuple(row) for row in rows] == [(f"{agreements.ALARM}.0", None), (f"{gone}.0", at)]
        rows = await database.fetch("SELECT ended_at FROM sla_clocks ORDER BY alarm_id")
        assert [row["ended_at"] for row in rows] == [None, at]
        assert await database.fetchval("SELECT status FROM sla_instances") == "breached"
        assert await database.fetchval("SELECT count(*) FROM sla_periods") == 1, "closed periods are history, and stay"

"""What strangers can fill is bounded: the newest is kept."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from vocabulary import agreements
from vocabulary.agreements import ALARM
from vocabulary.traps import make_trap

from actors.postgres import Postgres
from actors.store.apply import apply
from actors.store.cursor import read_cursor
from actors.store.settings import StoreSettings
from actors.store.sla_tables import SLA_TABLES
from actors.store.trim import AGE_ROWS, AGE_SECONDS, SLA_BY_AGE, TRIM_SECONDS, Trimming, trim
from protocols.change import AlarmChanged, Change, DeviceEvent, UnknownTrap
from protocols.sla.changes import (
    FaultReported,
    SlaBreachChanged,
    SlaClockChanged,
    SlaCreditChanged,
    SlaDefinitionChanged,
    SlaExclusionChanged,
    SlaInstanceChanged,
    SlaMeasured,
    SlaOutageChanged,
    SlaPeriodClosed,
    SlaWindowChanged,
)
from protocols.sla.clock_facts import AlarmTimes, EndedSpan
from protocols.sla.local_time import instant_at, utc_time
from protocols.sla.measurement import MeasurementSummary
from protocols.snmp.notification import VarBind

from .conftest import T0

OFFSETS = itertools.count(1)


def unknown(oid: str = "1.3.6.1.4.1.99999.0.1", size: int = 1) -> UnknownTrap:
    offset = next(OFFSETS)
    at = T0 + timedelta(seconds=offset)
    varbind = VarBind("1.3.6.1.4.1.99999.1", "OCTET STRING", bytes(n % 251 for n in range(size)))
    return UnknownTrap(offset, at, "t", "olt-1", "no rule", make_trap(oid, (varbind,), at=at, uptime=7, security=""))


def event() -> DeviceEvent:
    offset = next(OFFSETS)
    return DeviceEvent(
        offset=offset,
        number=0,
        at=T0 + timedelta(seconds=offset),
        tenant_id="t",
        device_id="olt-1",
        resource_type="olt",
        resource_id="olt-1",
        event_name="reboot",
        severity="info",
        title="Rebooted",
    )


async def after(database: Postgres, settings: StoreSettings, changes: list[Change]) -> dict[str, int]:
    """Apply ``changes``, trim, and what went."""
    seq = (await database.run(read_cursor, "ledger")).seq
    assert await database.run(apply, "ledger", seq, seq + 1, changes, set()) == []
    alarms = {change.alarm.id for change in changes if isinstance(change, AlarmChanged)}
    return dict(await database.run(trim, settings, 1_100, True, True, alarms, False))


async def offsets(database: Postgres, table: str) -> list[int]:
    return [row[0] for row in await database.fetch(f'SELECT "offset" FROM {table} ORDER BY "offset"')]


async def test_the_newest_rows_are_kept(database_url: str, changed_of: Callable[..., AlarmChanged]) -> None:
    settings = StoreSettings(inbox_rows=3, inbox_oids=2, device_event_rows=2, timeline_lines=4)
    traps = [unknown(f"1.3.6.1.4.1.99999.0.{number}") for number in range(5)]
    events = [event() for _ in range(5)]
    lines = [changed_of(next(OFFSETS), 1) for _ in range(6)]
    other = changed_of(next(OFFSETS), 2)
    async with Postgres.open(database_url) as database:
        gone = await after(database, settings, [*traps, *events, *lines, other])
        assert gone == {"unknown_traps": 2, "unknown_trap_counts": 3, "device_events": 3, "alarm_timeline": 2}
        assert await offsets(database, "unknown_traps") == [trap.offset for trap in traps[-3:]]
        assert await offsets(database, "device_events") == [each.offset for each in events[-2:]]
        assert await offsets(database, "alarm_timeline") == [*(line.offset for line in lines[-4:]), other.offset]
        assert await after(database, settings, []) == {}


async def test_large_traps_are_bounded_by_what_they_take(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        traps = [unknown(size=1_000) for _ in range(20)]
        await after(database, StoreSettings(), list(traps))
        (size,) = await database.fetchrow("SELECT sum(pg_column_size(t.*)) FROM unknown_traps AS t") or (0,)
        await after(database, StoreSettings(inbox_bytes=int(size) // 2), [])
        assert await offsets(database, "unknown_traps") == [trap.offset for trap in traps[-10:]]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [([], (False, False, [], False)), ([unknown()], (True, False, [], False)), ([event()], (False, True, [], False))],
)
def test_only_what_was_written_is_looked_at(changes: list[Change], wanted: tuple[bool, bool, list[str], bool]) -> None:
    trimming = Trimming()
    assert trimming.due(0.0)
    assert trimming.take(0.0) == (True, True, [], True)
    trimming.wrote(changes)
    assert not trimming.due(TRIM_SECONDS - 1)
    assert trimming.due(TRIM_SECONDS) is bool(changes)
    assert trimming.take(TRIM_SECONDS) == wanted


def test_a_timeline_is_looked_at_once_it_has_grown(changed_of: Callable[..., AlarmChanged]) -> None:
    trimming = Trimming()
    trimming.take(0.0)
    for count in range(1, 100):
        trimming.wrote([changed_of(count, 1)])
    assert not trimming.due(TRIM_SECONDS)
    trimming.wrote([changed := changed_of(100, 1)])
    assert trimming.due(TRIM_SECONDS)
    assert trimming.take(TRIM_SECONDS) == (False, False, [changed.alarm.id], False)
    assert not trimming.due(3 * TRIM_SECONDS)


def test_the_history_of_agreements_is_looked_at_every_hour_and_again_soon_where_much_is_old() -> None:
    trimming = Trimming()
    trimming.take(0.0)
    assert not trimming.due(AGE_SECONDS - 1)
    assert trimming.due(AGE_SECONDS)
    assert trimming.take(AGE_SECONDS) == (False, False, [], True)
    trimming.deleted({"sla_periods": AGE_ROWS - 1})
    assert not trimming.due(AGE_SECONDS + TRIM_SECONDS)
    trimming.deleted({"sla_periods": AGE_ROWS})
    assert trimming.due(AGE_SECONDS + TRIM_SECONDS)


async def test_the_history_of_agreements_is_kept_by_age_and_what_is_not_over_stays(database_url: str) -> None:
    """Twice the same rows: old ones, and such as ended a moment ago."""
    now = instant_at(datetime.now(UTC))
    old, new = now - 1_101 * agreements.DAY, now - 1_099 * agreements.DAY
    ancient = now - 4_000 * agreements.DAY
    changes: list[Change] = [
        SlaDefinitionChanged(1, agreements.definition(since=utc_time(ancient), deleted_at=utc_time(ancient))),
        SlaInstanceChanged(1, agreements.instance(3, start=ancient)),
        SlaOutageChanged(1, agreements.outage(3, start=ancient)),
        SlaBreachChanged(1, agreements.breach(3, start=ancient)),
        SlaExclusionChanged(1, agreements.exclusion(3, start=ancient, end=ancient + 1, rrule="FREQ=DAILY")),
        SlaClockChanged(1, f"{ALARM[:-1]}3", "t", AlarmTimes(ancient, "major")),
        SlaMeasured(1, violation(ancient, None)),
        SlaCreditChanged(1, agreements.credit(period_start=ancient)),
        SlaWindowChanged(1, "MW3", agreements.window_history(3, recurrence="FREQ=DAILY")),
    ]
    for number, end in ((1, old), (2, new)):
        closed = AlarmTimes(ancient, "major", ended=(EndedSpan(end),))
        exclusion = agreements.exclusion(number, start=ancient, end=end)
        withdrawn = agreements.exclusion(
            number + 3, start=ancient, end=ancient + 1, rrule="FREQ=DAILY", withdrawn_at=utc_time(end)
        )
        changes += [
            SlaInstanceChanged(1, agreements.instance(number, start=ancient, end=end)),
            SlaOutageChanged(1, agreements.outage(number, start=ancient, end=end)),
            SlaBreachChanged(1, agreements.breach(number, start=ancient, end=end, resolved=True)),
            SlaExclusionChanged(1, exclusion),
            SlaExclusionChanged(1, withdrawn),
            SlaClockChanged(1, f"{ALARM[:-1]}{number}", "t", closed),
            SlaMeasured(1, violation(end - 1, end)),
            SlaCreditChanged(1, agreements.credit(period_start=end, final=True)),
            SlaPeriodClosed(1, agreements.figures(start=ancient, end=end, revision=number)),
            FaultReported(1, agreements.fault_report(number, reported_at=end)),
            SlaWindowChanged(1, f"MW{number}", agreements.window_history(number, cancelled_at=end)),
        ]
    async with Postgres.open(database_url) as database:
        await database.run(read_cursor, "ledger")
        assert await database.run(apply, "ledger", 0, 1, changes, set()) == []
        gone = await database.run(trim, StoreSettings(), 1_100, False, False, [], True)
        assert gone == {table: 2 if table == "sla_exclusions" else 1 for table in SLA_BY_AGE}
        assert await database.run(trim, StoreSettings(), 1_100, False, False, [], True) == {}
        names = [table.name for table in SLA_TABLES.values()]
        left = {table: await database.fetchval(f"SELECT count(*) FROM {table}") for table in names}
    assert left == {
        "sla_definitions": 1,
        "sla_instances": 2,
        "sla_outages": 2,
        "sla_exclusions": 3,
        "sla_clocks": 2,
        "sla_measurements": 2,
        "fault_reports": 1,
        "sla_breaches": 2,
        "sla_credits": 2,
        "sla_periods": 1,
        "sla_window_histories": 2,
    }


def violation(start: int, end: int | None) -> MeasurementSummary:
    return MeasurementSummary(instance_id="SI2", tenant_id="t", metric="latency", start=start, end=end, limit=1, worst=2)

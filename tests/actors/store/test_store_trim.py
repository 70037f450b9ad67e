"""What strangers can fill is bounded: the newest is kept."""

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from vocabulary.traps import make_trap

from actors.postgres import Postgres
from actors.store.apply import apply
from actors.store.cursor import read_cursor
from actors.store.settings import StoreSettings
from actors.store.trim import TRIM_SECONDS, Trimming, trim
from protocols.change import AlarmChanged, Change, DeviceEvent, UnknownTrap
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
    return dict(await database.run(trim, settings, True, True, alarms))


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
    [([], (False, False, [])), ([unknown()], (True, False, [])), ([event()], (False, True, []))],
)
def test_only_what_was_written_is_looked_at(changes: list[Change], wanted: tuple[bool, bool, list[str]]) -> None:
    trimming = Trimming()
    assert trimming.due(0.0)
    assert trimming.take(0.0) == (True, True, [])
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
    assert trimming.take(TRIM_SECONDS) == (False, False, [changed.alarm.id])
    assert not trimming.due(3 * TRIM_SECONDS)

"""The REST API's reads on a real PostgreSQL that the store's own code has filled."""

import base64
import re
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.alarms import ont_alarm

from actors.api import held_alarms
from actors.api.keyset import BadCursor, alarm_order
from actors.api.sql.alarms import count_held_back, get_alarm, list_alarms, list_query, matching_ids
from actors.api.sql.device_events import list_device_events
from actors.api.sql.statistics import MOST_BUCKETS, spans, statistics
from actors.api.sql.timeline import timeline
from actors.api.sql.unknown_traps import count_unknown_traps, list_unknown_traps
from actors.postgres import Postgres
from actors.store.apply import apply
from actors.store.cursor import read_cursor
from protocols.alarm import Alarm, Suppression, TimelineEntry
from protocols.alarm_match import passes
from protocols.change import AlarmChanged, AlarmForgotten, ArchiveDue, Change, DeviceEvent, UnknownTrap
from protocols.event import Trap
from protocols.query import ALARM_SORTS, AlarmFilter, AlarmSort, Place
from protocols.severity import SEVERITIES, rank
from protocols.snmp.notification import Notification, VarBind

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def alarm_of(number: int, **fields: Any) -> Alarm:
    return ont_alarm(number, at=T0, **{"device_id": "olt-1", **fields})


def changed(*alarms: Alarm) -> list[Change]:
    return [AlarmChanged(offset, alarm, ()) for offset, alarm in enumerate(alarms, start=1)]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Postgres]:
    async with Postgres.open(database_url) as opened:
        yield opened


async def fill(database: Postgres, changes: Sequence[Change]) -> None:
    seq = (await database.run(read_cursor, "ledger")).seq
    assert await database.run(apply, "ledger", seq, seq + 1, changes, set()) == []


async def numbers(database: Postgres, wanted: AlarmFilter, **options: Any) -> list[int]:
    page = await list_alarms(database, wanted, **options)
    return sorted(uuid.UUID(alarm.id).int for alarm in page.items)


async def test_an_alarm_comes_back_as_it_was_stored(database: Postgres) -> None:
    alarm = alarm_of(
        1,
        affected_customers=("c-1",),
        suppressed_by=(Suppression("parent", "A-9", T0, "feeder cut"),),
        metadata={"a": [1, {"b": None}]},
        tags=("x",),
        cleared_at=T0 + timedelta(microseconds=1),
        correlation_id="corr",
        is_root_cause=True,
    )
    await fill(database, changed(alarm))
    assert (await list_alarms(database, AlarmFilter())).items == (alarm,)
    assert await get_alarm(database, alarm.id) == alarm
    assert await get_alarm(database, "A-1") == alarm
    assert await get_alarm(database, "A-1", tenant="t1") == alarm
    assert await get_alarm(database, "A-1", tenant="t2") is None
    assert await get_alarm(database, "no such \x00 alarm") is None


async def test_a_name_that_several_ledgers_gave_leads_to_the_live_alarm_then_to_the_latest(database: Postgres) -> None:
    old, older, new = (alarm_of(n, alarm_id="A1", last_occurrence=T0 + timedelta(days=n)) for n in (3, 2, 1))
    await fill(database, [*changed(old, older), AlarmForgotten(3, old.id), AlarmForgotten(4, older.id)])
    assert await get_alarm(database, "A1") == old
    await fill(database, changed(new))
    assert await get_alarm(database, "A1") == new
    assert await get_alarm(database, older.id) == older


async def test_an_archived_alarm_is_found_by_name_but_not_listed(database: Postgres) -> None:
    alarm = alarm_of(1, status="cleared", cleared_at=T0)
    await fill(database, [*changed(alarm), AlarmForgotten(2, alarm.id), ArchiveDue(3, T0 + timedelta(days=1))])
    assert (await list_alarms(database, AlarmFilter())).items == ()
    assert await get_alarm(database, alarm.id) == alarm
    assert await get_alarm(database, alarm.alarm_id) == alarm


FILTERS: list[tuple[AlarmFilter, list[int]]] = [
    (AlarmFilter(), [1, 2, 3, 4, 5]),
    (AlarmFilter(severity=("critical",)), [1]),
    (AlarmFilter(severity=("critical", "minor")), [1, 3]),
    (AlarmFilter(status=("cleared", "acknowledged")), [2, 3]),
    (AlarmFilter(source=("cpe",)), [4]),
    (AlarmFilter(alarm_type=("ont.los", "olt.down")), [1, 2, 3]),
    (AlarmFilter(tenant_id="t2"), [4]),
    (AlarmFilter(resource_type="olt"), [1]),
    (AlarmFilter(resource_type="ont", resource_id="olt-1/0/1/2"), [2]),
    (AlarmFilter(places=(Place(frozenset({"olt-2"}), ("olt-2",)),)), [4, 5]),
    (AlarmFilter(places=(Place(frozenset({"olt-1/0/1/2", "olt-1/0/1/3"})),)), [2, 3]),
    (AlarmFilter(places=(Place(frozenset({"olt-1"})), Place(frozenset({"olt-1/0/1/2"})))), [2]),
    (AlarmFilter(places=(Place(frozenset(), ("olt_2", "olt%")),)), []),
    (AlarmFilter(tag=("fibre", "vip")), [2, 3]),
    (AlarmFilter(service_id="s-1"), [3]),
    (AlarmFilter(assigned_to="ada"), [3]),
    (AlarmFilter(ticket_id="T-7"), [4]),
    (AlarmFilter(parent_alarm_id=str(uuid.UUID(int=1))), [2]),
    (AlarmFilter(acknowledged=True), [3]),
    (AlarmFilter(acknowledged=False), [1, 2, 4, 5]),
    (AlarmFilter(view="causes"), [1, 3, 4, 5]),
    (AlarmFilter(raised_from=T0 + timedelta(minutes=30)), [5]),
    (AlarmFilter(raised_to=T0 + timedelta(minutes=30)), [1, 2, 3, 4]),
    (AlarmFilter(raised_from=T0, raised_to=T0), []),
    (AlarmFilter(customer_id="c-2"), [1, 2]),
    (AlarmFilter(correlation_id="corr"), [1, 2]),
    (AlarmFilter(is_root_cause=True), [1]),
    (AlarmFilter(is_root_cause=False), [2, 3, 4, 5]),
    (AlarmFilter(since=T0 + timedelta(hours=2)), [2, 3, 4, 5]),
    (AlarmFilter(since=T0 + timedelta(hours=2), before=T0 + timedelta(hours=3)), [2]),
    (AlarmFilter(text="SIGNAL lost"), [2, 3]),
    (AlarmFilter(text="100%"), [4]),
    (AlarmFilter(text="1%"), []),
    (AlarmFilter(text="_"), []),
    (AlarmFilter(text="back\\slash"), [4]),
    (AlarmFilter(text="a-3"), [3]),
    (AlarmFilter(text="Hauptstraße"), [1]),
    (AlarmFilter(text="nul \x00"), []),
    (AlarmFilter(severity=("critical",), status=("cleared",)), []),
]


async def test_filters_in_postgresql_and_of_alarms_at_hand(database: Postgres) -> None:
    hour = timedelta(hours=1)
    alarms = (
        alarm_of(
            1,
            severity="critical",
            alarm_type="olt.down",
            resource_type="olt",
            resource_id="olt-1",
            resource_name="HAUPTSTRASSE / Hauptstraße",
            title="OLT down",
            affected_customers=("c-1", "c-2"),
            correlation_id="corr",
            is_root_cause=True,
            last_occurrence=T0 + hour,
        ),
        alarm_of(
            2,
            affected_customers=("c-2",),
            correlation_id="corr",
            status="cleared",
            last_occurrence=T0 + 2 * hour,
            parent_alarm_id=str(uuid.UUID(int=1)),
            tags=("fibre",),
        ),
        alarm_of(
            3,
            severity="minor",
            status="acknowledged",
            acknowledged_at=T0,
            assigned_to="ada",
            last_occurrence=T0 + 3 * hour,
            affected_services=("s-1",),
            tags=("vip", "x"),
        ),
        alarm_of(
            4,
            tenant_id="t2",
            source="cpe",
            alarm_type="cpe.offline",
            device_id="olt-2",
            title="at 100% of",
            description="back\\slash",
            last_occurrence=T0 + 4 * hour,
            ticket_id="T-7",
        ),
        alarm_of(
            5,
            alarm_type="door.open",
            resource_type="door",
            resource_id="olt-2/door",
            title="Door",
            device_id="",
            first_occurrence=T0 + hour,
            last_occurrence=T0 + 5 * hour,
        ),
    )
    await fill(database, changed(*alarms))
    for wanted, expected in FILTERS:
        assert await numbers(database, wanted) == expected, wanted
        assert await numbers(database, wanted, tenant="t1") == [number for number in expected if number != 4], wanted
        assert await numbers(database, msgspec.structs.replace(wanted, archived=True)) == expected, wanted
        found = await matching_ids(database, wanted, limit=10)
        assert sorted(uuid.UUID(name).int for name in found) == expected, wanted
        assert (await statistics(database, wanted)).total == len(expected), wanted
        if wanted.text is None or "\x00" not in wanted.text:
            assert [number for number, alarm in enumerate(alarms, 1) if passes(alarm, wanted)] == expected, wanted


async def test_what_a_view_of_causes_holds_back_is_counted(database: Postgres) -> None:
    cause, below = alarm_of(1), alarm_of(2, parent_alarm_id=alarm_of(1).id)
    other = alarm_of(3, parent_alarm_id=cause.id, tenant_id="t2", severity="minor")
    await fill(database, changed(cause, below, other))
    wanted = AlarmFilter(view="causes")
    assert await numbers(database, wanted) == [1]
    for held, tenant, asked in (
        (2, None, wanted),
        (1, "t1", wanted),
        (1, None, AlarmFilter(severity=("minor",), view="causes")),
    ):
        assert await count_held_back(database, asked, tenant=tenant) == held
        assert await held_alarms.count_held_back((cause, below, other), asked, tenant) == held


async def test_archived_alarms_are_listed_on_request_in_one_order_with_the_others(database: Postgres) -> None:
    alarms = [alarm_of(n, last_occurrence=T0 + timedelta(hours=n), cleared_at=T0, status="cleared") for n in range(1, 9)]
    changes = [*changed(*alarms), *(AlarmForgotten(n, alarms[n].id) for n in range(0, 8, 2)), ArchiveDue(9, T0 + timedelta(1))]
    await fill(database, changes)
    assert await numbers(database, AlarmFilter()) == [2, 4, 6, 8]
    for sort in ALARM_SORTS:
        seen: list[str] = []
        cursor = None
        while cursor is not None or not seen:
            page = await list_alarms(database, AlarmFilter(archived=True), sort=sort, limit=3, cursor=cursor)
            seen += [alarm.id for alarm in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == _expected_order(alarms, sort)


async def test_bulk_matches_only_what_commands_reach(database: Postgres) -> None:
    await fill(database, [*changed(alarm_of(1), alarm_of(2), alarm_of(3)), AlarmForgotten(4, alarm_of(2).id)])
    assert await matching_ids(database, AlarmFilter(), limit=10) == (alarm_of(3).id, alarm_of(1).id)
    assert await matching_ids(database, AlarmFilter(), limit=1) == (alarm_of(3).id,)


def _expected_order(alarms: Sequence[Alarm], sort: AlarmSort) -> list[str]:
    column, descending = sort.removeprefix("-"), sort.startswith("-")
    if column == "severity":
        latest = sorted(alarms, key=lambda alarm: (alarm.last_occurrence, alarm.id), reverse=True)
        return [alarm.id for alarm in sorted(latest, key=lambda alarm: rank(alarm.severity) * (-1 if descending else 1))]
    return [alarm.id for alarm in sorted(alarms, key=lambda alarm: (getattr(alarm, column), alarm.id), reverse=descending)]


@pytest.mark.parametrize("sort", ALARM_SORTS)
async def test_paging_visits_each_alarm_once_in_order(database: Postgres, sort: AlarmSort) -> None:
    alarms = [
        alarm_of(
            number,
            severity=SEVERITIES[number % 5],
            first_occurrence=T0 + timedelta(minutes=number * 7 % 4),
            last_occurrence=T0 + timedelta(microseconds=number * 13 % 6),
            occurrence_count=1 + number % 3,
            subscriber_count=number % 2,
        )
        for number in range(1, 38)
    ]
    await fill(database, changed(*alarms))
    for limit in (1, 5, 36, 37, 100):
        seen: list[str] = []
        cursor = None
        while True:
            page = await list_alarms(database, AlarmFilter(tenant_id="t1"), sort=sort, limit=limit, cursor=cursor)
            assert len(page.items) <= limit
            seen.extend(alarm.id for alarm in page.items)
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
        assert seen == _expected_order(alarms, sort)
        assert await _pages_at_hand(alarms, sort, limit) == seen


async def _pages_at_hand(alarms: Sequence[Alarm], sort: AlarmSort, limit: int) -> list[str]:
    """The same pages from alarms in memory."""
    seen: list[str] = []
    cursor = None
    while True:
        page = await held_alarms.page_of(alarms, AlarmFilter(), alarm_order(sort), limit, cursor, "t1")
        assert len(page.items) <= limit
        seen.extend(alarm.id for alarm in page.items)
        if page.next_cursor is None:
            return seen
        cursor = page.next_cursor


@pytest.mark.parametrize(
    ("sort", "tenant", "index"),
    [
        ("-last_occurrence", None, "alarms_last_minute"),
        ("last_occurrence", None, "alarms_last_minute"),
        ("-last_occurrence", "t1", "alarms_tenant_last_minute"),
        ("severity", None, "alarms_severity_rank"),
    ],
)
async def test_a_page_is_read_from_its_index(database: Postgres, sort: AlarmSort, tenant: str | None, index: str) -> None:
    await fill(
        database,
        changed(
            *(
                alarm_of(n, tenant_id=f"t{n % 60}", last_occurrence=T0 + timedelta(seconds=n), severity=SEVERITIES[n % 5])
                for n in range(6000)
            )
        ),
    )
    await database.execute("ANALYZE alarms")
    first = await list_alarms(database, AlarmFilter(), sort=sort, tenant=tenant, limit=40)
    query = list_query(AlarmFilter(), sort, 20, first.next_cursor, tenant)
    plan = "\n".join(row[0] for row in await database.fetch(f"EXPLAIN {query.sql}", *query.args))
    assert f"using {index} " in plan
    assert re.findall(r"(?:Incremental )?Sort  ", plan) == ["Incremental Sort  "], "no more than a minute is sorted at once"
    assert re.search(r"Presorted Key: .*last_minute", plan)
    assert "Index Cond" in plan, "starts at the cursor"


def _cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "abc",
        "AAAA",
        "ü",
        "a" * 5000,
        _cursor("-last_occurrence"),
        _cursor("-last_occurrence", "2026-01-01T00:00:00Z"),
        _cursor("-last_occurrence", "2026-01-01T00:00:00", str(uuid.UUID(int=1))),
        _cursor("-last_occurrence", "0001-01-01T00:00:00+14:00", str(uuid.UUID(int=1))),
        _cursor("-last_occurrence", 5, str(uuid.UUID(int=1))),
        _cursor("-last_occurrence", "2026-01-01T00:00:00Z", "no uuid"),
        _cursor("last_occurrence", "2026-01-01T00:00:00Z", str(uuid.UUID(int=1))),
        _cursor(None, "2026-01-01T00:00:00Z", str(uuid.UUID(int=1))),
    ],
)
def test_a_cursor_not_given_out_here_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        list_query(AlarmFilter(), "-last_occurrence", 10, cursor, None)


@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=\x00"), max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_a_cursor_raise_anything_else(cursor: str) -> None:
    for sort in ALARM_SORTS:
        try:
            alarm_order(sort).decode(cursor)
        except BadCursor:
            continue


@pytest.mark.parametrize("value", [2**15, -(2**63), 2**63])
def test_a_cursor_beyond_the_column_is_refused(value: int) -> None:
    forged = _cursor("severity", value, "2026-01-01T00:00:00Z", str(uuid.UUID(int=1)))
    with pytest.raises(BadCursor):
        list_query(AlarmFilter(), "severity", 10, forged, None)


async def test_the_timeline_pages_both_ways_across_months(database: Postgres) -> None:
    entries = tuple(
        TimelineEntry(
            alarm_id=alarm_of(1).id,
            tenant_id="t1",
            offset=number // 2,
            number=number % 2,
            # The clock jumped back on the way: the order is that of the offsets.
            at=T0 + timedelta(days=(20 if number < 8 else -20) * (number // 4)),
            action="noted",
            actor="user:eve",
            text=f"{number}",
            detail={"n": number},
        )
        for number in range(11)
    )
    other = TimelineEntry(
        alarm_id=alarm_of(2).id, tenant_id="t1", offset=99, number=0, at=T0, action="raised", actor="device:d"
    )
    await fill(database, [AlarmChanged(1, alarm_of(1), entries), AlarmChanged(99, alarm_of(2), (other,))])
    for latest_first, expected in ((False, list(entries)), (True, list(reversed(entries)))):
        seen: list[TimelineEntry] = []
        cursor = None
        while True:
            page = await timeline(database, alarm_of(1).id, limit=3, cursor=cursor, latest_first=latest_first, tenant="t1")
            seen.extend(page.items)
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
        assert seen == expected
    assert (await timeline(database, alarm_of(1).id, tenant="t2")).items == ()
    assert (await timeline(database, "A-1")).items == ()


async def test_statistics(database: Postgres) -> None:
    await fill(
        database,
        changed(
            alarm_of(1, severity="critical", is_root_cause=True, subscriber_count=128, affected_customers=("a", "b")),
            alarm_of(2, parent_alarm_id="1", subscriber_count=1, affected_customers=("b",), first_occurrence=T0 - timedelta(1)),
            alarm_of(
                3, status="acknowledged", subscriber_count=2, affected_customers=("c",), first_occurrence=T0 - timedelta(9)
            ),
            alarm_of(4, status="cleared", subscriber_count=50, affected_customers=("d",), resource_type="olt"),
            alarm_of(5, tenant_id="t2", alarm_type="ont.dying_gasp"),
        ),
    )
    found = await statistics(database, tenant="t1")
    assert (found.total, found.open, found.root_causes) == (4, 3, 1)
    assert found.by_status == {"active": 2, "acknowledged": 1, "suppressed": 0, "cleared": 1, "resolved": 0}
    assert found.by_severity == {"critical": 1, "major": 2, "minor": 0, "warning": 0, "info": 0, "cleared": 0}
    assert found.by_severity_and_status["major"] == {
        "active": 1,
        "acknowledged": 1,
        "suppressed": 0,
        "cleared": 1,
        "resolved": 0,
    }
    assert found.by_type == {"ont.los": 3}
    assert found.by_resource_type == {"ont": 3}
    assert found.oldest_active == T0 - timedelta(1)
    assert (found.affected_customers, found.affected_subscribers) == (3, 130)
    assert (await statistics(database)).by_type == {"ont.los": 3, "ont.dying_gasp": 1}
    empty = await statistics(database, tenant="nobody")
    assert (empty.total, empty.oldest_active, empty.affected_subscribers) == (0, None, 0)


def unknown(offset: int, oid: str, tenant: str = "t1") -> UnknownTrap:
    notification = Notification(
        version="2c",
        kind="trap",
        security="***@eventId=7@level=2",
        trap_oid=oid,
        uptime=None,
        varbinds=(VarBind("1.3.6.1.2.1.1.5.0", "OCTET STRING", b"olt-1"),),
    )
    return UnknownTrap(
        offset,
        T0 + timedelta(seconds=offset),
        tenant,
        "olt-1",
        "no rule",
        Trap("10.0.0.1", T0, notification, raw=bytes.fromhex("300e0201010406") + b"******\xa7\x00\x01"),
    )


async def test_the_inbox_lists_and_counts(database: Postgres) -> None:
    await fill(database, [unknown(1, "1.2.3"), unknown(2, "1.2.3"), unknown(3, "1.2.4"), unknown(4, "1.2.3", "t2")])
    first = await list_unknown_traps(database, limit=2, tenant="t1")
    rest = await list_unknown_traps(database, limit=2, cursor=first.next_cursor, tenant="t1")
    assert [row.offset for row in (*first.items, *rest.items)] == [3, 2, 1]
    assert rest.next_cursor is None
    assert [row.offset for row in (await list_unknown_traps(database, trap_oid="1.2.3")).items] == [4, 2, 1]
    assert first.items[0].trap["notification"]["security"] == "***@eventId=7@level=2"
    whole = (await list_unknown_traps(database, raw=True)).items[0]
    assert whole.trap["notification"]["security"] == "***@eventId=7@level=2"
    assert bytes.fromhex(whole.trap["raw"]) == bytes.fromhex("300e0201010406") + b"******\xa7\x00\x01"
    assert "raw" not in first.items[0].trap
    counts = await count_unknown_traps(database)
    assert [(count.tenant_id, count.trap_oid, count.traps) for count in counts] == [
        ("t1", "1.2.3", 2),
        ("t1", "1.2.4", 1),
        ("t2", "1.2.3", 1),
    ]
    assert len(await count_unknown_traps(database, tenant="t2")) == 1


async def test_device_events_page_by_device(database: Postgres) -> None:
    events = [
        DeviceEvent(
            offset=number // 2,
            number=number % 2,
            at=T0 + timedelta(seconds=number // 4),
            tenant_id="t1",
            device_id=f"olt-{number % 3}",
            resource_type="olt",
            resource_id="olt",
            event_name="reboot",
            severity="info",
            title="restarted",
            detail={"n": number},
        )
        for number in range(12)
    ]
    await fill(database, events)
    seen: list[int] = []
    cursor = None
    while True:
        page = await list_device_events(database, device_id="olt-1", limit=1, cursor=cursor)
        seen.extend(row.detail["n"] for row in page.items)
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert seen == [10, 7, 4, 1]
    assert (await list_device_events(database, tenant="t2")).items == ()
    assert (
        len((await list_device_events(database, since=T0 + timedelta(seconds=1), before=T0 + timedelta(seconds=2))).items) == 4
    )


@pytest.mark.parametrize(
    ("bucket", "wanted", "first", "number"),
    [
        ("hour", AlarmFilter(raised_from=T0, raised_to=T0 + timedelta(hours=2)), T0, 2),
        ("hour", AlarmFilter(raised_from=T0 + timedelta(minutes=59), raised_to=T0 + timedelta(minutes=61)), T0, 2),
        ("day", AlarmFilter(raised_from=T0, raised_to=T0 + timedelta(seconds=1)), T0.replace(hour=0), 1),
        ("week", AlarmFilter(raised_from=T0), datetime(2026, 2, 23, tzinfo=UTC), 1),
        ("hour", AlarmFilter(), T0 - timedelta(hours=24), 24),
        ("hour", AlarmFilter(raised_from=T0 + timedelta(days=1)), T0 + timedelta(days=1), 0),
    ],
)
def test_buckets_are_whole_spans_of_utc(bucket: Any, wanted: AlarmFilter, first: datetime, number: int) -> None:
    found = spans(bucket, wanted, T0)
    assert (found[0], len(found) - 1) == (first, number)


def test_buckets_are_bounded() -> None:
    since = AlarmFilter(raised_from=T0 - timedelta(hours=MOST_BUCKETS))
    assert len(spans("hour", since, T0)) == MOST_BUCKETS + 1
    with pytest.raises(ValueError, match="bucket: 1001 buckets of one hour each"):
        spans("hour", since, T0 + timedelta(minutes=1))

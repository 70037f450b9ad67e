"""Service level agreements in a real PostgreSQL: every microsecond and cent, and nothing that wedges the store."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
import trio
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields, replace
from vocabulary import agreements
from vocabulary.agreements import ALARM, BEGIN, DAY, DEC, END, HOUR, NOV, PARENT, SECOND
from vocabulary.sla_reports import make_sla_report

from actors.postgres import Postgres
from actors.store.apply import apply
from actors.store.change_rows import ChangeRows
from actors.store.cursor import read_cursor
from actors.store.operator_read import read_operator_data
from actors.store.sla_tables import SLA_TABLES
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, Change, NodesChanged
from protocols.sla.changes import (
    FaultReported,
    SlaBreachChanged,
    SlaChange,
    SlaClockChanged,
    SlaCreditChanged,
    SlaDefinitionChanged,
    SlaExclusionChanged,
    SlaInstanceChanged,
    SlaMeasured,
    SlaNotificationRequested,
    SlaOutageChanged,
    SlaPeriodClosed,
    SlaWindowChanged,
)
from protocols.sla.clock_facts import AlarmTimes, AttachedSpan, ClockPause, EndedSpan, SeverityChange
from protocols.sla.credit import CreditLine
from protocols.sla.instance import FormerDefinition
from protocols.sla.measurement import MeasurementSummary
from protocols.sla.report import SlaReport
from protocols.sla.window_history import WindowHistory
from protocols.topology import Node, TopologyNode

TIMES = AlarmTimes(
    raised=BEGIN + 1,
    severity="major",
    changes=(SeverityChange(BEGIN + 5, "critical"),),
    acknowledged=BEGIN + 7,
    ended=(EndedSpan(BEGIN + 10, BEGIN + 12), EndedSpan(BEGIN + 20)),
    pauses=(ClockPause("P1", "agreed", BEGIN + 2, None),),
)
TIMES_OF_NOW = replace(TIMES, ended=(EndedSpan(END + 5),), attached=(AttachedSpan(PARENT, BEGIN + 3, BEGIN + 4),))
VIOLATION = MeasurementSummary(
    instance_id="SI2", tenant_id="t", metric="latency", start=BEGIN + 1, end=None, limit=10_000, worst=99
)
ONE_OF_EACH: dict[type, SlaChange] = {
    type(change): change
    for change in (
        SlaDefinitionChanged(1, agreements.definition()),
        SlaInstanceChanged(2, agreements.instance(), "at_risk", "hot", 1, BEGIN + 12 * DAY + 1, True, BEGIN, END, "SD1", 1),
        SlaOutageChanged(3, agreements.outage(), "A7 was raised"),
        SlaExclusionChanged(3, agreements.exclusion()),
        SlaClockChanged(3, ALARM, "t", TIMES, "A7 was raised"),
        SlaMeasured(3, VIOLATION),
        FaultReported(5, agreements.fault_report()),
        SlaBreachChanged(4, agreements.breach()),
        SlaCreditChanged(4, agreements.credit()),
        SlaPeriodClosed(6, agreements.figures(), make_sla_report()),
        SlaWindowChanged(7, "MW1", agreements.window_history()),
    )
}
NOTICE = SlaNotificationRequested(
    offset=4,
    number=0,
    at=NOV,
    tenant_id="t",
    kind="breach_opened",
    instance_id="SI2",
    customer_id="C2",
    service_id="S2",
    reason="x",
)


async def write(database: Postgres, *changes: Change) -> Any:
    seq = (await database.run(read_cursor, "ledger")).seq
    return await database.run(apply, "ledger", seq, seq + 1, changes, set())


def at(microseconds: int) -> Any:
    return NOV + timedelta(microseconds=microseconds)


async def sole(database: Postgres, table: str) -> dict[str, Any]:
    (row,) = await database.fetch(f"SELECT * FROM {table}")
    return dict(row)


def test_every_change_has_a_table_but_the_request_to_notify() -> None:
    assert {*SLA_TABLES, SlaNotificationRequested} == set(get_args(SlaChange))
    assert set(ONE_OF_EACH) == set(SLA_TABLES)


async def test_each_is_stored_to_the_microsecond_and_the_minor_unit(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        assert await write(database, *ONE_OF_EACH.values(), NOTICE) == []
        found = await sole(database, "sla_definitions")
        assert (found["name"], found["service_type"], found["availability_target"]) == (
            "Enterprise Fiber 99.9%",
            "fiber",
            Decimal("0.999"),
        )
        assert (found["response_time_critical"], found["resolution_time_critical"], found["resolution_time_major"]) == (
            15,
            240,
            480,
        )
        assert (found["response_time_minor"], found["max_latency_ms"]) == (None, 10)
        assert (found["max_packet_loss_percent"], found["min_bandwidth_mbps"]) == (Decimal("0.1"), 1000)
        assert (found["exclude_maintenance"], found["at_risk_percent"], found["updated_by"]) == (True, 80, "ada")
        found = await sole(database, "sla_instances")
        assert (found["customer_id"], found["service_id"], found["resources"]) == ("C2", "S2", ["olt-1/0/1/2"])
        assert (found["start_date"], found["end_date"], found["monthly_fee"], found["monthly_fee_minor"]) == (
            NOV,
            None,
            Decimal("49.99"),
            4999,
        )
        assert (found["status"], found["reason"], found["breach_count"], found["breaches_at"]) == (
            "at_risk",
            "hot",
            1,
            at(12 * DAY + 1),
        )
        assert (found["period_start"], found["period_end"], found["period_definition_id"]) == (NOV, DEC, "SD1")
        found = await sole(database, "sla_outages")
        assert (str(found["alarm_id"]), str(found["parent_alarm_id"]), found["duration"]) == (ALARM, PARENT, None)
        assert (found["start_time"], found["end_time"], found["reason"]) == (at(9 * DAY + 1), None, "A7 was raised")
        found = await sole(database, "sla_exclusions")
        assert (found["category"], found["scope"]["customers"], found["end_time"]) == ("customer", ["C2"], at(DAY + HOUR))
        found = await sole(database, "sla_clocks")
        assert (found["raised_at"], found["severity"], found["acknowledged_at"], found["ended_at"]) == (
            at(1),
            "critical",
            at(7),
            at(20),
        )
        found = await sole(database, "sla_measurements")
        assert (found["start_time"], found["end_time"], found["limit"], found["worst"]) == (at(1), None, 10_000, 99)
        found = await sole(database, "fault_reports")
        assert (found["reported_at"], found["text"], found["instances"]) == (at(9 * DAY + 3), "no internet", ["SI2"])
        found = await sole(database, "sla_breaches")
        assert (found["target_value"], found["actual_value"]) == (Decimal("0.999"), Decimal("0.998999999"))
        assert (found["deviation_percent"], found["credit_amount"], found["credit_minor"]) == (0, Decimal("1.25"), 125)
        assert (found["breach_start"], found["breach_end"], found["duration"]) == (at(10 * DAY + 1), None, None)
        assert [str(each) for each in found["alarms"]] == [ALARM, PARENT]
        found = await sole(database, "sla_credits")
        assert (found["credit_amount"], found["final"], found["lines"][0]["breach_id"]) == (Decimal("1.25"), False, "SB4")
        found = await sole(database, "sla_credit_lines")
        assert (found["number"], found["amount_minor"], found["credit_amount"], found["rule"]) == (
            1,
            125,
            Decimal("1.25"),
            "tiers",
        )
        found = await sole(database, "sla_periods")
        assert (found["total_downtime"], found["error_budget"], found["availability"]) == (2593, 2592, Decimal("0.999"))
        assert found["period_middle"] == NOV + timedelta(days=15)
        assert (found["offset"], found["made_at"], found["customer_name"]) == (6, at(30 * DAY), "Novak")
        assert msgspec.convert(found["report"], SlaReport) == make_sla_report()
        found = await sole(database, "sla_window_histories")
        assert msgspec.convert(found["history"], WindowHistory) == agreements.window_history()
        assert found["over_at"] == at(HOUR)


@pytest.mark.parametrize(
    ("kind", "target", "actual", "shown", "deviation"),
    [
        ("response_time", 900 * SECOND, 900 * SECOND + 1, (Decimal(15), Decimal("15.000000017")), "0"),
        ("resolution_time", 4 * HOUR, 5 * HOUR, (240, 300), "25"),
        ("latency", 10_000, 12_345, (10, Decimal("12.345")), "23.45"),
        ("packet_loss", 1_000, 2_500, (Decimal("0.1"), Decimal("0.25")), "150"),
        ("bandwidth", 1_000_000_000, 1, (1000, Decimal("0.000001")), "-100"),
        ("packet_loss", 0, 1, (0, Decimal("0.0001")), None),
    ],
)
async def test_values_of_a_breach_in_the_units_of_rest(
    database_url: str, kind: str, target: int, actual: int, shown: tuple[Any, Any], deviation: str | None
) -> None:
    ended = agreements.breach(type=kind, target=target, actual=actual, end=BEGIN + 10 * DAY + 3, resolved=True)
    async with Postgres.open(database_url) as database:
        assert await write(database, SlaBreachChanged(1, ended)) == []
        found = await sole(database, "sla_breaches")
    assert (found["target_value"], found["actual_value"]) == shown
    assert (found["target"], found["actual"], found["duration"]) == (target, actual, Decimal("0.000002"))
    assert found["deviation_percent"] == (
        None if deviation is None else pytest.approx(Decimal(deviation), abs=Decimal("0.001"))
    )


async def test_the_last_state_wins_and_versions_and_revisions_are_kept(database_url: str) -> None:
    older = agreements.definition()
    newer = agreements.definition(version=2, terms=replace(agreements.TERMS, availability_target=None))
    states = [SlaInstanceChanged(number, agreements.instance(), "breached", f"{number}", number) for number in range(1, 500)]
    periods = [SlaPeriodClosed(number, agreements.figures(revision=number, down=number)) for number in (1, 2)]
    async with Postgres.open(database_url) as database:
        await write(database, *states, SlaDefinitionChanged(1, older), SlaDefinitionChanged(2, newer), *periods)
        found = await sole(database, "sla_instances")
        assert (found["reason"], found["breach_count"]) == ("499", 499)
        rows = await database.fetch("SELECT version, availability_target FROM sla_definitions ORDER BY version")
        assert [tuple(row) for row in rows] == [(1, Decimal("0.999")), (2, None)]
        rows = await database.fetch("SELECT revision, total_downtime FROM sla_periods ORDER BY revision")
        assert [tuple(row) for row in rows] == [(1, Decimal("0.000001")), (2, Decimal("0.000002"))]
    written = ChangeRows()
    for change in states:
        written.add(change)
    assert [len(found) for found in written.changes.values()] == [1], "a storm on one instance writes one row"


async def test_a_row_that_comes_again_unchanged_writes_nothing(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        await write(database, *ONE_OF_EACH.values())
        queries = [f"SELECT xmin::text FROM {table.name}" for table in SLA_TABLES.values()]
        before = [await database.fetchval(query) for query in queries]
        await write(database, *ONE_OF_EACH.values())
        assert [await database.fetchval(query) for query in queries] == before
        await write(database, SlaBreachChanged(9, agreements.breach(revision=2)))
        assert (
            await database.fetchval("SELECT xmin::text FROM sla_breaches") != before[list(SLA_TABLES).index(SlaBreachChanged)]
        )


@pytest.mark.parametrize("text", ["\x00", "\ud800", "'; DROP TABLE sla_breaches; --", "\U0001f4a5"])
async def test_any_text_of_an_agreement_is_taken(database_url: str, text: str) -> None:
    terms = replace(agreements.TERMS, name=text)
    async with Postgres.open(database_url) as database:
        assert (
            await write(
                database,
                SlaDefinitionChanged(1, agreements.definition(terms=terms)),
                SlaInstanceChanged(2, agreements.instance(customer_name=text, customer_id=text, resources=(text,))),
                SlaOutageChanged(3, agreements.outage(title=text, services=(text,)), text),
                SlaExclusionChanged(3, agreements.exclusion(reason=text)),
                FaultReported(5, agreements.fault_report(text=text)),
                SlaBreachChanged(4, agreements.breach(reason=text, ticket_id=text)),
                SlaCreditChanged(4, agreements.credit(lines=(CreditLine(1, text, text, text),))),
                SlaPeriodClosed(6, agreements.figures(reason=text)),
                # Two keys that PostgreSQL cannot tell apart are one row.
                SlaMeasured(7, replace(VIOLATION, instance_id="a\x00")),
                SlaMeasured(7, replace(VIOLATION, instance_id="a\ud800")),
            )
            == []
        )
        assert await database.fetchval("SELECT count(*) FROM sla_measurements") == 1
        assert (await sole(database, "sla_definitions"))["name"] == text.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")


async def test_what_postgresql_refuses_is_set_aside_alone(database_url: str) -> None:
    changes = [SlaOutageChanged(number, agreements.outage(number)) for number in range(9)]
    changes[4] = SlaOutageChanged(4, agreements.outage(4, end=1 << 62))
    async with Postgres.open(database_url) as database:
        (reject,) = await write(database, *changes)
        assert (reject.offset, reject.kind) == (4, "sla_outage")
        assert await database.fetchval("SELECT count(*) FROM sla_outages") == 8


async def test_a_time_in_which_faultd_did_not_run_is_of_no_alarm(database_url: str) -> None:
    stopped = agreements.outage(id="faultd:stopped.9", alarm_id="faultd:stopped", parent_alarm_id=None, end=BEGIN + 10 * DAY)
    async with Postgres.open(database_url) as database:
        assert await write(database, SlaOutageChanged(1, stopped)) == []
        found = await sole(database, "sla_outages")
    assert (found["alarm_id"], found["duration"]) == (None, Decimal("86399.999999"))


async def test_agreements_join_with_alarms_and_nodes(database_url: str, alarm_of: Callable[..., Alarm]) -> None:
    """The queries of docs/sla.md."""
    alarm = alarm_of(1, title="feeder cut")
    breach = agreements.breach(alarm_id=alarm.id, alarms=(alarm.id,))
    nodes = NodesChanged(1, (TopologyNode(Node(id="olt-1/0/1/2", type="ont", name="ont 2"), "api", 1),))
    changes = [*ONE_OF_EACH.values(), SlaBreachChanged(9, breach), SlaOutageChanged(9, agreements.outage(alarm_id=alarm.id))]
    async with Postgres.open(database_url) as database:
        assert await write(database, AlarmChanged(1, alarm, ()), nodes, *changes) == []
        for query, wanted in (
            (
                """
                SELECT b.id, b.breach_type, i.customer_name, d.name, a.alarm_id, a.title, b.ticket_id FROM sla_breaches b
                JOIN sla_instances i ON i.id = b.sla_instance_id
                JOIN sla_definitions d ON d.id = b.sla_definition_id AND d.version = b.definition_version
                LEFT JOIN alarms a ON a.id = b.alarm_id
                WHERE NOT b.resolved ORDER BY b.breach_start""",
                ("SB4", "availability", "Novak", "Enterprise Fiber 99.9%", "A-1", "feeder cut", ""),
            ),
            (
                """
                SELECT o.start_time, o.effect, a.alarm_id, a.severity FROM sla_outages o
                JOIN alarms a ON a.id = o.alarm_id WHERE o.end_time IS NULL""",
                (at(9 * DAY + 1), "outage", "A-1", alarm.severity),
            ),
            (
                """
                SELECT i.id, i.status, n.name FROM sla_instances i
                JOIN topology_nodes n ON n.id = ANY (i.resources)""",
                ("SI2", "at_risk", "ont 2"),
            ),
            (
                """
                SELECT DISTINCT ON (p.sla_instance_id, p.period_start) p.sla_instance_id, p.availability, p.credit_amount
                FROM sla_periods p ORDER BY p.sla_instance_id, p.period_start, p.revision DESC""",
                ("SI2", Decimal("0.999"), Decimal("1.25")),
            ),
        ):
            assert [tuple(row) for row in await database.fetch(query)] == [wanted]


async def test_the_indexes_that_reads_rely_on(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        rows = await database.fetch("SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'sla_%'")
    defined = {row["indexname"]: row["indexdef"].partition(" USING btree ")[2] for row in rows}
    assert defined["ix_sla_instances_customer"] == "(customer_id, status)"
    assert defined["ix_sla_breaches_time"] == "(breach_start, breach_end)"
    assert defined["ix_sla_breaches_resolved"] == "(resolved, breach_start)"


def without_defaults(record: Struct, *but: str) -> None:
    """Check that every field of the record differs from its default, so that a lost column is found."""
    for field in fields(record):
        if field.name not in but and field.default is not NODEFAULT:
            assert getattr(record, field.name) != field.default, f"{type(record).__name__}.{field.name}"


async def test_records_are_read_back_as_they_were_written(database_url: str) -> None:
    now = DEC + timedelta(days=10)
    former = (FormerDefinition("SD0", BEGIN + DAY),)
    contract = agreements.instance(
        suspended=True,
        end=END + 40 * DAY,
        minor_digits=3,
        origin="file",
        revision=9,
        former=former,
        node_id="n",
        edited=("end",),
    )
    outage = agreements.outage(
        3, services=("S2",), customers=("C2",), customer_power=True, end=END + DAY + 1, moved=-5, corrected=True
    )
    stopped = agreements.outage(
        id="faultd:stopped.9", number=4, alarm_id="faultd:stopped", parent_alarm_id=None, end=END + 2 * DAY
    )
    exclusion = agreements.exclusion(
        end=END + DAY, rrule="FREQ=DAILY", time_zone="Europe/Berlin", withdrawn_at=DEC, withdrawn_by="eve", revision=2
    )
    breach = agreements.breach(
        end=END, alarm_id=PARENT, ticket_id="T-1", minor_digits=3, resolved=True, withdrawn=True, revision=7, period_start=END
    )
    newer = agreements.definition(version=2, tenant_id="t", deleted_at=DEC)
    figures = agreements.figures(revision=3, budget=None, availability=None, contract_end=END + 40 * DAY, planned=7)
    shown = SlaInstanceChanged(0, contract, "at_risk", "hot", 3, END + 3 * DAY + 1, False, END, END + 31 * DAY, "SD1", 2)
    wanted: list[SlaChange] = [
        SlaDefinitionChanged(0, agreements.definition()),
        SlaDefinitionChanged(0, newer),
        shown,
        SlaExclusionChanged(0, exclusion),
        SlaWindowChanged(0, "MW1", agreements.window_history(cancelled_at=END + 1)),
        SlaOutageChanged(0, outage, "why"),
        SlaOutageChanged(0, stopped, ""),
        SlaClockChanged(0, ALARM, "t", TIMES_OF_NOW, "why", "A7", "T-1"),
        FaultReported(0, agreements.fault_report(reported_at=END + 3)),
        SlaPeriodClosed(0, figures),
        SlaBreachChanged(0, breach),
        SlaCreditChanged(0, agreements.credit(period_start=END, final=True, minor_digits=3)),
        SlaMeasured(0, VIOLATION),
    ]
    for record, but in (
        (contract, ()),
        (outage, ()),
        (exclusion, ()),
        (breach, ()),
        (newer, ()),
        (figures, ("definition_version",)),
        (shown, ()),
        (TIMES_OF_NOW, ()),
    ):
        without_defaults(record, *but)
    old: list[SlaChange] = [
        SlaOutageChanged(1, agreements.outage(8, end=BEGIN - 90 * DAY, start=BEGIN - 91 * DAY)),
        SlaBreachChanged(1, agreements.breach(8, resolved=True, end=BEGIN, period_start=BEGIN - 90 * DAY)),
        SlaInstanceChanged(1, agreements.instance(8, start=BEGIN - 90 * DAY, end=BEGIN - 80 * DAY)),
        SlaPeriodClosed(1, agreements.figures(8, start=BEGIN - 90 * DAY, end=BEGIN - 60 * DAY)),
        SlaPeriodClosed(1, replace(figures, revision=2)),
        FaultReported(1, agreements.fault_report(8, reported_at=BEGIN - 90 * DAY)),
        SlaMeasured(1, replace(VIOLATION, metric="bandwidth", end=END)),
    ]
    async with Postgres.open(database_url) as database:
        assert await write(database, *wanted, *old) == []
    data = await trio.to_thread.run_sync(read_operator_data, database_url, now)
    assert list(data.agreements) == wanted


@pytest.mark.parametrize(
    "change",
    [
        SlaDefinitionChanged(1, agreements.definition(70)),
        SlaInstanceChanged(1, agreements.instance(id="SI70.12")),
        SlaExclusionChanged(1, agreements.exclusion(70)),
        SlaBreachChanged(1, agreements.breach(id="SB70.3")),
        FaultReported(1, agreements.fault_report(70)),
    ],
)
async def test_no_id_of_a_new_ledger_is_one_of_the_old(database_url: str, change: SlaChange) -> None:
    async with Postgres.open(database_url) as database:
        await write(database, *ONE_OF_EACH.values(), change)
    assert (await trio.to_thread.run_sync(read_operator_data, database_url, DEC)).offset == 70

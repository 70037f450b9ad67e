"""Service level reports whose figures agree: an outage of four hours with an hour of announced work, in November 2026."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from protocols.sla.breach import BreachType, SlaBreach
from protocols.sla.credit import CreditLine
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import AlarmClock, AppliedExclusion, ReportedOutage, ShareTotals, SlaReport, SlaReports

SECOND = 1_000_000
HOUR = 3600 * SECOND
BERLIN = "Europe/Berlin"

ALARM = "0191aabb-1234-7abc-8def-0123456789ab"


def berlin(text: str) -> int:
    """The instant of a local time in Berlin, such as ``2026-11-01T10:00:00``."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).timestamp() * SECOND)


START, END = berlin("2026-11-01"), berlin("2026-12-01")
DOWN, WORK, WORK_END, UP = (berlin(f"2026-11-10T{hour}:00") for hour in (10, 11, 12, 14))
OVER = DOWN + 719 * HOUR // 1000 + 1


def make_sla_breach(breach_id: str, kind: BreachType, *, start: int, end: int | None, target: int, actual: int) -> SlaBreach:
    """A breach of the report's service, with the alarm and the ticket of its outage."""
    return SlaBreach(
        id=breach_id,
        instance_id="SI12",
        tenant_id="default",
        definition_id="SD9",
        definition_version=3,
        customer_id="C-1001",
        service_id="ftth-0042",
        type=kind,
        period_start=START,
        start=start,
        end=end,
        target=target,
        actual=actual,
        alarm_id=ALARM,
        alarm_name="AL42",
        ticket_id="INC-2210",
        resolved=end is not None,
    )


def make_sla_report(**changes: Any) -> SlaReport:
    """An outage from 10 to 14 with announced work from 11 to 12 in a month of 30 days: 0.995828."""
    report = SlaReport(
        operator="Stadtnetz Musterstadt GmbH",
        tenant_id="default",
        customer_id="C-1001",
        customer_name="Bäckerei Müller & Söhne KG",
        instance_id="SI12",
        service_id="ftth-0042",
        definition_name="Business Gold",
        definition_version=3,
        target=999_000_000,
        zone=BERLIN,
        period_start=START,
        period_end=END,
        as_of=END,
        made_at=END + 6 * HOUR,
        closed=True,
        contract_start=berlin("2025-07-01"),
        contract_end=None,
        contract_time=720 * HOUR,
        shares=ShareTotals(up=716 * HOUR, down=3 * HOUR, excluded=HOUR),
        unknown_counts_as="up",
        downtime=3 * HOUR,
        availability=995_828,
        budget_time=719 * HOUR,
        budget=719 * HOUR // 1000,
        budget_left=719 * HOUR // 1000 - 3 * HOUR,
        timeline=(
            (START, DOWN, "up"),
            (DOWN, WORK, "down"),
            (WORK, WORK_END, "excluded"),
            (WORK_END, UP, "down"),
            (UP, END, "up"),
        ),
        outages=(
            ReportedOutage(
                start=DOWN,
                end=UP,
                counted=3 * HOUR,
                treatment="counted",
                reason="1 h within maintenance does not count",
                alarms=(ALARM,),
                cause="Feeder cut on PON 0/1/3: 128 customers",
                resource="olt-7/0/1/3",
            ),
        ),
        exclusions=(
            AppliedExclusion(
                category="maintenance",
                start=WORK,
                end=WORK_END,
                reason="Splicing at cabinet 7, announced on 3 November",
                author="a.schmidt",
            ),
        ),
        clocks=(
            AlarmClock(
                clock="response",
                alarm=ALARM,
                severity="critical",
                started=DOWN,
                limit=HOUR // 4,
                elapsed=HOUR // 5,
                due=DOWN + HOUR // 4,
                stopped=DOWN + HOUR // 5,
                verdict="met",
            ),
            AlarmClock(
                clock="resolution",
                alarm=ALARM,
                severity="critical",
                started=DOWN,
                limit=2 * HOUR,
                elapsed=3 * HOUR,
                due=DOWN + 3 * HOUR,
                stopped=UP,
                verdict="breached",
                note="paused 11:00 to 12:00: maintenance",
            ),
        ),
        breaches=(
            make_sla_breach("SB70", "availability", start=OVER, end=END, target=999_000_000, actual=995_827_538),
            make_sla_breach("SB71", "resolution_time", start=DOWN + 3 * HOUR + 1, end=UP, target=2 * HOUR, actual=3 * HOUR),
        ),
        credits=(
            CreditLine(
                600,
                "Availability tiers",
                "below 99.9 %",
                "up 2577600 of 2588400 s is 99.582753 % (rounded down), below 99.9 %: 6.00 EUR (10 % of 59.95 EUR is 5.995)",
                "SB70",
            ),
        ),
        currency="EUR",
    )
    return replace(report, **changes)


def make_revision() -> SlaReport:
    """The second revision of that report: the planned work was entered late."""
    previous = PeriodFigures(
        instance_id="SI12",
        tenant_id="default",
        customer_id="C-1001",
        service_id="ftth-0042",
        definition_id="SD9",
        definition_version=3,
        start=START,
        end=END,
        contract=720 * HOUR,
        up=716 * HOUR,
        down=4 * HOUR,
        excluded=0,
        unknown=0,
        planned=0,
        budget=720 * HOUR // 1000,
        availability=994_444,
        breaches=2,
        credit=1200,
        currency="EUR",
        minor_digits=2,
    )
    return make_sla_report(revision=2, revision_reason="Planned work entered late", previous=previous, made_at=END + 48 * HOUR)


def make_sla_reports(items: tuple[SlaReport, ...], **changes: Any) -> SlaReports:
    """The document of ``items`` for November 2026."""
    document = SlaReports(
        operator="Stadtnetz Musterstadt GmbH",
        subject="Customer C-1001",
        zone=BERLIN,
        period_start=START,
        period_end=END,
        made_at=END + 6 * HOUR,
        items=items,
    )
    return replace(document, **changes)

"""Service level reports whose figures agree: an outage of four hours with an hour of announced work, in November 2026."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from protocols.sla_report import (
    AlarmClock,
    AppliedExclusion,
    CreditTotal,
    EarlierRevision,
    ReportedBreach,
    ReportedCredit,
    ReportedOutage,
    ShareTotals,
    SlaReport,
    SlaReports,
)

SECOND = 1_000_000
HOUR = 3600 * SECOND
BERLIN = "Europe/Berlin"


def berlin(text: str) -> int:
    """The instant of a local time in Berlin, such as ``2026-11-01T10:00:00``."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).timestamp() * SECOND)


START, END = berlin("2026-11-01"), berlin("2026-12-01")
DOWN, WORK, WORK_END, UP = (berlin(f"2026-11-10T{hour}:00") for hour in (10, 11, 12, 14))


def make_sla_report(**changes: Any) -> SlaReport:
    """An outage from 10 to 14 with announced work from 11 to 12 in a month of 30 days: 0.995828."""
    report = SlaReport(
        operator="Stadtnetz Musterstadt GmbH",
        tenant_id="default",
        customer_id="C-1001",
        customer_name="Bäckerei Müller & Söhne KG",
        instance_id="sla-1",
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
                alarms=("0191-42",),
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
                alarm="0191-42",
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
                alarm="0191-42",
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
            ReportedBreach(
                id="b-1",
                breach_type="availability",
                start=DOWN + 719 * HOUR // 1000 + 1,
                end=END,
                target=999_000_000,
                actual=995_827_538,
                deviation=3175,
                alarm="0191-42",
                ticket="INC-2210",
            ),
            ReportedBreach(
                id="b-2",
                breach_type="resolution_time",
                start=DOWN + 3 * HOUR + 1,
                end=UP,
                target=2 * HOUR,
                actual=3 * HOUR,
                deviation=500_000,
                alarm="0191-42",
                ticket="INC-2210",
            ),
        ),
        credits=(
            ReportedCredit(
                rule="Availability tiers",
                item="below 99.9 %",
                arithmetic="up 2577600 of 2588400 s is 99.582753 % (rounded down), below 99.9 %: "
                "6.00 EUR (10 % of 59.95 EUR is 5.995)",
                amount=600,
                currency="EUR",
                breach="b-1",
            ),
        ),
    )
    return replace(report, **changes)


def make_revision() -> SlaReport:
    """The second revision of that report: the planned work was entered late."""
    previous = EarlierRevision(
        revision=1,
        shares=ShareTotals(up=716 * HOUR, down=4 * HOUR),
        availability=994_444,
        breaches=2,
        credits=(CreditTotal(1200, "EUR", 2),),
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

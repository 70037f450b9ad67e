"""Mistakes in definitions and contracts: each names its field."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from actors.sla_clock.terms.mistakes import mistakes_of_contract, mistakes_of_terms
from protocols.sla.business_time import BusinessCalendar, Hours
from protocols.sla.credit_models import CreditTier, TierCredits
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND
from protocols.sla.performance_rule import PerformanceRule
from protocols.sla.periods import PeriodRule

MONTH = PeriodRule("Europe/Berlin", date(2026, 1, 1))
SEED = SlaTerms(
    name="Enterprise Fiber 99.9%",
    period=PeriodRule("UTC", date(2026, 1, 1), "days", 30),
    service_type="fiber",
    availability_target=999_000_000,
    response={"critical": 15 * 60 * SECOND},
    resolution={"critical": 240 * 60 * SECOND},
    performance=(
        PerformanceRule("latency", 10_000, 60 * SECOND),
        PerformanceRule("packet_loss", 1_000, 60 * SECOND),
        PerformanceRule("bandwidth", 1_000_000_000, 60 * SECOND),
    ),
)
OFFICE = (*[(Hours(8 * 3600, 18 * 3600),)] * 5, (), ())
TIERS = TierCredits(rule="tiers", currency="EUR", tiers=(CreditTier(Decimal("99.9"), Decimal(10)),))
AT = datetime(2026, 1, 1, tzinfo=UTC)


def calendar(**changes: Any) -> BusinessCalendar:
    return replace(BusinessCalendar("Europe/Berlin", OFFICE), **changes)


def monday(*hours: tuple[int, int]) -> BusinessCalendar:
    return calendar(week=(tuple(Hours(start * 3600, end * 3600) for start, end in hours), *OFFICE[1:]))


def performance(**changes: Any) -> tuple[PerformanceRule, ...]:
    return (replace(PerformanceRule("latency", 10_000, 60 * SECOND), **changes),)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        pytest.param({}, [], id="seed"),
        pytest.param({"name": " "}, ["name"], id="name"),
        pytest.param({"availability_target": None}, [], id="no target"),
        pytest.param({"availability_target": 0}, ["availability_target"], id="target 0"),
        pytest.param({"availability_target": -1}, ["availability_target"], id="target below 0"),
        pytest.param({"availability_target": 1}, [], id="least target"),
        pytest.param({"availability_target": 1_000_000_000}, [], id="target 1"),
        pytest.param({"availability_target": 1_000_000_001}, ["availability_target"], id="target above 1"),
        pytest.param({"period": replace(MONTH, zone="Europe/Bonn")}, ["time_zone"], id="zone"),
        pytest.param({"period": replace(MONTH, zone="")}, ["time_zone"], id="empty zone"),
        pytest.param({"period": replace(MONTH, zone="../etc/passwd")}, ["time_zone"], id="zone path"),
        pytest.param({"period": replace(MONTH, unit="days", days=0)}, ["measurement_period_days"], id="0 days"),
        pytest.param({"period": replace(MONTH, unit="days", days=3_661)}, ["measurement_period_days"], id="too many days"),
        pytest.param({"period": replace(MONTH, anchor=date(2026, 1, 28))}, [], id="anchor 28"),
        pytest.param({"period": replace(MONTH, anchor=date(2026, 1, 29))}, ["period_anchor"], id="anchor 29"),
        pytest.param({"period": replace(MONTH, anchor=date(2026, 1, 31), unit="days")}, [], id="days from 31"),
        pytest.param({"period": replace(MONTH, anchor=date(1969, 1, 1))}, ["period_anchor"], id="anchor 1969"),
        pytest.param({"outage_minimum": -1}, ["outage_minimum_seconds"], id="minimum"),
        pytest.param({"maintenance_notice": -1}, ["maintenance_notice_hours"], id="notice"),
        pytest.param({"at_risk_percent": 0}, ["at_risk_percent"], id="at risk 0"),
        pytest.param({"at_risk_percent": 100}, ["at_risk_percent"], id="at risk 100"),
        pytest.param({"response": {"major": 0}}, ["response_time_major"], id="no time"),
        pytest.param({"resolution": {"minor": 1 << 60}}, ["resolution_time_minor"], id="too long"),
        pytest.param({"response": {"cleared": SECOND}}, ["response_time_cleared"], id="cleared"),
        pytest.param({"calendar": calendar()}, [], id="calendar"),
        pytest.param({"calendar": calendar(zone="nowhere")}, ["business_hours.time_zone"], id="calendar zone"),
        pytest.param({"calendar": calendar(week=OFFICE[:6])}, ["business_hours"], id="six days"),
        pytest.param({"calendar": calendar(week=((),) * 7)}, ["business_hours"], id="no hours"),
        pytest.param({"calendar": monday((9, 8))}, ["business_hours.monday[0]"], id="ends before it begins"),
        pytest.param({"calendar": monday((8, 8))}, ["business_hours.monday[0]"], id="empty hours"),
        pytest.param({"calendar": monday((8, 12), (11, 18))}, ["business_hours.monday[1]"], id="overlap"),
        pytest.param({"calendar": monday((12, 18), (8, 11))}, ["business_hours.monday[1]"], id="order"),
        pytest.param({"calendar": monday((8, 12), (12, 18))}, [], id="touching"),
        pytest.param({"calendar": monday((0, 24))}, [], id="all day"),
        pytest.param({"calendar": monday((18, 25))}, ["business_hours.monday[0]"], id="over midnight"),
        pytest.param(
            {"calendar": calendar(exceptions={date(2026, 12, 24): (Hours(7200, 3600),)})},
            ["business_hours.exceptions.2026-12-24[0]"],
            id="exception",
        ),
        pytest.param({"performance": performance(limit=0)}, ["max_latency_ms"], id="latency"),
        pytest.param({"performance": performance(metric="bandwidth", limit=-1)}, ["min_bandwidth_mbps"], id="bandwidth"),
        pytest.param({"performance": performance(metric="packet_loss", limit=0)}, [], id="no loss at all"),
        pytest.param(
            {"performance": performance(metric="packet_loss", limit=1_000_001)}, ["max_packet_loss_percent"], id="loss"
        ),
        pytest.param({"performance": performance(interval=0)}, ["measurement_interval_seconds"], id="interval"),
        pytest.param({"performance": performance(lasts=0)}, ["violation_seconds"], id="lasts"),
        pytest.param({"performance": performance() * 2}, ["max_latency_ms"], id="twice"),
        pytest.param({"credits": TIERS}, [], id="credits"),
        pytest.param({"credits": replace(TIERS, tiers=())}, ["credit.tiers"], id="no tier"),
        pytest.param(
            {"availability_target": 0, "at_risk_percent": 0}, ["availability_target", "at_risk_percent"], id="every mistake"
        ),
    ],
)
def test_mistakes_of_terms(changes: dict[str, Any], fields: list[str]) -> None:
    assert [field for field, _ in mistakes_of_terms(replace(SEED, **changes))] == fields


CONTRACT = SlaInstance(
    id="SI7",
    tenant_id="t",
    definition_id="SD1",
    customer_id="c-1",
    service_id="svc-1",
    resources=("svc-1",),
    start=1_000_000,
    monthly_fee=5_995,
    currency="EUR",
    created_at=AT,
    created_by="ada",
    updated_at=AT,
    updated_by="ada",
)
DEFINITION = SlaDefinition(
    id="SD1",
    version=1,
    tenant_id=None,
    terms=replace(SEED, credits=TIERS),
    since=AT,
    by="ada",
    created_at=AT,
    created_by="ada",
)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        pytest.param({}, [], id="right"),
        pytest.param({"customer_id": "", "service_id": ""}, ["customer_id", "service_id"], id="names"),
        pytest.param({"start": -1}, ["start_date"], id="start"),
        pytest.param({"end": 1_000_000}, ["end_date"], id="empty"),
        pytest.param({"end": 999_999}, ["end_date"], id="ends before it begins"),
        pytest.param({"end": 1_000_001}, [], id="a microsecond"),
        pytest.param({"end": 1 << 60}, ["end_date"], id="too late"),
        pytest.param({"resources": ()}, ["resources"], id="no resource"),
        pytest.param({"resources": ("a", "a")}, ["resources"], id="twice"),
        pytest.param({"resources": ("a", "")}, ["resources"], id="empty name"),
        pytest.param({"resources": tuple(map(str, range(65)))}, ["resources"], id="many"),
        pytest.param({"monthly_fee": -1}, ["monthly_fee"], id="fee"),
        pytest.param({"currency": ""}, ["currency"], id="no currency"),
        pytest.param({"currency": "", "monthly_fee": 0}, [], id="no fee"),
        pytest.param({"currency": "eur"}, ["currency", "currency"], id="small letters"),
        pytest.param({"currency": "GBP"}, ["currency"], id="not that of the credits"),
    ],
)
def test_mistakes_of_a_contract(changes: dict[str, Any], fields: list[str]) -> None:
    assert [field for field, _ in mistakes_of_contract(replace(CONTRACT, **changes), DEFINITION)] == fields

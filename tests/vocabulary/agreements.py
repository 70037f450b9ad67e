"""Definitions, instances and what the SLA clock decides about them, with any field given."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from protocols.maintenance import MaintenanceWindow, WindowScope
from protocols.sla.breach import SlaBreach
from protocols.sla.business_time import BusinessCalendar, Hours
from protocols.sla.credit import CreditLine, SlaCredit
from protocols.sla.credit_models import CreditTier, TierCredits
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.exclusion import ExclusionScope, SlaExclusion
from protocols.sla.fault_report import FaultReport
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import instant_at
from protocols.sla.outage import SlaOutage
from protocols.sla.performance_rule import PerformanceRule
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.periods import PeriodRule
from protocols.sla.window_history import PlanInForce, WindowHistory

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
NOV = datetime(2026, 11, 1, tzinfo=UTC)
DEC = datetime(2026, 12, 1, tzinfo=UTC)
BEGIN, END = instant_at(NOV), instant_at(DEC)
ALARM = "00000000-0000-4000-8000-000000000001"
PARENT = "00000000-0000-4000-8000-000000000002"

TERMS = SlaTerms(
    name="Enterprise Fiber 99.9%",
    period=PeriodRule("UTC", date(2026, 1, 1)),
    service_type="fiber",
    availability_target=999_000_000,
    response={"critical": 15 * 60 * SECOND},
    resolution={"critical": 4 * HOUR, "major": 8 * HOUR},
    calendar=BusinessCalendar(
        "Europe/Berlin",
        ((Hours(28_800, 64_800),),) * 5 + ((), ()),
        {date(2026, 12, 25): "Weihnachten"},
        {date(2026, 12, 24): (Hours(28_800, 43_200),)},
    ),
    performance=(
        PerformanceRule("latency", 10_000, 60 * SECOND),
        PerformanceRule("packet_loss", 1_000, 60 * SECOND, 300 * SECOND),
        PerformanceRule("bandwidth", 1_000_000_000, 60 * SECOND),
    ),
    credits=TierCredits(rule="tiers", currency="EUR", tiers=(CreditTier(Decimal("99.9"), Decimal("2.5")),)),
)


def definition(number: int = 1, version: int = 1, **fields: Any) -> SlaDefinition:
    """Version ``version`` of the definition ``SD1``."""
    made = SlaDefinition(
        id=f"SD{number}",
        version=version,
        tenant_id=None,
        terms=TERMS,
        since=NOV,
        by="ada",
        created_at=NOV,
        created_by="ada",
        key=f"ada/d{number}",
    )
    return replace(made, **fields)


def instance(number: int = 2, **fields: Any) -> SlaInstance:
    """The instance ``SI2`` of customer ``C2`` and service ``S2``, from November on."""
    made = SlaInstance(
        id=f"SI{number}",
        tenant_id="t",
        definition_id="SD1",
        customer_id=f"C{number}",
        service_id=f"S{number}",
        customer_name="Novak",
        resources=(f"olt-1/0/1/{number}",),
        start=BEGIN,
        monthly_fee=4_999,
        currency="EUR",
        account_manager="eve",
        created_at=NOV,
        created_by="ada",
        updated_at=NOV,
        updated_by="eve",
        key=f"ada/i{number}",
    )
    return replace(made, **fields)


def outage(number: int = 0, **fields: Any) -> SlaOutage:
    """An interval of the alarm ``ALARM`` from the tenth of November on, which lasts."""
    made = SlaOutage(
        id=f"{ALARM}.{number}",
        number=number,
        alarm_id=ALARM,
        alarm_name="A7",
        alarm_type="pon.los",
        title="PON port lost its signal",
        tenant_id="",
        resource_id="olt-1/0/1",
        effect="outage",
        severity="critical",
        parent_alarm_id=PARENT,
        start=BEGIN + 9 * DAY + 1,
    )
    return replace(made, **fields)


def exclusion(number: int = 3, **fields: Any) -> SlaExclusion:
    """The exclusion ``SX3`` for customer ``C2`` on the second of November."""
    made = SlaExclusion(
        id=f"SX{number}",
        tenant_id="t",
        category="customer",
        scope=ExclusionScope(customers=("C2",)),
        start=BEGIN + DAY,
        end=BEGIN + DAY + HOUR,
        reason="rewired the house",
        created_at=NOV,
        created_by="ada",
        key=f"ada/x{number}",
    )
    return replace(made, **fields)


def breach(number: int = 4, **fields: Any) -> SlaBreach:
    """The breach of availability ``SB4`` of instance ``SI2`` in November, which is not over."""
    made = SlaBreach(
        id=f"SB{number}",
        instance_id="SI2",
        tenant_id="t",
        definition_id="SD1",
        definition_version=1,
        customer_id="C2",
        service_id="S2",
        type="availability",
        period_start=BEGIN,
        start=BEGIN + 10 * DAY + 1,
        target=999_000_000,
        actual=998_999_999,
        alarm_id=ALARM,
        alarm_name="A7",
        alarms=(ALARM, PARENT),
        credit=125,
        currency="EUR",
        reason="2592.000001 s down, the budget is 2592.000000 s",
    )
    return replace(made, **fields)


def fault_report(number: int = 5, **fields: Any) -> FaultReport:
    """The fault report ``FR5`` of customer ``C2``."""
    made = FaultReport(
        id=f"FR{number}",
        tenant_id="t",
        customer_id="C2",
        service_id="S2",
        reported_at=BEGIN + 9 * DAY + 3,
        text="no internet",
        instances=("SI2",),
        created_at=NOV,
        created_by="ada",
        key=f"ada/r{number}",
    )
    return replace(made, **fields)


def credit(**fields: Any) -> SlaCredit:
    """The credit of instance ``SI2`` for November: 1.25 EUR for the breach ``SB4``."""
    made = SlaCredit(
        instance_id="SI2",
        tenant_id="t",
        customer_id="C2",
        period_start=BEGIN,
        currency="EUR",
        minor_digits=2,
        lines=(CreditLine(125, "tiers", "below 99.9 %", "2.5 % of 49.99 EUR = 1.25 EUR", "SB4"),),
    )
    return replace(made, **fields)


def figures(number: int = 2, **fields: Any) -> PeriodFigures:
    """The closed November of instance ``SI2``: one second more than the budget was down."""
    length = END - BEGIN
    made = PeriodFigures(
        instance_id=f"SI{number}",
        tenant_id="t",
        customer_id=f"C{number}",
        service_id=f"S{number}",
        definition_id="SD1",
        definition_version=1,
        start=BEGIN,
        end=END,
        contract=length,
        up=length - 2_593 * SECOND,
        down=2_593 * SECOND,
        excluded=0,
        unknown=0,
        planned=0,
        budget=2_592 * SECOND,
        availability=999_000,
        breaches=1,
        credit=125,
        currency="EUR",
        minor_digits=2,
        reason="the period ended",
        closed_by="faultd:sla_clock",
        made_at=END,
        customer_name="Novak",
        contract_start=BEGIN,
    )
    return replace(made, **fields)


def window_history(number: int = 1, cancelled_at: int | None = None, recurrence: str = "") -> WindowHistory:
    """The history of a window of the first hour of November, which was announced a microsecond before."""
    window = MaintenanceWindow(
        id=f"MW{number}",
        tenant_id=None,
        title="Splicing",
        scope=WindowScope(subtrees=("olt-1",)),
        time_zone="UTC",
        start=NOV,
        local_start=NOV.replace(tzinfo=None),
        duration_seconds=3600.0,
        recurrence=recurrence,
        created_at=NOV,
        created_by="ada",
        updated_at=NOV,
        updated_by="ada",
    )
    return WindowHistory((PlanInForce(window, BEGIN - 1, BEGIN - 1),), (BEGIN + 3,), cancelled_at, 1)

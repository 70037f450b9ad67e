"""Queries and answers of the compliance report: figures of measurement periods, and what they come to."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from protocols.csv_cells import cell
from protocols.decimal_text import decimal, seconds
from protocols.rest_body import Body
from protocols.rest_fields import ListFormat, Name, Time, check_time
from protocols.sla.local_time import utc_time
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import nearest


class ComplianceQuery(Body, frozen=True, kw_only=True):
    """The query of the compliance report. Without times it is about the present calendar month in UTC."""

    sla_instance_id: Name | None = None
    customer_id: Name | None = None
    service_id: Name | None = None
    sla_definition_id: Name | None = None
    tenant_id: Name | None = None
    period_start: Annotated[
        Time | None, Meta(description="With `period_end`: the measurement periods whose middle is within these times")
    ] = None
    period_end: Annotated[
        Time | None, Meta(description="A report that reaches to now or beyond has the running periods too, so far")
    ] = None
    revision: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)] | None,
        Meta(description="Closed periods as they were at this revision (1: when they were closed); left out: as they are now"),
    ] = None
    items: Annotated[bool, Meta(description="false: the sums alone")] = True
    format: ListFormat = "json"

    def __post_init__(self) -> None:
        check_time("period_start", self.period_start)
        check_time("period_end", self.period_end)
        if (self.period_start is None) != (self.period_end is None):
            raise ValueError("period_end: give both period_start and period_end, or neither")
        if self.period_start is not None and self.period_end is not None and self.period_start >= self.period_end:
            raise ValueError("period_end: is not after period_start")

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """Begin and end of the report."""
        if self.period_start is not None and self.period_end is not None:
            return self.period_start.astimezone(UTC), self.period_end.astimezone(UTC)
        first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


class CompliancePeriod(Struct, frozen=True, kw_only=True):
    """One instance in one measurement period. Times in seconds; ``credit_amount`` in major units of ``currency``."""

    sla_instance_id: str
    tenant_id: str
    customer_id: str
    customer_name: str
    service_id: str
    sla_definition_id: str
    definition_version: int
    period_start: datetime
    period_end: datetime
    closed: bool
    """false: the period runs, and the figures count until now."""
    revision: int
    """The revision of a closed period; 0 for one that runs."""
    availability: float | None
    """A fraction with 6 decimals; null when nothing was measured."""
    contract_time: float
    uptime: float
    total_downtime: float
    planned_downtime: float
    """Within exclusions: it does not count."""
    unplanned_downtime: float
    excluded_time: float
    unknown_time: float
    error_budget: float | None
    """Downtime that the whole period allows; null without a target."""
    breach_count: int
    credit_amount: float
    currency: str
    reason: str
    """Why this revision was made."""
    closed_by: str
    made_at: datetime
    """When this revision was made; of a period that runs: now."""


class CreditSum(Struct, frozen=True):
    """Credits of one currency, in major units."""

    currency: str
    amount: float


class ComplianceReport(Struct, frozen=True, kw_only=True):
    """The compliance report. ``avg_availability`` is the mean of the periods' availabilities, each alike, half to even; null
    where nothing was measured. ``total_credits`` is null where ``credits`` has several currencies."""

    period_start: datetime
    period_end: datetime
    periods: int
    """Number of periods that the sums are of."""
    avg_availability: float | None
    total_breaches: int
    total_credits: float | None
    credits: tuple[CreditSum, ...]
    items: tuple[CompliancePeriod, ...]
    """The periods: closed ones by their time, then those that run."""


class ComplianceTotals(Struct, frozen=True, kw_only=True):
    """Sums over periods in whole numbers. ``availability`` is the sum of ``measured`` availabilities in parts of a million;
    ``credits`` are minor units by currency and digits of the minor unit."""

    periods: int = 0
    measured: int = 0
    availability: int = 0
    breaches: int = 0
    credits: dict[tuple[str, int], int] = {}

    def __add__(self, other: "ComplianceTotals") -> "ComplianceTotals":
        credits = dict(self.credits)
        for key, amount in other.credits.items():
            credits[key] = credits.get(key, 0) + amount
        return ComplianceTotals(
            periods=self.periods + other.periods,
            measured=self.measured + other.measured,
            availability=self.availability + other.availability,
            breaches=self.breaches + other.breaches,
            credits=credits,
        )


def totals_of(periods: Iterable[PeriodFigures]) -> ComplianceTotals:
    """The sums over some periods."""
    count = measured = availability = breaches = 0
    credits: dict[tuple[str, int], int] = {}
    for figures in periods:
        count += 1
        breaches += figures.breaches
        if figures.availability is not None:
            measured += 1
            availability += figures.availability
        if figures.credit:
            key = figures.currency, figures.minor_digits
            credits[key] = credits.get(key, 0) + figures.credit
    return ComplianceTotals(periods=count, measured=measured, availability=availability, breaches=breaches, credits=credits)


def report_of(
    bounds: tuple[datetime, datetime], totals: ComplianceTotals, items: Iterable[CompliancePeriod] = ()
) -> ComplianceReport:
    """The report of these sums."""
    credits = tuple(
        CreditSum(currency, amount / 10**digits) for (currency, digits), amount in sorted(totals.credits.items()) if amount
    )
    mean = nearest(totals.availability, totals.measured) / 1_000_000 if totals.measured else None
    return ComplianceReport(
        period_start=bounds[0],
        period_end=bounds[1],
        periods=totals.periods,
        avg_availability=mean,
        total_breaches=totals.breaches,
        total_credits=sum(each.amount for each in credits) if len(credits) < 2 else None,
        credits=credits,
        items=tuple(items),
    )


def period_shown(figures: PeriodFigures) -> CompliancePeriod:
    """The figures of a period as REST shows them; of one that runs the revision is 0."""
    return CompliancePeriod(
        sla_instance_id=figures.instance_id,
        tenant_id=figures.tenant_id,
        customer_id=figures.customer_id,
        customer_name=figures.customer_name,
        service_id=figures.service_id,
        sla_definition_id=figures.definition_id,
        definition_version=figures.definition_version,
        period_start=utc_time(figures.start),
        period_end=utc_time(figures.end),
        closed=figures.revision > 0,
        revision=figures.revision,
        availability=None if figures.availability is None else figures.availability / 1_000_000,
        contract_time=figures.contract / 1_000_000,
        uptime=figures.up / 1_000_000,
        total_downtime=(figures.down + figures.planned) / 1_000_000,
        planned_downtime=figures.planned / 1_000_000,
        unplanned_downtime=figures.down / 1_000_000,
        excluded_time=figures.excluded / 1_000_000,
        unknown_time=figures.unknown / 1_000_000,
        error_budget=None if figures.budget is None else figures.budget / 1_000_000,
        breach_count=figures.breaches,
        credit_amount=figures.credit / 10**figures.minor_digits,
        currency=figures.currency,
        reason=figures.reason,
        closed_by=figures.closed_by if figures.revision else "",
        made_at=utc_time(figures.made_at),
    )


COLUMNS: Final = CompliancePeriod.__struct_fields__
"""Columns of the report as a CSV file: the fields of its items."""


def cells_of(figures: PeriodFigures) -> list[str]:
    """The line of a period in the CSV file. Durations and money are exact decimals."""
    numbers = {
        "availability": "" if figures.availability is None else decimal(figures.availability, 6),
        "contract_time": seconds(figures.contract),
        "uptime": seconds(figures.up),
        "total_downtime": seconds(figures.down + figures.planned),
        "planned_downtime": seconds(figures.planned),
        "unplanned_downtime": seconds(figures.down),
        "excluded_time": seconds(figures.excluded),
        "unknown_time": seconds(figures.unknown),
        "error_budget": "" if figures.budget is None else seconds(figures.budget),
        "credit_amount": decimal(figures.credit, figures.minor_digits),
    }
    found = period_shown(figures)
    return [numbers[name] if name in numbers else cell(getattr(found, name)) for name in COLUMNS]

"""Bodies of the REST API about service level definitions.

Numbers are decimals and are taken exactly. Times of the day are those of the calendar's time zone.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from protocols.rest_body import Body, PageQuery
from protocols.rest_fields import Line, Name, OptionalName, Text
from protocols.rest_maintenance import Zone
from protocols.sla.credit_models import OutageCredits, TierCredits
from protocols.sla.definition import BurnWindow, CustomerPowerPolicy, UnknownPolicy

PeriodUnit = Literal["month", "quarter", "year"]
HoursText = Annotated[str, Meta(pattern=r"^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$", max_length=11)]
DayHours = Annotated[
    tuple[HoursText, ...], Meta(max_length=24, description="Spans such as `08:00-18:00`; `24:00` is the end of the day")
]
Days = Annotated[int, Meta(ge=1, le=3_660)]
Percent = Annotated[int, Meta(ge=1, le=99)]
BurnRates = Annotated[
    dict[BurnWindow, Decimal],
    Meta(description="At risk while the budget is used so many times as fast as allowed within the last `1h`, `6h` or `3d`"),
]
Target = Annotated[Decimal, Meta(description="0.999 for 99.9 %; above 0, at most 1, with at most 9 decimals")]
Minutes = Annotated[Decimal, Meta(description="Minutes of business time")]
Anchor = Annotated[
    date, Meta(description="A date at which a period begins. Left out: 2024-01-01, a Monday, for every definition alike")
]
Violation = Annotated[Decimal, Meta(description="Seconds that a violation must last. Left out: 10 measurement intervals")]
Interval = Annotated[Decimal, Meta(description="Seconds. Measurements of one interval count as one, the worst")]
Credit = Annotated[
    TierCredits | OutageCredits | Name | None,
    Meta(description="The name of a file in `config/sla`, such as `tkg58`, or a model as it stands there, in minor units"),
]


HolidayNames = Annotated[
    dict[date, OptionalName], Meta(max_length=10_000, description="Further dates without business time, with their names")
]
HourExceptions = Annotated[
    dict[date, DayHours], Meta(max_length=10_000, description="Hours of single dates; they replace all others of the day")
]


class PublicHolidays(Body, frozen=True, kw_only=True):
    """Public holidays of a country by the package `holidays`. Their dates are kept with the definition."""

    country: Annotated[str, Meta(min_length=2, max_length=10, description="ISO 3166-1, e.g. `DE`")]
    subdivision: Annotated[str, Meta(max_length=10, description="ISO 3166-2 without the country, e.g. `BY`")] = ""
    categories: Annotated[tuple[Name, ...], Meta(max_length=10, description="e.g. `public`, `bank`; left out: `public`")] = ()


class BusinessHours(Body, frozen=True, kw_only=True):
    """Hours in which time limits run."""

    time_zone: Annotated[Zone | None, Meta(description="IANA name. Left out: the time zone of the definition")] = None
    monday: DayHours = ()
    tuesday: DayHours = ()
    wednesday: DayHours = ()
    thursday: DayHours = ()
    friday: DayHours = ()
    saturday: DayHours = ()
    sunday: DayHours = ()
    holidays: PublicHolidays | None = None
    holiday_dates: HolidayNames = msgspec.field(default_factory=dict)
    exceptions: HourExceptions = msgspec.field(default_factory=dict)


class DefinitionCreate(Body, frozen=True, kw_only=True):
    """A new definition. A promise that is left out is not made."""

    name: Line
    service_type: OptionalName = ""
    description: Text = ""
    sla_class: Annotated[OptionalName, Meta(description="Nodes of the topology with this `sla_class` get instances")] = ""
    availability_target: Target | None = None
    measurement_period_days: Annotated[Days | None, Meta(description="Either this or `period`")] = None
    period: Annotated[PeriodUnit | None, Meta(description="Calendar periods. Left out, without days either: `month`")] = None
    time_zone: Annotated[Zone, Meta(description="IANA name: where the days of periods and contracts begin")] = "UTC"
    period_anchor: Anchor | None = None
    max_latency_ms: Decimal | None = None
    max_packet_loss_percent: Decimal | None = None
    min_bandwidth_mbps: Decimal | None = None
    violation_seconds: Violation | None = None
    measurement_interval_seconds: Interval = Decimal(60)
    response_time_critical: Minutes | None = None
    response_time_major: Minutes | None = None
    response_time_minor: Minutes | None = None
    response_time_warning: Minutes | None = None
    resolution_time_critical: Minutes | None = None
    resolution_time_major: Minutes | None = None
    resolution_time_minor: Minutes | None = None
    resolution_time_warning: Minutes | None = None
    business_hours: Annotated[BusinessHours | None, Meta(description="Left out: all hours")] = None
    exclude_maintenance: bool = True
    maintenance_notice_hours: Annotated[
        Decimal, Meta(description="A window that was known for less time before it began is not planned work")
    ] = Decimal(0)
    outage_minimum_seconds: Annotated[Decimal, Meta(description="Shorter outages count as up")] = Decimal(0)
    unknown_counts_as: UnknownPolicy = "up"
    customer_power: Annotated[
        CustomerPowerPolicy, Meta(description="Downtime of a lone ONT that reported the loss of its own power")
    ] = "excluded"
    at_risk_percent: Annotated[Percent, Meta(description="Part of a budget or time limit after which it is at risk")] = 80
    at_risk_burn_rates: BurnRates = msgspec.field(default_factory=dict)
    credit: Credit = None
    tenant_id: Annotated[
        Name | None, Meta(description="Left out: the tenant of the token; for a token without one every tenant")
    ] = None

    def __post_init__(self) -> None:
        if self.measurement_period_days is not None and self.period is not None:
            raise ValueError("period: give either period or measurement_period_days")


class DefinitionEdit(Body, frozen=True, kw_only=True):
    """Fields to change. Null takes a promise back. A running period keeps the version with which it began."""

    name: Line | UnsetType = UNSET
    service_type: OptionalName | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    sla_class: OptionalName | UnsetType = UNSET
    availability_target: Target | UnsetType | None = UNSET
    measurement_period_days: Days | UnsetType = UNSET
    period: PeriodUnit | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET
    period_anchor: Anchor | UnsetType = UNSET
    max_latency_ms: Decimal | UnsetType | None = UNSET
    max_packet_loss_percent: Decimal | UnsetType | None = UNSET
    min_bandwidth_mbps: Decimal | UnsetType | None = UNSET
    violation_seconds: Violation | UnsetType | None = UNSET
    measurement_interval_seconds: Interval | UnsetType = UNSET
    response_time_critical: Minutes | UnsetType | None = UNSET
    response_time_major: Minutes | UnsetType | None = UNSET
    response_time_minor: Minutes | UnsetType | None = UNSET
    response_time_warning: Minutes | UnsetType | None = UNSET
    resolution_time_critical: Minutes | UnsetType | None = UNSET
    resolution_time_major: Minutes | UnsetType | None = UNSET
    resolution_time_minor: Minutes | UnsetType | None = UNSET
    resolution_time_warning: Minutes | UnsetType | None = UNSET
    business_hours: BusinessHours | UnsetType | None = UNSET
    exclude_maintenance: bool | UnsetType = UNSET
    maintenance_notice_hours: Decimal | UnsetType = UNSET
    outage_minimum_seconds: Decimal | UnsetType = UNSET
    unknown_counts_as: UnknownPolicy | UnsetType = UNSET
    customer_power: CustomerPowerPolicy | UnsetType = UNSET
    at_risk_percent: Percent | UnsetType = UNSET
    at_risk_burn_rates: BurnRates | UnsetType = UNSET
    credit: TierCredits | OutageCredits | Name | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not UNSET]
        if not given:
            raise ValueError(f"nothing to change: give at least one of {', '.join(self.__struct_fields__)}")
        if "measurement_period_days" in given and "period" in given:
            raise ValueError("period: give either period or measurement_period_days")


class DefinitionsQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the list of definitions."""

    service_type: tuple[str, ...] = ()
    tenant_id: Annotated[Name | None, Meta(description="Definitions of this tenant, without those of every tenant")] = None
    deleted: Annotated[bool, Meta(description="Also deleted ones that ended contracts refer to")] = False


class DefinitionQuery(Body, frozen=True, kw_only=True):
    """The query of one definition."""

    version: Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="An earlier version")] = None


class HoursShown(Struct, frozen=True, kw_only=True):
    """A calendar of business hours. ``holiday_dates`` has those of the country too."""

    time_zone: str
    monday: tuple[str, ...]
    tuesday: tuple[str, ...]
    wednesday: tuple[str, ...]
    thursday: tuple[str, ...]
    friday: tuple[str, ...]
    saturday: tuple[str, ...]
    sunday: tuple[str, ...]
    holiday_dates: dict[str, str]
    exceptions: dict[str, tuple[str, ...]]


class DefinitionShown(Struct, frozen=True, kw_only=True):
    """A definition, with the names and units of its body."""

    id: str
    name: str
    service_type: str
    description: str
    sla_class: str
    tenant_id: str | None
    availability_target: float | None
    measurement_period_days: int | None
    period: str | None
    time_zone: str
    period_anchor: date
    max_latency_ms: float | None
    max_packet_loss_percent: float | None
    min_bandwidth_mbps: float | None
    violation_seconds: float | None
    measurement_interval_seconds: float
    response_time_critical: float | None
    response_time_major: float | None
    response_time_minor: float | None
    response_time_warning: float | None
    resolution_time_critical: float | None
    resolution_time_major: float | None
    resolution_time_minor: float | None
    resolution_time_warning: float | None
    business_hours: HoursShown | None
    exclude_maintenance: bool
    maintenance_notice_hours: float
    outage_minimum_seconds: float
    unknown_counts_as: UnknownPolicy
    customer_power: CustomerPowerPolicy
    at_risk_percent: int
    at_risk_burn_rates: dict[BurnWindow, float]
    credit: TierCredits | OutageCredits | None
    credit_file: Annotated[str, Meta(description="Name of the file in `config/sla` that the credit model was copied from")]
    version: Annotated[int, Meta(description="1 when the definition is made; each change adds 1")]
    since: Annotated[datetime, Meta(description="Periods that begin at this time or later use this version")]
    instances: Annotated[
        int | None,
        Meta(description="Instances that refer to it, also ended ones; null where some may be of another tenant"),
    ]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None
    revision: int


class DefinitionPage(Struct, frozen=True):
    """Definitions, the oldest first, and the cursor of the next page (null on the last)."""

    items: tuple[DefinitionShown, ...]
    next_cursor: str | None = None

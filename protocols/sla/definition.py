"""A definition: what an operator sells under one name. Its versions are kept; a running period keeps the one it began with."""

from datetime import datetime
from typing import Literal, get_args

from msgspec import UNSET, Struct, UnsetType

from protocols.severity import Severity
from protocols.sla.business_time import BusinessCalendar
from protocols.sla.credit_models import OutageCredits, TierCredits
from protocols.sla.performance_rule import PerformanceRule
from protocols.sla.periods import PeriodRule

BurnWindow = Literal["1h", "6h", "3d"]
BURN_WINDOWS: tuple[BurnWindow, ...] = get_args(BurnWindow)
UnknownPolicy = Literal["up", "down"]
UNKNOWN_POLICIES: tuple[UnknownPolicy, ...] = get_args(UnknownPolicy)
CustomerPowerPolicy = Literal["excluded", "down"]
CUSTOMER_POWER_POLICIES: tuple[CustomerPowerPolicy, ...] = get_args(CustomerPowerPolicy)


class SlaTerms(Struct, frozen=True, kw_only=True):
    """The content of a definition. Durations are in microseconds. A target that is None, or a severity that is missing, is not
    promised."""

    name: str
    period: PeriodRule
    service_type: str = ""
    description: str = ""
    sla_class: str = ""
    """Nodes of the topology with this ``sla_class`` get an instance each. Unique in a tenant; "" for none."""
    availability_target: int | None = None
    """Parts of a billion: 0.999 is 999,000,000. Above 0, at most 1,000,000,000."""
    outage_minimum: int = 0
    """Outages shorter than this count as up."""
    unknown_counts_as: UnknownPolicy = "up"
    customer_power: CustomerPowerPolicy = "excluded"
    """Downtime of an ONT that reported the loss of its own electrical power, and no fault of the network explains it."""
    exclude_maintenance: bool = True
    maintenance_notice: int = 0
    """A maintenance window counts as planned when it was known this long before it began."""
    at_risk_percent: int = 80
    """The part of a budget or of a time limit after which an instance is at risk, 1 to 99."""
    at_risk_burn_rates: dict[BurnWindow, int] = {}
    """By window, thousandths: an instance is at risk while its budget is used so many times as fast as
    allowed within the window."""
    response: dict[Severity, int] = {}
    """Time limit from raise to acknowledgement, by severity."""
    resolution: dict[Severity, int] = {}
    """Time limit from raise to clear, by severity."""
    calendar: BusinessCalendar | None = None
    """Hours in which the clocks of time limits run; None: all hours."""
    performance: tuple[PerformanceRule, ...] = ()
    credits: TierCredits | OutageCredits | None = None
    credit_file: str = ""
    """Name of the file in ``config/sla`` that ``credits`` were copied from."""


class SlaTermsEdited(Struct, frozen=True, kw_only=True):
    """Other values for some terms; UNSET leaves one as it is."""

    name: str | UnsetType = UNSET
    period: PeriodRule | UnsetType = UNSET
    service_type: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    sla_class: str | UnsetType = UNSET
    availability_target: int | UnsetType | None = UNSET
    outage_minimum: int | UnsetType = UNSET
    unknown_counts_as: UnknownPolicy | UnsetType = UNSET
    customer_power: CustomerPowerPolicy | UnsetType = UNSET
    exclude_maintenance: bool | UnsetType = UNSET
    maintenance_notice: int | UnsetType = UNSET
    at_risk_percent: int | UnsetType = UNSET
    at_risk_burn_rates: dict[BurnWindow, int] | UnsetType = UNSET
    response: dict[Severity, int] | UnsetType = UNSET
    resolution: dict[Severity, int] | UnsetType = UNSET
    calendar: BusinessCalendar | UnsetType | None = UNSET
    performance: tuple[PerformanceRule, ...] | UnsetType = UNSET
    credits: TierCredits | OutageCredits | UnsetType | None = UNSET
    credit_file: str | UnsetType = UNSET


class SlaDefinition(Struct, frozen=True, kw_only=True):
    """One version of a definition."""

    id: str
    """``SD`` and the offset of the Event that made the definition."""
    version: int
    """1 for the first; each change adds 1. It is the revision of REST too."""
    tenant_id: str | None
    """None: for instances of every tenant."""
    terms: SlaTerms
    since: datetime
    """When this version was made. Periods that begin at this time or later use it. A later version has a later time than the
    Event that made it, by a microsecond: a period that began at the Event's time keeps the version with which it began."""
    by: str
    created_at: datetime
    created_by: str
    deleted_at: datetime | None = None
    """No new instance may use it, and no contract that still runs does."""
    key: str = ""
    """Idempotency key of the request that made it."""

    @property
    def revision(self) -> int:
        """The revision of REST: each change makes a version."""
        return self.version

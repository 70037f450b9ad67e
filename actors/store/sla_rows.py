"""Rows of service level agreements. The fields are the columns, in their order.

Instants, microseconds since 1970 in the Changes, are datetimes here; durations are exact decimal seconds.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct

from protocols.origin import Origin
from protocols.severity import Severity
from protocols.sla.breach import BreachType
from protocols.sla.exclusion import ExclusionCategory
from protocols.sla.instance import InstanceStatus
from protocols.sla.outage import OutageEffect


class DefinitionRow(Struct, frozen=True):
    """A row of ``sla_definitions``: one version. ``terms`` as in the ledger: microseconds, parts of a billion, minor units."""

    id: str
    version: int
    tenant_id: str | None
    terms: dict[str, Any]
    since: datetime
    created_at: datetime
    created_by: str
    updated_by: str
    deleted_at: datetime | None
    idempotency_key: str


class InstanceRow(Struct, frozen=True, gc=False):
    """A row of ``sla_instances``. The period is the running one; ``former`` as in the ledger."""

    id: str
    tenant_id: str
    sla_definition_id: str
    customer_id: str
    service_id: str
    customer_name: str
    resources: tuple[str, ...]
    start_date: datetime
    end_date: datetime | None
    monthly_fee_minor: int
    currency: str
    minor_digits: int
    account_manager: str
    suspended: bool
    origin: Origin
    status: InstanceStatus
    reason: str
    breach_count: int
    breaches_at: datetime | None
    placed: bool
    period_start: datetime | None
    period_end: datetime | None
    period_definition_id: str
    period_definition_version: int
    former: Sequence[Any]
    node_id: str
    edited: tuple[str, ...]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    revision: int
    idempotency_key: str


class OutageRow(Struct, frozen=True, gc=False):
    """A row of ``sla_outages``. ``alarm_id`` is null when faultd itself did not run or was blind; ``moved`` in microseconds."""

    id: str
    number: int
    alarm_id: str | None
    alarm_name: str
    alarm_type: str
    title: str
    tenant_id: str
    resource_id: str
    services: tuple[str, ...]
    customers: tuple[str, ...]
    effect: OutageEffect
    severity: Severity
    parent_alarm_id: str | None
    customer_power: bool
    start_time: datetime
    end_time: datetime | None
    moved: int
    corrected: bool
    reason: str


class ExclusionRow(Struct, frozen=True):
    """A row of ``sla_exclusions``."""

    id: str
    tenant_id: str | None
    category: ExclusionCategory
    scope: dict[str, Any]
    start_time: datetime
    end_time: datetime
    reason: str
    rrule: str
    time_zone: str
    created_at: datetime
    created_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    revision: int
    idempotency_key: str


class ClockRow(Struct, frozen=True):
    """A row of ``sla_clocks``. ``times`` has every fact as in the ledger, ``ended_at`` is null while the alarm is open."""

    alarm_id: str
    tenant_id: str
    raised_at: datetime
    severity: Severity
    acknowledged_at: datetime | None
    ended_at: datetime | None
    alarm_name: str
    ticket_id: str
    times: dict[str, Any]
    reason: str


class MeasurementRow(Struct, frozen=True, gc=False):
    """A row of ``sla_measurements``: a violation. ``limit`` and ``worst`` are microseconds of latency, lost packets in a
    million, or bit/s."""

    sla_instance_id: str
    metric: str
    start_time: datetime
    end_time: datetime | None
    tenant_id: str
    limit: int
    worst: int


class FaultReportRow(Struct, frozen=True):
    """A row of ``fault_reports``."""

    id: str
    tenant_id: str
    customer_id: str
    service_id: str
    reported_at: datetime
    text: str
    instances: tuple[str, ...]
    created_at: datetime
    created_by: str
    idempotency_key: str


class BreachRow(Struct, frozen=True, gc=False):
    """A row of ``sla_breaches``. ``target`` and ``actual`` are whole numbers in the unit of :class:`SlaBreach`; generated
    columns show them in the units of REST."""

    id: str
    sla_instance_id: str
    tenant_id: str
    sla_definition_id: str
    definition_version: int
    customer_id: str
    service_id: str
    breach_type: BreachType
    period_start: datetime
    breach_start: datetime
    breach_end: datetime | None
    target: int
    actual: int
    alarm_id: str | None
    alarm_name: str
    alarms: tuple[str, ...]
    ticket_id: str
    credit_minor: int
    currency: str
    minor_digits: int
    resolved: bool
    withdrawn: bool
    reason: str
    revision: int


class CreditRow(Struct, frozen=True):
    """A row of ``sla_credits``. ``lines`` are in the order of the credit; the view ``sla_credit_lines`` has a row of each."""

    sla_instance_id: str
    period_start: datetime
    tenant_id: str
    customer_id: str
    currency: str
    minor_digits: int
    amount_minor: int
    lines: Sequence[dict[str, Any]]
    final: bool


class PeriodRow(Struct, frozen=True, gc=False):
    """A row of ``sla_periods``: one revision of a closed period. Durations in seconds. ``offset``: that of the Event that made
    it; 0 where the seed wrote it. ``report`` as in the ledger; null where it follows from the figures."""

    sla_instance_id: str
    period_start: datetime
    period_end: datetime
    period_middle: datetime
    revision: int
    tenant_id: str
    customer_id: str
    service_id: str
    sla_definition_id: str
    definition_version: int
    contract_time: Decimal
    uptime: Decimal
    unplanned_downtime: Decimal
    excluded_time: Decimal
    unknown_time: Decimal
    planned_downtime: Decimal
    error_budget: Decimal | None
    availability: Decimal | None
    breach_count: int
    credit_minor: int
    currency: str
    minor_digits: int
    reason: str
    closed_by: str
    offset: int
    made_at: datetime
    customer_name: str
    contract_start: datetime
    contract_end: datetime | None
    report: dict[str, Any] | None


class WindowHistoryRow(Struct, frozen=True):
    """A row of ``sla_window_histories``. ``over_at``: the window is never open from then on; null for one that recurs."""

    window_id: str
    history: Any
    over_at: datetime | None

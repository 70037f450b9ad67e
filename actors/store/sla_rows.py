"""Rows of service level agreements, and the Changes that they come from. The fields are the columns, in their order.

Instants, microseconds since 1970 in the Changes, are datetimes here; durations are exact decimal seconds.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from protocols.decimal_text import decimal
from protocols.origin import Origin
from protocols.severity import Severity
from protocols.sla.breach import BreachType
from protocols.sla.changes import (
    FaultReported,
    SlaBreachChanged,
    SlaClockChanged,
    SlaCreditChanged,
    SlaDefinitionChanged,
    SlaExclusionChanged,
    SlaInstanceChanged,
    SlaMeasured,
    SlaOutageChanged,
    SlaPeriodClosed,
    SlaWindowChanged,
)
from protocols.sla.exclusion import ExclusionCategory
from protocols.sla.instance import InstanceStatus
from protocols.sla.local_time import instant_at, utc_time
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
    """A row of ``sla_outages``. ``alarm_id`` is null when faultd itself did not run; ``moved`` in microseconds."""

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


def definition_row(change: SlaDefinitionChanged) -> DefinitionRow:
    found = change.definition
    return DefinitionRow(
        id=found.id,
        version=found.version,
        tenant_id=found.tenant_id,
        # By their names, also where a text has to be cleaned for PostgreSQL.
        terms=msgspec.to_builtins(found.terms, str_keys=True),
        since=found.since,
        created_at=found.created_at,
        created_by=found.created_by,
        updated_by=found.by,
        deleted_at=found.deleted_at,
        idempotency_key=found.key,
    )


def instance_row(change: SlaInstanceChanged) -> InstanceRow:
    found = change.instance
    # By position: an outage above a feeder writes a row for every service below.
    return InstanceRow(
        found.id,
        found.tenant_id,
        found.definition_id,
        found.customer_id,
        found.service_id,
        found.customer_name,
        found.resources,
        stored(found.start),
        stored(found.end),
        found.monthly_fee,
        found.currency,
        found.minor_digits,
        found.account_manager,
        found.suspended,
        found.origin,
        change.status,
        change.reason,
        change.breach_count,
        stored(change.breaches_at),
        change.placed,
        stored(change.period_start),
        stored(change.period_end),
        change.period_definition_id,
        change.period_definition_version,
        msgspec.to_builtins(found.former) if found.former else (),
        found.node_id,
        found.edited,
        found.created_at,
        found.created_by,
        found.updated_at,
        found.updated_by,
        found.revision,
        found.key,
    )


def outage_row(change: SlaOutageChanged) -> OutageRow:
    found = change.outage
    return OutageRow(
        id=found.id,
        number=found.number,
        alarm_id=uuid_or_none(found.alarm_id),
        alarm_name=found.alarm_name,
        alarm_type=found.alarm_type,
        title=found.title,
        tenant_id=found.tenant_id,
        resource_id=found.resource_id,
        services=found.services,
        customers=found.customers,
        effect=found.effect,
        severity=found.severity,
        parent_alarm_id=uuid_or_none(found.parent_alarm_id or ""),
        customer_power=found.customer_power,
        start_time=stored(found.start),
        end_time=stored(found.end),
        moved=found.moved,
        corrected=found.corrected,
        reason=change.reason,
    )


def exclusion_row(change: SlaExclusionChanged) -> ExclusionRow:
    found = change.exclusion
    return ExclusionRow(
        id=found.id,
        tenant_id=found.tenant_id,
        category=found.category,
        scope=msgspec.to_builtins(found.scope),
        start_time=stored(found.start),
        end_time=stored(found.end),
        reason=found.reason,
        rrule=found.rrule,
        time_zone=found.time_zone,
        created_at=found.created_at,
        created_by=found.created_by,
        withdrawn_at=found.withdrawn_at,
        withdrawn_by=found.withdrawn_by,
        revision=found.revision,
        idempotency_key=found.key,
    )


def clock_row(change: SlaClockChanged) -> ClockRow:
    times = change.times
    last = times.ended[-1] if times.ended else None
    return ClockRow(
        alarm_id=change.alarm_id,
        tenant_id=change.tenant_id,
        raised_at=stored(times.raised),
        severity=times.changes[-1].severity if times.changes else times.severity,
        acknowledged_at=stored(times.acknowledged),
        ended_at=stored(last.start) if last is not None and last.end is None else None,
        alarm_name=change.alarm_name,
        ticket_id=change.ticket_id,
        times=msgspec.to_builtins(times),
        reason=change.reason,
    )


def measurement_row(change: SlaMeasured) -> MeasurementRow:
    found = change.summary
    start, end = stored(found.start), stored(found.end)
    return MeasurementRow(found.instance_id, found.metric, start, end, found.tenant_id, found.limit, found.worst)


def fault_report_row(change: FaultReported) -> FaultReportRow:
    found = change.report
    return FaultReportRow(
        id=found.id,
        tenant_id=found.tenant_id,
        customer_id=found.customer_id,
        service_id=found.service_id,
        reported_at=stored(found.reported_at),
        text=found.text,
        instances=found.instances,
        created_at=found.created_at,
        created_by=found.created_by,
        idempotency_key=found.key,
    )


def breach_row(change: SlaBreachChanged) -> BreachRow:
    found = change.breach
    return BreachRow(
        id=found.id,
        sla_instance_id=found.instance_id,
        tenant_id=found.tenant_id,
        sla_definition_id=found.definition_id,
        definition_version=found.definition_version,
        customer_id=found.customer_id,
        service_id=found.service_id,
        breach_type=found.type,
        period_start=stored(found.period_start),
        breach_start=stored(found.start),
        breach_end=stored(found.end),
        target=found.target,
        actual=found.actual,
        alarm_id=uuid_or_none(found.alarm_id),
        alarm_name=found.alarm_name,
        alarms=tuple(each for each in found.alarms if uuid_or_none(each)),
        ticket_id=found.ticket_id,
        credit_minor=found.credit,
        currency=found.currency,
        minor_digits=found.minor_digits,
        resolved=found.resolved,
        withdrawn=found.withdrawn,
        reason=found.reason,
        revision=found.revision,
    )


def credit_row(change: SlaCreditChanged) -> CreditRow:
    found = change.credit
    return CreditRow(
        sla_instance_id=found.instance_id,
        period_start=stored(found.period_start),
        tenant_id=found.tenant_id,
        customer_id=found.customer_id,
        currency=found.currency,
        minor_digits=found.minor_digits,
        amount_minor=found.amount,
        lines=msgspec.to_builtins(found.lines),
        final=found.final,
    )


def period_row(change: SlaPeriodClosed) -> PeriodRow:
    found = change.figures
    return PeriodRow(
        found.instance_id,
        stored(found.start),
        stored(found.end),
        stored((found.start + found.end) // 2),
        found.revision,
        found.tenant_id,
        found.customer_id,
        found.service_id,
        found.definition_id,
        found.definition_version,
        _seconds(found.contract),
        _seconds(found.up),
        _seconds(found.down),
        _seconds(found.excluded),
        _seconds(found.unknown),
        _seconds(found.planned),
        None if found.budget is None else _seconds(found.budget),
        None if found.availability is None else Decimal(decimal(found.availability, 6)),
        found.breaches,
        found.credit,
        found.currency,
        found.minor_digits,
        found.reason,
        found.closed_by,
        change.offset,
        stored(found.made_at),
        found.customer_name,
        stored(found.contract_start),
        stored(found.contract_end),
        # By names, also where a text has to be cleaned for PostgreSQL.
        None if change.report is None else msgspec.to_builtins(change.report),
    )


def window_history_row(change: SlaWindowChanged) -> WindowHistoryRow:
    """The row of the Change."""
    history = change.history
    last = history.plans[-1].window
    over = history.cancelled_at
    if over is None and not last.recurrence:
        over = instant_at(last.start) + round(last.duration_seconds * 1e6)
    return WindowHistoryRow(change.window_id, msgspec.to_builtins(history), stored(over))


def stored(instant: int | None) -> Any:
    """The column of an instant. One outside of the years 1 to 9999 becomes a text that PostgreSQL refuses: then the store sets
    the Change aside."""
    if instant is None:
        return None
    try:
        return utc_time(instant)
    except OverflowError:
        return f"{instant} microseconds since 1970"


def uuid_or_none(text: str) -> str | None:
    """An alarm's id; None for the names that stand in its place where there is no alarm."""
    try:
        UUID(text)
    except ValueError:
        return None
    return text


def _seconds(microseconds: int) -> Decimal:
    return Decimal(decimal(microseconds, 6))

"""Changes of service level agreements as rows of PostgreSQL. Pure."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from actors.store.sla_rows import (
    BreachRow,
    ClockRow,
    CreditRow,
    DefinitionRow,
    ExclusionRow,
    FaultReportRow,
    InstanceRow,
    MeasurementRow,
    OutageRow,
    PeriodRow,
    WindowHistoryRow,
)
from protocols.decimal_text import decimal
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
from protocols.sla.local_time import instant_at, utc_time


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

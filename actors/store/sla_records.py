"""Rows of service level agreements as the records that they were written from. Nothing is lost on the way and back."""

from datetime import datetime
from decimal import Decimal

import msgspec

from actors.store import sla_rows
from protocols.sla.breach import SlaBreach
from protocols.sla.credit import CreditLine, SlaCredit
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.exclusion import ExclusionScope, SlaExclusion
from protocols.sla.fault_report import FaultReport
from protocols.sla.instance import FormerDefinition, SlaInstance
from protocols.sla.local_time import instant_at
from protocols.sla.measurement import MeasurementSummary
from protocols.sla.outage import SlaOutage
from protocols.sla.period_figures import PeriodFigures


def definition_of(row: sla_rows.DefinitionRow) -> SlaDefinition:
    # Keys of dictionaries are texts in JSON: dates are read from them.
    terms = msgspec.convert(row.terms, SlaTerms, strict=False, str_keys=True)
    return SlaDefinition(
        id=row.id,
        version=row.version,
        tenant_id=row.tenant_id,
        terms=terms,
        since=row.since,
        by=row.updated_by,
        created_at=row.created_at,
        created_by=row.created_by,
        deleted_at=row.deleted_at,
        key=row.idempotency_key,
    )


def instance_of(row: sla_rows.InstanceRow) -> SlaInstance:
    return SlaInstance(
        id=row.id,
        tenant_id=row.tenant_id,
        definition_id=row.sla_definition_id,
        customer_id=row.customer_id,
        service_id=row.service_id,
        customer_name=row.customer_name,
        resources=row.resources,
        start=instant_at(row.start_date),
        end=instant_of(row.end_date),
        monthly_fee=row.monthly_fee_minor,
        currency=row.currency,
        minor_digits=row.minor_digits,
        account_manager=row.account_manager,
        suspended=row.suspended,
        origin=row.origin,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        revision=row.revision,
        key=row.idempotency_key,
        former=msgspec.convert(row.former, tuple[FormerDefinition, ...]),
        node_id=row.node_id,
        edited=row.edited,
    )


def outage_of(row: sla_rows.OutageRow) -> SlaOutage:
    return SlaOutage(
        id=row.id,
        number=row.number,
        # Of what is no alarm the row has the name within its id.
        alarm_id=row.alarm_id or row.id.rpartition(".")[0],
        alarm_name=row.alarm_name,
        alarm_type=row.alarm_type,
        title=row.title,
        tenant_id=row.tenant_id,
        resource_id=row.resource_id,
        services=row.services,
        customers=row.customers,
        effect=row.effect,
        severity=row.severity,
        parent_alarm_id=row.parent_alarm_id,
        customer_power=row.customer_power,
        start=instant_at(row.start_time),
        end=instant_of(row.end_time),
        moved=row.moved,
        corrected=row.corrected,
    )


def exclusion_of(row: sla_rows.ExclusionRow) -> SlaExclusion:
    return SlaExclusion(
        id=row.id,
        tenant_id=row.tenant_id,
        category=row.category,
        scope=msgspec.convert(row.scope, ExclusionScope),
        start=instant_at(row.start_time),
        end=instant_at(row.end_time),
        reason=row.reason,
        rrule=row.rrule,
        time_zone=row.time_zone,
        created_at=row.created_at,
        created_by=row.created_by,
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=row.withdrawn_by,
        revision=row.revision,
        key=row.idempotency_key,
    )


def measurement_of(row: sla_rows.MeasurementRow) -> MeasurementSummary:
    return MeasurementSummary(
        instance_id=row.sla_instance_id,
        tenant_id=row.tenant_id,
        metric=row.metric,
        start=instant_at(row.start_time),
        end=instant_of(row.end_time),
        limit=row.limit,
        worst=row.worst,
    )


def fault_report_of(row: sla_rows.FaultReportRow) -> FaultReport:
    return FaultReport(
        id=row.id,
        tenant_id=row.tenant_id,
        customer_id=row.customer_id,
        service_id=row.service_id,
        reported_at=instant_at(row.reported_at),
        text=row.text,
        instances=row.instances,
        created_at=row.created_at,
        created_by=row.created_by,
        key=row.idempotency_key,
    )


def breach_of(row: sla_rows.BreachRow) -> SlaBreach:
    return SlaBreach(
        id=row.id,
        instance_id=row.sla_instance_id,
        tenant_id=row.tenant_id,
        definition_id=row.sla_definition_id,
        definition_version=row.definition_version,
        customer_id=row.customer_id,
        service_id=row.service_id,
        type=row.breach_type,
        period_start=instant_at(row.period_start),
        start=instant_at(row.breach_start),
        end=instant_of(row.breach_end),
        target=row.target,
        actual=row.actual,
        alarm_id=row.alarm_id or "",
        alarm_name=row.alarm_name,
        alarms=row.alarms,
        ticket_id=row.ticket_id,
        credit=row.credit_minor,
        currency=row.currency,
        minor_digits=row.minor_digits,
        resolved=row.resolved,
        withdrawn=row.withdrawn,
        reason=row.reason,
        revision=row.revision,
    )


def credit_of(row: sla_rows.CreditRow) -> SlaCredit:
    return SlaCredit(
        instance_id=row.sla_instance_id,
        tenant_id=row.tenant_id,
        customer_id=row.customer_id,
        period_start=instant_at(row.period_start),
        currency=row.currency,
        minor_digits=row.minor_digits,
        lines=msgspec.convert(row.lines, tuple[CreditLine, ...]),
        final=row.final,
    )


def figures_of(row: sla_rows.PeriodRow) -> PeriodFigures:
    return PeriodFigures(
        instance_id=row.sla_instance_id,
        tenant_id=row.tenant_id,
        customer_id=row.customer_id,
        service_id=row.service_id,
        definition_id=row.sla_definition_id,
        definition_version=row.definition_version,
        start=instant_at(row.period_start),
        end=instant_at(row.period_end),
        revision=row.revision,
        contract=_microseconds(row.contract_time),
        up=_microseconds(row.uptime),
        down=_microseconds(row.unplanned_downtime),
        excluded=_microseconds(row.excluded_time),
        unknown=_microseconds(row.unknown_time),
        planned=_microseconds(row.planned_downtime),
        budget=None if row.error_budget is None else _microseconds(row.error_budget),
        availability=None if row.availability is None else _microseconds(row.availability),
        breaches=row.breach_count,
        credit=row.credit_minor,
        currency=row.currency,
        minor_digits=row.minor_digits,
        reason=row.reason,
        closed_by=row.closed_by,
        made_at=instant_at(row.made_at),
        customer_name=row.customer_name,
        contract_start=instant_at(row.contract_start),
        contract_end=instant_of(row.contract_end),
    )


def instant_of(at: datetime | None) -> int | None:
    return None if at is None else instant_at(at)


def _microseconds(seconds: Decimal) -> int:
    return int(seconds.scaleb(6))

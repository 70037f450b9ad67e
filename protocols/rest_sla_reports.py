"""Queries and answers about the report of one instance and period: figures with all of their evidence. Durations in seconds."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from protocols.rest_body import Body, PageQuery
from protocols.rest_fields import SomeText
from protocols.rest_sla_breaches import BreachShown, shown
from protocols.rest_sla_compliance import CompliancePeriod, period_shown
from protocols.severity import Severity
from protocols.sla.clock_facts import ClockKind, ClockState
from protocols.sla.definition import UnknownPolicy
from protocols.sla.explanation import NodeEvidence, SlaExplanation
from protocols.sla.local_time import utc_time
from protocols.sla.outage import OutageEffect, SlaOutage
from protocols.sla.report import OutageTreatment, ReportedExclusion, SlaReport, SlaShare

ReportFormat = Literal["json", "csv", "pdf"]
PeriodName = Annotated[
    str,
    Meta(
        max_length=40,
        description="The period that contains this time: `2026-03`, `2026-03-15` (midnight in the definition's zone) or "
        "`2026-03-15T12:00:00Z`. Without it: the running one, or else the last that was closed",
    ),
]


class ReportQuery(Body, frozen=True, kw_only=True):
    """The query of the report of one instance."""

    period: PeriodName = ""
    revision: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="As it was at this revision; without it the newest")
    ] = None
    format: Annotated[ReportFormat | None, Meta(description="Without it as `Accept` says: JSON, CSV or PDF")] = None


class PeriodsQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the closed periods of one instance."""


class PeriodClose(Body, frozen=True, kw_only=True):
    """Why a period is closed or revised."""

    reason: SomeText


class PeriodPage(Struct, frozen=True):
    """Every revision of closed periods, the latest period and revision first, and the cursor of the next page."""

    items: tuple[CompliancePeriod, ...]
    next_cursor: str | None = None


class ShareShown(Struct, frozen=True):
    """A span of the contract time, all of it in one share."""

    start: datetime
    end: datetime
    share: SlaShare


class OutageShown(Struct, frozen=True, kw_only=True):
    """An outage. ``end`` null: it lasts. ``counted``: the part that counts as downtime in this period."""

    start: datetime
    end: datetime | None
    counted: float
    treatment: OutageTreatment
    reason: str
    cause: str
    resource: str
    alarms: tuple[str, ...]


class AppliedExclusionShown(Struct, frozen=True, kw_only=True):
    """Time that counts on neither side of the fraction."""

    category: ReportedExclusion
    start: datetime
    end: datetime
    reason: str
    author: str


class ReportedClockShown(Struct, frozen=True, kw_only=True):
    """The response or resolution clock of an alarm as of the report. ``limit`` and ``elapsed`` are business time."""

    clock: ClockKind
    alarm: str
    severity: Severity
    started: datetime
    limit: float | None
    elapsed: float
    due: datetime | None
    stopped: datetime | None
    state: ClockState
    note: str


class CreditLineShown(Struct, frozen=True, kw_only=True):
    """``amount`` in major units."""

    amount: float
    rule: str
    item: str
    arithmetic: str
    breach_id: str | None


class PeriodReportShown(Struct, frozen=True, kw_only=True):
    """The report of one instance and period. ``revision`` is 0 while the period runs. ``downtime`` as it counts."""

    sla_instance_id: str
    tenant_id: str
    customer_id: str
    customer_name: str
    service_id: str
    operator: str
    definition_name: str
    definition_version: int
    time_zone: str
    period_start: datetime
    period_end: datetime
    as_of: datetime
    made_at: datetime
    closed: bool
    revision: int
    revision_reason: str
    previous: CompliancePeriod | None
    """The figures of the revision before."""
    contract_start: datetime
    contract_end: datetime | None
    contract_time: float
    uptime: float
    unplanned_downtime: float
    excluded_time: float
    unknown_time: float
    unknown_counts_as: UnknownPolicy
    outage_minimum: float
    downtime: float
    availability: float | None
    availability_target: float | None
    budget_time: float | None
    """Contract time of the whole period without exclusions."""
    error_budget: float | None
    error_budget_left: float | None
    arithmetic: tuple[str, ...]
    """How the figures come about, step by step."""
    timeline: tuple[ShareShown, ...]
    outages: tuple[OutageShown, ...]
    exclusions: tuple[AppliedExclusionShown, ...]
    clocks: tuple[ReportedClockShown, ...]
    breaches: tuple[BreachShown, ...]
    credits: tuple[CreditLineShown, ...]
    credit_amount: float
    currency: str


class EvidenceShown(Struct, frozen=True, kw_only=True):
    """An interval in which an alarm says that there is no service, or that faultd cannot see it."""

    alarm_id: str
    alarm_name: str
    title: str
    effect: OutageEffect
    start: datetime
    end: datetime | None
    parent_alarm_id: str | None
    customer_power: bool
    corrected: bool


class EvidenceNodeShown(Struct, frozen=True, kw_only=True):
    """A resource of the instance, or a node above it. ``below``: the node that hangs from it on the way; null for a resource.
    ``down``: seconds of the period in which it had no service, by its own alarms or because everything above it was down."""

    node_id: str
    type: str
    name: str
    below: str | None
    known: bool
    """The topology has it."""
    down: float
    evidence: tuple[EvidenceShown, ...]


class ExplanationShown(Struct, frozen=True, kw_only=True):
    """How the figures of the running period come about: as lines to read, by node, and as the report. ``truncated``: there are
    more nodes above than are shown."""

    sla_instance_id: str
    lines: tuple[str, ...]
    nodes: tuple[EvidenceNodeShown, ...]
    named: tuple[EvidenceShown, ...]
    """By alarms that name the service or the customer."""
    everywhere: tuple[EvidenceShown, ...]
    """Time in which faultd did not run."""
    truncated: bool
    report: PeriodReportShown


def report_shown(report: SlaReport, arithmetic: Iterable[str]) -> PeriodReportShown:
    """The report as REST shows it."""
    shares, size = report.shares, 10**report.minor_digits
    return PeriodReportShown(
        sla_instance_id=report.instance_id,
        tenant_id=report.tenant_id,
        customer_id=report.customer_id,
        customer_name=report.customer_name,
        service_id=report.service_id,
        operator=report.operator,
        definition_name=report.definition_name,
        definition_version=report.definition_version,
        time_zone=report.zone,
        period_start=utc_time(report.period_start),
        period_end=utc_time(report.period_end),
        as_of=utc_time(report.as_of),
        made_at=utc_time(report.made_at),
        closed=report.closed,
        revision=report.revision if report.closed else 0,
        revision_reason=report.revision_reason,
        previous=None if report.previous is None else period_shown(report.previous),
        contract_start=utc_time(report.contract_start),
        contract_end=_time(report.contract_end),
        contract_time=_seconds(report.contract_time),
        uptime=_seconds(shares.up),
        unplanned_downtime=_seconds(shares.down),
        excluded_time=_seconds(shares.excluded),
        unknown_time=_seconds(shares.unknown),
        unknown_counts_as=report.unknown_counts_as,
        outage_minimum=_seconds(report.outage_minimum),
        downtime=_seconds(report.downtime),
        availability=None if report.availability is None else report.availability / 1_000_000,
        availability_target=None if report.target is None else report.target / 1_000_000_000,
        budget_time=_maybe(report.budget_time),
        error_budget=_maybe(report.budget),
        error_budget_left=_maybe(report.budget_left),
        arithmetic=tuple(arithmetic),
        timeline=tuple(ShareShown(utc_time(start), utc_time(end), share) for start, end, share in report.timeline),
        outages=tuple(
            OutageShown(
                start=utc_time(each.start),
                end=_time(each.end),
                counted=_seconds(each.counted),
                treatment=each.treatment,
                reason=each.reason,
                cause=each.cause,
                resource=each.resource,
                alarms=each.alarms,
            )
            for each in report.outages
        ),
        exclusions=tuple(
            AppliedExclusionShown(
                category=each.category,
                start=utc_time(each.start),
                end=utc_time(each.end),
                reason=each.reason,
                author=each.author,
            )
            for each in report.exclusions
        ),
        clocks=tuple(
            ReportedClockShown(
                clock=each.clock,
                alarm=each.alarm,
                severity=each.severity,
                started=utc_time(each.started),
                limit=_maybe(each.limit),
                elapsed=_seconds(each.elapsed),
                due=_time(each.due),
                stopped=_time(each.stopped),
                state=each.verdict,
                note=each.note,
            )
            for each in report.clocks
        ),
        breaches=tuple(shown(each, report.as_of) for each in report.breaches),
        credits=tuple(
            CreditLineShown(
                amount=each.amount / size,
                rule=each.rule,
                item=each.item,
                arithmetic=each.arithmetic,
                breach_id=each.breach_id or None,
            )
            for each in report.credits
        ),
        credit_amount=report.credit.amount / size,
        currency=report.currency,
    )


def explanation_shown(found: SlaExplanation, arithmetic: Iterable[str], lines: Iterable[str]) -> ExplanationShown:
    """The explanation as REST shows it."""
    return ExplanationShown(
        sla_instance_id=found.report.instance_id,
        lines=tuple(lines),
        nodes=tuple(map(_node_shown, found.nodes)),
        named=tuple(map(_evidence_shown, found.named)),
        everywhere=tuple(map(_evidence_shown, found.everywhere)),
        truncated=found.truncated,
        report=report_shown(found.report, arithmetic),
    )


def _node_shown(node: NodeEvidence) -> EvidenceNodeShown:
    return EvidenceNodeShown(
        node_id=node.node_id,
        type=node.type,
        name=node.name,
        below=node.below or None,
        known=node.known,
        down=_seconds(node.down),
        evidence=tuple(map(_evidence_shown, node.outages)),
    )


def _evidence_shown(outage: SlaOutage) -> EvidenceShown:
    return EvidenceShown(
        alarm_id=outage.alarm_id,
        alarm_name=outage.alarm_name,
        title=outage.title,
        effect=outage.effect,
        start=utc_time(outage.start),
        end=_time(outage.end),
        parent_alarm_id=outage.parent_alarm_id,
        customer_power=outage.customer_power,
        corrected=outage.corrected,
    )


def _time(instant: int | None) -> datetime | None:
    return None if instant is None else utc_time(instant)


def _seconds(microseconds: int) -> float:
    return microseconds / 1_000_000


def _maybe(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1_000_000

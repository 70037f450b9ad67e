"""Decisions of the stage ``sla_clock``, part of the union in :mod:`protocols.change`."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from protocols.sla.breach import SlaBreach
from protocols.sla.clock_facts import AlarmTimes
from protocols.sla.credit import SlaCredit
from protocols.sla.definition import SlaDefinition
from protocols.sla.exclusion import SlaExclusion
from protocols.sla.fault_report import FaultReport
from protocols.sla.instance import InstanceStatus, SlaInstance
from protocols.sla.measurement import MeasurementSummary
from protocols.sla.outage import SlaOutage
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import SlaReport
from protocols.sla.window_history import WindowHistory


class SlaDefinitionChanged(Struct, frozen=True, array_like=True, tag="sla_definition", tag_field="tag"):
    """The newest version of a definition."""

    offset: int
    definition: SlaDefinition


class SlaInstanceChanged(Struct, frozen=True, array_like=True, tag="sla_instance", tag_field="tag", gc=False):
    """An instance as it is now, with its status and why it has it. ``breach_count`` is of the running period; ``breaches_at``
    the instant at which the budget ends if things stay as they are. ``period_start`` and ``period_end`` (microseconds) are of
    the running period, with the version of the definition that applies to it; None: nothing has happened in it."""

    offset: int
    instance: SlaInstance
    status: InstanceStatus = "compliant"
    reason: str = ""
    breach_count: int = 0
    breaches_at: int | None = None
    placed: bool = True
    """At least one of its resources is a node of the topology."""
    period_start: int | None = None
    period_end: int | None = None
    period_definition_id: str = ""
    period_definition_version: int = 0


class SlaOutageChanged(Struct, frozen=True, array_like=True, tag="sla_outage", tag_field="tag", gc=False):
    """An outage interval that concerns an instance, as it is now."""

    offset: int
    outage: SlaOutage
    reason: str = ""
    """Why it differs from the one before: a clear, or an operator's correction."""


class SlaExclusionChanged(Struct, frozen=True, array_like=True, tag="sla_exclusion", tag_field="tag"):
    """An exclusion as it is now."""

    offset: int
    exclusion: SlaExclusion


class SlaClockChanged(Struct, frozen=True, array_like=True, tag="sla_clock", tag_field="tag"):
    """The facts of an alarm from which its response and resolution clocks are derived, as they are now."""

    offset: int
    alarm_id: str
    tenant_id: str
    times: AlarmTimes
    reason: str = ""
    alarm_name: str = ""
    """The alarm's external name."""
    ticket_id: str = ""


class SlaMeasured(Struct, frozen=True, array_like=True, tag="sla_measured", tag_field="tag"):
    """A violation of a performance limit, as it is known now."""

    offset: int
    summary: MeasurementSummary


class FaultReported(Struct, frozen=True, array_like=True, tag="fault_reported", tag_field="tag"):
    """A customer's fault report."""

    offset: int
    report: FaultReport


class SlaBreachChanged(Struct, frozen=True, array_like=True, tag="sla_breach", tag_field="tag"):
    """A breach as it is now."""

    offset: int
    breach: SlaBreach


class SlaCreditChanged(Struct, frozen=True, array_like=True, tag="sla_credit", tag_field="tag"):
    """The credit lines of an instance in a period, as they are now."""

    offset: int
    credit: SlaCredit


class SlaPeriodClosed(Struct, frozen=True, array_like=True, tag="sla_period", tag_field="tag"):
    """The figures of a closed period, or a later revision of them. ``report``: the whole report as of this revision; None where
    nothing happened in the period, so that it follows from the figures."""

    offset: int
    figures: PeriodFigures
    report: SlaReport | None = None


class SlaWindowChanged(Struct, frozen=True, array_like=True, tag="sla_window", tag_field="tag"):
    """The history of a maintenance window, from which planned work on services is derived, as it is now."""

    offset: int
    window_id: str
    history: WindowHistory


SlaNoticeKind = Literal["at_risk", "breach_opened", "breach_resolved", "credit", "escalation"]


class SlaNotificationRequested(Struct, frozen=True, kw_only=True, array_like=True, tag="sla_notice", tag_field="tag"):
    """The stage requests that people hear of an instance. (``offset``, ``number``) is the idempotency key."""

    offset: int
    number: int
    at: datetime
    tenant_id: str
    kind: SlaNoticeKind
    instance_id: str
    customer_id: str
    service_id: str
    breach_id: str = ""
    alarm_id: str = ""
    reason: str
    """Why now, with the figures."""
    account_manager: str = ""
    """Of the instance."""
    customer_name: str = ""
    service_type: str = ""
    """Of the definition."""
    sla_class: str = ""
    """Of the definition."""
    credit: SlaCredit | None = None
    """Of the kind ``credit``: the lines of the period as they are now."""


SlaChange = (
    SlaDefinitionChanged
    | SlaInstanceChanged
    | SlaOutageChanged
    | SlaExclusionChanged
    | SlaClockChanged
    | SlaMeasured
    | FaultReported
    | SlaBreachChanged
    | SlaCreditChanged
    | SlaPeriodClosed
    | SlaWindowChanged
    | SlaNotificationRequested
)

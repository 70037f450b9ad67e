"""Commands about service level agreements. The stage ``sla_clock`` answers them."""

from msgspec import Struct

from protocols.sla.clock_facts import PauseReason
from protocols.sla.definition import SlaTerms, SlaTermsEdited
from protocols.sla.exclusion import ExclusionPlan
from protocols.sla.instance import InstanceEdited, InstancePlan
from protocols.sla.measurement import ServiceMeasurement
from protocols.sla.period_revision import PeriodRevision


class CreateDefinition(Struct, frozen=True, array_like=True, tag="create_sla_definition", tag_field="tag"):
    """A new definition (POST /sla-definitions)."""

    tenant_id: str | None
    terms: SlaTerms
    key: str = ""


class EditDefinition(Struct, frozen=True, array_like=True, tag="edit_sla_definition", tag_field="tag"):
    """Another version of a definition (PATCH)."""

    definition_id: str
    fields: SlaTermsEdited


class DeleteDefinition(Struct, frozen=True, array_like=True, tag="delete_sla_definition", tag_field="tag"):
    """No new instance may use the definition. Refused while a contract that uses it has not ended."""

    definition_id: str


class CreateInstance(Struct, frozen=True, array_like=True, tag="create_sla_instance", tag_field="tag"):
    """A new instance (POST /sla-instances)."""

    plan: InstancePlan


class CreateInstances(Struct, frozen=True, array_like=True, tag="create_sla_instances", tag_field="tag"):
    """Many instances at once; all or none. The answer names their ids in the same order."""

    plans: tuple[InstancePlan, ...]


class EditInstance(Struct, frozen=True, array_like=True, tag="edit_sla_instance", tag_field="tag"):
    """Other values for some fields of an instance (PATCH)."""

    instance_id: str
    fields: InstanceEdited


class DeleteInstance(Struct, frozen=True, array_like=True, tag="delete_sla_instance", tag_field="tag"):
    """The contract ends now. Its closed periods and breaches stay."""

    instance_id: str


class CreateExclusion(Struct, frozen=True, array_like=True, tag="create_sla_exclusion", tag_field="tag"):
    """A new exclusion (POST /sla-exclusions), also one in the past."""

    plan: ExclusionPlan


class WithdrawExclusion(Struct, frozen=True, array_like=True, tag="withdraw_sla_exclusion", tag_field="tag"):
    """The exclusion counts no more, also for the past."""

    exclusion_id: str


class AddMeasurements(Struct, frozen=True, array_like=True, tag="add_measurements", tag_field="tag"):
    """Measurements (POST /measurements). The answer refuses single ones by their index."""

    tenant_id: str
    items: tuple[ServiceMeasurement, ...]


class ReportFault(Struct, frozen=True, array_like=True, tag="report_fault", tag_field="tag"):
    """A customer's fault report (POST /fault-reports). ``reported_at`` None: now."""

    tenant_id: str
    customer_id: str
    service_id: str
    reported_at: int | None = None
    text: str = ""
    key: str = ""


class PauseClock(Struct, frozen=True, array_like=True, tag="pause_sla_clock", tag_field="tag"):
    """The clocks of an alarm halt from ``start`` until ``end`` (None: until it is ended), also in the past. A second one with
    the same ``pause_id`` replaces the first; "" makes a new one, whose id the answer names."""

    alarm_id: str
    reason: PauseReason
    start: int | None = None
    """None: now."""
    end: int | None = None
    pause_id: str = ""
    note: str = ""


class CorrectOutage(Struct, frozen=True, array_like=True, tag="correct_sla_outage", tag_field="tag"):
    """The true begin or end of an outage interval, in microseconds; None leaves one as it is. ``reason`` is the operator's."""

    outage_id: str
    reason: str
    start: int | None = None
    end: int | None = None


class ClosePeriod(Struct, frozen=True, array_like=True, tag="close_sla_period", tag_field="tag"):
    """Close the period of an instance that has ended, before the calendar does; or make a new revision of a closed one, where
    the facts give other figures now. ``recomputed``: the figures of a period that is behind what the SLA clock holds."""

    instance_id: str
    period_start: int
    reason: str
    recomputed: PeriodRevision | None = None


SlaAction = (
    CreateDefinition
    | EditDefinition
    | DeleteDefinition
    | CreateInstance
    | CreateInstances
    | EditInstance
    | DeleteInstance
    | CreateExclusion
    | WithdrawExclusion
    | AddMeasurements
    | ReportFault
    | PauseClock
    | CorrectOutage
    | ClosePeriod
)

"""Commands of operators. Every write through the API is a Command, so it is an Event too."""

from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from protocols.alarm import Source
from protocols.dispatch.actions import DispatchAction
from protocols.maintenance import PlanChanges, WindowPlan
from protocols.principal import Principal
from protocols.rule import Rule, RuleEdited
from protocols.service_effect import ServiceEffect
from protocols.severity import Severity
from protocols.sla.actions import SlaAction
from protocols.topology import Node


class Acknowledge(Struct, frozen=True, array_like=True, tag="acknowledge", tag_field="tag"):
    note: str = ""


class Unacknowledge(Struct, frozen=True, array_like=True, tag="unacknowledge", tag_field="tag"):
    note: str = ""


class Clear(Struct, frozen=True, array_like=True, tag="clear", tag_field="tag"):
    note: str = ""


class Resolve(Struct, frozen=True, array_like=True, tag="resolve", tag_field="tag"):
    note: str = ""


class Assign(Struct, frozen=True, array_like=True, tag="assign", tag_field="tag"):
    assigned_to: str | None
    note: str = ""


class Shelve(Struct, frozen=True, array_like=True, tag="shelve", tag_field="tag"):
    until: datetime
    reason: str = ""


class Unshelve(Struct, frozen=True, array_like=True, tag="unshelve", tag_field="tag"):
    note: str = ""


NoteType = Literal["note", "investigation", "resolution"]


class Note(Struct, frozen=True, array_like=True, tag="note", tag_field="tag"):
    text: str
    type: NoteType = "note"


class Edited(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields to change; UNSET leaves one as it is (which only a Struct that is encoded by name can say)."""

    severity: Severity | UnsetType = UNSET
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    probable_cause: str | UnsetType = UNSET
    recommended_action: str | UnsetType = UNSET
    assigned_to: str | UnsetType | None = UNSET
    ticket_id: str | UnsetType | None = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


class Edit(Struct, frozen=True, array_like=True, tag="edit", tag_field="tag"):
    """Other values for some fields (PATCH)."""

    fields: Edited


class Raise(Struct, frozen=True, kw_only=True, array_like=True, tag="raise", tag_field="tag"):
    """A new alarm by hand or by another system (POST /alarms)."""

    tenant_id: str
    alarm_type: str
    severity: Severity
    title: str
    resource_type: str
    resource_id: str
    resource_name: str = ""
    qualifier: str = ""
    source: Source = "api"
    event_type: str = "other"
    probable_cause: str = "other"
    description: str = ""
    recommended_action: str = ""
    customer_ids: tuple[str, ...] = ()
    service_ids: tuple[str, ...] = ()
    subscriber_count: int | None = None
    correlation_id: str | None = None
    parent_alarm_id: str | None = None
    is_root_cause: bool = False
    at: datetime | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    alarm_id: str = ""
    """External name, unique among the tenant's open alarms; empty: faultd gives one."""
    service_effect: ServiceEffect | None = None
    """None: that of the alarm type."""


FIRST_STAGE = "correlator"
"""The stage that alone writes alarms."""


class RetryQuarantined(Struct, frozen=True, array_like=True, tag="retry_quarantined", tag_field="tag"):
    """Have ``stage`` fold the Event at ``offset`` once more, which is in its quarantine. ``event`` and ``changes`` are the
    msgpack of the Event and of the Changes that the stages before it made of it."""

    offset: int
    event: bytes
    stage: str = FIRST_STAGE
    changes: bytes = b""


class DiscardQuarantined(Struct, frozen=True, array_like=True, tag="discard_quarantined", tag_field="tag"):
    """Give up the Event at ``offset`` for ``stage``, in whose quarantine it is: that stage will not fold it. ``reason`` is the
    operator's."""

    offset: int
    reason: str
    stage: str = FIRST_STAGE


class CreateRule(Struct, frozen=True, array_like=True, tag="create_rule", tag_field="tag"):
    """A new rule (POST /alarm-rules)."""

    rule: Rule


class EditRule(Struct, frozen=True, array_like=True, tag="edit_rule", tag_field="tag"):
    """Other values for some fields of a rule (PATCH)."""

    rule_id: str
    fields: RuleEdited


class DeleteRule(Struct, frozen=True, array_like=True, tag="delete_rule", tag_field="tag"):
    """The rule is no more."""

    rule_id: str


class ChangeTopology(Struct, frozen=True, array_like=True, tag="change_topology", tag_field="tag"):
    """Another plant: ``removes`` go, then ``puts`` come or take the place of their like; all of it, or nothing. ``on`` is the
    offset of the plant's last change that the asker knows of: on another it is refused as ``wrong_state`` (None: never)."""

    puts: tuple[Node, ...] = ()
    removes: tuple[str, ...] = ()
    on: int | None = None


class PutWindow(Struct, frozen=True, array_like=True, tag="put_window", tag_field="tag"):
    """A new maintenance window."""

    plan: WindowPlan


class PatchWindow(Struct, frozen=True, array_like=True, tag="patch_window", tag_field="tag"):
    """Other values for some fields of a maintenance window."""

    window_id: str
    changes: PlanChanges


class EndWindow(Struct, frozen=True, array_like=True, tag="end_window", tag_field="tag"):
    """The occurrence under way ends now; a recurring window opens again as planned."""

    window_id: str


class CancelWindow(Struct, frozen=True, array_like=True, tag="cancel_window", tag_field="tag"):
    """The window ends now, or never begins."""

    window_id: str


AlarmAction = Acknowledge | Unacknowledge | Clear | Resolve | Assign | Shelve | Unshelve | Note | Edit
RuleAction = CreateRule | EditRule | DeleteRule
WindowAction = PutWindow | PatchWindow | EndWindow | CancelWindow
Action = (
    AlarmAction
    | WindowAction
    | Raise
    | RetryQuarantined
    | DiscardQuarantined
    | ChangeTopology
    | RuleAction
    | SlaAction
    | DispatchAction
)


class Past(Struct, frozen=True, array_like=True):
    """An alarm that the fold has forgotten, read from PostgreSQL."""

    id: str
    alarm_id: str
    tenant_id: str
    revision: int | None = None
    """The revision that PostgreSQL showed when the command was made: the fold holds none of an alarm that is history."""


class Command(Struct, frozen=True, array_like=True, tag="command", tag_field="tag"):
    """One action on the alarms named (by ``id`` or external name), asked for by ``by``. ``alarm_ids`` is empty for Raise;
    ``past`` are those of the alarms that are history."""

    by: Principal
    action: Action
    alarm_ids: tuple[str, ...] = ()
    past: tuple[Past, ...] = ()
    expected: dict[str, int] = {}
    """Revisions that the caller knows, by alarm (as named in ``alarm_ids``), rule id, window id or node id. The command is
    refused with ``wrong_revision`` for each of these that has another revision by now; one that is not named is not checked."""

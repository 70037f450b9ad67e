"""Every decision of the stages, as one tagged union. Consumers (store, stream, notifier ...) apply these in order.

Every Change carries the ``offset`` of the Event that caused it.
"""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from protocols.alarm import Alarm, TimelineEntry
from protocols.command import FIRST_STAGE
from protocols.dispatch.changes import DispatchChange
from protocols.event import Trap
from protocols.maintenance import MaintenanceWindow, Occurrence, Phase
from protocols.poll.request import PollRequested
from protocols.poll.sight import SightChanged
from protocols.rule import RuleRecord
from protocols.severity import Severity
from protocols.sla.changes import SlaChange
from protocols.topology import TopologyNode


class AlarmChanged(Struct, frozen=True, array_like=True, tag="alarm", tag_field="tag", gc=False):
    """The alarm as it is now, whole, and the timeline entries that say why."""

    offset: int
    """That of the Event; 0: it is of none, the alarm is written anew."""
    alarm: Alarm
    entries: tuple[TimelineEntry, ...]

    @property
    def repeats(self) -> bool:
        """Whether it is a repeat with another text, which has no timeline entry."""
        return self.offset > 0 and not self.entries


class AlarmRepeated(Struct, frozen=True, array_like=True, tag="repeat", tag_field="tag", gc=False):
    """An alarm repeated: only these three of its fields changed. The compact form for storms."""

    offset: int
    id: str
    last_occurrence: datetime
    occurrence_count: int
    revision: int

    def apply(self, alarm: Alarm) -> Alarm:
        """``alarm``, which has this ``id``, after the repeat."""
        return replace(
            alarm,
            last_occurrence=self.last_occurrence,
            occurrence_count=self.occurrence_count,
            revision=self.revision,
        )


class AlarmForgotten(Struct, frozen=True, array_like=True, tag="forgotten", tag_field="tag"):
    """The correlator let go of a cleared alarm (kept long enough): it is history, which takes notes and a ticket alone."""

    offset: int
    id: str


class HistoryChanged(Struct, frozen=True, kw_only=True, array_like=True, tag="history", tag_field="tag"):
    """Of an alarm that is history: further lines of its timeline, and ``fields`` that are different now (``ticket_id``)."""

    offset: int
    id: str
    entries: tuple[TimelineEntry, ...]
    fields: dict[str, Any] = {}


class DeviceEvent(Struct, frozen=True, kw_only=True, array_like=True, tag="device_event", tag_field="tag"):
    """Something worth keeping that is no alarm: a reboot, a registration, a sequence gap."""

    offset: int
    number: int
    at: datetime
    tenant_id: str
    device_id: str
    resource_type: str
    resource_id: str
    event_name: str
    severity: Severity
    title: str
    detail: dict[str, Any] = {}


class UnknownTrap(Struct, frozen=True, array_like=True, tag="unknown_trap", tag_field="tag"):
    """A trap that no profile knows, whole, for the inbox."""

    offset: int
    at: datetime
    tenant_id: str
    device_id: str
    reason: str
    trap: Trap


class Answer(Struct, frozen=True, kw_only=True, array_like=True, tag="answer", tag_field="tag"):
    """The result of a command or network event: per alarm its id, or a refusal with its reason."""

    offset: int
    accepted: tuple[str, ...] = ()
    """ids of the alarms that the command applied to, or that the event raised, repeated or cleared."""
    refusals: tuple["Refusal", ...] = ()
    duplicate: bool = False
    """True when an idempotency key had been used before; nothing changed."""
    warnings: tuple[str, ...] = ()
    """Parts that were not taken as they were given, and what was done instead."""


NotificationKind = Literal["raised", "worsened", "escalated", "recovered", "flapping", "steady"]


class NotificationRequested(Struct, frozen=True, kw_only=True, array_like=True, tag="notice", tag_field="tag"):
    """The correlator requests a notification of an alarm. Notifiers and ticketers act on this Change alone.

    ``raised``: the alarm is open, and nothing suppresses it. ``worsened``: a notification was requested before, and the alarm
    is now more severe. ``escalated``: the alarm has waited too long. ``recovered``: a notification was requested before, and
    the alarm has cleared. ``flapping`` and ``steady``: the alarm began, and ceased, to come and go.
    (``offset``, ``number``) is the idempotency key. The timeline entry of the same alarm with this ``offset`` and ``number``
    says the same: its text is ``reason``, its detail ``notice`` is ``kind``.
    """

    offset: int
    number: int
    at: datetime
    tenant_id: str
    alarm_id: str
    """The alarm's ``id``."""
    kind: NotificationKind
    severity: Severity
    reason: str
    """Why now: which hold is over, and what had suppressed the alarm until now."""
    area: str = ""
    """Of the alarm's resource in the topology, or of the nearest node above it that names one."""
    customer_tiers: tuple[str, ...] = ()
    """The classes (``sla_class``) of the customers affected, at most 20."""
    children: int = 0
    """Number of alarms whose cause it is."""
    instead: str = ""
    """Of ``recovered``: the ``id`` of the alarm that takes the place of this one, a conclusion that was withdrawn."""


class Refusal(Struct, frozen=True):
    """Why a command did not apply. ``reason`` is unknown_alarm, not_your_tenant, ambiguous (several tenants gave that external
    name), wrong_state, wrong_revision (the caller expected another revision), invalid, limit (too many alarms are open for a
    new one) or key_reused (the idempotency key was used for another event). Where the command is no alarm's, ``alarm_id``
    is the place of the mistake (a JSON pointer)."""

    alarm_id: str
    reason: Literal[
        "unknown_alarm",
        "unknown_rule",
        "unknown_window",
        "unknown_definition",
        "unknown_instance",
        "unknown_exclusion",
        "unknown_outage",
        "unknown_period",
        "unknown_policy",
        "unknown_contact",
        "unknown_rota",
        "unknown_notification",
        "unknown_ticket",
        "out_of_reach",
        "not_your_tenant",
        "ambiguous",
        "wrong_state",
        "wrong_revision",
        "invalid",
        "limit",
        "key_reused",
    ]
    text: str
    revision: int | None = None
    """The present revision, where the reason is wrong_revision; None: there is no such thing any more."""


class Quarantined(Struct, frozen=True, array_like=True, tag="quarantined", tag_field="tag"):
    """The fold of the Event at ``offset`` by ``stage`` raised: kept for retry, shown by the API. The other stages folded it."""

    offset: int
    at: datetime
    kind: str
    error: str
    stage: str = FIRST_STAGE


class Released(Struct, frozen=True, array_like=True, tag="released", tag_field="tag"):
    """The Event ``released`` left the quarantine of ``stage``: the retry at ``offset`` folded it, or the command at ``offset``
    ``discarded`` it. ``by`` (an actor of the timeline) and ``why`` are for its alarm."""

    offset: int
    released: int
    stage: str = FIRST_STAGE
    by: str = "faultd:self"
    why: str = ""
    discarded: bool = False


class RuleChanged(Struct, frozen=True, array_like=True, tag="rule", tag_field="tag"):
    """A rule as it is now, by its id. ``record`` is None when there is no such rule any more."""

    offset: int
    id: str
    record: RuleRecord | None = None


class WindowChanged(Struct, frozen=True, array_like=True, tag="window", tag_field="tag"):
    """A maintenance window as it is now, by its id: a command changed it, or it opened or closed. ``window`` is None when the
    correlator no longer holds it. ``occurrence`` is the one under way, or else the next."""

    offset: int
    id: str
    window: MaintenanceWindow | None = None
    status: Phase = "ended"
    occurrence: Occurrence | None = None
    customers: tuple[str, ...] = ()
    """Ids of the customers of a window that is still to open: those in its scope that its tenant may see, at most 10,000."""


class NodesChanged(Struct, frozen=True, array_like=True, tag="nodes", tag_field="tag"):
    """Nodes of the topology as they are now, and the ids of nodes that are not in it any more. A large change of the topology
    comes in several of these, of later Events too."""

    offset: int
    puts: tuple[TopologyNode, ...] = ()
    removes: tuple[str, ...] = ()


class ArchiveDue(Struct, frozen=True, array_like=True, tag="archive_due", tag_field="tag"):
    """Alarms cleared before ``before`` are to be moved to the archive."""

    offset: int
    before: datetime


Change = (
    AlarmChanged
    | AlarmRepeated
    | AlarmForgotten
    | HistoryChanged
    | DeviceEvent
    | UnknownTrap
    | Answer
    | NotificationRequested
    | Quarantined
    | Released
    | RuleChanged
    | WindowChanged
    | NodesChanged
    | ArchiveDue
    | PollRequested
    | SightChanged
    | SlaChange
    | DispatchChange
)

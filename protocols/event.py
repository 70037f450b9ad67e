"""Everything that can happen, as one tagged union. The ledger stores these before anyone acts on them."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from protocols.alarm import Source
from protocols.command import Command
from protocols.dispatch.changes import DispatchChange
from protocols.dispatch.lost_alarm import LostAlarm
from protocols.dispatch.outcomes import DispatchOutcome
from protocols.dispatch.policy import NotificationPolicy
from protocols.maintenance import MaintenanceWindow
from protocols.optical_power import Measurement
from protocols.origin import Origin
from protocols.poll.contact import PollAnswered, PollMissed, PollStopped
from protocols.poll.states import LevelCrossed, PolledStates
from protocols.profile import Profile
from protocols.rule import Rule, RuleRecord
from protocols.severity import Severity
from protocols.sla.changes import SlaChange
from protocols.snmp.notification import Notification
from protocols.topology import Node


class Trap(Struct, frozen=True, array_like=True, tag="trap", tag_field="tag", gc=False):
    """A trap or INFORM that passed the listener's checks. ``source`` is the sender's IP address, ``received``
    the wall clock when the datagram was read. ``inform_key`` is empty for a trap; for an INFORM it is the same for a
    retransmission of it, so that the fold counts it once. ``raw`` holds the datagram when it was irregular."""

    source: str
    received: datetime
    notification: Notification
    inform_key: str = ""
    raw: bytes = b""
    engine_boots: int = 0
    """SNMPv3 traps: how often the sender's engine has started. 0: not told."""


NetworkEventType = Literal[
    "device.down",
    "device.degraded",
    "device.up",
    "service.outage",
    "service.degraded",
    "service.restored",
    "cpe.offline",
    "cpe.signal_loss",
    "cpe.online",
    "monitoring.threshold_exceeded",
    "monitoring.check_failed",
    "monitoring.check_recovered",
    "optical.measured",
]


class NetworkEvent(Struct, frozen=True, kw_only=True, array_like=True, tag="network", tag_field="tag"):
    """Something another system reports through ``POST /api/v1/faults/events``.

    ``qualifier`` tells problems of one resource apart (the check's name). ``at`` is when it happened, by the reporter;
    None means now. ``key`` is the idempotency key: the same key again changes nothing. ``reported_by`` is the token's name.
    ``light`` is optical power measured of an ONT; ``optical.measured`` says nothing else.
    """

    type: NetworkEventType
    tenant_id: str
    resource_type: str
    resource_id: str
    resource_name: str = ""
    qualifier: str = ""
    severity: Severity | None = None
    title: str = ""
    description: str = ""
    customer_ids: tuple[str, ...] = ()
    service_ids: tuple[str, ...] = ()
    at: datetime | None = None
    key: str = ""
    reported_by: str = ""
    source: Source | None = None
    metadata: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    light: tuple[Measurement, ...] = ()
    subscriber_count: int | None = None
    """None: those that the topology has behind the resource."""


class Tick(Struct, frozen=True, array_like=True, tag="tick", tag_field="tag"):
    """The clock's beat; its time is the stamp that the ledger gives it."""


class ClockJumped(Struct, frozen=True, array_like=True, tag="clock_jumped", tag_field="tag"):
    """The wall clock had left the ledger's time and is believed by now: what was ``before`` so far is ``after`` from here on.
    Alone in its batch, which is stamped ``after``; no other Event's stamp may lie before that of the Event in front of it."""

    before: datetime
    after: datetime


class CountAlarms(Struct, frozen=True, array_like=True, tag="count_alarms", tag_field="tag"):
    """From here on external names count alarms: ``A7`` is the seventh. Those before it are named by their Event's offset, as
    earlier versions did, and counting goes on above them."""


class SeedTables(Struct, frozen=True, array_like=True, tag="seed_tables", tag_field="tag"):
    """PostgreSQL has tables of rules, windows and nodes from here on: the fold emits all that it holds, once. Appended at the
    first start with a version that has these tables."""


class OperatorDataRestored(Struct, frozen=True, kw_only=True, array_like=True, tag="operator_data_restored", tag_field="tag"):
    """Rules, windows and nodes of the lost ledger ``from_ledger``, as PostgreSQL had them: the first Events of the ledger that
    ``faultd restore`` begins. ``nodes`` are all of one ``origin``, parents first."""

    from_ledger: str
    rules: tuple[RuleRecord, ...] = ()
    windows: tuple[MaintenanceWindow, ...] = ()
    nodes: tuple[Node, ...] = ()
    origin: Origin = "file"


class SlaDataRestored(Struct, frozen=True, kw_only=True, array_like=True, tag="sla_data_restored", tag_field="tag"):
    """Service level agreements of the lost ledger ``from_ledger``, as PostgreSQL had them: they follow the topology.
    ``records`` are the Changes that give the stage the same again: definitions first, instances before periods, and periods
    before breaches.

    ``until`` (microseconds since 1970 UTC) is that of the last of these Events alone: PostgreSQL had everything up to here.
    """

    from_ledger: str
    records: tuple[SlaChange, ...] = ()
    until: int | None = None


class ProfilesLoaded(Struct, frozen=True, array_like=True, tag="profiles", tag_field="tag"):
    """The vendor profiles from here on, by content, so that a replay sees what the fold saw."""

    digest: str
    profiles: tuple[Profile, ...]


class TopologyLoaded(Struct, frozen=True, array_like=True, tag="topology", tag_field="tag"):
    """The plant from here on, by content."""

    digest: str
    nodes: tuple[Node, ...]


class TopologyChanged(Struct, frozen=True, kw_only=True, array_like=True, tag="topology_changed", tag_field="tag"):
    """The plant from here on, by what is different: ``removes`` go, then ``puts`` come or take the place of their like."""

    puts: tuple[Node, ...] = ()
    removes: tuple[str, ...] = ()
    by: str
    """``FROM_FILE``, or who did it."""
    digest: str = ""
    """Of the file, when it was the file."""
    kept: tuple[str, ...] = ()
    """Nodes that the file has no longer and that stay, since others hang from them that it never had."""
    on: int | None = None
    """Offset of the plant's last change from which the difference was made; None: whatever it was. On another it is refused."""


FROM_FILE = "file"


class PolicyLoaded(Struct, frozen=True, array_like=True, tag="policy", tag_field="tag"):
    """The correlator's settings from here on. ``settings`` is the msgpack of ``actors.correlator.settings``."""

    digest: str
    settings: bytes


class RulesLoaded(Struct, frozen=True, array_like=True, tag="rules", tag_field="tag"):
    """The rules of the files from here on, by content, and the plugins that are asked, by name and version. Rules written
    through the API stay as they are."""

    digest: str
    rules: tuple[Rule, ...]
    plugins: dict[str, str] = {}


class PluginStopped(Struct, frozen=True, array_like=True, tag="plugin_stopped", tag_field="tag"):
    """A plugin in this version is no longer asked, since it took too long too often: measured outside of the fold, which knows
    no time but the ledger's."""

    name: str
    version: str
    why: str


class SystemReport(Struct, frozen=True, kw_only=True, array_like=True, tag="system", tag_field="tag"):
    """faultd about itself: a storm of refused datagrams, an actor parked, a disk full. Raises or clears an alarm whose
    resource is faultd (type ``system``)."""

    alarm_type: str
    active: bool
    severity: Severity = "warning"
    qualifier: str = ""
    title: str = ""
    description: str = ""


class SourceRefused(Struct, frozen=True, kw_only=True, array_like=True, tag="source_refused", tag_field="tag"):
    """Datagrams of one ``source`` (an IP address) that the trap listener refused since its last report of that source, by
    reason. ``last`` is when it refused the newest, ``accepted`` when it last accepted one since its start; both by the
    listener's clock. Reports are bounded in rate: a count may be of many datagrams."""

    source: str
    reasons: dict[str, int]
    last: datetime
    accepted: datetime | None = None


class StageQuarantine(Struct, frozen=True, array_like=True, tag="stage_quarantine", tag_field="tag"):
    """The Event at ``offset`` entered (``active``) or left the quarantine of ``stage``, one behind the correlator. The ledger
    appends it in the commit that records so, since the correlator alone writes alarms. ``text`` is the error, or why it left;
    ``by`` the actor in the timeline; ``discarded`` that it left unfolded."""

    stage: str
    offset: int
    active: bool
    text: str
    by: str = "faultd:self"
    discarded: bool = False


class SlaWork(Struct, frozen=True, array_like=True, tag="sla_work", tag_field="tag"):
    """The stage ``sla_clock`` goes on with work that it does in slices: services below a large outage, periods that ended. It
    asks for this Event itself while there is such work."""


class DispatchLoaded(Struct, frozen=True, array_like=True, tag="dispatch_loaded", tag_field="tag"):
    """The notification policies of the files from here on, by content, and the settings of the dispatcher: ``inputs`` is the
    msgpack of ``actors.dispatcher.settings.DispatchInputs``. Policies written through the API stay as they are."""

    digest: str
    policies: tuple[NotificationPolicy, ...]
    inputs: bytes


class DispatchDataRestored(Struct, frozen=True, array_like=True, tag="dispatch_data_restored", tag_field="tag"):
    """Policies, contacts, rotas, open tickets and notifications of the lost ledger ``from_ledger``, as PostgreSQL had them: the
    Changes that give the dispatcher the same again. The notifications are those that wait, and those by which somebody was told
    of something whose end was not told. ``lost``: the alarms of the latter; they come before the notifications."""

    from_ledger: str
    records: tuple[DispatchChange, ...] = ()
    lost: tuple[LostAlarm, ...] = ()


Event = (
    Trap
    | NetworkEvent
    | Command
    | Tick
    | CountAlarms
    | SeedTables
    | OperatorDataRestored
    | SlaDataRestored
    | ProfilesLoaded
    | TopologyLoaded
    | TopologyChanged
    | PolicyLoaded
    | RulesLoaded
    | PluginStopped
    | SystemReport
    | SourceRefused
    | ClockJumped
    | StageQuarantine
    | SlaWork
    | DispatchLoaded
    | DispatchDataRestored
    | DispatchOutcome
    | PollMissed
    | PollAnswered
    | PollStopped
    | PolledStates
    | LevelCrossed
)


class Stamped(Struct, frozen=True):
    """An Event on the ledger: its offset, which is its order, and a time that runs backward at a ClockJumped alone."""

    offset: int
    at: datetime
    event: Event


def kind(event: Event) -> str:
    """The Event's tag, as the metric ``faultd_events_total{kind}`` shows it."""
    return str(type(event).__struct_config__.tag)

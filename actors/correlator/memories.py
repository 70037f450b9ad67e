"""The strategies' memories in snapshots: one Struct each, under the name that :func:`saved_name` gives.

A new field needs a default. A field that is renamed keeps its old name in snapshots (``field(name=...)``).
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from msgspec import Struct, field

from protocols.severity import Severity

_SAVED_NAMES = {
    "LostEquipmentMemory": "BlockerMemory",
    "NotificationMemory": "NoticeMemory",
    "OpticalPowerMemory": "LightMemory",
    "ParentChildMemory": "KinMemory",
    "PlacementMemory": "PlacingMemory",
    "SilentDeviceMemory": "SilenceMemory",
    "TimeWindowMemory": "TogetherMemory",
}
"""Names in snapshots of memories whose classes were renamed."""


def saved_name(kind: type[Struct]) -> str:
    """The name of a memory in snapshots: that of its class when it was first saved."""
    return _SAVED_NAMES.get(kind.__name__, kind.__name__)


class Flap(Struct, array_like=True, gc=False):
    """``times``: the last transitions, oldest first. ``rule``: the rule by which it flaps, empty while it does not flap.
    ``told``: ``flapping`` was requested. ``alarm``: its latest alarm. ``count``: transitions since it began to flap."""

    times: tuple[datetime, ...]
    alarm: str
    rule: str = ""
    told: bool = False
    count: int = 0


class FlapMemory(Struct):
    """By identity."""

    flaps: dict[str, Flap] = {}


MOST_READINGS = 500_000
"""Readings remembered; beyond it those that came first go, a tenth of them at once."""


class OpticalPower(Struct, frozen=True, array_like=True, gc=False):
    """``good``: dBm of the last good reading, None when there was none; ``now``: of the last one, of the time ``at``; ``fell``:
    since when it is clearly less than ``good``; ``known``: since when there are good readings to compare with."""

    good: float | None
    now: float
    at: datetime
    fell: datetime | None = None
    known: datetime | None = None


class OpticalPowerMemory(Struct):
    """By quantity and ONT (``ont_rx olt/1/0/5``)."""

    lights: dict[str, OpticalPower] = {}

    def put(self, key: str, light: OpticalPower) -> None:
        """Remember it. A known one keeps its place, so that this is no walk over the deleted front of a dict."""
        self.lights[key] = light
        if len(self.lights) > MOST_READINGS:
            for each in list(islice(self.lights, MOST_READINGS // 10)):
                del self.lights[each]


class TablesMemory(Struct):
    """Progress of PostgreSQL's tables of rules, windows and nodes. ``seeded``: the fold has emitted all that it held when there
    first were such tables. ``pending``: ids of nodes whose Changes are still to be emitted, in this order."""

    seeded: bool = False
    pending: list[str] = []


class NotificationMemory(Struct):
    """``notified``: for each alarm whose recovery nobody was notified of, the severity of its last notification.
    ``released_from``: for each alarm that waits for its notification, what held it back until now. ``endings``: for each
    conclusion that has just cleared, the reason; the notification of its end waits until it has stayed clear."""

    notified: dict[str, Severity] = field(name="told", default_factory=dict)
    released_from: dict[str, str] = field(name="freed", default_factory=dict)
    postponed: dict[str, datetime] = {}
    endings: dict[str, str] = field(default_factory=dict)


class Replanted(Struct, array_like=True):
    """An alarm whose surroundings changed: its node's parents before (None: no such node), and whether whom it affects is what
    the topology said (and not what its reporter did)."""

    parents: tuple[str, ...] | None
    follows: bool


class PlacementMemory(Struct):
    """Alarms to be looked at, by id."""

    alarms: dict[str, Replanted] = {}


class RedateMemory(Struct):
    """``pending``: alarms whose dates are to be looked at after a jump of the clock ``by`` microseconds. ``originals``: dates
    that moved since a jump back had left them in the future, by alarm and field: what each was, and what it became. ``span``:
    the time from a jump back to the jump forward after it."""

    by: int = 0
    pending: dict[str, None] = {}
    originals: dict[str, dict[str, tuple[datetime, datetime]]] = {}

    span: tuple[datetime, datetime] | None = None

    def begin(self, by: int, span: tuple[datetime, datetime] | None, pending: Iterable[str]) -> None:
        """There was a jump: those are to be looked at."""
        self.by, self.span, self.pending = by, span, dict.fromkeys(pending)


class LostEquipmentMemory(Struct):
    """``since``: when each open blocker was last raised. ``returned``: when a node started or came back."""

    since: dict[str, datetime] = {}
    returned: dict[str, datetime] = {}


MOST_SOURCES = 4_096
"""Refused sources remembered; beyond it one without an alarm goes, the one that was refused longest ago."""


class RefusedSource(Struct, frozen=True, kw_only=True, array_like=True):
    """A source of which datagrams were refused: ``since`` and ``last`` are the ledger's times of the first and the newest
    report, ``reasons`` counts datagrams since then. ``alarmed``: it has an alarm, at ``tenant_id`` and ``resource_id``;
    ``unknown``: the topology did not know it then. ``mixed``: an accepted trap ended its alarm within the window."""

    since: datetime
    last: datetime
    reasons: dict[str, int]
    alarmed: bool = False
    unknown: bool = False
    mixed: bool = False
    tenant_id: str = ""
    resource_id: str = ""


class SourceMemory(Struct):
    """By address, the one reported longest ago first."""

    sources: dict[str, RefusedSource] = {}

    def put(self, address: str, source: RefusedSource) -> None:
        """Remember it as the newest."""
        self.sources.pop(address, None)
        self.sources[address] = source
        if len(self.sources) > MOST_SOURCES:
            oldest = next((one for one, each in self.sources.items() if not each.alarmed), None)
            if oldest is not None:
                del self.sources[oldest]


class SilentDeviceMemory(Struct):
    """``since``: when faultd came to know each device; ``heard``: when a trap of it was last accepted, to a minute.
    ``alarmed``: tenant and resource of the alarm of each device that has one; ``more``: silent devices beyond the bound.
    ``begun``: the devices of the plant have been looked at once. ``watched``: devices that answer no poll."""

    since: dict[str, datetime] = {}
    heard: dict[str, datetime] = {}
    alarmed: dict[str, tuple[str, str]] = {}
    more: dict[str, None] = {}
    begun: bool = False
    watched: dict[str, None] = {}


class Interface(Struct, frozen=True, array_like=True, gc=False):
    """An interface under its place: the ``index`` (as a position, ``if/5``) that it had when it was last named, in which start
    of the device that was, and its names (ifName, ifDescr, ifAlias; empty where it was never told). ``node`` is the topology's
    node that was found by the index ``node_index``; it stays the interface's as long as the topology gives it that index.
    ``part``: the position of the PON port that the interface is, by the poller's formula for its index; empty for none."""

    index: str
    epoch: int
    names: tuple[str, ...]
    node: str = ""
    node_index: str = ""
    part: str = ""


class Interfaces(Struct, array_like=True):
    """The interfaces of one device. ``starts``: the epoch of each of its senders that told of interfaces; ``epoch`` counts the
    device's starts by them. ``by_index``: places by the position of the index that they had when they were last named, also
    before the start; ``by_name``: places by the kind of a name and the name, empty where several interfaces bear it."""

    starts: dict[str, int] = {}
    epoch: int = 0
    by_index: dict[str, str] = {}
    by_name: dict[str, str] = {}
    places: dict[str, Interface] = {}


class NamedInterfaces(Struct):
    """By device; ``count`` is how many interfaces there are of all."""

    devices: dict[str, Interfaces] = {}
    count: int = 0


class Replaced(Struct, frozen=True, array_like=True):
    """The serial of the ONT that an alarm is about, that of the one which has its position now, and since when."""

    old: str
    new: str
    at: datetime


class ReplacedMemory(Struct):
    """Alarms to be ended, by id."""

    alarms: dict[str, Replaced] = {}

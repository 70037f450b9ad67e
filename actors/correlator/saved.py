"""The correlator's state on disk, and its encoding in pieces while the fold goes on.

:func:`pieces` works on copies of the State's tables. The copies are made at once, and the values in them never change."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from actors.correlator.plant.saved import SavedPlant
from actors.correlator.timers import Entry, Key, in_order
from actors.elapsed import Jumped
from actors.state_encoding import Piece, struct_pieces
from protocols.alarm import Alarm, Identity
from protocols.event import PolicyLoaded, ProfilesLoaded


class ReportMark(Struct, frozen=True, array_like=True, gc=False):
    """The times of the latest raise of an alarm, which tell a later report from one that was overtaken on the way.

    ``uptime`` is the sender's sysUpTime in hundredths of a second, in its ``epoch``. ``dated`` is the reporter's own time,
    right or wrong. ``received`` is the time of receipt. ``severity`` is the reporter's; the alarm may have an operator's."""

    source: str
    uptime: int | None
    dated: datetime | None
    received: datetime
    severity: str
    epoch: int = 0
    text_at: datetime | None = None
    """Time of the last timeline entry about the alarm's text."""
    counted: datetime | None = None
    """Receipt of the raise that later repeats by design were merged with; None: there was no later one."""


class SenderClock(Struct, frozen=True, array_like=True, gc=False):
    """The sysUpTime of a sender. Times are in hundredths of a second since 1970 by faultd's clock.

    ``epoch`` counts the sender's restarts. ``start`` is the time of its last start, and ``seen`` that of the last trap that
    agrees with it. ``boots`` is its SNMPv3 engine's (0: unknown). ``earlier`` has the starts before, each with its last trap.
    ``several``: more than one of them still runs. ``restarted`` is the time of a reported restart that may itself have been
    late."""

    epoch: int
    start: int
    seen: int
    boots: int = 0
    earlier: tuple[tuple[int, int], ...] = ()
    several: bool = False
    restarted: int | None = None


class Renamed(Struct, frozen=True, array_like=True, gc=False):
    """The present name of an alarm's resource in the topology, and the device's former and present names."""

    tenant_id: str
    resource_id: str
    device_id: str
    old_name: str
    new_name: str


class Saved(Struct, kw_only=True):
    """A State on disk. Indexes are left out: they follow from the alarms."""

    ledger_id: str
    offset: int
    at: datetime
    alarms: list[Alarm]
    current: list[str]
    cleared: list[tuple[str, datetime]]
    marks: dict[str, ReportMark]
    ended: list[tuple[Identity, datetime, ReportMark]]
    informs: list[tuple[str, datetime]]
    keys: list[tuple[str, datetime]]
    sequences: dict[str, int]
    quarantined: list[int] = []
    renamed: dict[str, Renamed] = {}
    archived: datetime
    timers: list[Entry] = []
    memories: dict[str, msgspec.Raw] = {}
    profiles: ProfilesLoaded | None
    policy: PolicyLoaded | None
    plant: SavedPlant = msgspec.field(default_factory=SavedPlant)
    by_hand: list[str] = []
    topology_digest: str | None = None
    topology_at: int = 0
    jumps: list[Jumped] = []
    counted: int | None = None
    clocks: dict[str, SenderClock] = {}
    edited: dict[str, tuple[str, ...]] = {}
    bodies: dict[str, bytes] = {}
    quarantined_elsewhere: list[tuple[str, int]] = []
    has_effects: bool = False
    """The alarms have their service effect and symptom. False in snapshots of versions without these fields."""


def pieces(
    saved: Saved, timers: Iterable[tuple[Key, datetime]], ended: Iterable[tuple[Identity, tuple[datetime, ReportMark]]]
) -> Iterator[Piece]:
    """The msgpack of ``saved`` with ``timers`` and ``ended``, which are brought into form on the way. The pieces put together
    equal the encoding of the whole."""
    formed: dict[str, Any] = {
        "timers": lambda: in_order(timers),
        "ended": lambda: [(identity, at, mark) for identity, (at, mark) in ended],
    }
    return struct_pieces([(name, formed.get(name, getattr(saved, name))) for name in Saved.__struct_fields__])

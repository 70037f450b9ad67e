"""The correlator's state on disk, and its encoding in pieces while the fold goes on.

:func:`pieces` works on copies of the State's tables, made at once; the values in them never change."""

from collections.abc import Iterable, Iterator, Sized
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from actors.correlator.plant.saved import SavedPlant
from actors.correlator.timers import Entry, Key, in_order
from actors.elapsed import Jumped
from actors.state_encoding import Piece
from protocols.alarm import Alarm, Identity
from protocols.event import PolicyLoaded, ProfilesLoaded

STEP = 256
"""Values encoded at a time, in some 0.3 ms."""
_encode = msgspec.msgpack.Encoder().encode


class ReportMark(Struct, frozen=True, array_like=True, gc=False):
    """How the latest raise of an alarm was dated, to tell a later report from one that was overtaken on the way.

    ``uptime`` is the sender's sysUpTime in hundredths of a second, in its ``epoch``; ``dated`` the reporter's own time, right
    or wrong; ``received`` is when faultd got it; ``severity`` what the reporter said, which an operator may since have changed
    on the alarm."""

    source: str
    uptime: int | None
    dated: datetime | None
    received: datetime
    severity: str
    epoch: int = 0
    text_at: datetime | None = None
    """When the timeline last told a change of the alarm's text."""
    counted: datetime | None = None
    """When the raise was received with which later repeats by design were merged; None: no later one was."""


class SenderClock(Struct, frozen=True, array_like=True, gc=False):
    """What is known of a sender's sysUpTime. Times are in hundredths of a second since 1970 by faultd's clock.

    ``epoch`` counts the sender's restarts, ``start`` is when it started last and ``seen`` when a trap last said so; ``boots``
    is its SNMPv3 engine's (0: unknown). ``earlier`` are the starts before it and when each was last seen. ``several``: more
    than one of them still runs. ``restarted`` is when a restart was reported that may itself have been late."""

    epoch: int
    start: int
    seen: int
    boots: int = 0
    earlier: tuple[tuple[int, int], ...] = ()
    several: bool = False
    restarted: int | None = None


class Renamed(Struct, frozen=True, array_like=True, gc=False):
    """What an alarm's place is called in the topology by now, and the names of the device then and now."""

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


def pieces(
    saved: Saved, timers: Iterable[tuple[Key, datetime]], ended: Iterable[tuple[Identity, tuple[datetime, ReportMark]]]
) -> Iterator[Piece]:
    """The msgpack of ``saved``, and of ``timers`` and ``ended`` brought into form on the way. Together the pieces are what
    encoding it in one go would give."""
    names = Saved.__struct_fields__
    yield b"\xde" + len(names).to_bytes(2, "big")  # a map of so many fields
    for name in names:
        yield _encode(name)
        value: Any = getattr(saved, name)
        if name == "timers":
            value = in_order(timers)
        elif name == "ended":
            value = [(identity, at, mark) for identity, (at, mark) in ended]
        if isinstance(value, list):
            yield _header(0x90, len(value))
            for start in range(0, len(value), STEP):
                yield _members(0x90, value[start : start + STEP])
        elif isinstance(value, dict):
            yield _header(0x80, len(value))
            items = iter(value.items())
            while some := dict(islice(items, STEP)):
                yield _members(0x80, some)
        else:
            yield _encode(value)


def _members(kind: int, values: Sized) -> memoryview:
    """What stands behind the header."""
    return memoryview(_encode(values))[len(_header(kind, len(values))) :]


def _header(kind: int, length: int) -> bytes:
    """What msgpack writes before so many members of an array (``kind`` 0x90) or a map (0x80)."""
    if length < 16:
        return bytes((kind | length,))
    large = 0xDC if kind == 0x90 else 0xDE
    if length < 1 << 16:
        return bytes((large,)) + length.to_bytes(2, "big")
    return bytes((large + 1,)) + length.to_bytes(4, "big")

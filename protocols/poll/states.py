"""States of a device's parts as polled, compact enough for every device every day."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from protocols.optical_power import Quantity

PartKind = Literal["ont", "pon", "interface", "card", "fan", "psu"]
PartState = Literal["up", "down", "unknown"]
"""``unknown``: the device has the part and says nothing usable of its state."""
DownCause = Literal[
    "",
    "los",
    "lof",
    "dying_gasp",
    "signal_fail",
    "signal_degraded",
    "loss_of_ploam",
    "loss_of_ack",
    "deactivated",
    "admin_down",
]
"""Why a part is down, by the device's own account; empty: it gives no reason, or one without a word here. ``admin_down``: an
operator switched it off."""
ReadReason = Literal["start", "restart", "gap", "drops", "daily", "burst", "operator", "returned", "changed", "settled"]
"""Why states were read. ``changed``: on schedule, and only what is different from the read before is in the Event; the others
are whole reads. ``burst``: reports of lost signals came from a PON port. ``gap``: the device's numbering of traps has a gap.
``drops``: the kernel dropped datagrams. ``returned``: the device, or faultd's own sight, is back. ``settled``: the device has
had time to start."""

Span = tuple[int, int]
"""First and last number."""


class PartStates(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The parts of one kind whose positions differ in the number at their end alone: ``under`` is what is before it, without
    the slash behind a digit (``0/1/3`` for the ONTs ``0/1/3/0`` to ``0/1/3/127``; ``ont`` for ``ont5``; empty for ``7``).
    Numbers in rising order, as spans. ``part_states`` packs and unpacks them."""

    kind: PartKind
    under: str
    up: tuple[Span, ...] = ()
    down: tuple[tuple[int, int, DownCause], ...] = ()
    unknown: tuple[Span, ...] = ()


class PolledSerial(Struct, frozen=True, array_like=True, gc=False):
    """The canonical serial of the ONT at a position, where it differs from the read before: after a start, of each ONT."""

    position: str
    serial: str


class PolledPower(Struct, frozen=True, array_like=True, gc=False):
    """Optical power at a position, in dBm."""

    position: str
    quantity: Quantity
    dbm: float


class PolledName(Struct, frozen=True, array_like=True, gc=False):
    """The ifName of the interface at a position, which has its ifIndex (``if/7``). ``part``: the position of the PON port that
    the interface is, where the plan's index tells it; else empty."""

    position: str
    name: str
    part: str = ""


class PolledStates(Struct, frozen=True, kw_only=True, array_like=True, tag="polled_states", tag_field="tag"):
    """What one read of a device found. ``begun`` and ``ended`` are its instants: a report about a part that arrived after
    ``begun`` may be newer than the read.

    ``scope`` is the position that alone was read (``0/1/3``: one PON port with its ONTs); empty: the device. ``whole`` has the
    kinds whose table was read to its end: of these a part that is not in ``states`` is not there. A table that was not read to
    its end contributes nothing; ``incomplete`` says for each such kind why. With the reason ``changed`` a kind is in ``whole``
    only where parts of it have gone; of the others ``states`` has the parts that changed.
    """

    device: str
    reason: ReadReason
    begun: datetime
    ended: datetime
    scope: str = ""
    whole: tuple[PartKind, ...] = ()
    incomplete: dict[PartKind, str] = {}
    states: tuple[PartStates, ...] = ()
    serials: tuple[PolledSerial, ...] = ()
    power: tuple[PolledPower, ...] = ()
    names: tuple[PolledName, ...] = ()
    request: int = 0
    """Offset of the Event whose Change asked for it (``PollRequested``); 0: none."""


class LevelCrossed(Struct, frozen=True, kw_only=True, array_like=True, tag="level_crossed", tag_field="tag"):
    """A measured value went beyond the plan's threshold (``beyond``), or came back behind its release value. The correlator
    waits for the dwell time before it raises or clears ``monitoring.threshold_exceeded``."""

    device: str
    position: str
    """Of the part; empty: the device itself."""
    quantity: str
    """The plan's name of it: ``temperature``, ``cpu``, ``utilisation_in`` ..."""
    beyond: bool
    value: float
    unit: str
    threshold: float
    at: datetime
    dwell_seconds: float = 0.0
    severity: Literal["critical", "major", "minor", "warning"] = "minor"

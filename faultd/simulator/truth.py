"""The ground truth: what really happened, for comparison with what was concluded from the traps. One JSON per line."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct


class TrapCount(Struct, kw_only=True):
    """Traps of one fault. ``emitted`` = ``sent`` + ``lost``; ``duplicated`` and ``reordered`` are among those sent;
    ``lost`` includes those that an unreachable OLT sent in vain."""

    emitted: int = 0
    sent: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    by_report: dict[str, int] = {}
    """Emitted, by what they say: ``ont_los``, ``ont_los clear`` ..."""


class DarkPart(Struct, frozen=True):
    """ONTs of a fault that were without power or light together; ``end`` is None when nobody repaired it."""

    begin: float
    end: float | None
    onts: tuple[str, ...]


class FaultTruth(Struct, frozen=True, kw_only=True):
    """One fault as it happened. Times are seconds of the simulation; ``end`` is None when it was never repaired."""

    id: str
    kind: str
    root: str
    """The resource whose failure it was, as the topology file names it (a power area is not in that file)."""
    start: float
    end: float | None
    olts: tuple[str, ...]
    affected_onts: tuple[str, ...]
    """ONTs that depend on the broken element, whether or not something else had already taken them out."""
    affected_customers: tuple[str, ...]
    traps: TrapCount
    parts: tuple[DarkPart, ...] = ()
    """The ONTs by their times, where not all of them were dark from ``start`` to ``end``."""


def truth_jsonl(faults: Iterable[FaultTruth]) -> str:
    """One line per fault, in the order of their start."""
    encoder = msgspec.json.Encoder()
    return "".join(encoder.encode(fault).decode() + "\n" for fault in faults)

"""What the ledger is made to do while its system calls are watched, and what it is then known to have promised.

The workload is the same each time. Every Event names its offset and the attempt that wrote it, so that a recovered file can
be held against what was begun and what was acknowledged, without anything else being kept.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct, msgpack

from actors.ledger.group import CommitGroup, SnapshotPiece
from protocols.change import AlarmForgotten, Change, Quarantined, Released
from protocols.event import Event, SystemReport
from protocols.ledger import ChangeBatch

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Step(Struct, frozen=True, tag_field="do"):
    """One thing that the ledger is asked for."""


class Write(Step, frozen=True, tag="write"):
    """``events`` Events of about ``size`` octets; the Changes of the Events before; ``piece`` of a snapshot, or None."""

    events: int
    size: int = 20
    piece: int | None = None
    cursor: bool = False


class Prune(Step, frozen=True, tag="prune"):
    """Whatever may go, goes."""


class Probe(Step, frozen=True, tag="probe"):
    """A little commit without content."""


class Reopen(Step, frozen=True, tag="reopen"):
    """Close and open again, as a restart does."""


PIECES = 2

SHORT: tuple[Step, ...] = (
    Write(1),
    Write(3, 9_000),
    Write(2, cursor=True),
    Probe(),
    Write(2, piece=0),
    Write(1, piece=1),
    Reopen(),
    Write(4, 300),
    Write(2, piece=0),
    Write(2, 5_000, piece=1),
    Write(1, cursor=True),
    Prune(),
    Write(2),
)
"""Every kind of step once or twice."""

LONG: tuple[Step, ...] = (*SHORT, Prune(), Reopen(), *SHORT, Write(6, 12_000), Write(1), Prune(), *SHORT, Reopen(), Write(1))
"""Often enough that the log is begun anew, pages are freed and used again."""

PRUNED: tuple[Step, ...] = (
    Write(3),
    Write(2),
    Write(2, piece=0),
    Prune(),
    Write(1, piece=1),
    Prune(),
    Write(1),
    Reopen(),
    Write(1),
)
"""Pruning while the first snapshot is half written, when nothing may go yet."""

WORKLOADS = {"short": SHORT, "long": LONG, "pruned": PRUNED}


def event(offset: int, attempt: int, size: int) -> Event:
    """The Event that goes to ``offset`` at the ``attempt``-th try; its text tells it from every other of its length."""
    text = f"{offset}.{attempt}."
    text *= size // len(text) + 1
    return SystemReport(alarm_type=f"e{offset}", active=True, qualifier=str(attempt), description=text)


def changes(after: int, through: int) -> list[Change]:
    """What the Events in (``after``, ``through``] come to: one in five is quarantined, and released by the fifth after it."""
    made: list[Change] = []
    for offset in range(after + 1, through + 1):
        made.append(AlarmForgotten(offset, f"c{offset}"))
        if offset % 5 == 0:
            made.append(Quarantined(offset, NOW, "system", "boom"))
            made += [Released(offset, offset - 5)] if offset > 5 else []
    return made


def quarantined(through: int) -> set[int]:
    """The offsets in quarantine once all Changes through ``through`` are recorded."""
    return {through - through % 5} - {0}


def piece(through: int, number: int) -> SnapshotPiece:
    """Part of the snapshot at ``through``."""
    body = snapshot_body(through)
    half = len(body) // 2
    return SnapshotPiece(through, number, memoryview(body[:half] if number == 0 else body[half:]), PIECES)


def snapshot_body(through: int) -> bytes:
    """The msgpack of the parts {"fold": "state <through> ..."}."""
    return msgpack.encode({"fold": state(through)})


def state(through: int) -> bytes:
    """The fold's state after ``through``, a page and a bit."""
    return f"state {through} ".encode() * 500


class Progress(Struct):
    """Where the workload is, by what was acknowledged to it."""

    offset: int = 0
    through: int = 0
    seq: int = 0
    snapshot: int = 0

    def group(self, step: Write, attempt: int) -> CommitGroup:
        """The commit for ``step``."""
        folded: list[Any] = []
        if self.offset > self.through:
            folded.append(ChangeBatch(self.offset, changes(self.through, self.offset)))
        if step.piece is not None:
            folded.append(piece(self.offset if step.piece == 0 else self.snapshot, step.piece))
        events = [event(self.offset + 1 + n, attempt, step.size) for n in range(step.events)]
        return CommitGroup(
            now=NOW + timedelta(seconds=self.offset),
            through=self.offset,
            appends=[events[:1], events[1:]],
            folded=folded,
            cursors={"store": self.seq} if step.cursor else {},
        )

    def acknowledged(self, step: Write) -> None:
        """``step`` is on disk."""
        if self.offset > self.through:
            self.seq += 1
            self.through = self.offset
        if step.piece == 0:
            self.snapshot = self.offset
        self.offset += step.events

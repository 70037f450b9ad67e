"""Snapshot frames for subscribers: encoded once for many of them, and bounded in memory.

All subscribers with one filter share a snapshot while one of them still reads it and the board follows its seq. A big snapshot
takes a hundred megabytes until its last reader has all of it. So only a few big snapshots exist at a time. Beyond that number,
a snapshot is encoded while it is sent, which costs time for each reader and no memory. So many clients that read nothing hold
up nobody.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec
import trio

from actors.stream.board import Board, BoardSnapshot
from actors.stream.frames import Text
from actors.stream.request import Filter
from actors.stream.shown import PLAIN, AlarmWithCustomersJson
from actors.stream.sla_shown import PIECE, SlaItems
from protocols.stream import SnapshotFrame

_PIECE = 200
"""Alarms encoded between two checkpoints, in about a millisecond: a big snapshot must not hold up the trap sockets."""
BIG = 5_000
"""A snapshot with more alarms, instances and breaches than this is big."""
MOST_BIG = 8
"""The most big snapshots at a time."""
_ENCODER = msgspec.json.Encoder()


class _Shared:
    def __init__(self, text: Text, big: bool) -> None:
        self.text, self.big = text, big
        self.readers = 0


class StreamedSnapshot:
    """A snapshot that is encoded while it is sent."""

    type = "snapshot"

    def __init__(self, moment: BoardSnapshot, filter: Filter, now: datetime, shown: AlarmWithCustomersJson) -> None:
        self.seq = moment.seq
        self._moment, self._filter, self._now, self._shown = moment, filter, now, shown

    def pieces(self) -> AsyncIterator[bytes]:
        """The octets of the frame. To be iterated once."""
        return _encoded(self._moment, self._filter, self._now, self._shown)


class BoardSnapshots:
    """Snapshots of ``board``."""

    def __init__(self, board: Board, clock: Callable[[], datetime], shown: AlarmWithCustomersJson = PLAIN) -> None:
        self._board, self._clock, self._shown = board, clock, shown
        self._shared: dict[Filter, _Shared] = {}
        self._big = 0
        self._building = trio.Lock()

    @asynccontextmanager
    async def sending(self, filter: Filter) -> AsyncIterator[Text | StreamedSnapshot]:
        """The snapshot for a filter, at a seq that the board follows. Keep the context open while it is sent. Can be
        cancelled."""
        shared = await self._take(filter)
        if shared is None:
            yield StreamedSnapshot(self._board.moment(filter.topics), filter, self._clock(), self._shown)
            return
        try:
            yield shared.text
        finally:
            shared.readers -= 1
            self._let_go(filter, shared)

    async def _take(self, filter: Filter) -> _Shared | None:
        """The shared snapshot for a filter, with one reader more; None when it is big and there are enough big ones."""
        async with self._building:
            shared = self._shared.get(filter)
            if shared is None or not self._board.knows(shared.text.seq, filter.topics):
                moment = self._board.moment(filter.topics)
                big = len(moment) > BIG and await _admitted(moment, filter) > BIG
                if big and self._big >= MOST_BIG:
                    return None
                pieces = [piece async for piece in _encoded(moment, filter, self._clock(), self._shown)]
                self._big += big
                shared = self._shared[filter] = _Shared(Text("snapshot", moment.seq, tuple(pieces)), big)
            shared.readers += 1
            return shared

    def _let_go(self, filter: Filter, shared: _Shared) -> None:
        if shared.readers:
            return
        self._big -= shared.big
        if self._shared.get(filter) is shared:
            del self._shared[filter]


async def _admitted(moment: BoardSnapshot, filter: Filter) -> int:
    count = 0
    for start in range(0, len(moment), 10 * _PIECE):
        count += sum(map(filter.admits, moment.alarms(start, start + 10 * _PIECE)))
        await trio.lowlevel.checkpoint()
    return count + sum(map(len, moment.agreements.values()))


async def _encoded(moment: BoardSnapshot, filter: Filter, now: datetime, shown: AlarmWithCustomersJson) -> AsyncIterator[bytes]:
    yield _ENCODER.encode(SnapshotFrame(moment.seq, ())).removesuffix(b"]}")
    separator = b""
    for start in range(0, len(moment), _PIECE):
        admitted = [shown(alarm) for alarm in moment.alarms(start, start + _PIECE) if filter.admits(alarm)]
        if admitted:
            yield separator + _ENCODER.encode(admitted)[1:-1]
            separator = b","
        await trio.lowlevel.checkpoint()
    for topic, subjects in moment.agreements.items():
        yield b'],"' + topic.encode() + b'":['
        separator = b""
        for start in range(0, len(subjects), PIECE):
            items = SlaItems(filter, now)
            items.add(subjects[start : start + PIECE])
            for piece in items.lists[topic]:
                yield separator + piece
                separator = b","
            await trio.lowlevel.checkpoint()
    yield b"]}"

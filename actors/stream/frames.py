"""Frames as text, built once and shared by every subscriber with the same filter at the same position."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, cast

import msgspec
import trio

from actors.stream.board import Board
from actors.stream.request import Filter
from actors.stream.shown import PLAIN, AlarmWithCustomersJson
from actors.stream.sla_board import SlaMark
from actors.stream.sla_shown import PIECE, SlaItems
from protocols.alarm import Alarm
from protocols.stream import ALARMS, ChangesFrame, HeartbeatFrame, LaggedFrame

_ENCODER = msgspec.json.Encoder()
_MOST_KEPT = 64
"""The most changes frames that are kept for sharing, by filter and position."""


class Text(NamedTuple):
    """One frame, as pieces of its octets. Without pieces it is not sent: nothing in it concerns the subscriber, whose position
    moves all the same."""

    type: str
    seq: int
    pieces: tuple[bytes, ...]


def heartbeat(seq: int, at: datetime) -> Text:
    return Text("heartbeat", seq, (_ENCODER.encode(HeartbeatFrame(seq, at)),))


def lagged(seq: int, missed: int) -> Text:
    return Text("lagged", seq, (_ENCODER.encode(LaggedFrame(seq, missed)),))


class Frames:
    """Builds changes frames from a board. ``clock`` gives the time, aware UTC."""

    def __init__(self, board: Board, clock: Callable[[], datetime], shown: AlarmWithCustomersJson = PLAIN) -> None:
        self._board, self._clock, self._shown = board, clock, shown
        self._changes: dict[tuple[Filter, int], Text] = {}
        self._changes_to = -1
        self._building = trio.Lock()

    async def changes(self, filter: Filter, position: int) -> Text | None:
        """The latest version of each subject that changed after ``position``, up to the board's seq; None when the board does
        not know ``position``. Waits only where there are many instances, breaches and notification requests; can be
        cancelled."""
        if not self._board.knows(position, filter.topics):
            return None
        frame = self._kept(filter, position)
        if frame is None:
            agreements = self._agreements(filter, position)
            if len(agreements) <= PIECE:
                return await self._built(filter, position, agreements)
            # One at a time: those who wait for it with the same filter share it. The board goes on meanwhile.
            async with self._building:
                if self._board.knows(position, filter.topics):
                    frame = self._kept(filter, position)
                    if frame is None:
                        frame = await self._built(filter, position, self._agreements(filter, position))
        return frame

    def _kept(self, filter: Filter, position: int) -> Text | None:
        if self._changes_to != self._board.seq or len(self._changes) >= _MOST_KEPT:
            self._changes.clear()
            self._changes_to = self._board.seq
        return self._changes.get((filter, position))

    def _agreements(self, filter: Filter, position: int) -> Sequence[tuple[str, SlaMark]]:
        """The items of service level agreements that changed after ``position``; none where only alarms are wanted."""
        return self._board.sla.since(position) if filter.topics != ALARMS else ()

    async def _built(self, filter: Filter, position: int, agreements: Sequence[tuple[str, SlaMark]]) -> Text:
        seq = self._board.seq
        alarms, removed = _alarms(self._board, filter, position, self._shown)
        items = SlaItems(filter, self._clock())
        for start in range(0, len(agreements), PIECE):
            if start:
                await trio.lowlevel.checkpoint()
            some = agreements[start : start + PIECE]
            admitted = items.add(mark.subject for _, mark in some)
            removed += [id for (id, mark), seen in zip(some, admitted, strict=True) if seen and mark.left]
        frame = Text("changes", seq, tuple(_pieces(seq, alarms, removed, items)))
        if self._changes_to == seq:
            self._changes[filter, position] = frame
        return frame


def _pieces(seq: int, alarms: Sequence[Alarm | msgspec.Raw], removed: Sequence[str], items: SlaItems) -> Iterator[bytes]:
    """The octets of a frame; none when nothing is in it."""
    if not alarms and not removed and not any(items.lists.values()):
        return
    head = _ENCODER.encode(ChangesFrame(seq, cast(Sequence[Alarm], alarms), removed))
    if not items.lists:
        yield head
        return
    yield head[:-1]
    for topic, pieces in items.lists.items():
        yield b"".join((b',"', topic.encode(), b'":[', b",".join(pieces), b"]"))
    yield b"}"


def _alarms(
    board: Board, filter: Filter, position: int, shown: AlarmWithCustomersJson
) -> tuple[list[Alarm | msgspec.Raw], list[str]]:
    """The alarms that changed after ``position``, and the ids of those that a reader may have and should not."""
    alarms: list[Alarm | msgspec.Raw] = []
    removed: list[str] = []
    for id, mark in board.since(position) if "alarms" in filter.topics else ():
        alarm = mark.gone or board.get(id)
        if alarm is None or not filter.sees(alarm):
            continue
        admitted = filter.admits(alarm)
        if admitted and mark.gone is None:
            alarms.append(shown(alarm))
        elif admitted or mark.axes > position:
            # Else the filter did not admit the alarm before either, and the reader does not have it.
            removed.append(id)
    return alarms, removed

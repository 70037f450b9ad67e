"""Frames as text, built once and shared by every subscriber with the same filter at the same position."""

from datetime import datetime
from typing import NamedTuple

import msgspec
import trio

from actors.stream.board import Board, Moment
from actors.stream.request import Filter
from protocols.alarm import Alarm
from protocols.stream import ChangesFrame, HeartbeatFrame, LaggedFrame, SnapshotFrame

_ENCODER = msgspec.json.Encoder()
_PIECE = 200
"""Alarms encoded between two checkpoints (about a millisecond): a big snapshot must not hold up the trap sockets."""
_MOST_KEPT = 64
"""Changes frames kept for sharing: positions and filters in use at one moment."""


class Text(NamedTuple):
    """One frame on the wire. ``text`` is None when nothing in it concerns the subscriber: only its position moves."""

    type: str
    seq: int
    text: str | None


def heartbeat(seq: int, at: datetime) -> Text:
    return Text("heartbeat", seq, _ENCODER.encode(HeartbeatFrame(seq, at)).decode())


def lagged(seq: int, missed: int) -> Text:
    return Text("lagged", seq, _ENCODER.encode(LaggedFrame(seq, missed)).decode())


class Frames:
    """Builds frames from a board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._changes: dict[tuple[Filter, int], Text] = {}
        self._changes_to = -1
        self._snapshots: dict[Filter, Text] = {}
        self._building = trio.Lock()

    def changes(self, filter: Filter, position: int) -> Text:
        """All that changed after ``position``, up to the board's seq, one version per alarm: the latest. The board must
        follow ``position``."""
        board = self._board
        if self._changes_to != board.seq or len(self._changes) >= _MOST_KEPT:
            self._changes.clear()
            self._changes_to = board.seq
        frame = self._changes.get((filter, position))
        if frame is None:
            frame = self._changes[filter, position] = _changes(board, filter, position)
        return frame

    async def snapshot(self, filter: Filter) -> Text:
        """Every alarm that the filter admits, at a seq no older than the board's when this was called. Those who ask at
        the same time get the same one. May be cancelled at any point."""
        asked = self._board.seq
        async with self._building:
            frame = self._snapshots.get(filter)
            if frame is None or frame.seq < asked:
                moment = self._board.moment()
                frame = self._snapshots[filter] = Text("snapshot", moment.seq, await _snapshot(moment, filter))
            if self._building.statistics().tasks_waiting == 0:
                self._snapshots.clear()
            return frame


def _changes(board: Board, filter: Filter, position: int) -> Text:
    alarms: list[Alarm] = []
    removed: list[str] = []
    for id, mark in board.since(position):
        alarm = mark.gone or board.get(id)
        if alarm is None or not filter.sees(alarm):
            continue
        admitted = filter.admits(alarm)
        if admitted and mark.gone is None:
            alarms.append(alarm)
        elif admitted or mark.axes > position:
            # Not admitted and neither severity nor status moved since: then the reader never had it.
            removed.append(id)
    if not alarms and not removed:
        return Text("changes", board.seq, None)
    return Text("changes", board.seq, _ENCODER.encode(ChangesFrame(board.seq, alarms, removed)).decode())


async def _snapshot(moment: Moment, filter: Filter) -> str:
    # Joined once: a copy more of a hundred megabytes is time in which no trap is read.
    pieces = [_ENCODER.encode(SnapshotFrame(moment.seq, ())).decode().removesuffix("]}")]
    for start in range(0, len(moment), _PIECE):
        admitted = [alarm for alarm in moment.alarms(start, start + _PIECE) if filter.admits(alarm)]
        if admitted:
            pieces += "," if len(pieces) > 1 else "", _ENCODER.encode(admitted)[1:-1].decode()
        await trio.lowlevel.checkpoint()
    pieces.append("]}")
    return "".join(pieces)

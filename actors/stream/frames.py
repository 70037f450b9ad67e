"""Frames as text, built once and shared by every subscriber with the same filter at the same position."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, cast

import msgspec

from actors.stream.board import Board
from actors.stream.request import Filter
from actors.stream.shown import PLAIN, AlarmWithCustomersJson
from actors.stream.sla_shown import changed_items
from protocols.alarm import Alarm
from protocols.stream import ChangesFrame, HeartbeatFrame, LaggedFrame

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
    """Builds changes frames from a board."""

    def __init__(self, board: Board, clock: Callable[[], datetime], shown: AlarmWithCustomersJson = PLAIN) -> None:
        self._board, self._clock, self._shown = board, clock, shown
        self._changes: dict[tuple[Filter, int], Text] = {}
        self._changes_to = -1

    def changes(self, filter: Filter, position: int) -> Text:
        """The latest version of each subject that changed after ``position``, up to the board's seq. The board must know
        ``position``."""
        board = self._board
        if self._changes_to != board.seq or len(self._changes) >= _MOST_KEPT:
            self._changes.clear()
            self._changes_to = board.seq
        frame = self._changes.get((filter, position))
        if frame is None:
            frame = self._changes[filter, position] = _changes(board, filter, position, self._shown, self._clock)
        return frame


def _changes(board: Board, filter: Filter, position: int, shown: AlarmWithCustomersJson, clock: Callable[[], datetime]) -> Text:
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
    items, left = changed_items(board.sla, filter, position, clock())
    removed += left
    if not alarms and not removed and not items:
        return Text("changes", board.seq, ())
    frame = ChangesFrame(board.seq, cast(list[Alarm], alarms), removed, **cast(dict[str, Any], items.lists))
    return Text("changes", board.seq, (_ENCODER.encode(frame),))

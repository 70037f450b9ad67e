"""Frames as text, built once and shared by every subscriber with the same filter at the same position."""

from datetime import datetime
from typing import NamedTuple, cast

import msgspec

from actors.stream.board import Board
from actors.stream.request import Filter
from actors.stream.shown import PLAIN, AlarmWithCustomersJson
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

    def __init__(self, board: Board, shown: AlarmWithCustomersJson = PLAIN) -> None:
        self._board, self._shown = board, shown
        self._changes: dict[tuple[Filter, int], Text] = {}
        self._changes_to = -1

    def changes(self, filter: Filter, position: int) -> Text:
        """The latest version of each alarm that changed after ``position``, up to the board's seq. The board must follow
        ``position``."""
        board = self._board
        if self._changes_to != board.seq or len(self._changes) >= _MOST_KEPT:
            self._changes.clear()
            self._changes_to = board.seq
        frame = self._changes.get((filter, position))
        if frame is None:
            frame = self._changes[filter, position] = _changes(board, filter, position, self._shown)
        return frame


def _changes(board: Board, filter: Filter, position: int, shown: AlarmWithCustomersJson) -> Text:
    alarms: list[Alarm | msgspec.Raw] = []
    removed: list[str] = []
    for id, mark in board.since(position):
        alarm = mark.gone or board.get(id)
        if alarm is None or not filter.sees(alarm):
            continue
        admitted = filter.admits(alarm)
        if admitted and mark.gone is None:
            alarms.append(shown(alarm))
        elif admitted or mark.axes > position:
            # Else the filter did not admit the alarm before either, and the reader does not have it.
            removed.append(id)
    if not alarms and not removed:
        return Text("changes", board.seq, ())
    return Text("changes", board.seq, (_ENCODER.encode(ChangesFrame(board.seq, cast(list[Alarm], alarms), removed)),))

"""The hub: the board, its frames and the subscribers' positions, shared by all tasks of one run."""

from collections.abc import Callable
from datetime import datetime

import trio

from actors.stream.board import Board
from actors.stream.frames import Frames
from actors.stream.shown import AlarmWithCustomersJson
from actors.stream.snapshots import BoardSnapshots
from protocols.customer import CustomersOf


class Hub:
    """``published`` is the seq up to which subscribers may send. It follows the board at the pace of the settings. ``clock``
    gives the time, aware UTC."""

    def __init__(self, board: Board, clock: Callable[[], datetime], customers: CustomersOf | None = None) -> None:
        self.board = board
        shown = AlarmWithCustomersJson(customers)
        self.frames = Frames(board, clock, shown)
        self.snapshots = BoardSnapshots(board, clock, shown)
        self.published = board.seq
        self.ending = False
        self.positions: dict[object, int] = {}
        """The position of each subscriber: it has everything up to this seq."""
        self._moved = trio.Event()

    def publish(self) -> None:
        """Wake every subscriber that waits."""
        self.published = self.board.seq
        moved, self._moved = self._moved, trio.Event()
        moved.set()

    def end(self) -> None:
        """No batch will follow: subscribers send the rest and close."""
        self.ending = True
        self.publish()

    async def wait(self, position: int, seconds: float) -> None:
        """Wait until something after ``position`` is published, until the end, or for ``seconds``."""
        with trio.move_on_after(max(seconds, 0)):
            while self.published <= position and not self.ending:
                await self._moved.wait()

    def lag(self) -> int:
        """The number of batches that the slowest subscriber is behind the board. Any thread may call it."""
        return max((self.board.seq - position for position in tuple(self.positions.values())), default=0)

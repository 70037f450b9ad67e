"""What the pump and the subscribers of one run share: the board, its frames, and who is listening."""

import trio

from actors.stream.board import Board
from actors.stream.frames import Frames
from actors.stream.shown import AlarmWithCustomersJson
from actors.stream.snapshots import BoardSnapshots
from protocols.customer import CustomersOf


class Hub:
    """``published`` is the seq up to which subscribers have been told that there is something for them: it follows the
    board at the pace that the settings allow."""

    def __init__(self, board: Board, customers: CustomersOf | None = None) -> None:
        self.board = board
        shown = AlarmWithCustomersJson(customers)
        self.frames = Frames(board, shown)
        self.snapshots = BoardSnapshots(board, shown)
        self.published = board.seq
        self.ending = False
        self.positions: dict[object, int] = {}
        """Where each subscriber is: it has everything up to this seq."""
        self._news = trio.Event()

    def publish(self) -> None:
        """Wake every subscriber that waits."""
        self.published = self.board.seq
        news, self._news = self._news, trio.Event()
        news.set()

    def end(self) -> None:
        """There will be no more: subscribers send what is left and close."""
        self.ending = True
        self.publish()

    async def wait(self, position: int, seconds: float) -> None:
        """Until there is something after ``position``, or the end, or ``seconds`` have passed."""
        with trio.move_on_after(max(seconds, 0)):
            while self.published <= position and not self.ending:
                await self._news.wait()

    def lag(self) -> int:
        """Batches that the slowest subscriber is behind the board. Safe to call from another thread."""
        return max((self.board.seq - position for position in tuple(self.positions.values())), default=0)

"""Memory of the receive buffer, lent to requests for their answers."""

from collections import OrderedDict

import trio


class AnswerCredits:
    """``room`` octets are lent in order: who asks for more than is left waits, and everybody behind waits too. A request for
    more than all of it waits until nothing is lent, and is then alone."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.lent = 0
        self._waiting: OrderedDict[trio.lowlevel.Task, int] = OrderedDict()

    @property
    def waiting(self) -> int:
        """Tasks that wait for room."""
        return len(self._waiting)

    def set_room(self, room: int) -> None:
        """Another socket, with another buffer. What is lent stays lent."""
        self.room = room
        self._lend()

    def borrow_now(self, octets: int) -> int:
        """The octets lent, to be given back; 0 where somebody would have to wait for them."""
        if self._waiting or not self._fits(octets):
            return 0
        self.lent += octets
        return octets

    async def borrow(self, octets: int) -> int:
        """The octets lent, to be given back. Waits for them; may be cancelled."""
        if self.borrow_now(octets):
            return octets
        task = trio.lowlevel.current_task()
        self._waiting[task] = octets

        def abort(_: object) -> trio.lowlevel.Abort:
            del self._waiting[task]
            self._lend()
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)
        return octets

    def give_back(self, octets: int) -> None:
        """Lend to those who wait."""
        self.lent -= octets
        if self._waiting:
            self._lend()

    def _lend(self) -> None:
        while self._waiting:
            task, octets = next(iter(self._waiting.items()))
            if not self._fits(octets):
                return
            del self._waiting[task]
            self.lent += octets
            trio.lowlevel.reschedule(task)

    def _fits(self, octets: int) -> bool:
        return not self.lent or self.lent + octets <= self.room

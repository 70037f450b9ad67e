"""An operation under way: its transaction, and who is told of its end."""

from collections.abc import Callable

import trio

from actors.poller.engine.exchange import Exchange
from protocols.snmp.manager.errors import RequestError
from protocols.snmp.manager.transaction import Transaction

Result = Exchange | RequestError
"""The record of an operation that was carried out, or the reason why it was not."""


class Inquiry:
    """``latest`` is the datagram that was sent last. ``elsewhere``: another address and port from which an answer came; empty
    for none. ``lent`` are the octets of the receive buffer that its answer may fill,
    ``begun`` is an instant of the monotonic clock. The engine calls ``tell`` once, when the transaction has ended."""

    __slots__ = ("begun", "elsewhere", "latest", "lent", "tell", "transaction")

    def __init__(self, transaction: Transaction, lent: int, begun: float, tell: Callable[[Result], None]) -> None:
        self.transaction, self.lent, self.begun, self.tell = transaction, lent, begun, tell
        self.latest = b""
        self.elsewhere = ""

    def result(self, now: float) -> Result:
        """The result of a transaction that ended ``now``."""
        transaction = self.transaction
        if transaction.error is not None:
            return transaction.error
        return Exchange(
            round_trip=transaction.round_trip,
            sent=transaction.sent,
            answers=transaction.answers,
            seconds=now - self.begun,
        )


class ResultWaiter:
    """One task that waits for the result of one operation."""

    __slots__ = ("_result", "_task")

    def __init__(self) -> None:
        self._result: Result | None = None
        self._task: trio.lowlevel.Task | None = None

    def tell(self, result: Result) -> None:
        """Take the result, and wake the task once."""
        self._result = result
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    async def wait(self) -> Exchange:
        """The record of the operation. Raises RequestError where it was not carried out. May be cancelled."""

        def abort(_: object) -> trio.lowlevel.Abort:
            self._task = None
            return trio.lowlevel.Abort.SUCCEEDED

        if self._result is None:
            self._task = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(abort)
        assert self._result is not None
        if isinstance(self._result, RequestError):
            raise self._result
        return self._result

"""An operation under way: its transaction, and the task that waits for its end."""

import trio

from protocols.snmp.manager.transaction import Transaction


class Inquiry:
    """``latest`` is the datagram that was sent last. ``elsewhere``: another address and port from which an answer came; empty
    for none. The waiting task is woken once, when the transaction has ended."""

    __slots__ = ("_task", "elsewhere", "latest", "transaction")

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.latest = b""
        self.elsewhere = ""
        self._task: trio.lowlevel.Task | None = None

    async def ended(self) -> None:
        """Wait until ``end`` was called. Cancellation leaves the transaction to the caller."""

        def abort(_: object) -> trio.lowlevel.Abort:
            self._task = None
            return trio.lowlevel.Abort.SUCCEEDED

        self._task = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(abort)

    def end(self) -> None:
        """Wake the task, if it waits."""
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task)

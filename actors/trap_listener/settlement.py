"""Following batches to the disk: what is committed is counted as accepted, and its INFORMs are answered."""

from collections.abc import Callable

import structlog
import trio

from actors.isolation import Isolation
from actors.mailbox import Abandoned, Append, AppendSender, LedgerUnavailable, Reply
from actors.metrics import Metrics
from actors.recvmmsg import Ancillary, SocketAddress
from actors.trap_listener.batch import TrapBatch
from actors.trap_listener.informs import RecentKeys
from actors.trap_listener.sockets import TrapSocket

RETRY_SECONDS = (0.25, 5.0)
"""First and longest pause between attempts while the ledger cannot write."""
_REMEMBERED_INFORMS = 16_384

SendAnswer = Callable[[TrapSocket, bytes, SocketAddress, Ancillary, float], bool]

_log = structlog.get_logger()


class Settlement:
    """``answer`` sends the Response to an INFORM, at a monotonic time."""

    def __init__(self, ledger: AppendSender, metrics: Metrics, isolation: Isolation, answer: SendAnswer) -> None:
        self._ledger, self._metrics, self._isolation, self._answer = ledger, metrics, isolation, answer
        self._recent = RecentKeys(_REMEMBERED_INFORMS)

    async def run(self, unsettled: trio.MemoryReceiveChannel[TrapBatch], scope: trio.CancelScope) -> None:
        """Follow each batch to the disk, in order, until the channel ends or ``scope`` is cancelled."""
        batch: TrapBatch | None = None
        with unsettled:
            try:
                with scope:
                    async for batch in unsettled:
                        await self._commit(batch)
                        self.finish(batch, trio.current_time())
                        batch = None
            finally:
                while batch is not None:
                    await self.give_up(batch)
                    batch = _next(unsettled)

    async def _commit(self, batch: TrapBatch) -> None:
        """Wait for the commit. While the ledger cannot write, try again: a device does not send a trap twice."""
        pause, longest = RETRY_SECONDS
        while True:
            try:
                await batch.committed.wait()
                return
            except (LedgerUnavailable, Abandoned) as error:
                _log.error("the ledger did not keep a batch, trying again", events=len(batch.events), reason=str(error))
            await trio.sleep(pause)
            pause = min(2 * pause, longest)
            batch.committed = Reply()
            await self._ledger.send(Append(batch.events, committed=batch.committed))

    def finish(self, batch: TrapBatch, now: float) -> None:
        """Count a batch that is on disk and answer its INFORMs. ``now`` is monotonic seconds."""
        self._metrics.traps_accepted.inc(batch.datagrams)
        for kind, count in batch.irregular.items():
            self._metrics.traps_irregular.labels(kind=kind).inc(count)
        for inform in batch.informs:
            if self._recent.seen(inform.key):
                self._metrics.informs_repeated.inc()
            with self._isolation.alone(inform.source[0]):
                if self._answer(inform.trap_socket, inform.answer(now), inform.source, inform.ancillary, now):
                    self._metrics.informs_answered.inc()

    async def give_up(self, batch: TrapBatch) -> None:
        """End a batch when the grace is over: on disk it counts, otherwise it is dropped. An INFORM's sender sends it again."""
        if batch.committed.done:
            try:
                with trio.CancelScope(shield=True):
                    await batch.committed.wait()
            except (LedgerUnavailable, Abandoned):
                pass
            else:
                self.finish(batch, trio.current_time())
                return
        if batch.datagrams:
            self._metrics.traps_dropped.labels(reason="shutting_down").inc(batch.datagrams)
            _log.error("stopped before the ledger kept these", datagrams=batch.datagrams)


def _next(unsettled: trio.MemoryReceiveChannel[TrapBatch]) -> TrapBatch | None:
    try:
        return unsettled.receive_nowait()
    except (trio.WouldBlock, trio.EndOfChannel):
        return None

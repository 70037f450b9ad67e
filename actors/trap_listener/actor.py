"""The trap listener: drains its sockets, hands Events to the ledger, and answers INFORMs once they are on disk.

Overflow: a full ledger blocks the drain, so datagrams wait in the kernel's buffer; what the kernel then drops is counted.
Every datagram is counted once: received = accepted (on disk) + dropped by reason + answered (protocol exchange only).
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import trio

from actors.isolation import Isolation
from actors.mailbox import Append, AppendSender
from actors.metrics import Metrics
from actors.trap_listener.batch import TrapBatch
from actors.trap_listener.drain import DRAIN_LIMIT, SocketDrain
from actors.trap_listener.intake import Security
from actors.trap_listener.pace import ReadPace
from actors.trap_listener.settings import TrapSettings
from actors.trap_listener.settlement import Settlement
from actors.trap_listener.sockets import TrapSocket
from actors.trusted_clock import TrustedClock

UNSETTLED_LIMIT = 64
"""Batches that may wait for their commit before reading stops."""
CHECK_SECONDS = 10.0
"""How often rates are looked at."""
REPORT_SECONDS = 1.0
"""How often refused sources are reported."""


class TrapListener:
    """Owns the trap sockets and the SNMPv3 engine.

    ``grace`` bounds, in seconds, the work after a cancel: reading what waits in the sockets, handing it over, and answering
    what is committed.
    """

    def __init__(
        self,
        settings: TrapSettings,
        sockets: Sequence[TrapSocket],
        ledger: AppendSender,
        v3: Security | None,
        metrics: Metrics,
        *,
        clock: Callable[[], datetime] | None = None,
        grace: float = 5.0,
        community_fields: frozenset[str] = frozenset(),
    ) -> None:
        self._sockets, self._ledger, self._grace = sockets, ledger, grace
        isolation = Isolation("a datagram", lambda: None)
        self._drain = SocketDrain(settings, v3, metrics, isolation, clock or TrustedClock(), community_fields)
        self._settlement = Settlement(ledger, metrics, isolation, self._drain.answer)
        self.sources = self._drain.sources
        for trap_socket in sockets:
            metrics.receive_buffer.labels(socket=trap_socket.name).set(trap_socket.granted)

    def reconfigure(self, settings: TrapSettings, v3: Security | None, community_fields: frozenset[str] = frozenset()) -> None:
        """Use other communities, networks, users and rates from the next datagram on. The sockets stay as they are."""
        self._drain.reconfigure(settings, v3, community_fields)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen until cancelled. The sockets and the ledger's end stay open: they outlive this incarnation.

        After a cancel, what waits in the sockets is still read and handed over, within the grace. Raises
        ``trio.BrokenResourceError`` (in an exception group) when the ledger's mailbox is gone.
        """
        unsettled_send, unsettled = trio.open_memory_channel[TrapBatch](UNSETTLED_LIMIT)
        settling = trio.CancelScope(shield=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._settlement.run, unsettled, settling)
            with unsettled_send:
                nursery.start_soon(self._watch, unsettled_send.clone())
                nursery.start_soon(self._report, unsettled_send.clone())
                for trap_socket in self._sockets:
                    nursery.start_soon(self._serve, trap_socket, unsettled_send.clone())
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                settling.deadline = trio.current_time() + self._grace

    async def _serve(self, trap_socket: TrapSocket, unsettled: trio.MemorySendChannel[TrapBatch]) -> None:
        batch: TrapBatch | None = None
        pace = ReadPace(trap_socket.granted)
        with unsettled:
            try:
                while True:
                    await trio.lowlevel.wait_readable(trap_socket.socket)
                    batch, received = self._drain.read(trap_socket, trio.current_time())
                    pause = pace.pause(
                        batch.datagrams,
                        trio.current_time(),
                        answered=bool(batch.informs),
                        more=received >= DRAIN_LIMIT,
                    )
                    await self._hand_over(batch, unsettled)
                    batch = None
                    if pause:
                        await trio.sleep(pause)
            finally:
                try:
                    with trio.move_on_after(self._grace, shield=True):
                        received = DRAIN_LIMIT
                        while batch is not None or received:
                            if batch is None:
                                batch, received = self._drain.read(trap_socket, trio.current_time())
                            await self._hand_over(batch, unsettled)
                            batch = None
                finally:
                    if batch is not None:
                        await self._settlement.give_up(batch)

    async def _hand_over(self, batch: TrapBatch, unsettled: trio.MemorySendChannel[TrapBatch]) -> None:
        """Send the batch to the ledger, and then to the settlement. Called again after a cancel it continues where it was."""
        if not batch.events:
            await trio.lowlevel.checkpoint()
            return
        if not batch.sent:
            await self._ledger.send(Append(batch.events, committed=batch.committed))
            batch.sent = True
        await unsettled.send(batch)

    async def _watch(self, unsettled: trio.MemorySendChannel[TrapBatch]) -> None:
        """Raise and clear the alarms about refused and lost datagrams."""
        with unsettled:
            while True:
                await trio.sleep(CHECK_SECONDS)
                now = trio.current_time()
                batch = TrapBatch()
                batch.events.extend(self._drain.refusals.due(now))
                batch.events.extend(self._drain.losses.due(now))
                await self._hand_over(batch, unsettled)

    async def _report(self, unsettled: trio.MemorySendChannel[TrapBatch]) -> None:
        """Report refused sources to the correlator."""
        with unsettled:
            while True:
                await trio.sleep(REPORT_SECONDS)
                batch = TrapBatch()
                batch.events.extend(self._drain.sources.due(trio.current_time()))
                await self._hand_over(batch, unsettled)

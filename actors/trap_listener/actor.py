"""The trap listener: drains its sockets, hands Events to the ledger, and answers INFORMs once they are on disk.

Overflow: a full ledger blocks the drain, so datagrams wait in the kernel's buffer; what the kernel then drops is counted.
Every datagram is booked once: received = accepted (on disk) + dropped by reason + answered (protocol exchange only).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
import trio

from actors.isolation import Isolation
from actors.mailbox import Abandoned, Append, AppendSender, LedgerUnavailable, Reply
from actors.metrics import Metrics
from actors.token_bucket import TokenBucket
from actors.trap_listener.copies import RecentTraps
from actors.trap_listener.informs import RecentKeys, inform_key
from actors.trap_listener.intake import Admitted, Answer, DroppedDatagram, Exchange, Intake, Security
from actors.trap_listener.networks import SourceCheck
from actors.trap_listener.pace import ReadPace
from actors.trap_listener.recvmmsg import MOST, Ancillary, SocketAddress
from actors.trap_listener.refusals import RateWatch
from actors.trap_listener.settings import TrapSettings
from actors.trap_listener.sockets import TrapSocket
from actors.trap_listener.source_limit import SourceLimit
from actors.trap_listener.source_table import SourceTable
from actors.trusted_clock import TrustedClock
from protocols.event import Event, Trap
from protocols.snmp.masking import header, masked_datagram

DRAIN_LIMIT = 512
"""Datagrams read before anything else gets a turn."""
UNSETTLED_LIMIT = 64
"""Batches that may wait for their commit before reading stops."""
CHECK_SECONDS = 10.0
"""How often rates are looked at."""
REPORT_SECONDS = 1.0
"""How often refused sources are reported."""
RETRY_SECONDS = (0.25, 5.0)
"""First and longest pause between attempts while the ledger cannot write."""
_REMEMBERED_INFORMS = 16_384
DUPLICATE = "duplicate"
"""The reason for which a copy is dropped: it says nothing that its original did not."""

_log = structlog.get_logger()


class _Inform:
    """An INFORM that waits for its commit: where and how to answer it."""

    __slots__ = ("ancillary", "answer", "key", "source", "trap_socket")

    def __init__(self, trap_socket: TrapSocket, source: SocketAddress, ancillary: Ancillary, answer: Answer, key: str) -> None:
        self.trap_socket, self.source, self.ancillary, self.answer, self.key = trap_socket, source, ancillary, answer, key


class _Batch:
    """The Events of one drain on their way to the disk. ``datagrams`` of them came by a socket."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.informs: list[_Inform] = []
        self.datagrams = 0
        self.irregular: Counter[str] = Counter()
        self.committed: Reply[int] = Reply()
        self.sent = False


class TrapListener:
    """Owns the trap sockets and the SNMPv3 engine. ``grace`` bounds, in seconds, what is still done after a cancel:
    reading what waits in the sockets, handing it over, and answering what gets committed."""

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
        self._sockets, self._ledger, self._metrics = sockets, ledger, metrics
        self._clock, self._grace = clock or TrustedClock(), grace
        self._refusals = RateWatch("traps.refused", settings.refusal_alarm_rate, "warning", "Datagrams refused")
        self._losses = RateWatch("traps.lost", 1, "major", "Traps lost for want of receive buffer")
        self.sources = SourceTable(self._clock)
        self._isolation = Isolation("a datagram", lambda: None)
        self._recent = RecentKeys(_REMEMBERED_INFORMS)
        self._copies = RecentTraps()
        self._limit: SourceLimit | None = None
        self._reports = SourceLimit(settings.report_rate, settings.report_burst)
        self.reconfigure(settings, v3, community_fields)
        for trap_socket in sockets:
            metrics.receive_buffer.labels(socket=trap_socket.name).set(trap_socket.granted)

    def reconfigure(self, settings: TrapSettings, v3: Security | None, community_fields: frozenset[str] = frozenset()) -> None:
        """Other communities, networks, users and rates from the next datagram on. The sockets stay as they are."""
        self._sources = SourceCheck(settings.allow)
        self._intake = Intake(settings.communities, v3, community_fields)
        rate, burst = settings.source_rate, settings.source_burst
        if self._limit is None or (self._limit.rate, self._limit.burst) != (rate, burst):
            self._limit = SourceLimit(rate, burst) if rate else None
        if (self._reports.rate, self._reports.burst) != (settings.report_rate, settings.report_burst):
            self._reports = SourceLimit(settings.report_rate, settings.report_burst)
        self._log_bucket = TokenBucket(settings.refusal_log_rate, max(1.0, 10 * settings.refusal_log_rate))
        self._refusals.per_minute = settings.refusal_alarm_rate

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen until cancelled. The sockets and the ledger's end stay open: they outlive this incarnation.

        After a cancel, what waits in the sockets is still read and handed over, within the grace. Raises
        ``trio.BrokenResourceError`` (in an exception group) when the ledger's mailbox is gone.
        """
        unsettled_send, unsettled = trio.open_memory_channel[_Batch](UNSETTLED_LIMIT)
        settling = trio.CancelScope(shield=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._settle, unsettled, settling)
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

    async def _serve(self, trap_socket: TrapSocket, unsettled: trio.MemorySendChannel[_Batch]) -> None:
        batch: _Batch | None = None
        pace = ReadPace(trap_socket.granted)
        with unsettled:
            try:
                while True:
                    await trio.lowlevel.wait_readable(trap_socket.socket)
                    batch, received = self._read(trap_socket)
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
                                batch, received = self._read(trap_socket)
                            await self._hand_over(batch, unsettled)
                            batch = None
                finally:
                    if batch is not None:
                        await self._give_up(batch)

    def _read(self, trap_socket: TrapSocket) -> tuple[_Batch, int]:
        """As :meth:`_drain`, and what the kernel dropped meanwhile. Datagrams wait wherever it drops one, so a drain follows
        the last drop: asked behind it, the socket tells of all of them, also before a silence."""
        batch, received = self._drain(trap_socket)
        self._book_losses(trap_socket.more_dropped(), trap_socket, trio.current_time())
        return batch, received

    def _drain(self, trap_socket: TrapSocket) -> tuple[_Batch, int]:
        """Read what waits, at most DRAIN_LIMIT datagrams and those of the call that reaches it, without awaiting; says how
        many there were, accepted or not."""
        batch = _Batch()
        received = lost = answered = 0
        refused: Counter[str] = Counter()
        at, now = self._clock(), trio.current_time()
        limit = self._limit
        while received < DRAIN_LIMIT:
            try:
                arrivals, dropped = trap_socket.receive()
            except OSError:
                if not received:
                    raise
                break  # what came before it is kept; the next call meets it again
            received += len(arrivals)
            lost += dropped
            for datagram, source, ancillary in arrivals:
                host, allowed = self._sources.verdict(source[0])
                try:
                    if not allowed:
                        raise DroppedDatagram("source_not_allowed")
                    if limit is not None and not limit.admits(host, now):
                        raise DroppedDatagram("source_rate")
                    admitted = self._intake.judge(datagram, now)
                    # An INFORM that comes again is answered again, and the fold counts it once.
                    if admitted.answer is None and self._copies.is_copy(host, source[1], admitted.notification, datagram, now):
                        refused[DUPLICATE] += 1
                        continue
                    event = self._event(batch, admitted, host, at, datagram, (trap_socket, source, ancillary))
                except DroppedDatagram as refusal:
                    refused[refusal.reason] += 1
                    self.sources.refuse(host, at, refusal.reason)
                    self._refusals.add(refusal.reason, 1, now, host)
                    self._log_refusal(refusal, host, datagram, now)
                    if refusal.report and self._reports.admits(host, now):
                        self._send(trap_socket, refusal.report, source, ancillary)
                except Exchange as exchange:
                    if self._reports.admits(host, now):
                        answered += 1
                        self._send(trap_socket, exchange.report, source, ancillary)
                    else:
                        refused["report_rate"] += 1
                        self.sources.refuse(host, at, "report_rate")
                        self._refusals.add("report_rate", 1, now, host)
                except Exception as error:  # noqa: BLE001 - a stranger's octets end here, and the next datagram is read
                    refused["error"] += 1
                    self._isolation.ended(error, host)
                else:
                    self.sources.accept(host, at, admitted.notification.trap_oid)
                    batch.events.append(event)
                    batch.datagrams += 1
            if len(arrivals) < MOST:
                break
        if received:
            self._metrics.traps_received.inc(received)
        if answered:
            self._metrics.traps_answered.inc(answered)
        for reason, count in refused.items():
            self._metrics.traps_dropped.labels(reason=reason).inc(count)
        self._book_losses(lost, trap_socket, now)
        return batch, received

    def _event(
        self,
        batch: _Batch,
        admitted: Admitted,
        host: str,
        at: datetime,
        datagram: bytes,
        way_back: tuple[TrapSocket, SocketAddress, Ancillary],
    ) -> Trap:
        notification = admitted.notification
        key = inform_key(host, notification) if admitted.answer is not None else ""
        raw = masked_datagram(datagram) if notification.irregular else b""
        trap = Trap(host, at, notification, key, raw, admitted.engine_boots)
        if notification.irregular:
            batch.irregular.update(set(notification.irregular))
        if admitted.answer is not None:
            batch.informs.append(_Inform(*way_back, admitted.answer, key))
        return trap

    async def _hand_over(self, batch: _Batch, unsettled: trio.MemorySendChannel[_Batch]) -> None:
        """To the ledger, then to be settled. After a cancel, called again it goes on where it was."""
        if not batch.events:
            await trio.lowlevel.checkpoint()
            return
        if not batch.sent:
            await self._ledger.send(Append(batch.events, committed=batch.committed))
            batch.sent = True
        await unsettled.send(batch)

    async def _settle(self, unsettled: trio.MemoryReceiveChannel[_Batch], scope: trio.CancelScope) -> None:
        """Follow each batch to the disk, in order, and answer its INFORMs then."""
        batch: _Batch | None = None
        with unsettled:
            try:
                with scope:
                    async for batch in unsettled:
                        await self._commit(batch)
                        self._settled(batch)
                        batch = None
            finally:
                while batch is not None:
                    await self._give_up(batch)
                    batch = _next(unsettled)

    async def _commit(self, batch: _Batch) -> None:
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

    def _settled(self, batch: _Batch) -> None:
        self._metrics.traps_accepted.inc(batch.datagrams)
        for kind, count in batch.irregular.items():
            self._metrics.traps_irregular.labels(kind=kind).inc(count)
        now = trio.current_time()
        for inform in batch.informs:
            if self._recent.seen(inform.key):
                self._metrics.informs_repeated.inc()
            with self._isolation.alone(inform.source[0]):
                if self._send(inform.trap_socket, inform.answer(now), inform.source, inform.ancillary):
                    self._metrics.informs_answered.inc()

    async def _give_up(self, batch: _Batch) -> None:
        """The end of the grace: what is on disk counts, what is not is lost, or sent again if it was an INFORM."""
        if batch.committed.done:
            try:
                with trio.CancelScope(shield=True):
                    await batch.committed.wait()
            except (LedgerUnavailable, Abandoned):
                pass
            else:
                self._settled(batch)
                return
        if batch.datagrams:
            self._metrics.traps_dropped.labels(reason="shutting_down").inc(batch.datagrams)
            _log.error("stopped before the ledger kept these", datagrams=batch.datagrams)

    def _send(self, trap_socket: TrapSocket, datagram: bytes, to: SocketAddress, ancillary: Ancillary) -> bool:
        try:
            trap_socket.answer(datagram, to, ancillary)
        except OSError as error:
            if self._log_bucket.take(trio.current_time()):
                _log.warning("an answer could not be sent", to=to[0], reason=str(error))
            return False
        return True

    async def _watch(self, unsettled: trio.MemorySendChannel[_Batch]) -> None:
        """Raise and clear the alarms about refused and lost datagrams."""
        with unsettled:
            while True:
                await trio.sleep(CHECK_SECONDS)
                now = trio.current_time()
                batch = _Batch()
                batch.events.extend(self._refusals.due(now))
                batch.events.extend(self._losses.due(now))
                await self._hand_over(batch, unsettled)

    async def _report(self, unsettled: trio.MemorySendChannel[_Batch]) -> None:
        """Tell the correlator of sources that are refused."""
        with unsettled:
            while True:
                await trio.sleep(REPORT_SECONDS)
                batch = _Batch()
                batch.events.extend(self.sources.due(trio.current_time()))
                await self._hand_over(batch, unsettled)

    def _book_losses(self, count: int, trap_socket: TrapSocket, now: float) -> None:
        if count:
            self._metrics.kernel_drops.inc(count)
            self._losses.add(trap_socket.name, count, now)

    def _log_refusal(self, refusal: DroppedDatagram, host: str, datagram: bytes, now: float) -> None:
        """Never the datagram itself: a community stands in it in clear, and in a malformed one nobody knows where."""
        if self._log_bucket.take(now):
            _log.warning(
                "datagram refused",
                reason=refusal.reason,
                source=host,
                octets=len(datagram),
                position=refusal.position,
                header=header(datagram),
                not_logged=self._log_bucket.forget_refused(),
            )


def _next(unsettled: trio.MemoryReceiveChannel[_Batch]) -> _Batch | None:
    try:
        return unsettled.receive_nowait()
    except (trio.WouldBlock, trio.EndOfChannel):
        return None

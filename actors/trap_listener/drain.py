"""Reading a socket without awaiting: each datagram becomes an Event of a batch, a counted refusal, or an answered Report."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

import structlog

from actors.isolation import Isolation
from actors.metrics import Metrics
from actors.recvmmsg import MOST, Ancillary, SocketAddress
from actors.token_bucket import TokenBucket
from actors.trap_listener.batch import PendingInform, TrapBatch
from actors.trap_listener.copies import RecentTraps
from actors.trap_listener.informs import inform_key
from actors.trap_listener.intake import Admitted, AnsweredByReport, DroppedDatagram, Intake, Security
from actors.trap_listener.networks import SourceCheck
from actors.trap_listener.refusals import RateWatch
from actors.trap_listener.settings import TrapSettings
from actors.trap_listener.sockets import TrapSocket
from actors.trap_listener.source_limit import SourceLimit
from actors.trap_listener.source_table import SourceTable
from protocols.event import Trap
from protocols.snmp.masking import header, masked_datagram

DRAIN_LIMIT = 512
"""Datagrams read before anything else gets a turn."""
DUPLICATE = "duplicate"
"""The reason for which a copy is dropped: it says nothing that its original did not."""

_log = structlog.get_logger()


class SocketDrain:
    """Checks, decodes and counts datagrams. ``clock`` stamps them; ``now`` is monotonic seconds."""

    def __init__(
        self,
        settings: TrapSettings,
        v3: Security | None,
        metrics: Metrics,
        isolation: Isolation,
        clock: Callable[[], datetime],
        community_fields: frozenset[str],
    ) -> None:
        self._metrics, self._isolation, self._clock = metrics, isolation, clock
        self.refusals = RateWatch("traps.refused", settings.refusal_alarm_rate, "warning", "Datagrams refused")
        self.losses = RateWatch("traps.lost", 1, "major", "Traps lost for want of receive buffer")
        self.sources = SourceTable(clock)
        self._copies = RecentTraps()
        self._limit: SourceLimit | None = None
        self._reports = SourceLimit(settings.report_rate, settings.report_burst)
        self.reconfigure(settings, v3, community_fields)

    def reconfigure(self, settings: TrapSettings, v3: Security | None, community_fields: frozenset[str]) -> None:
        """Use other communities, networks, users and rates from the next datagram on."""
        self._sources = SourceCheck(settings.allow)
        self._intake = Intake(settings.communities, v3, community_fields)
        rate, burst = settings.source_rate, settings.source_burst
        if self._limit is None or (self._limit.rate, self._limit.burst) != (rate, burst):
            self._limit = SourceLimit(rate, burst) if rate else None
        if (self._reports.rate, self._reports.burst) != (settings.report_rate, settings.report_burst):
            self._reports = SourceLimit(settings.report_rate, settings.report_burst)
        self._log_bucket = TokenBucket(settings.refusal_log_rate, max(1.0, 10 * settings.refusal_log_rate))
        self.refusals.per_minute = settings.refusal_alarm_rate

    def read(self, trap_socket: TrapSocket, now: float) -> tuple[TrapBatch, int]:
        """``drain``, and then count what the kernel dropped.

        Datagrams wait whenever the kernel drops one, so a drain follows the last drop. Asked after it, the socket tells of
        every drop, also when no datagram follows.
        """
        batch, received = self.drain(trap_socket, now)
        self._count_losses(trap_socket.more_dropped(), trap_socket, now)
        return batch, received

    def drain(self, trap_socket: TrapSocket, now: float) -> tuple[TrapBatch, int]:
        """Read at most DRAIN_LIMIT of the datagrams that wait, and the rest of the call that reaches it.

        Returns the batch and how many datagrams were read, accepted or not.
        """
        batch = TrapBatch()
        received = lost = answered = 0
        refused: Counter[str] = Counter()
        at = self._clock()
        limit = self._limit
        while received < DRAIN_LIMIT:
            try:
                arrivals, dropped = trap_socket.receive()
            except OSError:
                if not received:
                    raise
                break  # keep the datagrams before the error; the next call meets it again
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
                    self.refusals.add(refusal.reason, 1, now, host)
                    self._log_refusal(refusal, host, datagram, now)
                    if refusal.report and self._reports.admits(host, now):
                        self.answer(trap_socket, refusal.report, source, ancillary, now)
                except AnsweredByReport as exchange:
                    if self._reports.admits(host, now):
                        answered += 1
                        self.answer(trap_socket, exchange.report, source, ancillary, now)
                    else:
                        refused["report_rate"] += 1
                        self.sources.refuse(host, at, "report_rate")
                        self.refusals.add("report_rate", 1, now, host)
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
        self._count_losses(lost, trap_socket, now)
        return batch, received

    def _event(
        self,
        batch: TrapBatch,
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
            batch.informs.append(PendingInform(*way_back, admitted.answer, key))
        return trap

    def answer(self, trap_socket: TrapSocket, datagram: bytes, to: SocketAddress, ancillary: Ancillary, now: float) -> bool:
        """Send an answer; False, and a line in the log, when it cannot be sent."""
        try:
            trap_socket.answer(datagram, to, ancillary)
        except OSError as error:
            if self._log_bucket.take(now):
                _log.warning("an answer could not be sent", to=to[0], reason=str(error))
            return False
        return True

    def _count_losses(self, count: int, trap_socket: TrapSocket, now: float) -> None:
        if count:
            self._metrics.kernel_drops.inc(count)
            self.losses.add(trap_socket.name, count, now)

    def _log_refusal(self, refusal: DroppedDatagram, host: str, datagram: bytes, now: float) -> None:
        """Log a refusal without the datagram: it holds a community in clear, at an unknown place when it is malformed."""
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

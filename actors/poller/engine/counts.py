"""The engine's metrics."""

from typing import Final

from actors.metrics import Metrics
from protocols.snmp.manager.errors import REQUEST_REASONS
from protocols.snmp.manager.session import IGNORED_REASONS

ENGINE_REASONS: Final = ("foreign", "elsewhere", "icmp", "error")
"""Why the engine itself ignores a datagram: ``foreign`` comes from an address that was not asked, ``elsewhere`` too, and has
the number of a request under way; ``icmp`` is an ICMP error that ends no request, ``error`` a bug of faultd that the datagram
met."""
POLL_IGNORED_REASONS: Final = (*IGNORED_REASONS, *ENGINE_REASONS)
POLL_OUTCOMES: Final = ("answered", *dict.fromkeys(REQUEST_REASONS))


class EngineCounts:
    """Counts of operations and datagrams, which ``flush`` moves into the metrics: many at a time. ``ignored`` is shared by all
    sessions."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._metric_of = {outcome: metrics.poll_requests.labels(outcome=outcome) for outcome in POLL_OUTCOMES}
        self.ignored: dict[str, int] = {}
        self._outcomes: dict[str, int] = {}
        self._sent = self._answers = 0

    def ignore(self, reason: str) -> None:
        """Count a datagram that is no answer."""
        self.ignored[reason] = self.ignored.get(reason, 0) + 1

    def count_error(self) -> None:
        """Count a datagram that met a bug."""
        self.ignore("error")

    def count_traffic(self, sent: int, answers: int) -> None:
        """Count the datagrams of an operation."""
        self._sent += sent
        self._answers += answers

    def count_outcome(self, outcome: str) -> None:
        """Count an operation."""
        self._outcomes[outcome] = self._outcomes.get(outcome, 0) + 1

    def flush(self) -> None:
        """Move what was counted into the metrics."""
        if self.ignored:
            for reason, count in self.ignored.items():
                self._metrics.poll_ignored.labels(reason=reason).inc(count)
            self.ignored.clear()
        if self._outcomes:
            for outcome, count in self._outcomes.items():
                self._metric_of[outcome].inc(count)
            self._outcomes.clear()
        if self._sent:
            self._metrics.poll_sent.inc(self._sent)
            self._metrics.poll_answers.inc(self._answers)
            self._sent = self._answers = 0

    def count_reopened(self) -> None:
        """Count a socket that failed."""
        self._metrics.poll_sockets_reopened.inc()

    def count_dropped(self, datagrams: int) -> None:
        """Count datagrams that the kernel dropped."""
        if datagrams:
            self._metrics.poll_kernel_drops.inc(datagrams)

    def set_load(self, outstanding: int, waiting: int) -> None:
        """Operations under way, and those that wait for room in the receive buffer."""
        self._metrics.poll_outstanding.set(outstanding)
        self._metrics.poll_waiting.set(waiting)

    def set_buffer(self, name: str, octets: int) -> None:
        """The receive buffer that the kernel granted."""
        self._metrics.receive_buffer.labels(socket=f"poller {name}").set(octets)

"""Counts of what the fold decided since the last time that they were moved into the metrics."""

from collections import Counter
from collections.abc import Iterable

from actors.dispatcher.state import DispatchState
from actors.metrics import Metrics
from protocols.change import Change
from protocols.dispatch.changes import NotificationChanged, TicketUpdated
from protocols.dispatch.notification import DispatchedNotification


class DispatchTally:
    """Notifications and tickets made, and how long after the raise of its alarm a first message arrived."""

    def __init__(self) -> None:
        self._made: Counter[tuple[str, str]] = Counter()
        self._tickets: Counter[str] = Counter()
        self._latencies: list[tuple[str, float]] = []

    def take(self, state: DispatchState, changes: Iterable[Change]) -> None:
        """Count the Changes of one Event; ``state`` is as it is after them."""
        for change in changes:
            if isinstance(change, NotificationChanged):
                self._take_notification(state, change.offset, change.notification)
            elif isinstance(change, TicketUpdated) and made_at(change.ticket.id, "TK", change.offset):
                self._tickets[change.ticket.desk] += 1

    def _take_notification(self, state: DispatchState, offset: int, found: DispatchedNotification) -> None:
        if made_at(found.id, "N", offset):
            self._made[found.channel, found.kind] += 1
        elif found.status == "sent" and found.kind == "raised" and found.sent_at is not None:
            subject = state.subjects.get(found.subject)
            if subject is not None and subject.alarm is not None:
                self._latencies.append((found.channel, (found.sent_at - subject.alarm.received_at).total_seconds()))

    def move(self, metrics: Metrics | None) -> None:
        """Move the counts into ``metrics``; drop them for None."""
        if metrics is not None:
            for (channel, kind), number in self._made.items():
                metrics.notifications_made.labels(channel, kind).inc(number)
            for desk, number in self._tickets.items():
                metrics.tickets_made.labels(desk).inc(number)
            for channel, seconds in self._latencies:
                metrics.first_message.labels(channel).observe(max(0.0, seconds))
        self._made.clear()
        self._tickets.clear()
        self._latencies.clear()


def made_at(name: str, prefix: str, offset: int) -> bool:
    """True when the Event at ``offset`` gave this id: ``N17``, or ``N17.1``."""
    return name.partition(".")[0] == f"{prefix}{offset}"

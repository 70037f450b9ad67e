"""Changes by people in the desk, asked at an interval: comments, status, merges. A comment of faultd coming back is none."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
import trio

from actors.delivery_failed import DeliveryFailed
from actors.metrics import Metrics
from actors.outcome_queue import OutcomeQueue
from actors.ticketer.outcomes import brought_back
from actors.ticketer.settings import TicketerSettings
from actors.ticketer.work import Desks, OutcomeKey, Tickets
from protocols.dispatch.outcomes import TicketChanged
from protocols.dispatch.ticket import Ticket

OVERLAP: Final = timedelta(minutes=5)
"""Every poll looks back over the one before, for clocks that differ and searches that lag. The fold knows a change by
its id."""
FIRST: Final = timedelta(days=1)
"""The first poll of a run looks back so far."""
log = structlog.get_logger()


class DeskPoll:
    """Asks the configured desk about the tickets that are open, or were closed within a day."""

    def __init__(
        self,
        settings: TicketerSettings,
        desks: Desks,
        outcomes: OutcomeQueue[OutcomeKey],
        tickets: Tickets,
        clock: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        self._settings, self._desks, self._outcomes, self._tickets = settings, desks, outcomes, tickets
        self._clock, self._metrics = clock, metrics
        self._since: datetime | None = None
        self._brought: set[OutcomeKey] = set()
        self._works = True

    def reconfigure(self, settings: TicketerSettings, desks: Desks) -> None:
        """Other settings and desks from the next poll on."""
        self._settings, self._desks = settings, desks

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            await trio.sleep(self._settings.poll_seconds or 60.0)
            if self._settings.poll_seconds and self._settings.desk != "embedded":
                await self.once()

    async def once(self) -> None:
        """One poll. A desk that fails is logged once, and asked again the next time."""
        now = self._clock()
        followed: dict[str, list[Ticket]] = {}
        for each in self._tickets().values():
            if self._follows(each, now):
                followed.setdefault(each.key, []).append(each)
        if not followed:
            return
        desk = self._desks[self._settings.desk]
        since = (self._since or now - FIRST) - OVERLAP
        try:
            with trio.fail_after(max(self._settings.attempt_seconds, self._settings.poll_seconds)):
                found = await desk.changed(since, sorted(followed))
        except (DeliveryFailed, trio.TooSlowError) as error:
            self._metrics.desk_polls.labels(self._settings.desk, "failed").inc()
            if self._works:
                log.warning("the desk does not say what people changed", desk=self._settings.desk, error=type(error).__name__)
            self._works = False
            return
        self._works, self._since = True, now
        self._metrics.desk_polls.labels(self._settings.desk, "done").inc()
        current = self._tickets()
        for key, remote in found:
            for before in followed.get(key, ()):
                ticket = current.get(before.id)
                if ticket is not None and ticket.key == key:
                    # While faultd changes it, the desk's answer may be older than what faultd knows.
                    quiet = ticket is before and not ticket.tasks
                    for outcome in brought_back(ticket, remote, status=quiet):
                        self._bring(outcome)

    def _follows(self, ticket: Ticket, now: datetime) -> bool:
        lately = ticket.closed_at is None or now - ticket.closed_at < FIRST
        return ticket.desk == self._settings.desk and bool(ticket.key) and lately

    def _bring(self, outcome: TicketChanged) -> None:
        key = (outcome.ticket_id, outcome.remote_id)
        if key not in self._brought:
            if len(self._brought) >= 100_000:
                self._brought.clear()
            self._brought.add(key)
            self._outcomes.offer(key, outcome)

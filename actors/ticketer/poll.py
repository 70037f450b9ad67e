"""Changes by people in the desk: comments, status, merges. Asked at an interval, and at once when the desk calls. Comments of
faultd itself are none."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
import trio

from actors.delivery_failed import DeliveryFailed
from actors.metrics import Metrics
from actors.outcome_queue import OutcomeQueue
from actors.ticketer.desk import DeskTicket
from actors.ticketer.outcomes import brought_back
from actors.ticketer.settings import TicketerSettings
from actors.ticketer.work import Desks, OutcomeKey, Tickets
from protocols.dispatch.outcomes import TicketChanged
from protocols.dispatch.ticket import Ticket

OVERLAP: Final = timedelta(minutes=5)
"""Every poll looks back over the one before, for clocks that differ and searches that lag. The fold knows a change by
its id."""
READ_AGAIN_SECONDS: Final = 1.0
"""Between two reads of one ticket: a desk that changes it without end, and calls each time, does not fill the ledger."""
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
        self._rung: dict[str, float] = {}
        """Keys to be read, with the time (of trio) before which they are not."""
        self._read_at: dict[str, float] = {}
        self._bell = trio.Event()

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
        for key, remote in found:
            self._compare(followed.get(key, ()), remote)

    def ring(self, key: str) -> bool:
        """Have the ticket with this key read at once; False when faultd follows none. Bells for a ticket that is not read yet
        are one."""
        now = self._clock()
        known = any(each.key == key and self._follows(each, now) for each in self._tickets().values())
        if known and key not in self._rung:
            self._rung[key] = self._read_at.get(key, -READ_AGAIN_SECONDS) + READ_AGAIN_SECONDS
            self._bell.set()
        return known

    async def answer_bells(self) -> None:
        """Read each ticket that rang, one after another, until cancelled."""
        while True:
            key = min(self._rung, key=self._rung.__getitem__, default=None)
            due = trio.current_time() if key is None else self._rung[key]
            if key is None or due > trio.current_time():
                self._bell = trio.Event()
                with trio.move_on_at(math.inf if key is None else due):
                    await self._bell.wait()
                continue
            await self._read(key)

    async def _read(self, key: str) -> None:
        """A desk that fails is asked by the next poll."""
        del self._rung[key]
        if len(self._read_at) >= 10_000:
            self._read_at.clear()
        self._read_at[key] = trio.current_time()
        now = self._clock()
        tickets = [each for each in self._tickets().values() if each.key == key and self._follows(each, now)]
        desk = self._desks.get(self._settings.desk)
        if desk is None or not tickets:
            return
        try:
            with trio.fail_after(self._settings.attempt_seconds):
                remote = await desk.read(key)
        except (DeliveryFailed, trio.TooSlowError):
            self._metrics.desk_polls.labels(self._settings.desk, "failed").inc()
            return
        self._compare(tickets, remote)

    def _compare(self, asked: Sequence[Ticket], remote: DeskTicket) -> None:
        """Bring back what people changed. ``asked``: the tickets as they were when the desk was asked."""
        current = self._tickets()
        for before in asked:
            ticket = current.get(before.id)
            if ticket is not None and ticket.key == before.key:
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

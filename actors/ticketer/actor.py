"""The ticketer: a consumer of the feed that does the tasks of tickets in the desk, and brings back what people change there.

It keeps no cursor on disk. At a start, and after a crash of its own, it takes what waits from the stage ``dispatcher``, then
follows the feed from the newest batch on. A Change is only a bell: the stage, which is never behind the feed, has the tasks.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random

import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.follow_feed import follow_feed
from actors.mailbox import AppendSender, Feed
from actors.metrics import Metrics
from actors.outcome_queue import OutcomeQueue
from actors.ticketer.poll import DeskPoll
from actors.ticketer.settings import TicketerSettings
from actors.ticketer.webhook import DeskWebhook
from actors.ticketer.work import Desks, OutcomeKey, Tickets, TicketWork
from protocols.change import Change
from protocols.dispatch.changes import TicketUpdated
from protocols.dispatch.desk_call import DeskCall, DeskCallRefused

CONSUMER = "ticketer"
"""The name under which it acknowledges batches of the feed."""


class Ticketer:
    """A source of Events too: outcomes. ``appends`` leads to the ledger and stays open until the ticketer has ended.
    ``tickets`` gives those of the stage by their ids. ``clock`` gives the time, aware UTC."""

    def __init__(
        self,
        settings: TicketerSettings,
        desks: Desks,
        feed: Feed,
        appends: AppendSender,
        *,
        tickets: Tickets,
        installation: str,
        metrics: Metrics,
        clock: Callable[[], datetime],
        random: Random | None = None,
        webhook: DeskWebhook | None = None,
    ) -> None:
        self._settings, self._desks, self._feed, self._tickets = settings, desks, feed, tickets
        self._installation, self._metrics, self._clock, self._random = installation, metrics, clock, random or Random()
        self._outcomes: OutcomeQueue[OutcomeKey] = OutcomeQueue(appends, "tickets")
        self._work: TicketWork | None = None
        self._poll = DeskPoll(settings, desks, self._outcomes, tickets, clock, metrics)
        self._webhook = webhook or DeskWebhook(())

    def reconfigure(self, settings: TicketerSettings, desks: Desks, webhook: DeskWebhook) -> None:
        """Other settings and desks from the next attempt on."""
        self._settings, self._desks, self._webhook = settings, desks, webhook
        self._poll.reconfigure(settings, desks)
        if self._work is not None:
            self._work.reconfigure(settings, desks)

    def call(self, headers: Mapping[str, str], body: bytes) -> DeskCall:
        """The desk says that a ticket has changed: read it there at once. Raises DeskCallRefused."""
        try:
            key = self._webhook.key_of(headers, body, int(self._clock().timestamp()))
        except DeskCallRefused as refused:
            self._metrics.desk_calls.labels(refused.fault).inc()
            raise
        known = self._poll.ring(key)
        self._metrics.desk_calls.labels("accepted" if known else "unknown").inc()
        return DeskCall(key, known)

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Work until cancelled, or until the feed has ended. What waits then is in the stage's state."""
        work = self._work = TicketWork(
            self._settings,
            self._desks,
            self._outcomes,
            tickets=self._tickets,
            installation=self._installation,
            metrics=self._metrics,
            random=self._random,
        )
        try:
            async with trio.open_nursery() as nursery:
                seq = self._feed.last
                nursery.start_soon(work.run)
                nursery.start_soon(self._poll.run)
                nursery.start_soon(self._poll.answer_bells)
                task_status.started()
                await self._follow(work, seq)
                nursery.cancel_scope.cancel()
        finally:
            self._work = None

    async def _follow(self, work: TicketWork, seq: int) -> None:

        def ring(change: Change) -> None:
            if isinstance(change, TicketUpdated):
                work.changed(change.ticket)

        await follow_feed(self._feed, CONSUMER, seq, ring)

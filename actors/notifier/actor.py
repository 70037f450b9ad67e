"""The notifier: a consumer of the feed that hands to the delivery engine every notification that waits.

It keeps no cursor on disk. At a start, and after a crash of its own, it takes what waits from the stage ``dispatcher``, then
follows the feed from the newest batch on. A Change is only a bell: the stage, which is never behind the feed, says whether the
notification still waits.
"""

from collections.abc import Callable
from datetime import datetime
from random import Random

import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.follow_feed import follow_feed
from actors.mailbox import AppendSender, Feed
from actors.metrics import Metrics
from actors.notifier.delivery import Channels, Delivery, Table
from actors.notifier.lane import Write
from actors.notifier.outcomes import Outcomes
from actors.notifier.settings import NotifierSettings
from protocols.change import Change
from protocols.dispatch.changes import NotificationChanged

CONSUMER = "notifier"
"""The name under which it acknowledges batches of the feed."""


class Notifier:
    """A source of Events too: outcomes. ``appends`` leads to the ledger and stays open until the notifier has ended. ``table``
    gives the notifications of the stage by their ids. ``clock`` gives the time, aware UTC."""

    def __init__(
        self,
        settings: NotifierSettings,
        channels: Channels,
        feed: Feed,
        appends: AppendSender,
        *,
        table: Table,
        write: Write,
        metrics: Metrics,
        clock: Callable[[], datetime],
        random: Random | None = None,
    ) -> None:
        self._settings, self._channels, self._feed, self._table = settings, channels, feed, table
        self._write, self._metrics, self._clock, self._random = write, metrics, clock, random or Random()
        self._outcomes = Outcomes(appends)
        self._delivery: Delivery | None = None

    def reconfigure(self, settings: NotifierSettings, channels: Channels) -> None:
        """Other settings and channels from the next attempt on; the number of workers of a lane stays."""
        self._settings, self._channels = settings, channels
        if self._delivery is not None:
            self._delivery.reconfigure(settings, channels)

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Deliver until cancelled, or until the feed has ended. What waits then is in the stage's state."""
        delivery = self._delivery = Delivery(
            self._settings,
            self._channels,
            self._outcomes,
            table=self._table,
            write=self._write,
            metrics=self._metrics,
            clock=self._clock,
            random=self._random,
        )
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(delivery.run)
                task_status.started()
                await self._follow(delivery)
                nursery.cancel_scope.cancel()
        finally:
            self._delivery = None

    async def _follow(self, delivery: Delivery) -> None:
        seq = self._feed.last
        delivery.take_all()

        def ring(change: Change) -> None:
            if isinstance(change, NotificationChanged):
                delivery.changed(change.notification)

        await follow_feed(self._feed, CONSUMER, seq, ring)

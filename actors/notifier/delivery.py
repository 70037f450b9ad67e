"""The delivery engine: it knows every notification that waits, hands each to its lane, and reports what became of it.

The stage ``dispatcher`` holds what waits, and folds the outcomes. So the engine keeps nothing on disk. It remembers a
notification until the stage says that it waits no longer: until then it is not delivered a second time.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random

import structlog
import trio

from actors.metrics import Metrics
from actors.notifier.channel import DeliveryChannel
from actors.notifier.lane import Lane, LaneLimits, Write
from actors.notifier.lane_queue import HeldNotification
from actors.notifier.outcomes import MessageOutcome, Outcomes, failed
from actors.notifier.settings import NotifierSettings
from protocols.dispatch.notification import DispatchedNotification

log = structlog.get_logger()

CLOSE_SECONDS = 5.0
"""Time for the attempts under way, and for their outcomes, when the notifier ends."""

Table = Callable[[], Mapping[str, DispatchedNotification]]
Channels = Mapping[str, DeliveryChannel]


def lane_of(notification: DispatchedNotification) -> str:
    """The lane that delivers it: its channel, and for a webhook its name too."""
    return f"webhook:{notification.address}" if notification.channel == "webhook" else notification.channel


class Delivery:
    """``table`` gives the notifications of the stage by their ids. ``write`` makes the text of a message. ``clock`` gives the
    time, aware UTC; ``random`` spreads the attempts."""

    def __init__(
        self,
        settings: NotifierSettings,
        channels: Channels,
        outcomes: Outcomes,
        *,
        table: Table,
        write: Write,
        metrics: Metrics,
        clock: Callable[[], datetime],
        random: Random,
    ) -> None:
        self._settings, self._outcomes, self._table = settings, outcomes, table
        self._write, self._metrics, self._clock, self._random = write, metrics, clock, random
        self._held: dict[str, HeldNotification] = {}
        self._left_out: set[str] = set()
        """Names of lanes that had no room for all that waits."""
        self._nursery: trio.Nursery | None = None
        self._working: dict[str, trio.CancelScope] = {}
        self.lanes = {name: self._lane(name, channel) for name, channel in channels.items()}

    async def run(self) -> None:
        """Deliver until cancelled. Attempts under way then have :data:`CLOSE_SECONDS`, and so have their outcomes."""
        recording = trio.CancelScope(shield=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._record, recording)
            try:
                async with trio.open_nursery() as lanes:
                    self._nursery = lanes
                    lanes.start_soon(self._hurry_at_the_end)
                    for lane in self.lanes.values():
                        self._start(lane)
            finally:
                self._nursery = None
                with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_SECONDS):
                    await self._outcomes.until_recorded()
                recording.cancel()

    def take_all(self) -> None:
        """Take everything that waits in the stage, in the order of the decisions."""
        waiting = [notification for notification in self._table().values() if notification.waits]
        for notification in sorted(waiting, key=_order):
            self.take(notification)

    def changed(self, notification: DispatchedNotification) -> None:
        """The stage decided something about a notification, maybe a while ago. What it says now is what counts."""
        if not notification.waits:
            self._forget(notification)
        current = self._table().get(notification.id)
        if current is not None and current.waits:
            self.take(current)

    def take(self, notification: DispatchedNotification) -> None:
        """Deliver it, unless it is in hand already or has ended and the stage does not know yet."""
        if self._outcomes.ended(notification.id):
            return
        held = self._held.get(notification.id)
        if held is not None:
            if held.phase == "waiting":
                held.notification = notification
            return
        name = lane_of(notification)
        lane = self.lanes.get(name)
        if lane is None:
            self._refuse(notification, f"{name} is not configured")
        elif lane.full:
            self._left_out.add(name)
        else:
            now = trio.current_time()
            held = self._held[notification.id] = HeldNotification(notification, now, self._give_up_at(notification, now))
            lane.put(held)

    def reconfigure(self, settings: NotifierSettings, channels: Channels) -> None:
        """Other settings and channels from the next attempt on. A lane keeps its workers, and what it holds."""
        self._settings = settings
        for name in [name for name in self.lanes if name not in channels]:
            lane = self.lanes.pop(name)
            if name in self._working:
                self._working.pop(name).cancel()
            for held in [each for each in lane.queue if each.phase == "waiting"]:
                del self._held[held.id]
                self._refuse(held.notification, f"{name} is no longer configured")
        for name, channel in channels.items():
            if name in self.lanes:
                self.lanes[name].reconfigure(channel, self._limits())
            else:
                self.lanes[name] = self._lane(name, channel)
                self._start(self.lanes[name])

    def _lane(self, name: str, channel: DeliveryChannel) -> Lane:
        return Lane(
            name,
            channel,
            self._limits(),
            write=self._write,
            thread_detail=self._thread_detail,
            report=self._report,
            clock=self._clock,
            metrics=self._metrics,
            random=self._random,
        )

    def _limits(self) -> LaneLimits:
        settings = self._settings
        return LaneLimits(settings.attempt_seconds, settings.concurrency, settings.queue)

    def _start(self, lane: Lane) -> None:
        if self._nursery is not None:
            self._working[lane.name] = trio.CancelScope()
            self._nursery.start_soon(self._work, lane, self._working[lane.name])

    async def _work(self, lane: Lane, scope: trio.CancelScope) -> None:
        with scope:
            async with trio.open_nursery() as workers:
                for _ in range(lane.limits.concurrency):
                    workers.start_soon(lane.work)

    async def _hurry_at_the_end(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            deadline = trio.current_time() + CLOSE_SECONDS
            for lane in self.lanes.values():
                lane.hurry(deadline)

    async def _record(self, scope: trio.CancelScope) -> None:
        with scope:
            await self._outcomes.run()

    def _report(self, held: HeldNotification, outcome: MessageOutcome) -> None:
        self._outcomes.report(outcome, held.notification.revision)
        if held.phase != "ended":
            return
        self._held.pop(held.id, None)
        name = lane_of(held.notification)
        lane = self.lanes.get(name)
        if name in self._left_out and lane is not None and len(lane.queue) <= lane.limits.room // 2:
            self._left_out.discard(name)
            self.take_all()

    def _refuse(self, notification: DispatchedNotification, error: str) -> None:
        log.warning("notification given up", notification=notification.id, error=error)
        self._metrics.notification_attempts.labels(notification.channel, "dead").inc()
        self._outcomes.report(failed(notification, notification.attempts, error, dead=True), notification.revision)

    def _forget(self, notification: DispatchedNotification) -> None:
        self._outcomes.forget(notification.id, notification.revision)
        held = self._held.get(notification.id)
        if held is not None and held.phase == "waiting" and held.notification.revision < notification.revision:
            del self._held[held.id]
            self.lanes[lane_of(held.notification)].withdraw(held)

    def _give_up_at(self, notification: DispatchedNotification, now: float) -> float:
        """A notification has all its time from the first attempt on, and from a resend on; one that was tried before a restart
        has what is left."""
        spent = (self._clock() - notification.created_at).total_seconds() if notification.status == "failed" else 0.0
        return now + max(0.0, self._settings.give_up_seconds - max(0.0, spent))

    def _thread_detail(self, notification: DispatchedNotification) -> Mapping[str, object]:
        first = self._table().get(notification.thread) if notification.thread != notification.id else None
        return {} if first is None else first.detail


def _order(notification: DispatchedNotification) -> tuple[datetime, int, int]:
    """By the time of the decision, then by the number in the id: ``N17`` before ``N17.1`` before ``N18``."""
    offset, _, number = notification.id.lstrip("N").partition(".")
    return notification.created_at, _number(offset), _number(number)


def _number(digits: str) -> int:
    return int(digits) if digits.isdecimal() else 0

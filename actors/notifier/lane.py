"""A lane: one channel, or one webhook, with a queue, workers, a circuit breaker and a time limit of its own. A far end that is
slow or dead holds up its own lane alone."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from random import Random

import structlog
import trio

from actors.delivery_failed import DeliveryFailed
from actors.isolation import leaves, place
from actors.metrics import Metrics
from actors.notifier.breaker import Breaker, BreakerState
from actors.notifier.channel import Delivered, DeliveryChannel, MessageText, OutgoingMessage
from actors.notifier.lane_queue import NEVER, HeldNotification, LaneQueue
from actors.notifier.outcomes import MessageOutcome, failed, sent
from actors.retry import as_asked, back_off
from protocols.dispatch.notification import DispatchedNotification

log = structlog.get_logger()

_LONGEST_TEXT = 500
_BREAKER_VALUES: dict[BreakerState, int] = {"closed": 0, "half_open": 1, "open": 2}

Write = Callable[[DispatchedNotification], Awaitable[MessageText]]
ThreadDetail = Callable[[DispatchedNotification], Mapping[str, object]]


class LaneLimits:
    """``attempt_seconds`` for one attempt, ``concurrency`` attempts at a time, ``room`` for notifications in memory."""

    def __init__(self, attempt_seconds: float, concurrency: int, room: int) -> None:
        self.attempt_seconds, self.concurrency, self.room = attempt_seconds, concurrency, room


class Lane:
    """``report`` takes outcomes and never waits. ``clock`` gives the time, aware UTC."""

    def __init__(
        self,
        name: str,
        channel: DeliveryChannel,
        limits: LaneLimits,
        *,
        write: Write,
        thread_detail: ThreadDetail,
        report: Callable[[HeldNotification, MessageOutcome], None],
        clock: Callable[[], datetime],
        metrics: Metrics,
        random: Random,
    ) -> None:
        self.name, self.channel, self.limits = name, channel, limits
        self.queue = LaneQueue(channel.pace_seconds, paces_addresses=channel.paces_addresses)
        self.breaker = Breaker()
        self._write, self._thread_detail, self._report = write, thread_detail, report
        self._clock, self._metrics, self._random = clock, metrics, random
        self._bell = trio.Event()
        self._not_before = 0.0
        """The far end asked to be left alone until then."""
        self._scopes: set[trio.CancelScope] = set()
        self._shown: BreakerState = "closed"
        metrics.notifier_breaker.labels(name).set(_BREAKER_VALUES[self._shown])
        metrics.notifications_waiting.labels(name).set_function(lambda: len(self.queue))
        metrics.notifications_oldest.labels(name).set_function(self._oldest)

    @property
    def full(self) -> bool:
        return len(self.queue) >= self.limits.room

    def reconfigure(self, channel: DeliveryChannel, limits: LaneLimits) -> None:
        """Use them from the next attempt on."""
        self.channel, self.limits = channel, limits
        self.queue.pace_seconds = channel.pace_seconds
        self.ring()

    def put(self, held: HeldNotification) -> None:
        """Deliver it, when it is its turn."""
        self.queue.put(held)
        self.ring()

    def withdraw(self, held: HeldNotification) -> None:
        """It is not to be delivered any more. It must not be under way."""
        self.queue.remove(held)
        self.ring()

    def ring(self) -> None:
        """Let the workers look again."""
        self._bell.set()

    def _oldest(self) -> float:
        """Seconds since the decision about the notification that waits longest."""
        first = min((held.notification.created_at for held in self.queue), default=None)
        return 0.0 if first is None else max(0.0, (self._clock() - first).total_seconds())

    def hurry(self, deadline: float) -> None:
        """The attempts under way have until ``deadline`` (trio's clock)."""
        for scope in self._scopes:
            scope.deadline = min(scope.deadline, deadline)

    async def work(self) -> None:
        """One worker: an attempt after the other, until cancelled. The attempt under way is finished first; :meth:`hurry`
        bounds that."""
        while True:
            held = await self._next()
            with trio.CancelScope(shield=True) as scope:
                self._scopes.add(scope)
                try:
                    await self._attempt(held)
                finally:
                    self._scopes.discard(scope)

    async def _next(self) -> HeldNotification:
        while True:
            await trio.lowlevel.checkpoint()
            now = trio.current_time()
            wakes = max(self.queue.next_at(), self._not_before)
            if wakes <= now:
                if self.breaker.admits(now):
                    held = self.queue.take(now)
                    if held is not None:
                        self._show_breaker()
                        return held
                    self.breaker.undecided(now)
                    continue
                wakes = self.breaker.until if self.breaker.state == "open" else NEVER
            if self._bell.is_set():
                self._bell = trio.Event()
            with trio.move_on_at(wakes):
                await self._bell.wait()

    async def _attempt(self, held: HeldNotification) -> None:
        notification = held.notification
        held.attempts += 1
        try:
            delivered = await self._deliver(notification)
        except DeliveryFailed as error:
            self._failed(held, error)
        else:
            self._sent(held, delivered)
        self._show_breaker()
        self.ring()

    async def _deliver(self, notification: DispatchedNotification) -> Delivered:
        """Raises DeliveryFailed, also for an error in the channel's own code: such a message must not stop the others."""
        seconds = self.limits.attempt_seconds
        try:
            with trio.move_on_after(seconds):
                text = await self._write(notification)
                detail = dict(self._thread_detail(notification))
                delivered = await self.channel.deliver(
                    OutgoingMessage(notification=notification, text=text, at=self._clock(), thread_detail=detail)
                )
                return Delivered(f"{delivered.answer}; {text.note}", delivered.detail) if text.note else delivered
        except DeliveryFailed:
            raise
        except Exception as error:
            # Its text may quote a secret.
            errors = [f"{type(one).__name__} in {place(one)}" for one in leaves(error)]
            log.error("a channel failed by an error of its own", channel=self.name, notification=notification.id, errors=errors)
            raise DeliveryFailed(f"an error in faultd: {type(error).__name__}") from error
        raise DeliveryFailed(f"no answer within {seconds:g} s")

    def _sent(self, held: HeldNotification, delivered: Delivered) -> None:
        self.breaker.worked()
        held.phase = "ended"
        self.queue.remove(held)
        self._metrics.notification_attempts.labels(self.name, "sent").inc()
        self._report(held, sent(held.notification, held.attempts, self._plain(delivered.answer), delivered.detail))

    def _failed(self, held: HeldNotification, error: DeliveryFailed) -> None:
        now = trio.current_time()
        held.last_error = self._plain(error.error)
        if error.permanent:
            self.breaker.worked()
            self._give_up(held, held.last_error)
            return
        if error.retry_after is None:
            self.breaker.failed(now)
            due = now + back_off(held.attempts, self._random)
        else:
            self.breaker.undecided(now)
            due = self._not_before = now + as_asked(error.retry_after, self._random)
        if due > held.give_up_at:
            self._give_up(held, held.last_error)
        else:
            self.queue.again(held, due)
            self._metrics.notification_attempts.labels(self.name, "failed").inc()
            self._report(held, failed(held.notification, held.attempts, held.last_error, dead=False))
        if self.breaker.state == "open":
            self._expire(now)

    def _expire(self, now: float) -> None:
        """Give up those that have waited too long, without an attempt: the channel has just shown that it does not work."""
        for held in [each for each in self.queue if each.phase == "waiting" and each.give_up_at <= now]:
            self._give_up(held, held.last_error or "the channel does not work")

    def _give_up(self, held: HeldNotification, error: str) -> None:
        held.phase = "ended"
        self.queue.remove(held)
        self._metrics.notification_attempts.labels(self.name, "dead").inc()
        log.warning("notification given up", channel=self.name, notification=held.id, attempts=held.attempts, error=error)
        self._report(held, failed(held.notification, held.attempts, error, dead=True))

    def _plain(self, text: str) -> str:
        """One line without secrets."""
        for secret in self.channel.secrets:
            text = text.replace(secret, "***")
        line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 3] + "..."

    def _show_breaker(self) -> None:
        state, before = self.breaker.state, self._shown
        if state == before:
            return
        self._shown = state
        self._metrics.notifier_breaker.labels(self.name).set(_BREAKER_VALUES[state])
        if state == "closed":
            log.info("channel works again", channel=self.name)
        elif before == "closed":
            log.warning("channel fails again and again and is left alone for a while", channel=self.name)

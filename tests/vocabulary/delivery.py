"""A notifier between a ledger and far ends that tests script: the stage's table, the feed, and the fold of outcomes."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import trio
from msgspec.structs import replace

from actors.delivery_failed import DeliveryFailed
from actors.mailbox import Append, EndOfFeed, LedgerUnavailable
from actors.metrics import Metrics
from actors.notifier.acknowledge_links import AcknowledgeLinks
from actors.notifier.actor import Notifier
from actors.notifier.channel import Delivered, DeliveryChannel, OutgoingMessage
from actors.notifier.settings import NotifierSettings
from actors.notifier.template_process import TemplateRenderer
from actors.notifier.writer import MessageWriter
from protocols.dispatch.changes import NotificationChanged
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.outcomes import MessageFailed, MessageSent
from protocols.event import Event
from protocols.ledger import RecordedBatch

AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def dispatched(number: int = 17, **fields: Any) -> DispatchedNotification:
    """A notification by mail that nobody has tried yet."""
    given: dict[str, Any] = {
        "id": f"N{number}",
        "tenant_id": "isp",
        "subject": "alarm:00000000-0000-0000-0000-000000000017",
        "alarm_ids": ("00000000-0000-0000-0000-000000000017",),
        "policy": "file:default",
        "channel": "email",
        "to": "CT1",
        "to_name": "Ann",
        "address": "ann@example.net",
        "kind": "raised",
        "facts": {
            "causes": [
                {
                    "severity": "critical",
                    "title": "Feeder cut",
                    "alarm_id": "A17",
                    "resource_name": "OLT-1 PON 1/2",
                    "customer_count": 128,
                    "since": 1_772_334_000_000_000,
                    "state": "open",
                }
            ],
            "count": 1,
            "others": 0,
            "policy": "default",
        },
        "reason": "open for 30 s",
        "created_at": AT,
    }
    return DispatchedNotification(**(given | fields))


class ScriptedChannel:
    """A far end: ``script`` has what each attempt comes to, the last entry over and over. ``seen`` has each attempt with its
    time in seconds."""

    secrets: tuple[str, ...] = ()

    def __init__(
        self,
        *script: Delivered | Exception | Callable[[OutgoingMessage], Awaitable[Delivered]],
        pace_seconds: float = 0.0,
        paces_addresses: bool = True,
    ) -> None:
        self.pace_seconds, self.paces_addresses = pace_seconds, paces_addresses
        self._script = list(script) or [Delivered("250 ok")]
        self.seen: list[tuple[float, OutgoingMessage]] = []
        self.most_at_once = self._at_once = 0

    @property
    def ids(self) -> list[str]:
        return [message.notification.id for _, message in self.seen]

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.seen]

    async def deliver(self, message: OutgoingMessage) -> Delivered:
        self.seen.append((trio.current_time(), message))
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await trio.lowlevel.checkpoint()
            if isinstance(step, Exception):
                raise step
            return step if isinstance(step, Delivered) else await step(message)
        finally:
            self._at_once -= 1


def hangs(seconds: float = float("inf")) -> Callable[[OutgoingMessage], Awaitable[Delivered]]:
    """A far end that answers after ``seconds``."""

    async def deliver(_message: OutgoingMessage) -> Delivered:
        await trio.sleep(seconds)
        return Delivered("late")

    return deliver


TEMPORARY = DeliveryFailed("451 try later")
PERMANENT = DeliveryFailed("550 no such mailbox", permanent=True)


class DeliveryHouse:
    """The stage's ``table``, a ledger that takes outcomes (or, while ``refuses``, does not), and the feed. Its fold is that of
    the dispatcher as far as a notification goes."""

    def __init__(self, channels: dict[str, DeliveryChannel], settings: NotifierSettings | None = None) -> None:
        self.channels, self.settings = channels, settings or NotifierSettings()
        self.table: dict[str, DispatchedNotification] = {}
        self.outcomes: list[MessageSent | MessageFailed] = []
        self.refuses = False
        self.folds = True
        self.metrics = Metrics()
        self.acknowledged: list[int] = []
        self._batches: list[RecordedBatch] = []
        self._moved = trio.Event()
        self._began = 0.0
        self.notifier = self.another()

    def another(self) -> Notifier:
        """A notifier without memory, as another process has it. What the ledger has not read by now is lost."""
        self._appends, self._appended = trio.open_memory_channel[Append](16)
        return Notifier(
            self.settings,
            self.channels,
            self,
            self._appends,
            table=lambda: self.table,
            write=MessageWriter(TemplateRenderer({}), self.metrics, AcknowledgeLinks("", b"")).write,
            metrics=self.metrics,
            clock=self.clock,
            random=Random(7),
        )

    def clock(self) -> datetime:
        """The time of the test from :data:`AT` on."""
        return AT + timedelta(seconds=trio.current_time() - self._began)

    def sent(self) -> list[str]:
        """Ids of the notifications whose sending is recorded, in order."""
        return [outcome.notification_id for outcome in self.outcomes if isinstance(outcome, MessageSent)]

    def dead(self) -> list[str]:
        """Ids of those that were given up."""
        return [outcome.notification_id for outcome in self.outcomes if isinstance(outcome, MessageFailed) and outcome.dead]

    def decide(self, *notifications: DispatchedNotification) -> None:
        """The stage decided these; they are in its table and on the feed."""
        for each in notifications:
            self.table[each.id] = each
        self.publish(*notifications)

    def publish(self, *notifications: DispatchedNotification) -> None:
        """On the feed only."""
        seq = len(self._batches) + 1
        self._batches.append(RecordedBatch(seq, seq, [NotificationChanged(seq, each) for each in notifications]))
        self._moved.set()
        self._moved = trio.Event()

    async def ledger(self) -> None:
        """Take outcomes and fold them."""
        self._began = trio.current_time()
        async for append in self._appended:
            assert append.committed is not None
            if self.refuses:
                append.committed.fail(LedgerUnavailable())
                continue
            append.committed.give(len(self.outcomes))
            for event in append.events:
                self._fold(event)

    def _fold(self, event: Event) -> None:
        assert isinstance(event, (MessageSent, MessageFailed))
        self.outcomes.append(event)
        if self.folds:
            before = self.table[event.notification_id]
            now = replace(before, attempts=event.attempts, revision=before.revision + 1)
            if isinstance(event, MessageSent):
                now = replace(now, status="sent", answer=event.answer, detail=event.detail)
            else:
                now = replace(now, status="dead" if event.dead else "failed", answer=event.error)
            self.decide(now)

    # --- the feed ---

    @property
    def last(self) -> int:
        return len(self._batches)

    async def after(self, seq: int, limit: int = 256) -> Sequence[RecordedBatch]:
        while len(self._batches) <= seq:
            await self._moved.wait()
        await trio.lowlevel.checkpoint()
        return self._batches[seq : seq + limit]

    @contextmanager
    def reading(self, consumer: str) -> Iterator[int]:
        raise EndOfFeed(consumer)
        yield 0

    async def acknowledge(self, consumer: str, seq: int) -> None:
        assert consumer == "notifier"
        self.acknowledged.append(seq)
        await trio.lowlevel.checkpoint()

"""A ticketer among parts of a test: the stage's tickets, a ledger that folds outcomes, the feed, and a desk in memory."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import trio
from msgspec.structs import replace

from actors.delivery_failed import DeliveryFailed
from actors.mailbox import Append, EndOfFeed
from actors.metrics import Metrics
from actors.ticketer.actor import Ticketer
from actors.ticketer.desk import DeskNote, DeskTicket, TicketDesk
from actors.ticketer.settings import TicketerSettings
from actors.ticketer.webhook import DeskWebhook
from protocols.dispatch.changes import TicketUpdated
from protocols.dispatch.outcomes import TicketChanged, TicketFailed, TicketOpened
from protocols.dispatch.ticket import TaskKind, Ticket, TicketTask
from protocols.ledger import RecordedBatch

AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
LEDGER = "0123456789abcdef"
MARK = "01234567-TK1"


def task(number: int, kind: TaskKind = "comment", **fields: Any) -> TicketTask:
    """A task with a comment of its own."""
    return TicketTask(number=number, kind=kind, text=fields.pop("text", f"{kind} {number}"), **fields)


def ticket(number: int = 1, *tasks: TicketTask, **fields: Any) -> Ticket:
    """A ticket of the desk ``rest`` that is to be made, unless ``tasks`` say otherwise."""
    named: dict[str, Any] = {
        "id": f"TK{number}",
        "number": number,
        "tenant_id": "isp",
        "desk": "rest",
        "title": "olt-1 down",
        "description": "128 customers",
        "category": "device.down",
        "alarm_ids": ("00000000-0000-0000-0000-000000000017",),
        "subject": "alarm:00000000-0000-0000-0000-000000000017",
        "circuits": ("SVC-1", "SVC-2"),
        "affected_subscribers": 128,
        "tasks": tasks or (task(1, "create"),),
        "opened_at": AT,
    }
    return Ticket(**(named | fields))


class MemoryDesk:
    """A desk in memory. ``lag``: seconds until its search knows a new ticket. ``steps``: faults of its calls in turn:
    ``refuse`` (for good), ``fail``, ``lose`` (done, and no answer comes), ``hang`` (done, and it never answers)."""

    searches = True
    secrets: tuple[str, ...] = ("open sesame",)

    def __init__(self, *steps: str, lag: float = 0.0) -> None:
        self.steps, self.lag = list(steps), lag
        self.made: list[tuple[float, str]] = []
        """Time and mark of each ticket; its key is its place from 1 on."""
        self.done: list[tuple[str, str, str]] = []
        """Key, kind of the task and comment."""
        self.changes: dict[str, DeskTicket] = {}
        self.shown: dict[str, DeskTicket] = {}
        """What a read answers; without an entry, what faultd wrote."""
        self.calls: list[str] = []
        self.linked: list[tuple[str, str]] = []
        """For each change the key of the ticket, and of the one to link."""
        self.at_once = self.most_at_once = 0

    async def find(self, mark: str) -> DeskTicket | None:
        self.calls.append("find")
        known = [
            number for number, (at, made) in enumerate(self.made, 1) if made == mark and at + self.lag <= trio.current_time()
        ]
        await trio.sleep(0.01)
        return DeskTicket(key=str(known[0])) if known else None

    async def create(self, ticket: Ticket, mark: str) -> DeskTicket:
        self.calls.append("create")
        await self._step(lambda: self.made.append((trio.current_time(), mark)))
        return DeskTicket(key=str(len(self.made)), url=f"http://desk/{len(self.made)}")

    async def change(self, ticket: Ticket, task: TicketTask, comment: str, related: str = "") -> None:
        self.calls.append(task.kind)
        self.linked.append((ticket.key, related))
        await self._step(lambda: self.done.append((ticket.key, task.kind, comment)))

    async def read(self, key: str) -> DeskTicket:
        self.calls.append("read")
        await trio.sleep(0.01)
        if key in self.shown:
            return self.shown[key]
        notes = [text for of, _, text in self.done if of == key]
        return DeskTicket(key=key, notes=tuple(DeskNote(id=str(n), text=text) for n, text in enumerate(notes)))

    async def changed(self, since: datetime, keys: Sequence[str]) -> list[tuple[str, DeskTicket]]:
        await trio.sleep(0.01)
        return [(key, self.changes[key]) for key in keys if key in self.changes]

    async def _step(self, effect: Any) -> None:
        step = self.steps.pop(0) if self.steps else ""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await trio.sleep(1.0)
            if step == "refuse":
                raise DeliveryFailed("422 no such queue: open sesame", permanent=True)
            if step == "fail":
                raise DeliveryFailed("503 busy")
            effect()
            if step == "lose":
                raise DeliveryFailed("connection reset")
            if step == "hang":
                await trio.sleep_forever()
        finally:
            self.at_once -= 1


class TicketHouse:
    """The stage's tickets, a ledger that takes outcomes (not while ``deaf``), and the feed. Its fold is that of the dispatcher
    as far as a ticket goes."""

    def __init__(self, desk: TicketDesk, settings: TicketerSettings | None = None, name: str = "rest") -> None:
        self.desk, self.name = desk, name
        self.settings = settings or TicketerSettings(poll_seconds=0)
        self.tickets: dict[str, Ticket] = {}
        self.outcomes: list[TicketOpened | TicketChanged | TicketFailed] = []
        self.deaf = False
        self.webhook = DeskWebhook(())
        self.clock: Callable[[], datetime] = lambda: AT + timedelta(seconds=trio.current_time())
        self.metrics = Metrics()
        self._batches: list[RecordedBatch] = []
        self._moved = trio.Event()
        self.ticketer = self.another()

    def another(self) -> Ticketer:
        """A ticketer without memory, as another process has it. Outcomes that the ledger has not read are lost."""
        self._appends, self._appended = trio.open_memory_channel[Append](16)
        return Ticketer(
            self.settings,
            {self.name: self.desk},
            self,
            self._appends,
            tickets=lambda: self.tickets,
            installation=LEDGER,
            metrics=self.metrics,
            clock=lambda: self.clock(),
            random=Random(7),
            webhook=self.webhook,
        )

    async def live(self, seconds: float) -> None:
        """Let a new ticketer run for ``seconds``, then end it."""
        self.ticketer = self.another()
        async with trio.open_nursery() as nursery:
            await nursery.start(self.start, nursery)
            await trio.sleep(seconds)
            nursery.cancel_scope.cancel()

    async def start(self, nursery: trio.Nursery, *, task_status: trio.TaskStatus[None]) -> None:
        """Start the ledger and the ticketer in ``nursery``."""
        nursery.start_soon(self._ledger)
        await nursery.start(self.ticketer.run)
        task_status.started()

    def want(self, *tickets: Ticket) -> None:
        """The stage decided these; they are in its table and on the feed."""
        for each in tickets:
            self.tickets[each.id] = each
        seq = len(self._batches) + 1
        self._batches.append(RecordedBatch(seq, seq, [TicketUpdated(seq, each) for each in tickets]))
        self._moved.set()
        self._moved = trio.Event()

    async def _ledger(self) -> None:
        async for append in self._appended:
            assert append.committed is not None
            if self.deaf:
                continue
            append.committed.give(len(self.outcomes))
            for event in append.events:
                assert isinstance(event, (TicketOpened, TicketChanged, TicketFailed))
                self.outcomes.append(event)
                self._fold(event)

    def _fold(self, event: TicketOpened | TicketChanged | TicketFailed) -> None:
        before = self.tickets[event.ticket_id]
        if isinstance(event, TicketFailed):
            tasks = tuple(
                replace(each, attempts=event.attempts, error=event.error, dead=event.dead)
                if each.number == event.task
                else each
                for each in before.tasks
            )
            self.want(replace(before, tasks=tasks, revision=before.revision + 1))
            return
        state = event.state if isinstance(event, TicketChanged) else "open"
        self.want(
            replace(
                before,
                tasks=tuple(each for each in before.tasks if each.number != event.task),
                key=event.key,
                url=event.url,
                state=state or before.state,
                revision=before.revision + 1,
            )
        )

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
        assert consumer == "ticketer"
        await trio.lowlevel.checkpoint()

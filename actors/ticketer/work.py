"""The work at the desk: the tasks of a ticket in their order, one at a time; tickets side by side.

The stage ``dispatcher`` holds the tasks, and folds the outcomes. So nothing is kept on disk here. A task that was done stays in
hand until the stage has folded that.
"""

from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Final

import structlog
import trio

from actors.delivery_failed import DeliveryFailed
from actors.isolation import leaves, place
from actors.metrics import Metrics
from actors.outcome_queue import OutcomeQueue
from actors.retry import as_asked, back_off
from actors.ticketer.desk import TicketDesk, mark_of
from actors.ticketer.failures import ToldFailures
from actors.ticketer.outcomes import TicketOutcome, brought_back, changed, failed, opened
from actors.ticketer.own_comment import is_of_task, signed
from actors.ticketer.settings import TicketerSettings
from protocols.dispatch.ticket import Ticket, TicketTask

log = structlog.get_logger()

CLOSE_SECONDS: Final = 5.0
"""Time for the attempts under way, and for their outcomes, when the ticketer ends."""
SEARCH_SECONDS: Final = 5.0
"""Between two searches for a ticket that may have been made."""
MERGED_SECONDS: Final = 1.0
"""Until a ticket of which the stage has to hear first that it was merged is looked at again."""
MOST_IN_HAND: Final = 10_000
"""Tickets in memory. Others wait in the dispatcher's state."""
_LONGEST_TEXT: Final = 500

Desks = Mapping[str, TicketDesk]
Tickets = Callable[[], Mapping[str, Ticket]]
OutcomeKey = tuple[str, int | str]
"""The id of a ticket, with the number of a task or the desk's id of a change."""


class _InHand:
    """A ticket on which a worker is. Times are trio's clock, in seconds."""

    __slots__ = ("awaited", "bell", "due", "failures", "tried", "uncertain_since")

    def __init__(self, uncertain_since: float | None) -> None:
        self.uncertain_since = uncertain_since
        """The desk may have been asked before, at this time or earlier, for what this ticket's task wants; None: it was not."""
        self.awaited: int | None = None
        """The task whose end is reported and not folded yet."""
        self.due = 0.0
        self.tried: dict[int, int] = {}
        """Failed attempts by task, as far as they are not folded."""
        self.failures = ToldFailures()
        self.bell = trio.Event()


class TicketWork:
    """``tickets`` gives those of the stage by their ids. ``installation`` tells this faultd from others. ``random`` spreads the
    attempts."""

    def __init__(
        self,
        settings: TicketerSettings,
        desks: Desks,
        outcomes: OutcomeQueue[OutcomeKey],
        *,
        tickets: Tickets,
        installation: str,
        metrics: Metrics,
        random: Random,
    ) -> None:
        self._settings, self._desks, self._outcomes, self._tickets = settings, desks, outcomes, tickets
        self._installation, self._metrics, self._random = installation, metrics, random
        self._in_hand: dict[str, _InHand] = {}
        self._left_out = False
        self._at_once = trio.CapacityLimiter(settings.concurrency)
        self._attempts: set[trio.CancelScope] = set()
        self._nursery: trio.Nursery | None = None
        metrics.tickets_in_hand.set_function(lambda: len(self._in_hand))

    async def run(self) -> None:
        """Work until cancelled. Attempts under way then have :data:`CLOSE_SECONDS`, and so have their outcomes."""
        recording = trio.CancelScope(shield=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._record, recording)
            try:
                async with trio.open_nursery() as workers:
                    self._nursery = workers
                    workers.start_soon(self._hurry_at_the_end)
                    self.take_all(uncertain=True)
            finally:
                self._nursery = None
                with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_SECONDS):
                    await self._outcomes.until_recorded()
                recording.cancel()

    def reconfigure(self, settings: TicketerSettings, desks: Desks) -> None:
        """Other settings and desks from the next attempt on."""
        self._settings, self._desks = settings, desks
        self._at_once.total_tokens = settings.concurrency

    def take_all(self, *, uncertain: bool) -> None:
        """Take every ticket with something to do. ``uncertain``: an earlier run may have been at it."""
        self._left_out = False
        for ticket in sorted(self._tickets().values(), key=lambda each: each.number):
            self._take(ticket, uncertain=uncertain)

    def changed(self, ticket: Ticket) -> None:
        """The stage decided something about a ticket, maybe a while ago. What it says now is what is done."""
        held = self._in_hand.get(ticket.id)
        if held is None:
            current = self._tickets().get(ticket.id)
            if current is not None:
                self._take(current, uncertain=False)
        elif held.awaited is not None and not _waits(ticket, held.awaited):
            held.awaited = None
            held.bell.set()

    def _take(self, ticket: Ticket, *, uncertain: bool) -> None:
        if self._nursery is None or ticket.id in self._in_hand or next_task(ticket) is None:
            return
        if len(self._in_hand) >= MOST_IN_HAND:
            self._left_out = True
            return
        held = self._in_hand[ticket.id] = _InHand(trio.current_time() if uncertain else None)
        self._nursery.start_soon(self._work, ticket.id, held)

    async def _work(self, ticket_id: str, held: _InHand) -> None:
        while True:
            ticket = self._tickets().get(ticket_id)
            task = next_task(ticket) if ticket is not None else None
            if ticket is None or task is None:
                break
            if task.number == held.awaited:
                held.bell = trio.Event()
                await held.bell.wait()
                continue
            held.awaited = None
            async with self._at_once:
                await self._attempt(held, ticket, task)
            await trio.sleep_until(held.due)
        del self._in_hand[ticket_id]
        if self._left_out and len(self._in_hand) <= MOST_IN_HAND // 2:
            self.take_all(uncertain=True)

    async def _attempt(self, held: _InHand, ticket: Ticket, task: TicketTask) -> None:
        held.due = trio.current_time()
        attempts = max(task.attempts, held.tried.get(task.number, 0)) + 1
        try:
            outcome = await self._within_the_time(partial(self._do, held, ticket, task))
        except DeliveryFailed as error:
            self._failed(held, ticket, task, attempts, error)
            return
        if outcome is not None:
            held.uncertain_since = None
            self._ended(held, ticket, task, outcome, "done")

    async def _within_the_time(self, attempt: Callable[[], object]) -> TicketOutcome | None:
        """Raises DeliveryFailed, also for an error in the desk's own code: such a ticket must not stop the others."""
        seconds = self._settings.attempt_seconds
        scope = trio.CancelScope(shield=True, deadline=trio.current_time() + seconds)
        self._attempts.add(scope)
        try:
            with scope:
                return await attempt()  # type: ignore[misc, no-any-return]
        except DeliveryFailed:
            raise
        except Exception as error:
            # Its text may quote a secret.
            log.error(
                "a desk failed by an error of its own", errors=[f"{type(e).__name__} in {place(e)}" for e in leaves(error)]
            )
            raise DeliveryFailed(f"an error in faultd: {type(error).__name__}") from error
        finally:
            self._attempts.discard(scope)
        raise DeliveryFailed(f"no answer within {seconds:g} s")

    async def _do(self, held: _InHand, ticket: Ticket, task: TicketTask) -> TicketOutcome | None:
        """The outcome of the task; None: it is not its time yet. Raises DeliveryFailed."""
        desk = self._desks.get(ticket.desk)
        if desk is None:
            raise DeliveryFailed(f"the desk {ticket.desk} is not configured", permanent=True)
        mark = mark_of(self._installation, ticket)
        if task.kind == "create":
            return await self._create(held, desk, ticket, task, mark)
        if not ticket.key:
            raise DeliveryFailed("the desk does not have the ticket", permanent=True)
        if desk.searches and held.uncertain_since is not None:
            there = await desk.read(ticket.key)
            if any(is_of_task(note.text, mark, task) for note in there.notes):
                return changed(ticket, task, there.key)
        closes = desk.searches and task.kind == "close"
        if closes and (there := await desk.read(ticket.key)).key != ticket.key:
            # A person merged it: whether that other ticket is to be closed is for the stage to say.
            merged = next(each for each in brought_back(ticket, there, status=True) if each.state is not None)
            self._outcomes.offer((ticket.id, merged.remote_id), merged)
            held.due = trio.current_time() + MERGED_SECONDS
            return None
        held.uncertain_since = trio.current_time()
        await desk.change(ticket, task, signed(task.text, mark, task), self._related(ticket, task))
        # A person may have merged it meanwhile.
        return changed(ticket, task, (await desk.read(ticket.key)).key if closes else "")

    def _related(self, ticket: Ticket, task: TicketTask) -> str:
        """The key of the ticket to which the desk is to link this one; "" when it has none there, or is this one."""
        other = self._tickets().get(task.related)
        return other.key if other is not None and other.desk == ticket.desk and other.key != ticket.key else ""

    async def _create(
        self, held: _InHand, desk: TicketDesk, ticket: Ticket, task: TicketTask, mark: str
    ) -> TicketOutcome | None:
        if desk.searches:
            found = await desk.find(mark)
            if found is not None:
                return opened(ticket, task, found, found=True)
            now = trio.current_time()
            left = 0.0 if held.uncertain_since is None else held.uncertain_since + self._settings.search_lag_seconds - now
            if left > 0:
                held.due = now + min(left, SEARCH_SECONDS)
                return None
        try:
            made = await desk.create(ticket, mark)
        except BaseException as error:
            if not (isinstance(error, DeliveryFailed) and error.permanent):
                held.uncertain_since = trio.current_time()
            raise
        return opened(ticket, task, made, found=False)

    def _failed(self, held: _InHand, ticket: Ticket, task: TicketTask, attempts: int, error: DeliveryFailed) -> None:
        dead = error.permanent or attempts >= self._settings.attempts
        text = self._plain(ticket, error.error)
        outcome = failed(ticket, task, text, attempts, dead=dead)
        if dead:
            log.warning("task of a ticket given up", ticket=ticket.id, task=task.kind, attempts=attempts, error=text)
            self._ended(held, ticket, task, outcome, "dead")
            return
        held.tried = {task.number: attempts}
        delay = back_off(attempts, self._random) if error.retry_after is None else as_asked(error.retry_after, self._random)
        held.due = trio.current_time() + delay
        self._metrics.ticket_attempts.labels(ticket.desk, "failed").inc()
        if held.failures.is_new(text, trio.current_time()):
            self._outcomes.offer((ticket.id, task.number), outcome)

    def _ended(self, held: _InHand, ticket: Ticket, task: TicketTask, outcome: TicketOutcome, how: str) -> None:
        held.awaited, held.tried, held.failures = task.number, {}, ToldFailures()
        self._metrics.ticket_attempts.labels(ticket.desk, how).inc()
        self._outcomes.offer((ticket.id, task.number), outcome)

    def _plain(self, ticket: Ticket, text: str) -> str:
        """One line without secrets."""
        desk = self._desks.get(ticket.desk)
        for secret in desk.secrets if desk is not None else ():
            text = text.replace(secret, "***")
        return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:_LONGEST_TEXT]

    async def _record(self, scope: trio.CancelScope) -> None:
        with scope:
            await self._outcomes.run()

    async def _hurry_at_the_end(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            for scope in self._attempts:
                scope.deadline = min(scope.deadline, trio.current_time() + CLOSE_SECONDS)


def next_task(ticket: Ticket) -> TicketTask | None:
    """The task that is to be done next. One that was given up is passed over, but for the making of the ticket: without the
    ticket there is nothing to change."""
    for task in ticket.tasks:
        if not task.dead:
            return task
        if task.kind == "create":
            return None
    return None


def _waits(ticket: Ticket, number: int) -> bool:
    return any(task.number == number and not task.dead for task in ticket.tasks)

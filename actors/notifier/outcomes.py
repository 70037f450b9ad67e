"""Outcomes on their way to the ledger. One that the ledger does not take is offered again until it does."""

import structlog
import trio

from actors.mailbox import Append, AppendSender, LedgerUnavailable, Reply
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.outcomes import MessageFailed, MessageSent
from protocols.event import Event

FIRST_SECONDS, LONGEST_SECONDS = 0.5, 30.0
_AT_ONCE = 100
log = structlog.get_logger()

MessageOutcome = MessageSent | MessageFailed


class Outcomes:
    """One outcome of each notification at most: a later one of the same takes its place. ``appends`` stays open.

    A notification that has ended is remembered until the stage has folded that (:meth:`forget`), also while the notifier is
    started again: until then the stage still says that it waits.
    """

    def __init__(self, appends: AppendSender) -> None:
        self._appends = appends
        self._pending: dict[str, MessageOutcome] = {}
        self._ended: dict[str, int] = {}
        """Ids of the notifications that were sent or given up, with the revision that was."""
        self._offered = trio.Event()
        self._empty = trio.Event()
        self._empty.set()

    def __len__(self) -> int:
        """Outcomes that are not on disk."""
        return len(self._pending)

    def ended(self, notification_id: str) -> bool:
        """True for one that was sent or given up, as far as the stage has not folded it."""
        return notification_id in self._ended

    def forget(self, notification_id: str, revision: int) -> None:
        """The stage says in ``revision`` that the notification waits no longer."""
        if self._ended.get(notification_id, revision) < revision:
            del self._ended[notification_id]

    def offer(self, outcome: MessageOutcome, revision: int) -> None:
        """Have the outcome of the notification's ``revision`` appended. Never waits."""
        if isinstance(outcome, MessageSent) or outcome.dead:
            self._ended[outcome.notification_id] = revision
        self._pending[outcome.notification_id] = outcome
        if self._empty.is_set():
            self._empty = trio.Event()
        self._offered.set()

    async def until_recorded(self) -> None:
        """Return once every outcome is on disk."""
        await self._empty.wait()

    async def run(self) -> None:
        """Append until cancelled, or until the ledger is gone: then its own failure ends the process."""
        try:
            await self._run()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._empty.set()

    async def _run(self) -> None:
        refused = 0
        while True:
            if not self._pending:
                self._empty.set()
                self._offered = trio.Event()
                await self._offered.wait()
            batch = list(self._pending.items())[:_AT_ONCE]
            if await self._append([outcome for _, outcome in batch]):
                refused = 0
                for name, outcome in batch:
                    if self._pending.get(name) is outcome:
                        del self._pending[name]
            else:
                if not refused:
                    log.error(
                        "the ledger takes no outcomes of notifications; they are offered again", waiting=len(self._pending)
                    )
                refused += 1
                await trio.sleep(min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(refused - 1, 10)))

    async def _append(self, events: list[Event]) -> bool:
        committed: Reply[int] = Reply()
        await self._appends.send(Append(events, committed=committed))
        try:
            await committed.wait()
        except LedgerUnavailable:
            return False
        return True


def receiver(notification: DispatchedNotification) -> str:
    """The person and the address, as an operator reads it."""
    named = notification.to_name
    return f"{named} <{notification.address}>" if named and named != notification.address else notification.address


def sent(notification: DispatchedNotification, attempts: int, answer: str, detail: dict[str, object]) -> MessageSent:
    """The far end took it with the attempt number ``attempts``."""
    return MessageSent(
        notification_id=notification.id,
        tenant_id=notification.tenant_id,
        alarm_ids=notification.alarm_ids,
        channel=notification.channel,
        to=receiver(notification),
        kind=notification.kind,
        policy=notification.policy,
        attempts=attempts,
        answer=answer,
        detail=detail,
    )


def failed(notification: DispatchedNotification, attempts: int, error: str, *, dead: bool) -> MessageFailed:
    """The attempt number ``attempts`` failed."""
    return MessageFailed(
        notification_id=notification.id,
        tenant_id=notification.tenant_id,
        alarm_ids=notification.alarm_ids,
        channel=notification.channel,
        to=receiver(notification),
        kind=notification.kind,
        policy=notification.policy,
        attempts=attempts,
        error=error,
        dead=dead,
    )

"""Outcomes of what far ends answered, on their way to the ledger. One that the ledger does not take is offered again until it
does."""

from collections.abc import Hashable
from typing import Generic, TypeVar

import structlog
import trio

from actors.mailbox import Append, AppendSender, LedgerUnavailable, Reply
from protocols.dispatch.outcomes import DispatchOutcome
from protocols.event import Event

FIRST_SECONDS, LONGEST_SECONDS = 0.5, 30.0
_AT_ONCE = 100
log = structlog.get_logger()

Key = TypeVar("Key", bound=Hashable)


class OutcomeQueue(Generic[Key]):
    """One outcome of each key at most: a later one takes its place. ``appends`` stays open. ``what``: the word of the log for
    the outcomes."""

    def __init__(self, appends: AppendSender, what: str) -> None:
        self._appends, self._what = appends, what
        self._pending: dict[Key, DispatchOutcome] = {}
        self._offered = trio.Event()
        self._empty = trio.Event()
        self._empty.set()

    def __len__(self) -> int:
        """Outcomes that are not on disk."""
        return len(self._pending)

    def offer(self, key: Key, outcome: DispatchOutcome) -> None:
        """Have ``outcome`` appended. Never waits."""
        self._pending[key] = outcome
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
                for key, outcome in batch:
                    if self._pending.get(key) is outcome:
                        del self._pending[key]
            else:
                if not refused:
                    log.error(
                        f"the ledger takes no outcomes of {self._what}; they are offered again", waiting=len(self._pending)
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

"""The pollers' way to the ledger: an Event is offered until it is on disk, and its device waits meanwhile.

So no transition is lost while the ledger is busy or its disk refuses, and at most one Event of each device waits in memory.
"""

from collections.abc import Callable
from random import Random

import structlog
import trio

from actors.mailbox import Append, AppendSender, EventRefused, LedgerUnavailable, Reply
from actors.retry import back_off
from protocols.event import Event

log = structlog.get_logger()


class EventAppender:
    """``appends`` leads to the ledger and stays open. ``count`` is called with the kind of each Event that is on disk."""

    def __init__(self, appends: AppendSender, count: Callable[[str], None], random: Random | None = None) -> None:
        self._appends, self._count, self._random = appends, count, random or Random()
        self._refused = False

    async def append(self, event: Event) -> None:
        """Return once ``event`` is on disk, or refused for good. Cancellable: the ledger may then have it or not. Never returns
        when the ledger has gone, whose own failure ends the process."""
        attempts = 0
        while True:
            committed: Reply[int] = Reply()
            try:
                await self._appends.send(Append((event,), committed=committed))
                await committed.wait()
            except EventRefused as error:
                # The ledger counts it; another attempt would not help.
                log.error("the ledger refused an Event of a poller", kind=type(event).__name__, error=str(error))
                return
            except LedgerUnavailable:
                attempts += 1
                if not self._refused:
                    self._refused = True
                    log.error("the ledger takes no Events of pollers; their devices wait")
                await trio.sleep(back_off(attempts, self._random))
                continue
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                await trio.sleep_forever()
            self._refused = False
            self._count(type(event).__name__)
            return

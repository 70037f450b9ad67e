"""Appends that wait for their commit, in the order in which they came."""

from collections.abc import Callable

import trio

from actors.mailbox import Abandoned, Append


class Requests:
    """Owns ``inbox``, in whose channel they wait: so its bound holds up the senders."""

    def __init__(self, inbox: trio.MemoryReceiveChannel[Append], on_arrival: Callable[[], None]) -> None:
        """``on_arrival`` is called when there is one to take, and when no more will come."""
        self._inbox = inbox
        self._on_arrival = on_arrival
        self._held: Append | None = None
        self._taken = trio.Event()
        self._own: list[Append] = []
        self._inbox_ended = False

    @property
    def ended(self) -> bool:
        """Whether none waits, and none will come."""
        return self._inbox_ended and self._held is None and not self._own

    async def receive(self) -> None:
        """Until ``inbox`` has ended: hold one, and go on once it is taken."""
        async for append in self._inbox:
            self._held, self._taken = append, trio.Event()
            self._on_arrival()
            # Not receiving meanwhile: who takes takes what else is in the channel as well, and order is kept.
            await self._taken.wait()
        self._inbox_ended = True
        self._on_arrival()

    def put_first(self, append: Append) -> None:
        """The ledger's own, before all others."""
        self._own = [append]

    def take(self, limit: int | None) -> list[Append]:
        """Those that wait, up to ``limit`` Events; each is whole, so the last may exceed it."""
        appends, self._own = self._own, []
        if self._held is None:
            return appends
        appends.append(self._held)
        self._held = None
        self._taken.set()
        events = sum(len(append.events) for append in appends)
        try:
            while limit is None or events < limit:
                append = self._inbox.receive_nowait()
                appends.append(append)
                events += len(append.events)
        except (trio.WouldBlock, trio.EndOfChannel):
            pass
        return appends

    def abandon(self) -> None:
        """The ledger leaves: whoever waits, or would come yet, learns that nothing was taken."""
        left = self._own + ([self._held] if self._held else [])
        try:
            while True:
                left.append(self._inbox.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel, trio.ClosedResourceError):
            pass
        for append in left:
            for reply in (append.committed, append.answered):
                if reply is not None:
                    reply.fail(Abandoned("the ledger ended before it took the request"))
        self._inbox.close()

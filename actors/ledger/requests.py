"""Appends that wait for their commit, in the order in which they came."""

from collections.abc import Callable, Sequence

import trio

from actors.mailbox import Abandoned, Append


class Requests:
    """Owns ``inbox``. Requests wait in its channel, so that the channel's bound holds up the senders."""

    def __init__(self, inbox: trio.MemoryReceiveChannel[Append], on_arrival: Callable[[], None]) -> None:
        """``on_arrival`` is called when a request can be taken, and when no more will come."""
        self._inbox = inbox
        self._on_arrival = on_arrival
        self._held: Append | None = None
        self._taken = trio.Event()
        self._own: list[Append] = []
        """The ledger's own, and those of others that are to be kept until they are on disk."""
        self._inbox_ended = False

    @property
    def ended(self) -> bool:
        """Whether no request waits, and none will come."""
        return self._inbox_ended and self._held is None and not self._own

    async def receive(self) -> None:
        """Receive one request at a time until ``inbox`` has ended; the next one once that is taken."""
        async for append in self._inbox:
            self._held, self._taken = append, trio.Event()
            self._on_arrival()
            # No receiving meanwhile: :meth:`take` empties the channel itself, after this request, which keeps the order.
            await self._taken.wait()
        self._inbox_ended = True
        self._on_arrival()

    def put_first(self, append: Append) -> None:
        """A request of the ledger itself, before all others. It waits until it is :meth:`committed`, also while the disk
        refuses commits."""
        self._own = [own for own in self._own if own != append]
        self._own.append(append)

    def keep(self, append: Append) -> None:
        """A request that the disk refused is to be tried again, until it is :meth:`committed`."""
        if not any(own is append for own in self._own):
            self._own.append(append)

    def committed(self, appends: Sequence[Append]) -> None:
        """``appends`` are on disk, or can never be."""
        self._own = [own for own in self._own if not any(own is append for append in appends)]

    def take(self, limit: int | None) -> list[Append]:
        """The ledger's own requests and those that are kept, then others as :meth:`take_others`."""
        return [*self._own, *self.take_others(limit)]

    def take_others(self, limit: int | None) -> list[Append]:
        """Take the requests that wait, up to ``limit`` Events (None: all). A request is never divided, so the last one may
        exceed the limit."""
        if self._held is None:
            return []
        appends = [self._held]
        self._held = None
        self._taken.set()
        events = len(appends[0].events)
        try:
            while limit is None or events < limit:
                append = self._inbox.receive_nowait()
                appends.append(append)
                events += len(append.events)
        except (trio.WouldBlock, trio.EndOfChannel):
            pass
        return appends

    def abandon(self) -> None:
        """The ledger ends: fail every request that was not taken with Abandoned, and refuse further ones."""
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

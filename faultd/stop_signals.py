"""SIGTERM, SIGINT and SIGHUP: stop, stop at once, reload."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
import trio

log = structlog.get_logger()


class Impatience:
    """SIGTERM or SIGINT where nobody else waits for it: before faultd is ready, or once more while it drains. Then
    ``scope`` is cancelled, so that all that is open closes and an embedded PostgreSQL is not left behind."""

    def __init__(self, start: trio.CancelScope) -> None:
        self.scope = start

    async def wait(self, signals: AsyncIterator[int]) -> None:
        """Cancel ``scope`` at each signal. Does not return."""
        async for number in signals:
            log.info("signal", name=signal.Signals(number).name)
            if number != signal.SIGHUP:
                self.scope.cancel()


@asynccontextmanager
async def impatience() -> AsyncIterator[Impatience]:
    """Handle signals until the end of the block; the first one cancels the block."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async with trio.open_nursery() as nursery:
            waiting = Impatience(nursery.cancel_scope)
            nursery.start_soon(waiting.wait, signals)
            yield waiting
            nursery.cancel_scope.cancel()


async def until_told_to_stop(signals: AsyncIterator[int], reload: Callable[[], Awaitable[None]]) -> None:
    """Return at SIGTERM or SIGINT; call ``reload`` at SIGHUP."""
    async for number in signals:
        if number != signal.SIGHUP:
            log.info("signal", name=signal.Signals(number).name)
            return
        await reload()

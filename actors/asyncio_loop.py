"""An asyncio event loop that a slow name server cannot block.

asyncio resolves names in the threads of its default executor. The end of the loop and the end of the process wait for these
threads, so a resolver that does not answer would keep faultd from stopping. Here each lookup runs in a daemon thread, and
nothing waits for it.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any

_Lookup = tuple[Any, ...]


class Loop(asyncio.SelectorEventLoop):
    """One lookup of a name at a time. A second caller during the lookup gets the same answer."""

    def __init__(self) -> None:
        super().__init__()
        self._lookups: dict[_Lookup, asyncio.Future[Any]] = {}

    async def getaddrinfo(
        self, host: Any, port: Any, *, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> list[Any]:
        """Like :func:`socket.getaddrinfo`. Can be cancelled at any point; the lookup itself goes on."""
        key = (host, port, family, type, proto, flags)
        lookup = self._lookups.get(key)
        if lookup is None:
            lookup = self._lookups[key] = self.create_future()
            Thread(target=self._look_up, args=(key, lookup), name="name lookup", daemon=True).start()
        found: list[Any] = await asyncio.shield(lookup)
        return found

    def _look_up(self, key: _Lookup, lookup: asyncio.Future[Any]) -> None:
        answer: Callable[[], None]
        try:
            answer = partial(lookup.set_result, socket.getaddrinfo(*key))
        except (OSError, ValueError, TypeError, OverflowError) as error:  # all that getaddrinfo raises
            answer = partial(lookup.set_exception, error)

        def hand_over() -> None:
            del self._lookups[key]
            answer()
            # The caller may have been cancelled.
            lookup.exception()

        with suppress(RuntimeError):  # the loop may have been closed meanwhile
            self.call_soon_threadsafe(hand_over)

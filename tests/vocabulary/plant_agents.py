"""The simulated agents on a real socket, served by a thread, at a second that the test sets."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

import trio

from faultd.simulator.agents.plant_agents import PlantAgents
from faultd.simulator.agents.serve import serve_agents


class ServedAgents:
    """``port`` is that of every OLT's address; ``second`` is what the agents take for now. With ``begin_at`` their time goes on
    by itself from a second on."""

    def __init__(self, agents: PlantAgents) -> None:
        self.agents = agents
        self.second = 0.0
        self.port = 0
        self._since: float | None = None

    def begin_at(self, second: float) -> None:
        self.second, self._since = second, time.monotonic()

    def now(self) -> float:
        return self.second if self._since is None else self.second + time.monotonic() - self._since


@contextmanager
def served(agents: PlantAgents) -> Iterator[ServedAgents]:
    """Serve ``agents`` on a free port until the end of the block."""
    found = ServedAgents(agents)
    bound: Queue[tuple[int, trio.lowlevel.TrioToken, trio.CancelScope]] = Queue()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            port = await nursery.start(serve_agents, agents, 0, found.now)
            bound.put((port, trio.lowlevel.current_trio_token(), nursery.cancel_scope))

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    found.port, token, scope = bound.get(timeout=30)
    try:
        yield found
    finally:
        token.run_sync_soon(scope.cancel)
        thread.join(30)

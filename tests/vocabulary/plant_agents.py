"""The simulated agents on a real socket, served by a thread, at a second that the test sets."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

import trio

from faultd.simulator.agents.plant_agents import PlantAgents
from faultd.simulator.agents.serve import serve_agents


class ServedAgents:
    """``port`` is that of every OLT's address; ``second`` is what the agents take for now."""

    def __init__(self, agents: PlantAgents) -> None:
        self.agents = agents
        self.second = 0.0
        self.port = 0


@contextmanager
def served(agents: PlantAgents) -> Iterator[ServedAgents]:
    """Serve ``agents`` on a free port until the end of the block."""
    found = ServedAgents(agents)
    bound: Queue[tuple[int, trio.lowlevel.TrioToken, trio.CancelScope]] = Queue()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            port = await nursery.start(serve_agents, agents, 0, lambda: found.second)
            bound.put((port, trio.lowlevel.current_trio_token(), nursery.cancel_scope))

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    found.port, token, scope = bound.get(timeout=30)
    try:
        yield found
    finally:
        token.run_sync_soon(scope.cancel)
        thread.join(30)

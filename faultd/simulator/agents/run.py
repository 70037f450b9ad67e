"""A simulation whose OLTs answer SNMP while their traps are sent, and after it until the user ends it."""

import signal
from collections.abc import Callable

import trio

from faultd.simulator.agents.plant_agents import PlantAgents
from faultd.simulator.agents.serve import serve_agents
from faultd.simulator.plan import Datagram, SimulationPlan
from faultd.simulator.runner import RunSummary, Target, run_simulation


class PlayClock:
    """The second of the simulation. With ``speed`` 0 it is the second of the latest trap."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began: float | None = None
        self._latest = 0.0

    def start(self) -> None:
        """Second 0 is now."""
        self._began = trio.current_time()

    def sent(self, datagram: Datagram) -> None:
        """A trap was sent."""
        self._latest = max(self._latest, datagram.at)

    def __call__(self) -> float:
        if self._began is None:
            return 0.0
        return self._latest if self._speed == 0 else (trio.current_time() - self._began) * self._speed


async def run_with_agents(
    plan: SimulationPlan,
    to: Target,
    agents: PlantAgents,
    port: int,
    *,
    speed: float,
    rate: float | None,
    max_traps: int | None,
    tell: Callable[[str], None],
) -> RunSummary:
    """Send the traps of ``plan``, and answer on ``port`` until SIGINT or SIGTERM. ``tell`` receives sentences for the user.
    Raises OSError when a socket cannot be had."""
    clock = PlayClock(speed)
    summary = RunSummary()
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:

            async def play() -> None:
                nonlocal summary
                summary = await run_simulation(plan, to, speed=speed, rate=rate, max_traps=max_traps, on_sent=clock.sent)
                tell(f"sent {summary.sent} datagrams in {summary.seconds:.1f} s; the agents answer until you interrupt")

            bound = await nursery.start(serve_agents, agents, port, clock)
            tell(f"SNMP agents of {len(agents.addresses)} OLTs on {agents.addresses[0]} ... port {bound}")
            clock.start()
            nursery.start_soon(play)
            async for _ in signals:
                break
            nursery.cancel_scope.cancel()
    return summary

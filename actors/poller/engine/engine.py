"""The polling engine: many agents, one UDP socket an address family, one task that reads answers, one for time-outs."""

from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.metrics import Metrics
from actors.poller.engine.agent import PolledAgent
from actors.poller.engine.exchange import Exchange
from actors.poller.engine.limits import EngineLimits
from protocols.snmp.manager.operation import Operation


class PollEngine:
    """Sends requests and matches answers. It decides nothing: schedule, budget and the state of a device are its caller's.

    Outstanding answers never need more memory than the receive buffers have: requests beyond that wait in order.
    """

    def __init__(self, limits: EngineLimits, metrics: Metrics) -> None:
        self._limits, self._metrics = limits, metrics

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Open the sockets, report that they are open, and serve ``ask`` until cancelled. Operations under way end with
        OwnFault when it ends. Raises OSError when no socket can be opened at all."""
        raise NotImplementedError

    async def ask(
        self, agent: PolledAgent, operation: Operation, *, timeout: float = 2.0, retries: int = 2, longest: float = 60.0
    ) -> Exchange:
        """Carry out ``operation`` against ``agent``; the result is in ``operation``.

        ``timeout`` is the time in seconds that the first datagram of a request waits for its answer; each retry waits
        half as long again. ``longest`` bounds the whole operation in seconds. Waiting for the agent's earlier operations and
        for room in the receive buffer is not counted in either.

        Raises RequestError: NoAnswer, PortUnreachable and NoRoute where nothing came back, OwnFault where faultd itself
        could not send, and the others where the agent answered otherwise than asked. A walk that came to its end, or could
        not go on since the agent's OIDs do not increase, raises nothing: see ``Table.incomplete``. Cancellation forgets
        the request; its answer is counted as late.
        """
        raise NotImplementedError

"""One device's actor under supervision: started, restarted, parked after too many crashes, and tried again seldom."""

from random import Random
from typing import Final

import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.isolation import leaves, place
from actors.poller.device_figures import DeviceFigures
from actors.poller.device_poller import DevicePoller
from actors.poller.device_spec import DeviceSpec
from actors.poller.poll_outcomes import LatestPoll
from actors.poller.poll_wishes import PollWishes
from actors.poller.poller_parts import PollerParts
from actors.supervisor import EDGE, Intensity, supervise
from protocols.poll.contact import PollStopped
from protocols.poll.device import PolledDevice
from protocols.poll.reading import PollRefused

KIND: Final = "device_poller"
_OFTEN: Final = Intensity(EDGE.restarts, EDGE.seconds, then="park")
_ONCE: Final = Intensity(0, EDGE.seconds, then="park")
RETRY_SECONDS: Final = 300.0
"""Between two tries of a parked poller."""


class PolledActor:
    """``first`` is the instant of its first poll. ``figures``, the latest outcome and the wishes outlive a crash."""

    __slots__ = ("_first", "_parts", "_random", "_reason", "figures", "latest", "poller", "scope", "spec", "stale", "wishes")

    def __init__(self, spec: DeviceSpec, parts: PollerParts, first: float, random: Random) -> None:
        self.spec, self._parts, self._first, self._random = spec, parts, first, random
        self.figures, self.latest, self.wishes = DeviceFigures(trio.current_time()), LatestPoll(), PollWishes()
        self.poller: DevicePoller | None = None
        self.scope = trio.CancelScope()
        self.stale = False
        """Its settings are of before a reload."""
        self._reason = ""

    @property
    def parked(self) -> str:
        """Why the poller is parked; empty while it is not, and once a later try has come to the end of a poll."""
        return "" if self._has_contact else self._reason

    def shown(self) -> PolledDevice:
        """The device as the API shows it."""
        return self.figures.shown(self.spec, self._parts.clock(), trio.current_time(), self.parked)

    def refuse(self, error: PollRefused) -> None:
        """Nobody grants what waits: fail the poll on demand, and forget the requests."""
        self.wishes.take()
        demanded = self.wishes.demanded()
        if demanded is not None:
            self.wishes.give_up(demanded)
            demanded.fail(error)

    async def keep(self) -> None:
        """Have its poller run until ``scope`` is cancelled."""
        name = f"{KIND} {self.spec.id}"
        with self.scope:
            while True:
                # Parked once, each later try is a single one.
                intensity = _ONCE if self._reason else _OFTEN
                await supervise(name, self, intensity, self._parts.metrics, random=self._random, on_park=self._park, kind=KIND)
                await trio.sleep(RETRY_SECONDS)

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """One life of the poller, for the supervisor: it begins anew after each crash."""
        task_status.started()
        try:
            self.poller = DevicePoller(self.spec, self._parts, self.figures, self.latest, self.wishes, self._first)
            await self.poller.run()
        finally:
            if self._has_contact:
                self._reason = ""
            self.poller, self._first = None, trio.current_time()
            self._parts.outcomes.forget(self.latest)

    @property
    def _has_contact(self) -> bool:
        return self.poller is not None and self.poller.contact.contact != "new"

    async def _park(self, _: str, error: Exception) -> None:
        before = self._reason
        # The text of an error may quote what a device sent.
        places = sorted({f"{type(one).__name__} in {place(one)}" for one in leaves(error)})
        self._reason = f"its poller crashed too often ({', '.join(places)}) and is tried every {RETRY_SECONDS:.0f} s"
        self.refuse(PollRefused("poller_parked", self._reason))
        if not before:
            await self._parts.appender.append(PollStopped(device=self.spec.id, reason=self._reason, parked=True))

"""A device whose states are polled, and whose traps get lost on purpose. After the last read the open alarms are the truth."""

from collections.abc import Callable, Iterable
from random import Random
from typing import TYPE_CHECKING

import trio
from vocabulary.reads import parts

from actors.mailbox import Abandoned, Append, LedgerUnavailable, Reply
from protocols.alarm import Alarm
from protocols.poll.states import PolledStates, ReadReason
from protocols.snmp import encode
from protocols.snmp.notification import VarBind
from protocols.topology import Node

if TYPE_CHECKING:
    from simulation.world import World

ADDRESS, DEVICE, PORTS = "10.0.0.3", "olt-3", range(1, 6)
ONTS = range(4)
SETTLING_SECONDS = 3.0
"""What the correlator is told to give a device that has just started."""
PARTS = (
    *(Node(id=f"{DEVICE}/if/{number}", type="other", parents=(DEVICE,), tenant="t") for number in PORTS),
    *(Node(id=f"{DEVICE}/0/1/{number}", type="ont", parents=(DEVICE,), tenant="t") for number in ONTS),
)
"""What the topology has of the device: a read raises what is down of it."""
_LINK_DOWN, _LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
_IF_INDEX = "1.3.6.1.2.1.2.2.1.1"


class PolledOlt:
    """Ports and ONTs that go down and come up. Half of the traps of its ports are never sent; of its ONTs there are none."""

    def __init__(self, world: "World", rng: Random) -> None:
        self._world, self._rng = world, rng
        self._down: set[int] = set()
        self._dark: set[int] = set()
        self._number = 300_000

    async def live(self, seconds: float) -> None:
        """Change, report some of it, and be read, for so long."""
        end = trio.current_time() + seconds
        while trio.current_time() < end:
            await trio.sleep(self._rng.expovariate(2.0))
            if self._rng.random() < 0.4:
                self._world.spawn(self._read, self._rng.choice(("daily", "gap", "returned", "incomplete")), self._rng.random())
            else:
                self._change()

    async def settle(self) -> None:
        """Be read once more, when nothing is under way any more and the device has settled."""
        await trio.sleep(2 * SETTLING_SECONDS)
        while not await self._read("daily", 0.5):  # noqa: ASYNC110 - virtual time costs nothing
            await trio.sleep(1.0)

    def judge(self, violate: Callable[[str], None], alarms: Iterable[Alarm]) -> None:
        """The open alarms that a read can judge are those of the parts that are down."""
        expected = {f"{DEVICE}/if/{number}" for number in self._down} | {f"{DEVICE}/0/1/{number}" for number in self._dark}
        mine = [each for each in alarms if each.device_id == DEVICE and each.cleared_at is None]
        found = {each.resource_id for each in mine if each.alarm_type in ("interface.down", "ont.los", "ont.dying_gasp")}
        if found != expected:
            violate(f"after a read of {DEVICE} the open alarms are at {sorted(found)}, down is {sorted(expected)}")

    def _change(self) -> None:
        if self._rng.random() < 0.5:
            self._dark ^= {self._rng.choice(ONTS)}
            return
        port = self._rng.choice(PORTS)
        self._down ^= {port}
        if self._rng.random() < 0.5:
            self._number += 1
            self._world.network.send(
                encode.trap_v2c(
                    community="public",
                    trap_oid=_LINK_DOWN if port in self._down else _LINK_UP,
                    uptime=int(trio.current_time() * 100),
                    varbinds=(VarBind(f"{_IF_INDEX}.{port}", "INTEGER", port),),
                    request_id=self._number,
                ),
                ADDRESS,
            )

    async def _read(self, why: str, took: float) -> bool:
        """Read the states as they are, and report them a moment later. False when the ledger did not take them."""
        life = self._world.life
        if life is None or not life.open:
            return False
        begun = life.clock()
        ports = parts("interface", "if/", up=set(PORTS) - self._down, down=dict.fromkeys(self._down, ""))
        onts = parts(
            "ont", "0/1", up=set(ONTS) - self._dark, down={each: ("los", "dying_gasp")[each % 2] for each in self._dark}
        )
        reason: ReadReason = "daily" if why == "incomplete" else why  # type: ignore[assignment]
        await trio.sleep(took)
        if life.dead:
            return False
        whole = why != "incomplete"
        event = PolledStates(
            device=DEVICE,
            reason=reason,
            begun=begun,
            ended=max(life.clock(), begun),
            whole=("interface", "ont") if whole else (),
            states=(ports, onts) if whole else (),
            incomplete={} if whole else {"interface": "OID did not increase", "ont": "no answer"},
        )
        append = Append([event], Reply[int]())
        assert append.committed is not None
        try:
            await life.appends.send(append)
            await append.committed.wait()
        except (LedgerUnavailable, Abandoned, trio.BrokenResourceError, trio.ClosedResourceError):
            return False
        return not life.dead

"""Pollers of a plant in a World: each device is polled at its time, and reports as the daemon's poller does."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct

from protocols.poll.contact import AgentTimes, OtherPolls, PollAnswered, PollMissed
from protocols.poll.request import PollRequested
from protocols.topology import Node
from vocabulary.world import World, moment

INTERVAL, NEEDED = 60.0, 3


def olt(number: int, parent: str = "", customers: int = 1, tenant: str = "") -> tuple[Node, ...]:
    """An OLT with one PON port and some ONTs."""
    name = f"olt-{number}"
    return (
        Node(
            id=name,
            type="olt",
            name=f"OLT {number}",
            address=f"192.0.{number // 250}.{number % 250 + 1}",
            parents=(parent,) if parent else (),
            tenant=tenant,
        ),
        Node(id=f"{name}/1", type="pon", parents=(name,)),
        *(
            Node(id=f"{name}/1/{each}", type="ont", parents=(f"{name}/1",), customer_id=f"c-{number}-{each}")
            for each in range(customers)
        ),
    )


class PolledOne(Struct):
    """A poller's own account of its device. ``last``: when its last poll ended, in seconds."""

    last: float | None = None
    reported: bool = False
    """The last report was an answer."""
    first: float = 0.0
    misses: int = 0
    facts: dict[str, Any] = {}


class Polls:
    """Polls ``devices`` one after the other within :data:`INTERVAL`; all answer until :meth:`silence`."""

    def __init__(self, world: World, devices: Sequence[str]) -> None:
        self.world = world
        self.devices = list(devices)
        self.accounts = {each: PolledOne() for each in devices}
        self.silent: dict[str, dict[str, Any]] = {}
        self.own_fault = ""
        self._round = 0
        self._seen = len(world.history)

    def silence(self, *devices: str, **facts: Any) -> None:
        """These devices answer no more. ``facts``: fields of their PollMissed."""
        self.silent |= dict.fromkeys(devices, facts)

    def back(self, *devices: str) -> None:
        """These devices answer again."""
        for each in devices:
            self.silent.pop(each, None)

    def run(self, seconds: float, then: Callable[[], None] | None = None) -> None:
        """Poll for so long. ``then`` is called after each poll."""
        end = self.world.seconds + seconds
        while True:
            number = self._round % len(self.devices)
            at = self._round // len(self.devices) * INTERVAL + number * INTERVAL / len(self.devices)
            if at > end:
                break
            self._round += 1
            if at >= self.world.seconds:
                self._go_to(at)
                self.poll(self.devices[number])
                if then is not None:
                    then()
        self._go_to(end)

    def poll(self, device: str) -> None:
        """Poll a device now."""
        account, now = self.accounts[device], self.world.seconds
        account.last = now
        if device not in self.silent and not self.own_fault:
            if not account.reported:
                times = AgentTimes(at=self.world.now, uptime=int(100 * now) + 10_000_000, boots=1)
                misses, account.misses, account.reported = account.misses, 0, True
                self.world(PollAnswered(device=device, address="192.0.2.1", times=times, misses=misses))
            self._obey()
            return
        if account.misses >= NEEDED:
            return
        account.first = account.first if account.misses else now
        account.misses, account.reported = account.misses + 1, False
        facts: dict[str, Any] = {}
        if account.misses == NEEDED:
            facts = {"other_object": False, "echo": False, **self.silent.get(device, {})}
        self.world(
            PollMissed(
                device=device,
                address="192.0.2.1",
                first=moment(account.first),
                misses=account.misses,
                needed=NEEDED,
                others=self.others(device, account.first),
                own_fault=self.own_fault,
                **facts,
            )
        )
        self._obey()

    def others(self, device: str, since: float) -> OtherPolls:
        """The others that were polled since then, and the silent ones among them."""
        polled = [one for name, one in self.accounts.items() if name != device and one.last is not None and one.last >= since]
        return OtherPolls(len(polled), sum(one.misses > 0 for one in polled))

    def _go_to(self, at: float) -> None:
        self.world.run_to(at)
        self._obey()

    def _obey(self) -> None:
        """Carry out the requests of the fold."""
        wished = self.world.history[self._seen :]
        self._seen = len(self.world.history)
        for change in wished:
            if isinstance(change, PollRequested) and change.reason == "returned" and change.device in self.accounts:
                account = self.accounts[change.device]
                if account.misses:
                    account.misses = 0
                    self.poll(change.device)


def ids(nodes: Iterable[Node]) -> list[str]:
    """The devices among nodes."""
    return [node.id for node in nodes if node.address]

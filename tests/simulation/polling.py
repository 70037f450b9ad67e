"""Pollers in the simulation: the real poller of each process, over devices and a management network that come and go.

The engine is a virtual one: agents in memory answer the requests that the real codec made. Its crashes are those of a bug that
meets an answer; the poller of one device restarts, or is parked and tried again.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

import trio
from vocabulary.poller_world import OBJECT_ID, UPTIME, MemoryEngine, ticks
from vocabulary.snmp_agent import NO_SUCH_INSTANCE, MemoryAgent

from actors.correlator.polling import blindness
from actors.correlator.polling.contact_memory import ContactMemory
from actors.correlator.state import State
from actors.mailbox import AppendSender, Feed
from actors.metrics import Metrics
from actors.poller.actor import Poller
from actors.poller.credentials import CredentialTable
from actors.poller.engine.agent import PolledAgent
from actors.poller.poller_parts import DeviceNodes
from actors.poller.second_way import SILENT
from actors.poller.settings import PollerCredentials, PollerSettings
from actors.trusted_clock import TrustedClock
from protocols.change import AlarmChanged, Change
from protocols.event import Event
from protocols.poll.contact import PollAnswered, PollMissed, PollStopped
from protocols.poll.plan.compile_plan import compile_plans
from protocols.poll.request import PollRequested
from protocols.poll.section import PollSection
from protocols.poll.states import PolledStates
from protocols.poll.uptime import times_step
from protocols.profile import Profile
from protocols.snmp import ber
from protocols.snmp.manager.errors import OwnFault
from protocols.snmp.manager.transaction import Transaction
from protocols.snmp.oid import encode_oid
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.topology import Node

if TYPE_CHECKING:
    from simulation.world import World

CREDENTIALS = "read"
PARKED_SECONDS = 5.0
"""Until a parked poller is tried again."""
_SETTINGS = PollerSettings(
    interval_seconds=1.0, misses=2, timeout_seconds=0.2, retries=0, start_seconds=0.5, icmp=True, port=161
)
_PLANS = compile_plans([Profile(name="standard", poll={"standard": PollSection()})])
_UPTIME = encode_oid(UPTIME)
_CRASHES = 0.01
"""Share of the operations at which the poller of a device crashes, while there are accidents."""
_DAY = 86_400.0


class Agent(MemoryAgent):
    """The agent of one device, up for a day when the world begins. Some of its answers have no uptime."""

    def __init__(self, plant: "Pollers", device: str) -> None:
        super().__init__({_UPTIME: ticks(0), encode_oid(OBJECT_ID): ber.element(0x06, encode_oid("1.3.6.1.4.1.8072"))})
        self._plant, self._device, self.started_at = plant, device, -_DAY

    def answer(self, datagram: bytes, now: float = 0.0) -> bytes | None:
        if self._plant.is_silent(self._device):
            return None
        lacks = self._plant.rng.random() < 0.1
        self.mib[_UPTIME] = NO_SUCH_INSTANCE if lacks else ticks(round(100 * (now - self.started_at)))
        return super().answer(datagram, now)


class PlantEngine(MemoryEngine):
    """The engine of one process."""

    def __init__(self, plant: "Pollers") -> None:
        super().__init__(plant.agents)
        self._plant = plant
        self.before = plant.crash

    async def _carry_out(self, agent: PolledAgent, transaction: Transaction) -> None:
        if self._plant.broken:
            transaction.start(trio.current_time())
            transaction.end(OwnFault(self._plant.fault("")))
        else:
            await super()._carry_out(agent, transaction)
        if isinstance(transaction.error, SILENT):
            self._plant.unanswered[agent.address] += 1
        self.asked.clear()


class Pollers:
    """The devices with their management network, and a poller for each process. Stands for the host's network and for ICMP."""

    def __init__(self, world: "World", nodes: Sequence[Node], rng: Random) -> None:
        self._world, self.rng = world, rng
        self._devices = {node.id: node.address for node in nodes}
        self.agents = {node.address: Agent(self, node.id) for node in nodes}
        self.unanswered: Counter[str] = Counter()
        """Operations without an answer, by address."""
        self._dead: set[str] = set()
        self._dark = self.broken = False
        self._poller: Poller | None = None

    def poller(self, nodes: DeviceNodes, feed: Feed, appends: AppendSender, metrics: Metrics, clock: TrustedClock) -> Poller:
        """The poller of a process that starts."""
        table = CredentialTable([PollerCredentials(name=CREDENTIALS, community="public")], EngineClocks(), SaltCounter(0))
        self._poller = Poller(
            _SETTINGS,
            table,
            nodes,
            _PLANS,
            feed,
            appends,
            metrics=metrics,
            clock=clock,
            engine=PlantEngine(self),
            random=self.rng,
        )
        return self._poller

    async def live(self) -> None:
        """Devices die, restart and come back, and so do the management network and faultd's own interface, as long as the world
        lasts."""
        rng = self.rng
        while self._world.lively:
            await trio.sleep(1 / len(self._devices))
            if rng.random() < 0.1:
                self._dead ^= {rng.choice(list(self._devices))}
            if rng.random() < 0.04:
                self._dark = not self._dark
            if rng.random() < (0.3 if self.broken else 0.01):
                self.broken = not self.broken
            if rng.random() < 0.05:
                self.agents[rng.choice(list(self._devices.values()))].started_at = trio.current_time()
        self._dead, self._dark, self.broken = set(), False, False

    @property
    def rests(self) -> bool:
        """Every device has answered since the accidents ended, its poller has said so, and what was requested was read."""
        state = self._world.oracle.state
        if state.timers.at(blindness.STEADY, "") is not None:
            return False  # an alarm of blindness is still to end
        contacts = [] if self._poller is None else [each.poller for each in self._poller._actors.values()]
        answer = len(contacts) == len(self._devices) and all(
            each is not None and each.contact.contact == "answering" for each in contacts
        )
        return answer and not self._world.oracle.polls.waiting

    def is_silent(self, device: str) -> bool:
        """True while no request reaches the device."""
        return device in self._dead or self._dark

    def crash(self, address: str) -> None:
        """A bug in the poller of one device."""
        if self._world.lively and self.rng.random() < _CRASHES:
            raise ZeroDivisionError(address)

    def fault(self, address: str) -> str:
        """As ``HostNetwork``."""
        return f"eth0 is down, the way to {address or 'all'}" if self.broken else ""

    async def answers(self, address: str) -> bool | None:
        """As ``IcmpEcho``."""
        await trio.lowlevel.checkpoint()
        return not (self._dark or self.broken) and self.rng.random() < 0.3

    def misses(self, device: str) -> int:
        """Operations of a device without an answer, since the world began."""
        return self.unanswered[self._devices[device]]


class PollHistory:
    """What pollers appended, Event by Event, and what was requested of them."""

    def __init__(self) -> None:
        self._last: dict[str, PollMissed | PollAnswered | PollStopped] = {}
        self._missed: Counter[str] = Counter()
        self._reads: set[tuple[str, datetime, str, int]] = set()
        self.waiting: dict[str, int] = {}
        """Devices of which a read was requested and has not been appended, with the offset of the request."""

    def follow(self, offset: int, event: Event, changes: Sequence[Change], pollers: Pollers) -> str:
        """What is wrong with an Event of a poller; empty for nothing."""
        for change in changes:
            if isinstance(change, PollRequested) and change.reason != "start":
                self.waiting[change.device] = offset
        match event:
            case PolledStates(reason="changed"):
                return ""
            case PolledStates():
                return self._read(event)
            case PollMissed() | PollAnswered() | PollStopped():
                before, self._last[event.device] = self._last.get(event.device), event
                return self._missed_again(event, before, pollers) if isinstance(event, PollMissed) else _answered(event, before)
        return ""

    def _read(self, event: PolledStates) -> str:
        key = event.device, event.begun, event.reason, event.request
        if event.request and key in self._reads:
            return f"the read of {event.device} for the request at {event.request} is told twice"
        self._reads.add(key)
        self.waiting.pop(event.device, None)
        return ""

    def _missed_again(self, event: PollMissed, before: Event | None, pollers: Pollers) -> str:
        self._missed[event.device] += 1
        if self._missed[event.device] > pollers.misses(event.device):
            return f"{event.device} is told to have missed {self._missed[event.device]} polls, and did not"
        if event.misses > event.needed:
            return f"{event.device} missed {event.misses} polls, and {event.needed} were to be told"
        if isinstance(before, PollMissed) and event.misses not in (1, before.misses + 1):
            return f"miss {event.misses} of {event.device} is told after miss {before.misses}"
        if isinstance(before, PollMissed) and (event.misses, event.first) == (before.misses, before.first):
            return f"miss {event.misses} of {event.device} is told twice"
        return ""


def _answered(event: PollAnswered | PollStopped, before: Event | None) -> str:
    if isinstance(event, PollStopped):
        return "" if event.parked else f"{event.device} is polled no longer: {event.reason}"
    if isinstance(before, PollAnswered) and event.before is not None and times_step(event.before, event.times).follows:
        return f"{event.device} is told to answer, as before: {event.before!r} and {event.times!r}"
    return ""


class ContactHistory:
    """What the fold claims of devices, Event by Event."""

    def __init__(self) -> None:
        self._blind = False

    def follow(self, changes: list[Change], state: State) -> str:
        """What is wrong with the Changes of an Event; empty for nothing."""
        memory = state.memory(ContactMemory)
        was, self._blind = self._blind, memory.blind_for_all
        for change in changes:
            if not isinstance(change, AlarmChanged) or change.alarm.alarm_type != "device.down":
                continue
            if not any(each.action in ("raised", "reopened") and each.actor == "faultd:polling" for each in change.entries):
                continue
            device = change.alarm.resource_id
            if was and self._blind:
                return f"{device} is reported as down while faultd is blind"
            known = memory.silent.get(device)
            if known is None or known.misses < _SETTINGS.misses:
                return f"{device} is reported as down, and missed {0 if known is None else known.misses} polls"
        return ""

    @staticmethod
    def left(state: State) -> str:
        """What is left of trouble although every device answers; empty for nothing."""
        memory = state.memory(ContactMemory)
        if memory.silent or memory.unseen or memory.places or memory.parked or memory.blind is not None:
            return (
                f"every device answers; silent: {memory.silent}, unseen: {memory.unseen}, places: {memory.places}, "
                f"parked: {memory.parked}, blind since {memory.blind}"
            )
        return next(
            (
                f"every device answers, and {each.alarm_type} of {each.resource_id} is open"
                for each in state.alarms.values()
                if each.cleared_at is None
                and each.alarm_type in ("snmp.unreachable", "monitoring.blind", "devices.unreachable")
            ),
            "",
        )


def stand_ins(pollers: Pollers) -> dict[str, Any]:
    """What stands for the host's network and for ICMP, by the names in ``actors.poller.actor``."""
    return {"HostNetwork": lambda: pollers, "IcmpEcho": lambda: pollers}

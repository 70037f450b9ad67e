"""The SNMP agents of a plant: one for each OLT, by its address. Pure: a datagram and a second in, what is sent out."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from msgspec import Struct

from faultd.simulator.agent import BootRecord
from faultd.simulator.agents import bdcom_tables, calix_e7_tables, huawei_tables, standard_tables, vsol_tables, zte_tables
from faultd.simulator.agents.agent_view import AgentView, OltInterface
from faultd.simulator.agents.looping_tree import LoopingTree
from faultd.simulator.agents.users import AgentUsers, may_read
from faultd.simulator.agents.variants import AgentVariant
from faultd.simulator.plan import Options, prepare
from faultd.simulator.plant import SimulatedPlant, Vendor
from faultd.simulator.scenarios import Scenario
from faultd.simulator.simulation import Simulation
from protocols.snmp import ber
from protocols.snmp.agent.agent import SnmpAgent
from protocols.snmp.agent.object_tree import ObjectTree, ObjectType
from protocols.snmp.usm.ciphers import SaltCounter

SLOW_SECONDS = 1.5
LOST_OF_TEN = 3


class VendorTables(NamedTuple):
    """A vendor's tables: sysDescr, sysObjectID, its interfaces and objects, and the number of columns with an ONT's optics."""

    model: str
    enterprise: str
    interfaces: Callable[[AgentView], Iterator[OltInterface]]
    objects: Callable[[AgentView], Iterator[ObjectType[AgentView]]]
    optics_columns: int


TABLES: dict[Vendor, VendorTables] = {
    "huawei": VendorTables(
        huawei_tables.MODEL,
        huawei_tables.ENTERPRISE,
        huawei_tables.interfaces,
        huawei_tables.objects,
        huawei_tables.OPTICS_COLUMNS,
    ),
    "zte": VendorTables(
        zte_tables.MODEL, zte_tables.ENTERPRISE, zte_tables.interfaces, zte_tables.objects, zte_tables.OPTICS_COLUMNS
    ),
    "calix_e7": VendorTables(
        calix_e7_tables.MODEL,
        calix_e7_tables.ENTERPRISE,
        calix_e7_tables.interfaces,
        calix_e7_tables.objects,
        calix_e7_tables.OPTICS_COLUMNS,
    ),
    "bdcom": VendorTables(
        bdcom_tables.MODEL, bdcom_tables.ENTERPRISE, bdcom_tables.interfaces, bdcom_tables.objects, bdcom_tables.OPTICS_COLUMNS
    ),
    "vsol": VendorTables(
        vsol_tables.MODEL, vsol_tables.ENTERPRISE, vsol_tables.interfaces, vsol_tables.objects, vsol_tables.OPTICS_COLUMNS
    ),
}


class AgentReply(Struct, frozen=True):
    """A datagram to send from ``source`` after ``delay`` seconds."""

    octets: bytes
    source: str
    delay: float = 0.0


class AgentCounts(Struct):
    """Counts of a run. ``silent``: to an OLT without power, one that cannot be reached, and by a variant. ``unanswered``: the
    agent takes them for no request, or for one of a stranger."""

    requests: int = 0
    answers: int = 0
    silent: int = 0
    unanswered: int = 0


class _OltAgent:
    """The agent of one OLT."""

    __slots__ = ("answered", "rng", "snmp", "view")

    def __init__(self, view: AgentView, snmp: SnmpAgent[AgentView]) -> None:
        self.view, self.snmp = view, snmp
        self.rng = Random(f"agent/{view.seed}/{view.olt.id}")
        self.answered = 0


class PlantAgents:
    """The agents of ``plant`` while ``scenario`` is played. They see the same physics, second by second, as the traps of
    :func:`~faultd.simulator.plan.simulate` with the same arguments."""

    def __init__(
        self,
        plant: SimulatedPlant,
        scenario: Scenario,
        options: Options,
        *,
        variants: Mapping[str, frozenset[AgentVariant]] | None = None,
        boots: Mapping[str, BootRecord] | None = None,
    ) -> None:
        self.counts = AgentCounts()
        self._plant, self._variants = plant, variants or {}
        self._users, self._salts = AgentUsers(), SaltCounter(Random().getrandbits(64))
        self._olts = {olt.address: olt.id for olt in plant.olts.values()}
        self._made: dict[str, _OltAgent] = {}
        self._trees: dict[Vendor, tuple[tuple[OltInterface, ...], ObjectTree[AgentView]]] = {}
        self._looping: dict[Vendor, ObjectTree[AgentView]] = {}
        self._options = options
        self._simulation: Simulation
        self.play(scenario, options, boots)

    def play(self, scenario: Scenario, options: Options, boots: Mapping[str, BootRecord] | None = None) -> None:
        """Begin with another scenario on the same plant. Counters and engines go on."""
        self._options = options
        self._simulation, _ = prepare(self._plant, scenario, options, boots=boots)
        for each in self._made.values():
            each.view.begin(self._simulation, options.start)

    def boots(self, at: float, start: datetime) -> dict[str, BootRecord]:
        """The latest start of each OLT, so that its uptime goes on when second ``at`` becomes second 0 of a scenario whose
        clocks show ``start``."""
        agents = self._simulation.agents.items()
        return {olt: BootRecord(start - timedelta(seconds=at - agent.booted), agent.boots) for olt, agent in agents}

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses on which an agent answers."""
        return tuple(self._olts)

    def view(self, olt: str, at: float) -> AgentView:
        """An OLT as its agent reads it at that second, which must not lie before an earlier one."""
        if at > self._simulation.now:
            self._simulation.run(at)
        view = self._agent(olt).view
        view.now = max(view.now, at)
        return view

    def answer(self, datagram: bytes, address: str, at: float) -> list[AgentReply]:
        """What the OLT with this address sends for a datagram that it gets at that second."""
        olt = self._olts.get(address)
        self.counts.requests += 1
        if olt is None:
            self.counts.silent += 1
            return []
        view = self.view(olt, at)
        agent = self._made[olt]
        variants = view.variants
        lost = "lossy" in variants and agent.rng.randrange(10) < LOST_OF_TEN
        if not view.answers or lost or "crashed" in variants:
            self.counts.silent += 1
            return []
        octets = agent.snmp.answer(datagram, view.boots, view.seconds_up())
        if octets is None:
            self.counts.unanswered += 1
            return []
        self.counts.answers += 1
        agent.answered += 1
        return _misbehave(octets, agent.answered, view) if variants else [AgentReply(octets, address)]

    def report(self) -> Iterator[str]:
        """Sentences for the user at the end: the counts, and each card of the variant ``fragile-card``."""
        counts = self.counts
        yield (
            f"agents: {counts.requests:,} requests, {counts.answers:,} answered, {counts.silent:,} met silence, "
            f"{counts.unanswered:,} refused"
        )
        for each in self._made.values():
            if "fragile-card" in each.view.variants:
                yield from each.view.reads()

    def _agent(self, olt: str) -> _OltAgent:
        found = self._made.get(olt)
        if found is None:
            view = AgentView(self._plant, olt, self._variants.get(olt, frozenset()))
            view.begin(self._simulation, self._options.start)
            vendor = view.olt.vendor
            tables = TABLES[vendor]
            if vendor not in self._trees:
                view.interfaces = tuple(tables.interfaces(view))
                objects = [
                    *standard_tables.objects(view, tables.enterprise, tables.model, lambda view: _engine_id(view)),
                    *tables.objects(view),
                ]
                self._trees[vendor] = view.interfaces, ObjectTree(objects)
                self._looping[vendor] = LoopingTree(objects)
            view.interfaces = tuple(tables.interfaces(view))
            view.optics_columns = tables.optics_columns
            found = self._made[olt] = _OltAgent(
                view,
                SnmpAgent(
                    self._looping[vendor] if "looping" in view.variants else self._trees[vendor][1],
                    view,
                    community=self._plant.spec.community.encode(),
                    engine_id=_engine_id(view),
                    users=self._users.find,
                    may_read=may_read,
                    salts=self._salts,
                ),
            )
        return found


def _engine_id(view: AgentView) -> bytes:
    """SnmpEngineID by RFC 3411: the enterprise with the first bit set, format 4 (text), the OLT's id."""
    enterprise = int(TABLES[view.olt.vendor].enterprise.rpartition(".")[2])
    return (enterprise | 1 << 31).to_bytes(4, "big") + b"\x04" + view.olt.id.encode()[:27]


def _misbehave(octets: bytes, number: int, view: AgentView) -> list[AgentReply]:
    """The answer as its variants have it; ``number`` counts the agent's answers from 1."""
    variants, source = view.variants, view.olt.address
    if "truncated" in variants and number % 3 == 0:
        octets = octets[: len(octets) // 2]
    if "other-id" in variants and number % 3 == 0:
        octets = _with_other_id(octets)
    if "other-address" in variants and number % 2 == 0:
        source = _neighbour(source)
    reply = AgentReply(octets, source, SLOW_SECONDS if "slow" in variants else 0.0)
    return [reply] * (3 if "duplicating" in variants else 1)


def _with_other_id(octets: bytes) -> bytes:
    """The answer with the last octet of its request-id (of v3: of its msgID) changed."""
    odd: set[str] = set()
    start, end = ber.read_element(octets, 0, len(octets), odd, ber.SEQUENCE, "an SNMP message")
    _, _, version = ber.read_header(octets, start, end, odd)
    _, inner, after = ber.read_header(octets, version, end, odd)
    if octets[version] == ber.OCTET_STRING:
        _, inner, _ = ber.read_header(octets, after, end, odd)
    _, _, last = ber.read_header(octets, inner, end, odd)
    return octets[: last - 1] + bytes((octets[last - 1] ^ 1,)) + octets[last:]


def _neighbour(address: str) -> str:
    """An address of loopback that is nobody's: OLTs have 1 to 200 in the last part."""
    head, _, _ = address.rpartition(".")
    return f"{head}.250"

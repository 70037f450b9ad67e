"""The SLA clock alone, in this process: a plant, a contract for each of its ONTs, and what an Event costs."""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from actors.journal import Journal
from actors.sla_clock.stage import SlaClock
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, Change, NodesChanged
from protocols.event import Event, SlaWork, Tick
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND, instant_at
from protocols.sla.periods import PeriodRule
from protocols.topology import Node, TopologyNode

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
UPLINK = 200_000
"""ONTs below each uplink."""
PORTS, ONTS = 16, 128
DEFINITION = "SD1"
DAY = 86_400 * SECOND


class SlaBench:
    """A stage, of its own if none is given, and its clock."""

    def __init__(self, stage: SlaClock | None = None) -> None:
        self.stage = stage or SlaClock()
        self.offset, self.at = 1_000_000, START
        self.folds: list[float] = []
        """Seconds of processor time of each fold."""
        self.changes = 0
        self.began: dict[str, datetime] = {}
        """When the alarm of each node was raised."""

    @property
    def now(self) -> int:
        """In microseconds since 1970."""
        return instant_at(self.at)

    def fold(self, event: Event, before: Sequence[Change] = (), seconds: float = 0.001) -> list[Change]:
        """Fold one Event, ``seconds`` after the last."""
        self.offset, self.at = self.offset + 1, self.at + timedelta(seconds=seconds)
        begun = time.thread_time()
        found = self.stage.fold(self.offset, self.at, event, before)
        self.folds.append(time.thread_time() - begun)
        self.changes += len(found)
        return found

    def work_off(self) -> None:
        """Fold what the stage asks for, until no work waits."""
        while self.stage.state.pending:
            self.fold(SlaWork())

    def took(self) -> tuple[float, float, int]:
        """Seconds of the folds since the last call: all, the longest, and their number."""
        found = sum(self.folds), max(self.folds, default=0.0), len(self.folds)
        self.folds = []
        return found

    def define(self) -> None:
        """One definition: 99.9 % of a calendar month."""
        terms = SlaTerms(name="gold", period=PeriodRule("Europe/Berlin", date(2026, 1, 1)), availability_target=999_000_000)
        made = SlaDefinition(
            id=DEFINITION, version=1, tenant_id=None, terms=terms, since=BEGAN, by="ada", created_at=BEGAN, created_by="ada"
        )
        self.stage.state.definitions[made.id] = (made,)

    def load_plant(self, onts: int) -> None:
        """The plant, in the Changes by which the correlator tells of it."""
        nodes = iter(plant(onts))
        while some := tuple(TopologyNode(node, "file", 1) for node in islice(nodes, 10_000)):
            self.fold(Tick(), [NodesChanged(self.offset + 1, some)])

    def contract(self, onts: int) -> None:
        """A contract for each ONT, all different in what differs for customers."""
        state = self.stage.state
        for number, node in enumerate(places(onts)):
            state.instances.put(Journal(), instance(number, node))

    def outage(self, node_id: str, number: int = 1, *, cleared: bool = False) -> float:
        """An alarm of a node, which all below depend on: until it is booked. Seconds of processor time."""
        self.took()
        since = self.began.setdefault(node_id, self.at)
        alarm = outage_alarm(node_id, number, self.at, cleared=cleared, since=since)
        self.fold(Tick(), [AlarmChanged(self.offset + 1, alarm, ())])
        self.work_off()
        return sum(self.folds)


def places(onts: int) -> Iterator[str]:
    """The ids of ONTs."""
    for number in range(onts):
        uplink, below = divmod(number, UPLINK)
        device, port = divmod(below // ONTS, PORTS)
        yield f"agg-{uplink}-olt-{device}/0/1/{port}/{below % ONTS}"


def plant(onts: int) -> Iterator[Node]:
    """Uplinks, below each OLTs of so many PON ports, and ONTs below those."""
    known: set[str] = set()
    for number, ont in enumerate(places(onts)):
        uplink = f"agg-{number // UPLINK}"
        port = ont.rpartition("/")[0]
        device = port.partition("/")[0]
        for node_id, kind, above in ((uplink, "core", ""), (device, "olt", uplink), (port, "pon", device)):
            if node_id not in known:
                known.add(node_id)
                yield Node(id=node_id, type=kind, parents=(above,) if above else ())
        yield Node(id=ont, type="ont", parents=(port,), customer_id=f"C{number:07}", tenant="north")


def instance(number: int, node_id: str) -> SlaInstance:
    """The contract of one ONT."""
    made = BEGAN + timedelta(seconds=number)
    return SlaInstance(
        id=f"SI{1000 + number // 1000}" + (f".{number % 1000}" if number % 1000 else ""),
        tenant_id="north",
        definition_id=DEFINITION,
        customer_id=f"C{number:07}",
        service_id=f"FTTH-{number:07}",
        customer_name=f"Erika Mustermann {number}",
        resources=(node_id,),
        start=instant_at(made),
        monthly_fee=3999,
        currency="EUR",
        account_manager="jo",
        created_at=made,
        created_by="import",
        updated_at=made,
        updated_by="import",
    )


def outage_alarm(node_id: str, number: int, at: datetime, *, cleared: bool = False, since: datetime | None = None) -> Alarm:
    """An alarm that means no service."""
    began = since or at
    return Alarm(
        id=f"alarm-{number}",
        alarm_id=f"A{number}",
        tenant_id="north",
        source="network_device",
        alarm_type="device.down",
        severity="critical",
        title="down",
        resource_type="core",
        resource_id=node_id,
        first_occurrence=began,
        last_occurrence=began,
        received_at=began,
        cleared_at=at if cleared else None,
        service_effect="outage",
    )


def drained(pieces: Iterable[bytes | memoryview]) -> tuple[int, float]:
    """Octets of all pieces, and seconds of the longest."""
    octets, longest, begun = 0, 0.0, time.perf_counter()
    for piece in pieces:
        took = time.perf_counter() - begun
        octets, longest = octets + len(piece), max(longest, took)
        begun = time.perf_counter()
    return octets, longest

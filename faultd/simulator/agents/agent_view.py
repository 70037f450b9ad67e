"""A simulated OLT as its SNMP agent reads it at one second: what its supervision knows, and what its sensors measure."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from math import pi, sin
from random import Random

from msgspec import Struct

from faultd.simulator.agent import Agent
from faultd.simulator.agents.variants import AgentVariant
from faultd.simulator.fault import Element
from faultd.simulator.optics import jitter
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.simulation import Simulation
from faultd.simulator.watch import OntView

OPTICS_READS = 2
"""Times an hour that a fragile card stands the reading of the optics of all its ONTs."""
COUNTERS_LAST, WRAPS_AFTER = 300.0, 60.0
"""Seconds after which the counters of the variant ``counter-reset`` begin anew, and sysUpTime of ``uptime-wrap`` wraps."""


class OltInterface(Struct, frozen=True):
    """An interface: its ifIndex, ifName, ifType (IANA), speed in Mbit/s, and the port or ONT that it is; ``uplink/1`` and
    ``uplink/2`` are the uplinks."""

    index: int
    name: str
    type: int
    mbps: int
    resource: str


class OpticsReads(Struct):
    """The reads of the optics of a card's ONTs. ``most`` is the largest number of varbinds within an hour; ``crashed`` is the
    second at which the card had enough of it."""

    onts: int
    varbinds: int = 0
    most: int = 0
    crashed: float | None = None
    hour: int = 0
    within: int = 0


class AgentView:
    """One OLT. ``now`` is the second that is read; ``simulation`` has been run up to it."""

    simulation: Simulation

    def __init__(self, plant: SimulatedPlant, olt: str, variants: frozenset[AgentVariant]) -> None:
        self.olt = plant.olts[olt]
        self.plant, self.variants = plant, variants
        self.seed = plant.spec.seed
        """What never changes of the equipment comes from it."""
        self.now = 0.0
        self._start = 0.0
        self.cards = self.olt.cards
        self.pons = tuple(pon for card in self.cards for pon in plant.cards[card].pons)
        self.onts = tuple(plant.onts_of_olt(olt))
        self.ont_rows = {ont: row for row, ont in enumerate(self.onts)}
        self.interfaces: tuple[OltInterface, ...] = ()
        self.optics_columns = 1
        """Columns in which the vendor's tables have the optics of an ONT."""
        self.optics_reads = {card: OpticsReads(len(tuple(plant.onts_of_card(card)))) for card in self.cards}
        self._octets: dict[tuple[int, bool], tuple[int, float, float]] = {}
        """By interface and direction: boots, the instant of the last read (seconds of the epoch), and the octets then."""

    def begin(self, simulation: Simulation, start: datetime) -> None:
        """Read ``simulation`` from now on, whose second 0 is ``start``."""
        self.simulation, self.now, self._start = simulation, 0.0, start.timestamp()

    @property
    def agent(self) -> Agent:
        """The OLT's agent in the simulation."""
        return self.simulation.agents[self.olt.id]

    @property
    def answers(self) -> bool:
        """True while the OLT has power, has started, and can be reached."""
        return self.agent.on and self.simulation.physics.works(Element("reach", self.olt.id))

    @property
    def boots(self) -> int:
        """snmpEngineBoots."""
        return self.agent.boots

    def uptime(self) -> int:
        """sysUpTime, in hundredths of a second modulo 2^32."""
        if "uptime-wrap" in self.variants:
            return int((self.now - WRAPS_AFTER) * 100) & 0xFFFFFFFF
        return self.agent.uptime(self.now)

    def seconds_up(self) -> int:
        """snmpEngineTime: seconds since the start."""
        return max(0, int(self.now - self.agent.booted))

    # Parts

    def ont(self, row: int) -> OntView:
        """The OLT's last state of its ONT number ``row``."""
        return self.simulation.watch.ont(self.onts[row])

    def ont_up(self, row: int) -> bool:
        """True for an ONT in service, as far as the OLT knows."""
        return "contradicting" in self.variants or (self.ont(row).up and self._card_works(self._card(self.onts[row])))

    def pon_up(self, pon: str) -> bool:
        """True for a PON port on which somebody is received, as far as the OLT knows."""
        lost = self.simulation.watch.lost_all(pon) or self.simulation.equipment.switched_off(pon)
        lost = lost or not self.card_up(self.plant.pons[pon].card)
        return "contradicting" in self.variants or not lost

    def card_up(self, card: str) -> bool:
        """True for a card that the control board sees."""
        return not self.simulation.equipment.lost_card(card) and self._card_works(card)

    def interface_up(self, interface: OltInterface) -> bool:
        """ifOperStatus is up."""
        resource = interface.resource
        if resource in self.plant.pons:
            return self.pon_up(resource)
        if resource in self.plant.onts:
            return self.ont_up(self.ont_rows[resource])
        return resource != "uplink/1" or not self.simulation.equipment.lost_uplink(self.olt.id)

    def wanted_up(self, interface: OltInterface) -> bool:
        """ifAdminStatus is up: no operator switched it off."""
        return not self.simulation.equipment.switched_off(interface.resource)

    # Measurements

    def ont_dbm(self, row: int) -> float | None:
        """Receive power of the ONT; None while it is not in service. Each call is a read of the card's optics."""
        ont = self.onts[row]
        self._count_read(self._card(ont))
        return self.simulation.optics.reading(ont, float(int(self.now))) if self.ont_up(row) else None

    def olt_dbm(self, row: int) -> float | None:
        """Power that the OLT receives from the ONT; None while it is not in service. Each call is a read of the card's
        optics."""
        ont = self.onts[row]
        self._count_read(self._card(ont))
        if not self.ont_up(row):
            return None
        lower = _constant("olt-rx", self.seed, ont, 1.0, 2.5)
        return self.simulation.optics.level(ont) - lower + jitter(self.seed, f"{ont}/olt", float(int(self.now)))

    def read_optics(self, row: int) -> bool:
        """Count a read of another value of the ONT's optics; True while the ONT is in service."""
        self._count_read(self._card(self.onts[row]))
        return self.ont_up(row)

    def metres(self, row: int) -> int:
        """Length of the fibre to the ONT."""
        return int(_constant("metres", self.seed, self.onts[row], 300, 18_000))

    def temperature(self, card: str) -> int:
        """Degrees Celsius of a card: slow, by a degree or two."""
        return round(_constant("temperature", self.seed, card, 34, 46) + 1.5 * sin(self.now * 2 * pi / 3600))

    def cpu(self, card: str) -> int:
        """Per cent of a card's processor in use."""
        return round(_constant("cpu", self.seed, card, 8, 30) + 3 * sin(self.now * 2 * pi / 600))

    def octets(self, interface: OltInterface, *, received: bool) -> int:
        """Octets that went through an interface since the start, modulo 2^64. Nothing goes through one that is down."""
        key = (interface.index, received)
        share = _constant(f"traffic/{received}", self.seed, f"{self.olt.id}/{interface.index}", 0.02, 0.25)
        rate = share * interface.mbps * 125_000
        now, booted = self._start + self.now, self._start + self.agent.booted
        boots, at, octets = self._octets.get(key, (self.boots, booted, 0.0))
        if boots != self.boots:
            at, octets = booted, 0.0
        if self.interface_up(interface):
            octets += rate * max(0.0, now - at)
        self._octets[key] = (self.boots, now, octets)
        if "counter-reset" in self.variants:
            return int(rate * (self.now % COUNTERS_LAST))
        return int(octets) % 2**64

    def reads(self) -> Iterator[str]:
        """A sentence for each card: how often the optics of its ONTs were read."""
        for card, reads in self.optics_reads.items():
            end = "held" if reads.crashed is None else f"crashed at {reads.crashed:.0f} s"
            yield f"{card}: {reads.varbinds} optics varbinds, at most {reads.most} in an hour: {end}"

    def _card(self, ont: str) -> str:
        return self.plant.pons[self.plant.onts[ont].pon].card

    def _card_works(self, card: str) -> bool:
        return self.optics_reads[card].crashed is None

    def _count_read(self, card: str) -> None:
        reads = self.optics_reads[card]
        hour = int(self.now // 3600)
        if hour != reads.hour:
            reads.hour, reads.within = hour, 0
        reads.varbinds += 1
        reads.within += 1
        reads.most = max(reads.most, reads.within)
        if (
            "fragile-card" in self.variants
            and reads.crashed is None
            and reads.within > OPTICS_READS * reads.onts * self.optics_columns
        ):
            reads.crashed = self.now


@lru_cache(maxsize=65_536)
def _constant(what: str, seed: int, name: str, low: float, high: float) -> float:
    """A number of this thing that never changes, between ``low`` and ``high``."""
    return Random(f"{what}/{seed}/{name}").uniform(low, high)

"""Faults of a plant, and the physical elements that each breaks."""

from typing import Literal, get_args

from msgspec import Struct

from faultd.simulator.errors import UnknownResource
from faultd.simulator.plant import SimulatedPlant

Kind = Literal[
    "feeder_cut",
    "distribution_cut",
    "drop_cut",
    "card_failure",
    "olt_power",
    "olt_unreachable",
    "area_outage",
    "ont_flapping",
    "ont_reboot",
    "ont_power",
    "uplink_down",
    "uplinks_down",
    "bend",
    "rogue_ont",
    "rogue_unnamed",
    "trunk_cut",
    "street_outage",
    "firmware_upgrade",
    "nightly_reboots",
    "reboot_trickle",
    "drop_trickle",
    "port_shutdown",
    "card_reset",
    "olt_reboot",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

ROLLING: tuple[Kind, ...] = ("firmware_upgrade", "nightly_reboots", "reboot_trickle", "drop_trickle")
"""Kinds that go from one ONT of the target to the next: the ONTs have no common failure."""

Part = Literal[
    "fibre", "trunk", "port", "card", "olt", "area", "ont", "reach", "uplink", "uplinks", "bend", "transmitter", "babbler"
]
"""Physical elements: a fibre is named by what hangs at its lower end; ``trunk`` is a cable with the feeders of several ports,
that of all ports of a card is named by the card; ``port`` is a PON port's laser; ``ont`` is that ONT's own power supply;
``reach`` is the way from the OLT to the network operations centre; ``uplink`` one of the OLT's two uplinks,
``uplinks`` both; ``bend`` is lost light above a splitter; ``transmitter`` that of an ONT which sends when it must not, all the
time; ``babbler`` one that does so now and then."""


class Element(Struct, frozen=True, gc=False):
    part: Part
    id: str


class Fault(Struct, frozen=True, kw_only=True):
    """Something that breaks ``target`` from ``start`` to ``end`` (seconds of the simulation; None: never repaired).

    ``target`` is the root cause as the topology names it: a PON port for its feeder or its laser, a second-level splitter for
    its distribution fibre, an ONT for its drop, a card, an OLT, a splitter whose fibre is bent, a rogue ONT, or a power area.
    A street and a trunk cable are named as the plant has them, the cable with all ports of a card by the card. The kinds of
    ``ROLLING`` have a PON port, a card, an OLT or a power area as target.

    A flapping fault is broken during the first ``duty`` of each ``period``. A bend takes ``depth`` dB, 0 for what the
    simulation draws. ``breakage.py`` has the times at which each element is broken.
    """

    id: str
    kind: Kind
    target: str
    start: float
    end: float | None = None
    period: float = 0.0
    duty: float = 0.5
    depth: float = 0.0

    restored: tuple[float, ...] = ()
    """Seconds at which a street gets its power back, one part of it at each; empty: all of it at ``end``."""
    bounce: float = 0.0
    """The last seconds before ``end`` in which the light comes and goes: the fibre is being spliced."""
    left: float = 0.0
    """Share of the ONTs behind a cut whose light does not come back at ``end``: their fibres are spliced later."""
    left_for: float = 0.0
    """Seconds from ``end`` until the light of those is back."""
    share: float = 1.0
    """Share of the target's ONTs to which a rolling fault comes."""
    down: float = 8.0
    """Seconds for which a rolling fault takes each ONT's power or light. Start and ranging come on top."""
    quiet: bool = False
    """No last words: no dying gasps, no power-off trap of an OLT. So it is with orders: a reset, a firmware upgrade."""


def element_of(plant: SimulatedPlant, fault: Fault) -> Element:
    """The element that ``fault`` breaks. Raises UnknownResource when the plant has no such target, and for kinds that break
    an element of each ONT (:func:`~faultd.simulator.breakage.breakages` has those)."""
    kind, target = fault.kind, fault.target
    match kind:
        case "feeder_cut" if target in plant.pons:
            return Element("fibre", plant.pons[target].feeder)
        case "distribution_cut" if target in plant.splitters and plant.splitters[target].above in plant.splitters:
            return Element("fibre", target)
        case "drop_cut" | "ont_flapping" if target in plant.onts:
            return Element("fibre", target)
        case "ont_reboot" | "ont_power" if target in plant.onts:
            return Element("ont", target)
        case "trunk_cut" if target in plant.trunks or target in plant.cards:
            return Element("trunk", target)
        case "port_shutdown" if target in plant.pons:
            return Element("port", target)
        case "card_failure" | "card_reset" if target in plant.cards:
            return Element("card", target)
        case "area_outage" if target in plant.areas:
            return Element("area", target)
        case "olt_power" | "olt_reboot" if target in plant.olts:
            return Element("olt", target)
        case "olt_unreachable" if target in plant.olts:
            return Element("reach", target)
        case "uplink_down" if target in plant.olts:
            return Element("uplink", target)
        case "uplinks_down" if target in plant.olts:
            return Element("uplinks", target)
        case "bend" if target in plant.splitters:
            return Element("bend", target)
        case "rogue_ont" if target in plant.onts:
            return Element("transmitter", target)
        case "rogue_unnamed" if target in plant.onts:
            return Element("babbler", target)
    raise UnknownResource(kind, target)


def dependents(plant: SimulatedPlant, element: Element) -> tuple[str, ...]:
    """ONTs that have no service, or a bad one behind a bend, while ``element`` is broken."""
    match element.part:
        case "fibre" | "bend":
            return plant.below.get(element.id, (element.id,))
        case "trunk":
            pons = plant.trunks.get(element.id) or plant.cards[element.id].pons
            return tuple(ont for pon in pons for ont in plant.pons[pon].onts)
        case "port":
            return plant.pons[element.id].onts
        case "card":
            return tuple(plant.onts_of_card(element.id))
        case "olt":
            return tuple(plant.onts_of_olt(element.id))
        case "area":
            return plant.areas[element.id]
        case "ont":
            return (element.id,)
        case "transmitter" | "babbler":
            return tuple(ont for ont in plant.pons[plant.onts[element.id].pon].onts if ont != element.id)
        case _:
            return ()

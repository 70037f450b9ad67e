"""Cases of the messy world: plants, habits of OLTs and records as the field has them, and other things that go on meanwhile.

Everything is drawn from the name ``SEED/PLANT/KIND/messy-LOSS``: the same faults and the same mess at every share of losses.
``messy-LOSS-alone`` is the same case without company.
"""

from collections.abc import Iterable, Iterator, Sequence
from random import Random

from msgspec import Struct

from faultd.simulator.breakage import affected, breakages
from faultd.simulator.fault import Fault, Kind
from faultd.simulator.mess import DIMENSIONS, dark_since_long, mess_of, shaped
from faultd.simulator.messy_faults import as_usual, bouncing, second_cut
from faultd.simulator.plant import MAKERS, PlantSpec, SimulatedPlant, build_plant
from faultd.simulator.scenarios import pick

HARMLESS: tuple[Kind, ...] = (
    "firmware_upgrade",
    "nightly_reboots",
    "reboot_trickle",
    "drop_trickle",
    "port_shutdown",
    "card_reset",
    "olt_reboot",
)
"""Kinds after which nothing may be concluded, but for what an OLT or a poller itself says of the reset while it lasts."""
MESSY_SINGLE: tuple[str, ...] = (
    "feeder_cut",
    "distribution_cut",
    "drop_cut",
    "trunk_cut",
    "card_trunk_cut",
    "card_failure",
    "olt_power",
    "area_outage",
    "street_outage",
    "ont_power",
    "ont_flapping",
    "uplink_down",
    "uplinks_down",
    "bend",
    "rogue_ont",
    "rogue_unnamed",
)
MESSY_KINDS: tuple[str, ...] = (*MESSY_SINGLE, "two", "three", "cut_beside_outage", *HARMLESS, "nothing")
_MIXED: tuple[Kind, ...] = (
    "feeder_cut",
    "distribution_cut",
    "drop_cut",
    "trunk_cut",
    "card_failure",
    "street_outage",
    "area_outage",
    "ont_power",
)
COMPANY: dict[str, tuple[Kind, ...]] = {
    "olt-boot": ("olt_reboot",),
    "trunk": ("trunk_cut",),
    "street": ("street_outage",),
    "card-reset": ("card_reset",),
    "shutdown": ("port_shutdown",),
    "wave": ("firmware_upgrade", "nightly_reboots", "reboot_trickle"),
}
"""What goes on elsewhere in the plant, each in a part of the cases."""
SCORED_COMPANY: tuple[Kind, ...] = ("street_outage", "trunk_cut")
"""Company that is a fault and lasts beyond the verdict."""
SHAPES = ("small-legs", "cascades")
"""Dimensions that a plant has in all its cases."""
GROUPS: tuple[tuple[tuple[str, ...], float], ...] = (
    (("soak", "long-soak"), 0.64),
    (("pace",), 0.4),
    (("late-port-los", "no-port-los", "lone-port-los"), 0.6),
    (("few-gasps",), 0.36),
    (("dark-onts",), 0.36),
    (("wrong-records",), 0.34),
    (("missing-records",), 0.34),
    (("registered",), 0.36),
    (("late-cards",), 0.34),
    (("boot-los",), 0.34),
    (("offline-at-shutdown",), 0.34),
    (("no-areas",), 0.36),
    (("bouncing-repair",), 0.36),
)
"""Dimensions, of which a case has at most one of a group, and the probability of the group."""
_COMPANY_ODDS = 0.36
"""Probability of each kind of company. What has no room beside the others is left out."""
START, VERDICT, REPAIR, RESTORED = 10.0, 165.0, 260.0, 545.0
"""Seconds: when faults begin, when conclusions are compared with the truth, when fibres and cards are repaired, and when the
last part of a street has its power back."""
_LEAST = {"street_outage": 6}
"""ONTs that a fault darkens at least, where the plant has such a target."""
AFTER = 400.0
"""Seconds of a case after its last repair: longer than children outlive their cause."""
_SPLITS = ((2, 4), (4, 4), (2, 8), (4, 8), (8, 4), (4, 16), (8, 8))


class MessyDraw(Struct, frozen=True):
    """A case's dimensions by name, its faults, and its company."""

    dimensions: tuple[str, ...]
    faults: tuple[Fault, ...]
    company: tuple[Fault, ...]


def dimensions_of(seed: str, number: str, kind: str) -> tuple[str, ...]:
    """The dimensions of a case, company left out: drawn from its name alone."""
    rng = Random(f"messy/dimensions/{seed}/{number}/{kind}")
    drawn = [rng.choice(names) for names, odds in GROUPS if rng.random() < odds]
    return (*_shapes(seed, number), *drawn)


def _shapes(seed: str, number: str) -> tuple[str, ...]:
    rng = Random(f"messy/shapes/{seed}/{number}")
    return tuple(name for name in SHAPES if rng.random() < 0.4)


def messy_plant(seed: str, number: str) -> SimulatedPlant:
    """The plant of a number; every fifth has full ports of 1:128."""
    rng = Random(f"messy/plant/{seed}/{number}")
    first, second = rng.choice(_SPLITS)
    onts = max(2 * first, int(first * second * rng.choice((0.5, 0.75, 1.0))))
    full = int(number) % 5 == 0
    if full:
        first, second, onts = 8, 16, 128
    large = onts > 32
    spec = PlantSpec(
        olts=3 if full else 4,
        cards_per_olt=2,
        pons_per_card=2 if full else rng.choice((2, 3)) if large else rng.choice((2, 4)),
        onts_per_pon=onts,
        first_split=first,
        second_split=second,
        seed=rng.getrandbits(31),
        vendors=tuple(rng.sample(MAKERS, rng.choice((1, 2, 3)))),
        areas=rng.choice((6, 10, 16)),
        zte_v1=rng.random() < 0.3,
    )
    return build_plant(shaped(spec, mess_of(_shapes(seed, number))))


def mess_names(dimensions: Iterable[str]) -> tuple[str, ...]:
    """Those of a case's dimensions that the simulator plays."""
    return tuple(name for name in dimensions if name in DIMENSIONS)


def draw(seed: str, number: str, kind: str, plant: SimulatedPlant, dark_seed: int) -> MessyDraw:
    """The faults of a case and what goes on beside them. ``dark_seed`` is that of the simulation, which draws the ONTs that
    have been dark since long: a fault hits at least one of the others."""
    rng = Random(f"messy/faults/{seed}/{number}/{kind}")
    dimensions = dimensions_of(seed, number, kind)
    dark = frozenset(dark_since_long(plant, mess_of(mess_names(dimensions)), dark_seed))
    bounce = "bouncing-repair" in dimensions
    faults = tuple(_faults(plant, rng, kind, dark, bounce=bounce))
    taken = {ont for fault in faults for ont in _reach(plant, fault)}
    company: list[Fault] = []
    names: list[str] = []
    for name, kinds in COMPANY.items():
        wanted, each = rng.random() < _COMPANY_ODDS, rng.choice(kinds)
        found = _beside(plant, rng, each, f"beside-{name}", taken, dark) if wanted else None
        if found is not None:
            company.append(found)
            names.append(name)
            taken |= set(_reach(plant, found))
    return MessyDraw((*dimensions, *names), faults, tuple(company))


def _faults(plant: SimulatedPlant, rng: Random, kind: str, dark: frozenset[str], *, bounce: bool) -> Iterator[Fault]:
    if kind == "nothing":
        return
    if kind == "cut_beside_outage":
        for _ in range(50):
            wide = _fault(plant, rng, "street_outage", "fault-1", dark)
            cut = second_cut(plant, rng, wide, "fault-2")
            if cut is not None and len(set(plant.below[cut.target]) - dark) > 1:
                yield wide
                yield cut
                return
        yield _fault(plant, rng, "street_outage", "fault-1", dark)
        return
    if kind not in ("two", "three"):
        yield _fault(plant, rng, kind, "fault-1", dark, bounce=bounce)
        return
    taken: set[str] = set()
    for number in range(1, 3 if kind == "two" else 4):
        for _ in range(100):
            found = _fault(plant, rng, rng.choice(_MIXED), f"fault-{number}", dark, bounce=bounce)
            onts = set(affected(plant, found))
            # Not just the ONTs of one failure above both: at least one port between them stays as it is.
            if not taken & {ont for each in onts for ont in plant.pons[plant.onts[each].pon].onts}:
                taken |= onts
                yield found
                break


def _fault(plant: SimulatedPlant, rng: Random, kind: str, name: str, dark: frozenset[str], *, bounce: bool = False) -> Fault:
    """A fault of this kind that hits at least one ONT that is not dark already, two where it is a fibre of several."""
    simulated: Kind = "trunk_cut" if kind == "card_trunk_cut" else kind  # type: ignore[assignment]
    start = START + rng.uniform(0.0, 3.0)
    least = 1 if kind in ("drop_cut", "ont_power", "ont_flapping", "rogue_ont", "rogue_unnamed") else _LEAST.get(kind, 2)
    target = ""
    for _ in range(100):
        target = _target(plant, rng, kind, simulated)
        end = RESTORED if kind == "street_outage" else REPAIR
        # A flapping ONT has been without light for most of a broken phase when the verdict is taken.
        period = (VERDICT - start) / 3.4 if kind == "ont_flapping" else 0.0
        fault = Fault(id=name, kind=simulated, target=target, start=start, end=end, period=period)
        fault = as_usual(rng, fault)
        onts = set(affected(plant, fault)) - dark
        if not affected(plant, fault) or len(onts) >= least:
            break
    if bounce and kind in ("feeder_cut", "distribution_cut", "drop_cut", "trunk_cut", "card_trunk_cut"):
        return bouncing(rng, fault)
    return fault


def _target(plant: SimulatedPlant, rng: Random, kind: str, simulated: Kind) -> str:
    if kind == "card_trunk_cut":
        return rng.choice([card.id for card in plant.cards.values() if len(card.pons) > 1])
    if kind == "trunk_cut":
        return rng.choice(tuple(plant.trunks))
    return pick(plant, rng, simulated)


def _beside(plant: SimulatedPlant, rng: Random, kind: Kind, name: str, taken: set[str], dark: frozenset[str]) -> Fault | None:
    """Something elsewhere: on ports that nothing else touches. None where the plant has no room for it."""
    for _ in range(12):
        target = _target(plant, rng, kind, kind)
        start = rng.uniform(5.0, 60.0)
        end = RESTORED if kind == "street_outage" else REPAIR if kind == "trunk_cut" else start + rng.uniform(60.0, 240.0)
        found = as_usual(rng, Fault(id=name, kind=kind, target=target, start=start, end=end))
        least = _LEAST.get(kind, 1)
        if not taken.intersection(_reach(plant, found)) and len(set(affected(plant, found)) - dark) >= least:
            return found
    return None


def _reach(plant: SimulatedPlant, fault: Fault) -> Sequence[str]:
    """All ONTs of the ports that a fault touches; those of the OLT where it can silence the OLT."""
    if fault.kind in ("olt_power", "uplink_down", "uplinks_down", "olt_reboot"):
        return tuple(plant.onts_of_olt(fault.target))
    pons = dict.fromkeys(plant.onts[ont].pon for ont in affected(plant, fault))
    return tuple(ont for pon in pons for ont in plant.pons[pon].onts)


def length_of(plant: SimulatedPlant, faults: Iterable[Fault]) -> float:
    """Seconds of a case: until everything has been repaired for long enough."""
    ends = [each.end for fault in faults for each in breakages(plant, fault) if each.end is not None]
    return max((VERDICT, *ends)) + AFTER

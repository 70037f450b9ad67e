"""The cases: plants of many shapes, every kind of fault, and every treatment of the traps on their way.

A case is named ``SEED/PLANT/KIND/CONDITION``, with ``/polls-15`` behind it where the OLTs are polled every 15 seconds. The name
alone reproduces it octet for octet; with polls its faults and traps are the same. Conditions ``messy-N`` are those of the messy
world (``messy.py``).
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Literal

from msgspec import Struct

from faultd.evaluation.messy import MESSY_KINDS, SCORED_COMPANY, draw, length_of, mess_names, messy_plant
from faultd.evaluation.messy import VERDICT as MESSY_VERDICT
from faultd.simulator.fault import Fault, Kind, dependents, element_of
from faultd.simulator.mess import mess_of
from faultd.simulator.plan import Options
from faultd.simulator.plant import VENDORS, PlantSpec, SimulatedPlant, build_plant
from faultd.simulator.records import NO_ERRORS, RecordErrors, draw_errors
from faultd.simulator.scenarios import pick

SINGLE: tuple[Kind, ...] = (
    "feeder_cut",
    "distribution_cut",
    "drop_cut",
    "card_failure",
    "olt_power",
    "area_outage",
    "ont_power",
    "ont_flapping",
    "uplink_down",
    "uplinks_down",
    "bend",
    "rogue_ont",
    "rogue_unnamed",
)
_MIXED: tuple[Kind, ...] = ("feeder_cut", "distribution_cut", "drop_cut", "card_failure", "area_outage", "ont_power")
TOGETHER = {"two": 2, "three": 3}
"""Kinds of cases with several faults within seconds, and how many."""
KINDS: tuple[str, ...] = (*SINGLE, *TOGETHER, "two_bends", "cut_in_outage", "nothing")
World = Literal["clean", "messy"]
MESSY = "messy-"
MESSY_CONDITIONS = ("messy-0", "messy-5")
"""Those that are tried when none is named: none, and 5 % of the traps lost."""

POLLED = "polls-"

START, END, LENGTH = 10.0, 75.0, 150.0
"""Seconds of virtual time: when faults begin, when they are repaired, when the case is over."""
VERDICT = END - 0.5
"""The second at which conclusions are compared with the truth."""
READ, READ_AGAIN = 1.0, 40.0
"""Seconds at which a poller reads optical power: before the faults, and well after their beginning."""
TELL_LEVELS = ("huawei", "bdcom")
"""Vendors whose alarm of low optical power contains the level."""
DEPTHS = ((7.0, 8.0), (10.5, 12.0))
"""dB that two bends take."""
TOGETHER_WITHIN = 3.0
"""Simultaneous faults begin within this many seconds."""
_SPLITS = ((2, 4), (4, 4), (2, 16), (4, 8), (8, 4), (4, 16), (8, 8), (4, 32), (8, 16), (16, 8))


class UnknownCase(ValueError):
    """A case, kind or condition that there is not."""

    def __init__(self, what: str, name: str, known: Sequence[str] = ()) -> None:
        super().__init__(f"{what} = {name!r}: there is no such" + (f"; there are {', '.join(known)}" if known else ""))
        self.name = name


class CaseCondition(Struct, frozen=True, kw_only=True):
    """Disturbances besides the faults. Probabilities are per trap. ``noise``: everyday events per OLT and minute. ``skew``:
    largest error of a device's clock in seconds. ``flapping``: one ONT elsewhere raises and clears again and again. ``window``:
    a maintenance window covers the OLTs of the faults and everything below, from before the faults until after the case.
    ``messy``: in the messy world; ``alone``: without anything beside the faults."""

    name: str
    messy: bool = False
    alone: bool = False
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    skew: float = 0.0
    noise: float = 0.0
    flapping: bool = False
    window: bool = False


CONDITIONS: dict[str, CaseCondition] = {
    each.name: each
    for each in (
        CaseCondition(name="clean"),
        CaseCondition(name="loss-1", loss=0.01),
        CaseCondition(name="loss-5", loss=0.05),
        CaseCondition(name="loss-10", loss=0.10),
        CaseCondition(name="duplicates", duplicate=0.2),
        CaseCondition(name="reordering", reorder=0.2),
        CaseCondition(name="clock-skew", skew=1800.0),
        CaseCondition(name="noise", noise=6.0, flapping=True),
        CaseCondition(name="maintenance", window=True),
        CaseCondition(name="everything", loss=0.05, duplicate=0.1, reorder=0.1, skew=600.0, noise=3.0, flapping=True),
    )
}


class Case(Struct, frozen=True, kw_only=True):
    """One run: ``faults`` are scored, ``background`` only happens."""

    id: str
    plant: SimulatedPlant
    kind: str
    condition: CaseCondition
    faults: tuple[Fault, ...]
    background: tuple[Fault, ...]
    options: Options
    dimensions: tuple[str, ...] = ()
    """What is messy about it."""
    errors: RecordErrors = NO_ERRORS
    """Where the topology file is not the plant."""
    areas: bool = True
    """The topology file has the power areas."""
    polls: int = 0
    """Seconds from one poll of an OLT to the next; 0: nobody polls."""
    verdict: float = VERDICT
    """The second at which conclusions are compared with the truth."""
    length: float = LENGTH
    """Seconds of the case."""
    readings: tuple[float, ...] = ()
    """Seconds at which something reads the light of the ONTs on the ports of bent fibres, and reports it through the API."""


def condition(name: str) -> CaseCondition:
    """The condition of this name; ``loss-N`` is N per cent of traps lost, ``messy-N`` and ``messy-N-alone`` are that in the
    messy world. Raises UnknownCase."""
    if (found := CONDITIONS.get(name)) is not None:
        return found
    messy, alone = name.startswith(MESSY), name.startswith(MESSY) and name.endswith("-alone")
    percent = name.removesuffix("-alone").removeprefix(MESSY) if messy else name.removeprefix("loss-")
    if percent != name and percent.isdigit() and int(percent) <= 100:
        return CaseCondition(name=name, loss=int(percent) / 100, messy=messy, alone=alone)
    raise UnknownCase("condition", name, tuple(CONDITIONS))


def case_ids(seed: int, plants: int, kinds: Sequence[str], conditions: Sequence[str], polls: int = 0) -> Iterator[str]:
    """The names of all cases, plant by plant. Raises UnknownCase."""
    behind = f"/{POLLED}{polls}" if polls else ""
    for kind in kinds:
        for name in conditions:
            known = kinds_of(name)
            if kind not in known:
                raise UnknownCase("kind", kind, known)
    for number in range(plants):
        for kind in kinds:
            yield from (f"{seed}/{number:03d}/{kind}/{name}{behind}" for name in conditions)


def kinds_of(name: str) -> tuple[str, ...]:
    """The kinds of cases that a condition's world has. Raises UnknownCase."""
    return MESSY_KINDS if condition(name).messy else KINDS


def plant_of(case_id: str) -> SimulatedPlant:
    """The plant of a case: its shape is drawn from the seed and the plant's number. Every fourth has ports of 1:128."""
    seed, number, _, name, _ = _parts(case_id)
    if condition(name).messy:
        return messy_plant(seed, number)
    rng = Random(f"evaluate/{seed}/{number}")
    first, second = rng.choice(_SPLITS)
    onts = max(2 * first, int(first * second * rng.choice((0.5, 0.75, 1.0))))
    if int(number) % 4 == 0:
        first, second = rng.choice([split for split in _SPLITS if split[0] * split[1] == 128])
        onts = 128
    large = onts > 64
    vendors = tuple(rng.sample(VENDORS, rng.choice((1, 2, 4))))
    olts = max(len(vendors), 2)
    return build_plant(
        PlantSpec(
            olts=olts,
            cards_per_olt=2 if large else rng.choice((2, 3)),
            pons_per_card=rng.choice((2, 3)) if large else rng.choice((2, 4, 8)),
            onts_per_pon=onts,
            first_split=first,
            second_split=second,
            seed=rng.getrandbits(31),
            vendors=vendors,
            areas=rng.choice((3, 6, 10)),
            zte_v1=rng.random() < 0.3,
        )
    )


def build(case_id: str, plant: SimulatedPlant | None = None) -> Case:
    """The case of this name, on its plant (``plant_of``) when that is at hand. Raises UnknownCase."""
    seed, number, kind, name, polls = _parts(case_id)
    plant = plant or plant_of(case_id)
    chosen = condition(name)
    if chosen.messy:
        return _build_messy(case_id, plant, chosen)
    rng = Random(f"evaluate/{seed}/{number}/{kind}/{name}")
    faults = _draw(plant, rng, kind)
    readings = _readings(plant, kind, faults, int(number))
    background: list[Fault] = []
    if chosen.flapping:
        taken = {ont for fault in faults for ont in dependents(plant, element_of(plant, fault))}
        free = [ont for ont in plant.onts if ont not in taken]
        if free:
            background.append(_fault("flapping", "ont_flapping", rng.choice(free), 5.0))
    options = Options(
        seed=rng.getrandbits(31),
        duration=END,
        loss=chosen.loss,
        duplicate=chosen.duplicate,
        reorder=chosen.reorder,
        noise=chosen.noise,
        skew=chosen.skew,
    )
    return Case(
        id=case_id,
        plant=plant,
        kind=kind,
        condition=chosen,
        faults=faults,
        background=tuple(background),
        options=options,
        polls=polls,
        readings=readings,
    )


def _build_messy(case_id: str, plant: SimulatedPlant, chosen: CaseCondition) -> Case:
    seed, number, kind, _, polls = _parts(case_id)
    chance = Random(f"messy/options/{seed}/{number}/{kind}").getrandbits(31)
    drawn = draw(seed, number, kind, plant, chance)
    mess = mess_of(mess_names(drawn.dimensions))
    company = () if chosen.alone else drawn.company
    length = length_of(plant, (*drawn.faults, *company))
    return Case(
        id=case_id,
        plant=plant,
        kind=kind,
        condition=chosen,
        faults=(*drawn.faults, *(each for each in company if each.kind in SCORED_COMPANY)),
        background=tuple(each for each in company if each.kind not in SCORED_COMPANY),
        options=Options(seed=chance, duration=length, loss=chosen.loss, mess=mess),
        dimensions=drawn.dimensions,
        errors=draw_errors(plant, mess, chance),
        areas="no-areas" not in drawn.dimensions,
        verdict=MESSY_VERDICT,
        length=length,
        polls=polls,
    )


def _parts(case_id: str) -> tuple[str, str, str, str, int]:
    seed, number, kind, name, *polls = [*case_id.split("/"), "", "", ""][: max(4, case_id.count("/") + 1)]
    if not (seed.removeprefix("-").isdigit() and number.isdigit()) or kind not in kinds_of(name) or len(polls) > 1:
        raise UnknownCase("case", case_id)
    interval = polls[0].removeprefix(POLLED) if polls else "0"
    if polls and (interval == polls[0] or not interval.isdigit() or not int(interval)):
        raise UnknownCase("case", case_id)
    return seed, number, kind, name, int(interval)


def _fault(name: str, kind: Kind, target: str, start: float, depth: float = 0.0) -> Fault:
    flaps = kind == "ont_flapping"
    # An end within a broken phase, so that the verdict finds what flaps down.
    return Fault(id=name, kind=kind, target=target, start=start, end=END, period=20.0 if flaps else 0.0, depth=depth)


def _draw(plant: SimulatedPlant, rng: Random, kind: str) -> tuple[Fault, ...]:
    start = START + rng.random()
    if kind == "nothing":
        return ()
    if kind == "cut_in_outage":
        pon = pick(plant, rng, "feeder_cut")
        area = plant.onts[rng.choice(plant.pons[pon].onts)].area
        return (_fault("fault-1", "area_outage", area, start), _fault("fault-2", "feeder_cut", pon, start + 20.0))
    if kind == "two_bends":
        return _two_bends(plant, rng, start)
    wanted = TOGETHER.get(kind)
    if wanted is None:
        return (_fault("fault-1", kind, pick(plant, rng, kind), start),)  # type: ignore[arg-type]
    for _ in range(200):
        kinds = [rng.choice(_MIXED) for _ in range(wanted)]
        drawn = [
            _fault(f"fault-{number}", each, _near(plant, rng, each), start + rng.uniform(0, TOGETHER_WITHIN))
            for number, each in enumerate(kinds, 1)
        ]
        if distinct(plant, drawn):
            return tuple(drawn)
    raise AssertionError("a plant of at least two OLTs has room for three faults")


def _two_bends(plant: SimulatedPlant, rng: Random, start: float) -> tuple[Fault, ...]:
    """Two legs of one port, bent by clearly different amounts, each enough for an alarm of every ONT behind it."""
    legs: dict[str, list[str]] = {}
    for leaf, splitter in plant.splitters.items():
        if splitter.above in plant.splitters and len(plant.below[leaf]) > 1:
            legs.setdefault(splitter.pon, []).append(leaf)
    pon = rng.choice([each for each, found in legs.items() if len(found) > 1])
    return tuple(
        _fault(name, "bend", leaf, start + rng.uniform(0, TOGETHER_WITHIN), depth=rng.uniform(*depth))
        for name, leaf, depth in zip(("fault-1", "fault-2"), rng.sample(legs[pon], 2), DEPTHS, strict=True)
    )


def _readings(plant: SimulatedPlant, kind: str, faults: Sequence[Fault], number: int) -> tuple[float, ...]:
    """The seconds at which a poller reads optical power. With two bends it always reads before them, and once more after their
    beginning where the OLT's alarms contain no level. With one bend it reads on every second plant, so that both ways of
    finding it are tried."""
    if kind == "two_bends":
        tells = plant.olts[plant.pons[plant.splitters[faults[0].target].pon].olt].vendor in TELL_LEVELS
        return (READ,) if tells else (READ, READ_AGAIN)
    return (READ,) if kind == "bend" and number % 2 else ()


def _near(plant: SimulatedPlant, rng: Random, kind: Kind) -> str:
    """A target on the first OLT as often as anywhere: faults close to one another are the hard ones."""
    target = pick(plant, rng, kind)
    for _ in range(8):
        if kind == "area_outage" or target.startswith(f"{next(iter(plant.olts))}/") or rng.random() < 0.5:
            return target
        target = pick(plant, rng, kind)
    return target


def distinct(plant: SimulatedPlant, faults: Sequence[Fault]) -> bool:
    """True when these faults can be distinguished: no ONT is hit by two of them, and no two or three of them darken exactly the
    ONTs that one failure above them would darken."""
    sets = [frozenset(dependents(plant, element_of(plant, fault))) for fault in faults]
    union: set[str] = set()
    for each in sets:
        if union & each:
            return False
        union |= each
    if len(faults) < 2:
        return True
    single = {frozenset(onts) for onts in plant.below.values()}
    single |= {frozenset(plant.onts_of_card(card)) for card in plant.cards}
    single |= {frozenset(plant.onts_of_olt(olt)) for olt in plant.olts}
    subsets = [union] + [union - each for each in sets]
    return not any(frozenset(each) in single and each not in sets for each in subsets)

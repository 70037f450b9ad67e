"""The elements that a fault breaks, each with its times: a street whose power returns in parts, an upgrade that goes from
ONT to ONT, a splice during which the light comes and goes."""

from collections.abc import Iterator, Sequence
from random import Random

from msgspec import Struct

from faultd.simulator.errors import SpecError, UnknownResource
from faultd.simulator.fault import ROLLING, Element, Fault, Part, dependents, element_of
from faultd.simulator.plant import SimulatedPlant

_SPLICE = (3.0, 14.0)
"""Seconds for which the light stays away, or is there, while a fibre is being spliced."""
_PACE = (0.8, 1.2)
"""The time from one ONT to the next, as a multiple of the period."""


class Breakage(Struct, frozen=True):
    """An element is broken from ``begin`` to ``end``; None: for ever."""

    element: Element
    begin: float
    end: float | None


def breakages(plant: SimulatedPlant, fault: Fault) -> tuple[Breakage, ...]:
    """Everything that ``fault`` breaks, in the order of its targets. Raises UnknownResource when the plant has no such target,
    and SpecError for times that cannot be."""
    if fault.kind == "street_outage":
        return tuple(_street(plant, fault))
    if fault.kind in ROLLING:
        return tuple(_rolling(plant, fault))
    element = element_of(plant, fault)
    return (*(Breakage(element, begin, end) for begin, end in _intervals(fault)), *_left_over(plant, fault, element))


def affected(plant: SimulatedPlant, fault: Fault) -> tuple[str, ...]:
    """ONTs that are dark, or have a bad service behind a bend, at one time or another because of ``fault``."""
    return tuple(dict.fromkeys(ont for each in breakages(plant, fault) for ont in dependents(plant, each.element)))


def broken_at(plant: SimulatedPlant, fault: Fault, at: float) -> tuple[str, ...]:
    """ONTs that depend on an element which ``fault`` has broken at that second. Those whose power or light is just back and
    that are not yet ranged are not among them."""
    found = (each for each in breakages(plant, fault) if each.begin <= at and (each.end is None or at < each.end))
    return tuple(dict.fromkeys(ont for each in found for ont in dependents(plant, each.element)))


def last_end(found: Sequence[Breakage]) -> float | None:
    """The second at which nothing is broken any more; None: never."""
    ends = [each.end for each in found if each.end is not None]
    return max(ends, default=None) if len(ends) == len(found) else None


def onts_of(plant: SimulatedPlant, target: str) -> tuple[str, ...]:
    """ONTs of a PON port, a card, an OLT, a power area, a street or below a splitter; none for another target."""
    if target in plant.pons:
        return plant.pons[target].onts
    if target in plant.cards:
        return tuple(plant.onts_of_card(target))
    if target in plant.olts:
        return tuple(plant.onts_of_olt(target))
    return plant.areas.get(target) or plant.streets.get(target) or plant.below.get(target, ())


def _intervals(fault: Fault) -> Iterator[tuple[float, float | None]]:
    """The periods in which the one element of ``fault`` is really broken, as (from, until) pairs."""
    if fault.kind == "ont_flapping":
        if fault.end is None or fault.period <= 0:
            raise SpecError("period", fault.period, f"fault {fault.id} flaps: it needs an end and a period above 0")
        at = fault.start
        while at < fault.end:
            yield at, min(at + fault.period * fault.duty, fault.end)
            at += fault.period
        return
    if fault.bounce <= 0:
        yield fault.start, fault.end
        return
    if fault.end is None or fault.end - fault.bounce <= fault.start:
        raise SpecError("bounce", fault.bounce, f"fault {fault.id} bounces: it needs an end that is later than that")
    rng = Random(f"splice/{fault.id}/{fault.target}/{fault.start}")
    begin, at = fault.start, fault.end - fault.bounce
    while at < fault.end:
        yield begin, at
        begin = at + rng.uniform(*_SPLICE)
        at = begin + rng.uniform(*_SPLICE)
    if begin < fault.end:
        yield begin, fault.end


def _left_over(plant: SimulatedPlant, fault: Fault, element: Element) -> Iterator[Breakage]:
    """The drops of ONTs whose light does not come back with the others'."""
    if fault.left <= 0:
        return
    onts = dependents(plant, element)
    if fault.end is None or fault.left_for <= 0 or element.part not in ("fibre", "trunk") or len(onts) < 2:
        raise SpecError(
            "left", fault.left, f"fault {fault.id} leaves ONTs over: it needs a cut of several, an end and left_for"
        )
    rng = Random(f"left/{fault.id}/{fault.target}/{fault.start}")
    count = min(len(onts) - 1, max(1, round(fault.left * len(onts))))
    for ont in rng.sample(onts, count):
        yield Breakage(Element("fibre", ont), fault.start, fault.end + fault.left_for)


def _street(plant: SimulatedPlant, fault: Fault) -> Iterator[Breakage]:
    """The mains of each ONT of a street; ONTs that are neighbours get theirs back together."""
    onts = plant.streets.get(fault.target)
    if onts is None:
        raise UnknownResource(fault.kind, fault.target)
    ends = tuple(sorted(fault.restored)) or (fault.end,)
    for number, ont in enumerate(onts):
        yield Breakage(Element("ont", ont), fault.start, ends[number * len(ends) // len(onts)])


def _rolling(plant: SimulatedPlant, fault: Fault) -> Iterator[Breakage]:
    """One ONT after the other: every ``period`` seconds, or (nightly reboots) at any time between ``start`` and ``end``. The
    turns that would come after ``end`` do not come."""
    onts = list(onts_of(plant, fault.target))
    if not onts:
        raise UnknownResource(fault.kind, fault.target)
    nightly = fault.kind == "nightly_reboots"
    if (nightly and fault.end is None) or (not nightly and fault.period <= 0):
        raise SpecError("period", fault.period, f"fault {fault.id} rolls: it needs a period above 0, nightly reboots an end")
    rng = Random(f"rolling/{fault.id}/{fault.target}/{fault.start}")
    count = max(1, round(fault.share * len(onts)))
    chosen = set(rng.sample(onts, count))
    turns = [ont for ont in onts if ont in chosen]
    if fault.kind != "firmware_upgrade":
        rng.shuffle(turns)
    part: Part = "fibre" if fault.kind == "drop_trickle" else "ont"
    at = fault.start
    for ont in turns:
        begin = rng.uniform(fault.start, fault.end or fault.start) if nightly else at
        if fault.end is not None and begin > fault.end:
            return
        yield Breakage(Element(part, ont), begin, begin + fault.down)
        at += fault.period * rng.uniform(*_PACE)

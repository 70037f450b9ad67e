"""What happens to a plant: a kind of fault, the ONTs that it darkens, and the places that a right cause may name."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from second_world.plant import OLT, Plant
from second_world.reports import Course, Report

END = 900.0


class Truth(NamedTuple):
    """``types``: alarm types that name the fault. ``places``: any of them is right; empty: any place is. ``each``: all of them
    must be named, or a place above them all."""

    types: tuple[str, ...]
    onts: list[str]
    places: frozenset[str] = frozenset()
    each: bool = False


class Story(NamedTuple):
    course: Course
    truths: list[Truth]


CUT, POWER, CARD = ("fibre.cut",), ("power.outage",), ("card.failure", "card.fault", "card.offline")


class Hours(NamedTuple):
    begin: float
    end: float


def _hours(rng: Random) -> Hours:
    begin = 60 + rng.random() * 5
    return Hours(begin, begin + rng.uniform(180, 400))


def _ports(plant: Plant) -> list[str]:
    return [port for ports in plant.ports_of.values() for port in ports if len(plant.served(port)) >= 4]


def _legs(plant: Plant, port: str = "") -> list[str]:
    legs = sorted({leg for leg in plant.leg.values() if len(plant.served(leg)) >= 2})
    return [leg for leg in legs if leg.startswith(f"{port}/")] if port else legs


def _cut(course: Course, place: str, hours: Hours) -> Truth:
    course.dark(course.plant.below[place], *hours)
    ports = course.plant.port.values()
    return Truth(CUT, course.plant.served(place), frozenset((place, f"{place}/s") if place in ports else (place,)))


def feeder(plant: Plant, rng: Random) -> Story:
    course = Course(plant)
    return Story(course, [_cut(course, rng.choice(_ports(plant)), _hours(rng))])


def leg(plant: Plant, rng: Random) -> Story:
    course = Course(plant)
    return Story(course, [_cut(course, rng.choice(_legs(plant)), _hours(rng))])


def two_legs(plant: Plant, rng: Random) -> Story:
    course, hours = Course(plant), _hours(rng)
    chosen = rng.sample(_legs(plant, rng.choice([port for port in _ports(plant) if len(_legs(plant, port)) >= 3])), 2)
    return Story(course, [_cut(course, each, Hours(hours.begin + rng.random() * 2, hours.end)) for each in chosen])


def street(plant: Plant, rng: Random) -> Story:
    """The mains of a street, restored in two steps."""
    course, hours = Course(plant), _hours(rng)
    onts = plant.served()
    name = rng.choice(sorted(set(plant.street.values())))
    onts = [ont for ont in onts if plant.street[ont] == name]
    rng.shuffle(onts)
    later = max(1, len(onts) // 3)
    course.unpowered(onts[later:], *hours)
    course.unpowered(onts[:later], hours.begin, hours.end + 240)
    return Story(course, [Truth(POWER, onts)])


def power_of_a_port(plant: Plant, rng: Random) -> Story:
    course, port = Course(plant), rng.choice(_ports(plant))
    course.unpowered(plant.below[port], *_hours(rng))
    return Story(course, [Truth(POWER, plant.served(port), frozenset((port, f"{port}/s")))])


def trunk(plant: Plant, rng: Random) -> Story:
    ports = _ports(plant)
    return _trunk(plant, rng, rng.sample(ports, min(len(ports), rng.choice((3, 4)))))


def trunk_of_a_card(plant: Plant, rng: Random) -> Story:
    return _trunk(plant, rng, plant.ports_of[rng.choice(plant.cards)])


def _trunk(plant: Plant, rng: Random, ports: list[str]) -> Story:
    course, hours = Course(plant), _hours(rng)
    for port in ports:
        course.dark(plant.below[port], *hours)
    onts = [ont for port in ports for ont in plant.served(port)]
    return Story(course, [Truth(CUT, onts, frozenset(ports), each=True)])


def card(plant: Plant, rng: Random) -> Story:
    """The card's own trap comes at once, or 5 to 10 s after those of its ONTs. A dead card says nothing of its ports."""
    course, hours, which = Course(plant), _hours(rng), rng.choice(plant.cards)
    plant.habits.port_los = "never"
    course.dark(plant.below[which], *hours)
    late = rng.uniform(5, 10) if rng.random() < 0.5 else rng.uniform(0, 2)
    course.further += [Report(hours.begin + late, "card", False, which), Report(hours.end + 5, "card", True, which)]
    return Story(course, [Truth(CARD, plant.served(which), frozenset((which,)))])


def bouncing_repair(plant: Plant, rng: Random) -> Story:
    course, hours, port = Course(plant), _hours(rng), rng.choice(_ports(plant))
    truth, at = _cut(course, port, hours), hours.end + 6
    for _ in range(rng.randint(2, 4)):
        again = at + rng.uniform(4, 12)
        course.dark(plant.below[port], at, again)
        at = again + rng.uniform(16, 25)
    return Story(course, [truth])


def cut_beside_outage(plant: Plant, rng: Random) -> Story:
    course, hours = Course(plant), _hours(rng)
    first, second, third = rng.sample(
        _legs(plant, rng.choice([port for port in _ports(plant) if len(_legs(plant, port)) >= 4])), 3
    )
    onts = [ont for each in (first, second) for ont in plant.served(each)]
    course.unpowered(onts, *hours)
    return Story(course, [Truth(POWER, onts), _cut(course, third, Hours(hours.begin + 3, hours.end))])


def reboots(plant: Plant, rng: Random) -> Story:
    course, at, may_gasp = Course(plant), 60.0, rng.random() < 0.6
    onts = plant.served()
    rng.shuffle(onts)
    for ont in onts[: rng.randint(12, 40)]:
        course.unpowered([ont], at, at + rng.uniform(20, 40), may_gasp=may_gasp)
        at += rng.uniform(1, 8)
    return Story(course, [])


def upgrade(plant: Plant, rng: Random) -> Story:
    course, at = Course(plant), 60.0
    for ont in plant.served(rng.choice(_ports(plant))):
        course.unpowered([ont], at, at + rng.uniform(40, 60), may_gasp=rng.random() < 0.5)
        at += rng.uniform(2, 5)
    return Story(course, [])


def switched_off(plant: Plant, rng: Random) -> Story:
    course, hours, port = Course(plant), _hours(rng), rng.choice(_ports(plant))
    plant.habits.port_los = "never"
    course.dark(plant.below[port], *hours)
    course.further += [Report(hours.begin + 0.1, "shut", False, port), Report(hours.end, "shut", True, port)]
    return Story(course, [])


def olt_start(plant: Plant, rng: Random) -> Story:
    """The OLT starts anew: each port is without light until its ONTs are ranged."""
    course, at = Course(plant), 150.0
    course.started = at
    course.further.append(Report(at, "start", False, OLT))
    for port in [port for ports in plant.ports_of.values() for port in ports]:
        course.further.append(Report(at + 1 + rng.random() * 3, "pon_los", False, port))
        course.further.append(Report(at + 20 + rng.random() * 30, "pon_los", True, port))
    course.further += [Report(at + 22 + rng.random() * 60, "state", True, ont) for ont in plant.served()]
    return Story(course, [])


STORIES: dict[str, Callable[[Plant, Random], Story]] = {
    each.__name__: each
    for each in (
        feeder,
        leg,
        two_legs,
        street,
        power_of_a_port,
        trunk,
        trunk_of_a_card,
        card,
        bouncing_repair,
        cut_beside_outage,
        reboots,
        upgrade,
        switched_off,
        olt_start,
    )
}
NEED_CARDS = ("card", "olt_start")
"""Stories for makers that report cards and ports."""
NOTHING = ("reboots", "upgrade", "switched_off", "olt_start")
"""Stories in which no cause must be concluded."""

"""Streets, which lose mains together, and trunk cables, which are dug up as one: groups that no OLT knows of."""

from collections.abc import Callable, Mapping, Sequence
from random import Random


def lay_streets(seed: int, areas: Mapping[str, Sequence[str]], leg: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    """The streets of each power area, by id: the ONTs of two to five half legs that follow one another, so that a street takes
    a part of several legs and often of two ports. ``leg`` gives the splitter of an ONT."""
    streets: dict[str, tuple[str, ...]] = {}
    for area, onts in areas.items():
        rng = Random(f"streets/{seed}/{area}")
        legs: dict[str, list[str]] = {}
        for ont in onts:
            legs.setdefault(leg(ont), []).append(ont)
        waiting: list[str] = []
        wanted, number = rng.randint(2, 5), 0
        for below in legs.values():
            half = below[: max(1, len(below) // 2)] if rng.random() < 0.7 else below
            waiting += half
            wanted -= 1
            if wanted == 0:
                number += 1
                streets[f"{area}/street-{number}"] = tuple(waiting)
                waiting, wanted = [], rng.randint(2, 5)
        if number == 0 and len(waiting) > 1:
            streets[f"{area}/street-1"] = tuple(waiting)
    return streets


def lay_trunks(seed: int, olts: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The trunk cables of each OLT, by id: two to four of its PON ports, given in ``olts``, that follow one another."""
    trunks: dict[str, tuple[str, ...]] = {}
    for olt, pons in olts.items():
        rng = Random(f"trunks/{seed}/{olt}")
        at = number = 0
        while len(pons) - at > 1:
            feeders = tuple(pons[at : at + rng.randint(2, 4)])
            number += 1
            trunks[f"{olt}/trunk-{number}"] = feeders
            at += len(feeders)
    return trunks

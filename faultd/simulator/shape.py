"""The shape of the fibres below a PON port: its splitters, and on which of them each ONT hangs."""

from collections.abc import Iterator
from random import Random

from msgspec import Struct

_DIRECT = 0.06
"""Share of the ONTs that hang at the first splitter where cascades are unequal."""
_SPLIT_ONCE_MORE = 4
"""ONTs that a leg needs to be split once more."""


class PortShape(Struct, frozen=True):
    """``splitters`` below the first one, as (suffix, suffix of the splitter above): ``.2`` is the second leg, ``.2.1`` its
    first branch, the empty suffix is the first splitter. ``places`` has the suffix of each ONT's splitter, in turn."""

    splitters: tuple[tuple[str, str], ...]
    places: tuple[str, ...]


def regular(legs: int, onts: int) -> PortShape:
    """Equal legs; the ONTs are dealt to them in turn."""
    leaves = tuple(f".{leg + 1}" for leg in range(legs))
    return PortShape(tuple((leaf, "") for leaf in leaves), tuple(leaves[count % legs] for count in range(onts)))


def irregular(legs: int, onts: int, rng: Random, *, small: bool, unequal: bool) -> PortShape:
    """A port as it grew, with ``onts`` ONTs at most, on two legs at least where it has two ONTs. ``small``: one to three ONTs
    on each leg. ``unequal``: legs of different sizes, and among the larger some that split once more; a few ONTs hang at the
    first splitter."""
    legs = min(max(2, legs), onts)
    sizes = _small(legs, onts, rng) if small else _unequal(legs, onts, rng)
    splitters: list[tuple[str, str]] = []
    places: list[str] = []
    for number, size in enumerate(sizes, 1):
        leg = f".{number}"
        splitters.append((leg, ""))
        branches = list(_branches(leg, size, rng)) if unequal and size >= _SPLIT_ONCE_MORE and rng.random() < 0.4 else []
        splitters += [(branch, leg) for branch, _ in branches]
        for branch, count in branches or [(leg, size)]:
            places += [branch] * count
    if unequal:
        for _ in range(round(_DIRECT * len(places))):
            spare = [place for place in set(places) if place and places.count(place) > 2]
            if spare:
                places[places.index(min(spare))] = ""
    rng.shuffle(places)
    return PortShape(tuple(splitters), tuple(places))


def _small(legs: int, onts: int, rng: Random) -> list[int]:
    sizes = [rng.randint(1, 3) for _ in range(legs)]
    while sum(sizes) > onts and max(sizes) > 1:
        sizes[sizes.index(max(sizes))] -= 1
    return sizes


def _unequal(legs: int, onts: int, rng: Random) -> list[int]:
    """Sizes that add up to ``onts``, at least one each, the largest several times the smallest."""
    weights = [rng.choice((1, 2, 4, 8)) for _ in range(legs)]
    sizes = [max(1, onts * weight // sum(weights)) for weight in weights]
    while sum(sizes) > onts:
        sizes[sizes.index(max(sizes))] -= 1
    sizes[weights.index(max(weights))] += onts - sum(sizes)
    return sizes


def _branches(leg: str, size: int, rng: Random) -> Iterator[tuple[str, int]]:
    """Two or three splitters below a leg, with at least one ONT each."""
    count = 3 if size >= 6 and rng.random() < 0.5 else 2
    left = size
    for number in range(1, count + 1):
        here = left if number == count else rng.randint(1, left - (count - number))
        left -= here
        yield f"{leg}.{number}", here

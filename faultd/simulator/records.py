"""Errors of the records: the topology file that an operator has, where it is not the plant."""

from collections.abc import Mapping
from random import Random

from msgspec import Struct

from faultd.simulator.mess import Mess
from faultd.simulator.plant import SimulatedPlant


class RecordErrors(Struct, frozen=True):
    """``wrong``: the splitter on which the records have an ONT that hangs elsewhere on the same port. ``missing``: ONTs that
    the records have not."""

    wrong: Mapping[str, str] = {}
    missing: frozenset[str] = frozenset()


NO_ERRORS = RecordErrors()


def draw_errors(plant: SimulatedPlant, mess: Mess, seed: int) -> RecordErrors:
    """The errors of this plant's records, drawn from ``seed``. An ONT is at most either wrong or missing."""
    rng = Random(f"records/{seed}")
    counts = [round(rng.uniform(*share) * len(plant.onts)) for share in (mess.wrong_records, mess.missing_records)]
    onts = rng.sample(list(plant.onts), min(sum(counts), len(plant.onts)))
    wrong: dict[str, str] = {}
    for ont in onts[: counts[0]]:
        others = _other_legs(plant, ont)
        if others:
            wrong[ont] = rng.choice(others)
    return RecordErrors(wrong, frozenset(onts[counts[0] :]))


def _other_legs(plant: SimulatedPlant, ont: str) -> list[str]:
    """Splitters of the port on which ONTs hang and which lie on no common leg with ``ont``."""
    here = plant.onts[ont].splitter
    pon = plant.pons[plant.onts[ont].pon]
    hanging = dict.fromkeys(plant.onts[each].splitter for each in pon.onts)
    return [each for each in hanging if each != pon.feeder and each != here and ont not in plant.below[each]]

"""Faults of the messy world as they usually go: steps of a restoration, orders without a last word, one ONT after the other."""

from random import Random

from msgspec import structs

from faultd.simulator.breakage import affected
from faultd.simulator.errors import SpecError
from faultd.simulator.fault import Fault, Kind
from faultd.simulator.plant import SimulatedPlant

SECOND_CUT = (2.5, 4.0)
"""Seconds from an outage to the cut that falls into it."""


def as_usual(rng: Random, fault: Fault) -> Fault:
    """``fault``, of which kind, target, start and end are known, with the course that is usual for its kind. Kinds of the tidy
    world stay as they are. Raises SpecError without an end."""
    if fault.end is None:
        raise SpecError("end", None, f"fault {fault.id} needs an end")
    length = fault.end - fault.start
    match fault.kind:
        case "street_outage":
            steps = sorted(rng.uniform(0.3, 0.8) for _ in range(rng.randint(1, 2)))
            return structs.replace(fault, restored=(*(fault.start + step * length for step in steps), fault.end))
        case "firmware_upgrade":
            return structs.replace(fault, period=rng.uniform(0.5, 4.0), down=rng.uniform(4.0, 12.0), quiet=rng.random() < 0.5)
        case "nightly_reboots":
            return structs.replace(fault, share=rng.uniform(0.2, 0.5), down=rng.uniform(3.0, 8.0), quiet=rng.random() < 0.5)
        case "reboot_trickle":
            return structs.replace(fault, period=rng.uniform(2.0, 5.0), down=rng.uniform(3.0, 8.0), quiet=rng.random() < 0.3)
        case "drop_trickle":
            return structs.replace(fault, period=rng.uniform(2.0, 5.0), down=rng.uniform(10.0, 40.0))
        case "card_reset" | "olt_reboot":
            return structs.replace(fault, end=fault.start + min(length, rng.uniform(30.0, 90.0)), quiet=True)
        case _:
            return fault


def bouncing(rng: Random, fault: Fault) -> Fault:
    """A cut whose repair bounces for a minute, or for half of its time when that is shorter. SpecError without an end."""
    if fault.end is None:
        raise SpecError("end", None, f"fault {fault.id} needs an end")
    return structs.replace(fault, bounce=min(rng.uniform(40.0, 70.0), (fault.end - fault.start) / 2))


def leaving_some(rng: Random, fault: Fault, seconds: float) -> Fault:
    """A cut after whose repair some ONTs stay dark for ``seconds`` more: their fibres in the splice are bad."""
    return structs.replace(fault, left=rng.uniform(0.1, 0.4), left_for=seconds)


def second_cut(plant: SimulatedPlant, rng: Random, wide: Fault, name: str) -> Fault | None:
    """A cut of a distribution fibre some 3 s after ``wide`` began, on a port where ``wide`` took other ONTs. None: the plant
    has no such leg."""
    taken = set(affected(plant, wide))
    pons = dict.fromkeys(plant.onts[ont].pon for ont in taken)
    legs = [leg for pon in pons for leg in plant.pons[pon].splitters[1:] if not taken.intersection(plant.below[leg])]
    legs = [leg for leg in legs if len(plant.below[leg]) > 1]
    if not legs:
        return None
    kind: Kind = "distribution_cut"
    return Fault(id=name, kind=kind, target=rng.choice(legs), start=wide.start + rng.uniform(*SECOND_CUT), end=wide.end)

"""What the simulated plant does, in words, for the person in front of the demo."""

from collections.abc import Sequence

from msgspec import Struct

from faultd.simulator.truth import FaultTruth

_WORDS = {
    "feeder_cut": "feeder fibre cut",
    "distribution_cut": "distribution fibre cut",
    "drop_cut": "drop fibre cut",
    "card_failure": "PON card fails",
    "olt_power": "OLT loses power",
    "olt_unreachable": "OLT cannot reach the NOC",
    "area_outage": "mains outage in",
    "ont_flapping": "ONT flaps",
    "uplink_down": "uplink goes down",
}


class Moment(Struct, frozen=True, order=True):
    """Something that happens ``at`` seconds of the simulation."""

    at: float
    text: str


def moments(faults: Sequence[FaultTruth]) -> list[Moment]:
    """Beginnings and ends of the faults worth telling, in their order."""
    told: list[Moment] = []
    for fault in faults:
        if (words := _WORDS.get(fault.kind)) is None:
            continue
        hurt = f", {len(fault.affected_customers)} customers" if fault.affected_customers else ""
        told.append(Moment(fault.start, f"{words} {fault.root}{hurt}"))
        if fault.end is not None:
            told.append(Moment(fault.end, f"repaired: {words} {fault.root}"))
    return sorted(told)

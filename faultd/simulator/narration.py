"""The plant's faults as sentences, for people who watch a simulation."""

from msgspec import Struct

from faultd.simulator.plan import SimulationPlan
from faultd.simulator.truth import FaultTruth

_BEGINS = {
    "feeder_cut": "the feeder of PON {root} is cut",
    "distribution_cut": "the distribution fibre to splitter {root} is cut",
    "drop_cut": "the drop fibre of ONT {root} is cut",
    "card_failure": "card {root} fails",
    "olt_power": "{root} loses power",
    "olt_unreachable": "{root} can no longer be reached",
    "area_outage": "{root} loses mains",
    "ont_flapping": "a connector of ONT {root} begins to flap",
    "ont_reboot": "ONT {root} is switched off and on",
    "ont_power": "the customer of ONT {root} loses mains",
    "uplink_down": "an uplink of {root} goes down",
    "uplinks_down": "the fibre with both uplinks of {root} is cut",
    "bend": "the fibre to splitter {root} is bent",
    "rogue_ont": "ONT {root} does not stop sending",
    "rogue_unnamed": "ONT {root} sends when it must not, now and then",
    "trunk_cut": "the trunk cable {root} is dug up",
    "street_outage": "{root} loses mains",
    "firmware_upgrade": "the ONTs of {root} begin to load new firmware, one after the other",
    "nightly_reboots": "ONTs of {root} begin to restart, as every night",
    "reboot_trickle": "ONTs of {root} begin to restart, one every few seconds",
    "drop_trickle": "ONTs of {root} begin to lose their light for a while, one every few seconds",
    "port_shutdown": "an operator switches PON {root} off",
    "card_reset": "an operator resets card {root}",
    "olt_reboot": "an operator restarts {root}",
}
_ENDS = {
    "feeder_cut": "the feeder of PON {root} is spliced",
    "distribution_cut": "the distribution fibre to splitter {root} is spliced",
    "drop_cut": "the drop fibre of ONT {root} is spliced",
    "card_failure": "card {root} is replaced",
    "olt_power": "{root} has power again",
    "olt_unreachable": "{root} can be reached again",
    "area_outage": "{root} has mains again",
    "ont_flapping": "the connector of ONT {root} is cleaned",
    "ont_power": "the customer of ONT {root} has mains again",
    "uplink_down": "an uplink of {root} comes up",
    "uplinks_down": "both uplinks of {root} are spliced",
    "bend": "the fibre to splitter {root} is straightened",
    "rogue_ont": "ONT {root} is switched off",
    "rogue_unnamed": "ONT {root} is replaced",
    "trunk_cut": "the trunk cable {root} is spliced",
    "street_outage": "all of {root} has mains again",
    "port_shutdown": "an operator switches PON {root} on",
}


class Happening(Struct, frozen=True):
    """One sentence; ``at`` is seconds of the simulation."""

    at: float
    fault: str
    text: str


def narrate(plan: SimulationPlan) -> tuple[Happening, ...]:
    """Beginning and end of every fault, in the order of their times."""
    news: list[Happening] = []
    for fault in plan.faults:
        news.append(Happening(fault.start, fault.id, _BEGINS[fault.kind].format(root=fault.root) + _customers(fault)))
        if fault.end is not None and fault.kind in _ENDS:
            news.append(Happening(fault.end, fault.id, _ENDS[fault.kind].format(root=fault.root)))
    return tuple(sorted(news, key=lambda each: each.at))


def _customers(fault: FaultTruth) -> str:
    count = len(fault.affected_customers)
    return f" ({count} customers)" if count > 1 else ""

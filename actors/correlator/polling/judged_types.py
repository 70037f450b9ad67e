"""The alarm types that a read of states can judge, and the type of what a read finds down.

The state of an ONT tells about its service alone: thresholds of its optics, bit errors and its subscriber ports are other
problems. A card, a fan or a power supply unit that works may have other alarms too; only those that say that it does not work
or is missing are judged.
"""

from typing import Final

from actors.correlator.resources.interfaces import INTERFACE_DOWN, UPLINK_DOWN
from actors.correlator.strategies.symptoms import Symptoms
from protocols.poll.states import DownCause, PartKind

ONT_DOWN: Final[dict[DownCause, str]] = {
    "los": "ont.los",
    "lof": "ont.lof",
    "dying_gasp": "ont.dying_gasp",
    "loss_of_ploam": "ont.loam",
    "loss_of_ack": "ont.loa",
}
"""By the cause that the device gives; ``ont.state`` for the others."""
ONT_STATE: Final = "ont.state"
PON_DOWN: Final = "pon.down"
DOWN: Final[dict[PartKind, str]] = {
    "ont": ONT_STATE,
    "pon": PON_DOWN,
    "interface": INTERFACE_DOWN,
    "card": "card.offline",
    "fan": "fan.fault",
    "psu": "power.module",
}
_JUDGED: Final[dict[str, PartKind]] = {
    INTERFACE_DOWN: "interface",
    UPLINK_DOWN: "interface",
    "card.offline": "card",
    "card.fault": "card",
    "card.not_running": "card",
    "card.out_of_service": "card",
    "fan.fault": "fan",
    "fan.offline": "fan",
    "fan.missing": "fan",
    "power.module": "psu",
}


def judged_kind(symptoms: Symptoms, alarm_type: str) -> PartKind | None:
    """The kind of part whose state shows whether an alarm of this type still holds; None when no state shows it."""
    kind = _JUDGED.get(alarm_type)
    if kind is not None:
        return kind
    traits = symptoms.get(alarm_type)
    if traits is None:
        return None
    return "ont" if traits.out else "pon" if traits.pon_los else None


def type_of_down(kind: PartKind, cause: DownCause) -> str:
    """The alarm type of a part that a read finds down for this cause."""
    return ONT_DOWN.get(cause, ONT_STATE) if kind == "ont" else DOWN[kind]

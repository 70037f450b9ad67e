"""Ways in which an agent may misbehave."""

import re
from collections.abc import Iterable
from typing import Literal, get_args

from faultd.simulator.errors import SimulatorError
from faultd.simulator.plant import SimulatedPlant

AgentVariant = Literal[
    "slow",
    "lossy",
    "crashed",
    "looping",
    "counter-reset",
    "uptime-wrap",
    "contradicting",
    "other-id",
    "duplicating",
    "other-address",
    "truncated",
    "fragile-card",
]
VARIANTS: dict[AgentVariant, str] = {
    "slow": "Each answer comes 1.5 s late.",
    "lossy": "Three of ten requests get no answer.",
    "crashed": "The agent is silent; the OLT goes on and sends traps.",
    "looping": "GETNEXT behind the last row of a column gives its first row again.",
    "counter-reset": "The counters begin anew every 300 s, without a restart.",
    "uptime-wrap": "sysUpTime wraps 60 s after the begin, without a restart.",
    "contradicting": "Every PON port and ONT reads up, whatever the traps say.",
    "other-id": "Every third answer has another request-id.",
    "duplicating": "Each answer comes three times.",
    "other-address": "Every second answer comes from another address.",
    "truncated": "Every third answer ends in the middle.",
    "fragile-card": "A card crashes when the optics of its ONTs are read more than twice an hour.",
}
assert set(VARIANTS) == set(get_args(AgentVariant))


class BadVariant(SimulatorError):
    """An option ``OLT=VARIANT`` that cannot be followed."""

    def __init__(self, given: str, why: str) -> None:
        super().__init__(f"agent-variant = {given!r}: {why}")
        self.given = given


def read_variants(plant: SimulatedPlant, given: Iterable[str]) -> dict[str, frozenset[AgentVariant]]:
    """The variants of each OLT, of texts such as ``olt-2=slow`` and ``olt-002=lossy+duplicating``. Raises BadVariant."""
    found: dict[str, frozenset[AgentVariant]] = {}
    for text in given:
        name, mark, variants = text.partition("=")
        number = re.fullmatch(r"olt-0*(\d+)", name)
        olt = f"olt-{int(number[1]):03d}" if number else name
        if not mark or olt not in plant.olts:
            raise BadVariant(text, f"expected OLT=VARIANT with an OLT of the plant, {next(iter(plant.olts))} for example")
        for variant in variants.split("+"):
            if variant not in VARIANTS:
                raise BadVariant(text, f"unknown variant {variant!r}; there are {', '.join(VARIANTS)}")
            found[olt] = found.get(olt, frozenset()) | {variant}
    return found

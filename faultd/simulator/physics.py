"""The physical state: the broken elements, and the ONTs that an OLT can receive as a result.

It is kept incrementally. Each ONT has a counter of broken fibres, of missing power and of rogue siblings, so that a change
costs only the ONTs that it touches. Each element holds the set of faults that break it, and works again when the last is
repaired.
"""

from collections import Counter

from faultd.simulator.fault import Element, dependents
from faultd.simulator.plant import SimulatedPlant


class Physics:
    def __init__(self, plant: SimulatedPlant) -> None:
        self._plant = plant
        self._broken: dict[Element, set[str]] = {}
        self._cuts: Counter[str] = Counter()
        self._unpowered: Counter[str] = Counter()
        self._blinded: Counter[str] = Counter()

    def works(self, element: Element) -> bool:
        return element not in self._broken

    def fail(self, element: Element, fault: str) -> bool:
        """Break ``element``; True when it had worked until now."""
        if (holders := self._broken.get(element)) is not None:
            holders.add(fault)
            return False
        self._broken[element] = {fault}
        self._count(element, +1)
        return True

    def restore(self, element: Element, fault: str) -> bool:
        """End what ``fault`` did to ``element``; True when it works again, False when it was whole or stays broken."""
        holders = self._broken.get(element)
        if holders is None or fault not in holders:
            return False
        holders.discard(fault)
        if holders:
            return False
        del self._broken[element]
        self._count(element, -1)
        return True

    def broken_by(self, element: Element) -> frozenset[str]:
        return frozenset(self._broken.get(element, ()))

    def path_intact(self, ont: str) -> bool:
        """Light can pass between the card and this ONT."""
        return not self._cuts[ont]

    def powered(self, ont: str) -> bool:
        return not self._unpowered[ont]

    def lit(self, ont: str) -> bool:
        """The OLT's light reaches this ONT: the OLT has power, the card and the port's laser work and no fibre is cut."""
        pon = self._plant.pons[self._plant.onts[ont].pon]
        above = (Element("port", pon.id), Element("card", pon.card), Element("olt", pon.olt))
        return not self._cuts[ont] and not any(each in self._broken for each in above)

    def drown(self, ont: str, step: int) -> None:
        """A babbling sibling begins (+1) or ceases (-1) to shout this ONT down."""
        self._blinded[ont] += step

    def drowned(self, ont: str) -> bool:
        """The OLT receives this ONT's light and another's together, and can make nothing of it."""
        return bool(self._blinded[ont]) and not self._unpowered[ont] and self.lit(ont)

    def heard(self, ont: str) -> bool:
        """The OLT receives this ONT: it is lit, has power to answer, and nobody shouts it down."""
        return not self._unpowered[ont] and not self._blinded[ont] and self.lit(ont)

    def _count(self, element: Element, step: int) -> None:
        match element.part:
            case "fibre" | "trunk":
                counter = self._cuts
            case "area" | "ont":
                counter = self._unpowered
            case "transmitter":
                counter = self._blinded
            case _:
                return
        for ont in dependents(self._plant, element):
            counter[ont] += step

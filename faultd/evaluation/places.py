"""Places of a simulated plant: what hangs below each, and which is the smallest that covers some others."""

from collections.abc import Iterable

from faultd.simulator.plant import SimulatedPlant

AREA = "area:"


class CausePlaces:
    """Everything that a conclusion may name, with the ONTs below it."""

    def __init__(self, plant: SimulatedPlant) -> None:
        self._plant = plant
        self._memory: dict[str, frozenset[str]] = {}

    def onts(self, place: str) -> frozenset[str]:
        """ONTs at or below ``place``; none for a place that is not of the plant (an uplink, an ONT's LAN port)."""
        found = self._memory.get(place)
        if found is None:
            found = self._memory[place] = frozenset(self._look(place))
        return found

    def _look(self, place: str) -> Iterable[str]:
        plant = self._plant
        if place in plant.onts:
            return (place,)
        if place in plant.below:
            return plant.below[place]
        if place in plant.pons:
            return plant.pons[place].onts
        if place in plant.cards:
            return plant.onts_of_card(place)
        if place in plant.olts:
            return plant.onts_of_olt(place)
        if place == plant.core:
            return plant.onts
        return plant.areas.get(place.removeprefix(AREA), ()) if place.startswith(AREA) else ()

    def above(self, place: str) -> tuple[str, ...]:
        """``place`` and what it hangs from, up to its OLT."""
        plant = self._plant
        found: list[str] = []
        if place in plant.onts:
            found.append(place)
            place = plant.onts[place].splitter
        while place in plant.splitters:
            found.append(place)
            place = plant.splitters[place].above
        if place in plant.pons:
            found.append(place)
            place = plant.pons[place].card
        if place in plant.cards:
            found.append(place)
            place = plant.cards[place].olt
        return (*found, place)

    def cover(self, places: Iterable[str]) -> frozenset[str]:
        """ONTs below the smallest place that covers all of ``places``; none when they lie below several OLTs, or are none."""
        common: list[str] | None = None
        for place in places:
            line = self.above(place)
            common = list(line) if common is None else [each for each in common if each in line]
        return self.onts(common[0]) if common else frozenset()

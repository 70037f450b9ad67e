"""Places of a simulated plant: what hangs below each, and which is the smallest that covers some others."""

from collections.abc import Iterable

from faultd.simulator.plant import SimulatedPlant

AREA = "area:"


class CausePlaces:
    """Everything that a conclusion may name, with the ONTs below it."""

    def __init__(self, plant: SimulatedPlant, dark: Iterable[str] = ()) -> None:
        """``dark`` are ONTs that were out before the case: no place has them, since nothing reports them again."""
        self._plant = plant
        self._dark = frozenset(dark)
        self._memory: dict[str, frozenset[str]] = {}

    def onts(self, place: str) -> frozenset[str]:
        """ONTs at or below ``place``; none for a place that is not of the plant (an uplink, an ONT's LAN port)."""
        found = self._memory.get(place)
        if found is None:
            found = self._memory[place] = frozenset(self._look(place)) - self._dark
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

    def lowest(self, places: Iterable[str]) -> tuple[str, ...]:
        """The lowest place above all of ``places`` and those above it that have the same ONTs; none for several OLTs."""
        common: list[str] | None = None
        for place in places:
            line = self.above(place)
            common = list(line) if common is None else [each for each in common if each in line]
        return tuple(each for each in common or () if self.onts(each) == self.onts((common or [""])[0]))

    def cover(self, places: Iterable[str]) -> frozenset[str]:
        """ONTs below the smallest place that covers all of ``places``; none when they lie below several OLTs, or are none."""
        lowest = self.lowest(places)
        return self.onts(lowest[0]) if lowest else frozenset()

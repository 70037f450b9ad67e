"""The interfaces in one read by their resources: an index of the moment stands for the interface with that name."""

from collections.abc import Iterator
from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.memories import NamedInterfaces
from actors.correlator.polling.found_parts import MOST_PARTS, FoundParts, position_of
from actors.correlator.resources.interfaces import MOST_OF_DEVICE, known_of, learn, locate, node_of
from protocols.poll.states import DownCause, PartState, PolledStates

SENDER: Final = "faultd:poll"
"""Sender of the poller's names, which come in no start of the device: a name counts as it was read."""
_START: Final = 0


class InterfacePlaces:
    """The resource of each interface of a read."""

    def __init__(self, draft: Draft, event: PolledStates) -> None:
        self._draft, self._device = draft, event.device
        self._known = known_of(draft, event.device)
        self._names = {each.position: each.name for each in event.names[:MOST_OF_DEVICE]}
        self._resources: dict[str, int] | None = None

    def names_of(self, number: int) -> tuple[str, str, str]:
        """The names of an interface as read, in the order ifName, ifDescr, ifAlias."""
        return self._names.get(str(number), ""), "", ""

    def learn(self) -> None:
        """Remember the names that differ from the known ones."""
        known, plant = self._known, self._draft.state.plant
        memory = self._draft.state.memory(NamedInterfaces)
        for number, name in self._names.items():
            position = f"if/{number}"
            place_id = known.by_index.get(position, "") if known is not None else ""
            if not name or (known is not None and place_id and known.places[place_id].names[0] == name):
                continue
            names = (name, "", "")
            place = locate(known, position, names, SENDER, _START)
            node = node_of(plant, self._device, known, place, position) if plant.nodes else None
            self._draft.on_commit(learn, memory, self._device, position, names, place.position, node, SENDER, _START)

    def resource(self, number: int) -> str:
        """The resource of the interface with this index."""
        position = f"if/{number}"
        plant = self._draft.state.plant
        place = locate(self._known, position, self.names_of(number), SENDER, _START)
        node = node_of(plant, self._device, self._known, place, position) if plant.nodes else None
        return node.id if node is not None else f"{self._device}/{place.position}"

    def state(self, parts: FoundParts, resource_id: str) -> tuple[PartState, DownCause] | None:
        """The state of the interface that is this resource. None: the read does not list it."""
        if self._resources is None:
            self._resources = {self.resource(number): number for number in _numbers(parts)}
        number = self._resources.get(resource_id)
        return None if number is None else parts.state("interface", position_of("interface", "", number))


def _numbers(parts: FoundParts) -> Iterator[int]:
    left = MOST_PARTS
    for group in parts.groups("interface"):
        for first, last in (*group.up, *((each[0], each[1]) for each in group.down), *group.unknown):
            yield from range(first, min(last + 1, first + left))
            left = max(0, left - (last + 1 - first))

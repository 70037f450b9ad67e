"""The interfaces in one read by their resources: an index of the moment stands for the interface with that name."""

from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.memories import NamedInterfaces
from actors.correlator.polling.found_parts import FoundParts
from actors.correlator.resources.interfaces import MOST_OF_DEVICE, known_of, learn, locate, node_of
from protocols.poll.states import DownCause, PartState, PolledStates

SENDER: Final = "faultd:polling"
"""Sender of the poller's names, which come in no start of the device: a name counts as it was read."""
_START: Final = 0


class InterfacePlaces:
    """The resource of each interface of a read, by its position (``if/7``)."""

    def __init__(self, draft: Draft, event: PolledStates) -> None:
        self._draft, self._device = draft, event.device
        self._known = known_of(draft, event.device)
        self._names = {_position(each.position): each.name for each in event.names[:MOST_OF_DEVICE]}
        self._ports = {_position(each.position): each.part for each in event.names[:MOST_OF_DEVICE] if each.part}
        self._positions: dict[str, str] | None = None

    def names_of(self, position: str) -> tuple[str, str, str]:
        """The names of an interface as read, in the order ifName, ifDescr, ifAlias."""
        return self._names.get(position, ""), "", ""

    def learn(self) -> None:
        """Remember the names that differ from the known ones."""
        known, plant = self._known, self._draft.state.plant
        memory = self._draft.state.memory(NamedInterfaces)
        for position, name in self._names.items():
            place_id = known.by_index.get(position, "") if known is not None else ""
            part = self._ports.get(position, "")
            found = known.places[place_id] if known is not None and place_id else None
            if not name or (found is not None and found.names[0] == name and found.part == part):
                continue
            names = (name, "", "")
            place = locate(known, position, names, SENDER, _START)
            node = node_of(plant, self._device, known, place, position) if plant.nodes else None
            start = SENDER, _START
            self._draft.on_commit(learn, memory, self._device, position, names, place.position, node, *start, part)

    def resource(self, position: str) -> str:
        """The resource of the interface with this index."""
        plant = self._draft.state.plant
        place = locate(self._known, position, self.names_of(position), SENDER, _START)
        node = node_of(plant, self._device, self._known, place, position) if plant.nodes else None
        return node.id if node is not None else f"{self._device}/{place.position}"

    def state(self, parts: FoundParts, resource_id: str) -> tuple[PartState, DownCause] | None:
        """The state of the interface that is this resource. None: the read does not list it."""
        if self._positions is None:
            positions = (part.position for part in parts.listed("interface"))
            self._positions = {self.resource(position): position for position in positions}
        position = self._positions.get(resource_id)
        return None if position is None else parts.state("interface", position)


def _position(named: str) -> str:
    """The position of an interface that is given by its position or by its index alone."""
    return f"if/{named}" if named.isdecimal() else named

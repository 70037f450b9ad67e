"""The plant for the API: reads of what the fold holds, and wishes turned into commands against it as it is."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from actors.correlator.plant.check import cascade
from actors.correlator.plant.customers import customers_of, tiers_of
from actors.correlator.plant.difference import whole
from actors.correlator.resources import silent_devices
from actors.correlator.rules.place import area_of
from actors.correlator.state import State
from protocols.alarm import Alarm
from protocols.command import ChangeTopology
from protocols.customer import Customer
from protocols.topology import Node


class PlantView:
    """A :class:`protocols.topology_view.TopologyView` of ``state``. Changes bear the plant's last offset, so that one made for
    an older plant is refused."""

    def __init__(self, state: State) -> None:
        self._state = state

    def count(self, tenant: str | None) -> int:
        return self._state.plant.count(tenant)

    def all(self) -> list[Node]:
        return list(self._state.plant.nodes.values())

    def node(self, node_id: str) -> Node | None:
        return self._state.plant.nodes.get(node_id)

    def device(self, address: str) -> Node | None:
        return self._state.plant.device(address)

    def from_api(self, node_id: str) -> bool:
        return node_id in self._state.api_nodes

    def revision(self, node_id: str) -> int | None:
        return self._state.plant.revision(node_id)

    def sorted_from(self, after: str) -> Iterator[str]:
        return self._state.plant.sorted_from(after)

    def children(self, node_id: str) -> Collection[str]:
        return self._state.plant.children(node_id)

    def of_type(self, type: str) -> Collection[str]:
        return self._state.plant.of_type(type)

    def area(self, name: str) -> Collection[str]:
        return self._state.plant.area(name)

    def subtree(self, node_id: str) -> Iterator[str]:
        return self._state.plant.subtree(node_id)

    def paths(self, node_id: str) -> list[tuple[str, ...]]:
        return self._state.plant.paths(node_id)

    def with_serial(self, serial: str) -> list[Node]:
        return self._state.plant.with_serial(serial)

    def with_index(self, device_id: str, index: str) -> Node | None:
        device = self._state.plant.resolve(device_id)
        return self._state.plant.with_index(device_id if device is None else device.id, index)

    def addresses(self) -> Mapping[str, Node]:
        return self._state.plant.by_address

    def last_heard(self, node_id: str) -> datetime | None:
        return silent_devices.last_heard(self._state, node_id)

    def customers(self, alarm: Alarm, wanted: Sequence[str]) -> list[Customer]:
        return customers_of(self._state.plant, alarm.resource_id, alarm.tenant_id, wanted)

    def area_and_tiers(self, alarm: Alarm) -> tuple[str, tuple[str, ...]]:
        plant = self._state.plant
        return area_of(plant, alarm) or "", tiers_of(plant, alarm)

    def put(self, *nodes: Node) -> ChangeTopology:
        return ChangeTopology(nodes, on=self._state.topology_at)

    def whole(self, nodes: Sequence[Node], tenant: str | None) -> ChangeTopology:
        at = self._state.topology_at
        among = None
        if tenant is not None:
            among = [node.id for node in list(self._state.plant.nodes.values()) if node.tenant == tenant]
        difference = whole(self._state.plant, nodes, among)
        return ChangeTopology(difference.puts, difference.removes, at)

    def without(self, node_id: str, *, cascade: bool) -> ChangeTopology:
        puts, removes = _cascade(self._state, node_id) if cascade else ([], [node_id])
        return ChangeTopology(tuple(puts), tuple(removes), self._state.topology_at)


def _cascade(state: State, node_id: str) -> tuple[list[Node], list[str]]:
    return cascade(state.plant, node_id)

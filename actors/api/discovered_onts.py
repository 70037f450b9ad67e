"""ONTs in which a device and the topology differ: answered from the fold, and taken over by changing the topology."""

from typing import Any
from urllib.parse import unquote

from litestar import Router, get, post
from litestar.params import JSONBody

from actors.api.access import allow
from actors.api.openapi import PROBLEM, ApiOperation
from actors.api.problems import ProblemError, invalid_body
from actors.api.routes import By, Given, resource
from actors.api.topology_changes import TopologyChanges
from actors.api.topology_nodes import NodeName, sees, writable
from protocols.command import ChangeTopology
from protocols.poll.discovered import DiscoveredOnt, DiscoveredView
from protocols.principal import Principal
from protocols.rest_body import fields_for
from protocols.rest_discovered_onts import OntDifference, OntDifferences, OntsAccepted
from protocols.rest_topology import TopologyResult
from protocols.topology import Node
from protocols.topology_view import TopologyView


@get(
    "/devices/{device_id:str}/onts",
    summary="ONTs in which a device and the topology differ",
    operation_class=ApiOperation,
    responses={404: PROBLEM},
    opt=allow("viewer", slashes="device_id"),
)
async def list_differences(
    changes: Given[TopologyChanges], discovered: Given[DiscoveredView], by: By, device_id: NodeName
) -> OntDifferences:
    """ONTs in which the last reads and the topology differ: `new`, whose `serial` the topology lacks, `replaced` or `moved`,
    and those that the device does not list any more (`vanished`). Each stays until both agree, at most 4,096 of a device."""
    plant = changes.plant
    device = _device(plant, by, unquote(device_id))
    found = discovered.discovered(device.id)
    return OntDifferences(tuple(_shown(plant, by, each) for each in found if _is_seen(plant, by, each)))


@post(
    "/devices/{device_id:str}/onts",
    summary="Take ONTs over into the topology",
    status_code=200,
    operation_class=ApiOperation,
    responses={404: PROBLEM, 409: PROBLEM},
    opt=allow("admin", slashes="device_id"),
)
async def take_over(
    changes: Given[TopologyChanges],
    discovered: Given[DiscoveredView],
    by: By,
    device_id: NodeName,
    data: JSONBody[OntsAccepted],
) -> TopologyResult:
    """Put the nodes as the device has the ONTs: all of them or none. A new one hangs from its PON port; one that moved takes
    its fields along; one that was replaced gets the new serial, and its alarms end. 422 for a position that cannot be taken
    over."""
    plant = changes.plant
    device = _device(plant, by, unquote(device_id))
    writable(by, device)

    async def wish() -> ChangeTopology:
        found = {each.position: each for each in discovered.discovered(device.id) if _is_seen(plant, by, each)}
        wanted = data.positions or tuple(name for name, each in found.items() if each.kind == "new" and each.proposed)
        puts, removes = dict[str, Node](), list[str]()
        for position in wanted:
            each = found.get(position)
            if each is None or each.proposed is None:
                raise invalid_body("positions", f"{position!r} has no proposal that can be taken over")
            writable(by, each.proposed)
            if each.kind == "moved":
                if plant.children(each.other_id):
                    raise invalid_body("positions", f"{each.other_id!r} has nodes below it: move it with PATCH /topology/nodes")
                removes.append(each.other_id)
            puts[each.proposed.id] = each.proposed
        return ChangeTopology(tuple(puts.values()), tuple(removes), plant.put().on)

    return await changes.make(by, wish)


def _device(plant: TopologyView, by: Principal, device_id: str) -> Node:
    node = plant.node(device_id)
    if node is None or not node.address or not sees(by, node):
        raise ProblemError(404, "unknown_device", f"no device {device_id!r}")
    return node


def _is_seen(plant: TopologyView, by: Principal, each: DiscoveredOnt) -> bool:
    """A node of another tenant at the position does not exist for the caller."""
    node = plant.node(each.node_id)
    return node is None or sees(by, node)


def _shown(plant: TopologyView, by: Principal, each: DiscoveredOnt) -> OntDifference:
    other = plant.node(each.other_id) if each.other_id else None
    hidden = other is not None and not sees(by, other)
    fields = fields_for(OntDifference, each)
    return OntDifference(**{**fields, "other_id": "" if hidden else each.other_id}, acceptable=each.proposed is not None)


def routes(changes: TopologyChanges, discovered: DiscoveredView) -> Router:
    """Differences of ONTs between devices and the topology."""
    handlers: list[Any] = [list_differences, take_over]
    return resource("devices", handlers, changes=changes, discovered=discovered)

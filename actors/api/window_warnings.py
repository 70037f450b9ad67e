"""Warnings about a maintenance window: names in its scope that match nothing.

Such a window is not refused: a device may be added to the topology after its window was planned. Another tenant's device is
warned about like a device that does not exist.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

import trio

from protocols.alarm_view import AlarmView
from protocols.maintenance import MaintenanceWindow
from protocols.topology import Node
from protocols.topology_view import TopologyView
from protocols.walls import shown_to

IN_UTC = "time_zone is not given: it recurs by the clock of UTC, also where clocks are put forward"
MOST = 20
"""Names that one warning lists."""
_STEP = 5_000
"""Nodes looked at between two checkpoints."""


async def unknown_names(plant: TopologyView, alarms: AlarmView, window: MaintenanceWindow) -> list[str]:
    """A warning for each field of the scope that has names which match nothing."""
    scope = window.scope
    found = list(_warning("subtrees", [name for name in scope.subtrees if not _has_node(plant, window, name)]))
    reporting: set[str] = set()
    if scope.devices:
        reporting.update(alarm.device_id for alarm in alarms.all() if window.tenant_id in (None, alarm.tenant_id))
    devices = [name for name in scope.devices if not _has_device(plant, window, name) and name not in reporting]
    found += _warning("devices", devices)
    if scope.customers or scope.services:
        customers, services = set(scope.customers), set(scope.services)
        nodes = plant.all()
        for start in range(0, len(nodes), _STEP):
            mine = [node for node in nodes[start : start + _STEP] if _sees(window, node)]
            # A node of type customer or service is one by its id.
            customers.difference_update(*_names(mine, "customer", "customer_id"))
            services.difference_update(*_names(mine, "service", "service_id"))
            await trio.lowlevel.checkpoint()
        found += _warning("customers", [name for name in scope.customers if name in customers])
        found += _warning("services", [name for name in scope.services if name in services])
    return found


def _names(nodes: Sequence[Node], kind: str, field: str) -> tuple[Iterable[str], Iterable[str]]:
    return (getattr(node, field) for node in nodes), (node.id for node in nodes if node.type == kind)


def _has_node(plant: TopologyView, window: MaintenanceWindow, name: str) -> bool:
    node = plant.node(name)
    return node is not None and _sees(window, node)


def _has_device(plant: TopologyView, window: MaintenanceWindow, name: str) -> bool:
    """A node, or the beginning of the ids of some (``DEVICE/POSITION``)."""
    if _has_node(plant, window, name):
        return True
    inside: Collection[str] = list(islice(plant.sorted_from(f"{name}/"), 1))
    return any(one.startswith(f"{name}/") and _has_node(plant, window, one) for one in inside)


def _sees(window: MaintenanceWindow, node: Node) -> bool:
    return shown_to(node, window.tenant_id) is not None


def _warning(field: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        listed = ", ".join(repr(name) for name in names[:MOST])
        yield f"scope.{field}: nothing is known by the name {listed}{more}; until something is, the window covers nothing there"

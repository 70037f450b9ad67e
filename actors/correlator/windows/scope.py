"""Finds the open windows that cover an alarm, from the alarm's place and the nodes above it. It never walks all windows or the
plant.

A subtree is everything that depends on its root. A node with several uplinks: its own alarms are covered as soon as one uplink
is, but nodes below it only when all uplinks are. Through another uplink they keep working, so an alarm there is not caused by
the work.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from actors.correlator.alarms.raise_clear import SYSTEM
from actors.correlator.plant import Plant
from actors.correlator.plant.power_area import AREA
from actors.correlator.windows.memory import WindowMemory
from protocols.alarm import Alarm
from protocols.maintenance import MaintenanceWindow, WindowScope

DEEPEST = 256
"""Nodes above an alarm that are looked at."""
MOST_CUSTOMERS = 10_000
"""Customers of a window that are told of it."""


class AlarmPlace(NamedTuple):
    """The place of an alarm."""

    line: dict[str, tuple[str, ...]]
    """Its resource and everything above it, nearest first, each with what is directly above."""
    around: tuple[str, ...]
    """Devices that it may be inside of."""


def covering(plant: Plant, memory: WindowMemory, alarm: Alarm) -> Iterator[tuple[MaintenanceWindow, str]]:
    """The open windows that cover ``alarm``, each with what of it is in the window's scope."""
    if not memory.places:
        return
    place = place_of(plant, alarm)
    found: dict[str, None] = {}
    for key in _keys(plant, place, alarm):
        for window_id in memory.places.get(key, ()):
            found[window_id] = None
    for window_id in found:
        window = memory.windows[window_id]
        matched = covers(plant, window, alarm, place)
        if matched is not None:
            yield window, matched


def covers(plant: Plant, window: MaintenanceWindow, alarm: Alarm, place: AlarmPlace | None = None) -> str | None:
    """The part of the alarm that is in the window's scope, open or not; None when the window does not cover it."""
    scope = window.scope
    if alarm.resource_id == SYSTEM and alarm.source == "system":
        return None  # No planned work covers faultd's own alarms.
    if window.tenant_id is not None and alarm.tenant_id != window.tenant_id:
        return None
    if scope.tenants and alarm.tenant_id not in scope.tenants:
        return None
    if scope.alarm_types and alarm.alarm_type not in scope.alarm_types:
        return None
    if scope.resource_types and alarm.resource_type not in scope.resource_types:
        return None
    if scope.places:
        return _place_in(plant, scope, alarm, place or place_of(plant, alarm))
    if scope.alarm_types:
        return f"alarm type {alarm.alarm_type}"
    return f"resource type {alarm.resource_type}" if scope.resource_types else f"tenant {alarm.tenant_id}"


def place_of(plant: Plant, alarm: Alarm) -> AlarmPlace:
    """The place of an alarm. A resource that the topology does not know is inside the device in its id (``DEVICE/POSITION``),
    else in the device that reported it."""
    line: dict[str, tuple[str, ...]] = {}
    level = [alarm.resource_id]
    while level and len(line) < DEEPEST:
        above: list[str] = []
        for name in level:
            if name not in line:
                line[name] = _above(plant, name, alarm.device_id)
                above += line[name]
        level = above
    around = [alarm.device_id] if alarm.device_id else []
    name = alarm.resource_id
    while name:
        around.append(name)
        name = name.rpartition("/")[0]
    return AlarmPlace(line, tuple(dict.fromkeys(around)))


def _above(plant: Plant, name: str, device_id: str) -> tuple[str, ...]:
    node = plant.nodes.get(name)
    if node is not None:
        return node.parents
    if name.startswith(AREA):
        return _ports_of(plant, name)
    around = name.rpartition("/")[0]
    if around:
        return (around,)
    return (device_id,) if device_id and device_id != name else ()


def _ports_of(plant: Plant, area: str) -> tuple[str, ...]:
    """The PON ports of a power area's ONTs: it is in a scope when all of them are, as what has several uplinks is."""
    ports = (plant.pon_of(ont) or plant.device_of(ont) for ont in plant.area(area.removeprefix(AREA)))
    return tuple(dict.fromkeys(port for port in ports if port is not None))


def _keys(plant: Plant, place: AlarmPlace, alarm: Alarm) -> Iterator[str]:
    for name in place.line:
        yield f"node:{name}"
        node = plant.nodes.get(name)
        if node is not None:
            yield f"customer:{node.customer_id}"
            yield f"service:{node.service_id}"
    for device in place.around:
        yield f"device:{device}"
    if alarm.resource_id.startswith(AREA):
        for port in place.line[alarm.resource_id][:1]:
            yield f"device:{plant.device_of(port)}"
    # Everything that the alarm affects must be in the scope, so the first one decides which windows can cover it.
    for customer in alarm.affected_customers[:1]:
        yield f"customer:{customer}"
    for service in alarm.affected_services[:1]:
        yield f"service:{service}"
    yield f"type:{alarm.alarm_type}"
    yield f"resource:{alarm.resource_type}"
    yield f"tenant:{alarm.tenant_id}"


def _place_in(plant: Plant, scope: WindowScope, alarm: Alarm, place: AlarmPlace) -> str | None:
    for device in place.around:
        if device in scope.devices:
            return f"device {device}"
    if scope.devices and alarm.resource_id.startswith(AREA):
        devices = {plant.device_of(port) for port in place.line[alarm.resource_id]}
        if devices and devices <= set(scope.devices):
            return f"every device of {alarm.resource_id.removeprefix(AREA)}"
    if scope.subtrees:
        root = _root_of(place, alarm.resource_id, frozenset(scope.subtrees))
        if root is not None:
            return f"{root} and below"
    if scope.customers or scope.services:
        for name in place.line:
            node = plant.nodes.get(name)
            if node is not None and node.customer_id and node.customer_id in scope.customers:
                return f"customer {node.customer_id}"
            if node is not None and node.service_id and node.service_id in scope.services:
                return f"service {node.service_id}"
        if alarm.subscriber_count > len(alarm.affected_customers):
            return None  # there are others, whom it does not name
        if alarm.affected_customers and _all_in(alarm.affected_customers, scope.customers):
            return f"customer {alarm.affected_customers[0]}"
        if alarm.affected_services and _all_in(alarm.affected_services, scope.services):
            return f"service {alarm.affected_services[0]}"
    return None


def _all_in(affected: tuple[str, ...], named: tuple[str, ...]) -> bool:
    return len(set(affected)) <= len(named) and set(affected) <= set(named)


def _root_of(place: AlarmPlace, resource_id: str, roots: frozenset[str]) -> str | None:
    """The root in whose subtree the resource is, by the rule of redundant uplinks."""
    if resource_id in roots:
        return resource_id
    through: dict[str, str | None] = {}
    # Nearest first in ``line``, so that backwards most of what is above a node is known before it.
    waiting = list(place.line)
    for name in reversed(waiting):
        _through(place, name, roots, through, 0)
    if resource_id.startswith(AREA):
        return through[resource_id]
    return next((root for name in place.line[resource_id] if (root := through.get(name)) is not None), None)


def _through(place: AlarmPlace, name: str, roots: frozenset[str], through: dict[str, str | None], depth: int) -> str | None:
    """The root on which all of a node's uplinks depend; None when one is outside."""
    if name in through:
        return through[name]
    through[name] = None
    if name in roots:
        through[name] = name
    elif depth < DEEPEST:
        above = [_through(place, each, roots, through, depth + 1) for each in place.line.get(name, ())]
        through[name] = above[0] if above and all(above) else None
    return through[name]


def customers_in(plant: Plant, window: MaintenanceWindow) -> tuple[str, ...]:
    """Ids of the customers at the places that a window names, at most :data:`MOST_CUSTOMERS`. A window without a place names no
    customer."""
    scope = window.scope
    found = dict.fromkeys(scope.customers)
    for node_id in (*scope.subtrees, *scope.devices, *scope.services):
        if len(found) >= MOST_CUSTOMERS:
            break
        reach = plant.reach(node_id) if window.tenant_id is None else plant.reach_for(node_id, window.tenant_id)
        found |= dict.fromkeys(reach.customers)
    return tuple(islice(found, MOST_CUSTOMERS))

"""The place of an alarm: its node, the nodes above it, its device."""

from actors.correlator.plant import Plant
from protocols.alarm import Alarm

MAX_ABOVE = 256
"""Nodes above one that are looked at."""
_DEVICE_KEYS = ("device_id", "olt_id")


def above(plant: Plant, node_id: str) -> tuple[str, ...]:
    """The node and all above it, nearest first; empty when the topology does not know it."""
    if node_id not in plant.nodes:
        return ()
    # Each step looks only at what the step before it found, so the nearest come first.
    found = {node_id: None}
    waiting = [node_id]
    for each in waiting:
        for parent in plant.nodes[each].parents:
            if parent not in found and len(found) < MAX_ABOVE and parent in plant.nodes:
                found[parent] = None
                waiting.append(parent)
    return tuple(found)


def known_place(plant: Plant, alarm: Alarm) -> str:
    """The node of an alarm, else the innermost node around it that the topology has, by DEVICE/POSITION; empty for none."""
    place = alarm.resource_id
    while place and place not in plant.nodes:
        place = place.rpartition("/")[0]
    return place or (alarm.device_id if alarm.device_id in plant.nodes else "")


def nearest(plant: Plant, alarm: Alarm, node_type: str) -> str | None:
    """The id of the nearest node of this type at or above the alarm's place."""
    for node_id in above(plant, known_place(plant, alarm)):
        if plant.nodes[node_id].type == node_type:
            return node_id
    return None


def area_of(plant: Plant, alarm: Alarm) -> str | None:
    """The power area of the nearest node at or above the alarm's place that names one."""
    for node_id in above(plant, known_place(plant, alarm)):
        area: str = plant.nodes[node_id].area
        if area:
            return area
    return None


def device_of(alarm: Alarm) -> str:
    """The device that an alarm is of, empty when nothing says. A place inside a device is called DEVICE/POSITION."""
    if alarm.device_id:
        return alarm.device_id
    for key in _DEVICE_KEYS:
        named = alarm.metadata.get(key)
        if isinstance(named, str) and named:
            return named
    return alarm.resource_id.partition("/")[0]


def is_below(plant: Plant, alarm: Alarm, cause: Alarm) -> bool:
    """True when ``alarm`` is at or below the place of ``cause``: by the topology where it has both, else within one device."""
    if alarm.tenant_id != cause.tenant_id:
        return False
    if alarm.resource_id in plant.nodes and cause.resource_id in plant.nodes:
        return cause.resource_id in above(plant, alarm.resource_id)
    device = device_of(cause)
    if not device or device_of(alarm) != device:
        return False
    inside = f"{device}/"
    if cause.resource_id.startswith(inside) and alarm.resource_id.startswith(inside):
        # Both positions are known: one card's ports are not another's.
        return alarm.resource_id == cause.resource_id or alarm.resource_id.startswith(f"{cause.resource_id}/")
    return True


def common_place(plant: Plant, alarms: list[Alarm]) -> tuple[str, str, str]:
    """(resource id, type, device) of what the alarms have in common: the lowest common node, else their device, else the
    tenant."""
    first = alarms[0]
    shared = list(above(plant, known_place(plant, first)))
    for alarm in alarms[1:]:
        over = set(above(plant, known_place(plant, alarm)))
        shared = [node_id for node_id in shared if node_id in over]
        if not shared:
            break
    if shared:
        node = plant.nodes[shared[0]]
        return node.id, node.type, node.id if node.address else _device(alarms)
    if len({alarm.resource_id for alarm in alarms}) == 1:
        return first.resource_id, first.resource_type, first.device_id
    device = _device(alarms)
    if device:
        known = plant.nodes.get(device)
        return device, known.type if known is not None else "device", device
    return first.tenant_id, "tenant", ""


def _device(alarms: list[Alarm]) -> str:
    devices = {device_of(alarm) for alarm in alarms}
    return devices.pop() if len(devices) == 1 else ""

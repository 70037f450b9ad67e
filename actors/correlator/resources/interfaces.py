"""Interfaces: identified by their names, whatever index they have at the moment.

An agent may renumber its interfaces when it starts (RFC 2863 section 3.1.5), and many traps contain the index alone. For each
device the fold remembers the names of each index since the device started, and the position at which an interface was first
seen; that position stays its resource. A trap without a name is read by the index. A trap whose index is unknown since the
start is read by its names; without names, its index means the interface that had it last.

Of the names (ifName, ifDescr, ifAlias) only ifName belongs to one interface for certain. The others are used as long as no two
indexes have them at the same time.

On many OLTs each PON port, and on some each ONT, is an interface too. Its ifName or ifDescr has the position (``GPON0/3``,
``gpon-olt_1/2/3``, ``EPON0/1:5``), or its index has, which the poller reads by the profile's formula. The topology's node at
that position is then the interface's.

The meaning of a lost interface depends on the topology: ``interface.down``, or ``uplink.down`` where the topology has it as an
uplink.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Final, NamedTuple

from msgspec.structs import replace

from actors.correlator.draft import Draft
from actors.correlator.memories import Interface, Interfaces, NamedInterfaces
from actors.correlator.plant import Plant
from actors.correlator.resources.vendor_index import place_of_index, unsigned
from protocols.finding import Finding
from protocols.profile import AlarmType
from protocols.profile_decoders import DecodeError, port_name
from protocols.topology import MOST_ADDRESSES, Node

INTERFACE_DOWN: Final = "interface.down"
UPLINK_DOWN: Final = "uplink.down"
UPLINK: Final = "uplink"
"""The type of the topology's nodes that are uplinks."""

MOST_OF_DEVICE: Final = 8_192
"""Interfaces remembered of one device; one with more is forgotten, and its interfaces are known by index."""
MOST: Final = 100_000
"""Interfaces remembered of all devices; beyond it the device that came first goes."""
_IF_NAME: Final = 0
_PON: Final = "pon"
"""In the name of each PON port and of each ONT that is an interface."""


class InterfacePlace(NamedTuple):
    """The place of an interface: its position below the device, further positions at which an alarm of it may be open, and its
    known names."""

    position: str
    others: tuple[str, ...]
    names: tuple[str, ...]


def locate(known: Interfaces | None, position: str, names: tuple[str, ...], sender: str, start: int) -> InterfacePlace:
    """The place of an interface that a trap names by its ``position`` (made from the index) and ``names``, with what is
    ``known`` of its device. ``start`` is the sender's epoch."""
    named = any(names)
    if known is None or not known.places:
        return InterfacePlace(position, (), names)
    same_start = not restarted(known, sender, start)
    at_index = known.by_index.get(position, "")
    if not named:
        owner = known.places.get(position)
        if not at_index and owner is not None and owner.index != position:
            # The interface of this place had another index when it was last named: this one is not it.
            return InterfacePlace(_unnamed(position), (), names)
        place = at_index or position
        found = known.places.get(place)
        return InterfacePlace(place, (), names if found is None else found.names)
    if at_index and differ(known.places[at_index].names, names):
        at_index = ""
    if at_index and same_start and known.places[at_index].epoch == known.epoch:
        place = at_index
    else:
        place = _by_name(known, position, names, same_start) or at_index or _free(known, position, names)
    others = [each for each in (position, _unnamed(position)) if each != place and each not in known.places]
    found = known.places.get(place)
    return InterfacePlace(place, tuple(others), names if found is None else _merged(names, found.names))


def learn(
    memory: NamedInterfaces,
    device_id: str,
    position: str,
    names: tuple[str, ...],
    place: str,
    node: Node | None,
    sender: str,
    start: int,
    part: str = "",
) -> None:
    """Remember where :func:`locate` found the interface, and :func:`node_of` its node. ``part``: see ``Interface``."""
    known = memory.devices.get(device_id)
    if known is None:
        if not any(names):
            return
        known = memory.devices[device_id] = Interfaces()
    if restarted(known, sender, start):
        known.epoch += 1
    if len(known.starts) >= MOST_ADDRESSES:
        known.starts.clear()
    known.starts[sender] = start
    if not any(names):
        return
    found = known.places.get(place)
    if found is None:
        memory.count += 1
        merged = names
    else:
        merged = _merged(names, found.names)
        if found.index != position and known.by_index.get(found.index) == place:
            del known.by_index[found.index]
    if node is not None and node.index == _index(position):
        by_node = node.id, node.index
    else:
        by_node = (found.node, found.node_index) if found is not None else ("", "")
    if not part and found is not None and found.index == position:
        part = found.part
    known.places[place] = Interface(position, known.epoch, merged, *by_node, part)
    known.by_index[position] = place
    for kind, name in enumerate(names):
        if name:
            key = f"{kind}{name}"
            other = known.by_name.get(key, place)
            known.by_name[key] = place if kind == _IF_NAME or other == place else ""
    if len(known.places) > MOST_OF_DEVICE:
        _forget(memory, device_id)
    while memory.count > MOST:
        _forget(memory, next(islice(memory.devices, 1)))


def restarted(known: Interfaces, sender: str, start: int) -> bool:
    """True when the device started again since its last report of an interface, by the epoch of one of its senders."""
    return known.starts.get(sender, start) != start


def differ(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """True when two interfaces cannot be the same: they differ in the most reliable name that both have. An alias is the
    operator's text and may change at any time."""
    for kind in (0, 1):
        if one[kind] and other[kind]:
            return one[kind] != other[kind]
    return False


def label_of(names: tuple[str, ...]) -> str:
    """The interface's name for display; empty when it has none."""
    return next((name for name in names if name), "")


def is_uplink(plant: Plant, device_id: str, node: Node | None) -> bool:
    """True when the topology has this interface of the device as an uplink: by its type, or because the device hangs from
    it."""
    return node is not None and (node.type == UPLINK or node.id in plant.ancestors(device_id))


def as_uplink(finding: Finding, types: Mapping[str, AlarmType]) -> Finding:
    """The finding about an interface, turned into one about an uplink: fields that trap and rule leave out come from that
    type."""
    was, now = types.get(INTERFACE_DOWN), types.get(UPLINK_DOWN)
    if was is None or now is None:
        return replace(finding, alarm_type=UPLINK_DOWN)
    return replace(
        finding,
        alarm_type=UPLINK_DOWN,
        severity=now.severity if finding.severity == was.severity else finding.severity,
        title=now.title if finding.title == was.title else finding.title,
        description=now.description if finding.description == was.description else finding.description,
        event_type=now.event_type if finding.event_type == was.event_type else finding.event_type,
        probable_cause=now.probable_cause if finding.probable_cause == was.probable_cause else finding.probable_cause,
        recommended_action=(
            now.recommended_action if finding.recommended_action == was.recommended_action else finding.recommended_action
        ),
    )


def types_of(alarm_type: str) -> tuple[str, ...]:
    """The alarm types under which the same problem of an interface may be open: the topology may have changed since."""
    return (INTERFACE_DOWN, UPLINK_DOWN) if alarm_type in (INTERFACE_DOWN, UPLINK_DOWN) else (alarm_type,)


def node_of(plant: Plant, device_id: str, known: Interfaces | None, place: InterfacePlace, position: str) -> Node | None:
    """The topology's node of an interface: its id is made of the place or of a name, or its ``index`` is the one that the
    interface had when it was found by it first, or has now; else the PON port or ONT that the interface is."""
    node = _node_of_interface(plant, device_id, known, place, position)
    return node if node is not None else _node_of_part(plant.nodes, device_id, known, place, position)


def _node_of_interface(
    plant: Plant, device_id: str, known: Interfaces | None, place: InterfacePlace, position: str
) -> Node | None:
    nodes = plant.nodes
    node = nodes.get(f"{device_id}/{place.position}")
    for name in place.names[:2]:
        if node is None and name:
            node = nodes.get(f"{device_id}/if/{name}") or nodes.get(f"{device_id}/{name}")
            node = node or plant.with_index(device_id, name)
    if node is not None or known is None:
        return node or _at_index(plant, device_id, position)
    if (node := _found_by_index(nodes, known.places.get(place.position))) is not None:
        return node
    node, owner = _at_index(plant, device_id, position), known.places.get(position)
    # The topology's index is of before a start, and of another interface that had it then.
    return node if place.position == position or node is None or node is not _found_by_index(nodes, owner) else None


def _at_index(plant: Plant, device_id: str, position: str) -> Node | None:
    """The node with this index. Large ones arrive as negative INTEGERs."""
    index = _index(position)
    return plant.with_index(device_id, index) or (plant.with_index(device_id, unsigned(index)) if index[:1] == "-" else None)


def known_of(draft: Draft, device_id: str) -> Interfaces | None:
    """The memory of a device's interfaces."""
    return draft.state.memory(NamedInterfaces).devices.get(device_id)


def _node_of_part(
    nodes: Mapping[str, Node], device_id: str, known: Interfaces | None, place: InterfacePlace, position: str
) -> Node | None:
    """The node of the PON port or ONT that an interface is, by what the poller knows of its index, by a name, or by an index
    that has the place in it."""
    found = known.places.get(place.position) if known is not None else None
    if found is not None and found.part and (node := nodes.get(f"{device_id}/{found.part}")) is not None:
        return node
    for name in place.names[:2]:
        if _PON not in name.lower():
            continue
        try:
            port = port_name(name.encode())
        except DecodeError:
            continue
        node = nodes.get(f"{device_id}/{port['path']}") if isinstance(port, dict) else None
        if node is not None and node.type == ("ont" if ":" in name else "pon"):
            return node
    device = nodes.get(device_id)
    if device is None or not device.vendor:
        return None
    packed = place_of_index(device.vendor, unsigned(_index(position)))
    node = nodes.get(f"{device_id}/{packed}") if packed else None
    return node if node is not None and node.type in ("pon", "ont") else None


def _found_by_index(nodes: Mapping[str, Node], interface: Interface | None) -> Node | None:
    node = nodes.get(interface.node) if interface is not None and interface.node else None
    return node if node is not None and interface is not None and node.index == interface.node_index else None


def _index(position: str) -> str:
    return position.rpartition("/")[2]


def _merged(new: tuple[str, ...], old: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([one or other for one, other in zip(new, old, strict=True)])


def _by_name(known: Interfaces, position: str, names: tuple[str, ...], same_start: bool) -> str:
    for kind, name in enumerate(names):
        place = known.by_name.get(f"{kind}{name}", "") if name else ""
        if not place:
            continue
        found = known.places[place]
        if differ(found.names, names):
            continue
        if kind != _IF_NAME and same_start and found.epoch == known.epoch and found.index != position:
            continue  # two indexes at the same time: the name is not one interface's
        return place
    return ""


def _free(known: Interfaces, position: str, names: tuple[str, ...]) -> str:
    owner = known.places.get(position)
    if owner is None or not (owner.index != position or differ(owner.names, names)):
        return position
    return f"{position}:{label_of(names).replace(' ', '_')}"


def _unnamed(position: str) -> str:
    return f"{position}:unnamed"


def _forget(memory: NamedInterfaces, device_id: str) -> None:
    memory.count -= len(memory.devices.pop(device_id).places)

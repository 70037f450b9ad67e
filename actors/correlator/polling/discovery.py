"""Discovery: the ONTs in which a device and the topology differ.

Such an ONT is proposed: a device event tells of it once, and ``GET /devices/{id}/onts`` lists it until both agree. With
``[correlator] add_discovered_onts`` an ONT that is new, with its serial, is added to the topology. Nothing is ever removed: an
ONT that its device does not list any more is marked as vanished, and no longer once it is back.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from actors.correlator.draft import Draft
from actors.correlator.events.topology_changes import take_nodes
from actors.correlator.events.traps import TrapDevice
from actors.correlator.plant.check import mistakes
from actors.correlator.polling.found_parts import FoundParts
from actors.correlator.polling.read_memory import MOST_FOUND, MOST_FOUND_OF_DEVICE, FoundOnt, FoundOntMemory
from actors.correlator.polling.topology_onts import TopologyOntsView, listed, missing
from actors.correlator.state import State
from protocols.poll.discovered import DiscoveredOnt, Discrepancy
from protocols.poll.part_states import join_position, split_position
from protocols.poll.states import PolledStates
from protocols.serial import canonical_serial
from protocols.topology import Node

NAME: Final = "polling.discovery"
"""Name of the timer."""
TOLD_AT_ONCE: Final = 32
"""Device events of one read, of each kind; the summary of the read has the numbers."""
ADDED_AT_ONCE: Final = 500


def compare(
    draft: Draft, device: TrapDevice, event: PolledStates, parts: FoundParts, *, complete: bool = True
) -> dict[str, int]:
    """Note where the device and the topology differ by this read, and tell of what is new. ``complete``: an ONT that is not
    listed is not there; False while the device settles. Returns how many ONTs are new to the lists, ``discovered`` and
    ``vanished``."""
    state = draft.state
    memory = state.memory(FoundOntMemory)
    before = memory.found.get(event.device, {})
    whole = complete and "ont" in event.whole and not event.scope and bool(parts.groups("ont"))
    if not event.serials and not before and not whole:
        return {}
    found = dict(before)
    gone = dict(memory.vanished.get(event.device, {}))
    room = min(MOST_FOUND - memory.count + len(found) + len(gone), MOST_FOUND_OF_DEVICE)
    if whole:
        _take_lists(state, event, parts, found, gone, room, draft.at)
    nodes = state.plant.nodes
    for each in event.serials:
        node = nodes.get(f"{event.device}/{each.position}")
        if node is not None and node.serial == each.serial:
            found.pop(each.position, None)  # as nearly all of them
            continue
        known, serial = found.get(each.position), canonical_serial(each.serial)
        if serial and (known is None or known.serial != serial) and (known is not None or len(found) + len(gone) < room):
            found[each.position] = FoundOnt(serial, draft.at)
    for position in [position for position, each in found.items() if _kind(state, event.device, position, each) is None]:
        del found[position]
    new = [position for position, each in found.items() if before.get(position) != each]
    lost = [node_id for node_id in gone if node_id not in memory.vanished.get(event.device, {})]
    if found != before or gone != memory.vanished.get(event.device, {}):
        draft.on_commit(memory.take, event.device, found, gone)
    for position in new[:TOLD_AT_ONCE]:
        _tell(draft, device, position, found[position])
    for node_id in lost[:TOLD_AT_ONCE]:
        title = f"{node_id} is not listed by {device.name} any more; the topology keeps it"
        _note_ont(draft, device, node_id, "ont.vanished", title, {})
    if new and state.settings.add_discovered_onts:
        draft.wake(NAME, event.device, draft.at)
    return {name: len(each) for name, each in (("discovered", new), ("vanished", lost)) if each}


def due(draft: Draft, device_id: str) -> None:
    """Add the new ONTs of a device to the topology, where the setting says so."""
    if not draft.state.settings.add_discovered_onts:
        return
    every = [each.proposed for each in DiscoveredOnts(draft.state).discovered(device_id) if each.kind == "new"]
    puts = [node for node in every if node is not None]
    if not puts or mistakes(draft.state.plant, puts[:ADDED_AT_ONCE], ()):
        return
    take_nodes(draft, puts[:ADDED_AT_ONCE], ())
    draft.note("onts_added", len(puts[:ADDED_AT_ONCE]))
    if len(puts) > ADDED_AT_ONCE:
        draft.wake(NAME, device_id, draft.at + timedelta(seconds=1))


class DiscoveredOnts:
    """The ONTs that differ, by the State as it is."""

    def __init__(self, state: State) -> None:
        self._state = state

    def discovered(self, device_id: str) -> tuple[DiscoveredOnt, ...]:
        """The ONTs of one device that differ, in the order of their positions."""
        memory, plant = self._state.memory(FoundOntMemory), self._state.plant
        items: list[DiscoveredOnt] = []
        for position, each in memory.found.get(device_id, {}).items():
            kind = _kind(self._state, device_id, position, each)
            if kind is not None:
                items.append(_shown(self._state, device_id, position, each, kind))
        inside = len(device_id) + 1
        for node_id, since in memory.vanished.get(device_id, {}).items():
            node = plant.nodes.get(node_id)
            if node is not None:
                items.append(
                    DiscoveredOnt(position=node_id[inside:], serial=node.serial, kind="vanished", since=since, node_id=node_id)
                )
        return tuple(sorted(items, key=lambda item: _in_order(item.position)))


def _take_lists(
    state: State,
    event: PolledStates,
    parts: FoundParts,
    found: dict[str, FoundOnt],
    gone: dict[str, datetime],
    room: int,
    now: datetime,
) -> None:
    """Compare the whole list of a device's ONTs with the topology's."""
    theirs = state.view(TopologyOntsView).of(event.device)
    there = {group.under: listed(group) for group in parts.groups("ont")}
    for position in [position for position in found if parts.state("ont", position) is None]:
        del found[position]
    vanished: dict[str, datetime] = {}
    for under in sorted({*there, *theirs}):
        on_device, in_topology = there.get(under, ()), theirs.get(under, ())
        if on_device == in_topology:
            continue
        for number in missing(on_device, in_topology, room - len(found) - len(vanished)):
            found.setdefault(join_position(under, number), FoundOnt("", now))
        for number in missing(in_topology, on_device, room - len(found) - len(vanished)):
            node_id = f"{event.device}/{join_position(under, number)}"
            vanished[node_id] = gone.get(node_id, now)
    gone.clear()
    gone.update(vanished)


def _kind(state: State, device_id: str, position: str, each: FoundOnt) -> Discrepancy | None:
    """How an ONT differs now; None when the topology agrees."""
    plant = state.plant
    there = plant.nodes.get(f"{device_id}/{position}")
    if there is not None and (not each.serial or (there.serial and canonical_serial(there.serial) == each.serial)):
        return None
    if each.serial and any(node.id != f"{device_id}/{position}" for node in plant.with_serial(each.serial)):
        return "moved"
    if there is None:
        return "new"
    return "replaced" if there.serial else "serial"


def _shown(state: State, device_id: str, position: str, each: FoundOnt, kind: Discrepancy) -> DiscoveredOnt:
    plant = state.plant
    node_id = f"{device_id}/{position}"
    owners = [node for node in plant.with_serial(each.serial) if node.id != node_id] if each.serial else []
    there, proposed = plant.nodes.get(node_id), None
    if each.serial and kind == "new":
        proposed = _new_node(state, device_id, position, each.serial)
    elif each.serial and kind in ("serial", "replaced") and there is not None:
        proposed = replace(there, serial=each.serial)
    elif kind == "moved" and there is None and len(owners) == 1:
        new = _new_node(state, device_id, position, each.serial)
        proposed = replace(owners[0], id=node_id, parents=new.parents, index="")
    return DiscoveredOnt(
        position=position,
        serial=each.serial,
        kind=kind,
        since=each.since,
        node_id=node_id,
        other_id=owners[0].id if len(owners) == 1 else "",
        proposed=proposed,
    )


def _new_node(state: State, device_id: str, position: str, serial: str) -> Node:
    """The node of a new ONT, below the innermost node around its position."""
    above = state.plant.nearest(f"{device_id}/{position}".rpartition("/")[0])
    device = state.plant.nodes.get(device_id)
    return Node(
        id=f"{device_id}/{position}",
        type="ont",
        parents=(above.id if above is not None else device_id,),
        serial=serial,
        tenant=device.tenant if device is not None else "",
    )


def _tell(draft: Draft, device: TrapDevice, position: str, each: FoundOnt) -> None:
    kind = _kind(draft.state, device.id, position, each) or "new"
    shown = _shown(draft.state, device.id, position, each, kind)
    what = f"ONT {each.serial}" if each.serial else "an ONT"
    title = {
        "new": f"{what} is not in the topology",
        "serial": f"{what}: the topology has no serial for this position",
        "replaced": f"{what}: the topology has another serial at this position",
        "moved": f"{what}: the topology has it at {shown.other_id or 'several other positions'}",
    }[kind]
    detail = {"position": position, "serial": each.serial, "difference": kind, "other": shown.other_id}
    _note_ont(draft, device, shown.node_id, "ont.discovered", f"{device.name} {position}: {title}", detail)


def _note_ont(draft: Draft, device: TrapDevice, ont_id: str, event_name: str, title: str, detail: dict[str, str]) -> None:
    told = {key: value for key, value in detail.items() if value}
    draft.device_event(
        device.tenant, device.id, event_name, title, told, severity="info", resource_type="ont", resource_id=ont_id
    )


def _in_order(position: str) -> tuple[str, int, str]:
    place = split_position(position)
    return (place[0], place[1], position) if place is not None else (position, 0, position)

"""ONTs: identified by their serial, whatever position they have.

A trap with a serial is about the topology's node with that serial. A position whose node has another serial belongs to another
ONT, and the trap does not count against that one. An open alarm belongs to the ONT for which it was raised: when its position
gets another serial, the alarm ends with that reason; when the topology has the ONT at another position, the alarm moves along
(:mod:`actors.correlator.resources.renames`).
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from actors.correlator.alarms.lifecycle import moved
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.events.report_order import order
from actors.correlator.memories import Replaced, ReplacedMemory
from actors.correlator.plant import Plant
from actors.correlator.resources.placement import UNPLACED, serial_of
from actors.correlator.state import State
from protocols.alarm import Alarm
from protocols.serial import canonical_serial
from protocols.topology import Node

ACTION: Final = "ont_replaced"
BY_TOPOLOGY: Final = "faultd:topology"
BY_SERIAL: Final = "faultd:serial"
AT_MOST: Final = 2_000
"""Alarms ended in one tick."""


def place_of_ont(
    plant: Plant, device_id: str, tenant_id: str, default_tenant: str, position: str, serial: str
) -> tuple[str, Node | None, tuple[str, ...]]:
    """The resource of an ONT with this serial on a device, its node, and further resources under which an alarm of it may be
    open. ``position`` is empty where the trap contains none."""
    at = f"{device_id}/{position}" if position else ""
    there = plant.nodes.get(at) if at else None
    if there is not None and (there.serial == serial or (there.serial and canonical_serial(there.serial) == serial)):
        return at, there, ()
    known = _one_of(plant, device_id, tenant_id, default_tenant, serial)
    if known is not None:
        return known.id, known, (known.id, at) if at and there is None else ()
    if not at or (there is not None and there.serial):
        return f"{device_id}/sn/{serial}", None, ()
    return at, there, ()


def end_of_another(
    draft: Draft, tenant_id: str, places: Iterable[str], types: Iterable[str], serial: str, report: ReportTime
) -> None:
    """End the open alarms of these types at these places that were raised for an ONT with another serial than the report's.
    An alarm raised by a later report stays."""
    for place in places:
        for alarm_type in types:
            for alarm in draft.open_of(tenant_id, place, alarm_type):
                if alarm.metadata.get("serial", serial) == serial or (before := serial_of(alarm)) in ("", serial):
                    continue
                mark = draft.state.marks.get(alarm.id)
                if mark is None or order(mark, report, draft.state.spans.reorder) == "after":
                    _end(draft, alarm, before, serial, BY_SERIAL)


def note_replaced(draft: Draft, puts: Iterable[Node]) -> None:
    """Before the topology changes: note the open alarms of ONTs whose position gets another serial."""
    state = draft.state
    nodes = state.plant.nodes
    replaced: dict[str, tuple[str, str]] = {}
    for node in puts:
        old = nodes.get(node.id)
        before = canonical_serial(old.serial) if old is not None else ""
        now = canonical_serial(node.serial) if node.serial else ""
        if now and now != before:
            replaced[node.id] = before, now
    if not replaced:
        return
    found = {}
    for alarm in state.alarms.values():
        ont = ont_around(alarm.resource_id, replaced) if alarm.cleared_at is None else ""
        if not ont:
            continue
        before, now = replaced[ont]
        before = before or serial_of(alarm)  # nobody said before which one was there, but for the alarm itself
        if before and serial_of(alarm) != now:
            found[alarm.id] = Replaced(before, now, draft.at)
    if found:
        draft.on_commit(_note, state, found)


def end_replaced(draft: Draft) -> None:
    """End the alarms of ONTs that have left their positions, a bounded number in one tick."""
    state = draft.state
    memory = state.memory(ReplacedMemory)
    for alarm_id, noted in list(islice(memory.alarms.items(), AT_MOST)):
        alarm, mark = draft.get(alarm_id), state.marks.get(alarm_id)
        if alarm_id in state.renamed and alarm is not None and alarm.cleared_at is None:
            continue  # it goes on at another position
        draft.drop(memory.alarms, alarm_id)
        if alarm is None or alarm.cleared_at is not None or (mark is not None and mark.received > noted.at):
            continue  # over, moved along, or reported again since: by the new one
        _end(draft, alarm, noted.old, noted.new, BY_TOPOLOGY)


def moved_onts(before: Plant, after: Mapping[str, Node], gone: Container[str]) -> Iterator[tuple[Node, Node]]:
    """The node of each ONT before and after, when a change with the puts ``after`` and without ``gone`` gives its serial
    another position. A serial that several nodes have, before or after, is ignored."""
    for serial, nodes in _by_serial(after).items():
        known = before.with_serial(serial)
        if len(known) != 1 or len(nodes) != 1 or known[0].id == nodes[0].id:
            continue
        (old,), (new,) = known, nodes
        if old.id in gone or old.id in after:
            yield old, new


def new_onts(before: Plant, after: Mapping[str, Node]) -> dict[str, Node]:
    """By serial: the node of each ONT that had no node before a change with these puts. A serial that several nodes have is
    ignored."""
    return {
        serial: nodes[0] for serial, nodes in _by_serial(after).items() if len(nodes) == 1 and not before.with_serial(serial)
    }


def device_after(node_id: str, before: Plant, after: Mapping[str, Node]) -> Node | None:
    """The device at or above a node after a change with these puts: the nearest with an address."""
    waiting, seen = [node_id], set[str]()
    while waiting:
        one = waiting.pop(0)
        node = after.get(one) or before.nodes.get(one)
        if node is None or one in seen:
            continue
        if node.address:
            return node
        seen.add(one)
        waiting += node.parents
    return None


def ont_around(resource_id: str, onts: Iterable[str]) -> str:
    """The ONT, of these, that a resource is or is part of; empty when there is none."""
    place = resource_id
    while place:
        if place in onts:
            return place
        place = place.rpartition("/")[0]
    return ""


def _by_serial(nodes: Mapping[str, Node]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in nodes.values():
        if node.serial:
            found.setdefault(canonical_serial(node.serial), []).append(node)
    return found


def _one_of(plant: Plant, device_id: str, tenant_id: str, default_tenant: str, serial: str) -> Node | None:
    """The node with this serial: of the device's own, else of its tenant's. None when several have it: it names nobody."""
    found = plant.with_serial(serial)
    if not found:
        return None
    own = [node for node in found if node.id.startswith(f"{device_id}/") or plant.device_of(node.id) == device_id]
    found = own or [node for node in found if (node.tenant or default_tenant) == tenant_id]
    return found[0] if len(found) == 1 else None


def _end(draft: Draft, alarm: Alarm, old: str, new: str, by: str) -> None:
    tags = alarm.tags if UNPLACED in alarm.tags else (*alarm.tags, UNPLACED)
    ended = moved(alarm, cleared_at=max(draft.at, alarm.opened_at), cleared_by=by, tags=tags)
    text = f"this was of the ONT with serial {old}; at {alarm.resource_id} is another one now, with serial {new}"
    draft.put(ended, ACTION, by, text, before=old, serial=new)


def _note(state: State, found: dict[str, Replaced]) -> None:
    alarms = state.memory(ReplacedMemory).alarms
    for alarm_id, noted in found.items():
        waiting = alarms.pop(alarm_id, None)
        if waiting is None:
            alarms[alarm_id] = noted
        elif waiting.old != noted.new:
            alarms[alarm_id] = Replaced(waiting.old, noted.new, noted.at)

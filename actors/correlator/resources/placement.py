"""The places of alarms when the topology changes.

An alarm on a resource that the topology does not have is kept, with the tag ``unplaced``. When the topology changes, the alarms
on the changed nodes and above them are examined in the following ticks, a bounded number in each: placed (its customers are
known now), unplaced, moved, or with other customers.

A resource must itself be in the topology only when the topology lists resources of its type. A fan or an interface is in its
place when its device is. Without a topology no alarm is unplaced.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from actors.correlator.alarms.lifecycle import moved
from actors.correlator.draft import Draft
from actors.correlator.memories import PlacementMemory, Replanted
from actors.correlator.state import State
from protocols.alarm import Alarm
from protocols.serial import canonical_serial
from protocols.topology import TYPES, Node
from protocols.walls import shown_to

UNPLACED = "unplaced"
"""The tag of an alarm whose resource is not in the topology."""
ACTOR = "faultd:topology"
AT_MOST = 2_000
"""Alarms examined in one tick."""
_LISTED = frozenset(TYPES) - {"other"}


def node_of(state: State, resource_id: str, tenant: str) -> Node | None:
    """The node of this id, for an alarm of a tenant: see :mod:`protocols.walls`."""
    node = state.plant.nodes.get(resource_id)
    if shown_to(node, tenant) is None and node is not None:
        owner = state.plant.owner(resource_id) or state.settings.default_tenant
        return node if owner == tenant else None
    return node


def resolve(state: State, name: str, tenant: str) -> Node | None:
    """The node that a report of a tenant names, by its id or by a device's address."""
    node = state.plant.resolve(name)
    return None if node is None else node_of(state, node.id, tenant)


def is_unplaced(state: State, resource_type: str, resource_id: str, device_id: str, tenant: str) -> bool:
    """True when the topology should have this resource and does not."""
    if not state.plant.nodes or node_of(state, resource_id, tenant) is not None:
        return False
    return resource_type in _LISTED or (device_id != "" and node_of(state, device_id, tenant) is None)


def with_place(state: State, alarm: Alarm, *, follows: bool) -> dict[str, Any]:
    """The fields of an alarm that differ in the present topology."""
    plant = state.plant
    fields: dict[str, Any] = {}
    node = node_of(state, alarm.resource_id, alarm.tenant_id)
    replaced = node is not None and node.serial != "" and serial_of(alarm) not in ("", canonical_serial(node.serial))
    if replaced:
        node = None  # there is another ONT at this position
    unplaced = replaced or is_unplaced(state, alarm.resource_type, alarm.resource_id, alarm.device_id, alarm.tenant_id)
    was = UNPLACED in alarm.tags
    if unplaced != was:
        fields["tags"] = (*alarm.tags, UNPLACED) if unplaced else tuple(tag for tag in alarm.tags if tag != UNPLACED)
    if node is None:
        return fields
    if was and node.name and node.name != alarm.resource_name and shown_to(node, alarm.tenant_id) is not None:
        fields["resource_name"] = node.name
    if follows:
        reach = plant.reach_for(node.id, alarm.tenant_id)
        if set(reach.customers) != set(alarm.affected_customers):
            fields["affected_customers"] = reach.customers
            if alarm.subscriber_count == len(alarm.affected_customers):
                fields["subscriber_count"] = len(reach.customers)
        if set(reach.services) != set(alarm.affected_services):
            fields["affected_services"] = reach.services
    return fields


def serial_of(alarm: Alarm) -> str:
    """The serial of the ONT that an alarm was raised for; empty when nobody said it."""
    serial = alarm.metadata.get("serial")
    return canonical_serial(serial) if isinstance(serial, str) else ""


def follows_topology(state: State, alarm: Alarm) -> bool:
    """The affected customers come from the topology. Devices never report them, other systems may."""
    mark = state.marks.get(alarm.id)
    if mark is not None and not mark.source.startswith("api:"):
        return True
    reach = state.plant.reach_for(alarm.resource_id, alarm.tenant_id)
    said = (set(alarm.affected_customers), set(alarm.affected_services))
    return said in ((set(reach.customers), set(reach.services)), (set(), set()))


def note(draft: Draft, puts: Iterable[Node], removes: Iterable[str]) -> None:
    """Before a change of the topology: note the alarms on the changed nodes and on those above them, before and after."""
    state, plant = draft.state, draft.state.plant
    if not state.by_resource:
        return
    after = {node.id: node for node in puts}
    gone = set(removes)
    if not plant.nodes or (len(gone) == len(plant.nodes) and not after):
        places: Iterable[str] = sorted(state.by_resource)
    else:
        above = _above((*after, *gone), plant.nodes, {}, frozenset())
        above.update(_above(after, plant.nodes, after, gone))
        places = [place for place in above if place in state.by_resource]
    found = {}
    for place in places:
        node = plant.nodes.get(place)
        # By id: their order in the index depends on earlier clears and re-openings, which a snapshot does not contain.
        for alarm_id in sorted(state.by_resource[place]):
            alarm = state.alarms[alarm_id]
            found[alarm_id] = Replanted(node.parents if node is not None else None, follows_topology(state, alarm))
    if found:
        _remember(draft, found)


def settle(draft: Draft) -> None:
    """Bring the noted alarms in line with the topology, a bounded number in one tick."""
    state = draft.state
    memory = state.memory(PlacementMemory)
    for alarm_id, noted in list(islice(memory.alarms.items(), AT_MOST)):
        alarm = draft.get(alarm_id)
        if alarm_id in state.renamed and alarm is not None and alarm.cleared_at is None:
            continue  # it goes on under another name, and is looked at there
        draft.drop(memory.alarms, alarm_id)
        if alarm is None or alarm.cleared_at is not None:
            continue
        fields = with_place(state, alarm, follows=noted.follows)
        node = node_of(state, alarm.resource_id, alarm.tenant_id)
        tags = fields.get("tags", alarm.tags)
        evidence = {"customers": len(fields.get("affected_customers", alarm.affected_customers))}
        changed = moved(alarm, **fields)
        if node is not None and (UNPLACED in alarm.tags or (fields and noted.parents is None)):
            text = "the topology knows this resource now"
            draft.put(changed, "placed", ACTOR, text, parents=_seen(state, alarm, node.parents), **evidence)
        elif UNPLACED in tags and UNPLACED not in alarm.tags:
            draft.put(changed, "unplaced", ACTOR, "the topology does not know this resource", **evidence)
        elif node is not None and noted.parents is not None and noted.parents != node.parents:
            now, before = _seen(state, alarm, node.parents), _seen(state, alarm, noted.parents)
            text = f"hangs below {_named(now)} now, no longer below {_named(before)}"
            draft.put(changed, "moved", ACTOR, text, parents=now, before=before, **evidence)
        elif fields:
            text = f"the topology has changed below: {evidence['customers']} customers"
            draft.put(changed, "reach_changed", ACTOR, text, **evidence)


def _remember(draft: Draft, found: dict[str, Replanted]) -> None:
    alarms = draft.state.memory(PlacementMemory).alarms
    for alarm_id, noted in found.items():
        if draft.read(alarms, alarm_id) is None:
            draft.set(alarms, alarm_id, noted)


def _seen(state: State, alarm: Alarm, parents: Iterable[str]) -> list[str]:
    """The ids that the alarm's tenant may read, including those of nodes that no longer exist."""
    nodes = state.plant.nodes
    return [one for one in parents if one not in nodes or node_of(state, one, alarm.tenant_id) is not None]


def _named(parents: list[str]) -> str:
    return ", ".join(parents) or "nothing"


def _above(ids: Iterable[str], nodes: Mapping[str, Node], over: Mapping[str, Node], gone: Iterable[str]) -> dict[str, None]:
    """These nodes and all above them, each once. ``over`` comes before ``nodes``, and ``gone`` is in neither."""
    found: dict[str, None] = {}
    waiting = list(ids)
    waiting.reverse()
    without = gone if isinstance(gone, set | frozenset) else set(gone)
    while waiting:
        one = waiting.pop()
        if one in found or one in without:
            continue
        found[one] = None
        node = over.get(one) or nodes.get(one)
        if node is not None:
            waiting += node.parents
    return found

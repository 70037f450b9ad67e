"""Devices with a new id or tenant, and ONTs with a new position: their open alarms move along.

A device is identified by its addresses, an alarm by tenant and resource. When the topology gives a device another id or tenant,
no clear would find the alarms under the old one. So in a tick after the change each of them ends with a line
``resource_renamed`` in its timeline, and an alarm with the same content and the new identity opens, unless the device has
already raised or just cleared it there.

An address on another node is not yet a device with a new id: other equipment may have got the address. Alarms move only when
the old id disappears in the same change and everything below it hangs from the new one, at the same positions.

- An alarm raised by a trap belongs to the device: it moves with id and tenant. So do alarms of a device that was not in the
  topology before, when its id was its address.
- An alarm made through the API moves with the id alone. Its tenant is that of its reporter.
- An ONT with the same serial at another position takes its alarms along, whoever raised them. An ONT that is new to the
  topology gets the alarms that its device raised with its serial.
- Alarms of a resource that left the topology stay as they are: nothing shows that the fault is over.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from actors.correlator.alarms.lifecycle import cleared
from actors.correlator.draft import Draft
from actors.correlator.plant import Plant
from actors.correlator.resources.onts import device_after, moved_onts, new_onts, ont_around
from actors.correlator.resources.placement import follows_topology, serial_of, with_place
from actors.correlator.saved import Renamed
from actors.correlator.state import State
from protocols.alarm import Alarm, Identity, is_own_name
from protocols.serial import canonical_serial
from protocols.topology import Node

ACTION, ACTOR = "resource_renamed", "faultd:topology"
AT_MOST = 2_000
"""Alarms moved in one tick. The others wait for the next one, so that a renamed region never holds up the traps."""


class NamedDevice(Struct, frozen=True):
    """A device as the topology, or else its address, names it."""

    tenant_id: str
    id: str
    name: str


class Renames:
    """The devices whose name with ``puts`` and without ``removes`` differs from the one in ``before``."""

    def __init__(self, before: Plant, puts: Iterable[Node], removes: Iterable[str], default_tenant: str) -> None:
        self._by_owner: dict[tuple[str, str], tuple[NamedDevice, NamedDevice]] = {}
        self._by_id: dict[str, tuple[NamedDevice, NamedDevice]] = {}
        after = {node.id: node for node in puts}
        gone = set(removes)
        for node in after.values():
            for address in node.every_address:
                known = before.device(address)
                old = _device(known, address, default_tenant)
                new = _device(node, address, default_tenant)
                if (
                    known is not None
                    and old.id != new.id
                    and not (old.id in gone and _took_over(before, old.id, new.id, after))
                ):
                    continue
                if (old.tenant_id, old.id) != (new.tenant_id, new.id):
                    self._by_owner[old.tenant_id, old.id] = old, new
                if old.id != new.id:
                    self._by_id[old.id] = old, new
        self._by_ont: dict[str, tuple[Node, Node, str, str]] = {}
        """The node of each ONT that moved, before and after, and its device and tenant after."""
        for old_node, new_node in moved_onts(before, after, gone):
            device = device_after(new_node.id, before, after)
            tenant = (device.tenant if device is not None else "") or default_tenant
            self._by_ont[old_node.id] = old_node, new_node, device.id if device is not None else "", tenant
        self._new = new_onts(before, after)
        self._before, self._after, self._default_tenant = before, after, default_tenant

    def __bool__(self) -> bool:
        return bool(self._by_owner or self._by_ont or self._new)

    def of_ont(self, at: Renamed, serial: str, *, from_api: bool) -> Renamed | None:
        """The resource to which the alarms of an ONT at ``at`` belong now, by its serial; None when it is unchanged."""
        place = ont_around(at.resource_id, self._by_ont) if self._by_ont else ""
        if not place:
            return None
        old, new, device_id, tenant_id = self._by_ont[place]
        if serial and serial != canonical_serial(old.serial):
            return None
        return Renamed(
            at.tenant_id if from_api else tenant_id,
            new.id + at.resource_id[len(old.id) :],
            device_id if at.device_id else "",
            at.old_name or old.name or old.id,
            new.name or new.id,
        )

    def of_new_ont(self, at: Renamed, serial: str) -> Renamed | None:
        """The resource of a device's alarm about an ONT whose serial was not in the topology, placed as a trap of it would be
        now; None when it is unchanged."""
        node = self._new.get(serial)
        device = device_after(node.id, self._before, self._after) if node is not None else None
        if node is None or device is None or node.id == at.resource_id:
            return None
        own = at.device_id in (device.id, *device.every_address)
        if not own and (node.tenant or self._default_tenant) != at.tenant_id:
            return None
        tenant_id, device_id = (device.tenant or self._default_tenant, device.id) if own else (at.tenant_id, at.device_id)
        return Renamed(tenant_id, node.id, device_id, at.old_name or at.resource_id, node.name or node.id)

    def of_device(self, at: Renamed) -> Renamed | None:
        """The resource to which the alarms of a device at ``at`` belong now; None when it is unchanged."""
        found = self._by_owner.get((at.tenant_id, at.device_id))
        return None if found is None else _moved(at, *found, found[1].tenant_id)

    def of_resource(self, at: Renamed) -> Renamed | None:
        """The resource to which an alarm made through the API belongs now."""
        place = at.resource_id
        while place:
            if (found := self._by_id.get(place)) is not None:
                return _moved(at, *found, at.tenant_id)
            place = place.rpartition("/")[0]
        return None


def note_renames(draft: Draft, puts: Iterable[Node], removes: Iterable[str]) -> None:
    """Before the topology changes: note the alarms of renamed resources. Ticks move them afterwards."""
    state = draft.state
    if not state.by_resource:
        return
    renames = Renames(state.plant, puts, removes, state.settings.default_tenant)
    if renames:
        draft.on_commit(_note, state, dict(_affected(state, renames)))


def move_renamed(draft: Draft) -> None:
    """End the alarms of renamed resources and open their equals, a bounded number in one tick."""
    state = draft.state
    if not state.renamed:
        return
    step: dict[str, Alarm] = {}
    waiting = list(islice(state.renamed, AT_MOST))
    while waiting:
        alarm_id = waiting.pop(0)
        alarm = state.alarms.get(alarm_id)
        if alarm_id in step or alarm is None or alarm.cleared_at is not None:
            draft.drop(state.renamed, alarm_id)
            continue
        step[alarm_id] = alarm
        draft.drop(state.renamed, alarm_id)
        # Two devices that swapped their names: who is still there must go first.
        there = state.current.get(_identity(alarm, state.renamed[alarm_id]))
        if there is not None and there in state.renamed:
            waiting.append(there)
    for alarm_id, alarm in step.items():
        target = state.renamed[alarm_id]
        text = (
            f"{alarm.resource_id} of tenant {alarm.tenant_id} is {target.resource_id} of tenant {target.tenant_id} in the new "
            "topology: goes on under that name"
        )
        ended = cleared(alarm, draft.at, ACTOR)
        detail = {"resource_id": target.resource_id, "tenant_id": target.tenant_id, "device_id": target.device_id}
        draft.put(ended, ACTION, ACTOR, text, **detail)
    for alarm_id, alarm in step.items():
        _open_equal(draft, alarm, state.renamed[alarm_id])


def _open_equal(draft: Draft, alarm: Alarm, target: Renamed) -> None:
    state, identity = draft.state, _identity(alarm, target)
    there = draft.current(identity)
    if (there is not None and there.cleared_at is None) or _just_cleared(draft, identity):
        return
    new_id, name = draft.new_ids()
    node = state.plant.nodes.get(target.resource_id)
    equal = replace(
        alarm,
        id=new_id,
        alarm_id=name if is_own_name(alarm.alarm_id) else alarm.alarm_id,
        revision=1,
        tenant_id=target.tenant_id,
        resource_id=target.resource_id,
        device_id=target.device_id,
        resource_name=(node.name if node is not None else "") or _renamed(alarm.resource_name, target),
        title=_renamed(alarm.title, target),
    )
    equal = replace(equal, **with_place(state, equal, follows=follows_topology(state, alarm)))
    if (mark := state.marks.get(alarm.id)) is not None:
        draft.set(state.marks, new_id, mark)
    if (edited := state.edited.get(alarm.id)) is not None:
        draft.set(state.edited, new_id, edited)
    text = f"was alarm {alarm.alarm_id} of {alarm.resource_id}, tenant {alarm.tenant_id}, in the topology before"
    draft.put(equal, ACTION, ACTOR, text, resource_id=alarm.resource_id, tenant_id=alarm.tenant_id, alarm_id=alarm.alarm_id)


def _just_cleared(draft: Draft, identity: Identity) -> bool:
    """True when the device has cleared the alarm under its new name meanwhile."""
    return any(key in draft.state.ended for key in _keys(identity))


def _keys(identity: Identity) -> tuple[Identity, Identity]:
    """The keys of a remembered clear of this problem: its own, and that of a clear of all qualifiers."""
    return identity, replace(identity, qualifier="*")


def _affected(state: State, renames: Renames) -> Iterator[tuple[str, Renamed | None]]:
    """The alarms whose identity the topology changes, with their new one. None: an earlier change is taken back."""
    for alarm in state.alarms.values():
        if alarm.cleared_at is not None:
            continue
        now = Renamed(alarm.tenant_id, alarm.resource_id, alarm.device_id, "", "")
        mark = state.marks.get(alarm.id)
        reporter = mark.source if mark is not None else ""
        at = state.renamed.get(alarm.id, now)
        from_api = reporter.startswith("api:")
        target = renames.of_ont(at, serial_of(alarm), from_api=from_api)
        if target is None and alarm.resource_type == "ont" and not from_api:
            target = renames.of_new_ont(at, serial_of(alarm))
        if target is None:
            target = renames.of_resource(at) if from_api else renames.of_device(at)
        if target is not None:
            yield alarm.id, None if _identity(alarm, target) == alarm.identity else target


def _note(state: State, affected: dict[str, Renamed | None]) -> None:
    for alarm_id, target in affected.items():
        if target is None:
            state.renamed.pop(alarm_id, None)
        elif state.renamed.get(alarm_id) != target:
            state.renamed[alarm_id] = target
            for key in _keys(_identity(state.alarms[alarm_id], target)):
                state.ended.pop(key, None)  # it was cleared there before, as another one's


def _took_over(before: Plant, old_id: str, new_id: str, after: Mapping[str, Node]) -> bool:
    """True when everything below a device now hangs from the new one: under its own id, or at the same position inside. With
    nothing below it, a device that existed before is other equipment."""
    inside, children = f"{old_id}/", before.children(old_id)
    if not children:
        return new_id not in before.nodes
    for child in children:
        renamed = new_id + child[len(old_id) :] if child.startswith(inside) else child
        node = after.get(renamed)
        if node is None or new_id not in node.parents:
            return False
    return True


def _device(node: Node | None, address: str, default_tenant: str) -> NamedDevice:
    if node is None:
        return NamedDevice(default_tenant, address, address)
    return NamedDevice(node.tenant or default_tenant, node.id, node.name or node.id)


def _moved(at: Renamed, old: NamedDevice, new: NamedDevice, tenant_id: str) -> Renamed:
    inside = at.resource_id == old.id or at.resource_id.startswith(f"{old.id}/")
    return Renamed(
        tenant_id,
        new.id + at.resource_id[len(old.id) :] if inside else at.resource_id,
        new.id if at.device_id == old.id else at.device_id,
        at.old_name or old.name,
        new.name,
    )


def _identity(alarm: Alarm, target: Renamed) -> Identity:
    return Identity(target.tenant_id, target.resource_id, alarm.alarm_type, alarm.qualifier)


def _renamed(text: str, target: Renamed) -> str:
    """``text`` with the device's new name where it begins with the old one."""
    return target.new_name + text.removeprefix(target.old_name) if text.startswith(target.old_name) else text

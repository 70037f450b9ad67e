"""``PolledStates``: from the states of one read to alarms, evidence, optical power and the ONTs that the topology lacks."""

from collections import defaultdict
from datetime import timedelta
from typing import Any, Final

from msgspec.structs import replace

from actors.correlator.draft import Draft
from actors.correlator.events.traps import event_of_device
from actors.correlator.polling.discovery import compare
from actors.correlator.polling.found_parts import FoundParts
from actors.correlator.polling.read_memory import ReadDevice, ReadMemory
from actors.correlator.polling.reconciliation import ReadDeviceState, Reconciled, reconcile
from actors.correlator.pon.inspection_timer import schedule_inspection
from actors.correlator.pon.memory import PonMemory, PortRead
from actors.correlator.resources.onts import place_of_ont
from actors.correlator.resources.optical_power import measured
from protocols.optical_power import Measurement, is_optical_power
from protocols.poll.states import PartStates, PolledStates

RECONCILED: Final = "poll.reconciled"
_BURST_LASTS: Final = timedelta(seconds=60)
"""A loss this long before the read of a burst can belong to it."""


def fold_polled_states(draft: Draft, event: PolledStates) -> None:
    """Fold one read. A device that left the topology since has nobody to take it."""
    node = draft.state.plant.nodes.get(event.device)
    memory = draft.state.memory(ReadMemory)
    if node is None:
        draft.on_commit(memory.forget, event.device)
        draft.note("poll_unknown_device")
        return
    known = memory.devices.get(event.device)
    read = ReadDeviceState(draft, event, node, first=known is None, was_down=_down_before(known))
    read.interfaces.learn()
    found = reconcile(read)
    _note_onsets(draft, event, found)
    _note_ports(draft, event)
    _note_power(read)
    differ = compare(draft, read.device, event, read.parts)
    draft.set(memory.devices, event.device, ReadDevice(event.begun, _interfaces_down(read.parts, event, known)))
    if event.reason != "changed" or found.raised or found.cleared or differ:
        title, detail = _title(read, found), {**_detail(event, found), **differ}
        draft.emit(event_of_device(draft, read.device, RECONCILED, title, detail, "info"))


def _down_before(known: ReadDevice | None) -> FoundParts | None:
    """The interfaces that were down in the read before, as parts."""
    if known is None:
        return None
    return FoundParts(PolledStates(device="", reason="changed", begun=known.at, ended=known.at, states=known.down))


def _interfaces_down(parts: FoundParts, event: PolledStates, known: ReadDevice | None) -> tuple[PartStates, ...]:
    if "interface" not in event.whole or event.scope:
        return known.down if known is not None else ()
    return tuple(replace(group, up=(), unknown=()) for group in parts.groups("interface") if group.down)


def _note_onsets(draft: Draft, event: PolledStates, found: Reconciled) -> None:
    """The ONTs that were found down: when it began is not known. In the read of a burst they count with the burst."""
    if not found.onts:
        return
    memory = draft.state.memory(PonMemory)
    since = _burst_since(draft, event, memory) if event.reason == "burst" else draft.at
    for ont in found.onts:
        if ont not in memory.onset and ont in draft.state.plant.nodes:
            draft.set(memory.onset, ont, since)
            draft.set(memory.found, ont, draft.at)


def _burst_since(draft: Draft, event: PolledStates, memory: PonMemory) -> Any:
    port = f"{event.device}/{event.scope}"
    onsets = [memory.onset[each] for each in (port, *draft.state.plant.onts_below(port)) if each in memory.onset]
    return max((at for at in onsets if event.begun - _BURST_LASTS <= at <= event.begun), default=draft.at)


def _note_ports(draft: Draft, event: PolledStates) -> None:
    """Ports whose outage is being explained learn which of their ONTs are up, and are inspected again."""
    memory = draft.state.memory(PonMemory)
    for group in event.states:
        if group.kind != "ont":
            continue
        port = f"{event.device}/{group.under}"
        if port not in memory.at_port and (event.reason != "burst" or draft.state.plant.pon_of(port) != port):
            continue
        if "ont" in event.whole:
            draft.on_commit(memory.take_read, port, PortRead(event.begun, group.up))
            schedule_inspection(draft, memory, port, timedelta(0))


def _note_power(read: ReadDeviceState) -> None:
    """Readings of optical power, for each ONT at once."""
    event, plant = read.event, read.draft.state.plant
    by_position: defaultdict[str, list[Measurement]] = defaultdict(list)
    for each in event.power:
        if is_optical_power(each.dbm):
            by_position[each.position].append(Measurement(each.quantity, each.dbm))
    for position, found in by_position.items():
        serial, resource_id = read.serials.get(position, ""), f"{event.device}/{position}"
        if serial:
            default = read.draft.state.settings.default_tenant
            resource_id, _, _ = place_of_ont(plant, event.device, read.device.tenant, default, position, serial)
        measured(read.draft, resource_id, found)


def _title(read: ReadDeviceState, found: Reconciled) -> str:
    event = read.event
    where = f"{read.device.name} {event.scope}" if event.scope else read.device.name
    counts = f"{found.raised} alarms raised, {found.cleared} cleared, {found.confirmed} confirmed"
    unjudged = found.unjudged.total() + found.limited
    return f"{where} was read ({event.reason}): {counts}" + (f", {unjudged} not judged" if unjudged else "")


def _detail(event: PolledStates, found: Reconciled) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "reason": event.reason,
        "begun": event.begun.isoformat(),
        "ended": event.ended.isoformat(),
        "raised": found.raised,
        "cleared": found.cleared,
        "confirmed": found.confirmed,
    }
    if event.scope:
        detail["scope"] = event.scope
    if event.request:
        detail["request"] = event.request
    if found.unjudged:
        detail["not_judged"] = dict(sorted(found.unjudged.items()))
    if found.limited:
        detail["refused_at_the_limit"] = found.limited
    if found.switched_off:
        detail["switched_off"] = found.switched_off
    if found.unplaced:
        detail["down_and_not_in_topology"] = found.unplaced
    if event.incomplete:
        detail["incomplete"] = {str(kind): why for kind, why in sorted(event.incomplete.items())}
    return detail

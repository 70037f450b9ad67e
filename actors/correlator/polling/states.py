"""``PolledStates``: from the states of one read to alarms, evidence, optical power and the ONTs that the topology lacks."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace

from actors.correlator.draft import Draft
from actors.correlator.events.clock_jumps import at_present
from actors.correlator.polling.discovery import compare
from actors.correlator.polling.levels import recheck_levels
from actors.correlator.polling.read_memory import ReadDevice, ReadMemory
from actors.correlator.polling.reconciliation import ReadDeviceState, Reconciled, reconcile
from actors.correlator.polling.settling import settles
from actors.correlator.polling.topology_onts import joined, without
from actors.correlator.pon.inspection_timer import schedule_inspection
from actors.correlator.pon.memory import PonMemory, PortRead
from actors.correlator.resources.onts import place_of_ont
from actors.correlator.resources.optical_power import measured
from protocols.optical_power import Measurement, is_optical_power
from protocols.poll.states import PartStates, PolledStates

RECONCILED: Final = "poll.reconciled"
_BURST_LASTS: Final = timedelta(seconds=60)
"""A loss this long after the others of its port belongs to them, where a read alone shows it."""
_SINCE_BEFORE: Final = frozenset({"burst", "changed", "gap"})
"""Reasons of reads that find what went down since an earlier read. A read at a start, or of the day, finds what may have been
down for months."""

_SINCE_LAST_POLL: Final = frozenset({"burst", "changed"})
"""Of these, those that find what went down since the last scheduled poll."""


def fold_polled_states(draft: Draft, event: PolledStates) -> None:
    """Fold one read. A device that left the topology since has nobody to take it."""
    node = draft.state.plant.nodes.get(event.device)
    memory = draft.state.memory(ReadMemory)
    if node is None:
        draft.on_commit(memory.forget, event.device)
        draft.note("poll_of_no_node")
        return
    begun, ended = at_present(event.begun, draft.state, draft.at), at_present(event.ended, draft.state, draft.at)
    event = replace(event, begun=begun, ended=ended)
    known = memory.devices.get(event.device)
    settling = settles(draft, event.device, begun)
    read = ReadDeviceState(draft, event, node, known, settles=settling)
    read.interfaces.learn()
    found = reconcile(read)
    _note_onsets(draft, event, found, onts_known=known is not None and known.onts)
    _note_ports(draft, event)
    _note_power(read)
    if event.reason == "start" and not event.request:
        recheck_levels(draft, event.device)
    differ = compare(draft, read.device, event, read.parts, complete=not settling)
    draft.set(memory.devices, event.device, _as_read(read, known))
    if event.reason != "changed" or found.raised or found.cleared or differ:
        title, detail = _title(read, found), {**_detail(event, found), **differ}
        draft.device_event(read.device.tenant, read.device.id, RECONCILED, title, detail, severity="info")


def _as_read(read: ReadDeviceState, known: ReadDevice | None) -> ReadDevice:
    onts = ("ont" in read.event.whole and not read.event.scope and not read.settles) or (known is not None and known.onts)
    judged = not read.settles or (known is not None and known.judged)
    return ReadDevice(read.event.begun, _interfaces_up(read, known), onts, judged)


def _interfaces_up(read: ReadDeviceState, known: ReadDevice | None) -> tuple[PartStates, ...]:
    """The interfaces that are up now, as far as they were read; while the device settles also those that were up before."""
    event = read.event
    groups = read.parts.groups("interface")
    if "interface" in event.whole and not event.scope and not read.settles:
        return tuple(replace(group, down=(), unknown=()) for group in groups if group.up)
    before = known.up if known is not None else ()
    if not groups:
        return before
    up = {group.under: group.up for group in before}
    for group in groups:
        lost = () if read.settles else joined([*((each[0], each[1]) for each in group.down), *group.unknown])
        up[group.under] = joined([*without(up.get(group.under, ()), lost), *group.up])
    return tuple(PartStates(kind="interface", under=under, up=spans) for under, spans in sorted(up.items()) if spans)


def _note_onsets(draft: Draft, event: PolledStates, found: Reconciled, *, onts_known: bool) -> None:
    """The ONTs that were found down: when it began is not known. Those that went down since an earlier read count with the
    losses that their port reported in the meantime. ``onts_known``: all ONTs of the device were read before, so that one
    without an alarm was up at the last poll."""
    if not found.onts:
        return
    plant, memory = draft.state.plant, draft.state.memory(PonMemory)
    bursts: dict[str, datetime] = {}
    for ont in found.onts:
        if ont in memory.onset or ont not in plant.nodes:
            continue
        port = plant.pon_of(ont) if event.reason in _SINCE_BEFORE else None
        if port is not None and port not in bursts:
            bursts[port] = _burst_since(draft, event, memory, port)
        draft.set(memory.onset, ont, draft.at if port is None else bursts[port])
        if not (onts_known and event.reason in _SINCE_LAST_POLL):
            draft.set(memory.found, ont, draft.at)


def _burst_since(draft: Draft, event: PolledStates, memory: PonMemory, port: str) -> datetime:
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
        serial, resource_id = read.serial_at(position), f"{event.device}/{position}"
        if serial:
            default = read.draft.state.settings.default_tenant
            resource_id, _, _ = place_of_ont(plant, event.device, read.device.tenant, default, position, serial)
        measured(read.draft, resource_id, found)


def _title(read: ReadDeviceState, found: Reconciled) -> str:
    event = read.event
    where = f"{read.device.name} {event.scope}" if event.scope else read.device.name
    counts = f"{found.raised} alarms raised, {found.cleared} cleared, {found.confirmed} confirmed"
    unjudged = found.unjudged.total() + found.limited
    waits = f", {found.settling} down that have time to start" if found.settling else ""
    return f"{where} was read ({event.reason}): {counts}" + (f", {unjudged} not judged" if unjudged else "") + waits


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
    if found.settling:
        detail["down_while_settling"] = found.settling
    if found.switched_off:
        detail["switched_off"] = found.switched_off
    if found.unplaced:
        detail["down_and_not_in_topology"] = found.unplaced
    if event.incomplete:
        detail["incomplete"] = {str(kind): why for kind, why in sorted(event.incomplete.items())}
    return detail

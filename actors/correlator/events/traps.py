"""Traps: from the vendor profiles' reading to alarms, device events and the inbox."""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from actors.correlator.alarms.limits import admit
from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import clear_problems, repeat_problem
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.alarms.text import digest
from actors.correlator.draft import Draft
from actors.correlator.events.clock_jumps import received_as
from actors.correlator.events.refused_sources import source_accepted
from actors.correlator.events.sender_uptime import observed
from actors.correlator.memories import NamedInterfaces, SourceMemory
from actors.correlator.polling.contact import accept_trap
from actors.correlator.polling.requests import is_read, request_read
from actors.correlator.resources import silent_devices
from actors.correlator.resources.interfaces import (
    INTERFACE_DOWN,
    UPLINK_DOWN,
    as_uplink,
    is_uplink,
    known_of,
    label_of,
    learn,
    locate,
    node_of,
    types_of,
)
from actors.correlator.resources.ont_life import is_contradicted, show_life, show_light
from actors.correlator.resources.onts import end_of_another, place_of_ont
from actors.correlator.resources.optical_power import is_low_power, measured
from actors.correlator.saved import SenderClock
from actors.correlator.strategies.returned_equipment import note_return
from protocols.alarm import Identity
from protocols.change import UnknownTrap
from protocols.event import Trap
from protocols.finding import Finding, SequenceNumber
from protocols.topology import Node
from protocols.walls import shown_to

OLDEST_DEVICE_TIME: Final = timedelta(hours=1)
"""A device's own time further back than this is kept in the metadata, and is not when the problem occurred."""
LATE_SEQUENCE: Final = 1_000
"""A sequence number at most this far behind the newest is a late notification; further behind is a restart."""
_NO_CLOCK: Final = SenderClock(0, 0, 0)
"""The clock of a sender whose traps contain no uptime."""


class TrapDevice:
    """The device of a trap: a node of the topology, or an address. ``why``: the reason for this device, where the trap contains
    several addresses."""

    __slots__ = ("id", "name", "node", "tenant", "why")

    def __init__(self, node: Node | None, address: str, default_tenant: str, why: str = "") -> None:
        self.node, self.why = node, why
        self.id = node.id if node is not None else address
        self.name = (node.name if node is not None else "") or self.id
        self.tenant = (node.tenant if node is not None else "") or default_tenant


def fold_trap(draft: Draft, trap: Trap) -> None:
    """Fold one trap or INFORM. A retransmitted INFORM (same key within the window) changes nothing."""
    state = draft.state
    if state.jumps:
        trap = received_as(trap, state, draft.at)
    if trap.inform_key:
        seen = state.informs.get(trap.inform_key)
        if seen is not None and draft.at - seen <= state.spans.inform_window:
            draft.note("informs_repeated")
            return
        draft.remember(state.informs, trap.inform_key, draft.at)
    refused = state.memory(SourceMemory).sources
    if refused and trap.source in refused:
        source_accepted(draft, trap.source)
    known_addresses = state.plant.by_address
    reading = state.translator.read(trap, state.settings.relays, known_addresses)
    address = reading.device_address
    node = known_addresses.get(address)
    device = TrapDevice(node, address, state.settings.default_tenant, reading.address_why)
    if node is not None and silent_devices.heard(draft, node) and reading.address_from == "source":
        accept_trap(draft, node)
    name = trap.source if reading.address_from == "source" else f"{trap.source} for {address}"
    uptime, clock = trap.notification.uptime, _NO_CLOCK
    if uptime is not None:
        known, window = state.clocks.get(name), state.spans.reorder_hundredths
        seen_now = observed(known, uptime, trap.engine_boots, trap.notification.trap_oid, trap.received, window)
        if seen_now is None:
            assert known is not None
            clock = replace(known, several=True)  # for this trap alone: it may have the clock from before a restart
        else:
            clock = seen_now
            if clock is not known:
                draft.remember(state.clocks, name, clock)
                if clock.several and known is not None and not known.several:
                    title = f"More than one agent sends from {name}: "
                    title += "their uptimes no longer tell in which order traps were sent"
                    detail = {"sender": name, "uptime": uptime}
                    draft.device_event(device.tenant, device.id, "uptime.several", title, detail)
    if reading.sequence is not None:
        _follow_sequence(draft, device, reading.sequence)
    if not reading.findings:
        draft.note("unknown")
        draft.emit(UnknownTrap(draft.offset, draft.at, device.tenant, device.id, reading.reason, trap))
    alone = len(reading.findings) < 2 or not is_contradicted(draft, reading.findings)
    for finding in reading.findings:
        _apply(draft, device, finding, trap, name, clock, alone)


def _apply(
    draft: Draft, device: TrapDevice, finding: Finding, trap: Trap, sender: str, clock: SenderClock, alone: bool = True
) -> None:
    """``sender`` is the owner of the trap's uptime, whose clock is ``clock``: see
    :mod:`actors.correlator.events.sender_uptime`. ``alone``: no other finding of the trap contradicts a sign of life."""
    places: tuple[str, ...] = ()
    if finding.names or finding.alarm_type == INTERFACE_DOWN:
        finding, resource_id, node, places = interface_of(draft, device, finding, sender, clock.epoch)
    elif finding.serial and (finding.resource_type == "ont" or not finding.resource):
        state, tenant = draft.state, draft.state.settings.default_tenant
        resource_id, node, places = place_of_ont(
            state.plant, device.id, device.tenant, tenant, finding.resource, finding.serial
        )
    else:
        resource_id = f"{device.id}/{finding.resource}" if finding.resource else device.id
        node = draft.state.plant.nodes.get(resource_id)
    report = ReportTime(
        trap.received,
        f"device:{device.id}",
        sender,
        trap.notification.uptime,
        finding.device_time,
        OLDEST_DEVICE_TIME,
        clock.epoch,
        clock.several,
        clock.restarted is not None and _just(draft, clock.restarted, trap),
    )
    news = True
    match finding.kind:
        case "raise":
            if finding.serial:
                there = places or (resource_id,)
                end_of_another(draft, device.tenant, there, (finding.alarm_type,), finding.serial, report)
            identity = Identity(device.tenant, resource_id, finding.alarm_type, finding.qualifier)
            if places:
                identity = open_identity(draft, identity, places)
            said = digest(finding, device.why, draft.state.topology_at)
            news = repeat_problem(draft, identity, finding.severity, report, finding.repeats_by_design, said) is None
            if news:
                admit(draft, problem_of(device, finding, identity, shown_to(node, device.tenant)), report, said)
        case "clear":
            if finding.serial:
                end_of_another(draft, device.tenant, places or (resource_id,), finding.clears, finding.serial, report)
            clear_problems(draft, device.tenant, resource_id, finding.clears, finding.qualifier, report, _why(finding))
            for place in places[1:]:
                clear_problems(draft, device.tenant, place, finding.clears, finding.qualifier, report, _why(finding))
        case "drop":
            draft.note(f"noise:{finding.profile}/{finding.rule}")
        case "event":
            _tell(draft, device, finding, resource_id)
            traits = draft.state.symptoms.get(finding.alarm_type)
            if traits is not None and traits.symptom == "restarted":
                note_return(draft, resource_id)
            if finding.clears:
                clear_problems(draft, device.tenant, resource_id, finding.clears, "*", report, _why(finding))
    if finding.shows_life and alone and finding.resource_type in ("ont", "uni"):
        onts = places or (resource_id if finding.resource_type == "ont" else resource_id.rpartition("/")[0],)
        show_life(draft, device.tenant, onts, finding.serial, report, _why(finding))
    if finding.light:
        if news and alone and finding.resource_type == "ont":
            show_light(draft, device.tenant, resource_id, finding.serial, report, finding.light)
        low = finding.kind == "raise" and is_low_power(draft.state.symptoms, finding.alarm_type)
        measured(draft, resource_id, finding.light, low=low)


def _just(draft: Draft, then: int, trap: Trap) -> bool:
    return abs(trap.received.timestamp() * 100 - then) <= draft.state.spans.reorder_hundredths


def _why(finding: Finding) -> str:
    return f"{finding.profile}/{finding.rule}" + (f": {'; '.join(finding.why)}" if finding.why else "")


def interface_of(
    draft: Draft, device: TrapDevice, finding: Finding, sender: str, epoch: int
) -> tuple[Finding, str, Node | None, tuple[str, ...]]:
    """The finding about an interface, with the interface's name and adapted to its role in the topology; its resource; its
    node; and every resource under which an alarm of it may be open."""
    position, names, plant = finding.resource, finding.names, draft.state.plant
    known = known_of(draft, device.id) if names else None
    place = locate(known, position, names, sender, epoch)
    node = node_of(plant, device.id, known, place, position) if plant.nodes and position else None
    if known is not None or any(names):
        memory = draft.state.memory(NamedInterfaces)
        draft.on_commit(learn, memory, device.id, position, names, place.position, node, sender, epoch)
    below = [f"{device.id}/{each}" if each else device.id for each in (place.position, *place.others)]
    resource_id = node.id if node is not None else below[0]
    label = label_of(place.names)
    if label and label != finding.resource_name:
        finding = replace(finding, resource_name=label)
    if finding.alarm_type == INTERFACE_DOWN and is_uplink(plant, device.id, node):
        finding = as_uplink(finding, draft.state.translator.types)
    if INTERFACE_DOWN in finding.clears:
        finding = replace(finding, clears=(*finding.clears, UPLINK_DOWN))
    return finding, resource_id, node, tuple(dict.fromkeys((resource_id, *below)))


def open_identity(draft: Draft, identity: Identity, places: tuple[str, ...]) -> Identity:
    """The identity under which this problem of an interface is open already; ``identity`` when it is not."""
    for place in places:
        for alarm_type in types_of(identity.alarm_type):
            other = Identity(identity.tenant_id, place, alarm_type, identity.qualifier)
            alarm = draft.current(other)
            if alarm is not None and alarm.cleared_at is None:
                return other
    return identity


def problem_of(device: TrapDevice, finding: Finding, identity: Identity, node: Node | None) -> ReportedProblem:
    resource_id = identity.resource_id
    name = (node.name if node is not None else "") or finding.resource_name or resource_id
    metadata = dict(finding.metadata)
    if finding.serial:
        metadata["serial"] = finding.serial
    if finding.vendor_cause:
        metadata["vendor_cause"] = finding.vendor_cause
    if finding.device_time is not None:
        metadata["device_time"] = finding.device_time.isoformat()
    for each in finding.light:
        metadata[f"{each.quantity}_dbm"] = each.dbm
    metadata["profile"] = f"{finding.profile}/{finding.rule}"
    if device.why:
        metadata["address_from"] = device.why
    return ReportedProblem(
        identity=identity,
        severity=finding.severity,
        source="network_device",
        resource_type=finding.resource_type,
        resource_name=name,
        title=f"{_where(device, finding, resource_id, node)}: {finding.title or finding.alarm_type}",
        device_id=device.id,
        event_type=finding.event_type,
        probable_cause=finding.probable_cause,
        description=finding.description,
        recommended_action=finding.recommended_action,
        repeats_by_design=finding.repeats_by_design,
        metadata=metadata,
        why=_why(finding),
    )


def _where(device: TrapDevice, finding: Finding, resource_id: str, node: Node | None) -> str:
    """The device and the place in it, without saying the device twice when the topology's name of the place begins with it.

    What a trap calls an ONT or a card may be no more than a model, which a hundred of them share: it stands behind the
    position, unless it has the position in it.
    """
    if resource_id == device.id:
        return device.name
    position, named = resource_id.removeprefix(f"{device.id}/"), finding.resource_name
    if node is not None and node.name:
        place = node.name
    elif not named or finding.resource_type not in ("ont", "card") or position in named:
        place = named or position
    else:
        place = f"{position} ({named})"
    return place if place.startswith(device.name) else f"{device.name} {place}"


def _tell(draft: Draft, device: TrapDevice, finding: Finding, resource_id: str) -> None:
    """The device event of a finding that is no alarm."""
    detail = {**finding.metadata, "profile": f"{finding.profile}/{finding.rule}"}
    if device.why:
        detail["address_from"] = device.why
    if finding.serial:
        detail["serial"] = finding.serial
    draft.device_event(
        device.tenant,
        device.id,
        finding.alarm_type,
        finding.title or finding.alarm_type,
        detail,
        severity=finding.severity,
        resource_type=finding.resource_type,
        resource_id=resource_id,
    )


def _follow_sequence(draft: Draft, device: TrapDevice, number: SequenceNumber) -> None:
    """A gap in the vendor's own numbering is worth an Event: notifications were lost on the way."""
    key = f"{device.id}\0{number.scope}"
    last = draft.state.sequences.get(key)
    ahead = None if last is None else (number.value - last) % number.modulus
    late = ahead is not None and ahead > number.modulus - LATE_SEQUENCE and number.value != number.restarts_at
    if late or ahead == 0:
        return
    draft.remember(draft.state.sequences, key, number.value)
    if ahead is None or ahead == 1 or number.value == number.restarts_at or ahead > number.modulus // 2:
        return
    missing = ahead - 1
    draft.note("sequence_missing", missing)
    title = f"{missing} notification{'s' if missing > 1 else ''} of {device.name} did not arrive"
    detail = {"scope": number.scope, "last": last, "now": number.value, "missing": missing}
    draft.device_event(device.tenant, device.id, "sequence.gap", title, detail)
    if is_read(draft.state, device.id):
        request_read(draft, device.id, "gap", title)

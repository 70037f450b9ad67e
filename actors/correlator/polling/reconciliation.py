"""Reconciliation: the open alarms of a device, and the states of its parts in one read, are brought to agree.

    open alarm, part is     what becomes of it
    up                      cleared: "found clear by poll"
    down                    confirmed: nothing changes; an interface that was switched off becomes an alarm of severity info
    unknown, or not listed  not judged
    any, reported after the read began            not judged: the report may be newer than the read
    any, last reported by a person or a system    not judged: whoever reported it knows more than a state does

    part is down, no alarm  what becomes of it
    cause admin_down        nothing: an operator switched it off; of a PON port whose ONTs are out an alarm of severity info
    any, device just started  nothing yet: the part may be on its way up (``settling``)
    others                  raised: "found by poll", dated by the read, since nobody knows when it began

A table that was not read to its end judges nothing. An open alarm is never ended for its age.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from actors.correlator.alarms.limits import admit
from actors.correlator.alarms.raise_clear import clear_alarm
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.events.traps import TrapDevice, interface_of, open_identity, problem_of
from actors.correlator.polling.found_parts import FoundPart, FoundParts
from actors.correlator.polling.interface_places import SENDER, InterfacePlaces
from actors.correlator.polling.judged_types import judged_kind, type_of_down
from actors.correlator.polling.open_alarms import OpenAlarmsView
from actors.correlator.polling.read_memory import FoundOntMemory, ReadDevice
from actors.correlator.pon.memory import PonMemory
from actors.correlator.resources.interfaces import INTERFACE_DOWN, UPLINK_DOWN
from actors.correlator.resources.onts import end_of_another, place_of_ont
from actors.correlator.resources.placement import serial_of
from actors.correlator.saved import ReportMark
from actors.correlator.strategies.symptoms import Symptoms
from protocols.alarm import Alarm, Identity
from protocols.finding import Finding
from protocols.poll.states import DownCause, PartKind, PartState, PolledStates
from protocols.serial import canonical_serial
from protocols.topology import Node
from protocols.walls import shown_to

REPORTER: Final = "faultd:polling"
SOURCE: Final = "poll:"
"""The source of a read's reports is this and the device's id."""
PROFILE: Final = "poll"
_NEWER: Final = "reported after the read began"
_FOREIGN: Final = "last reported by a person or another system"
_UNLISTED: Final = "the device does not list the part"
_UNKNOWN: Final = "the device gives no usable state"
_OFF: Final = "switched off by an operator of the device"
_INCOMPLETE: Final = "the table was not read to its end"
_TYPES: Final[dict[PartKind, str]] = {
    "ont": "ont",
    "pon": "pon",
    "interface": "port",
    "card": "card",
    "fan": "fan",
    "psu": "psu",
}
_AT_MOST: Final = "warning"
"""Severity, at most, of an ONT that is down in the first read of its device, since it may have been so for months; and of an
interface that the topology does not have: nobody said that it matters."""
_PAGED: Final = frozenset({"critical", "major", "minor"})


class Reconciled:
    """The effect of a read: the numbers for its summary, and the ONTs that it found down."""

    __slots__ = ("cleared", "confirmed", "limited", "onts", "raised", "settling", "switched_off", "unjudged", "unplaced")

    def __init__(self) -> None:
        self.raised = self.cleared = self.confirmed = self.limited = self.switched_off = self.unplaced = self.settling = 0
        self.unjudged: Counter[str] = Counter()
        self.onts: list[str] = []
        """Resources of the ONTs for which an alarm was raised."""


class ReadDeviceState:
    """One read with the device it is of, as all steps of its fold need it."""

    __slots__ = (
        "_found",
        "_serials",
        "device",
        "draft",
        "event",
        "interfaces",
        "known",
        "parts",
        "report",
        "settles",
        "was_up",
    )

    def __init__(self, draft: Draft, event: PolledStates, node: Node, known: ReadDevice | None, *, settles: bool) -> None:
        """``known``: the device as it was read before. ``settles``: it has just started."""
        self.draft, self.event, self.known, self.settles = draft, event, known, settles
        self.was_up = None if known is None else FoundParts(replace(event, whole=(), states=known.up))
        """Its interfaces that were up before."""
        self.device = TrapDevice(node, node.address, draft.state.settings.default_tenant)
        self.parts = FoundParts(event)
        self.interfaces = InterfacePlaces(draft, event)
        self._serials = {each.position: canonical_serial(each.serial) for each in event.serials}
        self._found = draft.state.memory(FoundOntMemory).found.get(event.device, {})
        # By faultd's own clock, so that it moves along when that clock jumps; a reporter's own time would not.
        self.report = ReportTime(min(event.ended, draft.at), REPORTER, f"{SOURCE}{event.device}")

    def serial_at(self, position: str) -> str:
        """The serial of the ONT at a position, where it differs from the topology's; empty where none was read."""
        serial = self._serials.get(position, "")
        known = self._found.get(position) if not serial else None
        return known.serial if known is not None else serial

    @property
    def first(self) -> bool:
        """True while no earlier read of the device was judged in full."""
        return self.known is None or not self.known.judged

    @property
    def has_onts(self) -> bool:
        """True where states of the device's ONTs are polled."""
        return (self.known is not None and self.known.onts) or "ont" in self.event.whole or bool(self.parts.groups("ont"))

    @property
    def words(self) -> str:
        """The read in words, for reasons."""
        return f"read of {self.event.begun:%Y-%m-%d %H:%M:%S} UTC ({self.event.reason})"


def reconcile(read: ReadDeviceState) -> Reconciled:
    """Judge the open alarms of the device, then raise what is down without one."""
    found = Reconciled()
    for alarm in list(_candidates(read)):
        _judge(read, alarm, found)
    for part in read.parts.down():
        _raise_missed(read, part, found)
    return found


def _candidates(read: ReadDeviceState) -> Iterator[Alarm]:
    """The open alarms that the read may judge: all of the device, or those of the parts that it lists."""
    draft, device_id = read.draft, read.event.device
    if read.parts.lists_all or read.event.incomplete:
        for alarm_id in draft.state.view(OpenAlarmsView).of(device_id):
            yield draft.alarm(alarm_id)
        return
    places: dict[str, None] = {}
    for part in read.parts.listed():
        places[read.interfaces.resource(part.position) if part.kind == "interface" else f"{device_id}/{part.position}"] = None
        if part.kind == "ont":
            places[f"{device_id}/{part.under}"] = None
    for place in places:
        for alarm in draft.at_resource(place):
            if alarm.device_id in ("", device_id):
                yield alarm


def _judge(read: ReadDeviceState, alarm: Alarm, found: Reconciled) -> None:
    draft, event = read.draft, read.event
    kind = judged_kind(draft.state.symptoms, alarm.alarm_type)
    if kind is None or alarm.cleared_at is not None:
        return
    state = _state(read, kind, alarm)
    if state is None:
        position = alarm.resource_id.removeprefix(f"{event.device}/")
        if read.parts.covers(kind, position):
            found.unjudged[_UNLISTED] += 1
        elif kind in event.incomplete:
            found.unjudged[_INCOMPLETE] += 1
        return
    said, cause = state
    if kind == "ont" and _ended_for_another(read, alarm):
        found.cleared += 1
        return
    if said == "unknown":
        found.unjudged[_UNKNOWN] += 1
        return
    if said == "down" and cause != "admin_down":
        found.confirmed += 1
        return
    mark = draft.state.marks.get(alarm.id)
    if mark is None or mark.source.startswith("api:"):
        found.unjudged[_FOREIGN] += 1
    elif _is_newer(mark, event):
        found.unjudged[_NEWER] += 1
    elif said == "down":
        _switched_off(read, kind, alarm, found)
    else:
        why = f"found clear by poll: {event.device} reports it up; {read.words}"
        clear_alarm(draft, alarm, read.report, why)
        found.cleared += 1


def _ended_for_another(read: ReadDeviceState, alarm: Alarm) -> bool:
    """End an alarm of an ONT whose position has another serial now. True when it ended."""
    serial = read.serial_at(alarm.resource_id.removeprefix(f"{read.event.device}/"))
    mark = read.draft.state.marks.get(alarm.id)
    if not serial or serial_of(alarm) in ("", serial) or mark is None or _is_newer(mark, read.event):
        return False
    end_of_another(read.draft, alarm.tenant_id, (alarm.resource_id,), (alarm.alarm_type,), serial, read.report)
    return read.draft.alarm(alarm.id).cleared_at is not None


def _state(read: ReadDeviceState, kind: PartKind, alarm: Alarm) -> tuple[PartState, DownCause] | None:
    """The state of the part that an alarm is about; None where the read does not say it."""
    if kind == "interface":
        return read.interfaces.state(read.parts, alarm.resource_id)
    inside = f"{read.event.device}/"
    if not alarm.resource_id.startswith(inside):
        return None
    position = alarm.resource_id[len(inside) :]
    if kind == "pon":
        if read.parts.any_up("ont", position):
            return "up", ""  # a port that hears an ONT has light
        if alarm.alarm_type != type_of_down("pon", ""):
            return None  # many OLTs call a port up that hears nobody
    return read.parts.state(kind, position)


def _switched_off(read: ReadDeviceState, kind: PartKind, alarm: Alarm, found: Reconciled) -> None:
    """An interface that an operator switched off is no fault, as with its trap. The other parts have no such alarm."""
    if kind != "interface":
        found.unjudged[_OFF] += 1
        return
    found.confirmed += 1
    if alarm.severity != "info":
        text = f"found switched off by poll: {read.words}"
        finding = _finding(read, FoundPart("interface", "if/", 0, "admin_down"), alarm.alarm_type)
        finding = replace(finding, severity="info", title="Port switched off", resource_name=alarm.resource_name, why=(text,))
        node = read.draft.state.plant.nodes.get(alarm.resource_id)
        problem = problem_of(read.device, finding, alarm.identity, shown_to(node, read.device.tenant))
        admit(read.draft, problem, read.report)


def _raise_missed(read: ReadDeviceState, part: FoundPart, found: Reconciled) -> None:
    draft, device = read.draft, read.device
    if part.cause == "admin_down":
        found.switched_off += 1
        _explain_switched_off(read, part, found)
        return
    finding = _finding(read, part, type_of_down(part.kind, part.cause))
    places: tuple[str, ...] = ()
    node: Node | None
    if part.kind == "interface":
        if not _is_missed_interface(read, part.position):
            return
        finding = replace(finding, names=read.interfaces.names_of(part.position))
        finding, resource_id, node, places = interface_of(draft, device, finding, SENDER, 0)
        if node is None and finding.severity in _PAGED:
            finding = replace(finding, severity=_AT_MOST)
    elif part.kind == "ont":
        serial = read.serial_at(part.position)
        plant, default = draft.state.plant, draft.state.settings.default_tenant
        resource_id, node, places = f"{device.id}/{part.position}", None, ()
        if serial:
            resource_id, node, places = place_of_ont(plant, device.id, device.tenant, default, part.position, serial)
        else:
            node = plant.nodes.get(resource_id)
        if node is None and plant.onts_below(device.id):
            found.unplaced += 1
            return
        # Where the device has the topology's serial, the read does not repeat it.
        known_serial = canonical_serial(node.serial) if node is not None and node.serial else ""
        finding = replace(finding, serial=serial or known_serial)
    else:
        resource_id = f"{device.id}/{part.position}"
        node = draft.state.plant.nodes.get(resource_id)
        if part.kind == "pon" and not (read.parts.any_of("ont", part.position) or draft.state.plant.onts_below(resource_id)):
            return  # a port without ONTs
        if part.kind == "pon" and read.parts.any_up("ont", part.position):
            return
    gasp = part.cause == "dying_gasp" and read.event.reason == "burst"
    if _is_open(read, part.kind, (resource_id, *places), gasp=gasp):
        return
    identity = Identity(device.tenant, resource_id, finding.alarm_type, "")
    if part.kind == "interface":
        identity = open_identity(draft, identity, places)
    if _ended_since(draft, part.kind, identity, read.event):
        found.unjudged[_NEWER] += 1
        return
    if read.settles:
        found.settling += 1
        return
    if found.limited:
        found.limited += 1  # the first one has said so
        return
    if finding.serial:
        end_of_another(draft, device.tenant, (resource_id,), (finding.alarm_type,), finding.serial, read.report)
    if admit(draft, problem_of(device, finding, identity, shown_to(node, device.tenant)), read.report) is None:
        found.limited += 1
        return
    found.raised += 1
    if part.kind == "ont":
        found.onts.append(resource_id)


def _explain_switched_off(read: ReadDeviceState, part: FoundPart, found: Reconciled) -> None:
    """A PON port that an operator switched off, with ONTs that are out: an alarm of severity info is their cause."""
    draft, device = read.draft, read.device
    if part.kind not in ("interface", "pon"):
        return
    port = read.interfaces.resource(part.position) if part.kind == "interface" else f"{device.id}/{part.position}"
    node, onset = draft.state.plant.nodes.get(port), draft.state.memory(PonMemory).onset
    if node is None or node.type != "pon" or not any(ont in onset for ont in draft.state.plant.onts_below(port)):
        return
    identity = Identity(device.tenant, port, INTERFACE_DOWN, "")
    alarm = draft.current(identity)
    if (alarm is not None and alarm.cleared_at is None) or _ended_since(draft, "interface", identity, read.event):
        return
    finding = _finding(read, FoundPart("interface", part.under, part.number, "admin_down"), INTERFACE_DOWN)
    finding = replace(finding, severity="info", title="Port switched off")
    if admit(draft, problem_of(device, finding, identity, shown_to(node, device.tenant)), read.report) is not None:
        found.raised += 1


def _is_missed_interface(read: ReadDeviceState, position: str) -> bool:
    """True when the interface was up before, has a place in the topology, or an open alarm. A port without a cable is down too,
    and nobody waits for it. An ONT that is an interface too has a state of its own, and so has a PON port where ONTs are
    polled."""
    state, resource_id = read.draft.state, read.interfaces.resource(position)
    node = state.plant.nodes.get(resource_id)
    if node is not None and node.type in ("ont", "pon"):
        return node.type == "pon" and not read.has_onts and bool(state.plant.onts_below(resource_id))
    if node is not None or resource_id in state.by_resource:
        return True
    return read.was_up is not None and read.was_up.state("interface", position) is not None


def _is_open(read: ReadDeviceState, kind: PartKind, places: Iterable[str], *, gasp: bool) -> bool:
    """True when an open alarm at one of the places says already that the part is down. ``gasp``: an alarm with a dying gasp is
    asked for, since a burst's question is whether the ONT has power."""
    state = read.draft.state
    for place in places:
        for known in state.at_resource(place):  # what this read raised is of other parts
            alarm = read.draft.latest(known)
            if alarm.tenant_id != read.device.tenant or judged_kind(state.symptoms, alarm.alarm_type) != kind:
                continue
            if alarm.cleared_at is not None:
                continue
            if kind == "interface" and alarm.severity == "info":
                mark = state.marks.get(alarm.id)
                if mark is None or not _is_newer(mark, read.event):
                    continue  # it was switched off, and is down by itself now
                return True
            traits = state.symptoms.get(alarm.alarm_type)
            if not gasp or (traits is not None and traits.gasp):
                return True
    return False


def _is_newer(mark: ReportMark, event: PolledStates) -> bool:
    """True when what was reported last may be newer than the read. Of two reads the one that ended later counts."""
    if mark.source.startswith(SOURCE):
        return mark.received > event.ended
    return mark.received >= event.begun


def _ended_since(draft: Draft, kind: PartKind, identity: Identity, event: PolledStates) -> bool:
    """True when a clear of the part's alarms may be newer than the read."""
    state = draft.state
    for alarm_type in _alike(state.symptoms, kind, identity.alarm_type):
        for qualifier in ("", "*"):
            one = Identity(identity.tenant_id, identity.resource_id, alarm_type, qualifier)
            ended = state.ended.get(one)
            if ended is not None and ended[1].received >= event.begun:
                return True
            last = draft.current(one)
            if last is None or last.cleared_at is None:
                continue
            if last.cleared_at > event.ended if last.cleared_by == REPORTER else state.cleared[last.id] > event.begun:
                return True
    return False


def _alike(symptoms: Symptoms, kind: PartKind, alarm_type: str) -> tuple[str, ...]:
    if kind == "ont":
        return tuple(name for name, traits in symptoms.items() if traits.out)
    return (INTERFACE_DOWN, UPLINK_DOWN) if kind == "interface" else (alarm_type,)


def _finding(read: ReadDeviceState, part: FoundPart, alarm_type: str) -> Finding:
    """The finding that a trap about this part would have given."""
    known = read.draft.state.translator.types.get(alarm_type)
    metadata: dict[str, str] = {"found_by": f"poll ({read.event.reason})"}
    if part.cause:
        metadata["down_cause"] = part.cause
    why = f"found by poll: down{f' ({part.cause})' if part.cause else ''}; since when is not known; {read.words}"
    finding = Finding(
        kind="raise",
        profile=PROFILE,
        rule=read.event.reason,
        alarm_type=alarm_type,
        resource_type=_TYPES[part.kind],
        resource=part.position,
        severity="minor",
        title=alarm_type,
        metadata=metadata,
        why=(why,),
    )
    if known is None:
        return finding
    weak = read.first and part.kind == "ont" and known.severity in _PAGED
    return replace(
        finding,
        severity=_AT_MOST if weak else known.severity,
        title=known.title,
        description=known.description,
        recommended_action=known.recommended_action,
        event_type=known.event_type,
        probable_cause=known.probable_cause,
    )

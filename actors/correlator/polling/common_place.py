"""The common place of devices that fall silent together: a site, a ring, an uplink.

When every polled device below a node of the topology is silent, and two or more of them fell silent together, one alarm
``devices.unreachable`` at that node is the cause of their ``device.down``. The node itself may be a device that answers. The
alarm claims no more than that the fault is there or on the way to it. It ends with the last of the devices, or when a device
below the node answers that was never down.
"""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from actors.correlator.alarms.attachment import attach
from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import SYSTEM, clear_problems, raise_problem
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.polling.contact_memory import CommonPlace, ContactMemory, SilentDevice
from actors.correlator.rules.place import above
from actors.correlator.state import DerivedView, State
from actors.correlator.strategies.topological import blocked_by
from protocols.alarm import Alarm, Identity
from protocols.topology import Node

UNREACHABLE: Final = "devices.unreachable"
TOGETHER: Final = timedelta(minutes=5)
"""First missed polls of one fault are at most this far apart: an interval of the polls, at its longest."""
FEWEST: Final = 2
"""Devices that fall silent together."""
_RULE: Final = "polling"
_ACTOR: Final = f"faultd:{_RULE}"


class PolledPlaces(DerivedView):
    """The polled devices below each node, and the silent ones among them."""

    of_configuration = True

    def __init__(self, state: State) -> None:
        memory = state.memory(ContactMemory)
        self._plant = state.plant
        self.above: dict[str, tuple[str, ...]] = {}
        """The nodes above each polled device, nearest first."""
        self.polled: dict[str, int] = {}
        self.silent: dict[str, dict[str, None]] = {}
        for device in memory.heard:
            self._add(device)
        for device in memory.silent:
            self.fell_silent(device)

    def fell_silent(self, device: str) -> None:
        """A polled device does not answer."""
        for node in self._add(device):
            self.silent.setdefault(node, {})[device] = None

    def answered(self, device: str) -> None:
        """A polled device answers."""
        for node in self._add(device):
            found = self.silent.get(node)
            if found is not None and device in found:
                del found[device]

    def forget(self, device: str) -> None:
        """The device is polled no longer."""
        if device in self.above:
            self.answered(device)
            for node in self.above.pop(device):
                self.polled[node] -= 1

    def all_silent(self, node: str) -> dict[str, None]:
        """The polled devices below the node when all of them are silent, else none."""
        found = self.silent.get(node, {})
        return found if len(found) == self.polled.get(node, 0) else {}

    def _add(self, device: str) -> tuple[str, ...]:
        places = self.above.get(device)
        if places is None:
            places = self.above[device] = above(self._plant, device)[1:]
            for node in places:
                self.polled[node] = self.polled.get(node, 0) + 1
        return places


def attach_to_place(draft: Draft, memory: ContactMemory, node: Node, known: SilentDevice, alarm: Alarm) -> SilentDevice:
    """Attach the alarm of a device that is down to the one of its common place, which may be new. Returns the device's entry
    with its place."""
    if blocked_by(draft, node.id, alarm.tenant_id, but=alarm.id):
        return known  # lost equipment above it explains it better
    view = draft.state.view(PolledPlaces)
    places = view.above.get(node.id, ())
    at = next((each for each in (node.id, *places) if _open_at(draft, memory, each, known) is not None), "")
    if not at:
        at = _find(memory, view, places, known)
        if not at or not _raise(draft, memory, at, known, alarm, view):
            return known
    place = draft.read(memory.places, at)
    cause = _alarm_at(draft, alarm.tenant_id, at)
    if place is None or cause is None or place.tenant_id != alarm.tenant_id:
        return known
    draft.set(memory.places, at, replace(place, down=place.down + 1))
    attach(draft, alarm, cause, _RULE, f"fell silent together with the other devices below {cause.resource_name}")
    return replace(known, place=at)


def leave_place(draft: Draft, memory: ContactMemory, known: SilentDevice) -> None:
    """A device that was down lives or is forgotten. The last one ends the alarm of the place."""
    place = draft.read(memory.places, known.place) if known.place else None
    if place is None:
        return
    if place.down > 1:
        draft.set(memory.places, known.place, replace(place, down=place.down - 1))
    else:
        _end(draft, memory, known.place, place, "none of the devices below it is down any more")


def answers_below(draft: Draft, memory: ContactMemory, device: str) -> None:
    """A device that was not down answers: it is not true that all below its places are silent."""
    if not memory.places:
        return
    for node in draft.state.view(PolledPlaces).above.get(device, ()):
        place = draft.read(memory.places, node)
        if place is not None:
            _end(draft, memory, node, place, f"{device}, which is below it, answers and was never down")


def _open_at(draft: Draft, memory: ContactMemory, node: str, known: SilentDevice) -> CommonPlace | None:
    place = draft.read(memory.places, node)
    return place if place is not None and abs(place.first - known.first) <= TOGETHER else None


def _find(memory: ContactMemory, view: PolledPlaces, places: tuple[str, ...], known: SilentDevice) -> str:
    """The nearest node above with all devices that fell silent together with this one, where all below it are silent."""
    best, most = "", FEWEST - 1
    for node in places:
        count = 0
        for each in view.all_silent(node):
            other = memory.silent.get(each)
            count += other is not None and other.contact != "unreachable" and abs(other.first - known.first) <= TOGETHER
        if count > most:
            best, most = node, count
    return best


def _raise(draft: Draft, memory: ContactMemory, at: str, known: SilentDevice, alarm: Alarm, view: PolledPlaces) -> bool:
    node = draft.state.plant.nodes[at]
    if (node.tenant or alarm.tenant_id) != alarm.tenant_id:
        return False  # the readers of one may not read the other
    name, count = node.name or at, view.polled.get(at, 0)
    problem = ReportedProblem(
        identity=Identity(alarm.tenant_id, at, UNREACHABLE),
        severity="critical",
        source="network_device",
        resource_type=node.type,
        resource_name=name,
        title=f"{name}: all {count} polled devices below it fell silent",
        event_type="communicationsAlarm",
        probable_cause="communicationsSubsystemFailure",
        description=f"All {count} polled devices below {name} answer no poll, the first of them since "
        f"{known.first:%Y-%m-%d %H:%M:%S} UTC. The fault is at {name} or on the way to it: its power, its uplink, or the "
        "management network to it. Polls cannot tell which.",
        recommended_action="Check the power of the place and its uplink. ONTs that still report by other devices show that the "
        "plant works and only the management network is cut.",
        why=f"all {count} polled devices below it are silent, and fell silent together",
    )
    report = ReportTime(received=draft.at, reporter=_ACTOR, source=SYSTEM, dated=known.first)
    if raise_problem(draft, problem, report) is None:
        return False
    draft.set(memory.places, at, CommonPlace(alarm.tenant_id, known.first, 0))
    return True


def _end(draft: Draft, memory: ContactMemory, node: str, place: CommonPlace, why: str) -> None:
    draft.drop(memory.places, node)
    report = ReportTime(received=draft.at, reporter=_ACTOR, source=SYSTEM)
    clear_problems(draft, place.tenant_id, node, (UNREACHABLE,), "", report, why)


def _alarm_at(draft: Draft, tenant: str, node: str) -> Alarm | None:
    alarm = draft.current(Identity(tenant, node, UNREACHABLE))
    return None if alarm is None or alarm.cleared_at is not None else alarm

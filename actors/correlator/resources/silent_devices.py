"""Devices of the topology without traps: none since faultd first saw them in the topology, or none for long.

A device is a node with an address, unless it is an ONT or a customer's. Any accepted trap of it counts. The alarm comes after a
grace period, never right after an import. A device whose traps are refused has an alarm about that instead.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from actors.correlator.alarms.limits import admit
from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import SYSTEM, clear_problems
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.alarms.system import fold_system
from actors.correlator.draft import Draft
from actors.correlator.events.refused_sources import is_refused
from actors.correlator.memories import SilentDeviceMemory
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from protocols.alarm import Identity
from protocols.event import SystemReport
from protocols.topology import Node

NAME: Final = "silence"
SILENT: Final = "device.silent"
MORE: Final = "more_devices"
"""Qualifier of faultd's own alarm for the devices beyond the bound."""
MOST: Final = 100
"""Silent devices that have an alarm of their own."""
SELDOM: Final = timedelta(minutes=1)
"""The time of the latest trap is noted at this interval."""
_NO_DEVICES: Final = frozenset({"ont", "service", "customer"})
_REPORTER: Final = "faultd:silence"


def is_device(node: Node) -> bool:
    """True when the device is expected to send traps."""
    return bool(node.address) and node.type not in _NO_DEVICES


def heard(draft: Draft, node: Node) -> bool:
    """A trap of this device was accepted. True when the device answers no poll, so that its traps are watched."""
    state = draft.state
    memory = state.memory(SilentDeviceMemory)
    device_id = node.id
    last = memory.heard.get(device_id)
    watched = device_id in memory.watched
    if last is not None and draft.at - last < SELDOM and device_id not in memory.alarmed:
        return watched
    draft.set(memory.heard, device_id, draft.at)
    _end(draft, memory, device_id, "a trap of it was accepted")
    hours = state.settings.silent_hours
    if hours and is_device(node):
        draft.wake(NAME, device_id, draft.at + timedelta(hours=hours))
    return watched


def watch(draft: Draft, device_id: str) -> None:
    """The device answers no poll: its next traps count."""
    draft.set(draft.state.memory(SilentDeviceMemory).watched, device_id, None)


def watch_no_more(draft: Draft, device_id: str) -> None:
    """The device answers polls again, or is not polled any more."""
    draft.drop(draft.state.memory(SilentDeviceMemory).watched, device_id)


def note(draft: Draft, puts: Iterable[Node], removes: Sequence[str]) -> None:
    """Before a change of the topology: schedule the examination of its devices for the next Event."""
    nodes = draft.state.plant.nodes
    if not nodes:
        # A first plant is large: the next tick goes through its addresses alone.
        draft.on_commit(setattr, draft.state.memory(SilentDeviceMemory), "begun", False)
        return
    for node in puts:
        before = nodes.get(node.id)
        if is_device(node) or (before is not None and is_device(before)):
            _look_at(draft, node.id)
    for node_id in removes:
        before = nodes.get(node_id)
        if before is not None and is_device(before):
            draft.wake(NAME, node_id, draft.at)


def begin(draft: Draft) -> None:
    """Examine the devices of a first topology once, or of one from an earlier version of faultd."""
    memory = draft.state.memory(SilentDeviceMemory)
    if not memory.begun:
        draft.on_commit(setattr, memory, "begun", True)
        _look_at_all(draft)


def note_settings(draft: Draft, settings: CorrelatorSettings) -> None:
    """Before new settings apply: examine every device again when they concern silent devices."""
    now = draft.state.settings
    if (now.never_heard_hours, now.silent_hours) != (settings.never_heard_hours, settings.silent_hours):
        _look_at_all(draft)


def due(draft: Draft, device_id: str) -> None:
    """Timer: decide about one device, and set its next timer."""
    state = draft.state
    memory = state.memory(SilentDeviceMemory)
    node = state.plant.nodes.get(device_id)
    if node is None or not is_device(node):
        _end(draft, memory, device_id, "the topology has no such device any more")
        draft.drop(memory.since, device_id)
        draft.drop(memory.heard, device_id)
        return
    last = memory.heard.get(device_id)
    since = last or memory.since.get(device_id, draft.at)
    hours = state.settings.never_heard_hours if last is None else state.settings.silent_hours
    if not hours:
        _end(draft, memory, device_id, "the setting is off")
        return
    until = since + timedelta(hours=hours)
    if draft.at < until:
        _end(draft, memory, device_id, "the setting allows a longer silence")
        draft.wake(NAME, device_id, until)
    elif device_id in memory.alarmed:
        return
    elif any(is_refused(state, address) for address in node.every_address):
        draft.wake(NAME, device_id, draft.at + timedelta(hours=1))
    elif len(memory.alarmed) >= MOST:
        _tell_of_more(draft, memory, device_id)
    elif _raise(draft, node, since, never=last is None):
        draft.set(memory.alarmed, device_id, (_tenant(state, node), device_id))
        _no_longer_more(draft, memory, device_id)
    else:
        draft.wake(NAME, device_id, draft.at + timedelta(hours=1))


def last_heard(state: State, device_id: str) -> datetime | None:
    """Time of the device's latest accepted trap, to a minute; it survives a restart of faultd."""
    return state.memory(SilentDeviceMemory).heard.get(device_id)


def _look_at_all(draft: Draft) -> None:
    for node in list(draft.state.plant.by_address.values()):
        if is_device(node):
            _look_at(draft, node.id)


def _look_at(draft: Draft, device_id: str) -> None:
    """Have :func:`due` examine a device with the next Event. faultd knows it from now on, unless it did before."""
    since = draft.state.memory(SilentDeviceMemory).since
    if draft.read(since, device_id) is None:
        draft.set(since, device_id, draft.at)
    draft.wake(NAME, device_id, draft.at)


def _tenant(state: State, node: Node) -> str:
    return node.tenant or state.settings.default_tenant


def _raise(draft: Draft, node: Node, since: datetime, *, never: bool) -> bool:
    name = node.name or node.id
    ago = f"since {since:%Y-%m-%d %H:%M} UTC"
    problem = ReportedProblem(
        identity=Identity(_tenant(draft.state, node), node.id, SILENT),
        severity="warning",
        source="system",
        resource_type=node.type,
        resource_name=name,
        title=f"{name} ({node.address}): no trap was ever received" if never else f"{name} ({node.address}): silent {ago}",
        device_id=node.id,
        event_type="communicationsAlarm",
        probable_cause="communicationsSubsystemFailure",
        description=f"The topology has it {ago}, and no trap of it was accepted." if never else f"Its last trap came {ago}.",
        recommended_action="Check the trap destination, port and source address on the device, and the firewall between. "
        "Send a test trap. GET /api/v1/faults/sources shows what arrives and from where. A device that sends no traps: shelve "
        "this alarm, or leave its address out of the topology.",
        why=f"[correlator] {'never_heard_hours' if never else 'silent_hours'}",
    )
    return admit(draft, problem, ReportTime(received=draft.at, reporter=_REPORTER, source=SYSTEM)) is not None


def _end(draft: Draft, memory: SilentDeviceMemory, device_id: str, why: str) -> None:
    _no_longer_more(draft, memory, device_id)
    known = memory.alarmed.get(device_id)
    if known is None:
        return
    tenant, resource = known
    report = ReportTime(received=draft.at, reporter=_REPORTER, source=SYSTEM)
    clear_problems(draft, tenant, resource, (SILENT,), "", report, why)
    draft.drop(memory.alarmed, device_id)
    waiting = next((one for one in memory.more if one != device_id), None)
    if waiting is not None:
        draft.wake(NAME, waiting, draft.at)


def _no_longer_more(draft: Draft, memory: SilentDeviceMemory, device_id: str) -> None:
    """Remove the device from those beyond the bound."""
    if device_id not in memory.more:
        return
    draft.drop(memory.more, device_id)
    if len(memory.more) == 1:
        text = "every silent device has an alarm of its own"
        fold_system(draft, SystemReport(alarm_type=SILENT, active=False, qualifier=MORE, description=text))


def _tell_of_more(draft: Draft, memory: SilentDeviceMemory, device_id: str) -> None:
    if not memory.more:
        report = SystemReport(
            alarm_type=SILENT,
            active=True,
            severity="warning",
            qualifier=MORE,
            title=f"More devices are silent than the {MOST} that have an alarm of their own",
            description="GET /api/v1/faults/sources?heard=false lists the devices of which no trap was accepted. Where traps "
            "reach faultd by a relay, see [correlator] relays.",
        )
        fold_system(draft, report)
    draft.set(memory.more, device_id, None)

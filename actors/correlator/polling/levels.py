"""Levels: ``monitoring.threshold_exceeded`` for a measured value, one alarm for each part and quantity.

A quantity may have several thresholds (70 degrees warning, 85 degrees major). Each crossing, there and back, counts once it has
lasted for its dwell time; the alarm has the severity of the worst threshold that is exceeded, and ends when none is.
"""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from actors.correlator.alarms.limits import admit
from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import clear_problems
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.events.clock_jumps import at_present
from actors.correlator.events.network_events import MEANINGS
from actors.correlator.polling.open_alarms import EXCEEDED, OpenAlarmsView
from actors.correlator.polling.read_memory import LevelMemory
from actors.correlator.polling.reconciliation import REPORTER, SOURCE
from actors.correlator.polling.requests import request_read
from protocols.alarm import Identity
from protocols.poll.states import LevelCrossed
from protocols.severity import Severity, is_worse
from protocols.topology import Node
from protocols.walls import shown_to

NAME: Final = "polling.levels"
"""Name of the timer."""


def fold_level_crossed(draft: Draft, event: LevelCrossed) -> None:
    """Take a crossing: have it count after its dwell time, or call off the one that waits."""
    memory = draft.state.memory(LevelMemory)
    event = replace(event, at=at_present(event.at, draft.state, draft.at))
    part, subject = _part(event), _subject(event)
    counts = _threshold(event) in memory.beyond.get(part, {})
    if counts == event.beyond:  # back within the dwell time, or said once more
        if subject in memory.waiting:
            draft.drop(memory.waiting, subject)
            draft.no_wake(NAME, subject)
        return
    if event.dwell_seconds <= 0:
        _count(draft, memory, event)
        return
    if subject in memory.waiting:
        return
    draft.set(memory.waiting, subject, event)
    draft.on_commit(memory.bound)
    draft.wake(NAME, subject, max(draft.at, event.at + timedelta(seconds=event.dwell_seconds)))


def recheck_levels(draft: Draft, device_id: str) -> None:
    """The poller begins with this device, and knows no side of any value: where alarms of thresholds are open, it is to report
    each side once."""
    if draft.state.view(OpenAlarmsView).has_exceeded(device_id):
        request_read(draft, device_id, "start", "polling begins anew, and alarms of exceeded thresholds are open")


def due(draft: Draft, subject: str) -> None:
    """A crossing has lasted for its dwell time."""
    memory = draft.state.memory(LevelMemory)
    event = memory.waiting.get(subject)
    if event is not None:
        draft.drop(memory.waiting, subject)
        _count(draft, memory, event)


def _count(draft: Draft, memory: LevelMemory, event: LevelCrossed) -> None:
    part = _part(event)
    beyond = dict(memory.beyond.get(part, {}))
    if event.beyond:
        beyond[_threshold(event)] = event.severity
    else:
        beyond.pop(_threshold(event), None)
    if beyond:
        draft.set(memory.beyond, part, beyond)
        draft.on_commit(memory.bound)
    else:
        draft.drop(memory.beyond, part)
    device = draft.state.plant.nodes.get(event.device)
    if device is None:
        return
    tenant = device.tenant or draft.state.settings.default_tenant
    resource_id = f"{device.id}/{event.position}" if event.position else device.id
    report = ReportTime(draft.at, REPORTER, f"{SOURCE}{device.id}", dated=min(event.at, draft.at))
    if not beyond:
        why = f"{event.quantity} is {_shown(event)} again, for {event.dwell_seconds:g} s"
        clear_problems(draft, tenant, resource_id, (EXCEEDED,), event.quantity, report, why)
        return
    worst: Severity = "warning"
    for severity in beyond.values():
        worst = severity if is_worse(severity, worst) else worst
    admit(draft, _problem(draft, event, device, Identity(tenant, resource_id, EXCEEDED, event.quantity), worst), report)


def _problem(draft: Draft, event: LevelCrossed, device: Node, identity: Identity, severity: Severity) -> ReportedProblem:
    meaning = MEANINGS[EXCEEDED]
    node = shown_to(draft.state.plant.nodes.get(identity.resource_id), identity.tenant_id)
    name = (node.name if node is not None else "") or event.position or device.name or device.id
    where = f"{device.name or device.id} {name}" if event.position and not name.startswith(device.name or device.id) else name
    words = event.quantity.replace("_", " ")
    return ReportedProblem(
        identity=identity,
        severity=severity,
        source=meaning.source,
        resource_type=node.type if node is not None else "other",
        resource_name=name,
        title=f"{where}: {words} {meaning.words}",
        device_id=device.id,
        event_type=meaning.event_type,
        probable_cause=meaning.probable_cause,
        description=f"The value was {_shown(event)} for {event.dwell_seconds:g} s; the threshold is "
        f"{event.threshold:g} {event.unit}".rstrip()
        + ".",
        metadata={"quantity": event.quantity, "value": event.value, "unit": event.unit, "threshold": event.threshold},
        why=f"{words} crossed the threshold {event.threshold:g} {event.unit} at {event.at:%Y-%m-%d %H:%M:%S} UTC",
    )


def _shown(event: LevelCrossed) -> str:
    return f"{event.value:g} {event.unit}".rstrip()


def _part(event: LevelCrossed) -> str:
    return f"{event.device}\0{event.position}\0{event.quantity}"


def _threshold(event: LevelCrossed) -> str:
    return f"{event.threshold!r}"


def _subject(event: LevelCrossed) -> str:
    return f"{_part(event)}\0{_threshold(event)}"

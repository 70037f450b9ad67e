"""Network events from other systems: which raise, which clear, and how badly."""

import hashlib
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import fields

from actors.correlator.alarms.limits import FULL, admit
from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import clear_problems
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.polling.contact import ended_elsewhere
from actors.correlator.pon.gather import tenant_of
from actors.correlator.resources.ont_life import show_light
from actors.correlator.resources.optical_power import measured
from actors.correlator.resources.placement import resolve
from protocols.alarm import Identity, Source
from protocols.change import Answer, Refusal
from protocols.event import NetworkEvent
from protocols.severity import Severity
from protocols.system_alarms import reserved
from protocols.topology import Node
from protocols.walls import shown_to


class NetworkMeaning(NamedTuple):
    """The effect of a network event type: it raises its own type with ``severity``, or clears ``clears``."""

    severity: Severity | None
    source: Source
    event_type: str
    probable_cause: str
    words: str
    clears: tuple[str, ...] = ()


MEANINGS: dict[str, NetworkMeaning] = {
    "device.down": NetworkMeaning("critical", "network_device", "equipmentAlarm", "unavailable", "is down"),
    "device.degraded": NetworkMeaning("major", "network_device", "qualityOfServiceAlarm", "performanceDegraded", "is degraded"),
    "device.up": NetworkMeaning(None, "network_device", "", "", "is up", ("device.down", "device.degraded")),
    "service.outage": NetworkMeaning("critical", "service", "communicationsAlarm", "unavailable", "is out"),
    "service.degraded": NetworkMeaning("major", "service", "qualityOfServiceAlarm", "performanceDegraded", "is degraded"),
    "service.restored": NetworkMeaning(None, "service", "", "", "is restored", ("service.outage", "service.degraded")),
    "cpe.offline": NetworkMeaning("major", "cpe", "communicationsAlarm", "unavailable", "is offline"),
    "cpe.signal_loss": NetworkMeaning("major", "cpe", "communicationsAlarm", "lossOfSignal", "lost its signal"),
    "cpe.online": NetworkMeaning(None, "cpe", "", "", "is online", ("cpe.offline", "cpe.signal_loss")),
    "monitoring.threshold_exceeded": NetworkMeaning(
        "minor", "monitoring", "qualityOfServiceAlarm", "thresholdCrossed", "exceeded a threshold"
    ),
    "monitoring.check_failed": NetworkMeaning("major", "monitoring", "processingErrorAlarm", "other", "failed a check"),
    "monitoring.check_recovered": NetworkMeaning(
        None, "monitoring", "", "", "recovered", ("monitoring.check_failed", "monitoring.threshold_exceeded")
    ),
    "optical.measured": NetworkMeaning(None, "monitoring", "", "", "was measured"),
}


def fold_network(draft: Draft, event: NetworkEvent) -> None:
    """Raise or clear what a network event says. One whose idempotency key was used before changes nothing."""
    if event.key:
        key = f"{event.tenant_id}\0{event.key}"
        body = _digest(event)
        if key in draft.state.keys:
            if draft.state.bodies.get(key, body) == body:
                draft.emit(Answer(offset=draft.offset, duplicate=True))
                return
            text = f"the idempotency key {event.key.partition('/')[2]!r} was used for another event; nothing changed"
            draft.emit(Answer(offset=draft.offset, refusals=(Refusal("", "key_reused", text),)))
            return
        draft.remember(draft.state.keys, key, draft.at)
        draft.remember(draft.state.bodies, key, body)
    meaning = MEANINGS[event.type]
    claim = reserved(event.resource_type, event.resource_id, event.type, event.source)
    if claim is not None:
        draft.emit(Answer(offset=draft.offset, refusals=(Refusal("", "invalid", ": ".join(claim)),)))
        return
    node = resolve(draft.state, event.resource_id, event.tenant_id)
    resource_id = node.id if node is not None else event.resource_id
    named = shown_to(node, event.tenant_id)
    name = event.resource_name or (named.name if named is not None else "") or resource_id
    report = ReportTime(
        received=draft.at,
        reporter=f"user:{event.reported_by}",
        source=f"api:{event.reported_by}",
        dated=event.at,
    )
    warnings = (report.mistake,) if report.mistake else ()
    if meaning.severity is None:
        qualifier = event.qualifier or "*"
        why = "; ".join((event.description or f"{event.type} reported", *warnings))
        ended = clear_problems(draft, event.tenant_id, resource_id, meaning.clears, qualifier, report, why)
        for each in ended:
            ended_elsewhere(draft, each)
        _measured(draft, event, node, report)
        draft.emit(Answer(offset=draft.offset, accepted=tuple(alarm.id for alarm in ended), warnings=warnings))
        return
    problem = ReportedProblem(
        identity=Identity(event.tenant_id, resource_id, event.type, event.qualifier),
        severity=event.severity or meaning.severity,
        source=event.source or meaning.source,
        resource_type=event.resource_type,
        resource_name=name,
        title=event.title or f"{name} {meaning.words}",
        device_id=_device(draft, event, resource_id, named),
        event_type=meaning.event_type,
        probable_cause=meaning.probable_cause,
        description=event.description,
        customers=event.customer_ids,
        services=event.service_ids,
        subscriber_count=event.subscriber_count,
        tags=event.tags,
        metadata={**event.metadata, **{f"{each.quantity}_dbm": each.dbm for each in event.light}},
        why="; ".join((f"{event.type} reported", *warnings)),
    )
    alarm = admit(draft, problem, report)
    _measured(draft, event, node, report)
    accepted, refusals = ((alarm.id,), ()) if alarm else ((), (FULL,))
    draft.emit(Answer(offset=draft.offset, accepted=accepted, refusals=refusals, warnings=warnings))


def _device(draft: Draft, event: NetworkEvent, resource_id: str, node: Node | None) -> str:
    """The device that an event is about: the resource itself, or a node with an address that another system watches."""
    if event.type.startswith("device."):
        return resource_id
    return resource_id if node is not None and node.address else ""


def _digest(event: NetworkEvent) -> bytes:
    """A digest of the event that ignores the order of its metadata. Fields with their default are left out, so that new fields
    of a later version make no difference."""
    given = {
        field.name: _in_order(value)
        for field in fields(event)
        if (value := getattr(event, field.name)) != field.default and value not in ((), {})
    }
    return hashlib.blake2b(msgspec.msgpack.encode(given), digest_size=16).digest()


def _in_order(value: Any) -> Any:
    """With the members of every object sorted by name."""
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return [_in_order(each) for each in value] if isinstance(value, list) else value


def _measured(draft: Draft, event: NetworkEvent, node: Node | None, report: ReportTime) -> None:
    """Readings of a tenant's own ONT."""
    if event.light and node is not None and event.tenant_id == tenant_of(draft.state, node.id):
        if node.type == "ont" and MEANINGS[event.type].severity is None:
            show_light(draft, event.tenant_id, node.id, "", report, event.light)
        measured(draft, node.id, event.light)

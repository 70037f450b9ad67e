"""Conclusions as alarms: raise, revise, replace, withdraw, clear. Each step writes its evidence into the timeline."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from actors.correlator.alarms.attachment import attach, children_of, detach
from actors.correlator.alarms.lifecycle import cleared, moved, severity_changed
from actors.correlator.alarms.limits import admit
from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.plant.power_area import AREA
from actors.correlator.pon.alarm_types import (
    CARD_FAILURE,
    FIBRE_CUT,
    FIBRE_DEGRADED,
    OLT_FAILURE,
    PORT_HAS_ROGUE,
    POWER_OUTAGE,
    ROGUE,
    SUSPECTED,
)
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.gather import tenant_of
from actors.correlator.pon.inspection_timer import NAME as NAME
from actors.correlator.pon.members import add, extend, members_of
from actors.correlator.pon.memory import Concluded, Kind, PonMemory
from actors.correlator.strategies.returned_equipment import note_return
from protocols.alarm import Alarm, Identity
from protocols.probability import in_words, stated
from protocols.severity import Severity, is_worse
from protocols.walls import shown_to

RULE = "faultd:pon"
ALARM_TYPES: dict[Kind, str] = {
    "cut": FIBRE_CUT,
    "power": POWER_OUTAGE,
    "card": CARD_FAILURE,
    "olt": OLT_FAILURE,
    "degraded": FIBRE_DEGRADED,
    "rogue": PORT_HAS_ROGUE,
    "trunk": FIBRE_CUT,
}
_CAUSES: dict[Kind, tuple[str, str]] = {
    "cut": ("communicationsAlarm", "lossOfSignal"),
    "power": ("environmentalAlarm", "commercialPowerFailure"),
    "card": ("equipmentAlarm", "lineCardProblem"),
    "olt": ("equipmentAlarm", "equipmentMalfunction"),
    "degraded": ("communicationsAlarm", "degradedSignal"),
    "rogue": ("communicationsAlarm", "unexpectedInformation"),
    "trunk": ("communicationsAlarm", "lossOfSignal"),
}
_SHOWS: dict[Kind, str] = {"degraded": "lost light", "rogue": "disturbed"}
"""The wording for an ONT that takes part in the cause and is not dark."""
_COUNTS = ("dark", "gasped", "alive", "unknown")
_DEEPER = 1.0
"""Change of a bend's depth, in dB, from which its alarm is revised."""
_MANY = 8
"""A cause that affects so many ONTs is critical."""


def conclude(draft: Draft, memory: PonMemory, cause: Cause, extra: Iterable[Alarm] = ()) -> Alarm | None:
    """Raise or revise the alarm of the cause, and attach the alarms that it explains. ``extra`` are alarms of other resources
    than ONTs."""
    tenant = tenant_of(draft.state, cause.ports[-1])
    same = (
        draft.get(alarm_id)
        for alarm_id in memory.at_port.get(cause.ports[0], ())
        if (memory.causes[alarm_id].kind, memory.causes[alarm_id].place) == (cause.kind, cause.place)
    )
    known = next((each for each in same if each is not None and each.tenant_id == tenant), None)
    members = [each.ont for each in _members(cause)]
    if known is None or known.cleared_at is not None:
        alarm = admit(draft, _problem(draft, cause), ReportTime(received=draft.at, reporter=RULE, source="faultd:pon"))
        if alarm is None:
            return None
        if not alarm.is_root_cause:
            alarm = draft.put(
                moved(alarm, is_root_cause=True, correlation_id=alarm.id),
                "root_cause",
                RULE,
                cause.why,
                confidence=stated(cause.confidence),
                **cause.summary,
                **cause.detail,
            )
    else:
        alarm = known
    again = known is not None and known.cleared_at is not None
    before = memory.causes.get(alarm.id) if not again else None
    said = _metadata(draft, cause)
    if any(alarm.metadata.get(key) != said.get(key) for key in _COUNTS) or _fell_otherwise(alarm, said):
        alarm = draft.put(
            moved(
                _worse(alarm, cause),
                description=_description(cause, said["customers_by_class"]),
                metadata={**alarm.metadata, **said},
                **_reach(draft, cause),
            ),
            "revised",
            RULE,
            cause.why,
            confidence=stated(cause.confidence),
            **cause.summary,
            **cause.detail,
        )
    if before is None:
        known_now = Concluded(kind=cause.kind, place=cause.place, ports=cause.ports, members=members, since=draft.at)
        draft.on_commit(add, draft.state, alarm.id, known_now)
        count = len(members)
    else:
        count = _extend(draft, memory, alarm.id, cause)
        draft.on_commit(setattr, before, "returning", None)
    _take_in(draft, alarm, cause, count)
    for symptom in extra:
        attach(draft, symptom, alarm, NAME, cause.why, confidence=cause.confidence)
    return alarm


def _members(cause: Cause) -> list[Evidence]:
    """The ONTs that are attached to the cause itself. Those of a trunk cable are attached to its feeders."""
    return cause.evidence if cause.kind != "trunk" else []


def _fell_otherwise(alarm: Alarm, said: dict[str, Any]) -> bool:
    """True when a bend's measured values differ from those in its alarm; each reading differs a little from the last."""
    known, now = alarm.metadata.get("median_db"), said.get("median_db")
    if not isinstance(known, float | int) or not isinstance(now, float | int):
        return known is not now
    return abs(known - now) >= _DEEPER


def _worse(alarm: Alarm, cause: Cause) -> Alarm:
    """Raise the severity with the cause: it may have begun small."""
    severity = _severity(cause.kind, len(cause.evidence))
    return severity_changed(alarm, severity) if is_worse(severity, alarm.severity) else alarm


def grow(draft: Draft, memory: PonMemory, alarm_id: str, cause: Cause) -> None:
    """An addition to an existing cause. ``cause`` has the new part alone, and only that part is worked on. Its ``why``
    describes the whole, its counts the new part."""
    alarm = draft.latest(draft.state.alarms[alarm_id])
    members = _extend(draft, memory, alarm_id, cause)
    counts = {key: int(alarm.metadata.get(key, 0)) + getattr(cause, key) for key in ("dark", "gasped", "alive", "unknown")}
    classes: dict[str, Any] = dict(alarm.metadata.get("customers_by_class", {}))
    for name, number in _classes(draft, cause.evidence).items():
        classes[name] = classes.get(name, 0) + number
    more = _reach(draft, cause)
    customers = tuple(dict.fromkeys(alarm.affected_customers + more["affected_customers"]))
    unnamed = alarm.subscriber_count - len(alarm.affected_customers)
    unnamed += more["subscriber_count"] - len(more["affected_customers"])
    now = replace(cause, **counts)
    said = {**counts, "confidence": stated(cause.confidence), "customers_by_class": dict(sorted(classes.items()))}
    if is_worse(severity := _severity(cause.kind, members), alarm.severity):
        alarm = severity_changed(alarm, severity)
    draft.put(
        moved(
            alarm,
            description=_description(now, classes),
            metadata={**alarm.metadata, **said},
            affected_customers=customers,
            affected_services=tuple(dict.fromkeys(alarm.affected_services + more["affected_services"])),
            subscriber_count=len(customers) + unnamed,
        ),
        "revised",
        RULE,
        cause.why,
        confidence=stated(cause.confidence),
    )
    _take_in(draft, alarm, cause, members)


def _extend(draft: Draft, memory: PonMemory, alarm_id: str, cause: Cause) -> int:
    """Remember the ports and ONTs that ``cause`` adds to a conclusion. Returns how many ONTs it explains now."""
    known = memory.causes[alarm_id]
    already = members_of(draft.state, alarm_id, known)
    new = [each.ont for each in _members(cause) if each.ont not in already]
    draft.on_commit(extend, draft.state, alarm_id, cause.ports, new)
    return len(known.members) + len(new)


def _take_in(draft: Draft, alarm: Alarm, cause: Cause, members: int) -> None:
    """Attach the alarms of the ONTs that the cause explains."""
    for each in _members(cause):
        for symptom in each.alarms:
            said_of = "gasped" if each.gasped else _SHOWS.get(cause.kind, "dark")
            attach(
                draft,
                draft.alarm(symptom),
                alarm,
                NAME,
                f"{said_of} with {members - 1} others: {cause.why}",
                confidence=cause.confidence,
            )


def withdraw(draft: Draft, memory: PonMemory, alarm_id: str, why: str, instead: Alarm | None = None) -> None:
    """End a conclusion that later evidence contradicts: clear its alarm, and detach the alarms below it. ``instead``: the alarm
    of the cause that takes its place; readers of another tenant are not told of it."""
    draft.on_commit(memory.drop, alarm_id)
    alarm = draft.get(alarm_id)
    if alarm is None or alarm.cleared_at is not None:
        return
    for child in children_of(draft, alarm_id):
        if child.cleared_at is None:
            detach(draft, child, NAME, why)
    alarm = draft.latest(alarm)
    named = instead is not None and instead.id != alarm_id and instead.tenant_id == alarm.tenant_id
    detail = {"instead": instead.id} if instead is not None and named else {}
    draft.put(cleared(alarm, draft.at, RULE), "withdrawn", RULE, why, **detail)


def over(draft: Draft, memory: PonMemory, alarm_id: str, why: str) -> None:
    """End a conclusion whose cause is repaired: clear its alarm. The alarms below it stay attached for ``outlive_seconds``."""
    known = memory.causes.get(alarm_id)
    if known is not None and known.kind in ("card", "olt"):
        note_return(draft, known.place)
    draft.on_commit(memory.end, alarm_id, draft.at)
    alarm = draft.get(alarm_id)
    if alarm is not None and alarm.cleared_at is None:
        draft.put(cleared(alarm, draft.at, RULE), "cleared", RULE, why)


def own(draft: Draft, found: Evidence, why: str, confidence: float) -> bool:
    """Mark the most specific alarm of an ONT as the root cause, and attach its other alarms to it. True when it was none."""
    foremost = draft.alarm(found.alarms[0])
    new = not foremost.is_root_cause
    if not foremost.is_root_cause and foremost.parent_alarm_id is None:
        changed = moved(foremost, is_root_cause=True, correlation_id=foremost.correlation_id or foremost.id)
        foremost = draft.put(changed, "root_cause", RULE, why, confidence=stated(confidence))
    for other in map(draft.alarm, found.alarms[1:]):
        if other.parent_alarm_id is None:
            attach(draft, other, foremost, NAME, "the same ONT says so in another way", confidence=1.0)
    return new


def _problem(draft: Draft, cause: Cause) -> ReportedProblem:
    plant = draft.state.plant
    node = plant.nodes.get(cause.place)
    tenant = tenant_of(draft.state, cause.ports[-1])
    named = shown_to(node, tenant)
    name = (named.name if named is not None else "") or cause.place.removeprefix(AREA)
    event_type, probable = _CAUSES[cause.kind]
    device = plant.nodes.get(plant.device_of(cause.place) or "")
    reach, said = _reach(draft, cause), _metadata(draft, cause)
    alarm_type, qualifier = ALARM_TYPES[cause.kind], ""
    if cause.kind == "trunk":
        qualifier = f"trunk {cause.ports[0]}"
    elif cause.kind == "rogue":
        alarm_type, qualifier = ROGUE if node is not None and node.type == "ont" else PORT_HAS_ROGUE, SUSPECTED
    return ReportedProblem(
        identity=Identity(tenant, cause.place, alarm_type, qualifier),
        severity=_severity(cause.kind, len(cause.evidence)),
        source="network_device",
        resource_type=node.type if node is not None else "area",
        resource_name=name,
        title=f"{name}: {_words(draft, cause)}",
        device_id=device.id if device is not None else "",
        event_type=event_type,
        probable_cause=probable,
        description=_description(cause, said["customers_by_class"]),
        recommended_action=_ACTIONS[cause.kind],
        customers=reach["affected_customers"],
        services=reach["affected_services"],
        subscriber_count=reach["subscriber_count"],
        metadata=said,
        why=cause.why,
        service_effect="none",  # the ONTs without service have alarms of their own, and the others are up
    )


_ACTIONS: dict[Kind, str] = {
    "cut": "Measure the fibre from the place named with an OTDR; look for works along its route.",
    "power": "Ask the power company; nothing of the plant is broken. Watch batteries of cabinets in the area.",
    "trunk": "Measure the feeders named with an OTDR; look for works along the route that they have in common.",
    "card": "Look at the card: reset, reseat or replace it.",
    "olt": "Look at the OLT's power and its way to the network.",
    "rogue": "Switch the ONTs of the port off one by one, the one named first, until the others stay: it harms all of them.",
    "degraded": "Look for a bend or a dirty connector above the place named.",
}


def _severity(kind: Kind, onts: int) -> Severity:
    if kind == "degraded":
        return "minor"
    return "critical" if onts >= _MANY or kind in ("card", "olt") else "major"


def _words(draft: Draft, cause: Cause) -> str:
    node = draft.state.plant.nodes.get(cause.place)
    if cause.kind == "cut":
        return "feeder fibre cut" if node is not None and node.type == "pon" else "distribution fibre cut"
    return {
        "power": "power outage",
        "card": "card failure",
        "olt": "OLT failure",
        "degraded": "fibre degraded",
        "rogue": "suspected rogue ONT",
        "trunk": "trunk cable cut",
    }[cause.kind]


def _description(cause: Cause, classes: Mapping[str, int]) -> str:
    by_class = "; customers by class: " + ", ".join(f"{name} {count}" for name, count in classes.items()) if classes else ""
    return (
        f"{cause.why}. {cause.dark} ONTs dark without a dying gasp, {cause.gasped} with one, {cause.alive} known to be alive, "
        f"{cause.unknown} without a report{by_class}. Confidence: {in_words(cause.confidence)}."
    )


def _classes(draft: Draft, evidence: Iterable[Evidence]) -> dict[str, int]:
    """Number of customers of each SLA class whom the ONTs serve, in the order of the names of the classes."""
    nodes = draft.state.plant.nodes
    classes: dict[str, int] = {}
    for each in evidence:
        node = nodes.get(each.ont)
        if node is not None and node.customer_id:
            name = node.sla_class or "unclassified"
            classes[name] = classes.get(name, 0) + 1
    return dict(sorted(classes.items()))


def _metadata(draft: Draft, cause: Cause) -> dict[str, Any]:
    return {
        "dark": cause.dark,
        "gasped": cause.gasped,
        "alive": cause.alive,
        "unknown": cause.unknown,
        "confidence": stated(cause.confidence),
        "customers_by_class": _classes(draft, cause.evidence),
        **cause.summary,
    }


def _reach(draft: Draft, cause: Cause) -> dict[str, Any]:
    """The affected customers: below a broken element all of them; for a loss of power those that are out. All are counted;
    customers of other tenants are not named."""
    plant, tenant = draft.state.plant, tenant_of(draft.state, cause.ports[-1])
    if cause.kind not in ("power", "rogue") and cause.place in plant.nodes:
        places = cause.ports if cause.kind == "trunk" else [cause.place]
        named = [plant.reach_for(each, tenant) for each in places]
        return {
            "affected_customers": tuple(dict.fromkeys(one for each in named for one in each.customers)),
            "affected_services": tuple(dict.fromkeys(one for each in named for one in each.services)),
            "subscriber_count": len({one for each in places for one in plant.reach(each).customers}),
        }
    nodes = [node for each in cause.evidence if (node := plant.nodes.get(each.ont)) is not None]
    mine = [node for node in nodes if node.tenant in ("", tenant)]
    return {
        "affected_customers": tuple(dict.fromkeys(node.customer_id for node in mine if node.customer_id)),
        "affected_services": tuple(dict.fromkeys(node.service_id for node in mine if node.service_id)),
        "subscriber_count": len({node.customer_id for node in nodes if node.customer_id}),
    }

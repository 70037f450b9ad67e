"""The timelines of an instance that follow from the evidence: down, not seen, the customer's own power, excluded."""

from collections.abc import Iterable
from typing import NamedTuple

from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.run import FoldRun
from protocols.sla.definition import SlaTerms
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval, Timeline, difference, intersection, union
from protocols.sla.outage import SlaOutage


class ServiceEvidence(NamedTuple):
    """Timelines of one resource or instance. ``down``: no service. ``blind``: down or not seen. ``own_power``: the part of
    ``down`` in which the customer's own electrical power had failed and nothing else explains it. An interval that lasts ends
    at ``NEVER``."""

    down: Timeline
    blind: Timeline
    own_power: Timeline


NOTHING = ServiceEvidence((), (), ())


def evidence_of(run: FoldRun, instance: SlaInstance) -> ServiceEvidence:
    """Of an instance: down while all of its resources are, or while an alarm names its service or customer."""
    found = [_of_node(run, resource, instance.tenant_id) for resource in instance.resources]
    evidence = found[0] if len(found) == 1 else _all_of(found)
    named = _outages(run, (f"service:{instance.service_id}", f"customer:{instance.customer_id}"), instance.tenant_id)
    everywhere = run.state.outages_at.get("", ())
    if named or everywhere:
        intervals = [run.state.outages[each] for each in everywhere]
        down = union([*evidence.down, *_intervals(named, "outage")])
        own_power = difference(evidence.own_power, union(_intervals(named, "outage")))
        blind = union([*evidence.blind, *down, *_intervals(named, "unknown"), *_intervals(intervals, "unknown")])
        evidence = ServiceEvidence(down, blind, own_power)
    return evidence


def blind_only(evidence: ServiceEvidence) -> Timeline:
    """The part in which the service was not seen, and no outage is known."""
    return difference(evidence.blind, evidence.down)


def excluded_power(terms: SlaTerms, evidence: ServiceEvidence) -> Timeline:
    """The part that the definition excludes as the customer's own power."""
    return evidence.own_power if terms.customer_power == "excluded" else ()


def alarms_of(run: FoldRun, instance: SlaInstance, during: Interval) -> list[SlaOutage]:
    """The outage intervals of effect ``outage`` that concern an instance within ``during``, the earliest first."""
    keys = [f"service:{instance.service_id}", f"customer:{instance.customer_id}"]
    for resource in instance.resources:
        keys += run.state.plant.above(resource)
    found = {
        outage.id: outage
        for outage in _outages(run, dict.fromkeys(keys), instance.tenant_id)
        if outage.effect == "outage" and outage.start < during[1] and (outage.end is None or outage.end > during[0])
    }
    return sorted(found.values(), key=lambda outage: (outage.start, outage.id))


def _of_node(run: FoldRun, node_id: str, tenant: str, depth: int = 0) -> ServiceEvidence:
    """Of a node: by its own alarms, or because everything above it is down."""
    key = f"{tenant}\0{node_id}"
    known = run.path_cache.get(key)
    if isinstance(known, ServiceEvidence):
        return known
    own = _outages(run, (node_id,), tenant)
    place = run.state.plant.places.get(node_id)
    above = NOTHING
    if place is not None and place.parents and depth < 64:
        found = [_of_node(run, parent, tenant, depth + 1) for parent in place.parents]
        above = found[0] if len(found) == 1 else _all_of(found)
    evidence = _joined(own, above) if own else above
    run.path_cache[key] = evidence
    return evidence


def _joined(own: list[SlaOutage], above: ServiceEvidence) -> ServiceEvidence:
    mine = union(_intervals(own, "outage"))
    down = union([*mine, *above.down])
    blind = union([*down, *_intervals(own, "unknown"), *above.blind])
    gasps = [outage.start for outage in own if outage.customer_power and outage.parent_alarm_id is None]
    power = [each for each in mine if any(each[0] <= gasp < each[1] for gasp in gasps)]
    # A fault of the network during that time explains it as well.
    own_power = union([*difference(power, above.down), *difference(above.own_power, mine)])
    return ServiceEvidence(down, blind, own_power)


def _all_of(found: list[ServiceEvidence]) -> ServiceEvidence:
    """Several redundant ways: down only while all of them are."""
    first, *others = found
    down, blind, power = list(first.down), list(first.blind), list(first.own_power)
    for each in others:
        down, blind = intersection(down, each.down), intersection(blind, each.blind)
        power = union([*power, *each.own_power])
    return ServiceEvidence(down, blind, intersection(power, down))


def _outages(run: FoldRun, keys: Iterable[str], tenant: str) -> list[SlaOutage]:
    """Those filed under ``keys`` that concern this tenant."""
    state = run.state
    found = []
    for key in keys:
        for outage_id in state.outages_at.get(key, ()):
            outage = state.outages[outage_id]
            if outage.tenant_id in ("", tenant):
                found.append(outage)
    return found


def _intervals(outages: Iterable[SlaOutage], effect: str) -> list[Interval]:
    return [(each.start, NEVER if each.end is None else each.end) for each in outages if each.effect == effect]

"""The timelines of an instance that follow from the evidence: down, not seen, the customer's own power, excluded."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.evidence.maintenance import MaintenanceReader
from actors.sla_clock.evidence.scope_names import ScopeNames
from actors.sla_clock.state import SlaState
from protocols.sla.definition import SlaTerms
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval, Timeline, clip, difference, intersection, union
from protocols.sla.outage import SlaOutage


class ServiceEvidence(NamedTuple):
    """Timelines of one resource or instance. ``down``: no service. ``blind``: down or not seen. ``own_power``: the part of
    ``down`` in which the customer's own electrical power had failed and nothing else explains it. An interval that lasts ends
    at ``NEVER``."""

    down: Timeline
    blind: Timeline
    own_power: Timeline

    def supposing(self, ends: int, down: Timeline) -> "ServiceEvidence":
        """The evidence if everything that lasts ends at ``ends``, and the service is ``down`` besides."""
        past = (0, ends)
        outages = union([*clip(self.down, past), *down])
        return ServiceEvidence(outages, union([*clip(self.blind, past), *outages]), clip(self.own_power, past))


NOTHING = ServiceEvidence((), (), ())


class EvidenceReader:
    """Reads the evidence of a state. The timelines of nodes are kept until :meth:`forget`, so that services side by side share
    those above them."""

    def __init__(self, state: SlaState) -> None:
        self.state = state
        self.maintenance = MaintenanceReader(state.maintenance, state.plant.places)
        self._places, self._outages_at = state.plant.places, state.outages_at
        self._nodes: dict[str, dict[str, ServiceEvidence]] = {}
        """By tenant and node."""
        self._everywhere: dict[int, tuple[ServiceEvidence, ServiceEvidence]] = {}
        """Evidence of resources by its identity, and with the intervals that concern everything."""
        self.figures: dict[Any, Any] = {}
        """The memory of :func:`~actors.sla_clock.books.figures.figures_of`."""
        self.clocks: dict[Any, Any] = {}
        """The memory of :mod:`~actors.sla_clock.limits.instance_clocks`."""
        self.outcomes: dict[Any, Any] = {}
        """The memory of :mod:`~actors.sla_clock.books.outcomes`."""
        self.common: dict[Any, Any] = {}
        """The memory of :mod:`~actors.sla_clock.books.common_outcome`."""
        self._scopes: ScopeNames | None = None

    def forget(self) -> None:
        """Evidence has changed."""
        self._nodes.clear()
        self._everywhere.clear()
        self.figures.clear()
        self._scopes = None
        self.forget_limits()
        self.maintenance.forget()

    def forget_limits(self) -> None:
        """The facts of an alarm have changed that no outage shows."""
        self.clocks.clear()
        self.outcomes.clear()
        self.common.clear()

    def in_no_scope(self, instance: SlaInstance) -> bool:
        """True when no exclusion and no maintenance window can concern an instance, whatever its time."""
        state = self.state
        if not state.exclusions and not state.maintenance.named:
            return True
        if self._scopes is None:
            self._scopes = ScopeNames(state)
        return self._scopes.have_none_of(instance)

    def of(self, instance: SlaInstance) -> ServiceEvidence:
        """The evidence of an instance: down while all of its resources are, or while an alarm names its service or customer."""
        tenant = instance.tenant_id
        resources = instance.resources
        evidence = self.of_node(resources[0], tenant)
        if len(resources) > 1:
            evidence = _all_of([evidence, *(self.of_node(resource, tenant) for resource in resources[1:])])
        named: list[SlaOutage] = []
        if self.state.naming:
            named = self.filed((f"service:{instance.service_id}", f"customer:{instance.customer_id}"), tenant)
        everywhere = self.filed(("",), tenant) if "" in self._outages_at else ()
        if named:
            return _named_too(evidence, named, everywhere)
        if everywhere:
            known = self._everywhere.get(id(evidence))
            if known is None:
                known = self._everywhere[id(evidence)] = evidence, _named_too(evidence, (), everywhere)
            return known[1]
        return evidence

    def outages_of(self, instance: SlaInstance, during: Interval) -> list[SlaOutage]:
        """The intervals of effect ``outage`` that concern an instance within ``during``, the earliest first."""
        return [
            outage
            for outage in self.concerning(instance)
            if outage.effect == "outage" and outage.start < during[1] and (outage.end is None or outage.end > during[0])
        ]

    def concerning(self, instance: SlaInstance) -> list[SlaOutage]:
        """Every interval of an alarm that concerns an instance, whatever its effect, the earliest first."""
        keys = dict.fromkeys([f"service:{instance.service_id}", f"customer:{instance.customer_id}"])
        for resource in instance.resources:
            keys.update(dict.fromkeys(self.state.plant.above(resource)))
        found = {outage.id: outage for outage in self.filed(keys, instance.tenant_id)}
        return sorted(found.values(), key=lambda outage: (outage.start, outage.id))

    def of_node(self, node_id: str, tenant: str) -> ServiceEvidence:
        """The evidence of a node: by its own alarms, or since everything above is down. Without recursion: plants are
        deep."""
        known = self._nodes.get(tenant)
        if known is None:
            known = self._nodes[tenant] = {}
        elif (found := known.get(node_id)) is not None:
            return found
        place = self._places.get(node_id)
        if place is not None and node_id not in self._outages_at and len(parents := place.parents) == 1:
            # Nearly every service: of a thousand below one port, none has alarms of its own.
            above_it = known.get(parents[0])
            if above_it is not None:
                return above_it
        opened: set[str] = set()
        waiting = [node_id]
        while waiting:
            one = waiting.pop()
            if one in known:
                continue
            parents = place.parents if (place := self._places.get(one)) is not None else ()
            missing = [each for each in parents if each not in known]
            # A node that comes up again with something missing is on a ring: one between two pieces of a topology.
            if missing and one not in opened:
                opened.add(one)
                waiting += [one, *missing]
            else:
                above = [known.get(each, NOTHING) for each in parents]
                over = NOTHING if not above else above[0] if len(above) == 1 else _all_of(above)
                own = self.filed((one,), tenant)
                known[one] = _joined(own, over) if own else over
        return known[node_id]

    def filed(self, keys: Iterable[str], tenant: str) -> list[SlaOutage]:
        """The outages filed under ``keys`` that concern this tenant."""
        state = self.state
        found = []
        for key in keys:
            for outage_id in state.outages_at.get(key, ()):
                outage = state.outages[outage_id]
                if outage.tenant_id in ("", tenant):
                    found.append(outage)
        return found


def _named_too(evidence: ServiceEvidence, named: Sequence[SlaOutage], everywhere: Sequence[SlaOutage]) -> ServiceEvidence:
    """The evidence of resources, with that of the service and the customer themselves, and what concerns everything."""
    by_name = union(_intervals(named, "outage"))
    down = union([*evidence.down, *by_name])
    own_power = difference(evidence.own_power, by_name)
    unseen = _intervals([*named, *everywhere], "unknown")
    return ServiceEvidence(down, union([*evidence.blind, *by_name, *unseen]), own_power)


def blind_only(evidence: ServiceEvidence) -> Timeline:
    """The part in which the service was not seen, and no outage is known."""
    return () if evidence.blind is evidence.down else difference(evidence.blind, evidence.down)


def excluded_power(terms: SlaTerms, evidence: ServiceEvidence) -> Timeline:
    """The part that the definition excludes as the customer's own power."""
    return evidence.own_power if terms.customer_power == "excluded" else ()


def _joined(own: list[SlaOutage], above: ServiceEvidence) -> ServiceEvidence:
    mine, unseen = union(_intervals(own, "outage")), _intervals(own, "unknown")
    down = union([*mine, *above.down]) if above.down else mine
    blind = union([*down, *unseen, *above.blind]) if unseen or above.blind else down
    gasps = [outage.start for outage in own if outage.customer_power]
    if not gasps and not above.own_power:
        return ServiceEvidence(down, blind, ())
    power = [each for each in mine if any(each[0] <= gasp < each[1] for gasp in gasps)]
    # A fault of the network during that time explains it as well, here or above.
    faults = union([*difference(mine, power), *difference(above.down, above.own_power)])
    return ServiceEvidence(down, blind, difference(union([*power, *above.own_power]), faults))


def _all_of(found: list[ServiceEvidence]) -> ServiceEvidence:
    """Several redundant ways: down only while all of them are."""
    first, *others = found
    down, blind, power = list(first.down), list(first.blind), list(first.own_power)
    for each in others:
        down, blind = intersection(down, each.down), intersection(blind, each.blind)
        power = union([*power, *each.own_power])
    return ServiceEvidence(down, blind, intersection(power, down))


def _intervals(outages: Iterable[SlaOutage], effect: str) -> list[Interval]:
    return [(each.start, NEVER if each.end is None else each.end) for each in outages if each.effect == effect]

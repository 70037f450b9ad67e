"""The names in the scopes of exclusions and maintenance windows: most instances have none of them."""

from actors.sla_clock.state import SlaState
from protocols.sla.instance import SlaInstance


class ScopeNames:
    """The names as they were when this was made, each without its kind of scope."""

    def __init__(self, state: SlaState) -> None:
        names: dict[str, set[str]] = {}
        for keys in (state.exclusions_at, state.maintenance.named):
            for key in keys:
                kind, _, name = key.partition(":")
                names.setdefault(kind, set()).add(name)
        self._places, self._plant = state.plant.places, state.plant
        self._everything = "" in names
        self._nodes = names.get("node", set()) | names.get("device", set())
        self._instances, self._definitions = names.get("instance", set[str]()), names.get("definition", set[str]())
        self._services, self._customers = names.get("service", set[str]()), names.get("customer", set[str]())
        self._tenants = names.get("tenant", set[str]())
        self._clear: dict[str, bool] = {}
        """By node: no scope names it or a node above it."""

    def have_none_of(self, instance: SlaInstance) -> bool:
        """True when no scope names the instance, its owners, or anything above it. A resource outside the topology may be in
        any scope."""
        if self._everything or instance.tenant_id in self._tenants or instance.definition_id in self._definitions:
            return False
        if instance.service_id in self._services or instance.customer_id in self._customers or instance.id in self._instances:
            return False
        if not self._nodes:
            return True
        for resource in instance.resources:
            place = self._places.get(resource)
            if place is None or resource in self._nodes:
                return False
            for parent in place.parents:
                if not self._is_clear(parent):
                    return False
        return True

    def _is_clear(self, node_id: str) -> bool:
        known = self._clear.get(node_id)
        if known is None:
            known = self._clear[node_id] = self._nodes.isdisjoint(self._plant.above(node_id))
        return known

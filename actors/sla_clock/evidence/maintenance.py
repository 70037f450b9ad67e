"""The maintenance windows as this stage keeps them, and the planned work on a service.

A service is in maintenance while every one of its resources is; a resource is while a window names it, or while everything
above it is, each by any window. So work on one of two ways excuses nothing, and work on both at once does. A scope covers:

===================================  =====================================================================================
name in the scope                    services
===================================  =====================================================================================
``subtrees``                         those at the node, and those below that depend on it
``devices``                          those at the device, and those below that depend on it, until the next device
``customers``, ``services``          those of these customers and services
``tenants`` without a place          those of these tenants
``alarm_types``, ``resource_types``  none: such a window suppresses some alarms, and announces no work on a service
===================================  =====================================================================================

A window of one tenant, and one that is restricted to tenants, covers instances of those alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from actors.journal import Journal
from actors.sla_clock.evidence.planned_work import Work, planned_occurrences, with_version, work_within
from actors.sla_clock.evidence.plant import PlantPlace
from protocols.maintenance import MaintenanceWindow, WindowScope
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval
from protocols.sla.window_history import WindowHistory

_NAMES: dict[str, Callable[[WindowScope], tuple[str, ...]]] = {
    "node": lambda scope: scope.subtrees,
    "device": lambda scope: scope.devices,
    "customer": lambda scope: scope.customers,
    "service": lambda scope: scope.services,
    "tenant": lambda scope: scope.tenants,
}


class _Way(NamedTuple):
    """A node on the way up from a service. ``reported``: a device below it reports the service."""

    node_id: str
    reported: bool


class MaintenanceIndex:
    """The histories of maintenance windows, by id and by the names in their scopes."""

    def __init__(self, histories: Iterable[WindowHistory] = ()) -> None:
        self.histories: dict[str, WindowHistory] = {}
        self.named: dict[str, tuple[str, ...]] = {}
        """Ids of windows, for example by ``node:olt-1`` or ``tenant:north``."""
        for each in histories:
            self._keep(Journal(), each.plans[-1].window.id, each)

    def put(self, journal: Journal, window: MaintenanceWindow) -> tuple[str, ...]:
        """Take in a window as it is now. Returns the names of present and former scopes: the figures of their services can have
        changed. None when the window has only opened or closed."""
        before = self.histories.get(window.id, WindowHistory())
        history = with_version(before, window)
        if history is before:
            return ()
        self._keep(journal, window.id, history)
        return tuple(dict.fromkeys(_keys_of(history)))

    def restore(self, journal: Journal, window_id: str, history: WindowHistory) -> None:
        """Take a history as it was, in place of the one that there is."""
        self._keep(journal, window_id, history)

    def drop(self, journal: Journal, window_id: str) -> None:
        """Forget a window with its past."""
        history = self.histories.get(window_id)
        if history is None:
            return
        journal.drop(self.histories, window_id)
        for key in dict.fromkeys(_keys_of(history)):
            left = tuple(each for each in self.named[key] if each != window_id)
            if left:
                journal.put(self.named, key, left)
            else:
                journal.drop(self.named, key)

    def _keep(self, journal: Journal, window_id: str, history: WindowHistory) -> None:
        self.drop(journal, window_id)
        journal.put(self.histories, window_id, history)
        for key in dict.fromkeys(_keys_of(history)):
            journal.put(self.named, key, (*self.named.get(key, ()), window_id))


class MaintenanceReader:
    """Reads the planned work on services. The work on nodes is kept until :meth:`forget`, so that services side by side share
    it."""

    def __init__(self, index: MaintenanceIndex, places: Mapping[str, PlantPlace]) -> None:
        self._index, self._places = index, places
        self._known: dict[tuple[str, Interval, int], dict[_Way, list[Work]]] = {}
        """By tenant, span and notice."""

    def forget(self) -> None:
        """A window or the topology has changed."""
        self._known.clear()

    def planned(self, instance: SlaInstance, span: Interval, notice: int) -> list[Work]:
        """Planned work on an instance within ``span``, announced ``notice`` microseconds before it began or earlier; by
        start."""
        if not self._index.named:
            return []
        tenant = instance.tenant_id
        names = f"customer:{instance.customer_id}", f"service:{instance.service_id}", f"tenant:{tenant}"
        found = self._of_names(names, tenant, span, notice)
        ways = [self._of_node(each, tenant, span, notice) for each in instance.resources]
        return sorted({*found, *_during_all(ways)})

    def covering(self, instance: SlaInstance, span: Interval) -> list[MaintenanceWindow]:
        """The windows, each by its newest plan, that are open within ``span`` for the instance or for something above it; by
        id."""
        tenant = instance.tenant_id
        names = {f"customer:{instance.customer_id}", f"service:{instance.service_id}", f"tenant:{tenant}"}
        waiting, seen = [_Way(each, False) for each in instance.resources], set[_Way]()
        while waiting:
            way = waiting.pop()
            if way not in seen:
                seen.add(way)
                names.update([f"node:{way.node_id}"] if way.reported else [f"node:{way.node_id}", f"device:{way.node_id}"])
                waiting += self._above(way)
        found: dict[str, MaintenanceWindow] = {}
        for name in sorted(names):
            for window_id in self._index.named.get(name, ()):
                history = self._index.histories[window_id]
                if window_id not in found and work_within(history, *span, partial(_covers, name, tenant)):
                    found[window_id] = history.plans[-1].window
        return [found[each] for each in sorted(found)]

    def _of_node(self, node_id: str, tenant: str, span: Interval, notice: int) -> list[Work]:
        """On a node: its own, and that on everything above at once. From the top down, without recursion: plants are deep."""
        known = self._known.setdefault((tenant, span, notice), {})
        wanted = _Way(node_id, False)
        waiting, opened = [wanted], set()
        while waiting:
            way = waiting[-1]
            above = self._above(way)
            missing = [each for each in above if each not in known and each not in opened]
            opened.add(way)
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if way not in known:
                names = (f"node:{way.node_id}",) if way.reported else (f"node:{way.node_id}", f"device:{way.node_id}")
                found = self._of_names(names, tenant, span, notice)
                known[way] = sorted({*found, *_during_all([known.get(each, []) for each in above])})
        return known[wanted]

    def _above(self, way: "_Way") -> list["_Way"]:
        place = self._places.get(way.node_id)
        if place is not None:
            return [_Way(each, way.reported or place.is_device) for each in place.parents]
        # A resource that the topology does not know is inside the device in its id.
        inside = way.node_id.rpartition("/")[0]
        return [_Way(inside, way.reported)] if inside else []

    def _of_names(self, names: Iterable[str], tenant: str, span: Interval, notice: int) -> list[Work]:
        found: list[Work] = []
        for name in names:
            for window_id in self._index.named.get(name, ()):
                covers = partial(_covers, name, tenant)
                found += planned_occurrences(self._index.histories[window_id], *span, notice, covers)
        return found


def _during_all(ways: list[list[Work]]) -> list[Work]:
    """Work while there is some on every way, announced when the last of it was."""
    common = ways[0] if ways else []
    for others in ways[1:]:
        common = [
            Work(max(one.start, other.start), min(one.end, other.end), one.begin, max(one.announced_at, other.announced_at))
            for one in common
            for other in others
            if one.start < other.end and other.start < one.end
        ]
    return common


def _keys_of(history: WindowHistory) -> Iterator[str]:
    """The names in the scopes of a window's plans."""
    for plan in history.plans:
        scope = plan.window.scope
        if _is_partial(scope):
            continue
        for kind, names in _NAMES.items():
            if scope.places == (kind != "tenant"):
                yield from (f"{kind}:{name}" for name in names(scope))


def _covers(key: str, tenant: str, window: MaintenanceWindow) -> bool:
    """Whether the window, for services of ``tenant``, names ``key``."""
    scope = window.scope
    kind, _, name = key.partition(":")
    if _is_partial(scope) or window.tenant_id not in (None, tenant) or (scope.tenants and tenant not in scope.tenants):
        return False
    return scope.places == (kind != "tenant") and name in _NAMES[kind](scope)


def _is_partial(scope: WindowScope) -> bool:
    """True when the window suppresses some alarms of a place only."""
    return bool(scope.alarm_types or scope.resource_types)

"""Pages of instances out of the fold, however many it holds: other tasks run in between."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final

import trio

from actors.api.keyset import INT64, Order, SortKey
from protocols.query import Page
from protocols.rest_sla_instances import InstancesQuery
from protocols.sla.instance import SlaInstance
from protocols.sla.view import SlaView

_STEP: Final = 1_000
"""Instances looked at between two checkpoints."""
_BY_AGE: Final = Order("sla-instances", (SortKey("age", INT64),))
_BY_BREACH: Final = Order("time_to_breach", (SortKey("breaches_at", INT64), SortKey("id", str)))
Key = tuple[Any, ...]


async def page_of(view: SlaView, query: InstancesQuery, tenant: str | None, now: int) -> Page[SlaInstance]:
    """A page of the instances of ``tenant`` (None: of all) that pass the query, at ``now`` (microseconds). Raises
    ``BadCursor``."""

    def passes(instance: SlaInstance) -> bool:
        return _passes(view, query, tenant, now, instance)

    if query.sort == "time_to_breach":

        def next_breach(name: str) -> Key | None:
            at = view.breaches_at(name)
            return (at, name) if at is not None and at > now else None

        return await _first_of(view, _BY_BREACH, next_breach, passes, query)
    if query.status and set(query.status) <= {"at_risk", "breached"}:

        def age(name: str) -> Key | None:
            return (view.age(name),) if view.decided(name) in query.status else None

        return await _first_of(view, _BY_AGE, age, passes, query)
    return await _in_order(view, passes, query, _place(view, query, tenant))


async def _in_order(
    view: SlaView, passes: Callable[[SlaInstance], bool], query: InstancesQuery, place: str
) -> Page[SlaInstance]:
    """Instances in the order in which they were made, from the cursor on until the page is full."""
    after = "" if query.cursor is None else view.named(*_BY_AGE.decode(query.cursor))
    shown: list[SlaInstance] = []
    while len(shown) <= query.limit:
        step = view.behind(after, _STEP, place)
        shown += [instance for instance in step if passes(instance)]
        if len(step) < _STEP:
            break
        after = step[-1].id
        await trio.lowlevel.checkpoint()
    more = len(shown) > query.limit
    shown = shown[: query.limit]
    return Page(tuple(shown), _BY_AGE.encode([view.age(shown[-1].id)]) if more else None)


async def _first_of(
    view: SlaView,
    order: Order,
    key_of: Callable[[str], Key | None],
    passes: Callable[[SlaInstance], bool],
    query: InstancesQuery,
) -> Page[SlaInstance]:
    """The first of the instances that evidence concerns, by their keys; those without a key are left out. An instance is read
    only where its key is among the first so far."""
    last = None if query.cursor is None else order.decode(query.cursor)
    names = view.touched()
    best: list[tuple[Key, SlaInstance]] = []
    bound: Key | None = None
    for start in range(0, len(names), _STEP):
        for name in names[start : start + _STEP]:
            key = key_of(name)
            if key is None or (last is not None and key <= last) or (bound is not None and key > bound):
                continue
            instance = view.instance(name)
            if instance is not None and passes(instance):
                best.append((key, instance))
        best.sort(key=itemgetter(0))
        del best[query.limit + 1 :]
        bound = best[-1][0] if len(best) > query.limit else None
        await trio.lowlevel.checkpoint()
    shown = best[: query.limit]
    cursor = order.encode(list(shown[-1][0])) if len(best) > query.limit else None
    return Page(tuple(instance for _, instance in shown), cursor)


def _place(view: SlaView, query: InstancesQuery, tenant: str | None) -> str:
    """The index in which the fewest instances are to be expected."""
    if query.service_id is not None:
        return f"service:{query.service_id}"
    if query.customer_id is not None:
        return f"customer:{query.customer_id}"
    if query.status == ("suspended",):
        return "suspended:"
    places = [f"definition:{query.definition_id}"] if query.definition_id is not None else []
    if tenant is not None or query.tenant_id is not None:
        places.append(f"tenant:{tenant or query.tenant_id}")
    return min(places, key=view.count, default="")


def _passes(view: SlaView, query: InstancesQuery, tenant: str | None, now: int, instance: SlaInstance) -> bool:
    return (
        tenant in (None, instance.tenant_id)
        and query.tenant_id in (None, instance.tenant_id)
        and query.customer_id in (None, instance.customer_id)
        and query.service_id in (None, instance.service_id)
        and query.definition_id in (None, instance.definition_id)
        and (query.ended or not instance.over(now))
        and (not query.status or view.status(instance) in query.status)
    )

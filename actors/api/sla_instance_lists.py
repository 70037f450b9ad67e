"""Pages of instances out of the fold, however many it holds: other tasks run in between."""

from collections.abc import Callable
from typing import Final

import trio

from actors.api.keyset import INT64, Order, SortKey
from protocols.query import Page
from protocols.rest_sla_instances import InstancesQuery
from protocols.sla.instance import SlaInstance
from protocols.sla.view import SlaView

_STEP: Final = 1_000
"""Instances looked at between two checkpoints."""
_BY_AGE: Final = Order("sla-instances", (SortKey("age", INT64),))
_BY_BREACH: Final = Order("time_to_breach", (SortKey("breaches_at", INT64), SortKey("age", INT64)))
Key = tuple[int, ...]


async def page_of(view: SlaView, query: InstancesQuery, tenant: str | None, now: int) -> Page[SlaInstance]:
    """A page of the instances of ``tenant`` (None: of all) that pass the query, at ``now`` (microseconds). Raises
    ``BadCursor``."""

    def passes(instance: SlaInstance | None) -> bool:
        return instance is not None and _passes(view, query, tenant, now, instance)

    if query.sort == "time_to_breach":

        def breach_key(name: str) -> Key | None:
            at = view.breaches_at(name)
            return (at, view.age(name)) if at is not None and at > now else None

        return await _first_of(view, _BY_BREACH, breach_key, passes, query)
    if query.status and set(query.status) <= {"at_risk", "breached"}:
        return await _first_of(view, _BY_AGE, lambda name: (view.age(name),), passes, query)
    return await _in_order(view, passes, query)


async def _in_order(view: SlaView, passes: Callable[[SlaInstance | None], bool], query: InstancesQuery) -> Page[SlaInstance]:
    """Instances in the order in which they were made, from the cursor on until the page is full."""
    after = "" if query.cursor is None else view.named(*_BY_AGE.decode(query.cursor))
    place = _place(query)
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
    passes: Callable[[SlaInstance | None], bool],
    query: InstancesQuery,
) -> Page[SlaInstance]:
    """The first of the instances that evidence concerns, by their keys; those without a key are left out."""
    last = None if query.cursor is None else order.decode(query.cursor)
    found = view.touched()
    best: list[tuple[Key, str]] = []
    for start in range(0, len(found), _STEP):
        for name in found[start : start + _STEP]:
            key = key_of(name)
            if key is not None and (last is None or key > last) and passes(view.instance(name)):
                best.append((key, name))
        best = sorted(best)[: query.limit + 1]
        await trio.lowlevel.checkpoint()
    shown = best[: query.limit]
    instances = [instance for _, name in shown if (instance := view.instance(name)) is not None]
    return Page(tuple(instances), order.encode(list(shown[-1][0])) if len(best) > query.limit else None)


def _place(query: InstancesQuery) -> str:
    """The index in which the fewest instances are to be expected."""
    if query.service_id is not None:
        return f"service:{query.service_id}"
    if query.customer_id is not None:
        return f"customer:{query.customer_id}"
    return "" if query.definition_id is None else f"definition:{query.definition_id}"


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

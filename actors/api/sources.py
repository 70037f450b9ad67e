"""The senders of traps: what was accepted and what was refused of each, answered from the trap listener's own counts."""

from collections.abc import Iterator, Mapping
from typing import Any

from litestar import Request, Router, get

from actors.api.access import allow
from actors.api.keyset import Order, SortKey
from actors.api.openapi import documented
from actors.api.parameters import read_query
from actors.api.routes import By, Given, resource
from protocols.principal import Principal
from protocols.rest_sources import SourcePage, SourceShown, SourcesQuery
from protocols.topology import Node
from protocols.topology_view import TopologyView
from protocols.trap_source import SourceView

_ORDER = Order("sources", (SortKey("address", str),))
LOOKED_AT = 10_000
"""Sources looked at for one page: a filter that finds next to nothing gives a short page, and goes on from there."""


@get(
    "/sources",
    summary="Who sends traps, and whose are refused",
    operation_class=documented(SourcesQuery),
    opt=allow("viewer", query=SourcesQuery),
)
async def list_sources(
    request: Request[Any, Any, Any], sources: Given[SourceView], plant: Given[TopologyView], default_tenant: Given[str], by: By
) -> SourcePage:
    """Every address that sent a datagram since faultd started, and every address of the topology.

    A token with a tenant sees the addresses of its own devices.
    """
    query = read_query(request, SourcesQuery)
    known, tenant = plant.addresses(), default_tenant
    after = _ORDER.decode(query.cursor)[0] if query.cursor is not None else ""
    ahead = sorted(
        address for address in _addresses(sources, known, by) if address > after and _is_seen(by, known.get(address), tenant)
    )
    items: list[SourceShown] = []
    more = None
    for looked, address in enumerate(ahead):
        if len(items) == query.limit or looked == LOOKED_AT:
            more = _ORDER.encode([ahead[looked - 1]])
            break
        shown = _shown(address, sources, plant, tenant)
        if _passes(shown, query):
            items.append(shown)
    return SourcePage(
        items=tuple(items),
        since=sources.since,
        forgotten=sources.forgotten if by.tenant is None else None,
        next_cursor=more,
    )


def _addresses(sources: SourceView, known: Mapping[str, Node], by: Principal) -> Iterator[str]:
    yield from known
    if by.tenant is None:
        yield from (address for address in sources.addresses() if address not in known)


def _is_seen(by: Principal, node: Node | None, default_tenant: str) -> bool:
    """An address of no device is nobody's in particular: only who sees every tenant sees it."""
    return by.tenant is None or (node is not None and (node.tenant or default_tenant) == by.tenant)


def _passes(shown: SourceShown, query: SourcesQuery) -> bool:
    heard = bool(shown.accepted or shown.last_heard)
    return (
        query.address in (None, shown.address)
        and query.device_id in (None, shown.device_id)
        and query.refused in (None, bool(shown.refused))
        and query.heard in (None, heard)
    )


def _shown(address: str, sources: SourceView, plant: TopologyView, default_tenant: str) -> SourceShown:
    node = plant.addresses().get(address)
    counted = sources.get(address)
    refused = counted.refused if counted is not None else ()
    return SourceShown(
        address=address,
        device_id=node.id if node is not None else "",
        device_name=node.name if node is not None else "",
        tenant_id=(node.tenant or default_tenant) if node is not None else "",
        accepted=counted.accepted if counted is not None else 0,
        first_accepted=counted.first_accepted if counted is not None else None,
        last_accepted=counted.last_accepted if counted is not None else None,
        last_trap=counted.last_trap if counted is not None else "",
        last_heard=plant.last_heard(node.id) if node is not None else None,
        refused=sum(each.count for each in refused),
        last_refused=max((each.last for each in refused), default=None),
        refused_for=refused,
    )


def routes(sources: SourceView, plant: TopologyView, default_tenant: str) -> Router:
    """Senders of traps."""
    return resource("traps and devices", [list_sources], sources=sources, plant=plant, default_tenant=default_tenant)

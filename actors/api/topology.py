"""The topology as it is: reads are answered from the fold, so they work while PostgreSQL is away."""

import heapq
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from typing import Any
from urllib.parse import unquote

import trio
from litestar import Request, Response, Router, get
from litestar.response import Stream
from msgspec.structs import replace

from actors.api.access import allow
from actors.api.keyset import Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import By, Given, resource
from actors.api.topology_changes import CSV
from actors.api.topology_nodes import NodeName, existing, names_seen, node_answer, sees, shown
from protocols.principal import Principal
from protocols.rest_topology import NodePaths, NodeShown, OntQuery, SubtreeQuery, TopologyPage, TopologyQuery
from protocols.topology import Node
from protocols.topology_csv import csv_lines
from protocols.topology_view import TopologyView

_ORDER = Order("topology", (SortKey("id", str),))
LOOKED_AT = 100_000
"""Nodes looked at for one page: further ones are on the next."""


@get(
    "/topology",
    summary="List or export the topology",
    operation_class=documented(TopologyQuery, also=CSV),
    opt=allow("viewer", query=TopologyQuery),
)
async def list_nodes(request: Request[Any, Any, Any], plant: Given[TopologyView], by: By) -> Response[TopologyPage]:
    """A page of the nodes that pass the filter, in the order of their ids. With `format=csv`, or `Accept: text/csv`, all of
    them as a file.

    A token with a tenant sees its nodes and those that are shared.
    """
    query = read_query(request, TopologyQuery)
    if query.format == "csv" or request.headers.get("accept", "").partition(";")[0].strip() == CSV:
        return Stream(_export(plant, by, query), media_type=CSV)  # type: ignore[return-value]
    found: list[Node] = []
    looked = 0
    for node_id in _candidates(plant, by, query):
        node = plant.node(node_id)
        if node is None or not sees(by, node):
            continue
        looked += 1
        if _passes(node, by, query):
            found.append(node)
            if len(found) > query.limit:
                break
        if looked == LOOKED_AT:
            # A filter that finds next to nothing in a large plant: a short page, and on from here.
            return Response(_page(plant, by, found, query.limit, on_from=node_id))
    return Response(_page(plant, by, found, query.limit))


@get(
    "/topology/onts",
    summary="Find an ONT",
    operation_class=documented(OntQuery, kind=TaggedOperation),
    opt=allow("viewer", query=OntQuery),
    responses={404: PROBLEM},
)
async def find_ont(request: Request[Any, Any, Any], plant: Given[TopologyView], by: By) -> Response[NodeShown]:
    """By its serial number in any spelling, or by the vendor's index of it (or of a port) within its device."""
    query = read_query(request, OntQuery)
    node: Node | None
    if query.serial is not None:
        found = [node for node in plant.with_serial(query.serial) if sees(by, node)]
        if len(found) > 1:
            listed = ", ".join(repr(node.id) for node in found[:20])
            raise ProblemError(409, "ambiguous_serial", f"{len(found)} nodes have the serial {query.serial!r}: {listed}")
        node = found[0] if found else None
    else:
        node = plant.with_index(query.device or "", query.index or "")
    if node is None or not sees(by, node):
        wanted = f"serial {query.serial!r}" if query.serial is not None else f"index {query.index!r} in {query.device!r}"
        raise ProblemError(404, "unknown_node", f"no node has the {wanted}")
    return node_answer(plant, by, node)


@get(
    "/topology/nodes/{node_id:str}", summary="One node", operation_class=TaggedOperation, opt=allow("viewer", slashes="node_id")
)
async def get_node(plant: Given[TopologyView], by: By, node_id: NodeName) -> Response[NodeShown]:
    """The node, and how many are directly below it."""
    return node_answer(plant, by, existing(plant, by, unquote(node_id)))


@get(
    "/topology/nodes/{node_id:str}/subtree",
    summary="A node and everything below it",
    operation_class=documented(SubtreeQuery),
    opt=allow("viewer", query=SubtreeQuery, slashes="node_id"),
)
async def list_subtree(request: Request[Any, Any, Any], plant: Given[TopologyView], by: By, node_id: NodeName) -> TopologyPage:
    """A page of the nodes at and below this one, in the order of their ids."""
    query = read_query(request, SubtreeQuery)
    top = existing(plant, by, unquote(node_id))
    after = _after(query.cursor)
    below = (
        node
        for one in plant.subtree(top.id)
        if one > after and (node := plant.node(one)) is not None and sees(by, node) and query.type in (None, node.type)
    )
    return _page(plant, by, heapq.nsmallest(query.limit + 1, below, key=lambda node: node.id), query.limit)


@get(
    "/topology/nodes/{node_id:str}/path",
    summary="From a node to the core",
    operation_class=ApiOperation,
    opt=allow("viewer", slashes="node_id"),
)
async def list_paths(plant: Given[TopologyView], by: By, node_id: NodeName) -> NodePaths:
    """Every way to a root, several where uplinks are redundant (at most 64)."""
    ways = plant.paths(existing(plant, by, unquote(node_id)).id)
    named = ([node for one in way if (node := plant.node(one)) is not None and sees(by, node)] for way in ways)
    return NodePaths(tuple(tuple(shown(plant, by, node) for node in way) for way in named))


def _candidates(plant: TopologyView, by: Principal, query: TopologyQuery) -> Iterable[str]:
    """Ids behind the cursor, in order: of the smallest collection that a filter names, else all. A cursor is the id of a node
    that the caller sees."""
    after = _after(query.cursor)
    few: list[Collection[str]] = []
    if query.parent is not None:
        few.append(plant.children(query.parent))
    if query.area is not None:
        few.append(plant.area(query.area))
    if query.type is not None and len(found := plant.of_type(query.type)) <= LOOKED_AT:
        few.append(found)
    if not few:
        return plant.sorted_from(after)
    smallest = min(few, key=len)
    return heapq.nsmallest(LOOKED_AT, (one for one in names_seen(plant, by, smallest) if one > after))


def _passes(node: Node, by: Principal, query: TopologyQuery) -> bool:
    return (
        sees(by, node)
        and query.type in (None, node.type)
        and query.area in (None, node.area)
        and query.tenant in (None, node.tenant)
        and (query.parent is None or query.parent in node.parents)
    )


def _after(cursor: str | None) -> str:
    return str(_ORDER.decode(cursor)[0]) if cursor is not None else ""


def _page(plant: TopologyView, by: Principal, found: Sequence[Node], limit: int, on_from: str | None = None) -> TopologyPage:
    page = found[:limit]
    last = page[-1].id if len(found) > limit else on_from
    return TopologyPage(tuple(shown(plant, by, node) for node in page), None if last is None else _ORDER.encode([last]))


async def _export(plant: TopologyView, by: Principal, query: TopologyQuery) -> AsyncIterator[str]:
    """As of the moment when it began, whatever changes while it is sent."""
    nodes = (replace(node, parents=names_seen(plant, by, node.parents)) for node in plant.all() if _passes(node, by, query))
    for text in csv_lines(nodes):
        yield text
        await trio.lowlevel.checkpoint()


def routes(topology: TopologyView) -> Router:
    """Reading the topology."""
    return resource("topology", [list_nodes, find_ont, get_node, list_subtree, list_paths], plant=topology)

"""The topology: reads are answered from the fold, writes are commands, so all of it works while PostgreSQL is away."""

import csv
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote, unquote

import trio
from litestar import Request, Response, delete, get, patch, post, put
from litestar.openapi.spec import OpenAPIMediaType, Reference, RequestBody
from litestar.openapi.spec.schema import Schema
from litestar.params import JSONBody, PathParameter
from litestar.response import Stream
from msgspec.structs import replace

from actors.api import commands
from actors.api.bodies import decode_body
from actors.api.context import By, Context, Ctx, require
from actors.api.keyset import Key, Order
from actors.api.openapi import PROBLEM, ApiOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, invalid_body, unavailable
from protocols.change import Refusal
from protocols.command import ChangeTopology, Command
from protocols.principal import Principal
from protocols.rest import FieldError
from protocols.rest_topology import (
    NodeBody,
    NodeEdit,
    NodePaths,
    NodeShown,
    OntQuery,
    RemovalQuery,
    SubtreeQuery,
    TopologyBody,
    TopologyPage,
    TopologyQuery,
    TopologyResult,
    edited,
    node_of,
)
from protocols.topology import Node, TopologyError, Words, assemble, canonical_address, csv_lines, parse_csv
from protocols.topology_view import TopologyView

PATH = "/api/v1/faults/topology"
CSV = "text/csv"
TRIES = 5
"""How often a change is made anew because the topology has changed under it."""
_ORDER = Order("topology", (Key("id", str),))
LOOKED_AT = 100_000
"""Nodes looked at for one page: further ones are on the next."""
TOLD = 1_000
"""Mistakes told at most."""

NodeName = Annotated[
    str,
    PathParameter(description="The node's `id`, its slashes escaped as `%2F` or not", min_length=1, max_length=400),
]


@dataclass
class TopologyOperation(ApiOperation):
    """An operation whose answer never waits for PostgreSQL."""

    def __post_init__(self) -> None:
        super().__post_init__()
        (self.responses or {}).pop("204", None)


@dataclass
class ImportOperation(TopologyOperation):
    """The body is read by the handler itself, in a thread."""

    def __post_init__(self) -> None:
        nodes = Schema(
            type="object",  # type: ignore[arg-type]
            required=["nodes"],
            properties={
                "nodes": Schema(type="array", items=Reference(ref="#/components/schemas/NodeBody"))  # type: ignore[arg-type]
            },
        )
        self.request_body = RequestBody(
            required=True,
            content={
                "application/json": OpenAPIMediaType(schema=nodes),
                CSV: OpenAPIMediaType(schema=Schema(type="string")),  # type: ignore[arg-type]
            },
        )
        super().__post_init__()


# --- reading -------------------------------------------------------------------------------------------------------


@get(
    "/topology", summary="List or export the topology", operation_class=documented(TopologyQuery), opt={"query": TopologyQuery}
)
async def list_nodes(request: Request[Any, Any, Any], api: Ctx, by: By) -> Response[TopologyPage]:
    """A page of the nodes that pass the filter, in the order of their ids. With `format=csv`, or `Accept: text/csv`, all of
    them as a file.

    A token with a tenant sees its nodes and those that are shared.
    """
    query = read_query(request, TopologyQuery)
    plant = _plant(api)
    if query.format == "csv" or request.headers.get("accept", "").partition(";")[0].strip() == CSV:
        return Stream(_export(plant, by, query), media_type=CSV)  # type: ignore[return-value]
    found: list[Node] = []
    for looked, node_id in enumerate(_candidates(plant, query), 1):
        node = plant.node(node_id)
        if node is not None and _passes(node, by, query):
            found.append(node)
            if len(found) > query.limit:
                break
        if looked == LOOKED_AT:
            # A filter that finds next to nothing in a large plant: a short page, and on from here.
            return Response(_page(plant, found, query.limit, on_from=node_id))
    return Response(_page(plant, found, query.limit))


@get(
    "/topology/onts",
    summary="Find an ONT",
    operation_class=documented(OntQuery),
    opt={"query": OntQuery},
    responses={404: PROBLEM},
)
async def find_ont(request: Request[Any, Any, Any], api: Ctx, by: By) -> NodeShown:
    """By its serial number, or by the vendor's index of it (or of a port) within its device."""
    query = read_query(request, OntQuery)
    plant = _plant(api)
    if query.serial is not None:
        node = plant.with_serial(query.serial)
    else:
        node = plant.with_index(query.device or "", query.index or "")
    if node is None or not _sees(by, node):
        wanted = f"serial {query.serial!r}" if query.serial is not None else f"index {query.index!r} in {query.device!r}"
        raise ProblemError(404, "unknown_node", f"no node has the {wanted}")
    return _shown(plant, node)


@get("/topology/nodes/{node_id:str}", summary="One node", operation_class=ApiOperation)
async def get_node(api: Ctx, by: By, node_id: NodeName) -> NodeShown:
    """The node, and how many are directly below it."""
    plant = _plant(api)
    return _shown(plant, _existing(plant, by, unquote(node_id)))


@get(
    "/topology/nodes/{node_id:str}/subtree",
    summary="A node and everything below it",
    operation_class=documented(SubtreeQuery),
    opt={"query": SubtreeQuery},
)
async def subtree(request: Request[Any, Any, Any], api: Ctx, by: By, node_id: NodeName) -> TopologyPage:
    """A page of the nodes at and below this one, in the order of their ids."""
    query = read_query(request, SubtreeQuery)
    plant = _plant(api)
    top = _existing(plant, by, unquote(node_id))
    after = _after(query.cursor)
    below = (
        node
        for one in plant.subtree(top.id)
        if one > after and (node := plant.node(one)) is not None and _sees(by, node) and query.type in (None, node.type)
    )
    return _page(plant, heapq.nsmallest(query.limit + 1, below, key=lambda node: node.id), query.limit)


@get("/topology/nodes/{node_id:str}/path", summary="From a node to the core", operation_class=ApiOperation)
async def path(api: Ctx, by: By, node_id: NodeName) -> NodePaths:
    """Every way to a root, several where uplinks are redundant (at most 64)."""
    plant = _plant(api)
    ways = plant.paths(_existing(plant, by, unquote(node_id)).id)
    named = ([node for one in way if (node := plant.node(one)) is not None and _sees(by, node)] for way in ways)
    return NodePaths(tuple(tuple(_shown(plant, node) for node in way) for way in named))


# --- writing -------------------------------------------------------------------------------------------------------


@put("/topology", summary="Replace the topology", operation_class=ImportOperation, responses={409: PROBLEM, 422: PROBLEM})
async def replace_topology(request: Request[Any, Any, Any], api: Ctx, by: By) -> TopologyResult:
    """All of it, as `{"nodes": [...]}` or `text/csv`. What is different changes, all or nothing; the rest is not touched.

    A token with a tenant replaces the nodes of its tenant; the shared ones above them stay as they are.
    """
    require(by, "admin")
    plant = _plant(api)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (CSV, "application/json"):
        raise ProblemError(415, "unsupported_media_type", f"the body must be application/json or {CSV}")
    content = await request.body()
    nodes = await trio.to_thread.run_sync(partial(_read, content, kind, by, plant.knows() if by.tenant is not None else ()))
    if foreign := [FieldError("tenant", f"node {n.id!r} is of tenant {n.tenant!r}") for n in nodes if not _writes(by, n)]:
        raise ProblemError(403, "not_your_tenant", f"this token acts in tenant {by.tenant!r} only", foreign[:TOLD])
    return await _change(api, by, partial(trio.to_thread.run_sync, plant.whole, nodes, by.tenant))


@post(
    "/topology/nodes",
    summary="Add a node",
    operation_class=TopologyOperation,
    responses={409: PROBLEM},
)
async def add_node(api: Ctx, by: By, data: JSONBody[NodeBody]) -> Response[NodeShown]:
    """201 with the node; 409 when its id is in use."""
    require(by, "admin")
    plant = _plant(api)
    node = _own(by, _checked(node_of(data)))

    async def wish() -> ChangeTopology:
        if plant.node(node.id) is not None:
            raise ProblemError(409, "node_exists", f"id: {node.id!r} is in use", [FieldError("id", "is in use")])
        return plant.put(node)

    await _change(api, by, wish)
    return Response(_shown(plant, node), status_code=201, headers={"Location": f"{PATH}/nodes/{quote(node.id, safe='')}"})


@patch("/topology/nodes/{node_id:str}", summary="Change a node", operation_class=TopologyOperation)
async def edit_node(api: Ctx, by: By, node_id: NodeName, data: JSONBody[NodeEdit]) -> NodeShown:
    """Change the fields given, leave the others. With other `parents` it moves, and what is below it moves with it."""
    require(by, "admin")
    plant = _plant(api)
    name = unquote(node_id)

    async def wish() -> ChangeTopology:
        node = _existing(plant, by, name)
        _writable(by, node)
        return plant.put(_own(by, _checked(edited(node, data))))

    await _change(api, by, wish)
    return _shown(plant, _existing(plant, by, name))


@delete(
    "/topology/nodes/{node_id:str}",
    summary="Remove a node",
    status_code=200,
    operation_class=documented(RemovalQuery),
    opt={"query": RemovalQuery},
    responses={409: PROBLEM},
)
async def remove_node(request: Request[Any, Any, Any], api: Ctx, by: By, node_id: NodeName) -> TopologyResult:
    """Refused while others hang from it, unless `cascade=true`: then with all that hangs from nothing else. Alarms stay."""
    require(by, "admin")
    plant = _plant(api)
    query = read_query(request, RemovalQuery)
    name = unquote(node_id)

    async def wish() -> ChangeTopology:
        _writable(by, _existing(plant, by, name))
        if not query.cascade and (children := len(plant.children(name))):
            text = f"{name!r} has children ({children}): remove them first, or give cascade=true"
            raise ProblemError(409, "has_children", text)
        return plant.without(name, cascade=query.cascade)

    return await _change(api, by, wish)


async def _change(api: Context, by: Principal, wish: Callable[[], Awaitable[ChangeTopology]]) -> TopologyResult:
    """Have the fold make a change; made anew when the topology has changed since it was thought out."""
    plant = _plant(api)
    for _ in range(TRIES):
        action = await wish()
        outcome = await api.submit(by, [Command(by, action)])
        refusals = commands.answers(outcome.changes, outcome.first, 1)[0].refusals
        if not refusals:
            return TopologyResult(put=len(action.puts), removed=len(action.removes), nodes=plant.size)
        if refusals[0].reason != "wrong_state":
            raise _refused(refusals)
    raise unavailable("topology_busy", "the topology keeps changing: nothing was done", api.settings.retry_after_seconds)


def _refused(refusals: Iterable[Refusal]) -> ProblemError:
    told = [FieldError(*_field(refusal)) for refusal in refusals]
    first = next(iter(refusals))
    if first.reason == "not_your_tenant":
        return ProblemError(403, "not_your_tenant", first.text)
    return ProblemError(422, "invalid_topology", told[0].message, told)


def _field(refusal: Refusal) -> tuple[str, str]:
    """``parents: node 'x': what`` as its field and the rest."""
    field, _, text = refusal.text.partition(": ")
    return (field, text) if text else ("", refusal.text)


def _read(content: bytes, kind: str, by: Principal, known: Collection[str]) -> tuple[Node, ...]:
    """The nodes of a body. ProblemError 422 with each mistake and its place. Runs in a thread: a million take seconds."""
    tenant = by.tenant or ""
    try:
        if kind == CSV:
            return parse_csv(content.decode("utf-8"), known=known, tenant=tenant)
        body = decode_body(content, TopologyBody)
        words = Words()
        made = (node_of(each, words) for each in body.nodes)
        nodes = (replace(node, tenant=tenant) if tenant and not node.tenant else node for node in made)
        return assemble(enumerate(nodes), "nodes[{}]".format, known)
    except TopologyError as error:
        told = [FieldError(*problem.partition(": ")[::2]) for problem in error.problems[:TOLD]]
        more = f" and {len(error.problems) - 1} more" if len(error.problems) > 1 else ""
        raise ProblemError(422, "invalid_topology", f"{error.problems[0]}{more}", told) from error
    except UnicodeDecodeError as error:
        raise ProblemError(400, "malformed_csv", f"not UTF-8 at byte {error.start}") from error
    except csv.Error as error:
        raise ProblemError(400, "malformed_csv", f"not CSV: {error}") from error


# --- who sees what -------------------------------------------------------------------------------------------------


def _plant(api: Context) -> TopologyView:
    if api.topology is None:
        raise unavailable("topology_unavailable", "the topology is not at hand", api.settings.retry_after_seconds)
    return api.topology


def _sees(by: Principal, node: Node) -> bool:
    return by.tenant is None or node.tenant in ("", by.tenant)


def _writes(by: Principal, node: Node) -> bool:
    return by.tenant is None or node.tenant == by.tenant


def _existing(plant: TopologyView, by: Principal, node_id: str) -> Node:
    node = plant.node(node_id)
    if node is None or not _sees(by, node):
        raise ProblemError(404, "unknown_node", f"no node {node_id!r}")
    return node


def _writable(by: Principal, node: Node) -> None:
    if not _writes(by, node):
        raise ProblemError(403, "not_your_tenant", f"node {node.id!r} is shared: only a token without a tenant changes it")


def _own(by: Principal, node: Node) -> Node:
    """In the caller's tenant where it says none. ProblemError 403 when it is of another."""
    if by.tenant is not None and not node.tenant:
        return replace(node, tenant=by.tenant)
    if not _writes(by, node):
        raise ProblemError(403, "not_your_tenant", f"this token acts in tenant {by.tenant!r} only")
    return node


def _checked(node: Node) -> Node:
    if not node.address:
        return node
    address = canonical_address(node.address)
    if address is None:
        raise invalid_body("address", f"{node.address!r} is no IP address")
    return replace(node, address=address)


# --- pages ---------------------------------------------------------------------------------------------------------


def _candidates(plant: TopologyView, query: TopologyQuery) -> Iterable[str]:
    """Ids behind the cursor, in order: of the smallest collection that a filter names, else all."""
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
    return heapq.nsmallest(LOOKED_AT, (one for one in min(few, key=len) if one > after))


def _passes(node: Node, by: Principal, query: TopologyQuery) -> bool:
    return (
        _sees(by, node)
        and query.type in (None, node.type)
        and query.area in (None, node.area)
        and query.tenant in (None, node.tenant)
        and (query.parent is None or query.parent in node.parents)
    )


def _after(cursor: str | None) -> str:
    return str(_ORDER.decode(cursor)[0]) if cursor is not None else ""


def _page(plant: TopologyView, found: Sequence[Node], limit: int, on_from: str | None = None) -> TopologyPage:
    page = found[:limit]
    last = page[-1].id if len(found) > limit else on_from
    return TopologyPage(tuple(_shown(plant, node) for node in page), None if last is None else _ORDER.encode([last]))


def _shown(plant: TopologyView, node: Node) -> NodeShown:
    fields = {name: getattr(node, name) for name in Node.__struct_fields__}
    return NodeShown(**fields, children=len(plant.children(node.id)), origin="api" if plant.by_hand(node.id) else "file")


async def _export(plant: TopologyView, by: Principal, query: TopologyQuery) -> AsyncIterator[str]:
    """As of the moment when it began, whatever changes while it is sent."""
    for text in csv_lines(node for node in plant.all() if _passes(node, by, query)):
        yield text
        await trio.lowlevel.checkpoint()


HANDLERS: list[Any] = [
    list_nodes,
    find_ont,
    get_node,
    subtree,
    path,
    replace_topology,
    add_node,
    edit_node,
    remove_node,
]

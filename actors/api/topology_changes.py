"""Changes of the topology: each is a command that holds for one version of the topology and is refused for another."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

import trio
from litestar import Request, Response, Router, delete, patch, post, put
from litestar.openapi.spec import OpenAPIMediaType, Reference, RequestBody
from litestar.openapi.spec.schema import Schema
from litestar.params import JSONBody
from msgspec.structs import replace

from actors.api.access import allow
from actors.api.answers import NODE
from actors.api.bodies import decode_body
from actors.api.command_resource import CommandResource
from actors.api.entity_tags import Condition, expected
from actors.api.openapi import PROBLEM, ApiOperation, ConditionalOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, unavailable
from actors.api.routes import PREFIX, By, Given, IfMatch, resource
from actors.api.submitter import Submitter
from actors.api.topology_nodes import (
    NodeName,
    checked,
    existing,
    in_own_tenant,
    names_seen,
    node_answer,
    sees,
    with_hidden_parents,
    writable,
    writes,
)
from protocols.command import ChangeTopology
from protocols.poll.reading import PollNames
from protocols.principal import Principal
from protocols.rest_problem import FieldError
from protocols.rest_topology import NodeBody, NodeEdit, NodeShown, RemovalQuery, TopologyBody, TopologyResult, edited, node_of
from protocols.topology import Node, TopologyError, Words, assemble
from protocols.topology_csv import NotCsv, decode_csv, parse_csv
from protocols.topology_view import TopologyView

CSV = "text/csv"
TRIES = 5
"""How often a change is made anew because the topology has changed under it."""
MOST_NAMED = 1_000
"""Mistakes that one answer names."""


@dataclass
class ImportOperation(ApiOperation):
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


class TopologyChanges:
    """Has the fold change the topology, as ``plant`` shows it. ``names`` are those that a device's polling may use."""

    def __init__(self, submitter: Submitter, plant: TopologyView, names: Callable[[], PollNames]) -> None:
        self._commands, self.plant, self.names = CommandResource(submitter, NODE), plant, names

    async def make(
        self,
        by: Principal,
        wish: Callable[[], Awaitable[ChangeTopology]],
        node_id: str = "",
        if_match: Condition | None = None,
    ) -> TopologyResult:
        """Have the change folded that ``wish`` gives for the topology as it is; asked anew, ``TRIES`` times at most, when the
        topology has changed in between. ``if_match`` is about the node ``node_id``."""
        for _ in range(TRIES):
            action = await wish()
            self._check_credentials(by, action)
            try:
                revisions = expected(if_match, node_id, self.plant.revision(node_id))
                await self._commands.submit(by, action, expected=revisions)
            except ProblemError as error:
                if error.kind != "wrong_state":
                    raise
                continue
            return TopologyResult(put=len(action.puts), removed=len(action.removes), nodes=self.plant.count(by.tenant))
        raise unavailable("topology_busy", "the topology keeps changing: nothing was done")

    def _check_credentials(self, by: Principal, action: ChangeTopology) -> None:
        """ProblemError 403 when a token with a tenant would have credentials sent to an address by its own choice: a community
        crosses the network in clear. What is as before passes."""
        if by.tenant is None:
            return
        usable = self.names().usable(by.tenant)
        for node in action.puts:
            if not node.credentials or node.credentials in usable:
                continue
            old = self.plant.node(node.id)
            if old is None or (old.credentials, old.every_address) != (node.credentials, node.every_address):
                text = f"node {node.id!r}: a token of tenant {by.tenant!r} may not send the credentials {node.credentials!r}"
                raise ProblemError(403, "not_your_credentials", text, [FieldError("credentials", "are not this tenant's")])


@put(
    "/topology",
    summary="Replace the topology",
    operation_class=ImportOperation,
    responses={409: PROBLEM, 422: PROBLEM},
    opt=allow("admin", body="max_topology_bytes"),
)
async def replace_topology(request: Request[Any, Any, Any], changes: Given[TopologyChanges], by: By) -> TopologyResult:
    """The whole topology, as `{"nodes": [...]}` or `text/csv`. Only nodes that differ are changed, all of them or none.

    A token with a tenant replaces the nodes of its tenant; the shared ones above them stay as they are.
    """
    plant = changes.plant
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (CSV, "application/json"):
        raise ProblemError(415, "unsupported_media_type", f"the body must be application/json or {CSV}")
    content = await request.body()
    nodes = await trio.to_thread.run_sync(partial(_read, content, kind, by, plant))
    if foreign := [FieldError("tenant", f"node {n.id!r} is of tenant {n.tenant!r}") for n in nodes if not writes(by, n)]:
        raise ProblemError(403, "not_your_tenant", f"this token acts in tenant {by.tenant!r} only", foreign[:MOST_NAMED])
    nodes = tuple(with_hidden_parents(plant, by, node) for node in nodes)
    return await changes.make(by, partial(trio.to_thread.run_sync, plant.whole, nodes, by.tenant))


@post(
    "/topology/nodes",
    summary="Add a node",
    operation_class=ApiOperation,
    responses={409: PROBLEM},
    opt=allow("admin"),
)
async def add_node(changes: Given[TopologyChanges], by: By, data: JSONBody[NodeBody]) -> Response[NodeShown]:
    """201 with the node; 409 when its id is in use."""
    plant = changes.plant
    node = in_own_tenant(by, checked(node_of(data)))

    async def wish() -> ChangeTopology:
        if plant.node(node.id) is not None:
            raise ProblemError(409, "node_exists", f"id: {node.id!r} is in use", [FieldError("id", "is in use")])
        return plant.put(node)

    await changes.make(by, wish)
    location = f"{PREFIX}/topology/nodes/{quote(node.id, safe='')}"
    return node_answer(plant, by, existing(plant, by, node.id), 201, {"Location": location})


@patch(
    "/topology/nodes/{node_id:str}",
    summary="Change a node",
    operation_class=ConditionalOperation,
    opt=allow("admin", slashes="node_id"),
)
async def edit_node(
    changes: Given[TopologyChanges], by: By, if_match: IfMatch, node_id: NodeName, data: JSONBody[NodeEdit]
) -> Response[NodeShown]:
    """Change the given fields. With other `parents` the node moves, and the nodes below it move with it."""
    plant = changes.plant
    name = unquote(node_id)

    async def wish() -> ChangeTopology:
        node = existing(plant, by, name)
        writable(by, node)
        return plant.put(with_hidden_parents(plant, by, in_own_tenant(by, checked(edited(node, data)))))

    await changes.make(by, wish, name, if_match)
    return node_answer(plant, by, existing(plant, by, name))


@delete(
    "/topology/nodes/{node_id:str}",
    summary="Remove a node",
    status_code=200,
    operation_class=documented(RemovalQuery, kind=ConditionalOperation),
    opt=allow("admin", query=RemovalQuery, slashes="node_id"),
    responses={409: PROBLEM},
)
async def remove_node(
    request: Request[Any, Any, Any], changes: Given[TopologyChanges], by: By, if_match: IfMatch, node_id: NodeName
) -> TopologyResult:
    """Refused while the node has children, unless `cascade=true`: then the nodes that have no other parent are removed too.
    Alarms stay."""
    plant = changes.plant
    query = read_query(request, RemovalQuery)
    name = unquote(node_id)

    async def wish() -> ChangeTopology:
        writable(by, existing(plant, by, name))
        if not query.cascade and plant.children(name):
            children = len(names_seen(plant, by, plant.children(name)))
            text = f"{name!r} has children ({children or 'of others'}): remove them first, or give cascade=true"
            raise ProblemError(409, "has_children", text)
        return plant.without(name, cascade=query.cascade)

    return await changes.make(by, wish, name, if_match)


def _read(content: bytes, kind: str, by: Principal, plant: TopologyView) -> tuple[Node, ...]:
    """The nodes of a body. ProblemError 422 with each mistake and its place. Runs in a thread: a million take seconds."""
    tenant = by.tenant or ""
    known = {node.id for node in plant.all() if sees(by, node)} if tenant else ()
    try:
        if kind == CSV:
            return parse_csv(decode_csv(content), known=known, tenant=tenant)
        body = decode_body(content, TopologyBody)
        words = Words()
        made = (node_of(each, words) for each in body.nodes)
        nodes = (replace(node, tenant=tenant) if tenant and not node.tenant else node for node in made)
        return assemble(enumerate(nodes), "nodes[{}]".format, known)
    except NotCsv as error:
        raise ProblemError(400, "malformed_csv", error.problems[0]) from error
    except TopologyError as error:
        named = [FieldError(*problem.partition(": ")[::2]) for problem in error.problems[:MOST_NAMED]]
        more = f" and {len(error.problems) - 1} more" if len(error.problems) > 1 else ""
        raise ProblemError(422, "invalid_topology", f"{error.problems[0]}{more}", named) from error


def routes(changes: TopologyChanges) -> Router:
    """Changing the topology."""
    handlers = [replace_topology, add_node, edit_node, remove_node]
    return resource("topology", handlers, changes=changes)

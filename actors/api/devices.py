"""Devices: the topology's nodes with an address, and their polling. Writes are changes of the topology; reads are answered
from the fold and from the pollers."""

from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import quote, unquote

import trio
from litestar import Request, Response, Router, delete, get, patch, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody

from actors.api.access import allow
from actors.api.keyset import Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, ConditionalOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, invalid_body, unavailable
from actors.api.routes import PREFIX, By, Given, IfMatch, Now, resource, tagged
from actors.api.topology_changes import TopologyChanges
from actors.api.topology_nodes import NodeName, checked, in_own_tenant, sees, with_hidden_parents, writable
from protocols.address import needs_zone
from protocols.command import ChangeTopology
from protocols.poll.device import LINK_LOCAL_ALONE, DeviceState, PolledDevice, PollError
from protocols.poll.reading import PollReading, PollRefused, PollView
from protocols.principal import Principal
from protocols.rest_body import fields_for
from protocols.rest_devices import (
    DeviceBody,
    DeviceEdit,
    DevicePage,
    DevicePolled,
    DeviceShown,
    DevicesQuery,
    edited_device,
    node_of_device,
    not_polled,
    polled_of,
)
from protocols.rest_problem import FieldError
from protocols.topology import POLL_OFF, Node

LONGEST_POLL = 60.0
"""Seconds that a poll on demand may take."""
LOOKED_AT = 2_000
"""Devices looked at for one page, at 15 µs each: a filter that finds next to nothing gives a short page, and goes on there."""
_ORDER = Order("devices", (SortKey("id", str),))
_BUSY = {"not_polled": 409, "poll_running": 409, "poller_parked": 503, "poller_stopped": 503}

ContactState = Callable[[str], DeviceState]
"""The state of a device by its id, as the correlator has concluded it."""


class Devices:
    """The devices of the topology, each with its poller and with its state. ``changes`` has the fold change the topology."""

    def __init__(
        self,
        changes: TopologyChanges,
        pollers: PollView,
        state: ContactState,
        clock: Now,
    ) -> None:
        self.changes, self.pollers, self._state, self._clock = changes, pollers, state, clock

    def check_names(self, by: Principal, credentials: str, plan: str) -> None:
        """ProblemError 422 for names that no configuration and no profile has; empty ones are not checked."""
        known = self.changes.names()
        if credentials and credentials not in known.credentials:
            raise invalid_body("credentials", f"none are named {credentials!r}; {_listed(known.usable(by.tenant))}")
        if plan and plan != POLL_OFF and plan not in known.plans:
            raise invalid_body("plan", f"none is named {plan!r}; {_listed((POLL_OFF, *known.plans))}")

    def existing(self, by: Principal, device_id: str) -> Node:
        """The device of this id. ProblemError 404 when the caller sees none."""
        node = self.changes.plant.node(device_id)
        if node is None or not node.address or not sees(by, node):
            raise ProblemError(404, "unknown_device", f"no device {device_id!r}")
        return node

    def shown(self, node: Node) -> DeviceShown:
        """The device as the API shows it."""
        polled = self.pollers.status(node.id) if node.is_polled else None
        status = polled or self._without_poller(node)
        # Nobody watches a device without a poller: what was concluded of it may be of long ago.
        state = self._state(node.id) if polled is not None and polled.state != "parked" else status.state
        return DeviceShown(
            **{
                **fields_for(DeviceShown, status),
                **fields_for(DeviceShown, node),
                "addresses": node.every_address,
                "plan": _plan(node, status),
                "interval_seconds": _interval(node, status),
                "state": state,
            },
            polled=node.is_polled,
            revision=self.changes.plant.revision(node.id) or 0,
        )

    def _without_poller(self, node: Node) -> PolledDevice:
        error = None
        if node.is_polled and node.credentials not in self.changes.names().credentials:
            error = PollError(at=self._clock(), reason="unknown_credentials", text=_unknown(node.credentials))
        elif node.is_polled and all(map(needs_zone, node.every_address)):
            error = PollError(at=self._clock(), reason="link_local", text=LINK_LOCAL_ALONE)
        return PolledDevice(id=node.id, addresses=node.every_address, last_error=error)

    def answer(self, by: Principal, device_id: str, status: int = 200) -> Response[DeviceShown]:
        """The device as it is now, with its ETag."""
        found = self.shown(self.existing(by, device_id))
        headers = {"Location": f"{PREFIX}/devices/{quote(device_id, safe='')}"} if status == 201 else None
        return tagged(found, found.revision, status, headers)


@get(
    "/devices",
    summary="List devices",
    operation_class=documented(DevicesQuery),
    opt=allow("viewer", query=DevicesQuery),
)
async def list_devices(request: Request[Any, Any, Any], devices: Given[Devices], by: By) -> DevicePage:
    """The topology's nodes with an address, in the order of their ids, with what their pollers know.

    A token with a tenant sees its devices and those that are shared. A page can be short, also empty, and not the last.
    """
    query = read_query(request, DevicesQuery)
    after = str(_ORDER.decode(query.cursor)[0]) if query.cursor is not None else ""
    plant = devices.changes.plant
    ahead = sorted({node.id for node in plant.addresses().values() if node.id > after and sees(by, node)})
    items: list[DeviceShown] = []
    for looked, device_id in enumerate(ahead):
        if len(items) == query.limit or looked == LOOKED_AT:
            return DevicePage(tuple(items), _ORDER.encode([ahead[looked - 1]]))
        node = plant.node(device_id)
        if node is not None and _passes(shown := devices.shown(node), query):
            items.append(shown)
    return DevicePage(tuple(items), None)


@get(
    "/devices/{device_id:str}",
    summary="Show a device",
    operation_class=TaggedOperation,
    opt=allow("viewer", slashes="device_id"),
)
async def get_device(devices: Given[Devices], by: By, device_id: NodeName) -> Response[DeviceShown]:
    """One device, with what its poller knows."""
    return devices.answer(by, unquote(device_id))


@post(
    "/devices",
    summary="Add a device, or begin to poll one",
    operation_class=ApiOperation,
    responses={
        200: ResponseSpec(DeviceShown, generate_examples=False, description="It was in the topology: it is polled now"),
        409: PROBLEM,
    },
    opt=allow("admin"),
)
async def add_device(devices: Given[Devices], by: By, data: JSONBody[DeviceBody]) -> Response[DeviceShown]:
    """201 with the new node. 200 where the topology has this id with these addresses: credentials, plan and interval are those
    of the body then, all else stays. The same request again changes nothing. 409 for an id with other addresses, or one that is
    polled otherwise."""
    devices.check_names(by, data.credentials, data.plan)
    plant = devices.changes.plant
    wanted = in_own_tenant(by, checked(node_of_device(data)))
    found = False

    async def wish() -> ChangeTopology:
        nonlocal found
        node = plant.node(wanted.id)
        found = node is not None
        if node is None:
            return plant.put(wanted)
        polled = node_of_device(data, node)
        if not sees(by, node):
            raise ProblemError(409, "device_exists", f"id: {wanted.id!r} is in use", [FieldError("id", "is in use")])
        if set(node.every_address) != set(wanted.every_address):
            text = f"{wanted.id!r} is in the topology with other addresses: change it with PATCH"
            raise ProblemError(409, "device_exists", text, [FieldError("id", "is in use, with other addresses")])
        writable(by, node)
        if node.is_polled and node != polled:
            text = f"{wanted.id!r} is polled already, in another way: change it with PATCH"
            raise ProblemError(409, "device_exists", text, [FieldError("id", "is polled already")])
        return plant.put(polled)

    await devices.changes.make(by, wish)
    return devices.answer(by, wanted.id, 200 if found else 201)


@patch(
    "/devices/{device_id:str}",
    summary="Change a device",
    operation_class=ConditionalOperation,
    opt=allow("admin", slashes="device_id"),
)
async def edit_device(
    devices: Given[Devices], by: By, if_match: IfMatch, device_id: NodeName, data: JSONBody[DeviceEdit]
) -> Response[DeviceShown]:
    """Change the given fields. Its poller takes them at once."""
    name = unquote(device_id)
    devices.check_names(by, data.credentials or "", data.plan or "")
    plant = devices.changes.plant

    async def wish() -> ChangeTopology:
        node = devices.existing(by, name)
        writable(by, node)
        return plant.put(with_hidden_parents(plant, by, checked(edited_device(node, data))))

    await devices.changes.make(by, wish, name, if_match)
    return devices.answer(by, name)


@delete(
    "/devices/{device_id:str}",
    summary="End the polling of a device",
    status_code=200,
    operation_class=ConditionalOperation,
    opt=allow("admin", slashes="device_id"),
)
async def end_polling(devices: Given[Devices], by: By, if_match: IfMatch, device_id: NodeName) -> Response[DeviceShown]:
    """Its plan is `off` from now on. The node stays in the topology, with its alarms; `DELETE /topology/nodes/{node_id}`
    removes it."""
    name = unquote(device_id)

    async def wish() -> ChangeTopology:
        node = devices.existing(by, name)
        writable(by, node)
        return devices.changes.plant.put(not_polled(node))

    await devices.changes.make(by, wish, name, if_match)
    return devices.answer(by, name)


@post(
    "/devices/{device_id:str}/poll",
    summary="Poll a device now",
    status_code=200,
    operation_class=ApiOperation,
    responses={404: PROBLEM, 409: PROBLEM},
    opt=allow("operator", slashes="device_id"),
)
async def poll_device(devices: Given[Devices], by: By, device_id: NodeName) -> DevicePolled:
    """Read all that its plan has, within the budget of its line cards, and answer with what was read. A device that does not
    answer is no error here: `answered` is false then, and `error` says why. 409 `not_polled` for a device without credentials
    or with the plan `off`, 409 `poll_running` while another such request is under way, 503 where no poller runs."""
    name = unquote(device_id)
    node = devices.existing(by, name)
    writable(by, node)
    if not node.is_polled:
        raise ProblemError(409, "not_polled", f"{name!r} is not polled: it has no credentials, or its plan is {POLL_OFF!r}")
    reading: PollReading | None = None
    with trio.move_on_after(LONGEST_POLL):
        try:
            reading = await devices.pollers.poll_now(name)
        except PollRefused as error:
            raise ProblemError(_BUSY[error.reason], error.reason, error.text) from error
    if reading is None:
        raise unavailable("poll_unfinished", f"the poll of {name!r} did not end within {LONGEST_POLL:.0f} s, and was given up")
    return polled_of(reading)


def _unknown(credentials: str) -> str:
    return f"no [[poller.credentials]] are named {credentials!r}"


def _listed(names: Collection[str]) -> str:
    return f"known are {', '.join(sorted(names))}" if names else "there are none"


def _plan(node: Node, status: PolledDevice) -> str:
    """The plan in use, as long as it is one that the node asks for: the poller may not have taken a change yet."""
    in_use = status.plan
    return in_use if node.poll in ("", in_use, in_use.partition("/")[0]) else node.poll


def _interval(node: Node, status: PolledDevice) -> float:
    if node.poll_interval is None or status.overrun:
        return status.interval_seconds
    return node.poll_interval


def _passes(shown: DeviceShown, query: DevicesQuery) -> bool:
    return all(
        getattr(query, name) in (None, getattr(shown, name))
        for name in ("state", "plan", "profile", "credentials", "tenant", "polled", "overrun")
    )


def routes(changes: TopologyChanges, pollers: PollView, state: ContactState, clock: Now) -> Router:
    """Devices."""
    handlers: list[Any] = [list_devices, get_device, add_device, edit_device, end_polling, poll_device]
    return resource("devices", handlers, devices=Devices(changes, pollers, state, clock))

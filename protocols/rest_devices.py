"""Bodies of ``/devices``: topology nodes with an address, and their polling."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from protocols.poll.device import DeviceState, PolledDevice
from protocols.poll.reading import PollReading
from protocols.rest_body import Body, PageQuery, fields_for
from protocols.rest_fields import Name, OptionalLine, OptionalName
from protocols.rest_topology import Parents, PollInterval
from protocols.topology import MOST_ADDRESSES, POLL_OFF, Node

DeviceAddresses = Annotated[
    tuple[Name, ...], Meta(min_length=1, max_length=MOST_ADDRESSES, description="IP addresses; the first one is polled first")
]
Plan = Annotated[OptionalName, Meta(description="Plan of polling, or a profile's name; empty: chosen by sysObjectID; `off`")]
Interval = Annotated[PollInterval | None, Meta(description="Seconds between two polls; null: `[poller] interval_seconds`")]


class DeviceBody(Body, frozen=True, kw_only=True):
    """A device, new or already in the topology."""

    id: Name
    type: Annotated[Name, Meta(description="As of a node: olt, core, uplink, other ...")] = "olt"
    parents: Parents = ()
    name: OptionalLine = ""
    addresses: DeviceAddresses
    vendor: OptionalName = ""
    tenant: Annotated[OptionalName, Meta(description="Empty: the token's tenant, or shared by all")] = ""
    area: OptionalName = ""
    credentials: Annotated[Name, Meta(description="Name of the `[[poller.credentials]]`")]
    plan: Plan = ""
    interval_seconds: Interval = None


class DeviceEdit(Body, frozen=True, kw_only=True):
    """Fields of a device to change. A field that is left out keeps its value; other fields are the node's."""

    name: OptionalLine | UnsetType = UNSET
    addresses: DeviceAddresses | UnsetType = UNSET
    vendor: OptionalName | UnsetType = UNSET
    credentials: OptionalName | UnsetType = UNSET
    plan: Plan | UnsetType = UNSET
    interval_seconds: Interval | UnsetType = UNSET

    def __post_init__(self) -> None:
        if all(getattr(self, name) is UNSET for name in self.__struct_fields__):
            raise ValueError(f"nothing to change: give at least one of {', '.join(self.__struct_fields__)}")


class DeviceShown(PolledDevice, frozen=True, kw_only=True):
    """A device: its node, and its polling as it is. ``polled`` is false where the node names no credentials, or its plan is
    `off`."""

    name: str = ""
    type: str = ""
    vendor: str = ""
    tenant: str = ""
    polled: bool = False
    revision: Annotated[int, Meta(description="The node's")]


class DevicePage(Struct, frozen=True):
    """A page of devices, in the order of their ids."""

    items: tuple[DeviceShown, ...]
    next_cursor: str | None


class DevicesQuery(PageQuery, frozen=True, kw_only=True):
    """Which devices."""

    state: DeviceState | None = None
    plan: Name | None = None
    profile: Name | None = None
    credentials: Name | None = None
    tenant: Name | None = None
    polled: Annotated[bool | None, Meta(description="`false`: devices that are not polled")] = None
    overrun: Annotated[bool | None, Meta(description="`true`: devices whose polls take longer than their interval")] = None


class DevicePolled(PollReading, frozen=True, kw_only=True):
    """The outcome of one poll on demand. ``answered`` is false when ``error`` says why."""

    answered: bool


def node_of_device(body: DeviceBody, node: Node | None = None) -> Node:
    """The node that a body describes; of an existing ``node`` that is not polled, with its polling from the body alone."""
    polling = {"credentials": body.credentials, "poll": body.plan, "poll_interval": body.interval_seconds}
    if node is not None:
        return replace(node, **polling)
    fields = fields_for(Node, body)
    fields["id"], fields["parents"] = body.id.strip(), tuple(parent.strip() for parent in body.parents)
    return Node(**{**fields, **polling})


def edited_device(node: Node, edit: DeviceEdit) -> Node:
    """The node with the fields given."""
    names = {"plan": "poll", "interval_seconds": "poll_interval"}
    given = {names.get(name, name): value for name in edit.__struct_fields__ if (value := getattr(edit, name)) is not UNSET}
    if "addresses" in given:
        given["address"] = ""
    return replace(node, **given)


def not_polled(node: Node) -> Node:
    """The node, polled no longer."""
    return replace(node, poll=POLL_OFF)

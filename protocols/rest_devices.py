"""Bodies of ``/devices``: topology nodes with an address, and their polling."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict, replace

from protocols.optical_power import Quantity
from protocols.poll.device import DeviceState, PolledDevice, PollError
from protocols.poll.reading import PolledValue, PollReading
from protocols.poll.states import DownCause, PartKind, PartStates
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


class TimesShown(Struct, frozen=True, kw_only=True):
    """The times that an agent reports. ``uptime`` (sysUpTime) and ``host_uptime`` (of the box) are in hundredths of a second,
    modulo 2^32; ``engine_time`` is in seconds. Null: the agent has none."""

    at: datetime
    uptime: int | None
    boots: int | None
    engine_time: int | None
    host_uptime: int | None


class DownSpan(Struct, frozen=True, kw_only=True):
    """Parts that are down, by the numbers of the first and the last."""

    first: int
    last: int
    cause: DownCause


class PartsShown(Struct, frozen=True, kw_only=True):
    """Parts of one kind whose positions begin with ``under``; ``up`` and ``unknown`` are pairs of a first and a last number."""

    kind: PartKind
    under: str
    up: tuple[tuple[int, ...], ...]
    down: tuple[DownSpan, ...]
    unknown: tuple[tuple[int, ...], ...]


class SerialShown(Struct, frozen=True, kw_only=True):
    """The serial of the ONT at a position."""

    position: str
    serial: str


class PowerShown(Struct, frozen=True, kw_only=True):
    """Optical power at a position, in dBm."""

    position: str
    quantity: Quantity
    dbm: float


class InterfaceName(Struct, frozen=True, kw_only=True):
    """The ifName of the interface with this ifIndex. ``part``: the position of the PON port that it is by its index; else
    empty."""

    position: str
    name: str
    part: str


class DevicePolled(Struct, frozen=True, kw_only=True):
    """The outcome of one poll on demand. ``answered`` is false when ``error`` says why. ``whole`` are the kinds whose table was
    read to its end; ``incomplete`` says for each other one why not. ``varbinds`` counts what the agent sent."""

    device: str
    answered: bool
    begun: datetime
    ended: datetime
    address: str
    profile: str
    plan: str
    error: PollError | None
    times: TimesShown | None
    sys_object_id: str
    sys_name: str
    whole: tuple[PartKind, ...]
    incomplete: dict[PartKind, str]
    states: tuple[PartsShown, ...]
    serials: tuple[SerialShown, ...]
    power: tuple[PowerShown, ...]
    names: tuple[InterfaceName, ...]
    values: tuple[PolledValue, ...]
    varbinds: int
    round_trip_ms: float | None


def polled_of(reading: PollReading) -> DevicePolled:
    """The outcome of a poll as REST shows it."""
    states, times = reading.states, reading.times
    same = {name: getattr(reading, name) for name in DevicePolled.__struct_fields__ if hasattr(reading, name)}
    return DevicePolled(
        **{
            **same,
            "answered": reading.error is None,
            "times": None if times is None else TimesShown(**asdict(times)),
            "whole": () if states is None else states.whole,
            "incomplete": {} if states is None else states.incomplete,
            "states": () if states is None else tuple(_parts(each) for each in states.states),
            "serials": () if states is None else tuple(SerialShown(**asdict(each)) for each in states.serials),
            "power": () if states is None else tuple(PowerShown(**asdict(each)) for each in states.power),
            "names": () if states is None else tuple(InterfaceName(**asdict(each)) for each in states.names),
        }
    )


def _parts(states: PartStates) -> PartsShown:
    down = tuple(DownSpan(first=first, last=last, cause=cause) for first, last, cause in states.down)
    return PartsShown(kind=states.kind, under=states.under, up=states.up, down=down, unknown=states.unknown)


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

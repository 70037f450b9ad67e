"""Bodies of the REST API about the topology."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict, replace

from protocols.origin import Origin
from protocols.rest_body import Body, PageQuery, fields_for
from protocols.rest_fields import ListFormat, Name, OptionalLine, OptionalName
from protocols.topology import LONGEST_POLL_INTERVAL, MOST_ADDRESSES, SHORTEST_POLL_INTERVAL, Node, Words

Parents = Annotated[tuple[Name, ...], Meta(max_length=64, description="Ids one step towards the core; several are redundant")]

Addresses = Annotated[tuple[Name, ...], Meta(max_length=MOST_ADDRESSES)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
PollInterval = Annotated[float, Meta(ge=SHORTEST_POLL_INTERVAL, le=LONGEST_POLL_INTERVAL)]


class NodeBody(Body, frozen=True, kw_only=True):
    """A node. `id` of anything inside a device is `DEVICE/POSITION`, e.g. `olt-1/0/1/5/17`."""

    id: Name
    type: Annotated[Name, Meta(description="site, core, olt, card, pon, splitter, ont, service, customer, uplink or other")]
    parents: Parents = ()
    name: OptionalLine = ""
    address: Annotated[OptionalName, Meta(description="IP address of a device: how a trap's source finds it")] = ""
    addresses: Annotated[Addresses, Meta(description="All of them, `address` among them, where a device has several")] = ()
    vendor: OptionalName = ""
    tenant: Annotated[OptionalName, Meta(description="Empty: the token's tenant, or shared by all")] = ""
    customer_id: OptionalName = ""
    service_id: OptionalName = ""
    serial: OptionalName = ""
    area: Annotated[OptionalName, Meta(description="What loses mains together: a power area, a street, a cabinet")] = ""
    sla_class: Annotated[OptionalName, Meta(description="The customer's class, e.g. `gold`")] = ""
    index: Annotated[OptionalName, Meta(description="The vendor's own index of an ONT or port within its device")] = ""
    phone: OptionalName = ""
    postal_address: OptionalLine = ""
    latitude: Annotated[Latitude | None, Meta(description="Degrees north (WGS 84)")] = None
    longitude: Annotated[Longitude | None, Meta(description="Degrees east")] = None
    credentials: Annotated[
        OptionalName, Meta(description="Name of the `[[poller.credentials]]` by which the device is polled; empty: it is not")
    ] = ""
    poll: Annotated[OptionalName, Meta(description="Plan of polling; `off`: not polled; empty: the vendor profile's")] = ""
    poll_interval: Annotated[PollInterval | None, Meta(description="Seconds between two polls")] = None


class NodeEdit(Body, frozen=True, kw_only=True):
    """Fields of a node to change. A field that is left out keeps its value."""

    type: Name | UnsetType = UNSET
    parents: Parents | UnsetType = UNSET
    name: OptionalLine | UnsetType = UNSET
    address: OptionalName | UnsetType = UNSET
    addresses: Addresses | UnsetType = UNSET
    vendor: OptionalName | UnsetType = UNSET
    tenant: OptionalName | UnsetType = UNSET
    customer_id: OptionalName | UnsetType = UNSET
    service_id: OptionalName | UnsetType = UNSET
    serial: OptionalName | UnsetType = UNSET
    area: OptionalName | UnsetType = UNSET
    sla_class: OptionalName | UnsetType = UNSET
    index: OptionalName | UnsetType = UNSET
    phone: OptionalName | UnsetType = UNSET
    postal_address: OptionalLine | UnsetType = UNSET
    latitude: Latitude | UnsetType | None = UNSET
    longitude: Longitude | UnsetType | None = UNSET
    credentials: OptionalName | UnsetType = UNSET
    poll: OptionalName | UnsetType = UNSET
    poll_interval: PollInterval | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        if all(getattr(self, name) is UNSET for name in self.__struct_fields__):
            raise ValueError(f"nothing to change: give at least one of {', '.join(self.__struct_fields__)}")


class TopologyBody(Body, frozen=True, kw_only=True):
    """A whole topology."""

    nodes: tuple[NodeBody, ...]


class NodeShown(NodeBody, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A node as it is."""

    children: int
    origin: Origin
    revision: Annotated[int, Meta(description="Grows whenever the node changes, also across its removal")]


class TopologyPage(Struct, frozen=True):
    """A page of nodes, in the order of their ids."""

    items: tuple[NodeShown, ...]
    next_cursor: str | None


class NodePaths(Struct, frozen=True):
    """Every way from a node to a root, both included, the node first."""

    paths: tuple[tuple[NodeShown, ...], ...]


class TopologyResult(Struct, frozen=True, kw_only=True):
    """The result of a change: numbers of nodes put, nodes removed, and nodes in the topology now."""

    put: int
    removed: int
    nodes: int


class TopologyQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the topology."""

    type: Name | None = None
    parent: Annotated[Name | None, Meta(description="Nodes directly below this one")] = None
    area: Name | None = None
    tenant: Name | None = None
    format: Annotated[ListFormat, Meta(description="`csv`: all of it as a file that PUT takes, without pages")] = "json"


class SubtreeQuery(PageQuery, frozen=True, kw_only=True):
    """The query of a subtree."""

    type: Name | None = None


class OntQuery(Body, frozen=True, kw_only=True):
    """Which ONT: by `serial`, or by `device` (id or address) and `index`."""

    serial: Name | None = None
    device: Name | None = None
    index: Name | None = None

    def __post_init__(self) -> None:
        if (self.serial is None) == (self.device is None or self.index is None):
            raise ValueError("serial: give either serial, or device and index")


class RemovalQuery(Body, frozen=True, kw_only=True):
    """How a node is removed."""

    cascade: Annotated[bool, Meta(description="With everything that hangs from nothing else")] = False


def node_of(body: NodeBody, words: Words | None = None) -> Node:
    """The node that a body describes."""
    fields = fields_for(Node, body)
    # As a file has them: spaces around a name cannot be seen.
    fields["id"], fields["parents"] = body.id.strip(), tuple(parent.strip() for parent in body.parents)
    if words is not None:
        for name in ("type", "vendor", "tenant", "area", "sla_class", "credentials", "poll"):
            fields[name] = words.one(fields[name])
        fields["parents"] = words.parents(tuple(words.one(parent) for parent in fields["parents"]))
    return Node(**fields)


def edited(node: Node, edit: NodeEdit) -> Node:
    """The node with the fields given. ``address`` alone takes the place of the first address, and leaves the others."""
    given = {name: value for name, value in asdict(edit).items() if value is not UNSET}
    if "addresses" in given:
        given.setdefault("address", "")
    elif "address" in given:
        given["addresses"] = node.addresses[1:]
    return replace(node, **given)

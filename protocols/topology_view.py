"""Read-only view of the plant, and the commands that a requested change leads to."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from protocols.alarm import Alarm
from protocols.command import ChangeTopology
from protocols.customer import Customer
from protocols.topology import Node


class TopologyView(Protocol):
    """The fold's present plant. An answer is valid until its caller next waits."""

    def count(self, tenant: str | None) -> int:
        """Number of nodes visible to a tenant (None: all)."""

    def all(self) -> list[Node]:
        """Every node, as of this moment."""

    def node(self, node_id: str) -> Node | None:
        """The node of this id."""

    def device(self, address: str) -> Node | None:
        """The device with this address."""

    def from_api(self, node_id: str) -> bool:
        """True when the node was added through the API, not by the file."""

    def revision(self, node_id: str) -> int | None:
        """The node's revision: the offset of the Event that put it as it is. None: there is no such node."""

    def sorted_from(self, after: str) -> Iterator[str]:
        """Ids behind ``after``, in order; ends early when the plant changes meanwhile."""

    def children(self, node_id: str) -> Collection[str]:
        """Ids one step away from the core."""

    def of_type(self, type: str) -> Collection[str]:
        """Ids of a type."""

    def area(self, name: str) -> Collection[str]:
        """Ids of an area."""

    def subtree(self, node_id: str) -> Iterator[str]:
        """Ids of the node and everything below."""

    def paths(self, node_id: str) -> list[tuple[str, ...]]:
        """Every way from the node to a root."""

    def with_serial(self, serial: str) -> list[Node]:
        """The ONTs with this serial number, however it is spelled."""

    def with_index(self, device_id: str, index: str) -> Node | None:
        """The interface or ONT that has this index on the device (by id or address)."""

    def addresses(self) -> Mapping[str, Node]:
        """The node of every address. Not to be kept over a wait."""

    def last_heard(self, node_id: str) -> datetime | None:
        """Time of the device's newest accepted trap, to a minute; None: never."""

    def customers(self, alarm: Alarm, wanted: Sequence[str]) -> list[Customer]:
        """Details of the alarm's customers, in their order, from the present topology."""

    def area_and_tiers(self, alarm: Alarm) -> tuple[str, tuple[str, ...]]:
        """The area of the alarm's resource ("" when none is known), and the classes of the customers affected, as a request for
        a notification has them."""

    def put(self, *nodes: Node) -> ChangeTopology:
        """These nodes, new or in place of their like."""

    def whole(self, nodes: Sequence[Node], tenant: str | None) -> ChangeTopology:
        """These nodes and no others (of a tenant; None: of all). May be called from another thread."""

    def without(self, node_id: str, *, cascade: bool) -> ChangeTopology:
        """All but this node; with ``cascade`` also but what hangs from nothing else."""

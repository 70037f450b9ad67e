"""ONTs in which a device and the topology differ, as read by the poller."""

from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from protocols.topology import Node

Discrepancy = Literal["new", "serial", "replaced", "moved", "vanished"]
"""``new``: the topology has neither the position nor the serial. ``serial``: its node at the position has no serial.
``replaced``: its node there has another serial. ``moved``: it has the serial at another position. ``vanished``: the device does
not list the node's position any more."""


class DiscoveredOnt(Struct, frozen=True, kw_only=True):
    """One ONT that differs. ``node_id`` is the id that its position has, or would have, in the topology; ``other_id`` the node
    that has its serial now. ``proposed``: the node that would agree with the device; None where nothing is proposed: the
    serial is not known, or the ONT vanished."""

    position: str
    serial: str
    kind: Discrepancy
    since: datetime
    node_id: str
    other_id: str = ""
    proposed: Node | None = None


class DiscoveredView(Protocol):
    """The ONTs that differ, by device."""

    def discovered(self, device_id: str) -> tuple[DiscoveredOnt, ...]:
        """The ONTs of one device that differ, in the order of their positions."""

"""The plant: nodes of the topology file and what hangs below them."""

from msgspec import Struct


class Node(Struct, frozen=True, array_like=True, kw_only=True):
    """One row of the topology CSV. ``id`` of anything inside a device is ``DEVICE/POSITION``, for example
    ``olt-1/0/1/5/17`` for ONT 17 of port 5 of slot 1 of frame 0; ``parents`` are ids one step towards the core."""

    id: str
    type: str
    """olt, card, pon, splitter, ont, ... as the CSV says."""
    parents: tuple[str, ...] = ()
    name: str = ""
    address: str = ""
    """IP address of a device: how a trap's source finds it."""
    vendor: str = ""
    tenant: str = ""
    customer_id: str = ""
    service_id: str = ""
    serial: str = ""

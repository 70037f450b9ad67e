"""Bodies of ``/devices/{device_id}/onts``: ONTs in which a device and the topology differ."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from protocols.poll.discovered import Discrepancy
from protocols.rest_body import Body
from protocols.rest_fields import Name

MOST_ACCEPTED = 4_096

Positions = Annotated[
    tuple[Name, ...],
    Meta(max_length=MOST_ACCEPTED, description="Positions to take over; empty: each ONT that is `new` and can be taken over"),
]


class OntDifference(Struct, frozen=True, kw_only=True):
    """One ONT that differs."""

    position: Annotated[str, Meta(description="Below the device, as in traps")]
    serial: Annotated[str, Meta(description="As the device has it; empty: not read yet")]
    kind: Discrepancy
    since: Annotated[datetime, Meta(description="When a read first found it so")]
    node_id: Annotated[str, Meta(description="The id that its position has, or would have, in the topology")]
    other_id: Annotated[str, Meta(description="The node that has this serial now")] = ""
    acceptable: Annotated[bool, Meta(description="It can be taken over with `POST`")] = False


class OntDifferences(Struct, frozen=True):
    """The ONTs that differ, in the order of their positions."""

    items: tuple[OntDifference, ...]


class OntsAccepted(Body, frozen=True, kw_only=True):
    """ONTs whose nodes are to become as the device has them."""

    positions: Positions = ()

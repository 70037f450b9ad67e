"""Bodies of ``/sources``."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from protocols.rest_body import PageQuery
from protocols.rest_fields import Name
from protocols.trap_source import RefusedFor


class SourcesQuery(PageQuery, frozen=True, kw_only=True):
    """Which sources, and where the page begins."""

    address: Annotated[Name | None, Meta(description="The source of this address")] = None
    device_id: Annotated[Name | None, Meta(description="Sources of this device")] = None
    refused: Annotated[
        bool | None,
        Meta(description="`true`: sources of which something was refused since faultd started; `false`: the others"),
    ] = None
    heard: Annotated[
        bool | None,
        Meta(description="`true`: sources of which something was accepted, also before this start; `false`: the others"),
    ] = None


class SourceShown(Struct, frozen=True, kw_only=True):
    """A sender of traps, or an address of the topology of which none came. ``device_id``, ``device_name`` and ``tenant_id`` are
    the topology's, empty for an address that it does not know. ``last_heard`` is the device's, by whatever address, to a
    minute; it survives a restart. All other counts and times are since faultd's start."""

    address: str
    device_id: str = ""
    device_name: str = ""
    tenant_id: str = ""
    accepted: int = 0
    first_accepted: datetime | None = None
    last_accepted: datetime | None = None
    last_trap: str = ""
    last_heard: datetime | None = None
    refused: int = 0
    last_refused: datetime | None = None
    refused_for: tuple[RefusedFor, ...] = ()


class SourcePage(Struct, frozen=True, kw_only=True):
    """Sources in the order of their addresses as text. ``since``: when the counts began; ``forgotten``: sources that made room
    for others since, shown to tokens of every tenant."""

    items: tuple[SourceShown, ...]
    since: datetime
    forgotten: int | None = None
    next_cursor: str | None = None

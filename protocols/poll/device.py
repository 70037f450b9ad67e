"""A polled device as the API shows it: the topology's node with the state of its poller."""

from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

DeviceState = Literal["up", "down", "unreachable", "parked", "unknown"]
"""``unreachable``: its SNMP agent is silent and the device lives. ``unknown``: not polled, not yet, or faultd cannot see."""

LINK_LOCAL_ALONE: Final = (
    "its only address is a link-local one, which is reached through one interface of this host: give the device another address"
)
"""The reason why a device is not polled; see ``protocols.address.needs_zone``."""


class PollError(Struct, frozen=True, kw_only=True):
    """The last poll that failed. ``reason`` is of a fixed set (``REQUEST_REASONS``); ``text`` has no secret in it."""

    at: datetime
    reason: str
    text: str


class PolledDevice(Struct, frozen=True, kw_only=True):
    """``answers_at`` is the address that answered last; empty before the first answer. ``varbinds_per_minute`` is measured
    over the last minutes. ``overrun``: polls end later than the interval allows;
    ``interval_seconds`` is then longer than the one asked for, and ``slowed`` says why."""

    id: str
    addresses: tuple[str, ...]
    profile: str = ""
    credentials: str = ""
    plan: str = ""
    state: DeviceState = "unknown"
    last_success: datetime | None = None
    last_error: PollError | None = None
    round_trip_ms: float | None = None
    loss_percent: float | None = None
    duration_ms: float | None = None
    next_poll: datetime | None = None
    interval_seconds: float = 0.0
    varbinds_per_minute: float = 0.0
    overrun: bool = False
    slowed: str = ""
    answers_at: str = ""

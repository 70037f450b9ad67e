"""The devices of which nothing is known while faultd is blind, as a Change: one for many devices."""

from datetime import datetime

from msgspec import Struct


class SightChanged(Struct, frozen=True, array_like=True, tag="sight_changed", tag_field="tag"):
    """``unseen``: devices by node id, each with the instant since when nothing is known of it. ``seen``: devices of which
    something is known again, each with the instant from which on."""

    offset: int
    unseen: tuple[tuple[str, datetime], ...] = ()
    seen: tuple[tuple[str, datetime], ...] = ()

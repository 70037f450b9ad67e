"""How often time passes."""

from typing import Annotated

from msgspec import Meta, Struct


class ClockSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[clock]`` of the configuration."""

    tick_seconds: Annotated[float, Meta(ge=0.05, le=60)] = 1.0
    """Between two ticks: the precision of everything that ends by itself, such as a shelf."""

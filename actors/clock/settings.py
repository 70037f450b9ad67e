"""Settings of time: the interval of Ticks, and the longest gap between two runs."""

from typing import Annotated

from msgspec import Meta, Struct


class ClockSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[clock]`` of the configuration."""

    tick_seconds: Annotated[float, Meta(ge=0.05, le=60)] = 1.0
    """Between two ticks. This is the precision of everything that ends at a time, such as a shelf."""
    max_gap_days: Annotated[float, Meta(ge=0.01, le=3650)] = 30.0
    """The longest time between two runs that counts as elapsed. A wall clock that says more at a start is believed only after a
    minute, and as a jump."""

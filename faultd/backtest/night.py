"""Nights of a person: which pages come at night, and which of them wake. Pure."""

from typing import Final
from zoneinfo import ZoneInfo

from protocols.dispatch.local_hours import interval_at
from protocols.dispatch.quiet_hours import LocalHours, QuietHours
from protocols.sla.local_time import SECOND

NIGHT: Final = LocalHours(begin="22:00", end="06:00")
ONE_WAKING: Final = 1800 * SECOND
"""Pages within this time of the one that woke find the person awake."""


def at_night(at: int, zone: ZoneInfo, quiet: QuietHours | None) -> bool:
    """True at night by the wall clock of ``zone``, and within the person's quiet hours. ``at``: microseconds since 1970."""
    return interval_at(NIGHT, zone, at) is not None or (quiet is not None and interval_at(quiet, zone, at) is not None)


def wakes(at: int, woken: int | None) -> bool:
    """True when a page at ``at`` wakes somebody whom one at ``woken`` (None: none) woke last."""
    return woken is None or at >= woken + ONE_WAKING

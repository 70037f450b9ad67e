"""Habits of an OLT: what its maker, its firmware and its settings make of the same physics."""

from typing import Literal

from msgspec import Struct

from faultd.simulator.plant import Vendor
from faultd.simulator.timing import Range

PortLos = Literal["at_once", "late", "never", "alone"]
"""When an OLT reports that it receives nobody on a port: when it has counted the dying gasps; after its ONTs' alarms; not at
all; or in place of its ONTs' alarms."""
Queue = Literal["olt", "pon"]

TELLS_REGISTRATION: tuple[Vendor, ...] = ("zte", "vsol")
"""Makers whose "registered" may be the only sign of an ONT's return."""
REPEATS_GASPS: tuple[Vendor, ...] = ("vsol",)
"""Makers whose OLTs may repeat an ONT's dying gasp."""
NO_PORT_LOS: tuple[Vendor, ...] = ("bdcom",)
"""Makers without a trap for a port's loss of signal."""


class OltHabits(Struct, frozen=True, kw_only=True):
    """The habits of one OLT. The defaults are those of the tidy world, in which :class:`~faultd.simulator.timing.Timing` alone
    has the times. Times are in seconds."""

    soak: float | None = None
    """From an ONT's silence to the loss of signal that is reported, less a small jitter; None: by the timing."""
    pace: float = 0.0
    """Traps that a queue sends in a second; 0: by the timing."""
    queue: Queue = "olt"
    """One queue for the OLT, or one for each PON port."""
    port_los: PortLos = "at_once"
    gasping: float = 1.0
    """Share of its ONTs that can send a dying gasp."""
    gasp_repeats: float = 0.0
    """Seconds after which a dying gasp is sent again, and again; 0: each is sent once."""
    registered: bool = False
    """An ONT's return is reported as its registration, and no alarm of it is cleared."""
    late_card: Range | None = None
    """A card that is gone is reported that long after the alarms of its ONTs, which are of lost signal. None: by the timing,
    and its ONTs are reported as offline."""
    boot_los: bool = False
    """After a start its ports report loss of signal until their first ONT is ranged."""
    shutdown_los: bool = True
    """ONTs of a port that an operator switches off raise loss of signal; otherwise they are reported as offline, if at all."""

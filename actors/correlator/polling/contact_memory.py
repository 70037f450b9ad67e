"""The memory of contact with polled devices: the times that each reported last, and an entry for each that is silent."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from protocols.poll.contact import AgentTimes

Contact = Literal["missed", "doubted", "down", "unreachable", "unseen"]
"""``missed``: fewer polls than needed had no answer. ``doubted``: enough had none, and so many others are silent that faultd
may be blind; the verdict waits. ``down``, ``unreachable``: the verdicts. ``unseen``: faultd is or was blind, and the device
has not been verified since."""


class SilentDevice(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """``first``: the first missed poll of the present count, by the ledger's time. ``evidence``: what is known, in words;
    ``lives``: what shows that the device lives, in words; empty for nothing. ``trap``: an accepted trap of the device itself
    since ``first``. ``place``: the node whose alarm ``devices.unreachable`` has this device."""

    first: datetime
    misses: int
    contact: Contact = "missed"
    evidence: str = ""
    lives: str = ""
    trap: datetime | None = None
    place: str = ""
    needed: int = 0
    """Misses after which the device is judged."""
    own_fault: bool = False
    """The last miss was due to faultd's own socket or interface."""


class CommonPlace(Struct, frozen=True, array_like=True, gc=False):
    """An open alarm ``devices.unreachable``. ``first``: the first missed poll of the device that raised it. ``down``: devices
    below the node that are down since then and have not answered."""

    tenant_id: str
    first: datetime
    down: int


class ContactMemory(Struct):
    """``heard``: the times that each polled device reported last. ``silent``: the devices that do not answer. ``parked``:
    devices whose poller is parked. ``unseen``: devices of which nothing is known, and since when, since faultd is or was blind.
    ``blind``: since when faultd is blind; ``sighted``: when it last ceased to be. ``own_fault``: it is blind by a fault of its
    own, and for the devices of that fault alone. ``places``: by node. ``steady``: seconds for which it has to see until the
    alarm of its last blindness ends."""

    heard: dict[str, AgentTimes] = {}
    silent: dict[str, SilentDevice] = {}
    parked: dict[str, None] = {}
    unseen: dict[str, datetime] = {}
    blind: datetime | None = None
    sighted: datetime | None = None
    places: dict[str, CommonPlace] = {}
    own_fault: bool = False
    steady: float = 0.0

    @property
    def blind_for_all(self) -> bool:
        """True while the silence of no device means anything."""
        return self.blind is not None and not self.own_fault

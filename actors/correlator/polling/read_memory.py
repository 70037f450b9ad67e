"""The memory of reads between two Events: which devices are read, what was requested of them, and what stands open."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice

from msgspec import Struct

from protocols.poll.states import LevelCrossed, PartStates
from protocols.severity import Severity

REQUESTS_KEPT = timedelta(hours=1)
"""How long a request for a read is remembered. No bound of their rate is longer."""
_AT_A_TIME = 2
"""More are dropped than are added, so that old entries disappear at little cost."""


class ReadDevice(Struct, frozen=True, array_like=True):
    """A device whose states have been read. ``at``: when its last read began. ``up``: its interfaces that were up when they
    were last read. One that never was, a port without a cable, is no fault."""

    at: datetime
    up: tuple[PartStates, ...] = ()
    onts: bool = False
    """Its table of ONTs was read to the end once."""
    judged: bool = True
    """A read of it was judged in full; False: it has been read only while it settled."""


class ReadMemory(Struct):
    """``devices``: by node id. ``requested``: the time of the last request, by reason and place. ``by_card``: times of the
    latest requests for ports of a line card, oldest first. ``sweep``: devices still to be requested, and why. ``settling``:
    devices that started a short time ago, each with the end of the time that it is given."""

    devices: dict[str, ReadDevice] = {}
    requested: dict[str, datetime] = {}
    by_card: dict[str, tuple[datetime, ...]] = {}
    sweep: dict[str, str] = {}
    settling: dict[str, datetime] = {}

    def fade(self, now: datetime) -> None:
        """Forget old requests, a few at a time."""
        old = now - REQUESTS_KEPT
        for key in [key for key, at in islice(self.requested.items(), _AT_A_TIME) if at < old]:
            del self.requested[key]
        for card in [card for card, times in islice(self.by_card.items(), _AT_A_TIME) if times[-1] < old]:
            del self.by_card[card]

    def forget(self, device_id: str) -> None:
        """The device is read no longer."""
        self.devices.pop(device_id, None)
        self.sweep.pop(device_id, None)
        self.settling.pop(device_id, None)

    def forget_all(self, device_ids: Iterable[str]) -> None:
        """The same for each of these."""
        for device_id in device_ids if self.devices or self.settling else ():
            self.forget(device_id)


MOST_LEVELS = 100_000
"""Crossings that are remembered. Beyond this number the oldest are forgotten; their alarms stay until an operator ends them."""


class LevelMemory(Struct):
    """``waiting``: crossings that wait for their dwell time, by part, quantity and threshold. ``beyond``: for each part and
    quantity the thresholds that are exceeded, dwell time over, with their severities."""

    waiting: dict[str, LevelCrossed] = {}
    beyond: dict[str, dict[str, Severity]] = {}

    def bound(self) -> None:
        """Forget the oldest beyond ``MOST_LEVELS``."""
        for table in (self.waiting, self.beyond):
            if len(table) > MOST_LEVELS:
                for key in list(islice(table, MOST_LEVELS // 10)):
                    del table[key]

    def forget_all(self, device_ids: Iterable[str]) -> None:
        """The devices are read no longer."""
        if not self.waiting and not self.beyond:
            return
        gone = frozenset(device_ids)
        for table in (self.waiting, self.beyond):
            for key in [key for key in table if key.partition("\0")[0] in gone]:
                del table[key]


MOST_FOUND = 100_000
"""ONTs that differ from the topology, of all devices."""
MOST_FOUND_OF_DEVICE = 4_096


class FoundOnt(Struct, frozen=True, array_like=True, gc=False):
    """An ONT that a device lists and the topology has not, or has otherwise; its serial where it was read."""

    serial: str
    since: datetime


class FoundOntMemory(Struct):
    """``found``: by device and position. ``vanished``: nodes that their device lists no longer, by device and node id, and
    since when. Beyond the bounds nothing is added."""

    found: dict[str, dict[str, FoundOnt]] = {}
    vanished: dict[str, dict[str, datetime]] = {}
    count: int = 0

    def take(self, device_id: str, found: dict[str, FoundOnt], vanished: dict[str, datetime]) -> None:
        """These are the device's from now on."""
        self.count -= len(self.found.pop(device_id, ())) + len(self.vanished.pop(device_id, ()))
        self.count += len(found) + len(vanished)
        if found:
            self.found[device_id] = found
        if vanished:
            self.vanished[device_id] = vanished

    def forget_all(self, device_ids: Iterable[str]) -> None:
        """The devices are read no longer."""
        for device_id in device_ids if self.count else ():
            self.take(device_id, {}, {})

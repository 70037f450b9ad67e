"""The one clock that stamps: the ledger, the trap listener, the API and the stream all ask the same one."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from actors.trusted_time import Anchor, Away, ClockReading, Jump, TrustedTime, first_stamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)
MAX_GAP = timedelta(days=30)
LATEST_WALL = 9_223_372_036 * 1_000_000
"""2262-04-11: the end of Linux's own calendar, 2**63 ns. Deadlines of centuries behind it are still dates in Python."""


def instant(stamp: int) -> datetime:
    """Microseconds since 1970 as a datetime; a wall clock beyond the calendar is at its edge."""
    try:
        return EPOCH + stamp * _MICROSECOND
    except OverflowError:
        return _EARLIEST if stamp < 0 else _LATEST


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // _MICROSECOND


def system_reading() -> ClockReading:
    """The host's clocks."""
    return ClockReading(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000, time.time_ns() // 1_000)


def even(wall: Callable[[], datetime]) -> Callable[[], ClockReading]:
    """Readings of a clock that is right by definition, such as a test's or a simulation's."""

    def read() -> ClockReading:
        now = micros(wall())
        return ClockReading(now, now)

    return read


class TrustedClock:
    """Calling it gives the trusted time now, aware UTC. Not to be asked by several threads at once."""

    def __init__(
        self,
        read: Callable[[], ClockReading] = system_reading,
        boot_id: str = "",
        last: datetime | None = None,
        anchor: Anchor | None = None,
        max_gap: timedelta = MAX_GAP,
    ) -> None:
        """``last`` is the ledger's last stamp and ``anchor`` what it keeps of the run before; see ``first_stamp``."""
        self._source, self._boot_id = read, boot_id
        reading = self._read()
        before = None if last is None else micros(last)
        self._time = TrustedTime(reading, first_stamp(reading, boot_id, before, anchor, max_gap // _MICROSECOND))

    def __call__(self) -> datetime:
        return instant(self._time.stamp(self._read()))

    def _read(self) -> ClockReading:
        """Both clocks. A wall before 1970 or after ``LATEST_WALL`` stands still there, so that it never becomes believed."""
        boot, wall = self._source()
        return ClockReading(boot, min(max(wall, 0), LATEST_WALL))

    @property
    def anchor(self) -> Anchor:
        """To be kept for the next run."""
        return Anchor(self._boot_id, self._time.ahead)

    @property
    def away(self) -> Away | None:
        """Distance of the wall clock from the trusted time, and since when, while the wall clock is not believed."""
        return self._time.away

    @property
    def offset(self) -> float:
        """Seconds by which the wall clock is ahead of the trusted time now."""
        self._time.stamp(self._read())
        return self._time.offset / 1_000_000

    @property
    def believed(self) -> int:
        """Number of believed jumps of the wall clock."""
        return self._time.believed

    @property
    def returned(self) -> int:
        """Number of times that the wall clock left the trusted time and came back before it was believed."""
        return self._time.returned

    def due(self) -> Jump | None:
        """The jump to record, by a reading of now, if one is believed. Nothing moves before :meth:`step`."""
        self._time.stamp(self._read())
        return self._time.due()

    def step(self, jump: Jump) -> None:
        """The jump is on the ledger: the clock goes on from there."""
        self._time.step(jump)

"""Trusted time: the stamps of the ledger's Events, from the readings of two clocks of the host.

CLOCK_BOOTTIME runs evenly, also while the host is suspended, and cannot be set; it does not contain the time of day.
CLOCK_REALTIME (the wall clock) does, but an RTC with a dead battery, a time server or an operator may set it to any value. A
stamp follows CLOCK_BOOTTIME from an anchor, and is slewed towards CLOCK_REALTIME:

the wall clock is within ``NEAR`` of the stamp    the stamp is slewed, at most ``SLEW`` parts in a million
the wall clock is further away                    the stamp goes on by CLOCK_BOOTTIME alone: the wall clock may be wrong
... and has stayed there for ``BELIEVED``         the wall clock is believed: a jump is due, and the stamp steps when the
                                                  ledger has recorded it
... and came back                                 it was a glitch, which no stamp ever showed

A wall clock that stays within ``NEAR`` of the place where it first went has stayed. If it moves on, its time starts again.

Times are in microseconds, and no function here reads a clock.
"""

from typing import Final, NamedTuple

from msgspec import Struct

SECOND: Final = 1_000_000
NEAR: Final = 5 * SECOND
BELIEVED: Final = 60 * SECOND
SLEW: Final = 10_000
"""Parts in a million: 10 ms a second."""
DAY: Final = 86_400 * SECOND


class ClockReading(NamedTuple):
    """Both clocks at one moment: ``boot`` since the host started, suspended or not, ``wall`` since 1970."""

    boot: int
    wall: int


class Anchor(Struct, frozen=True):
    """Distance of the stamps from CLOCK_BOOTTIME, on the host start ``boot_id``."""

    boot_id: str
    ahead: int


class Jump(NamedTuple):
    """Two stamps of one moment: by the time so far, and by the wall that is believed from here on."""

    before: int
    after: int


class Away(NamedTuple):
    """The wall has left the stamp: ``by`` so much, ``since`` this reading of CLOCK_BOOTTIME."""

    by: int
    since: int


def first_stamp(reading: ClockReading, boot_id: str, last: int | None, anchor: Anchor | None, max_gap: int) -> int:
    """The stamp with which a run begins. ``last`` is that of the run before (None: there was none).

    The time between two runs has passed: by CLOCK_BOOTTIME where the host has run on, else by the wall. Where that is less than
    nothing or more than ``max_gap``, a clock is wrong, and time goes on from the last stamp until the wall is believed."""
    if last is None:
        return reading.wall
    same_boot = anchor is not None and boot_id != "" and anchor.boot_id == boot_id
    now = reading.boot + anchor.ahead if anchor is not None and same_boot else reading.wall
    return now if 0 <= now - last <= max_gap else last


class TrustedTime:
    """The state of it; ``stamp`` is that of the first ``reading``."""

    def __init__(self, reading: ClockReading, stamp: int) -> None:
        self._boot, self._stamp = reading.boot, stamp
        self.offset = reading.wall - stamp
        """The wall's lead over the stamp at the last reading."""
        self.away: Away | None = None
        self.believed = self.returned = 0
        """Number of believed jumps, and of departures that came back before they were believed."""
        self._judge()

    @property
    def ahead(self) -> int:
        """The stamp's lead over CLOCK_BOOTTIME."""
        return self._stamp - self._boot

    def stamp(self, reading: ClockReading) -> int:
        """The time at ``reading``: never before that of the last one."""
        passed = max(0, reading.boot - self._boot)
        self._boot = max(reading.boot, self._boot)
        self._stamp += passed
        self.offset = reading.wall - self._stamp
        self._judge()
        if self.away is None:
            most = passed * SLEW // 1_000_000
            slewed = max(-most, min(most, self.offset))
            self._stamp += slewed
            self.offset -= slewed
        return self._stamp

    def due(self) -> Jump | None:
        """The jump to record, by the last reading, once a wall that went away is believed."""
        if self.away is None or self._boot - self.away.since < BELIEVED:
            return None
        return Jump(self._stamp, self._stamp + self.offset)

    def step(self, jump: Jump) -> None:
        """The jump is recorded: from here on by the wall."""
        by = jump.after - jump.before
        self._stamp += by
        self.offset -= by
        self.away = None
        self.believed += 1
        self._judge()

    def _judge(self) -> None:
        away, offset = self.away, self.offset
        if -NEAR <= offset <= NEAR:
            if away is not None:
                self.away = None
                self.returned += 1
        elif away is None or not -NEAR <= offset - away.by <= NEAR:
            self.away = Away(offset, self._boot)

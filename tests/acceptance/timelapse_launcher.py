"""faultd on a host on which time passes as a test says, for trio's deadlines as for the clocks: run in place of ``-m faultd``.

The file ``FAULTDTEST_CLOCK`` holds the seconds that have passed more than really have."""

import os
import time
from functools import partial
from pathlib import Path

import trio

from actors.trusted_clock import system_reading
from actors.trusted_time import SECOND, ClockReading
from faultd.app import serve
from faultd.cli import main

LOOK = 0.03
"""Seconds between two looks into the file, and the longest sleep."""
_file = Path(os.environ["FAULTDTEST_CLOCK"])


class PassingTime(trio.abc.Clock):
    """Real time, and what the file adds to it."""

    def __init__(self) -> None:
        self._looked, self._passed = 0.0, 0.0

    def start_clock(self) -> None:
        """It has always run."""

    def current_time(self) -> float:
        """Seconds."""
        real = time.monotonic()
        if real - self._looked >= LOOK:
            self._looked, self._passed = real, float(_file.read_text())
        return real + self._passed

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Never long, since the file may change meanwhile."""
        return min(LOOK, max(0.0, deadline - self.current_time()))


def reading() -> ClockReading:
    """The real clocks, shifted alike."""
    real, passed = system_reading(), int(_file.read_text())
    return ClockReading(real.boot + passed * SECOND, real.wall + passed * SECOND)


if __name__ == "__main__":
    assert serve.__kwdefaults__ is not None
    serve.__kwdefaults__["read_clocks"] = reading
    trio.run = partial(trio.run, clock=PassingTime())  # type: ignore[assignment]
    main()

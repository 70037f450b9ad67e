"""faultd on a host whose clocks a test sets: run in place of ``-m faultd``.

The file ``FAULTDTEST_CLOCK`` holds by how many seconds the wall clock is wrong, and how many seconds more have passed than
really have."""

import os
from pathlib import Path

from actors.trusted_clock import system_reading
from actors.trusted_time import SECOND, ClockReading
from faultd.app import serve
from faultd.cli import main


def reading() -> ClockReading:
    """The real clocks, shifted."""
    wrong, passed = map(int, Path(os.environ["FAULTDTEST_CLOCK"]).read_text().split())
    real = system_reading()
    return ClockReading(real.boot + passed * SECOND, real.wall + (passed + wrong) * SECOND)


if __name__ == "__main__":
    assert serve.__kwdefaults__ is not None
    serve.__kwdefaults__["read_clocks"] = reading
    main()

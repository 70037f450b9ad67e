"""The trusted clock of a run, from what the ledger keeps of the one before."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import structlog

from actors.clock.settings import ClockSettings
from actors.ledger.database import LedgerFile
from actors.trusted_clock import TrustedClock, instant
from actors.trusted_time import ClockReading

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
log = structlog.get_logger()


def boot_id() -> str:
    """The kernel's name for this start of the host; empty where it has none."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def started_clock(read: Callable[[], ClockReading], boot: str, ledger: LedgerFile, settings: ClockSettings) -> TrustedClock:
    """Goes on from the ledger's last stamp."""
    last = instant(ledger.head.at) if ledger.head.offset else None
    kept = ledger.time.anchor if ledger.time is not None else None
    clock = TrustedClock(read, boot, last, kept, timedelta(days=settings.max_gap_days))
    if clock.away is not None:
        now, away = clock(), clock.away
        seconds = 0.0 if away is None else away.by / 1_000_000
        log.warning("the wall clock is not believed at this start", time=now.isoformat(), wall_clock_ahead=f"{seconds:.0f} s")
    return clock

"""The ledger's time: the stamp of the next commit, and what of it is written for the next run."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from actors.elapsed import Jumped, cutoff, with_jump
from actors.ledger.group import LedgerTime
from actors.trusted_clock import TrustedClock, instant
from actors.trusted_time import Anchor, Jump

_DRIFT = 100_000
"""Microseconds by which the time is slewed before its anchor is written again."""


class Stamps:
    """Owns the jumps of the wall clock that retention takes into account. It alone lets ``clock`` step."""

    def __init__(self, clock: TrustedClock, kept: LedgerTime | None) -> None:
        """``kept`` is the time on disk; None when there is none."""
        self._clock = clock
        self._jumps: Sequence[Jumped] = () if kept is None else kept.jumps

    def due(self) -> Jump | None:
        """The jump of the wall clock that is to be recorded now."""
        return self._clock.due()

    def now(self, jump: Jump | None) -> datetime:
        """The stamp of a commit; with ``jump``, of the one that records it."""
        return self._clock() if jump is None else instant(jump.after)

    def to_write(self, kept: LedgerTime | None, jump: Jump | None) -> LedgerTime | None:
        """The time to write with a commit, the one that records ``jump`` or any other; None while ``kept``, which is on disk,
        still holds."""
        anchor = self._clock.anchor
        if jump is not None:
            anchor = Anchor(anchor.boot_id, anchor.ahead + jump.after - jump.before)
            return LedgerTime(anchor, with_jump(self._jumps, instant(jump.before), instant(jump.after)))
        if kept is not None and kept.anchor.boot_id == anchor.boot_id and abs(kept.anchor.ahead - anchor.ahead) < _DRIFT:
            return None
        return LedgerTime(anchor, self._jumps)

    def step(self, jump: Jump, written: LedgerTime) -> None:
        """The commit that records ``jump`` is on disk, with ``written``."""
        self._clock.step(jump)
        self._jumps = written.jumps

    def oldest(self, days: float) -> datetime:
        """The stamp before which an Event is older than so many days of elapsed time."""
        return cutoff(self._clock(), timedelta(days=days), self._jumps)

"""Age in elapsed time, for data with a retention that was stamped before the clock jumped.

A stamp is in the time that was believed when it was made. After a jump, an older stamp looks older or younger by the jump.
Retention must not delete data because of a jump, so the cut-off is moved back by the jumps within the retention.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

_MOST = 1_000
_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_LAST = datetime(9999, 12, 30, tzinfo=UTC)


class Jumped(Struct, frozen=True, array_like=True):
    """The clock jumped ``by`` microseconds. ``at`` is the time just after it; later jumps move it along."""

    at: datetime
    by: int


def shifted(at: datetime, by: timedelta) -> datetime:
    """``at`` moved by a jump. A time that would leave the calendar stops at its edge."""
    try:
        return at + by
    except OverflowError:
        return _FIRST if by < timedelta(0) else _LAST


def with_jump(known: Sequence[Jumped], before: datetime, after: datetime) -> list[Jumped]:
    """The jumps so far, and the one from ``before`` to ``after``; the latest last."""
    by = after - before
    moved = [Jumped(shifted(each.at, by), each.by) for each in known]
    return [*moved, Jumped(after, by // timedelta(microseconds=1))][-_MOST:]


def cutoff(now: datetime, keep: timedelta, jumps: Sequence[Jumped]) -> datetime:
    """The cut-off for ``keep``: data stamped before it is older than ``keep`` in elapsed time, whatever jumps lie between.

    Younger data is never before it. Data stamped in the future before a jump back can be kept longer than ``keep``, by that
    jump.
    """
    oldest = shifted(now, -keep)
    found, later = oldest, timedelta(0)
    for jump in reversed(jumps):
        if jump.at < oldest:
            break
        later += timedelta(microseconds=jump.by)
        found = min(found, shifted(oldest, -later))
    return found

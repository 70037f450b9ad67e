"""Age in elapsed time, for what is kept for so long and was stamped before the clock jumped.

A stamp says when something happened by the time that was believed then. After a jump, what was stamped before it reads as if it
were older or younger by the jump. What is deleted by its age must not go because of that: the cut-off is put back by the jumps
that are younger than the time for which things are kept."""

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
    """What was stamped before this is older than ``keep`` in elapsed time, whatever jumps came between.

    Nothing younger is ever before it. What was stamped ahead of the present time, before a jump back, can be kept longer than
    ``keep``, by that jump."""
    oldest = shifted(now, -keep)
    found, later = oldest, timedelta(0)
    for jump in reversed(jumps):
        if jump.at < oldest:
            break
        later += timedelta(microseconds=jump.by)
        found = min(found, shifted(oldest, -later))
    return found

"""The order of two reports about one problem, as far as it can be known.

The network may deliver two reports of one sender in another order than they were sent, but only within seconds. So the
reports stand in the order of their receipt, except where both were received within the window (``reorder_seconds``) and the
sender's own clock says otherwise. The sender's clock is its sysUpTime, its device time, or both:

    sender     received apart     the clock of the second report                     order
    different  any                never compared                                     after
    same       over the window    never compared                                     after
    same       in the window      none, or equal to the first one's                  after
    same       in the window      ahead of the first one's                           after
    same       in the window      behind, by no more than late delivery explains     before
    same       in the window      behind, in a new epoch (the sender restarted)      after
    same       in the window      behind by more: it restarted, or was set           after
    same       in the window      behind, and a restart was just reported that may
                                  itself be late                                     unknown
    same       in the window      of several uptimes behind one address: not just
                                  ahead by the time that passed                      unknown
    same       in the window      uptime and device time contradict each other       unknown

What follows from it: a clear ends the alarm only *after* the raise, and a raise is over at once only *before* the clear. An
unknown order therefore leaves the alarm open.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.saved import ReportMark

Order = Literal["after", "before", "unknown"]
"""The order of a report relative to one received before it."""

_WRAP: Final = 1 << 32
"""sysUpTime wraps to 0 after this many hundredths of a second (497 days)."""
_HALF: Final = _WRAP // 2


def order(first: ReportMark, second: ReportTime, window: timedelta) -> Order:
    """The order of ``second`` relative to ``first``, which was received before it: see the table above."""
    if first.source != second.source:
        return "after"
    if first.dated is None or second.dated is None or first.dated <= second.dated:
        before, now = first.uptime, second.uptime
        if before is None or now is None or (not second.several and (now - before) % _WRAP < _HALF):
            return "after"  # neither clock goes back, as with nearly every report
    elapsed = second.received - first.received
    if abs(elapsed) > window:
        return "after"
    by_uptime = _by_uptime(first, second, hundredths(elapsed), hundredths(window))
    by_date = _by_date(first.dated, second.dated, window - elapsed)
    if by_uptime is None or by_uptime == by_date:
        return by_date or "after"
    return by_uptime if by_date is None else "unknown"


def hundredths(span: timedelta) -> int:
    """The unit of sysUpTime."""
    return round(span.total_seconds() * 100)


def difference(before: int, after: int) -> int:
    """From one uptime to another in hundredths of a second, at most 248 days in either direction: the shorter way round."""
    return (after - before + _HALF) % _WRAP - _HALF


def _by_uptime(first: ReportMark, second: ReportTime, elapsed: int, window: int) -> Order | None:
    """None where the uptimes say nothing."""
    if first.uptime is None or second.uptime is None:
        return None
    moved = difference(first.uptime, second.uptime)
    if second.several:
        return "after" if 0 <= moved <= elapsed + window else "unknown"
    if moved == 0:
        return None
    if moved > 0 or -moved > window - elapsed:
        return "after"
    if second.restarting:
        return "unknown"
    return "before" if first.epoch == second.epoch else "after"


def _by_date(first: datetime | None, second: datetime | None, explained: timedelta) -> Order | None:
    """By the reporter's own time. A clock that is wrong is wrong for both; ``explained`` is how far late delivery alone can
    bring the second report's behind."""
    if first is None or second is None or first == second:
        return None
    return "before" if timedelta() < first - second <= explained else "after"

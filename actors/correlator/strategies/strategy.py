"""The interface of correlation strategies, and how the fold calls them.

A strategy is shown every alarm that an Event raised, cleared or changed, and its own timers when they are due. It reads the
State and writes through a Draft, like the rest of the fold, so a replay repeats its decisions. Its memory is a Struct kept in
the State and in snapshots (``State.memory``).

The base decision is committed before the strategies are called. A strategy that raises decides nothing for that Event, the
others go on without it, and the alarm ``correlation.failed`` names it.
"""

from collections.abc import Callable
from typing import NamedTuple

from actors.correlator.draft import Draft
from protocols.alarm import Alarm

ROUNDS = 8
"""Rounds in which the changes of strategies are shown to the others, for one Event."""


class Strategy(NamedTuple):
    """``touched(draft, before, alarm)``: an alarm as it was before this Event (None: new) and as it is now.
    ``due(draft, subject)``: a timer that was set with ``draft.wake`` under this name. ``repeated(draft, before, alarm)``: an
    open alarm that was reported once more and did not change otherwise. None of them reads anything but the State, the Draft
    and its arguments."""

    name: str
    touched: Callable[[Draft, Alarm | None, Alarm], None]
    due: Callable[[Draft, str], None] | None = None
    repeated: Callable[[Draft, Alarm, Alarm], None] | None = None


def correlate(draft: Draft, strategies: tuple[Strategy, ...], touched: list[tuple[Alarm | None, Alarm]]) -> None:
    """Show each strategy the alarms that were touched, then those that the strategies touched in turn, until none is left or
    the rounds are over."""
    now = draft.alarms
    for _ in range(ROUNDS):
        for before, alarm in touched:
            for strategy in strategies:
                strategy.touched(draft, before, now.get(alarm.id, alarm))
        touched = draft.touched()
        if not touched:
            return


def raised(before: Alarm | None, alarm: Alarm) -> bool:
    """True when the alarm is open now and was not: new or re-opened."""
    return alarm.cleared_at is None and (before is None or before.cleared_at is not None)


def ended(before: Alarm | None, alarm: Alarm) -> bool:
    """True when the alarm is cleared now and was open (or unknown)."""
    return alarm.cleared_at is not None and (before is None or before.cleared_at is None)

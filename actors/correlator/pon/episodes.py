"""Which losses began together: the losses that one instant explains.

A report comes later than its loss. An OLT reports a dying gasp at once, and a loss of signal when it has lasted for the soak
time of the OLT: 0 to 3 s or some 10 s, the same for all its ONTs. Both may then wait in the OLT's queue, which sends 5 to 50
traps a second. So each loss began in an interval before its report, and losses began together when all their intervals have an
instant in common. Losses that follow one another in a trickle have none, however short the gap from each to the next. Pure.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from actors.correlator.pon.cause import Evidence
from actors.correlator.pon.likelihood import ODDS, Odds
from actors.correlator.pon.memory import PortLosses

SPREAD = timedelta(seconds=3)
"""Losses of signal of one event are noticed within this time of one another: the soak time is the same, the OLT's next look at
each ONT is not."""
_GASPS = timedelta(seconds=1.5)
"""Dying gasps of one event are reported within this time of one another: power supplies hold on for different times."""
_FOUND = timedelta(seconds=6)
"""The same for losses that a read found."""
STRAGGLES = timedelta(seconds=6)
"""A few losses may be reported so long after many others that they began together with. Losses that trickle follow no many."""
SOAK = timedelta(seconds=12)
"""The longest time from a loss of signal to its report, without the queue."""
_OVERTAKEN = timedelta(seconds=1)
"""A loss of signal may arrive so long before the dying gasp that the OLT sent first."""

_AT_ONCE = 0.5
"""Seconds that two reports of one instant differ at least."""
_MOST = 0.2
"""The highest prior of a fault of a single ONT."""
_FEWEST_GASP, _USUAL_GASP, _MOST_GASP = 0.5, 0.75, 0.89
"""The share of the reported ONTs without power that send a dying gasp: its bounds, and what is usual."""
_FEW_GASPS = math.log(0.3)
"""Share of the outages with fewer dying gasps than usual."""


def episodes(found: Iterable[Evidence], leg_of: Callable[[str], str] | None = None) -> list[list[Evidence]]:
    """Groups of losses that began together, oldest first, each in the order of its reports. ``leg_of``: the splitter of an
    ONT."""
    ordered = sorted(found, key=lambda one: (one.onset, one.ont))
    dark = _together([each for each in ordered if not each.gasped])
    gasped = _together([each for each in ordered if each.gasped])
    alone: list[list[Evidence]] = []
    for group in dark:
        # The latest dying gasps that the same loss of power may have caused.
        heirs = [each for each in gasped if _of_one_event(each, group)]
        if heirs and not (leg_of is not None and _of_other_legs(heirs[-1], group, leg_of)):
            heirs[-1] += group
        else:
            alone.append(group)
    for group in gasped:
        group.sort(key=lambda one: (one.onset, one.ont))
    return sorted((*alone, *gasped), key=lambda group: (group[0].onset, group[0].ont))


def is_of(episode: Sequence[Evidence], at: datetime) -> bool:
    """True when what was reported at that time without regard to queues, as a port's own loss of light, may belong to the
    episode."""
    return min(each.earliest for each in episode) - SOAK <= at <= episode[-1].onset + SOAK


def may_be_of(found: Evidence, at: datetime) -> bool:
    """True when the loss may have begun together with an outage that was concluded at that time."""
    return found.earliest - (_FOUND if found.gasped else SOAK) <= at <= found.onset + _FOUND


def odds_of(losses: PortLosses | None, episode: Sequence[Evidence], onts: int) -> Odds:
    """The table for an episode on a port of so many ONTs. Where ONTs come and go one by one, some do so within the time of the
    episode by chance. The share of ONTs that send a dying gasp is that of the episode, where it has both kinds."""
    odds = ODDS
    if len(episode) < 2:
        return odds
    reports = [each.gasped for each in episode if not each.found]
    if 0 < (gasps := sum(reports)) < len(reports):
        share = min(_MOST_GASP, max(_FEWEST_GASP, (gasps + 0.5) / (len(reports) + 1.0)))
        reported = 1.0 - math.exp(odds.under_power["silent"])
        gasp, dark = math.log(reported * share), math.log(reported * (1.0 - share))
        under = {**odds.under_power, "gasp": gasp, "found_gasp": gasp, "dark": dark, "found_dark": dark}
        odds = odds._replace(under_power=under, area=odds.area + (_FEW_GASPS if share < _USUAL_GASP else 0.0))
    begun, ended = episode[0].onset, episode[-1].onset
    chance = losses.rate(begun, ended) * max(_AT_ONCE, (ended - begun).total_seconds()) / onts if losses is not None else 0.0
    if not chance:
        return odds
    single = math.log(min(_MOST, chance))
    return odds._replace(drop=max(odds.drop, single), customer=max(odds.customer, single))


def _together(ordered: Sequence[Evidence]) -> list[list[Evidence]]:
    """Losses of one kind, in the order of their reports, in groups that have an instant in common: split at the longest pause
    between two reports until all of a group have one."""
    done: list[list[Evidence]] = []
    waiting = [list(ordered)] if ordered else []
    while waiting:
        group = waiting.pop()
        if max(_begun(each) for each in group) <= group[0].onset:
            done.append(group)
            continue
        split = max(range(1, len(group)), key=lambda at: (_pause(group, at), at))
        waiting += [group[split:], group[:split]]
    return _with_stragglers(done)


def _with_stragglers(groups: list[list[Evidence]]) -> list[list[Evidence]]:
    """The groups, where each that has many losses takes in the few that straggle after it."""
    kept: list[list[Evidence]] = []
    for group in groups:
        many = kept[-1] if kept else []
        if 3 * len(group) <= len(many) and max(map(_begun, group)) <= many[0].onset + STRAGGLES - SPREAD:
            many += group
        else:
            kept.append(group)
    return kept


def _pause(group: Sequence[Evidence], at: int) -> timedelta:
    return max(timedelta(0), group[at].earliest - group[at - 1].onset)


def _begun(found: Evidence) -> datetime:
    """The earliest time at which the loss can have begun, beside the soak time that all have."""
    return found.earliest - (_FOUND if found.found else _GASPS if found.gasped else SPREAD)


def _of_other_legs(power: Sequence[Evidence], dark: Sequence[Evidence], leg_of: Callable[[str], str]) -> bool:
    """True when other losses of signal belong to these dying gasps already, and this second group, which the OLT noticed at
    another time, has legs of its own. Some of the records may be wrong."""
    if all(each.gasped for each in power):
        return False
    legs = {leg_of(each.ont) for each in power}
    others = [each for each in dark if leg_of(each.ont) not in legs]
    return len(others) > 1 and 4 * len(others) >= 3 * len(dark)


def _of_one_event(gasped: Sequence[Evidence], dark: Sequence[Evidence]) -> bool:
    """True when losses of signal may come from the loss of power that dying gasps reported: at a soak time that all have."""
    gasps = [each for each in gasped if each.gasped]
    first_dark, last_dark = dark[0].onset, max(_begun(each) for each in dark)
    return max(_begun(each) for each in gasps) <= first_dark + _OVERTAKEN and last_dark - SOAK <= gasps[0].onset

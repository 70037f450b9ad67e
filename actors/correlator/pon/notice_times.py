"""When the OLT noticed that the ONTs were gone: of one event within seconds, since the soak time is the same for all.

Dying gasps say nothing about it, since they are sent at once. A splitter whose ONTs are noticed seconds after all others of an
outage went dark by an event of its own. Pure, but for :func:`noticed`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from actors.correlator.draft import Draft
from actors.correlator.pon.cause import Evidence
from actors.correlator.pon.episodes import SPREAD

_CLEAR: Final = 1.0
"""Seconds between the two groups from which it counts."""
_WITH_GASP: Final = timedelta(seconds=1.5)
"""An OLT that reports the loss so soon after the dying gasp may have concluded it from that."""
_LEAST: Final = math.log(1e-3)
"""The smallest probability: some OLTs look at their ONTs leg by leg."""


class Noticed(NamedTuple):
    """The time of the report that an ONT is gone, and the time since when it may have waited in the OLT's queue. ``gasped``:
    its dying gasp just before may have told the OLT."""

    earliest: datetime
    at: datetime
    gasped: bool = False


def noticed(draft: Draft, found: Evidence) -> Noticed | None:
    """When the OLT noticed the loss of this ONT; None: only its dying gasp was reported."""
    if not found.gasped:
        return Noticed(found.earliest, found.onset)
    symptoms = draft.state.symptoms
    times = [alarm.received_at for each in found.alarms if not symptoms[(alarm := draft.alarm(each)).alarm_type].gasp]
    return Noticed(found.earliest, min(times), gasped=min(times) - found.onset < _WITH_GASP) if times else None


def times_of(draft: Draft, onts: Iterable[str], lost: Mapping[str, Evidence]) -> dict[str, Noticed]:
    """When the OLT noticed those of ``onts`` whose loss is in ``lost``."""
    return {ont: at for ont in onts if ont in lost and (at := noticed(draft, lost[ont])) is not None}


def apart_from(draft: Draft, mine: Sequence[Evidence], others: Iterable[Evidence]) -> float:
    """:func:`by_chance` for the ONTs below a splitter and the others that their OLT noticed: each OLT has its own soak time."""
    plant = draft.state.plant
    device = plant.device_of(mine[0].ont)
    below = {each.ont for each in mine}
    beside = [each for each in others if each.ont not in below and plant.device_of(each.ont) == device]
    times = [[at for each in group if (at := noticed(draft, each)) is not None] for group in (mine, beside)]
    return by_chance(*times)


def by_chance(mine: Sequence[Noticed], others: Sequence[Noticed]) -> float:
    """The logarithm of the probability that one event is noticed at ``mine`` so long after, or before, all ``others``; 0.0 when
    the two are not apart. Times that dying gasps may have told count as one."""
    dark = [each for each in others if not each.gasped]
    if not mine or not others:
        return 0.0
    after = (min(each.earliest for each in mine) - max(each.at for each in others)).total_seconds()
    before = (min(each.earliest for each in others) - max(each.at for each in mine)).total_seconds()
    gap = max(after, before)
    if gap < _CLEAR:
        return 0.0
    both = (*mine, *others)
    extent = max(SPREAD.total_seconds(), (max(each.at for each in both) - min(each.at for each in both)).total_seconds())
    # The times of one event are spread evenly: none of them falls into the gap but the two beside it.
    between = len(mine) + len(dark) + (len(dark) < len(others)) - 2
    return max(_LEAST, between * math.log(max(1e-3, 1.0 - gap / extent)))

"""The exclusions that operators stated for an instance: by their scopes, within a span of time."""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from actors.sla_clock.state import SlaState
from protocols.recurrence.occurrences import to_wall, zone_of
from protocols.recurrence.within import occurrences_within
from protocols.sla.exclusion import SlaExclusion
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval
from protocols.sla.local_time import SECOND, wall_time


class StatedTime(NamedTuple):
    """One occurrence of an exclusion."""

    start: int
    end: int
    exclusion: SlaExclusion


class _Recurring(NamedTuple):
    """An exclusion as a plan that recurs."""

    start: datetime
    local_start: datetime
    time_zone: str
    duration_seconds: float
    recurrence: str
    exceptions: tuple[str, ...] = ()


def stated_times(state: SlaState, instance: SlaInstance, definition_id: str, span: Interval) -> list[StatedTime]:
    """Every occurrence within ``span`` of the exclusions that cover an instance, by start. ``definition_id``: the definition by
    which it was measured then, which can be a former one."""
    if not state.exclusions:
        return []
    found: list[StatedTime] = []
    keys = keys_of(state, instance, definition_id)
    for exclusion_id in dict.fromkeys(each for key in keys for each in state.exclusions_at.get(key, ())):
        exclusion = state.exclusions[exclusion_id]
        if exclusion.withdrawn_at is None and exclusion.tenant_id in (None, instance.tenant_id):
            found += [StatedTime(*each, exclusion) for each in occurrences_of(exclusion, span)]
    return sorted(found, key=lambda each: (each.start, each.end, each.exclusion.id))


def keys_of(state: SlaState, instance: SlaInstance, definition_id: str) -> list[str]:
    """The keys of scopes that cover an instance while it is measured by this definition."""
    above = dict.fromkeys(node for resource in instance.resources for node in state.plant.above(resource))
    return [
        f"instance:{instance.id}",
        f"service:{instance.service_id}",
        f"customer:{instance.customer_id}",
        f"definition:{definition_id}",
        "",
        *(f"node:{node}" for node in above),
    ]


def occurrences_of(exclusion: SlaExclusion, span: Interval) -> list[Interval]:
    """The times of an exclusion that overlap ``span``."""
    if not exclusion.rrule:
        return [(exclusion.start, exclusion.end)] if exclusion.start < span[1] and exclusion.end > span[0] else []
    return _recurring(exclusion.rrule, exclusion.time_zone, (exclusion.start, exclusion.end), span)


@lru_cache(maxsize=1_024)
def _recurring(rrule: str, time_zone: str, first: Interval, span: Interval) -> list[Interval]:
    """Kept, since all instances of a definition ask for the same period. The result is not to be altered."""
    start = wall_time(first[0], zone_of(time_zone))
    plan = _Recurring(start, to_wall(start, zone_of(time_zone)), time_zone, (first[1] - first[0]) / SECOND, rrule)
    found: list[Interval] = []
    since, end = span
    while since < end:
        some, since = occurrences_within(plan, since, end)
        # Asked again, it begins with those that still last.
        found += [each for each in some if not found or each[0] > found[-1][0]]
    return found

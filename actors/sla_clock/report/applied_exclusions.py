"""The exclusions of an instance in a period by their category, each with its reason and its author."""

from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.evidence.planned_work import Work, excused_time
from actors.sla_clock.evidence.stated import StatedTime, stated_times
from actors.sla_clock.evidence.timelines import EvidenceReader, excluded_power
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval, Timeline, clip, union
from protocols.sla.local_time import wall_time
from protocols.sla.report import AppliedExclusion

BY_STAGE: Final = "faultd:sla_clock"
MOST_LOOKED_UP: Final = 50
"""Times of planned work whose windows are looked up one by one."""
MOST_TITLES: Final = 3
"""Maintenance windows that one exclusion names."""


class ExclusionTimes(NamedTuple):
    """The exclusions of a period, by their source. ``planned`` has the work, ``maintenance`` the part of its time that excuses.
    ``zone``: that of the definition."""

    zone: ZoneInfo
    maintenance: Timeline
    planned: list[Work]
    stated: list[StatedTime]
    own_power: Timeline


def exclusion_times(reader: EvidenceReader, instance: SlaInstance, period: Period) -> ExclusionTimes:
    """As :func:`actors.sla_clock.evidence.exclusions.exclusions_of`, before the sources are joined."""
    terms, evidence = period.definition.terms, reader.of(instance)
    planned: list[Work] = []
    if terms.exclude_maintenance:
        planned = reader.maintenance.planned(instance, period.interval, terms.maintenance_notice)
    return ExclusionTimes(
        ZoneInfo(terms.period.zone),
        excused_time(planned, evidence.down),
        planned,
        stated_times(reader.state, instance, period.definition.id, period.interval),
        union(excluded_power(terms, evidence)),
    )


def applied_exclusions(
    reader: EvidenceReader, instance: SlaInstance, times: ExclusionTimes, contract: Timeline
) -> list[AppliedExclusion]:
    """Each with the part that lies within ``contract``, the contract time of the period; by start. Several can overlap."""
    found: list[AppliedExclusion] = []
    for bounds in contract:
        found += _maintenance(reader, instance, times, clip(times.maintenance, bounds))
        for stated in times.stated:
            for start, end in clip([(stated.start, stated.end)], bounds):
                each = stated.exclusion
                found.append(
                    AppliedExclusion(
                        category=each.category,
                        start=start,
                        end=end,
                        reason=f"{each.id}: {each.reason}",
                        author=each.created_by,
                    )
                )
        for start, end in clip(times.own_power, bounds):
            text = "the ONT reported the loss of its own electrical power, and no fault of the network explains it"
            found.append(AppliedExclusion(category="customer_power", start=start, end=end, reason=text, author=BY_STAGE))
    return sorted(found, key=lambda each: (each.start, each.end, each.category, each.reason))


def _maintenance(
    reader: EvidenceReader, instance: SlaInstance, times: ExclusionTimes, spans: Timeline
) -> list[AppliedExclusion]:
    """A window that opens every hour is looked up once for all of its times."""
    if len(spans) > MOST_LOOKED_UP:
        reason, author = _windows(reader, instance, times, (spans[0][0], spans[-1][1]), announced=False)
        described = [(span, reason, author) for span in spans]
    else:
        described = [(span, *_windows(reader, instance, times, span, announced=True)) for span in spans]
    return [
        AppliedExclusion(category="maintenance", start=start, end=end, reason=reason, author=author)
        for (start, end), reason, author in described
    ]


def _windows(
    reader: EvidenceReader, instance: SlaInstance, times: ExclusionTimes, span: Interval, *, announced: bool
) -> tuple[str, str]:
    """The titles and the authors of the windows that are open within ``span``."""
    windows = reader.maintenance.covering(instance, span)
    titles = [f"{each.id}: {each.title}" for each in windows[:MOST_TITLES]]
    if len(windows) > MOST_TITLES:
        titles.append(f"and {len(windows) - MOST_TITLES} more")
    if announced:
        found = [each.announced_at for each in times.planned if each.start < span[1] and span[0] < each.end]
        titles += [f"announced {wall_time(max(found), times.zone).isoformat(' ')}"] if found else []
    authors = dict.fromkeys(each.created_by for each in windows)
    return ", ".join(titles), ", ".join(authors) or BY_STAGE

"""Mistakes in the terms of a definition, in a contract and in an exclusion, each with its field as REST names it. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

from actors.command_checks import Mistake
from actors.sla_clock.availability import BILLION
from protocols.recurrence.occurrences import HORIZON_YEARS, series, to_wall, zone_of
from protocols.recurrence.rule import PlanError
from protocols.rest_fields import EARLIEST, LATEST
from protocols.sla.business_time import DAY, BusinessCalendar, Hours
from protocols.sla.credit_models import mistakes_of
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.exclusion import ExclusionPlan
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND, instant_at, wall_time
from protocols.sla.performance_rule import PerformanceRule
from protocols.sla.periods import PeriodRule
from protocols.toml_lines import dotted

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_DAYS = 3_660
"""Days of a period, at most."""
MOST_DATES = 10_000
"""Holidays and exceptions of a calendar, at most."""
MOST_RESOURCES = 64
"""Redundant resources of an instance, at most."""
_DAY = DAY * SECOND
_LONGEST_LIMIT = MOST_DAYS * _DAY
_FIRST, _LAST = instant_at(EARLIEST), instant_at(LATEST)
_MOST_LIMIT = 10**15
PERFORMANCE_UNITS = {"latency": 1_000, "bandwidth": 1_000_000}
PERFORMANCE_FIELDS = {"latency": "max_latency_ms", "packet_loss": "max_packet_loss_percent", "bandwidth": "min_bandwidth_mbps"}


def mistakes_of_terms(terms: SlaTerms) -> Iterator[Mistake]:
    """Everything in the terms that cannot be meant."""
    if not terms.name.strip():
        yield "name", "is empty"
    if terms.availability_target is not None and not 0 < terms.availability_target <= BILLION:
        yield "availability_target", "must be above 0 and at most 1 (99.9 % is 0.999)"
    yield from _period_mistakes(terms.period)
    if not 0 <= terms.outage_minimum <= _DAY:
        yield "outage_minimum_seconds", f"must be 0 to {DAY:,}"
    if not 0 <= terms.maintenance_notice <= 366 * _DAY:
        yield "maintenance_notice_hours", f"must be 0 to {366 * 24:,}"
    if not 1 <= terms.at_risk_percent <= 99:
        yield "at_risk_percent", "must be 1 to 99"
    for window, rate in terms.at_risk_burn_rates.items():
        if not 0 < rate <= 1_000_000:
            yield f"at_risk_burn_rates.{window}", "must be above 0 and at most 1,000"
    for clock, limits in (("response_time", terms.response), ("resolution_time", terms.resolution)):
        for severity, limit in limits.items():
            if severity == "cleared":
                yield f"{clock}_{severity}", "is no severity of an open alarm"
            if not 0 < limit <= _LONGEST_LIMIT:
                yield f"{clock}_{severity}", f"must be above 0 and at most {_LONGEST_LIMIT // (60 * SECOND):,} minutes"
    if terms.calendar is not None:
        yield from calendar_mistakes(terms.calendar)
    yield from _performance_mistakes(terms.performance)
    if terms.credits is not None:
        for path, text in mistakes_of(terms.credits):
            yield f"credit.{dotted(path)}", text


def calendar_mistakes(calendar: BusinessCalendar) -> Iterator[Mistake]:
    """Everything in a calendar that cannot be meant."""
    yield from _zone_mistakes("business_hours.time_zone", calendar.zone)
    if len(calendar.week) != len(WEEKDAYS):
        yield "business_hours", f"has {len(calendar.week)} weekdays; 7 are needed"
    for name, hours in zip(WEEKDAYS, calendar.week, strict=False):
        yield from _hours_mistakes(f"business_hours.{name}", hours)
    if not any(calendar.week) and not any(calendar.exceptions.values()):
        yield "business_hours", "has no hours at all: no clock would ever run; leave it out for all hours"
    for field, dates in (("holidays", calendar.holidays), ("exceptions", calendar.exceptions)):
        if len(dates) > MOST_DATES:
            yield f"business_hours.{field}", f"has {len(dates):,} dates; at most {MOST_DATES:,} are allowed"
    days: Mapping[date, tuple[Hours, ...]] = calendar.exceptions
    for day, hours in days.items():
        yield from _hours_mistakes(f"business_hours.exceptions.{day}", hours)


def mistakes_of_contract(instance: SlaInstance, definition: SlaDefinition) -> Iterator[Mistake]:
    """Everything in the contract of an instance that cannot be meant, or does not go with its definition."""
    for field, value in (("customer_id", instance.customer_id), ("service_id", instance.service_id)):
        if not value:
            yield field, "is empty"
    yield from _time_mistakes("start_date", instance.start)
    yield from _time_mistakes("end_date", instance.end)
    if instance.end is not None and instance.end <= instance.start:
        yield "end_date", "must be after start_date"
    if not 1 <= len(instance.resources) <= MOST_RESOURCES:
        yield "resources", f"has {len(instance.resources):,} items; 1 to {MOST_RESOURCES} are allowed"
    for resource, times in Counter(instance.resources).items():
        if times > 1:
            yield "resources", f"has {resource[:60]!r} more than once"
        if not resource:
            yield "resources", "has an empty name"
    yield from _money_mistakes(instance, definition)


def mistakes_of_span(plan: ExclusionPlan) -> Iterator[Mistake]:
    """Everything in an exclusion that cannot be meant."""
    if not plan.reason.strip():
        yield "reason", "is missing: a customer has to be told why"
    if not plan.scope.keys:
        yield "scope", "is empty: give instances, services, customers, resources, definitions, or everything"
    times = [*_time_mistakes("start_time", plan.start), *_time_mistakes("end_time", plan.end)]
    yield from times
    if plan.end <= plan.start:
        yield "end_time", "must be after start_time"
    elif plan.end - plan.start > _LONGEST_LIMIT:
        yield "end_time", f"is more than {MOST_DAYS:,} days after start_time"
    zone = list(_zone_mistakes("time_zone", plan.time_zone))
    yield from zone
    if plan.rrule and not times and not zone:
        yield from _recurrence_mistakes(plan)


def _recurrence_mistakes(plan: ExclusionPlan) -> Iterator[Mistake]:
    local = to_wall(wall_time(plan.start, ZoneInfo("UTC")), zone_of(plan.time_zone))
    try:
        first = next(series(plan.rrule, local, plan.time_zone, ()).walls(local), None)
    except PlanError as error:
        yield "rrule", error.text
    else:
        if first is None:
            yield "rrule", f"nothing occurs within {HORIZON_YEARS} years of start_time"


def _time_mistakes(field: str, at: int | None) -> Iterator[Mistake]:
    if at is not None and not _FIRST <= at < _LAST:
        yield field, f"must be from {EARLIEST.year} to {LATEST.year}"


def _money_mistakes(instance: SlaInstance, definition: SlaDefinition) -> Iterator[Mistake]:
    code = instance.currency
    if not 0 <= instance.monthly_fee < 10**15:
        yield "monthly_fee", "must be 0 or more, and below 10^15 minor units"
    if instance.monthly_fee > 0 and not code:
        yield "currency", "is missing; a fee has a currency"
    if code and not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        yield "currency", f"{code[:20]!r} is no currency; expected three capital letters (ISO 4217)"
    model = definition.terms.credits
    if model is not None and code and code != model.currency:
        yield "currency", f"is {code}, and the credits of definition {definition.id} are in {model.currency}"


def _period_mistakes(rule: PeriodRule) -> Iterator[Mistake]:
    yield from _zone_mistakes("time_zone", rule.zone)
    if rule.unit == "days" and not 1 <= rule.days <= MOST_DAYS:
        yield "measurement_period_days", f"must be 1 to {MOST_DAYS:,}"
    if rule.unit != "days" and rule.anchor.day > 28:
        yield "period_anchor", "a day of the month above 28 is missing in some months; expected 1 to 28"
    if not EARLIEST.year <= rule.anchor.year < LATEST.year:
        yield "period_anchor", f"must be from {EARLIEST.year} to {LATEST.year}"


def _zone_mistakes(field: str, name: str) -> Iterator[Mistake]:
    try:
        zone_of(name)
    except PlanError as error:
        yield field, error.text


def _hours_mistakes(field: str, hours: tuple[Hours, ...]) -> Iterator[Mistake]:
    for number, each in enumerate(hours):
        if not 0 <= each.start < DAY or not 0 < each.end <= DAY:
            yield f"{field}[{number}]", "must be times from 00:00 to 24:00"
        elif each.end <= each.start:
            yield f"{field}[{number}]", "ends before it begins, or at the same time; hours over midnight are two entries"
    for number, (one, other) in enumerate(pairwise(hours), 1):
        if other.start < one.end:
            yield f"{field}[{number}]", "overlaps the hours before it, or is not in their order"


def _performance_mistakes(rules: Iterable[PerformanceRule]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for rule in rules:
        field = PERFORMANCE_FIELDS[rule.metric]
        if rule.metric in seen:
            yield field, "is given more than once"
        seen.add(rule.metric)
        if rule.metric == "packet_loss" and not 0 <= rule.limit <= 1_000_000:
            yield field, "must be 0 to 100"
        elif rule.metric != "packet_loss" and not 0 < rule.limit < _MOST_LIMIT:
            yield field, f"must be above 0 and below {_MOST_LIMIT // PERFORMANCE_UNITS[rule.metric]:,}"
        if not SECOND <= rule.interval <= _DAY:
            yield "measurement_interval_seconds", f"must be 1 to {DAY:,}"
        if rule.lasts is not None and not 0 < rule.lasts <= _LONGEST_LIMIT:
            yield "violation_seconds", f"must be above 0 and at most {_LONGEST_LIMIT // SECOND:,}"

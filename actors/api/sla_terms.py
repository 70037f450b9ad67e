"""Bodies about definitions as the terms that the fold keeps, and back. Pure: no clock, no channel."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from actors.api.exact_numbers import ExactNumbers
from actors.api.public_holidays import UnknownHolidays, holidays_of, known_years
from protocols.rest_body import fields_for
from protocols.rest_sla_definitions import (
    BusinessHours,
    DefinitionCreate,
    DefinitionEdit,
    DefinitionShown,
    HoursShown,
    PublicHolidays,
)
from protocols.severity import Severity
from protocols.sla.business_time import BusinessCalendar, Hours
from protocols.sla.credit_models import CreditTerms
from protocols.sla.definition import BURN_WINDOWS, BurnWindow, SlaDefinition, SlaTerms, SlaTermsEdited
from protocols.sla.local_time import SECOND
from protocols.sla.performance_rule import PerformanceMetric, PerformanceRule
from protocols.sla.periods import PeriodRule

CreditModels = Mapping[str, CreditTerms]
"""Models of ``config/sla`` by the names of their files without ``.toml``."""
YEARS_AHEAD: Final = 10
"""Years for which a calendar has public holidays beyond this one. A later version of the definition has the years behind."""
ANCHOR: Final = date(2024, 1, 1)
"""A Monday, and the first day of a month, a quarter and a year."""
_MINUTE: Final = 60 * SECOND
_HOUR: Final = 3600 * SECOND
_TARGET: Final = 10**9
_LIMITS: Final[Mapping[PerformanceMetric, tuple[str, int, str]]] = {
    "latency": ("max_latency_ms", 1_000, "3 decimals at most"),
    "packet_loss": ("max_packet_loss_percent", 10_000, "4 decimals at most"),
    "bandwidth": ("min_bandwidth_mbps", 1_000_000, "6 decimals at most"),
}
_SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "major", "minor", "warning")
_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERFORMANCE: Final = (*(name for name, *_ in _LIMITS.values()), "violation_seconds", "measurement_interval_seconds")
_PERIOD: Final = ("measurement_period_days", "period", "time_zone", "period_anchor")
_SAME: Final = (
    "name",
    "service_type",
    "description",
    "sla_class",
    "unknown_counts_as",
    "customer_power",
    "exclude_maintenance",
    "at_risk_percent",
)


class TermsReader:
    """Reads bodies that are given in ``year``."""

    def __init__(self, models: CreditModels, year: int) -> None:
        self._models, self._year = models, year

    def create(self, body: DefinitionCreate) -> SlaTerms:
        """ProblemError 422 naming every field that cannot be kept exactly."""
        numbers = ExactNumbers()
        given = {name: getattr(body, name) for name in body.__struct_fields__}
        terms = SlaTerms(
            **{name: given[name] for name in _SAME},
            period=_period(given, PeriodRule("UTC", ANCHOR)),
            availability_target=_target(numbers, body.availability_target),
            outage_minimum=numbers.whole("outage_minimum_seconds", body.outage_minimum_seconds, SECOND, "6 decimals at most"),
            maintenance_notice=_notice(numbers, body.maintenance_notice_hours),
            response=_time_limits(numbers, "response_time", given, {}),
            resolution=_time_limits(numbers, "resolution_time", given, {}),
            at_risk_burn_rates=_burn_rates(numbers, body.at_risk_burn_rates),
            calendar=self._calendar(numbers, body.business_hours, body.time_zone),
            performance=_performance(numbers, given, ()),
            **self._credit(numbers, body.credit),
        )
        numbers.check()
        return terms

    def edit(self, body: DefinitionEdit, before: SlaTerms) -> SlaTermsEdited:
        """The fields to change of ``before``. ProblemError 422 as for :meth:`create`."""
        numbers = ExactNumbers()
        given = {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not UNSET}
        fields: dict[str, Any] = {name: given[name] for name in _SAME if name in given}
        if any(name in given for name in _PERIOD):
            fields["period"] = _period(given, before.period)
        if "availability_target" in given:
            fields["availability_target"] = _target(numbers, given["availability_target"])
        if "outage_minimum_seconds" in given:
            value = given["outage_minimum_seconds"]
            fields["outage_minimum"] = numbers.whole("outage_minimum_seconds", value, SECOND, "6 decimals at most")
        if "maintenance_notice_hours" in given:
            fields["maintenance_notice"] = _notice(numbers, given["maintenance_notice_hours"])
        for clock, limits in (("response", before.response), ("resolution", before.resolution)):
            if any(name.startswith(f"{clock}_time_") for name in given):
                fields[clock] = _time_limits(numbers, f"{clock}_time", given, limits)
        if "at_risk_burn_rates" in given:
            fields["at_risk_burn_rates"] = _burn_rates(numbers, given["at_risk_burn_rates"])
        if "business_hours" in given:
            zone = given.get("time_zone", before.period.zone)
            fields["calendar"] = self._calendar(numbers, given["business_hours"], zone)
        if any(name in given for name in _PERFORMANCE):
            fields["performance"] = _performance(numbers, given, before.performance)
        if "credit" in given:
            fields |= self._credit(numbers, given["credit"])
        numbers.check()
        return SlaTermsEdited(**fields)

    def _credit(self, numbers: ExactNumbers, credit: CreditTerms | str | None) -> dict[str, Any]:
        if not isinstance(credit, str):
            return {"credits": credit, "credit_file": ""}
        model = self._models.get(credit)
        if model is None:
            known = ", ".join(sorted(self._models)) or "none"
            numbers.wrong("credit", f"there is no file {credit[:60]!r} in config/sla; there are {known}")
        return {"credits": model, "credit_file": credit}

    def _calendar(self, numbers: ExactNumbers, body: BusinessHours | None, zone: str) -> BusinessCalendar | None:
        if body is None:
            return None
        holidays = dict(body.holiday_dates)
        if body.holidays is not None:
            try:
                holidays = {**self._public(body.holidays), **holidays}
            except UnknownHolidays as error:
                numbers.wrong(f"business_hours.holidays.{error.field}", error.message)
        return BusinessCalendar(
            body.time_zone or zone,
            tuple(_hours(numbers, f"business_hours.{day}", getattr(body, day)) for day in _WEEK),
            dict(sorted(holidays.items())),
            {day: _hours(numbers, f"business_hours.exceptions.{day}", hours) for day, hours in sorted(body.exceptions.items())},
        )

    def _public(self, wanted: PublicHolidays) -> dict[date, str]:
        """From the year before this one on, since corrections reach back, as far ahead as the package knows them."""
        first, last = known_years(wanted.country)
        since, until = max(first, self._year - 1), min(last, self._year + YEARS_AHEAD)
        return holidays_of(wanted.country, wanted.subdivision or None, wanted.categories, since, until)


def shown(definition: SlaDefinition, instances: int | None) -> DefinitionShown:
    """A definition as REST shows it."""
    terms = definition.terms
    limits = {rule.metric: rule for rule in terms.performance}
    first = terms.performance[0] if terms.performance else None
    numbers: dict[str, Any] = {
        name: _quotient(limits[metric].limit if metric in limits else None, unit) for metric, (name, unit, _) in _LIMITS.items()
    }
    for each in _SEVERITIES:
        numbers[f"response_time_{each}"] = _quotient(terms.response.get(each), _MINUTE)
        numbers[f"resolution_time_{each}"] = _quotient(terms.resolution.get(each), _MINUTE)
    return DefinitionShown(
        **fields_for(DefinitionShown, definition),
        **{name: getattr(terms, name) for name in _SAME},
        availability_target=_quotient(terms.availability_target, _TARGET),
        measurement_period_days=terms.period.days if terms.period.unit == "days" else None,
        period=None if terms.period.unit == "days" else terms.period.unit,
        time_zone=terms.period.zone,
        period_anchor=terms.period.anchor,
        **numbers,
        violation_seconds=_quotient(None if first is None else first.lasts, SECOND),
        measurement_interval_seconds=60.0 if first is None else first.interval / SECOND,
        business_hours=None if terms.calendar is None else _hours_shown(terms.calendar),
        maintenance_notice_hours=terms.maintenance_notice / _HOUR,
        outage_minimum_seconds=terms.outage_minimum / SECOND,
        at_risk_burn_rates={window: rate / 1000 for window, rate in terms.at_risk_burn_rates.items()},
        credit=terms.credits,
        credit_file=terms.credit_file,
        instances=instances,
        updated_at=definition.since,
        updated_by=definition.by,
        revision=definition.version,
    )


def _period(given: Mapping[str, Any], before: PeriodRule) -> PeriodRule:
    rule = replace(before, zone=given.get("time_zone") or before.zone, anchor=given.get("period_anchor") or before.anchor)
    if given.get("measurement_period_days") is not None:
        return replace(rule, unit="days", days=given["measurement_period_days"])
    return replace(rule, unit=given["period"]) if given.get("period") is not None else rule


def _target(numbers: ExactNumbers, value: Decimal | None) -> int | None:
    return None if value is None else numbers.whole("availability_target", value, _TARGET, "9 decimals at most")


def _notice(numbers: ExactNumbers, value: Decimal) -> int:
    return numbers.whole("maintenance_notice_hours", value, _HOUR, "a whole number of microseconds")


def _burn_rates(numbers: ExactNumbers, given: Mapping[BurnWindow, Decimal]) -> dict[BurnWindow, int]:
    return {
        window: numbers.whole(f"at_risk_burn_rates.{window}", given[window], 1000, "3 decimals at most")
        for window in BURN_WINDOWS
        if window in given
    }


def _time_limits(
    numbers: ExactNumbers, clock: str, given: Mapping[str, Any], before: Mapping[Severity, int]
) -> dict[Severity, int]:
    found = dict(before)
    for severity in _SEVERITIES:
        name = f"{clock}_{severity}"
        if name not in given:
            continue
        found.pop(severity, None)
        if given[name] is not None:
            found[severity] = numbers.whole(name, given[name], _MINUTE, "a whole number of microseconds")
    return {severity: found[severity] for severity in _SEVERITIES if severity in found}


def _performance(
    numbers: ExactNumbers, given: Mapping[str, Any], before: tuple[PerformanceRule, ...]
) -> tuple[PerformanceRule, ...]:
    interval, lasts = (before[0].interval, before[0].lasts) if before else (60 * SECOND, None)
    if "measurement_interval_seconds" in given:
        value = given["measurement_interval_seconds"]
        interval = numbers.whole("measurement_interval_seconds", value, SECOND, "6 decimals at most")
    if "violation_seconds" in given:
        value = given["violation_seconds"]
        lasts = None if value is None else numbers.whole("violation_seconds", value, SECOND, "6 decimals at most")
    limits: dict[PerformanceMetric, int] = {rule.metric: rule.limit for rule in before}
    for metric, (name, unit, most) in _LIMITS.items():
        if name in given:
            limits.pop(metric, None)
            if given[name] is not None:
                limits[metric] = numbers.whole(name, given[name], unit, most)
    if not limits:
        known = ", ".join(name for name, *_ in _LIMITS.values())
        for name, usual, value in (("violation_seconds", None, lasts), ("measurement_interval_seconds", _MINUTE, interval)):
            if name in given and value != usual:
                numbers.wrong(name, f"applies to limits, and there is none: give {known}")
    return tuple(PerformanceRule(metric, limits[metric], interval, lasts) for metric in _LIMITS if metric in limits)


def _hours(numbers: ExactNumbers, field: str, texts: tuple[str, ...]) -> tuple[Hours, ...]:
    found = []
    for number, text in enumerate(texts):
        (start_hour, start_minute), (end_hour, end_minute) = (each.split(":") for each in text.split("-"))
        if int(start_minute) > 59 or int(end_minute) > 59:
            numbers.wrong(f"{field}[{number}]", f"{text!r} has a minute above 59")
        start, end = int(start_hour) * 60 + int(start_minute), int(end_hour) * 60 + int(end_minute)
        found.append(Hours(start * 60, end * 60))
    return tuple(found)


def _hours_shown(calendar: BusinessCalendar) -> HoursShown:
    week: dict[str, Any] = {day: _texts(hours) for day, hours in zip(_WEEK, calendar.week, strict=True)}
    return HoursShown(
        time_zone=calendar.zone,
        **week,
        holiday_dates={day.isoformat(): name for day, name in calendar.holidays.items()},
        exceptions={day.isoformat(): _texts(hours) for day, hours in calendar.exceptions.items()},
    )


def _texts(hours: tuple[Hours, ...]) -> tuple[str, ...]:
    return tuple(f"{_clock(each.start)}-{_clock(each.end)}" for each in hours)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def _quotient(value: int | None, unit: int) -> float | None:
    """For display: the nearest float."""
    return None if value is None else value / unit

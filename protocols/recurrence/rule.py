"""Reader of RRULE texts (RFC 5545, 3.3.10). It is strict and names each mistake. It refuses a rule that recurs more often than
daily; BYHOUR and BYMINUTE give several starts a day."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, weekday
from msgspec import Struct

from protocols.rest_fields import EARLIEST, LATEST

FREQUENCIES: dict[str, Literal[0, 1, 2, 3]] = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY, "YEARLY": YEARLY}
MOST_OCCURRENCES = 1_000
"""COUNT at most."""
MOST_TIMES = 24
"""Starts in one day at most."""
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_DAY = re.compile(rf"([+-]?\d{{1,2}})?({'|'.join(_DAYS)})")


class PlanError(ValueError):
    """A plan that faultd cannot keep. ``field`` names the wrong field, ``text`` gives the reason."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field, self.text = field, text


class RecurrenceRule(Struct, frozen=True):
    """A recurrence rule. ``by``: the BY... parts and the week's start, as arguments of ``dateutil.rrule.rrule``."""

    frequency: Literal[0, 1, 2, 3]
    """dateutil's number of FREQ: a value of ``FREQUENCIES``."""
    interval: int
    by: dict[str, Any]
    count: int | None = None
    until: datetime | None = None
    """The last moment at which an occurrence may begin: aware, or of the wall clock."""


def read_rule(text: str) -> RecurrenceRule:
    """The rule in ``text``. Raises :class:`PlanError` naming ``recurrence`` and the part."""
    if "DTSTART" in text.upper() or "\n" in text.strip():
        raise _wrong("give the RRULE alone: DTSTART is the field start, and its TZID the field time_zone")
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, sign, value = part.partition("=")
        if not sign or not value:
            raise _wrong(f"{part[:40]!r} is not NAME=VALUE")
        if name in parts:
            raise _wrong(f"{name} is given twice")
        if name not in _KNOWN:
            raise _wrong(f"{name[:40]} is not known; known are {', '.join(sorted(_KNOWN))}")
        parts[name] = value
    frequency = parts.pop("FREQ", "")
    if frequency not in FREQUENCIES:
        raise _wrong(f"FREQ is {frequency or 'missing'}; it is one of {', '.join(FREQUENCIES)}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise _wrong("COUNT and UNTIL exclude each other")
    _check_combination(frequency, parts)
    by: dict[str, Any] = {"wkst": _DAYS.index(_one_of(parts.pop("WKST", "MO"), "WKST", _DAYS))}
    count = parts.pop("COUNT", None)
    until = parts.pop("UNTIL", None)
    interval = _number("INTERVAL", parts.pop("INTERVAL", "1"), 1, 1_000)
    for name, value in parts.items():
        key, low, high, signed = _BY[name]
        by[key] = _weekdays(value) if name == "BYDAY" else _numbers(name, value, low, high, signed)
    if len(by.get("byhour", "1")) * len(by.get("byminute", "1")) > MOST_TIMES:
        raise _wrong(f"BYHOUR and BYMINUTE give more than {MOST_TIMES} starts a day")
    return RecurrenceRule(
        frequency=FREQUENCIES[frequency],
        interval=interval,
        by=by,
        count=None if count is None else _number("COUNT", count, 1, MOST_OCCURRENCES),
        until=None if until is None else _until(until),
    )


_BY: dict[str, tuple[str, int, int, bool]] = {
    "BYMONTH": ("bymonth", 1, 12, False),
    "BYWEEKNO": ("byweekno", 1, 53, True),
    "BYYEARDAY": ("byyearday", 1, 366, True),
    "BYMONTHDAY": ("bymonthday", 1, 31, True),
    "BYDAY": ("byweekday", 1, 53, True),
    "BYHOUR": ("byhour", 0, 23, False),
    "BYMINUTE": ("byminute", 0, 59, False),
    "BYSETPOS": ("bysetpos", 1, 366, True),
}
_KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", *_BY}
_ONLY: dict[str, tuple[str, ...]] = {
    "BYWEEKNO": ("YEARLY",),
    "BYYEARDAY": ("YEARLY",),
    "BYMONTHDAY": ("DAILY", "MONTHLY", "YEARLY"),
}
"""With which frequencies RFC 5545 allows a part, where not with all."""


def _check_combination(frequency: str, parts: dict[str, str]) -> None:
    for name, allowed in _ONLY.items():
        if name in parts and frequency not in allowed:
            raise _wrong(f"{name} does not go with FREQ={frequency}")
    if any(sign.isdigit() for sign in parts.get("BYDAY", "")):
        if frequency not in ("MONTHLY", "YEARLY"):
            raise _wrong(f"BYDAY with a number does not go with FREQ={frequency}")
        if "BYWEEKNO" in parts:
            raise _wrong("BYDAY with a number does not go with BYWEEKNO")
    if "BYSETPOS" in parts and not any(name in parts for name in _BY if name != "BYSETPOS"):
        raise _wrong("BYSETPOS chooses from what another BY... part gives")


def _numbers(name: str, text: str, low: int, high: int, signed: bool) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_number(name, part, low, high, signed) for part in text.split(",")))


def _number(name: str, text: str, low: int, high: int, signed: bool = False) -> int:
    if not re.fullmatch(r"[+-]?\d{1,4}" if signed else r"\d{1,4}", text, re.ASCII):
        raise _wrong(f"{name}: {text[:40]!r} is no number that it can be")
    number = int(text)
    if not low <= abs(number) <= high:
        raise _wrong(f"{name}: {number} is not within {low} and {high}{', nor so from the end' if signed else ''}")
    return number


def _weekdays(text: str) -> tuple[Any, ...]:
    found = []
    for part in text.split(","):
        match = _DAY.fullmatch(part)
        if match is None:
            raise _wrong(f"BYDAY: {part[:40]!r} is no weekday such as MO, 1MO or -1MO")
        number = None if match[1] is None else _number("BYDAY", match[1], 1, 53, True)
        found.append(weekday(_DAYS.index(match[2]), number))
    return tuple(found)


def _one_of(text: str, name: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise _wrong(f"{name}: {text[:40]!r} is none of {', '.join(known)}")
    return text


def _until(text: str) -> datetime:
    """A date alone means all of that day. Calendars write the year 9999 for "without an end": kept as :data:`LATEST`."""
    match = _UNTIL.fullmatch(text)
    if match is None:
        raise _wrong(f"UNTIL: {text[:40]!r} is no time such as 20261231T220000Z")
    try:
        at = _moment(*match.groups())
    except ValueError as error:
        raise _wrong(f"UNTIL: {text[:40]!r}: {error}") from error
    if at.year < EARLIEST.year:
        raise _wrong(f"UNTIL: {text[:40]!r} is before {EARLIEST.year}")
    return at if at.year < LATEST.year else LATEST.replace(tzinfo=at.tzinfo)


def _moment(day: str, clock: str | None, zone: str | None) -> datetime:
    on = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    if clock is None:
        return datetime.combine(on, time(23, 59, 59)) + timedelta(microseconds=999_999)
    at = time(int(clock[:2]), int(clock[2:4]), int(clock[4:]))
    return datetime.combine(on, at, UTC if zone else None)


def _wrong(text: str) -> PlanError:
    return PlanError("recurrence", text)

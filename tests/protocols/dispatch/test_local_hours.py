"""Local hours by the wall clock of a zone: the interval that an instant is in, its end, and the next begin."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.dispatch.local_hours import interval_at, open_until, opens_at
from protocols.dispatch.quiet_hours import WEEKDAYS, LocalHours
from protocols.sla.local_time import instant_at, utc_time, wall_time

BERLIN = ZoneInfo("Europe/Berlin")


def hours(begin: str, end: str, *days: str) -> LocalHours:
    return msgspec.convert({"from": begin, "to": end, "days": days or WEEKDAYS}, LocalHours)


def found(each: LocalHours, at: str, zone: ZoneInfo = BERLIN) -> tuple[str, str] | None:
    interval = interval_at(each, zone, instant_at(datetime.fromisoformat(at)))
    if interval is None:
        return None
    start, end = (utc_time(instant).strftime("%d. %H:%M") for instant in interval)
    return start, end


@pytest.mark.parametrize(
    ("each", "at", "expected"),
    [
        (hours("09:00", "17:00"), "2026-03-02T07:59:59+00:00", None),
        (hours("09:00", "17:00"), "2026-03-02T08:00:00+00:00", ("02. 08:00", "02. 16:00")),
        (hours("09:00", "17:00"), "2026-03-02T16:00:00+00:00", None),
        (hours("09:00", "17:00", "tue"), "2026-03-02T12:00:00+00:00", None),
        (hours("22:00", "06:00", "mon"), "2026-03-02T04:00:00+00:00", None),
        (hours("22:00", "06:00", "mon"), "2026-03-03T04:59:59+00:00", ("02. 21:00", "03. 05:00")),
        (hours("22:00", "06:00", "mon"), "2026-03-03T05:00:00+00:00", None),
        (hours("00:00", "24:00", "mon"), "2026-03-02T22:59:59+00:00", ("01. 23:00", "02. 23:00")),
        (hours("00:00", "24:00", "mon"), "2026-03-02T23:00:00+00:00", None),
        # From a time until the same time is a whole day.
        (hours("08:00", "08:00", "mon"), "2026-03-03T06:59:59+00:00", ("02. 07:00", "03. 07:00")),
        (hours("24:00", "06:00", "mon"), "2026-03-03T01:00:00+00:00", ("02. 23:00", "03. 05:00")),
        # The night of 29 March 2026 is an hour shorter, that of 25 October an hour longer.
        (hours("22:00", "06:00"), "2026-03-29T03:59:59+00:00", ("28. 21:00", "29. 04:00")),
        (hours("22:00", "06:00"), "2026-10-25T04:59:59+00:00", ("24. 20:00", "25. 05:00")),
        # 02:30 is skipped: the offset before the change counts.
        (hours("02:30", "04:00"), "2026-03-29T01:30:00+00:00", ("29. 01:30", "29. 02:00")),
        (hours("01:00", "02:30"), "2026-03-29T01:29:00+00:00", ("29. 00:00", "29. 01:30")),
        # 02:30 comes twice: the first counts.
        (hours("01:00", "02:30"), "2026-10-25T00:29:00+00:00", ("24. 23:00", "25. 00:30")),
        (hours("01:00", "02:30"), "2026-10-25T01:15:00+00:00", None),
        (hours("02:30", "03:30"), "2026-10-25T01:15:00+00:00", ("25. 00:30", "25. 02:30")),
    ],
)
def test_the_interval_is_by_the_wall_clock(each: LocalHours, at: str, expected: tuple[str, str] | None) -> None:
    assert found(each, at) == expected


CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda at: f"{at[0]:02}:{at[1]:02}")


@given(CLOCKS, CLOCKS, st.sampled_from(["UTC", "Etc/GMT-14", "Etc/GMT+12"]), st.integers(0, 4 * 10**15))
def test_in_a_zone_that_never_changes_it_is_what_the_wall_clock_shows(begin: str, end: str, zone: str, instant: int) -> None:
    shown = wall_time(instant, ZoneInfo(zone)).strftime("%H:%M")
    expected = begin <= shown < end if begin < end else shown >= begin or shown < end
    interval = interval_at(hours(begin, end), ZoneInfo(zone), instant)
    assert (interval is not None) is expected
    assert interval is None or interval[0] <= instant < interval[1]


NIGHT = LocalHours(begin="22:00", end="06:00")
WORK = LocalHours(begin="09:00", end="17:00", days=("mon", "tue", "wed", "thu", "fri"))
ALWAYS = LocalHours(begin="00:00", end="24:00")


def local(text: str) -> int:
    """The instant of a local time of Berlin."""
    return instant_at(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        (NIGHT, "2026-11-30T21:59:59", None),
        (NIGHT, "2026-11-30T22:00", "2026-12-01T06:00"),
        (NIGHT, "2026-12-01T05:59:59", "2026-12-01T06:00"),
        (NIGHT, "2026-12-01T06:00", None),
        (NIGHT, "2026-10-25T01:00", "2026-10-25T06:00"),
        (WORK, "2026-11-28T12:00", None),
        (WORK, "2026-11-30T12:00", "2026-11-30T17:00"),
        (LocalHours(begin="18:00", end="24:00", days=("sun",)), "2026-11-29T23:00", "2026-11-30T00:00"),
        # Two days in a row are one time.
        (LocalHours(begin="18:00", end="18:00", days=("fri", "sat")), "2026-11-28T01:00", "2026-11-29T18:00"),
    ],
)
def test_hours_hold_until(hours: LocalHours, now: str, until: str | None) -> None:
    assert open_until(hours, BERLIN, local(now)) == (None if until is None else local(until))


def test_hours_that_never_end_reach_further_than_a_week() -> None:
    found = open_until(ALWAYS, BERLIN, local("2026-11-30T12:00"))
    assert found is not None
    assert (utc_time(found) - utc_time(local("2026-11-30T12:00"))).days >= 16


@pytest.mark.parametrize(
    ("hours", "now", "begin"),
    [
        (WORK, "2026-11-30T06:00", "2026-11-30T09:00"),
        (WORK, "2026-11-30T09:00", "2026-11-30T09:00"),
        (WORK, "2026-11-30T16:59:59", "2026-11-30T16:59:59"),
        (WORK, "2026-11-27T17:00", "2026-11-30T09:00"),
        (LocalHours(begin="09:00", end="10:00", days=("mon",)), "2026-11-30T10:00", "2026-12-07T09:00"),
        (LocalHours(begin="02:30", end="03:15", days=("sun",)), "2027-03-22T01:00", "2027-04-04T02:30"),
        # 02:30 is skipped on 28 March 2027: the instant that the clock shows as 03:30.
        (LocalHours(begin="02:30", end="05:00"), "2027-03-28T01:00", "2027-03-28T03:30"),
    ],
)
def test_hours_begin_next(hours: LocalHours, now: str, begin: str) -> None:
    assert opens_at(hours, BERLIN, local(now)) == local(begin)


def test_hours_that_the_clock_skips_whole_begin_a_day_later() -> None:
    """02:30 becomes 03:30, behind the end at 03:15: nothing is left of that day's hours."""
    skipped = LocalHours(begin="02:30", end="03:15")
    assert opens_at(skipped, BERLIN, local("2027-03-28T01:00")) == local("2027-03-29T02:30")

"""Local hours: the interval that an instant is in, by the wall clock of a zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.dispatch.quiet_hours import WEEKDAYS, LocalHours, interval_at
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

"""Hours of a week by the wall clock: when they hold, when they end, and when they begin next."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from protocols.dispatch.local_hours import open_until, opens_at
from protocols.dispatch.quiet_hours import LocalHours
from protocols.sla.local_time import instant_at, utc_time

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = LocalHours(begin="22:00", end="06:00")
WORK = LocalHours(begin="09:00", end="17:00", days=("mon", "tue", "wed", "thu", "fri"))
ALWAYS = LocalHours(begin="00:00", end="24:00")


def at(text: str) -> int:
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
    assert open_until(hours, BERLIN, at(now)) == (None if until is None else at(until))


def test_hours_that_never_end_reach_further_than_a_week() -> None:
    found = open_until(ALWAYS, BERLIN, at("2026-11-30T12:00"))
    assert found is not None
    assert (utc_time(found) - utc_time(at("2026-11-30T12:00"))).days >= 16


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
    assert opens_at(hours, BERLIN, at(now)) == at(begin)


def test_hours_that_the_clock_skips_whole_begin_a_day_later() -> None:
    """02:30 becomes 03:30, behind the end at 03:15: nothing is left of that day's hours."""
    skipped = LocalHours(begin="02:30", end="03:15")
    assert opens_at(skipped, BERLIN, at("2027-03-28T01:00")) == at("2027-03-29T02:30")

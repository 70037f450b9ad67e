"""Business time: the cases of operators, and any calendar against a walk minute by minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.trusted_clock import instant, micros
from protocols.sla.business_time import FOREVER, BusinessCalendar, Hours, due_at, elapsed
from protocols.sla.intervals import Interval, union

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000_000
MINUTE = 60_000_000


def workdays(start: int, end: int, **more: object) -> BusinessCalendar:
    """Monday to Friday, whole hours, in Berlin."""
    week = ((Hours(start * 3600, end * 3600),),) * 5 + ((), ())
    return BusinessCalendar("Europe/Berlin", week, **more)  # type: ignore[arg-type]


def at(text: str) -> int:
    """The instant of a local time of Berlin."""
    return micros(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


MON, TUE, FRI, NEXT_MON = "2026-11-30", "2026-12-01", "2026-12-04", "2026-12-07"


@pytest.mark.parametrize(
    ("calendar", "raised", "hours", "pauses", "due"),
    [
        (workdays(8, 18), f"{MON}T17:00", 4, [], f"{TUE}T11:00"),
        (workdays(8, 18), f"{MON}T17:00", 3, [], f"{TUE}T10:00"),
        (workdays(9, 18), f"{FRI}T16:00", 8, [(f"{FRI}T17:00", f"{NEXT_MON}T09:00")], f"{NEXT_MON}T16:00"),
        (workdays(9, 18), f"{FRI}T16:00", 8, [(f"{FRI}T18:00", f"{NEXT_MON}T09:00")], f"{NEXT_MON}T15:00"),
        (workdays(8, 18), f"{FRI}T16:00", 2, [], f"{FRI}T18:00"),
        (workdays(8, 18, holidays={date(2026, 12, 1): "a holiday"}), f"{MON}T17:00", 4, [], "2026-12-02T11:00"),
        (
            workdays(8, 18, exceptions={date(2026, 12, 5): (Hours(36_000, 43_200),)}),
            f"{FRI}T17:00",
            2,
            [],
            "2026-12-05T11:00",
        ),
        (None, "2026-10-25T01:00", 3, [], "2026-10-25T03:00"),
    ],
)
def test_a_clock_is_due_in_business_time(
    calendar: BusinessCalendar | None, raised: str, hours: int, pauses: list[tuple[str, str]], due: str
) -> None:
    stopped = union((at(start), at(end)) for start, end in pauses)
    found = due_at(calendar, at(raised), hours * HOUR, stopped)
    assert found is not None
    assert instant(found) == instant(at(due))
    assert elapsed(calendar, at(raised), found, stopped) == hours * HOUR


def test_a_pause_outside_business_hours_moves_nothing() -> None:
    calendar = workdays(9, 18)
    pause = [(at(f"{FRI}T18:00"), at(f"{NEXT_MON}T09:00"))]
    assert due_at(calendar, at(f"{FRI}T16:00"), 8 * HOUR, pause) == due_at(calendar, at(f"{FRI}T16:00"), 8 * HOUR)


def test_a_calendar_without_business_time_is_never_due() -> None:
    assert due_at(BusinessCalendar("UTC", ((),) * 7), at(f"{MON}T17:00"), HOUR) is None


@pytest.mark.parametrize("calendar", [None, workdays(8, 18)])
def test_a_clock_paused_without_end_is_due_only_if_its_time_was_up_before(calendar: BusinessCalendar | None) -> None:
    pauses = [(at(f"{MON}T17:30"), FOREVER)]
    assert due_at(calendar, at(f"{MON}T17:00"), HOUR // 2, pauses) == at(f"{MON}T17:30")
    assert due_at(calendar, at(f"{MON}T17:00"), HOUR // 2 + 1, pauses) is None


def test_a_pause_until_the_last_year_is_no_error() -> None:
    end = micros(datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    assert due_at(workdays(8, 18), at(f"{MON}T17:00"), 2 * HOUR, [(at(f"{MON}T17:30"), end)]) is None


days = st.lists(st.tuples(st.integers(0, 96), st.integers(0, 96)), max_size=2).map(
    lambda pairs: tuple(Hours(min(pair) * 900, max(pair) * 900) for pair in pairs if pair[0] != pair[1])
)
STARTS = [datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC), datetime(2028, 2, 27, tzinfo=UTC)]


@settings(max_examples=60)
@given(
    week=st.tuples(*[days] * 7),
    holiday=st.integers(0, 4),
    begin=st.sampled_from(STARTS),
    offset=st.integers(0, 2 * 1440),
    length=st.integers(0, 2 * 1440),
    pauses=st.lists(st.tuples(st.integers(0, 4 * 1440), st.integers(0, 4 * 1440)), max_size=3),
)
def test_elapsed_and_due_agree_with_a_walk_minute_by_minute(
    week: tuple[tuple[Hours, ...], ...],
    holiday: int,
    begin: datetime,
    offset: int,
    length: int,
    pauses: list[Interval],
) -> None:
    free = (begin + timedelta(days=holiday)).date()
    calendar = BusinessCalendar("Europe/Berlin", week, holidays={free: "a holiday"})
    start = begin + timedelta(minutes=offset)
    stopped = union((micros(begin) + one * MINUTE, micros(begin) + other * MINUTE) for one, other in pauses)

    def runs(moment: datetime) -> bool:
        wall = moment.astimezone(BERLIN)
        second = wall.hour * 3600 + wall.minute * 60
        if any(one <= micros(moment) < other for one, other in stopped) or wall.date() == free:
            return False
        return any(each.start <= second < each.end for each in week[wall.weekday()])

    if any(each.start % 86_400 in range(7200, 10801) or each.end in range(7200, 10801) for day in week for each in day):
        return  # edges within the hour of a change: their instants are held by the table of local times
    walked = sum(runs(start + timedelta(minutes=each)) for each in range(length))
    end = micros(start + timedelta(minutes=length))
    assert elapsed(calendar, micros(start), end, stopped) == walked * MINUTE
    if walked:
        due = due_at(calendar, micros(start), walked * MINUTE, stopped)
        assert due is not None
        assert due <= end
        assert elapsed(calendar, micros(start), due, stopped) == walked * MINUTE
        assert elapsed(calendar, micros(start), due - 1, stopped) == walked * MINUTE - 1

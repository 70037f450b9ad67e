"""Windows with times and rules at the ends of the calendar: refused with the field, or planned; never an error of the fold."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from vocabulary.world import World

from actors.correlator.windows.check import changed, window_of
from protocols.change import Answer, Quarantined
from protocols.command import PutWindow
from protocols.maintenance import PlanChanges, WindowPlan, WindowScope
from protocols.recurrence.occurrences import standing
from protocols.recurrence.rule import PlanError, read_rule
from protocols.rest_fields import LATEST

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
SCOPE = WindowScope(alarm_types=("x",))
ZONES = ("UTC", "Europe/Berlin", "Pacific/Apia", "Etc/GMT+12", "Etc/GMT-14", "America/St_Johns")

ends = st.sampled_from(
    [
        datetime.min,  # noqa: DTZ901
        datetime.max,  # noqa: DTZ901
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(1970, 1, 1),  # noqa: DTZ001
        datetime(2199, 12, 31, 23, 59, 59),  # noqa: DTZ001
        datetime(2027, 3, 28, 2, 30),  # noqa: DTZ001
    ]
)
starts = ends | st.datetimes() | st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1))  # noqa: DTZ001
untils = st.sampled_from(["99991231T235959Z", "99991231", "00010101", "00010101T000000Z", "20300101T000000", "20270229"])
rules = st.builds(
    lambda frequency, parts: ";".join([f"FREQ={frequency}", *parts]),
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.lists(
        untils.map("UNTIL={}".format)
        | st.sampled_from(["COUNT=1000", "INTERVAL=1000", "BYMONTHDAY=31", "BYDAY=MO,-1SU", "BYHOUR=2,3", "BYMONTH=2"]),
        max_size=3,
        unique_by=lambda part: part[:5],
    ),
)
exceptions = st.lists(
    st.sampled_from(["0001-01-01", "9999-12-31", "9999-12-31T23:59:59", "0001-01-01T00:00:00+14:00", "2027-01-01"]), max_size=2
).map(tuple)
plans = st.builds(
    WindowPlan,
    title=st.just("w"),
    scope=st.just(SCOPE),
    start=starts,
    end=st.none() | starts,
    duration_seconds=st.none() | st.sampled_from([1e-9, 60.0, 86_400.0 * 366, 1e300, float("inf"), float("nan"), -1.0]),
    time_zone=st.sampled_from(ZONES),
    recurrence=st.just("") | rules,
    exceptions=exceptions,
)


@given(plan=plans, ahead=st.integers(0, 400))
@example(WindowPlan(title="w", scope=SCOPE, start=NOW, duration_seconds=60, recurrence="FREQ=DAILY;UNTIL=99991231T235959Z"), 0)
@example(WindowPlan(title="w", scope=SCOPE, start=datetime.max, duration_seconds=60, time_zone="Etc/GMT+12"), 0)  # noqa: DTZ901
def test_any_plan_is_a_window_or_refused(plan: WindowPlan, ahead: int) -> None:
    try:
        window = window_of(plan, "MW1", "ada", NOW)
        moved = changed(window, PlanChanges(time_zone="Pacific/Kiritimati"), "ada", NOW)
    except PlanError:
        return
    for each in (window, moved):
        occurrence, following = standing(each, NOW + timedelta(days=ahead))
        assert following is None or following > NOW + timedelta(days=ahead)
        assert occurrence is None or occurrence.start < occurrence.end


@given(plan=plans)
def test_no_plan_ends_in_quarantine(plan: WindowPlan) -> None:
    world = World()
    world.now = NOW
    world.command(PutWindow(plan))
    for days in range(2, 5):
        world.now = NOW + timedelta(days=days)
        world.tick()
    assert not [change for change in world.history if isinstance(change, Quarantined)]
    assert len([change for change in world.history if isinstance(change, Answer)]) == 1


@pytest.mark.parametrize("until", ["99991231T235959Z", "99991231T235959", "99991231", "22000101T000000Z"])
def test_an_until_without_an_end_goes_to_the_end_of_what_faultd_keeps(until: str) -> None:
    read = read_rule(f"FREQ=DAILY;UNTIL={until}").until
    assert read is not None
    assert read.replace(tzinfo=UTC) == LATEST


def test_an_until_before_all_time_is_refused() -> None:
    with pytest.raises(PlanError, match="is before 1970"):
        read_rule("FREQ=DAILY;UNTIL=00010101T000000Z")

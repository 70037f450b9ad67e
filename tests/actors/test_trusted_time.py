"""Two readings in, one stamp out: runs evenly, is slewed towards the wall, and steps only where a jump was believed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.elapsed import Jumped, cutoff, shifted, with_jump
from actors.trusted_clock import TrustedClock, even, instant, micros
from actors.trusted_time import BELIEVED, DAY, NEAR, SECOND, SLEW, Anchor, ClockReading, TrustedTime, first_stamp

WALL = 1_772_334_000 * SECOND
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Host:
    """A host with two clocks: ``ahead`` is by how much the wall is wrong."""

    def __init__(self) -> None:
        self.boot, self.ahead = 100 * SECOND, 0
        self.time = TrustedTime(self.reading, WALL + self.boot)

    @property
    def reading(self) -> ClockReading:
        return ClockReading(self.boot, WALL + self.boot + self.ahead)

    def run(self, seconds: float, step: float = 1.0) -> int:
        """Let time pass, read every ``step`` seconds; the last stamp, as its distance from the right time."""
        end = self.boot + round(seconds * SECOND)
        while self.boot < end:
            self.boot = min(end, self.boot + round(step * SECOND))
            self.time.stamp(self.reading)
        return self.error

    @property
    def error(self) -> int:
        return self.time.stamp(self.reading) - WALL - self.boot


FAR = [400 * DAY, -400 * DAY, 3600 * SECOND, -3600 * SECOND, 30 * SECOND, -30 * SECOND]


@pytest.mark.parametrize("ahead", FAR)
def test_a_glitch_never_enters(ahead: int) -> None:
    host = Host()
    host.ahead = ahead
    assert host.run(5) == 0
    assert host.time.away is not None
    assert (host.time.away.by, host.time.due()) == (ahead, None)
    host.ahead = 0
    assert host.run(300) == 0
    assert [host.time.away, host.time.returned, host.time.believed, host.time.due()] == [None, 1, 0, None]


@pytest.mark.parametrize("ahead", FAR)
def test_a_jump_that_stays_for_a_minute_is_believed_and_steps_only_when_it_is_recorded(ahead: int) -> None:
    host = Host()
    host.ahead = ahead
    host.run(60)
    assert host.time.due() is None, "it was first seen a second later"
    host.run(1)
    jump = host.time.due()
    assert jump is not None
    assert jump.after - jump.before == ahead
    assert host.run(100) == 0, "not before it is on disk"
    host.time.step(jump)
    assert host.error == ahead
    assert (host.time.away, host.time.offset, host.time.believed, host.time.due()) == (None, 0, 1, None)


@pytest.mark.parametrize(("second", "believed_at"), [(4 * SECOND, 61), (-4 * SECOND, 61), (6 * SECOND, 91), (-6 * SECOND, 91)])
def test_a_wall_that_moves_on_begins_its_minute_anew(second: int, believed_at: int) -> None:
    host = Host()
    host.ahead = 100 * SECOND
    host.run(30)
    host.ahead += second
    host.run(believed_at - 31)
    assert host.time.due() is None
    host.run(1)
    assert host.time.due() is not None


def test_a_wall_that_never_stays_is_never_believed() -> None:
    host = Host()
    for turn in range(50):
        host.ahead = (1 + turn % 2) * 3600 * SECOND
        assert host.run(59) == 0
        assert host.time.due() is None


def test_a_commit_that_takes_long_loses_no_time() -> None:
    host = Host()
    host.ahead = DAY
    host.run(61)
    jump = host.time.due()
    assert jump is not None
    host.boot += 7 * SECOND
    host.time.step(jump)
    assert host.error == DAY


@pytest.mark.parametrize("ahead", [NEAR, -NEAR, SECOND, -SECOND])
def test_what_is_near_is_slewed_and_reached(ahead: int) -> None:
    host = Host()
    host.ahead = ahead
    assert host.run(10) == round(10 * SECOND * SLEW / 1e6) * (1 if ahead > 0 else -1)
    assert host.run(600) == ahead
    assert (host.time.away, host.time.offset) == (None, 0)


def test_a_suspended_host_has_lived_through_that_time() -> None:
    host = Host()
    assert host.run(8 * 3600, step=8 * 3600) == 0
    assert host.time.away is None


STEPS = st.lists(
    st.tuples(st.integers(0, 200 * SECOND), st.integers(-10 * SECOND, 10 * SECOND) | st.integers(-800 * DAY, 800 * DAY)),
    max_size=60,
)


@given(STEPS, st.data())
def test_it_only_steps_where_a_jump_was_recorded_and_is_slewed_within_its_rate(
    steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    host = Host()
    last, boot = host.time.stamp(host.reading), host.boot
    for passed, ahead in steps:
        host.boot, host.ahead = host.boot + passed, ahead
        stamp = host.time.stamp(host.reading)
        assert abs(stamp - last - passed) * 1_000_000 <= (host.boot - boot) * SLEW
        assert stamp >= last
        assert (host.time.away is None) == (abs(host.time.offset) <= NEAR)
        last, boot = stamp, host.boot
        jump = host.time.due()
        if jump is not None:
            assert host.time.away is not None
            assert host.boot - host.time.away.since >= BELIEVED
            if data.draw(st.booleans()):
                host.time.step(jump)
                last = host.time.stamp(host.reading)
                assert last == jump.after == host.reading.wall


@given(STEPS, st.integers(-800 * DAY, 800 * DAY))
def test_whatever_came_before_a_wall_that_stays_is_reached(steps: list[tuple[int, int]], ahead: int) -> None:
    host = Host()
    for passed, wrong in steps:
        host.boot, host.ahead = host.boot + passed, wrong
        host.time.stamp(host.reading)
    host.ahead = ahead
    host.run(1)
    host.run(60)
    if (jump := host.time.due()) is not None:
        host.time.step(jump)
    assert host.run(1_100, step=10) == ahead


LAST = WALL
GAP = 30 * DAY


@pytest.mark.parametrize(
    ("wall", "boot", "boot_id", "expected"),
    [
        # The host was restarted: the wall alone tells how long.
        (LAST + 3600 * SECOND, 5, "new", LAST + 3600 * SECOND),
        (LAST, 5, "new", LAST),
        (LAST + GAP, 5, "new", LAST + GAP),
        (LAST + GAP + 1, 5, "new", LAST),
        (LAST + 400 * DAY, 5, "new", LAST),
        (LAST - 1, 5, "new", LAST),
        (LAST - 400 * DAY, 5, "new", LAST),
        (0, 5, "new", LAST),
        # It was not: CLOCK_BOOTTIME tells, whatever the wall says.
        (LAST + 3600 * SECOND, 1_010, "same", LAST + 10 * SECOND),
        (LAST - 400 * DAY, 1_010, "same", LAST + 10 * SECOND),
        (LAST + 400 * DAY, 1_010, "same", LAST + 10 * SECOND),
        # An anchor that cannot be: the ledger is a copy from a later time, or was away for too long.
        (LAST + 3600 * SECOND, 900, "same", LAST),
        (LAST + 31 * DAY, 1_000 + 31 * 86_400, "same", LAST),
        # A kernel that does not name its starts.
        (LAST + 3600 * SECOND, 1_010, "", LAST + 3600 * SECOND),
    ],
)
def test_a_run_begins_with_the_time_that_has_passed(wall: int, boot: int, boot_id: str, expected: int) -> None:
    anchor = Anchor("same" if boot_id else "", LAST - 1_000 * SECOND)
    assert first_stamp(ClockReading(boot * SECOND, wall), boot_id, LAST, anchor, GAP) == expected


def test_a_new_ledger_begins_by_the_wall_and_one_of_an_earlier_version_by_the_gap() -> None:
    assert first_stamp(ClockReading(5, WALL), "x", None, None, GAP) == WALL
    assert first_stamp(ClockReading(5, LAST + 60 * SECOND), "x", LAST, None, GAP) == LAST + 60 * SECOND
    assert first_stamp(ClockReading(5, LAST - 60 * SECOND), "x", LAST, None, GAP) == LAST


def test_a_last_stamp_in_the_future_comes_back_within_minutes() -> None:
    boot = 0
    clock = TrustedClock(lambda: ClockReading(boot, WALL + boot), "x", last=instant(WALL + 400 * DAY))
    assert clock() == instant(WALL + 400 * DAY)
    assert clock.away is not None
    assert clock.due() is None
    boot = 61 * SECOND
    jump = clock.due()
    assert jump is not None
    clock.step(jump)
    assert [clock(), clock.away, clock.offset] == [instant(WALL + boot), None, 0.0]


@pytest.mark.parametrize("wall", [-(10**19), -(10**18), 10**18, 10**19])
def test_a_wall_beyond_the_calendar_is_never_believed(wall: int) -> None:
    boot, right = 0, WALL
    clock = TrustedClock(lambda: ClockReading(boot, right + boot))
    right = wall
    for _ in range(200):
        boot += SECOND
        assert clock.due() is None
    assert clock() == instant(WALL + boot)


@pytest.mark.parametrize(("wall", "year"), [(-(10**19), 1970), (-1, 1970), (10**18, 2262), (10**19, 2262)])
def test_a_first_run_by_a_wall_beyond_the_calendar_begins_at_its_edge(wall: int, year: int) -> None:
    assert TrustedClock(lambda: ClockReading(0, wall))().year == year


@given(st.integers(-(10**16), 10**17))
def test_an_instant_is_exact(value: int) -> None:
    assert micros(instant(value)) == value


def test_a_clock_that_is_right_by_definition_jumps_as_far_as_it_likes() -> None:
    now = NOON
    clock = TrustedClock(even(lambda: now))
    now += timedelta(days=500)
    assert (clock(), clock.away) == (now, None)


# --- age ------------------------------------------------------------------------------------------------------------------

KEEP = timedelta(days=90)


@pytest.mark.parametrize(
    ("jumps", "put_back"),
    [
        ([], 0),
        ([(-10, 400)], 400),
        ([(-10, -400)], 0),
        ([(-20, 400), (-10, -400)], 0),
        ([(-20, -400), (-10, 400)], 400),
        ([(-20, 30), (-10, 40)], 70),
        ([(-91, 400)], 0),
        ([(-91, 400), (-10, 1)], 1),
    ],
)
def test_what_is_kept_for_so_long_is_kept_that_long_whatever_jumps_came_between(
    jumps: list[tuple[int, int]], put_back: int
) -> None:
    """Jumps are given as (days from now, days)."""
    known = [Jumped(NOON + timedelta(days=at), by * DAY) for at, by in jumps]
    assert cutoff(NOON, KEEP, known) == NOON - KEEP - timedelta(days=put_back)


@given(st.lists(st.tuples(st.integers(1, 60 * DAY), st.integers(-800 * DAY, 800 * DAY)), max_size=12), st.integers(0, 60 * DAY))
def test_nothing_younger_than_it_is_kept_is_ever_old(course: list[tuple[int, int]], after: int) -> None:
    """Rows stamped on the way, by a clock that jumps: none that has lived less than KEEP is before the cut-off."""
    real, ahead = micros(NOON), 0
    rows: list[tuple[int, int]] = []
    jumps: list[Jumped] = []
    for passed, by in course:
        real += passed
        rows.append((real, real + ahead))
        jumps = with_jump(jumps, instant(real + ahead), instant(real + ahead + by))
        ahead += by
        rows.append((real, real + ahead))
    real += after
    oldest = micros(cutoff(instant(real + ahead), KEEP, jumps))
    for lived, stamped in rows:
        if real - lived < 90 * DAY:
            assert stamped >= oldest


def test_a_time_moved_beyond_the_calendar_stops_at_its_edge() -> None:
    assert shifted(datetime(9999, 1, 1, tzinfo=UTC), timedelta(days=400)).year == 9999
    assert shifted(datetime(1, 3, 1, tzinfo=UTC), timedelta(days=-400)).year == 1

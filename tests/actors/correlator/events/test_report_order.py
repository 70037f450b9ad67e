"""The order of two reports as a table, the epochs of a sender's clock, and what both come to in any order of delivery."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import clear_problems, raise_problem
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.events.report_order import difference, order
from actors.correlator.events.sender_uptime import observed
from actors.correlator.saved import ReportMark, SenderClock
from actors.correlator.state import State
from protocols.alarm import Identity

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
WINDOW = timedelta(seconds=5)
COLD, WARM, DOWN = (f"1.3.6.1.6.3.1.1.5.{last}" for last in (1, 2, 3))
WRAP = 1 << 32
PROBLEM = ReportedProblem(
    identity=Identity("t", "olt-1", "x"), severity="major", source="network_device", resource_type="olt", title="x"
)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def told(
    *, at: float = 1, source: str = "a", uptime: int | None = None, dated: float | None = None, **known: Any
) -> ReportTime:
    """A report received ``at`` seconds."""
    time = None if dated is None else after(dated)
    return ReportTime(received=after(at), reporter="device:olt-1", source=source, uptime=uptime, dated=time, **known)


def mark(uptime: int | None = None, dated: float | None = None, epoch: int = 0) -> ReportMark:
    """A report received at 0 seconds."""
    return ReportMark("a", uptime, None if dated is None else after(dated), NOW, "major", epoch)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # Nothing to compare: the order of receipt.
        (mark(), told(), "after"),
        (mark(1000), told(), "after"),
        (mark(), told(uptime=1000), "after"),
        (mark(1000), told(source="b", uptime=900), "after"),
        (mark(1000), told(uptime=1000), "after"),
        (mark(0), told(uptime=0), "after"),
        (mark(dated=0), told(dated=0), "after"),
        # One clock, one epoch, within the window.
        (mark(1000), told(uptime=1001), "after"),
        (mark(1000), told(uptime=999), "before"),
        (mark(1000), told(at=5, uptime=1000), "after"),
        (mark(1000), told(uptime=600), "before"),
        (mark(1000), told(uptime=599), "after"),
        (mark(dated=0), told(dated=-4), "before"),
        (mark(dated=0), told(dated=-4.01), "after"),
        (mark(dated=0), told(dated=1), "after"),
        # Clocks that are wrong by an hour or a year are wrong for both.
        (mark(dated=3600), told(dated=3599), "before"),
        (mark(dated=-31_536_000), told(dated=-31_536_001), "before"),
        # Later than the window: the order of receipt, whatever the clocks say.
        (mark(1000), told(at=5.01, uptime=999), "after"),
        (mark(1000, dated=0), told(at=3600, uptime=1, dated=-7200), "after"),
        (mark(1000), told(at=-3600, uptime=999), "after"),
        # Another epoch: a restart that was reported, or shows by a fall.
        (mark(1000), told(uptime=900, epoch=1), "after"),
        (mark(9000), told(uptime=900, epoch=1), "after"),
        (mark(9000), told(uptime=900), "after"),
        # The uptime wraps after 497 days.
        (mark(WRAP - 50), told(uptime=50), "after"),
        (mark(50), told(uptime=WRAP - 50), "before"),
        # A restart was just reported that may be late itself.
        (mark(1000), told(uptime=900, epoch=1, restarting=True), "unknown"),
        (mark(1000), told(uptime=1100, epoch=1, restarting=True), "after"),
        (mark(9000), told(uptime=900, epoch=1, restarting=True), "after"),
        # Several uptimes behind one address.
        (mark(1000), told(uptime=900, several=True), "unknown"),
        (mark(1000), told(uptime=1, several=True), "unknown"),
        (mark(1000), told(uptime=900_000, several=True), "unknown"),
        (mark(1000), told(uptime=1000, several=True), "after"),
        (mark(1000), told(uptime=1600, several=True), "after"),
        (mark(1000), told(at=5.01, uptime=1, several=True), "after"),
        # Two clocks: they agree, or one says nothing, or they contradict each other.
        (mark(1000, dated=0), told(uptime=900, dated=-1), "before"),
        (mark(1000, dated=0), told(uptime=1100, dated=1), "after"),
        (mark(1000, dated=0), told(uptime=900, dated=0), "before"),
        (mark(1000, dated=0), told(uptime=1000, dated=-1), "before"),
        (mark(1000, dated=0), told(uptime=1100, dated=-1), "unknown"),
        (mark(1000, dated=0), told(uptime=900, dated=1), "unknown"),
    ],
)
def test_the_order_of_two_reports(first: ReportMark, second: ReportTime, expected: str) -> None:
    assert order(first, second, WINDOW) == expected


@pytest.mark.parametrize(("known", "epoch"), [(mark(1000), 0), (mark(1000), 1), (mark(), 0), (mark(dated=0), 0)])
@pytest.mark.parametrize(("several", "restarting"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize(("uptime", "dated"), [(999, None), (1, None), (None, -1), (500, 1), (1001, -1), (WRAP - 1, -86_400)])
@pytest.mark.parametrize("at", [-5.01, 5.01, 60, 86_400])
def test_what_is_received_later_than_the_window_is_always_the_later_report(
    known: ReportMark, epoch: int, several: bool, restarting: bool, uptime: int | None, dated: float | None, at: float
) -> None:
    report = told(at=at, uptime=uptime, dated=dated, epoch=epoch, several=several, restarting=restarting)
    assert order(known, report, WINDOW) == "after"


@given(st.integers(0, WRAP - 1), st.integers(-(WRAP // 2), WRAP // 2 - 1))
def test_the_difference_of_uptimes_does_not_mind_the_wrap(uptime: int, moved: int) -> None:
    assert difference(uptime, (uptime + moved) % WRAP) == moved


def clock_after(*seen: tuple[float, int] | tuple[float, int, str] | tuple[float, int, str, int]) -> SenderClock:
    """The clock after traps: when received, uptime, which trap, engine boots."""
    clock = None
    for at, uptime, *more in seen:
        oid, boots = [*map(str, more), *[DOWN, "0"][len(more) :]]
        clock = observed(clock, uptime, int(boots), oid, after(at), 500) or clock
    assert clock is not None
    return clock


@pytest.mark.parametrize(
    ("seen", "epochs", "several"),
    [
        ([(0, 1000), (60, 7000), (3600, 361_000)], 0, False),
        ([(0, 1000), (60, 6600), (120, 12_900)], 0, False),
        ([(0, 8000), (1, 9000, COLD)], 1, False),
        ([(0, 8000), (1, 100, WARM)], 1, False),
        ([(0, 8000), (1, 100)], 1, False),
        ([(0, WRAP - 100), (2, 100)], 0, False),
        ([(0, 0), (60, 0), (120, 0)], 2, False),
        ([(0, 8000, DOWN, 3), (1, 8100, DOWN, 4)], 1, False),
        ([(0, 8000, DOWN, 3), (1, 8100, DOWN, 0), (2, 8200, DOWN, 3)], 0, False),
        # Several agents: one that was last seen before the window began still runs.
        ([(0, 100_000), (10, 500), (20, 102_000)], 2, True),
        ([(0, 100_000), (10, 500), (20, 90_000), (30, 103_000)], 3, True),
        # No proof: a trap of before the restart that is late; uptimes that a device makes up.
        ([(0, 100_000), (1, 10, COLD), (2, 100_050)], 1, False),
        ([(0, 100_000), (1, 10, COLD), (2, 100_050), (60, 5_910), (120, 11_910)], 1, False),
        ([(0, 100_000), (10, 500), (20, 100_000)], 2, False),
        # A restart puts an end to it.
        ([(0, 100_000), (10, 500), (20, 102_000), (30, 1, COLD)], 3, False),
    ],
)
def test_the_epochs_of_a_senders_clock(seen: list[Any], epochs: int, several: bool) -> None:
    clock = clock_after(*seen)
    assert (clock.epoch, clock.several) == (epochs, several)


def test_a_clock_that_says_nothing_new_is_the_same_and_one_that_drifts_is_followed() -> None:
    clock = clock_after((0, 1000))
    assert observed(clock, 1101, 0, DOWN, after(1), 500) is clock
    drifting = clock_after(*((hour * 3600, 1000 + hour * 360_100) for hour in range(48)))
    assert (drifting.epoch, drifting.seen) == (0, round(after(47 * 3600).timestamp() * 100))


def test_a_restart_that_may_be_late_says_when_it_was_reported() -> None:
    assert clock_after((0, 8000), (1, 100, COLD)).restarted is None
    late = clock_after((0, 140), (1, 100, COLD))
    assert (late.epoch, late.restarted) == (1, round(after(1).timestamp() * 100))


offsets = count(1)


class Port:
    """One problem, as the reports of one sender that arrive make it."""

    def __init__(self) -> None:
        self.state = State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")

    def hear(self, down: bool, report: ReportTime) -> None:
        draft = Draft(self.state, next(offsets), report.received)
        if down:
            raise_problem(draft, PROBLEM, report)
        else:
            clear_problems(draft, "t", "olt-1", ("x",), "", report, "over")
        draft.commit()

    @property
    def down(self) -> bool:
        return any(alarm.cleared_at is None for alarm in self.state.alarms.values())


gaps = st.lists(st.tuples(st.booleans(), st.integers(1, 900), st.integers(0, 500)), min_size=1, max_size=12)
"""Reports in the order in which they are sent: raise or clear, hundredths since the one before, hundredths under way."""


def delivered(steps: list[tuple[bool, int, int]]) -> list[tuple[int, int, bool]]:
    """When each is received and was sent, in hundredths, and whether it says down; in the order of receipt."""
    sent, found = 0, []
    for down, gap, late in steps:
        sent += gap
        found.append((sent + late, sent, down))
    return sorted(found, key=lambda each: each[0])


@settings(deadline=None)
@given(gaps, st.sampled_from(["uptime", "dated", "both"]), st.integers(-400_000, 400_000), st.integers(0, WRAP - 1))
def test_in_any_order_of_delivery_the_port_is_as_the_device_said_last(
    steps: list[tuple[bool, int, int]], clock: str, wrong: int, started: int
) -> None:
    """One clock that is consistent: sysUpTime from anywhere, its wrap included, or a device time that is wrong all the time."""
    port, known = Port(), None
    for received, sent, down in delivered(steps):
        at = after(received / 100)
        uptime = (started + sent) % WRAP if clock != "dated" else None
        dated = after((sent + wrong) / 100) if clock != "uptime" else None
        epoch = 0
        if uptime is not None:
            known = observed(known, uptime, 0, DOWN, at, 500) or known
            assert known is not None
            epoch = known.epoch
        report = ReportTime(received=at, reporter="device:olt-1", source="a", uptime=uptime, dated=dated, epoch=epoch)
        port.hear(down, report)
    assert port.down == steps[-1][0]
    assert known is None or (known.epoch, known.several) == (0, False)


steps_received = st.lists(st.tuples(st.booleans(), st.integers(0, 900)), min_size=1, max_size=12)
"""Raise or clear, and hundredths of a second since the one received before."""


@settings(deadline=None)
@given(steps_received, st.sampled_from(["several", "contradicting"]))
def test_with_clocks_that_are_not_consistent_the_last_raise_of_the_window_wins(
    steps: list[tuple[bool, int]], clocks: str
) -> None:
    """A clear counts where it is received later than the window after the last raise, whatever the clocks say."""
    port, at, last, down = Port(), 0, None, False
    for number, (raised, gap) in enumerate(steps, 1):
        at += gap
        received = after(at / 100)
        if clocks == "several":
            report = told(at=at / 100, uptime=WRAP - 100_000 * number, several=True)
        else:
            report = told(at=at / 100, uptime=number, dated=-number / 1_000_000)
        assert report.received == received
        port.hear(raised, report)
        if raised:
            last, down = at, True
        elif last is not None and at - last > 500:
            down = False
        elif clocks == "contradicting" and last is not None and at - last == 500:
            down = False  # nothing that is as late as this can have been sent before
        assert port.down == down

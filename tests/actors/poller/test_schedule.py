"""Instants of polls, and the one timer that wakes all devices."""

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.poller.poll_timer import GRAIN, PollTimer, Sleeper
from actors.poller.schedule import first_poll, is_late, next_on_grid, phase, smoothed, stretch


def test_ten_thousand_devices_never_poll_in_one_instant() -> None:
    seconds = [0] * 60
    for number in range(10_000):
        seconds[int(60 * phase(f"olt-{number:05}"))] += 1
    assert min(seconds) > 120
    assert max(seconds) < 220


def test_a_phase_is_the_same_in_each_run() -> None:
    assert phase("olt-1") == pytest.approx(0.98099, abs=1e-5)
    assert phase("olt-1") == phase("olt-1") != phase("olt-2")


@given(st.floats(0, 1e7), st.floats(1, 86_400), st.floats(0, 0.999_999))
def test_the_grid_goes_on_from_any_instant(after: float, interval: float, share: float) -> None:
    found = next_on_grid(after, interval, share)
    assert after < found <= after + interval * 1.000_001


def test_a_lone_device_is_polled_at_once_and_many_are_spread() -> None:
    assert first_poll(100.0, 0.5, 1, 60.0, 60.0) == pytest.approx(100.0025)
    assert first_poll(100.0, 0.5, 10_000, 60.0, 60.0) == pytest.approx(125.0)
    assert first_poll(100.0, 0.5, 100_000, 60.0, 300.0) == pytest.approx(130.0)
    assert first_poll(100.0, 0.5, 100_000, 60.0, 10.0) == pytest.approx(105.0)


@pytest.mark.parametrize(
    ("due", "now", "interval", "late"),
    [
        (100.0, 100.0, 60.0, False),
        (100.0, 110.0, 60.0, False),
        (100.0, 110.1, 60.0, True),
        (100.0, 102.6, 10.0, True),
        (100.0, 100.3, 1.0, False),
    ],
)
def test_a_late_poll_is_skipped(due: float, now: float, interval: float, late: bool) -> None:
    assert is_late(due, now, interval) is late


@pytest.mark.parametrize(("duration", "times"), [(0.1, 1), (60.0, 1), (61.0, 3), (90.0, 3), (300.0, 10), (86_400.0, 20)])
def test_a_slow_device_keeps_half_of_its_time(duration: float, times: int) -> None:
    assert stretch(duration, 60.0) == times


def test_an_average_moves_slowly() -> None:
    assert smoothed(None, 10.0) == 10.0
    assert smoothed(10.0, 20.0) == pytest.approx(13.0)


async def test_the_timer_wakes_in_order_and_at_the_grain(autojump_clock: MockClock) -> None:
    timer, woken = PollTimer(), []

    async def sleep(name: str, due: float) -> None:
        called = await Sleeper(timer).until(due)
        woken.append((name, round(trio.current_time() - began, 3), called))

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(timer.run)
        async with trio.open_nursery() as sleepers:
            for name, after in (("c", 3.0), ("a", 1.0), ("b", 1.0001)):
                sleepers.start_soon(sleep, name, began + after)
            await trio.sleep(0.2)
            sleepers.start_soon(sleep, "early", began + 0.4)
        nursery.cancel_scope.cancel()
    assert [name for name, _, _ in woken] == ["early", "a", "b", "c"]
    assert all(not called for _, _, called in woken)
    for (_, at, _), due in zip(woken, (0.4, 1.0, 1.0001, 3.0), strict=True):
        assert due - 1e-3 <= at <= due + GRAIN + 1e-3


async def test_a_call_ends_a_sleep_and_one_from_before_counts(autojump_clock: MockClock) -> None:
    timer = PollTimer()
    sleeper = Sleeper(timer)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(timer.run)
        sleeper.call()
        assert await sleeper.until(trio.current_time() + 100)
        began = trio.current_time()

        async def call_soon() -> None:
            await trio.sleep(2)
            sleeper.call()

        nursery.start_soon(call_soon)
        assert await sleeper.until(began + 100)
        assert trio.current_time() - began < 3
        # The entry of the sleep that was cut short wakes nobody.
        assert not await sleeper.until(began + 200)
        assert trio.current_time() - began >= 200
        nursery.cancel_scope.cancel()


async def test_entries_of_sleeps_that_were_cut_short_do_not_pile_up(autojump_clock: MockClock) -> None:
    timer = PollTimer()
    sleeper = Sleeper(timer)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(timer.run)
        for _ in range(1_000):
            with trio.CancelScope() as scope:
                scope.cancel()
                await sleeper.until(trio.current_time() + 3_600)
        assert len(timer) < 200
        nursery.cancel_scope.cancel()

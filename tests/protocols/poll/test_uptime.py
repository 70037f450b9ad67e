"""Whether the times of an agent follow from the ones before."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.poll.contact import AgentTimes
from protocols.poll.uptime import MODULUS, TICKS, Continuity, times_oddity, times_step, uptime_seconds, uptime_step

START = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "after", "elapsed", "step"),
    [
        pytest.param(4_294_966_000, 4_704, 60.0, "follows", id="the wrap after 497 days"),
        pytest.param(900_000, 1_500, 60.0, "restarted", id="an agent restarted"),
        pytest.param(500_000, 512_000, 120.0, "follows", id="a poll between the two failed"),
        pytest.param(500_000, None, 60.0, "unknown", id="a failed read is no value"),
        pytest.param(None, 512_000, 60.0, "unknown", id="no read before"),
        pytest.param(500_000, 506_900, 60.0, "follows", id="nine seconds fast"),
        pytest.param(500_000, 900_000, 60.0, "odd", id="an hour ahead is no restart"),
        pytest.param(500_000, 400_000, 60.0, "odd", id="a count that went back and is too old for a restart"),
        pytest.param(500_000, 0, 60.0, "restarted", id="just begun"),
        pytest.param(4_294_966_000, 0, 60.0, "restarted", id="begun shortly before it would have wrapped"),
        pytest.param(100, 100 + 30 * 86_400 * TICKS, 30 * 86_400.0, "follows", id="a month apart"),
    ],
)
def test_uptime(before: int | None, after: int | None, elapsed: float, step: Continuity) -> None:
    assert uptime_step(before, after, elapsed) == step


def test_a_restarted_agent_on_a_device_that_ran_on() -> None:
    before = AgentTimes(at=START, uptime=900_000, boots=7, host_uptime=8_640_000)
    after = AgentTimes(at=START + timedelta(seconds=60), uptime=1_500, boots=8, host_uptime=8_646_000)
    step = times_step(before, after)
    assert (step.uptime, step.host, step.boots, step.follows) == ("restarted", "follows", "rose", False)


def test_boots_that_stay_beside_a_wrap() -> None:
    before = AgentTimes(at=START, uptime=4_294_966_000, boots=7)
    after = AgentTimes(at=START + timedelta(seconds=60), uptime=4_704, boots=7)
    assert times_step(before, after).follows


def test_elapsed_time_goes_before_stamps_of_a_clock_that_jumped() -> None:
    before = AgentTimes(at=START, uptime=900_000)
    after = AgentTimes(at=START + timedelta(hours=5), uptime=906_000)
    assert not times_step(before, after).follows
    assert times_step(before, after, 60.0).follows


def test_a_negative_engine_time_is_an_oddity_and_the_uptime_stands() -> None:
    times = AgentTimes(at=START, uptime=4_189_785_092, engine_time=-1_051_833)
    assert uptime_seconds(times) == pytest.approx(41_897_850.92)
    assert times_oddity(times) == "snmpEngineTime is negative (-1051833 s)"
    assert times_oddity(AgentTimes(at=START, uptime=5)) == ""


@given(st.integers(0, MODULUS - 1), st.floats(0, 400 * 86_400.0))
def test_an_even_clock_follows_whether_it_wraps_or_not(before: int, elapsed: float) -> None:
    after = (before + round(elapsed * TICKS)) % MODULUS
    assert uptime_step(before, after, elapsed) == "follows"


@given(st.integers(60_000, MODULUS // 2), st.floats(1.0, 86_400.0), st.floats(0.0, 1.0))
def test_a_restart_between_two_reads_is_never_odd(before: int, elapsed: float, share: float) -> None:
    assert uptime_step(before, round(elapsed * share * TICKS), elapsed) != "odd"

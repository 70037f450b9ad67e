"""Restarts, as a table of readings: before, after, and what restarted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.correlator.polling.restarts import carried, restart_between
from protocols.poll.contact import AgentTimes

T0 = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
WRAP = 2**32


def read(after: float = 0, **times: int | None) -> AgentTimes:
    return AgentTimes(at=T0 + timedelta(seconds=after), **times)


CASES = {
    "the uptime wraps": (
        read(uptime=4_294_966_000, boots=7),
        read(60, uptime=4_704, boots=7),
        "",
    ),
    "the agent restarts and the host goes on": (
        read(uptime=900_000, boots=7, host_uptime=8_640_000),
        read(60, uptime=1_500, boots=8, host_uptime=8_646_000),
        "agent",
    ),
    "the host restarts": (
        read(uptime=900_000, boots=7, host_uptime=8_640_000),
        read(60, uptime=1_500, boots=8, host_uptime=2_500),
        "device",
    ),
    "a read in between failed": (read(uptime=500_000), read(120, uptime=512_000), ""),
    "the uptime was not read": (read(uptime=500_000, boots=7), read(60, boots=7), ""),
    "boots do not count at this vendor": (read(uptime=500_000, boots=1), read(60, uptime=900, boots=1), "agent"),
    "boots rose and the uptime was not read": (read(boots=1), read(60, boots=2), "agent"),
    "boots rose while the uptime of the host wraps": (
        read(uptime=900_000, boots=7, host_uptime=WRAP - 1_000),
        read(60, uptime=1_500, boots=8, host_uptime=5_000),
        "agent",
    ),
    "the uptime of the host alone": (read(host_uptime=900_000), read(60, host_uptime=700), "device"),
    "the host began anew and the agent went on": (
        read(uptime=900_000, host_uptime=900_000),
        read(60, uptime=906_000, host_uptime=700),
        "",
    ),
    "an hour of silence, up for ten minutes": (read(uptime=900_000), read(3_600, uptime=60_000), "agent"),
    "the uptime jumps ahead": (read(uptime=900_000), read(60, uptime=90_000_000), ""),
    "boots fell": (read(uptime=900_000, boots=7), read(60, uptime=906_000, boots=1), ""),
    "an older reading": (read(60, uptime=906_000, boots=8), read(0, uptime=900_000, boots=7), ""),
    "FiberHome's negative engine time": (
        read(uptime=4_189_779_092, engine_time=-1_051_893),
        read(60, uptime=4_189_785_092, engine_time=-1_051_833),
        "",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_restart_is_told_from_everything_else(name: str) -> None:
    before, now, expected = CASES[name]
    assert restart_between(before, now).restarted == expected


@pytest.mark.parametrize(
    ("name", "oddity"),
    [
        ("the uptime jumps ahead", "uptime 9000 s to 900000 s within 60 s"),
        ("boots fell", "boots 7 to 1, and the uptime went on"),
        ("an older reading", "the reading is older than the one before"),
        ("the uptime wraps", ""),
    ],
)
def test_a_change_that_no_restart_explains_is_an_oddity(name: str, oddity: str) -> None:
    before, now, _ = CASES[name]
    assert restart_between(before, now).oddity == oddity


def test_the_reason_says_what_is_not_known() -> None:
    before, now, _ = CASES["boots do not count at this vendor"]
    assert "the whole device may have restarted" in restart_between(before, now).reason


@given(
    uptime=st.integers(0, WRAP - 1),
    host=st.integers(0, WRAP - 1),
    elapsed=st.integers(0, 240 * 86_400),
    failed=st.booleans(),
)
def test_an_agent_that_runs_on_never_restarted(uptime: int, host: int, elapsed: int, failed: bool) -> None:
    """However long the time between two readings, wherever the wraps lie, and with a failed read between them."""
    before = read(uptime=uptime, boots=3, host_uptime=host)
    later = (uptime + 100 * elapsed) % WRAP, (host + 100 * elapsed) % WRAP
    if failed:
        before = carried(before, read(elapsed / 2))
    assert restart_between(before, read(elapsed, uptime=later[0], boots=3, host_uptime=later[1])).restarted == ""


@given(uptime=st.integers(0, WRAP - 1), elapsed=st.integers(60, 86_400), since=st.floats(0, 1))
def test_an_agent_that_began_anew_restarted_or_its_uptime_looks_as_if_it_had_run_on(
    uptime: int, elapsed: int, since: float
) -> None:
    now = read(elapsed, uptime=int(since * elapsed * 100))
    found = restart_between(read(uptime=uptime), now).restarted
    expected = (uptime + 100 * elapsed) % WRAP
    apart = abs((expected - int(since * elapsed * 100) + WRAP // 2) % WRAP - WRAP // 2)
    assert (found == "agent") == (apart > 100 * (10 + 0.02 * elapsed))

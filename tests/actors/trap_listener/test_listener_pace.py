"""Gathering: only under load, and never where somebody waits for an answer."""

from hypothesis import given
from hypothesis import strategies as st

from actors.trap_listener.pace import BUSY, GATHER_SECONDS, STORM, STORM_SECONDS, ReadPace


def paused(rate: float, seconds: float, each: int = 1, answered: bool = False) -> float:
    """The pause after datagrams at an even rate, read ``each`` at a time."""
    pace, now, pause = ReadPace(), 0.0, 0.0
    while now < seconds:
        now += each / rate
        pause = pace.pause(each, now, answered=answered)
    return pause


def test_a_quiet_plant_is_read_at_once() -> None:
    assert paused(rate=BUSY / 2, seconds=5) == 0


def test_a_storm_is_gathered_however_it_is_read() -> None:
    assert paused(rate=3 * BUSY, seconds=1) == paused(rate=3 * BUSY, seconds=1, each=30) == GATHER_SECONDS
    assert paused(rate=2 * STORM, seconds=1) == paused(rate=2 * STORM, seconds=1, each=160) == STORM_SECONDS


def test_a_burst_after_silence_is_soon_gathered_and_soon_forgotten() -> None:
    pace = ReadPace()
    assert pace.pause(1, 1_000.0, answered=False) == 0
    assert pace.pause(512, 1_001.0, answered=False) == 0  # 512 in a second is no storm
    assert pace.pause(512, 1_001.01, answered=False) == STORM_SECONDS
    assert pace.pause(1, 1_002.0, answered=False) == 0


def test_a_sender_of_informs_is_answered_without_delay() -> None:
    assert paused(rate=4 * BUSY, seconds=1, answered=True) == 0


def test_what_filled_a_read_is_followed_by_the_next_at_once() -> None:
    pace = ReadPace()
    assert pace.pause(512, 1_000.0, answered=False) == 0
    assert pace.pause(512, 1_000.01, answered=False) == STORM_SECONDS
    assert pace.pause(512, 1_000.02, answered=False, more=True) == 0


def test_where_the_kernel_grants_little_a_storm_is_not_let_gather_for_long() -> None:
    pace = ReadPace(room=212_992)
    assert pace.pause(512, 1_000.0, answered=False) == 0
    assert pace.pause(512, 1_000.01, answered=False) == GATHER_SECONDS


@given(st.lists(st.tuples(st.integers(0, 512), st.floats(-1, 10)), max_size=30))
def test_no_order_of_times_gives_anything_but_the_three_answers(reads: list[tuple[int, float]]) -> None:
    pace = ReadPace()
    for count, now in reads:
        assert pace.pause(count, now, answered=False) in (0, GATHER_SECONDS, STORM_SECONDS)

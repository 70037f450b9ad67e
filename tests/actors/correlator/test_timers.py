"""Timers: the order of time, one for each subject, and the same after a snapshot."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from actors.correlator.timers import NEVER, Timers

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def due(timers: Timers, now: datetime) -> list[tuple[str, str]]:
    found = []
    while (one := timers.pop(now)) is not None:
        found.append(one)
    return found


def test_due_ones_come_in_the_order_of_their_times() -> None:
    timers = Timers()
    timers.set("pon", "b", at(2))
    timers.set("pon", "a", at(1))
    timers.set("pon", "c", at(3))
    assert due(timers, at(2)) == [("pon", "a"), ("pon", "b")]
    assert timers.first == at(3)


def test_set_again_it_moves_and_called_off_it_is_gone() -> None:
    timers = Timers()
    timers.set("pon", "a", at(1))
    timers.set("pon", "a", at(5))
    timers.set("pon", "b", at(2))
    timers.cancel("pon", "b")
    assert due(timers, at(4)) == []
    assert due(timers, at(5)) == [("pon", "a")]
    assert (len(timers), timers.first) == (0, NEVER)


KEYS = st.tuples(st.sampled_from("xyz"), st.sampled_from("abcd"))
STEPS = st.lists(st.tuples(KEYS, st.integers(0, 20), st.sampled_from(["set", "cancel", "pop"])), max_size=60)


@given(STEPS, st.integers(0, 60))
def test_as_a_table_would_do_it_also_through_a_snapshot(steps: list[tuple[tuple[str, str], int, str]], saved_at: int) -> None:
    timers = Timers()
    table: dict[tuple[str, str], datetime] = {}
    for number, (key, seconds, step) in enumerate(steps):
        if number == saved_at:
            timers = Timers(timers.entries())
        match step:
            case "set":
                timers.set(*key, at(seconds))
                table[key] = at(seconds)
            case "cancel":
                timers.cancel(*key)
                table.pop(key, None)
            case _:
                ready = sorted((when, *each) for each, when in table.items() if when <= at(seconds))
                assert timers.pop(at(seconds)) == (ready[0][1:] if ready else None)
                if ready:
                    del table[ready[0][1:]]
        assert timers.first <= min(table.values(), default=NEVER)
        assert len(timers) == len(table)


def test_many_that_were_called_off_take_no_room_for_ever() -> None:
    timers = Timers()
    for number in range(10_000):
        timers.set("x", "now", at(number))
        timers.set("x", f"gone {number}", at(1_000_000))
        timers.cancel("x", f"gone {number}")
        assert timers.pop(at(number)) == ("x", "now")
    assert len(timers._queues["x"]) < 1_000

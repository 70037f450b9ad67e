"""Each time that an alarm was open, by event time: ``opened_at`` until ``cleared_at``, for each value of ``reopened_at``."""

from datetime import datetime
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.open_times import CASES, Step, play
from vocabulary.world import START, World, moment

from actors.correlator.settings import CorrelatorSettings
from protocols.change import AlarmChanged, AlarmRepeated
from protocols.command import Clear, Resolve


def open_times(world: World) -> list[tuple[float, float | None]]:
    """Begin and end of each time that an alarm was open, in seconds, in the order in which they became known; from the Changes
    alone, as the stage behind the correlator reads them."""
    found: dict[tuple[str, datetime | None], tuple[float, float | None]] = {}
    for change in world.history:
        if isinstance(change, AlarmChanged):
            alarm = change.alarm
            end = None if alarm.cleared_at is None else (alarm.cleared_at - START).total_seconds()
            found[alarm.id, alarm.reopened_at] = ((alarm.opened_at - START).total_seconds(), end)
    return list(found.values())


@pytest.mark.parametrize(("steps", "expected"), CASES)
def test_when_an_alarm_was_open(steps: list[Step], expected: list[tuple[float, float | None]]) -> None:
    world = World(CorrelatorSettings())
    play(world, steps)
    assert open_times(world) == expected


def test_an_operator_ends_it_now_and_a_resolved_one_is_never_reopened(world: World) -> None:
    play(world, [("down", 0, 0)])
    world.at(10).command(Clear(), world.alarm.id)
    play(world, [("down", 20, 15)])
    world.at(30).command(Resolve(), world.alarm.id)
    assert open_times(world) == [(0, 10), (15, 30)]
    first = world.alarm.id
    play(world, [("down", 40, 40)])
    assert open_times(world) == [(0, 10), (15, 30), (40, None)]
    assert [alarm.reopened_at for alarm in world.alarms if alarm.id != first] == [None]


def test_an_earlier_begin_is_a_change_of_the_alarm_and_no_line_of_its_timeline(world: World) -> None:
    play(world, [("down", 4, 4), ("down", 5, 2)])
    assert [change.repeats for change in world.all(AlarmChanged)] == [True]
    assert not world.all(AlarmRepeated)
    assert (world.alarm.occurrence_count, world.alarm.last_occurrence) == (2, moment(4))
    assert world.actions(world.alarm.id)[0] == "raised"


def test_the_time_of_the_reopening_survives_a_restart(world: World) -> None:
    play(world, [("down", 0, 0), ("up", 60, 60), ("down", 90, 80)])
    world.restart()
    play(world, [("up", 200, 70)])
    assert (world.alarm.opened_at, world.alarm.cleared_at) == (moment(80), moment(80))


def test_an_alarm_of_before_was_opened_at_its_first_occurrence(world: World) -> None:
    play(world, [("down", 30, 0)])
    fields = msgspec.to_builtins(world.alarm)
    del fields["reopened_at"]
    assert msgspec.convert(fields, type(world.alarm)).opened_at == moment(0)


@given(
    st.lists(
        st.tuples(st.sampled_from(["down", "up"]), st.integers(0, 400), st.one_of(st.none(), st.integers(-300, 20))),
        max_size=12,
    )
)
def test_open_times_never_overlap_and_never_end_before_they_begin(reports: list[tuple[str, int, int | None]]) -> None:
    world = World(CorrelatorSettings())
    now = 0
    for what, wait, apart in reports:
        now += wait
        world.at(now).network(f"device.{what}", at=None if apart is None else moment(now + apart))
    found = open_times(world)
    assert all(end is None or start <= end for start, end in found)
    assert all(before[1] is not None and before[1] <= after[0] for before, after in pairwise(found))
    assert (bool(found) and found[-1][1] is None) == any(alarm.cleared_at is None for alarm in world.of_type("device.down"))
    for alarm in world.alarms:
        assert alarm.first_occurrence <= alarm.opened_at
        assert alarm.cleared_at is None or alarm.opened_at <= alarm.cleared_at

"""The durations of the settings follow the policy, also through a snapshot; a setting that is no time is refused."""

from collections.abc import Callable
from datetime import timedelta
from math import inf, nan

import msgspec
import pytest
from vocabulary.world import World

from actors.correlator.durations import Durations
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from protocols.event import PolicyLoaded
from protocols.severity import SEVERITIES

OTHERS = CorrelatorSettings(
    reopen_within_seconds=1.0,
    reorder_seconds=2.0,
    repeat_merge_seconds=3.0,
    inform_window_seconds=4.0,
    outlive_seconds=5.0,
    hold_critical_seconds=6.0,
    hold_major_seconds=7.0,
    hold_minor_seconds=8.0,
    hold_warning_seconds=9.0,
)


def told(spans: Durations) -> tuple[timedelta, ...]:
    named = (spans.reopen_within, spans.reorder, spans.repeat_merge, spans.inform_window, spans.outlive)
    return (*named, *(spans.hold[severity] for severity in SEVERITIES))


@pytest.mark.parametrize("read_again", [False, True])
def test_they_are_those_of_the_newest_policy(make_world: Callable[[CorrelatorSettings], World], read_again: bool) -> None:
    world = make_world(CorrelatorSettings())
    before = told(world.state.spans)
    world.at(1)(PolicyLoaded("q", msgspec.msgpack.encode(OTHERS)))
    state = State.load(world.state.save()) if read_again else world.state
    assert told(state.spans) == tuple(timedelta(seconds=seconds) for seconds in (1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9))
    assert told(state.spans) != before


def test_a_problem_that_returns_is_another_one_after_the_new_control_time(
    make_world: Callable[[CorrelatorSettings], World],
) -> None:
    world = make_world(CorrelatorSettings(reopen_within_seconds=300.0))
    for seconds in (0, 30):
        world.at(seconds).network("device.down")
        world.at(seconds + 10).network("device.up")
    assert len(world.state.alarms) == 1
    world.at(50)(PolicyLoaded("q", msgspec.msgpack.encode(CorrelatorSettings(reopen_within_seconds=5.0))))
    world.at(60).network("device.down")
    assert len(world.state.alarms) == 2


@pytest.mark.parametrize("seconds", [inf, nan, -1.0, 1e12])
@pytest.mark.parametrize("field", ["hold_warning_seconds", "inform_window_seconds", "outlive_seconds"])
def test_what_is_no_duration_is_refused_by_its_name(field: str, seconds: float) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert({field: seconds}, CorrelatorSettings)

"""Measurements in any order, in any batches, with duplicates and a restart after every Event: the breaches are those of a walk
through all intervals."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.sla import SlaWorld, us

from actors.sla_clock.performance import recompute
from protocols.sla.actions import AddMeasurements
from protocols.sla.changes import SlaMeasured
from protocols.sla.local_time import SECOND
from protocols.sla.measurement import ServiceMeasurement
from protocols.sla.performance_rule import PerformanceRule

RULE = PerformanceRule("latency", 20, 60 * SECOND, 120 * SECOND)
TERMS: dict[str, Any] = {"availability_target": None, "performance": (RULE,)}
values = st.lists(st.tuples(st.integers(0, 25), st.sampled_from([5, 5, 20, 21, 30])), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(values, st.integers(1, 9), st.booleans())
def test_breaches_are_those_of_a_walk(values: list[tuple[int, int]], batch: int, restarts: bool) -> None:
    world = SlaWorld()
    world.restarts = restarts
    world.serve(world.define(**TERMS), "svc-1")
    world.at(26 * 60)
    for begin in range(0, len(values), batch):
        items = tuple(
            ServiceMeasurement(service_id="svc-1", at=us(60 * minute + 30), latency=value)
            for minute, value in values[begin : begin + batch]
        )
        assert not world.command(AddMeasurements("t", items)).refusals
        done = [(us(60 * minute + 30), value) for minute, value in values[: begin + batch]]
        expected = [(each.start, each.end, each.worst) for each in recompute(RULE, done)]
        standing = [each for each in world.sla.breaches.values() if not each.withdrawn]
        assert sorted((each.start, each.end or 0, each.actual) for each in standing) == [
            (start, end or 0, worst) for start, end, worst in expected
        ]
        assert all(each.resolved == (each.end is not None) for each in standing)
    # The rows that PostgreSQL keeps, by their key; a row that was joined with another one has an end that is its start.
    rows = {each.summary.start: each.summary for each in world.history if isinstance(each, SlaMeasured)}
    assert sorted((each.start, each.end or 0, each.worst) for each in rows.values() if each.end != each.start) == [
        (start, end or 0, worst) for start, end, worst in expected
    ]

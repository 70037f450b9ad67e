"""The SLA board of a stream that followed every Change, and that of one which begins now, have the same."""

from datetime import date

import hypothesis.strategies as st
from hypothesis import given, settings
from vocabulary.sla import SlaWorld, plan_window

from actors.sla_clock.held import live_changes
from actors.stream.board import Board
from actors.stream.sla_board import SlaBoard, unpacked
from protocols.ledger import RecordedBatch
from protocols.sla.periods import PeriodRule

PLACES = ("olt-1", "olt-1/1/1", "olt-1/1/1/1", "olt-1/1/2/1")
DAY = PeriodRule("UTC", date(2026, 1, 1), "days", 1)
"""A World begins within a day; its end is within reach of the steps."""
steps = st.lists(
    st.tuples(
        st.sampled_from(["down", "up", "wait", "wait", "window"]),
        st.sampled_from(PLACES),
        st.sampled_from([1, 20, 40, 90, 3_600, 86_400]),
    ),
    max_size=14,
)


def shown(board: SlaBoard) -> set[object]:
    """Its instances by what a Change follows at once, and its breaches."""
    instances = map(unpacked, board.instances())
    found = {(each.instance, each.status, each.breach_count, each.breaches_at) for each in instances}
    return {*found, *board.breaches()}


@settings(max_examples=60, deadline=None)
@given(taken=steps)
def test_a_board_that_begins_now_has_what_one_that_followed_has(taken: list[tuple[str, str, int]]) -> None:
    world = SlaWorld()
    tight = world.define("tight", period=DAY, availability_target=999_500_000)
    loose = world.define("loose", response={"critical": 60_000_000}, resolution={"major": 90_000_000})
    for number in range(1, 5):
        world.serve(tight if number % 2 else loose, f"svc-{number}")
    alarms: dict[str, str] = {}
    board, told = Board(), 0
    for kind, place, seconds in taken:
        if kind == "down" and place not in alarms:
            alarms[place] = world.raise_alarm("ont.los" if place.count("/") == 3 else "pon.los", place)
        elif kind == "up" and place in alarms:
            world.clear_alarm(alarms.pop(place))
        elif kind == "window":
            plan_window(world, world.seconds, world.seconds + seconds, place)
        world.run_to(world.seconds + seconds)
        board.fold(RecordedBatch(board.seq + 1, board.seq + 1, world.history[told:]))
        told = len(world.history)
        assert shown(board.sla) == shown(SlaBoard(0, 8, live_changes(world.sla)))

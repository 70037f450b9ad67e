"""Polled cases: the Events of pollers follow from the physics, and make an OLT's silent death knowable."""

from collections import Counter

import pytest

from faultd.evaluation.cases import UnknownCase, build, case_ids
from faultd.evaluation.play import Played, play
from faultd.evaluation.report import compared
from faultd.evaluation.runner import evaluate
from faultd.evaluation.score import score
from protocols.change import Change
from protocols.event import Event
from protocols.poll.contact import PollAnswered, PollMissed
from protocols.poll.part_states import unpack_states
from protocols.poll.request import PollRequested
from protocols.poll.states import PolledStates

DEAD = "1/001/olt_power/clean/polls-15"
"""Its OLT says nothing before it dies."""


def played(name: str) -> list[tuple[float, Event, list[Change]]]:
    case = Played(build(name))
    return [(at, event, case.step(at, event, datagram)) for at, event, datagram in case.events()]


def test_polls_change_neither_faults_nor_traps() -> None:
    alone, polled = build("3/002/three/everything"), build("3/002/three/everything/polls-20")
    assert (alone.faults, alone.background, alone.options) == (polled.faults, polled.background, polled.options)
    assert (alone.polls, polled.polls) == (0, 20)
    assert list(case_ids(1, 1, ["nothing"], ["clean"], 30)) == ["1/000/nothing/clean/polls-30"]


@pytest.mark.parametrize("name", ["1/000/two/clean/polls-", "1/000/two/clean/polls-0", "1/000/two/clean/often", "1/000/two",
                                  "1/000/two/clean/polls-15/x"])  # fmt: skip
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(UnknownCase):
        build(name)


def test_an_olt_that_dies_silently_is_found() -> None:
    unheard = score(play(build(DEAD.rpartition("/")[0])))
    assert (unheard.faults[0].unheard, unheard.faults[0].found) == ("no trap of it arrived", False)
    known = score(play(build(DEAD)))
    assert (known.faults[0].unheard, known.faults[0].found, known.faults[0].pages) == ("", True, 1)
    assert not known.wrong


def test_the_polls_of_a_dead_olt() -> None:
    """Every 15 s; a poll is missed 2 + 3 + 4.5 s after it was sent, the last one 2 + 3 s later by the second method."""
    case = build(DEAD)
    (fault,) = case.faults
    events = played(DEAD)
    missed = [(at, each) for at, each, _ in events if isinstance(each, PollMissed)]
    assert [(each.device, each.misses, each.other_object) for _, each in missed] == [
        (fault.target, 1, None),
        (fault.target, 2, None),
        (fault.target, 3, False),
    ]
    first, second, third = (at for at, _ in missed)
    assert fault.start + 9.5 <= first <= fault.start + 15 + 9.5
    assert (round(second - first, 3), round(third - second, 3)) == (15.0, 20.0)
    assert all(each.others.silent == 0 for _, each in missed)
    starts = Counter(each.device for _, each, _ in events if isinstance(each, PollAnswered) and not each.misses)
    assert set(starts.values()) == {1}
    (back,) = [(at, each) for at, each, _ in events if isinstance(each, PollAnswered) and each.misses]
    assert back[0] > case.faults[0].end  # type: ignore[operator]
    assert back[1].before is not None
    assert (back[1].times.boots or 0) - (back[1].before.boots or 0) == 1


def test_a_burst_is_answered_within_five_seconds_by_that_port_alone() -> None:
    events = played("1/001/distribution_cut/loss-5/polls-60")
    asked = {each.offset: at for at, _, changes in events for each in changes if isinstance(each, PollRequested)}
    answers = [(at, each) for at, each, _ in events if isinstance(each, PolledStates) and each.reason == "burst"]
    assert answers
    for at, read in answers:
        assert at - asked[read.request] < 5
        assert all(part.kind == "pon" or part.position.startswith(f"{read.scope}/") for part in unpack_states(read.states))


def test_alarms_of_reads_are_reports_of_their_fault_and_no_conclusions() -> None:
    """Some traps of this cut are lost, and reads make them good."""
    outcome = Played(build("1/002/distribution_cut/loss-5/polls-15")).run()
    found = [each for each in outcome.standing if each.alarm_type == "ont.state"]
    assert found
    assert all(each.faults == {"fault-1"} and not each.inferred for each in found)
    scored = score(outcome)
    assert (scored.faults[0].found, scored.faults[0].shown, scored.wrong) == (True, 1, ())


def test_both_are_shown_side_by_side() -> None:
    without = evaluate([DEAD.rpartition("/")[0]])
    text = compared(without, evaluate([DEAD]))
    assert "| olt_power | 0 → 1 | 1 → 0 |" in text

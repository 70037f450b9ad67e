"""Raising and clearing on a Draft: more than one thing in one Event, and memories that stay bounded."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import clear_problems, raise_problem
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.state import State
from protocols.alarm import Identity

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
REPORT = ReportTime(received=NOW, reporter="device:olt-1", source="10.0.0.1")
PROBLEM = ReportedProblem(
    identity=Identity("t", "olt-1", "x"), severity="major", source="network_device", resource_type="olt", title="x"
)
offsets = count(1)


@pytest.fixture
def state() -> State:
    return State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")


def draft_of(state: State) -> Draft:
    return Draft(state, next(offsets), NOW)


def clear(draft: Draft) -> int:
    return len(clear_problems(draft, "t", "olt-1", ("x",), "*", REPORT, "over"))


def test_what_one_event_raises_it_can_also_repeat_and_clear(state: State) -> None:
    draft = draft_of(state)
    raise_problem(draft, PROBLEM, REPORT)
    raise_problem(draft, PROBLEM, REPORT)
    assert clear(draft) == 1
    draft.commit()
    (alarm,) = state.alarms.values()
    assert (alarm.status, alarm.occurrence_count) == ("cleared", 2)


def test_what_one_event_reopens_it_can_also_clear(state: State) -> None:
    first = draft_of(state)
    raise_problem(first, PROBLEM, REPORT)
    clear(first)
    first.commit()
    second = draft_of(state)
    raise_problem(second, PROBLEM, REPORT)
    assert clear(second) == 1
    second.commit()
    assert [alarm.status for alarm in state.alarms.values()] == ["cleared"]
    assert state.open == {}


def test_what_one_event_clears_is_cleared_once(state: State) -> None:
    first = draft_of(state)
    raise_problem(first, PROBLEM, REPORT)
    first.commit()
    second = draft_of(state)
    assert (clear(second), clear(second)) == (1, 0)


def at_uptime(uptime: int | None, source: str = "10.0.0.1", seconds: float = 0) -> ReportTime:
    return ReportTime(received=NOW + timedelta(seconds=seconds), reporter="device:olt-1", source=source, uptime=uptime)


def test_two_raises_of_one_event_have_ids_and_names_of_their_own(state: State) -> None:
    draft = draft_of(state)
    one = raise_problem(draft, PROBLEM, REPORT)
    other = raise_problem(draft, replace(PROBLEM, identity=replace(PROBLEM.identity, qualifier="q")), REPORT)
    draft.commit()
    assert one is not None
    assert other is not None
    assert len(state.alarms) == len({one.alarm_id, other.alarm_id}) == 2


def test_a_clear_of_all_qualifiers_goes_by_their_order_and_not_by_that_of_the_raises(state: State) -> None:
    draft = draft_of(state)
    for qualifier in ("b", "a"):
        raise_problem(draft, replace(PROBLEM, identity=replace(PROBLEM.identity, qualifier=qualifier)), REPORT)
    draft.commit()
    ended = clear_problems(draft_of(state), "t", "olt-1", ("x",), "*", REPORT, "over")
    assert [alarm.qualifier for alarm in ended] == ["a", "b"]


@pytest.mark.parametrize(("seconds", "count"), [(5, 1), (6, 2)])
def test_what_a_device_repeats_by_design_counts_once_within_its_time(state: State, seconds: int, count: int) -> None:
    for received in (0, seconds):
        draft = draft_of(state)
        raise_problem(draft, replace(PROBLEM, repeats_by_design=True), at_uptime(None, seconds=received))
        draft.commit()
    (alarm,) = state.alarms.values()
    assert alarm.occurrence_count == count
    assert state.tally["repeated_by_design"] == 2 - count


def test_a_repeat_by_design_that_says_something_else_changes_the_alarm_and_is_not_counted(state: State) -> None:
    def told(seconds: float, title: str, severity: Any) -> tuple[str, str, int]:
        draft = draft_of(state)
        problem = replace(PROBLEM, repeats_by_design=True, title=title, severity=severity)
        raise_problem(draft, problem, at_uptime(None, seconds=seconds))
        draft.commit()
        (alarm,) = state.alarms.values()
        return alarm.title, alarm.severity, alarm.occurrence_count

    assert told(0, "61 C", "minor") == told(1, "61 C", "minor") == ("61 C", "minor", 1)
    assert told(2, "95 C", "critical") == told(3, "95 C", "critical") == ("95 C", "critical", 1)
    assert told(6, "95 C", "critical") == ("95 C", "critical", 2), "the time runs from the last one that was counted"


def test_a_clear_sent_before_a_repeat_by_design_that_overtook_it_ends_nothing(state: State) -> None:
    for seconds, uptime in ((0, 1000), (2, 1200)):
        draft = draft_of(state)
        raise_problem(draft, replace(PROBLEM, repeats_by_design=True), at_uptime(uptime, seconds=seconds))
        draft.commit()
    draft = draft_of(state)
    clear_problems(draft, "t", "olt-1", ("x",), "", at_uptime(1100, seconds=2.5), "over")
    draft.commit()
    assert [alarm.cleared_at for alarm in state.alarms.values()] == [None]


def test_a_clear_of_the_same_hundredth_as_the_raise_ends_it(state: State) -> None:
    draft = draft_of(state)
    raise_problem(draft, PROBLEM, at_uptime(1000))
    draft.commit()
    assert clear_problems(draft_of(state), "t", "olt-1", ("x",), "", at_uptime(1000), "over")


def test_uptimes_of_different_senders_are_not_compared(state: State) -> None:
    draft = draft_of(state)
    raise_problem(draft, PROBLEM, at_uptime(2000))
    draft.commit()
    assert clear_problems(draft_of(state), "t", "olt-1", ("x",), "", at_uptime(1000, "10.0.0.2"), "over")


@pytest.mark.parametrize(("source", "status"), [("10.0.0.1", "cleared"), ("10.0.0.2", "active")])
def test_a_clear_of_all_qualifiers_overtakes_the_raise_of_any_that_the_same_sender_sent(
    state: State, source: str, status: str
) -> None:
    draft = draft_of(state)
    clear_problems(draft, "t", "olt-1", ("x",), "*", at_uptime(1400), "over")
    draft.commit()
    draft = draft_of(state)
    raised = raise_problem(draft, replace(PROBLEM, identity=replace(PROBLEM.identity, qualifier="q")), at_uptime(1000, source))
    assert raised is not None
    assert raised.status == status


def test_after_the_reorder_time_a_lower_uptime_is_a_new_raise(state: State) -> None:
    draft = draft_of(state)
    clear_problems(draft, "t", "olt-1", ("x",), "", at_uptime(1100), "over")
    draft.commit()
    later = Draft(state, next(offsets), NOW + timedelta(seconds=5.1))
    raised = raise_problem(later, PROBLEM, at_uptime(1000, seconds=5.1))
    assert raised is not None
    assert raised.status == "active"


def test_an_alarm_is_never_cleared_before_it_began(state: State) -> None:
    draft = draft_of(state)
    raise_problem(draft, PROBLEM, ReportTime(received=NOW, reporter="user:probe", source="api:probe", dated=NOW))
    draft.commit()
    draft = draft_of(state)
    early = ReportTime(received=NOW, reporter="user:eve", source="api:eve", dated=NOW - timedelta(seconds=60))
    (ended,) = clear_problems(draft, "t", "olt-1", ("x",), "", early, "over")
    assert ended.cleared_at == ended.first_occurrence == NOW

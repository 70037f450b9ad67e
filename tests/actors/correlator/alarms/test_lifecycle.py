"""The table of transitions, held against every combination of the axes."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from vocabulary.alarms import make_alarm

from actors.correlator.alarms.lifecycle import (
    TRANSITIONS,
    RefusedAction,
    act,
    cleared,
    moved,
    opened_between,
    reopened,
    repeated,
    severity_changed,
    status_of,
)
from protocols.alarm import Alarm, Status, Suppression
from protocols.command import (
    Acknowledge,
    AlarmAction,
    Assign,
    Clear,
    Edit,
    Edited,
    Note,
    Resolve,
    Shelve,
    Unacknowledge,
    Unshelve,
)

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

ACTIONS: list[AlarmAction] = [
    Acknowledge(),
    Unacknowledge(),
    Clear(),
    Resolve(),
    Assign("bob"),
    Shelve(LATER),
    Unshelve(),
    Note("seen"),
    Edit(Edited(title="new")),
]


def alarm(**axes: Any) -> Alarm:
    base = make_alarm("i", at=NOW, source="api", alarm_type="x", severity="major", title="t")
    return moved(base, **axes)


AXES: dict[str, dict[str, Any]] = {
    "acknowledged": {"acknowledged_at": NOW, "acknowledged_by": "ada"},
    "cleared": {"cleared_at": NOW, "cleared_by": "device:x"},
    "resolved": {"resolved_at": NOW, "resolved_by": "ada", "cleared_at": NOW, "cleared_by": "user:ada"},
    "shelved": {"shelved_until": LATER, "shelved_by": "ada"},
}
STATES = [
    frozenset(name for name, on in zip(AXES, bits, strict=True) if on) for bits in product((False, True), repeat=len(AXES))
]


def in_state(state: frozenset[str]) -> Alarm:
    return alarm(**{key: value for name in AXES if name in state for key, value in AXES[name].items()})


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ([], "active"),
        (["acknowledged"], "acknowledged"),
        (["shelved"], "suppressed"),
        (["acknowledged", "shelved"], "suppressed"),
        (["cleared"], "cleared"),
        (["cleared", "shelved", "acknowledged"], "cleared"),
        (["resolved"], "resolved"),
        (["resolved", "shelved", "acknowledged"], "resolved"),
    ],
)
def test_the_status_follows_from_the_axes(state: list[str], status: Status) -> None:
    assert in_state(frozenset(state)).status == status


def test_what_a_parent_holds_back_is_suppressed() -> None:
    held = alarm(suppressed_by=(Suppression("parent", "A1", NOW),))
    assert held.status == "suppressed"


ALLOWED: dict[type, Any] = {
    Acknowledge: lambda s: not s & {"resolved", "acknowledged"},
    Unacknowledge: lambda s: "acknowledged" in s and "resolved" not in s,
    Clear: lambda s: not s & {"resolved", "cleared"},
    Resolve: lambda s: "resolved" not in s,
    Assign: lambda s: "resolved" not in s,
    Shelve: lambda s: not s & {"resolved", "cleared"},
    Unshelve: lambda s: "shelved" in s and "resolved" not in s,
    Note: lambda s: True,
    Edit: lambda s: "resolved" not in s,
}


def test_every_action_has_its_row() -> None:
    assert set(TRANSITIONS) == {type(action) for action in ACTIONS} == set(ALLOWED)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
@pytest.mark.parametrize("state", STATES, ids=lambda state: "+".join(sorted(state)) or "active")
def test_an_action_applies_exactly_where_the_domain_says(state: frozenset[str], action: AlarmAction) -> None:
    before = in_state(state)
    after = act(before, action, "bob", NOW)
    if not ALLOWED[type(action)](state):
        assert isinstance(after, RefusedAction)
        assert after.reason == "wrong_state"
        assert after.text.startswith("cannot be ")
        return
    assert isinstance(after, Alarm)
    assert after.revision == before.revision + 1
    assert after.status == status_of(after)
    assert (after.id, after.identity, after.occurrence_count) == (before.id, before.identity, before.occurrence_count)


def test_resolving_an_open_alarm_also_clears_it_and_ends_its_shelf() -> None:
    after = act(in_state(frozenset({"shelved"})), Resolve(), "bob", NOW)
    assert isinstance(after, Alarm)
    assert (after.status, after.cleared_by, after.resolved_by, after.shelved_until) == ("resolved", "user:bob", "bob", None)


def test_resolving_a_cleared_alarm_leaves_who_cleared_it() -> None:
    after = act(in_state(frozenset({"cleared"})), Resolve(), "bob", NOW)
    assert isinstance(after, Alarm)
    assert (after.cleared_by, after.resolved_by) == ("device:x", "bob")


@pytest.mark.parametrize(("new", "keeps"), [("critical", False), ("major", True), ("minor", True), ("warning", True)])
def test_an_acknowledged_alarm_is_active_again_only_on_a_higher_severity(new: Any, keeps: bool) -> None:
    after = severity_changed(in_state(frozenset({"acknowledged"})), new)
    assert (after.severity, after.status) == (new, "acknowledged" if keeps else "active")


def test_an_edit_that_raises_the_severity_takes_the_acknowledgement_away() -> None:
    after = act(in_state(frozenset({"acknowledged"})), Edit(Edited(severity="critical")), "bob", NOW)
    assert isinstance(after, Alarm)
    assert (after.severity, after.status) == ("critical", "active")


def test_an_edit_merges_metadata_and_touches_nothing_that_it_does_not_name() -> None:
    after = act(alarm(metadata={"a": 1}), Edit(Edited(metadata={"b": 2}, assigned_to=None)), "bob", NOW)
    assert isinstance(after, Alarm)
    assert after.metadata == {"a": 1, "b": 2}
    assert (after.title, after.severity) == ("t", "major")


@pytest.mark.parametrize("action", [Shelve(NOW), Shelve(NOW - timedelta(seconds=1)), Edit(Edited(severity="cleared"))])
def test_what_makes_no_sense_is_invalid(action: AlarmAction) -> None:
    refused = act(alarm(), action, "bob", NOW)
    assert isinstance(refused, RefusedAction)
    assert refused.reason == "invalid"


def test_clearing_and_reopening_leaves_the_alarm_as_it_was() -> None:
    before = in_state(frozenset({"acknowledged"}))
    after = reopened(cleared(before, NOW, "device:x"), LATER)
    assert after.status == "acknowledged"
    assert (after.cleared_at, after.cleared_by, after.reopened_at, after.opened_at) == (None, None, LATER, LATER)


def test_an_alarm_is_reopened_no_earlier_than_its_clear_and_cleared_no_earlier_than_it_was_opened() -> None:
    over = cleared(alarm(), LATER, "device:x")
    again = reopened(over, NOW)
    assert again.opened_at == LATER
    assert cleared(again, NOW, "device:x").cleared_at == LATER
    assert cleared(alarm(), NOW - timedelta(days=1), "device:x").cleared_at == alarm().first_occurrence


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (2, 5, (2, 5)),  # behind its clear, at 1
        (0, 5, (1, 5)),  # it was open until then
        (-2, 1, (None, 1)),  # all of it is known
        (3, 3, (None, 1)),
    ],
)
def test_a_cleared_alarm_that_was_open_for_a_time_that_is_over(start: int, end: int, expected: tuple[int | None, int]) -> None:
    def minute(number: int) -> datetime:
        return NOW + timedelta(minutes=number)

    after = opened_between(cleared(alarm(), minute(1), "device:x"), minute(start), minute(end))
    assert (after.reopened_at, after.cleared_at) == (None if expected[0] is None else minute(expected[0]), minute(expected[1]))
    assert after.status == "cleared"


def test_a_repeat_counts_and_never_moves_the_last_occurrence_back() -> None:
    after = repeated(alarm(), NOW - timedelta(seconds=5))
    assert (after.occurrence_count, after.last_occurrence) == (2, NOW)
    assert repeated(after, LATER).last_occurrence == LATER

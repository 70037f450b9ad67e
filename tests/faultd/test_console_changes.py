"""Which changes of alarms are worth a line, and when."""

from datetime import UTC, datetime
from typing import Any

import pytest
from vocabulary.alarms import make_alarm

from faultd.console.changes import AT_MOST_SECONDS, SETTLE_SECONDS, Changes
from protocols.alarm import Alarm, Suppression

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
LATER = SETTLE_SECONDS
HELD: dict[str, Any] = {
    "status": "suppressed",
    "suppressed_by": (Suppression("parent", "cause", NOW),),
    "parent_alarm_id": "cause",
}
CLEARED: dict[str, Any] = {"status": "cleared", "cleared_at": NOW}


def alarm(name: str = "a", **fields: Any) -> Alarm:
    return make_alarm(name, **{"severity": "major", "title": "title", **fields})


def told(changes: Changes, now: float, *alarms: Alarm) -> list[tuple[str, str]]:
    return [(line.alarm.id, line.what) for line in changes.due({each.id: each for each in alarms}, now)]


def test_a_new_alarm_is_told_once_it_has_settled() -> None:
    changes = Changes()
    changes.take([alarm()], 0)
    assert told(changes, LATER - 0.1, alarm()) == []
    assert told(changes, LATER, alarm()) == [("a", "raised")]
    changes.take([alarm(occurrence_count=9)], 10)
    assert told(changes, 10 + LATER, alarm(occurrence_count=9)) == []


def test_what_is_attributed_to_a_cause_meanwhile_is_not_told() -> None:
    changes = Changes()
    changes.take([alarm()], 0)
    changes.take([alarm(**HELD)], 1)
    assert told(changes, 1 + LATER, alarm(**HELD)) == []
    changes.take([alarm()], 10)
    assert told(changes, 10 + LATER, alarm()) == [("a", "raised")]


def test_everything_is_told_at_once_when_asked_for() -> None:
    changes = Changes(everything=True)
    changes.take([alarm(**HELD)], 0)
    assert told(changes, 0, alarm(**HELD)) == [("a", "raised, suppressed")]


def test_an_alarm_that_never_settles_is_told_all_the_same() -> None:
    changes = Changes()
    second = 0.0
    while second < AT_MOST_SECONDS:
        changes.take([alarm()], second)
        assert told(changes, second, alarm()) == []
        second += SETTLE_SECONDS / 2
    assert told(changes, AT_MOST_SECONDS, alarm()) == [("a", "raised")]


def test_one_that_came_and_went_is_not_told() -> None:
    changes = Changes()
    changes.take([alarm()], 0)
    changes.take([alarm(**CLEARED)], 1)
    assert told(changes, 1 + LATER, alarm(**CLEARED)) == []


@pytest.mark.parametrize(
    ("now", "what"),
    [
        (CLEARED, "cleared"),
        ({"status": "acknowledged"}, "acknowledged"),
        (HELD, "suppressed"),
        ({"severity": "critical"}, "major -> critical"),
        ({"severity": "critical", "status": "acknowledged"}, "acknowledged, major -> critical"),
        ({"title": "another"}, "new title"),
        ({"is_root_cause": True, "description": "32 ONTs went dark. More."}, "cause revised"),
        ({"last_occurrence": NOW, "occurrence_count": 3, "metadata": {"x": 1}}, ""),
    ],
)
def test_what_has_changed_is_said(now: dict[str, Any], what: str) -> None:
    changes = Changes()
    changes.begin([alarm()])
    changes.take([alarm(**now)], 0)
    assert told(changes, LATER, alarm(**now)) == ([("a", what)] if what else [])


def test_one_that_opens_again_is_said() -> None:
    changes = Changes()
    changes.begin([alarm()])
    for state, what in ((CLEARED, "cleared"), ({}, "active again")):
        changes.take([alarm(**state)], 0)
        assert told(changes, LATER, alarm(**state)) == [("a", what)]


def test_after_a_gap_what_is_gone_is_told_and_what_stayed_is_not() -> None:
    changes = Changes()
    changes.begin([alarm("stays"), alarm("goes"), alarm("clears")])
    now = {each.id: each for each in (alarm("stays"), alarm("clears", **CLEARED), alarm("new"))}
    changes.compare(now, 0)
    assert sorted(told(changes, LATER, *now.values())) == [
        ("clears", "cleared"),
        ("goes", "gone: cleared meanwhile, and history"),
        ("new", "raised"),
    ]
    changes.compare(now, 20)
    assert told(changes, 20 + LATER, *now.values()) == []


def test_a_cleared_alarm_that_becomes_history_is_forgotten_without_a_word() -> None:
    changes = Changes()
    changes.begin([alarm()])
    changes.take([alarm(**CLEARED)], 0)
    assert told(changes, LATER, alarm(**CLEARED)) == [("a", "cleared")]
    changes.compare({}, 10)
    assert told(changes, 10 + LATER) == []


@pytest.mark.parametrize(
    ("fields", "what", "by"),
    [
        ({"status": "acknowledged", "acknowledged_by": "ada"}, "acknowledged", "ada"),
        ({**CLEARED, "cleared_by": "user:ada"}, "cleared", "ada"),
        ({**CLEARED, "cleared_by": "device:olt-1"}, "cleared", ""),
        ({**CLEARED, "cleared_by": "faultd:topology"}, "cleared", "faultd:topology"),
        ({"status": "acknowledged", "acknowledged_by": "ada", "severity": "minor"}, "acknowledged, major -> minor", "ada"),
        ({"title": "other"}, "new title", ""),
    ],
)
def test_it_is_told_who_did_it_unless_a_device_did(fields: dict[str, Any], what: str, by: str) -> None:
    changes = Changes()
    changes.begin([alarm()])
    changes.take([alarm(**fields)], 0)
    assert [(line.what, line.by) for line in changes.due({"a": alarm(**fields)}, LATER)] == [(what, by)]

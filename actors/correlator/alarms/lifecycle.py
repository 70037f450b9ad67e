"""The alarm's life cycle, as one table.

An alarm has independent axes, each with who and when: cleared, acknowledged, resolved, shelved, suppressed. The status
is derived from them here and nowhere else:

    resolved  >  cleared  >  suppressed (shelved too)  >  acknowledged  >  active

What the network does (raise, repeat, re-open, clear) and what an operator does (``TRANSITIONS``) only ever move these
axes. Everything is pure: the time comes from the Event.

Rules of the domain:
- an acknowledged alarm goes back to active when it is unacknowledged or its severity rises;
- clearing leaves the acknowledgement, the shelf and the severity as they were, so that a re-opened alarm is what it was;
- resolving also clears: the operator says that it is over; a later raise is then a new alarm;
- nothing moves a resolved alarm but a note.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from msgspec import UNSET
from msgspec.structs import fields, replace

from protocols.alarm import Alarm, Status
from protocols.command import (
    Acknowledge,
    AlarmAction,
    Assign,
    Clear,
    Edit,
    Note,
    Resolve,
    Shelve,
    Unacknowledge,
    Unshelve,
)
from protocols.severity import Severity, is_worse

_AS_IT_IS: Final[dict[str, Any]] = {}


def status_of(alarm: Alarm, axes: dict[str, Any] = _AS_IT_IS) -> Status:
    """The one place where the status is derived from the axes: the alarm's own but for those that are given."""
    if axes.get("resolved_at", alarm.resolved_at) is not None:
        return "resolved"
    if axes.get("cleared_at", alarm.cleared_at) is not None:
        return "cleared"
    if axes.get("shelved_until", alarm.shelved_until) is not None or axes.get("suppressed_by", alarm.suppressed_by):
        return "suppressed"
    if axes.get("acknowledged_at", alarm.acknowledged_at) is not None:
        return "acknowledged"
    return "active"


def moved(alarm: Alarm, **axes: Any) -> Alarm:
    """``alarm`` with ``axes`` changed, its revision one higher and its status derived again."""
    return replace(alarm, revision=alarm.revision + 1, status=status_of(alarm, axes), **axes)


# --- what the network does ---------------------------------------------------------------------------------------


def repeated(alarm: Alarm, at: datetime) -> Alarm:
    """The same problem reported again: no axis moves, so the status stands."""
    last = alarm.last_occurrence
    return replace(
        alarm,
        revision=alarm.revision + 1,
        occurrence_count=alarm.occurrence_count + 1,
        last_occurrence=at if at > last else last,
    )


def severity_changed(alarm: Alarm, severity: Severity) -> Alarm:
    """Another severity; a rise removes the acknowledgement, so that somebody looks again."""
    if is_worse(severity, alarm.severity):
        return moved(alarm, severity=severity, acknowledged_at=None, acknowledged_by=None)
    return moved(alarm, severity=severity)


def reopened(alarm: Alarm, at: datetime) -> Alarm:
    """Back within the control time: the same alarm, no longer cleared. It was open until its clear, so it cannot have begun
    again earlier."""
    since = alarm.cleared_at
    return moved(alarm, cleared_at=None, cleared_by=None, reopened_at=at if since is None or at > since else since)


def cleared(alarm: Alarm, at: datetime, by: str) -> Alarm:
    """The problem ended, not before it last began."""
    since = alarm.opened_at
    return moved(alarm, cleared_at=at if at > since else since, cleared_by=by)


def opened_between(alarm: Alarm, start: datetime, end: datetime) -> Alarm:
    """A cleared alarm that was open once more, for a time that is over. No change when its last clear covers that time."""
    since = alarm.cleared_at
    if since is not None and since > start:
        start = since
    return moved(alarm, reopened_at=start, cleared_at=end) if end > start else alarm


# --- what an operator does ---------------------------------------------------------------------------------------


def user(name: str) -> str:
    """A person as ``cleared_by`` and timelines name one, beside devices and faultd itself."""
    return f"user:{name}"


class ActionCondition(NamedTuple):
    """A precondition of an action. ``text`` is the error when it does not hold."""

    holds: Callable[[Alarm], bool]
    text: str


class Transition(NamedTuple):
    """One row of the table: the conditions, what moves, and the word for the timeline."""

    requires: tuple[ActionCondition, ...]
    effect: Callable[[Alarm, Any, str, datetime], dict[str, Any]]
    done: str


UNRESOLVED = ActionCondition(lambda a: a.resolved_at is None, "it is resolved")
UNCLEARED = ActionCondition(lambda a: a.cleared_at is None, "it is cleared")
UNACKNOWLEDGED = ActionCondition(lambda a: a.acknowledged_at is None, "it is already acknowledged")
ACKNOWLEDGED = ActionCondition(lambda a: a.acknowledged_at is not None, "it is not acknowledged")
SHELVED = ActionCondition(lambda a: a.shelved_until is not None, "it is not shelved")


def _resolve(alarm: Alarm, _action: Resolve, by: str, at: datetime) -> dict[str, Any]:
    axes: dict[str, Any] = {"resolved_at": at, "resolved_by": by, "shelved_until": None, "shelved_by": None}
    if alarm.cleared_at is None:
        axes.update(cleared_at=at, cleared_by=user(by))
    return axes


def _edit(alarm: Alarm, action: Edit, _by: str, _at: datetime) -> dict[str, Any]:
    named = ((field.name, getattr(action.fields, field.name)) for field in fields(action.fields))
    given = {name: value for name, value in named if value is not UNSET}
    if "metadata" in given:
        given["metadata"] = {**alarm.metadata, **given["metadata"]}
    severity = given.get("severity")
    if severity is not None and is_worse(severity, alarm.severity):
        given.update(acknowledged_at=None, acknowledged_by=None)
    return given


TRANSITIONS: dict[type[Any], Transition] = {
    Acknowledge: Transition(
        (UNRESOLVED, UNACKNOWLEDGED),
        lambda a, c, by, at: {"acknowledged_at": at, "acknowledged_by": by},
        "acknowledged",
    ),
    Unacknowledge: Transition(
        (UNRESOLVED, ACKNOWLEDGED),
        lambda a, c, by, at: {"acknowledged_at": None, "acknowledged_by": None},
        "unacknowledged",
    ),
    Clear: Transition((UNRESOLVED, UNCLEARED), lambda a, c, by, at: {"cleared_at": at, "cleared_by": user(by)}, "cleared"),
    Resolve: Transition((UNRESOLVED,), _resolve, "resolved"),
    Assign: Transition((UNRESOLVED,), lambda a, c, by, at: {"assigned_to": c.assigned_to}, "assigned"),
    Shelve: Transition(
        (UNRESOLVED, UNCLEARED),
        lambda a, c, by, at: {"shelved_until": c.until, "shelved_by": by},
        "shelved",
    ),
    Unshelve: Transition((UNRESOLVED, SHELVED), lambda a, c, by, at: {"shelved_until": None, "shelved_by": None}, "unshelved"),
    Note: Transition((), lambda a, c, by, at: {}, "noted"),
    Edit: Transition((UNRESOLVED,), _edit, "edited"),
}


class RefusedAction(NamedTuple):
    """The reason for which the action does not apply to the alarm in its present state."""

    reason: str
    text: str


def act(alarm: Alarm, action: AlarmAction, by: str, at: datetime) -> Alarm | RefusedAction:
    """Apply an operator's action. ``by`` is who; a refusal has reason ``wrong_state`` or ``invalid`` and says why."""
    transition = TRANSITIONS[type(action)]
    for condition in transition.requires:
        if not condition.holds(alarm):
            return RefusedAction("wrong_state", f"cannot be {transition.done}: {condition.text}")
    if isinstance(action, Shelve) and action.until <= at:
        return RefusedAction("invalid", f"until: {action.until.isoformat()} is not in the future")
    if isinstance(action, Edit) and action.fields.severity == "cleared":
        return RefusedAction("invalid", "severity: an alarm is cleared by the action clear, not by a severity")
    return moved(alarm, **transition.effect(alarm, action, by, at))


def text_of(action: AlarmAction) -> str:
    """The operator's own words in an action, for the timeline."""
    match action:
        case Note(text=text):
            return text
        case Shelve(reason=reason):
            return reason
        case Edit():
            return ""
        case _:
            return action.note


def detail_of(action: AlarmAction) -> dict[str, Any]:
    """The action's fields for the timeline, without its text."""
    match action:
        case Shelve(until=until):
            return {"until": until.isoformat()}
        case Assign(assigned_to=person):
            return {"assigned_to": person}
        case Note(type=kind):
            return {} if kind == "note" else {"type": kind}
        case Edit(fields=edited):
            return {field.name: value for field in fields(edited) if (value := getattr(edited, field.name)) is not UNSET}
        case _:
            return {}

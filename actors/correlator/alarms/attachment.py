"""Parents and children: attaching an alarm to its cause, detaching it, suppressing an alarm and releasing it.

Each step is a line of the timeline with the action, the actor (``faultd:RULE``), the reason, and the evidence in its detail.
"""

from datetime import datetime
from typing import Any, Literal

from actors.correlator.alarms.lifecycle import moved
from actors.correlator.alarms.tables import age
from actors.correlator.draft import Draft
from protocols.alarm import Alarm, Suppression
from protocols.probability import stated

DEEPEST = 256
"""Generations at most: beyond it an alarm is not attached."""


def attach(
    draft: Draft,
    child: Alarm,
    cause: Alarm,
    rule: str,
    why: str,
    *,
    suppress: bool = True,
    mark_root: bool = True,
    share_group: bool = True,
    confidence: float | None = None,
    **evidence: Any,
) -> bool:
    """Make ``cause`` the parent of ``child``. The child is held back by it unless ``suppress`` is False. The cause is marked as
    a root cause unless ``mark_root`` is False. Both share a correlation id unless ``share_group`` is False. Returns False and
    does nothing when the child is attached already, when a ring would result, or when the two alarms are of different tenants:
    the readers of one may not read the other."""
    child, cause = draft.latest(child), draft.latest(cause)
    if child.tenant_id != cause.tenant_id:
        return False
    if child.parent_alarm_id == cause.id or child.id == cause.id or _descends(draft, cause, child):
        return False
    group = (cause.correlation_id or cause.id) if share_group else cause.correlation_id
    root = cause.is_root_cause or (mark_root and cause.parent_alarm_id is None)
    if root != cause.is_root_cause or (share_group and cause.correlation_id is None and cause.parent_alarm_id is None):
        cause = draft.put(
            moved(cause, is_root_cause=root, correlation_id=group), "root_cause", f"faultd:{rule}", f"cause of others: {why}"
        )
    if confidence is not None:
        evidence["confidence"] = stated(confidence)
    held = tuple(each for each in child.suppressed_by if each.kind != "parent")
    if suppress:
        held = (*held, Suppression("parent", cause.id, draft.at, why))
    draft.put(
        moved(
            child,
            parent_alarm_id=cause.id,
            correlation_id=group if share_group else child.correlation_id,
            is_root_cause=False,
            suppressed_by=held,
        ),
        "correlated",
        f"faultd:{rule}",
        why,
        parent=cause.alarm_id,
        **evidence,
    )
    return True


def detach(draft: Draft, child: Alarm, rule: str, why: str, **evidence: Any) -> Alarm:
    """The alarm, detached from its parent and no longer suppressed by it."""
    child = draft.latest(child)
    held = tuple(each for each in child.suppressed_by if each.kind != "parent")
    changed = moved(child, parent_alarm_id=None, correlation_id=None, suppressed_by=held)
    return draft.put(changed, "detached", f"faultd:{rule}", why, **evidence)


def hold_back(
    draft: Draft, alarm: Alarm, kind: Literal["rule", "window", "flapping"], by: str, rule: str, why: str, **evidence: Any
) -> Alarm:
    """The alarm, suppressed by ``by`` (an id). Several may suppress the same alarm."""
    alarm = draft.latest(alarm)
    if is_held(alarm, kind, by):
        return alarm
    held = (*alarm.suppressed_by, Suppression(kind, by, draft.at, why))
    return draft.put(moved(alarm, suppressed_by=held), "suppressed", f"faultd:{rule}", why, by=by, **evidence)


def is_held(alarm: Alarm, kind: str, by: str) -> bool:
    """True when ``by`` holds it back already."""
    return bool(alarm.suppressed_by) and any(each.kind == kind and each.by == by for each in alarm.suppressed_by)


def let_go(draft: Draft, alarm: Alarm, kind: Literal["rule", "window", "flapping"], by: str, rule: str, why: str) -> Alarm:
    """The alarm, no longer suppressed by ``by``. Something else may still suppress it."""
    alarm = draft.latest(alarm)
    held = tuple(each for each in alarm.suppressed_by if (each.kind, each.by) != (kind, by))
    if len(held) == len(alarm.suppressed_by):
        return alarm
    return draft.put(moved(alarm, suppressed_by=held), "released", f"faultd:{rule}", why, by=by)


def children_of(draft: Draft, cause_id: str) -> list[Alarm]:
    """The alarms attached to it, oldest first."""
    filed = draft.state.children.get(cause_id)
    if filed is None:
        return []
    found = [draft.get(child_id) for child_id in filed]
    children = [child for child in found if child is not None and child.parent_alarm_id == cause_id]
    return sorted(children, key=age)


def reported_at(draft: Draft, alarm: Alarm) -> datetime:
    """Time at which faultd last received a report of it. The alarm's own times are the device's, whose clock may be wrong;
    windows and order are decided by faultd's time."""
    mark = draft.state.marks.get(alarm.id)
    return alarm.received_at if mark is None else mark.received


def _descends(draft: Draft, alarm: Alarm, ancestor: Alarm) -> bool:
    """True when ``alarm`` is attached to ``ancestor``, directly or through others; also when the chain is too long to
    follow."""
    for _ in range(DEEPEST):
        if alarm.parent_alarm_id is None:
            return False
        if alarm.parent_alarm_id == ancestor.id:
            return True
        parent = draft.get(alarm.parent_alarm_id)
        if parent is None:
            return False
        alarm = parent
    return True

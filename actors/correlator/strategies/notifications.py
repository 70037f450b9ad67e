"""Requests for notifications: the last strategy, after all that may hold an alarm back.

An alarm that stands on its own waits for the hold time of its severity (``[correlator] hold_*_seconds``). If a cause, a
maintenance window, a rule or its own clear comes meanwhile, no notification is requested. An alarm held back at the end of its
wait is notified when it is released. Where the evidence is not whole yet, it waits longer:
:mod:`actors.correlator.pon.page_wait`.
"""

from datetime import timedelta
from typing import Final

from actors.correlator.alarms.history import add_to_history
from actors.correlator.alarms.lifecycle import moved
from actors.correlator.draft import Draft
from actors.correlator.memories import NotificationMemory
from actors.correlator.plant.customers import tiers_of
from actors.correlator.pon.alarm_types import INFERRED
from actors.correlator.pon.page_wait import page_wait
from actors.correlator.rules.place import area_of
from actors.correlator.strategies.strategy import Strategy, ended, raised
from actors.correlator.windows import strategy as windows
from protocols.alarm import Alarm, TimelineEntry
from protocols.change import NotificationKind, NotificationRequested
from protocols.severity import Severity, is_worse

NAME: Final = "notices"
_ACTOR: Final = f"faultd:{NAME}"
_REQUESTED: Final = "notification_requested"
STEADY: Final = timedelta(seconds=30)
"""A conclusion that is clear for so long has ended. A repair comes and goes for a while, and nobody is paged each time."""
CONCLUDED_BY: Final = "faultd:pon"
"""The actor that raises and clears what faultd concludes about the access network."""
_ENDS: Final = frozenset(("cleared", "resolved", "withdrawn"))


def touched(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """Start, stop or end the waiting of an alarm that changed."""
    memory = draft.state.memory(NotificationMemory)
    told = last_notified(draft, alarm.id)
    if alarm.cleared_at is not None:
        if ended(before, alarm) or (alarm.resolved_at is not None and (before is None or before.resolved_at is None)):
            draft.no_wake(NAME, alarm.id)
            if memory.released_from:
                draft.drop(memory.released_from, alarm.id)
            if memory.postponed:
                draft.drop(memory.postponed, alarm.id)
        if told is not None and not _flaps(alarm) and _may_bounce(draft, before, alarm):
            draft.set(memory.endings, alarm.id, _ending(draft, alarm.id)[0])
            draft.wake(NAME, alarm.id, draft.at + STEADY)
            return
        # An alarm with a notification gets one about its end, whatever held it back meanwhile and whatever ended first. A
        # flapping alarm gets it when the flapping has ended, which its release shows here.
        if told is not None and not _flaps(alarm):
            why, instead = _ending(draft, alarm.id)
            request_notification(draft, alarm, "recovered", why, instead)
        return
    if alarm.id in memory.endings and raised(before, alarm):
        draft.drop(memory.endings, alarm.id)
        draft.no_wake(NAME, alarm.id)
    if not _of_interest(draft, alarm):
        return
    if alarm.suppressed_by or alarm.shelved_until is not None:
        return
    let_go = before is not None and bool(before.suppressed_by or before.shelved_until is not None)
    given_back = before is not None and before.acknowledged_at is not None and alarm.acknowledged_at is None
    if not (raised(before, alarm) or let_go or given_back or _worsened(before, alarm)):
        return  # includes the timeline line about the notification, which strategies are shown too
    if told is None:
        if before is not None and let_go:
            draft.set(memory.released_from, alarm.id, _holder(before))
        if alarm.id in memory.postponed:
            draft.drop(memory.postponed, alarm.id)
        draft.wake(NAME, alarm.id, draft.at + draft.state.spans.hold[alarm.severity])
    elif is_worse(alarm.severity, told) and not windows.hold(draft, alarm):
        request_notification(draft, alarm, "worsened", f"was {told}")


def due(draft: Draft, alarm_id: str) -> None:
    """The wait is over: request a notification if the alarm still needs one, or has stayed clear."""
    alarm = draft.get(alarm_id)
    if alarm_id in draft.state.memory(NotificationMemory).endings:
        _steady(draft, alarm_id, alarm)
        return
    if alarm is None or alarm.cleared_at is not None or not deserves_notification(draft, alarm):
        return
    memory = draft.state.memory(NotificationMemory)
    told = last_notified(draft, alarm_id)
    if told is not None and not is_worse(alarm.severity, told):
        return
    if alarm.acknowledged_at is not None:
        draft.put(moved(alarm), "notification_not_needed", _ACTOR, f"{alarm.acknowledged_by} has acknowledged it already")
        return
    if windows.hold(draft, alarm):
        return
    since = memory.postponed.get(alarm_id, draft.at)
    more = page_wait(draft, alarm, since)
    if more is not None:
        if alarm_id not in memory.postponed:
            draft.set(memory.postponed, alarm_id, since)
        at, reason = more
        draft.set(memory.released_from, alarm_id, reason)
        draft.wake(NAME, alarm_id, at)
        return
    held = (draft.state.spans.hold[alarm.severity] + (draft.at - since)).total_seconds()
    children = len(draft.state.children.get(alarm_id, ()))
    waited = f"it is the cause of {children} others" if children else "no cause, window or rule holds it back"
    draft.drop(memory.postponed, alarm_id)
    released_from = memory.released_from.get(alarm_id)
    if released_from is not None:
        draft.drop(memory.released_from, alarm_id)
        waited = f"{waited}; until then {released_from}"
    request_notification(draft, alarm, "raised", f"waited {held:g} s: {waited}")


def _may_bounce(draft: Draft, before: Alarm | None, alarm: Alarm) -> bool:
    """True when the end of an alarm may not last: faultd concluded it, and its ONTs came back. A repair bounces for a while."""
    if alarm.alarm_type not in INFERRED or not ended(before, alarm) or alarm.cleared_by != CONCLUDED_BY:
        return False
    return any(each.action == "cleared" for each in draft.entries_of(alarm.id))


def _steady(draft: Draft, alarm_id: str, alarm: Alarm | None) -> None:
    """An alarm has stayed clear for ``STEADY``: request the notification of its end. One that is open again needs none."""
    memory = draft.state.memory(NotificationMemory)
    why = draft.read(memory.endings, alarm_id) or "the alarm has cleared"
    draft.drop(memory.endings, alarm_id)
    if alarm is not None and alarm.cleared_at is not None and last_notified(draft, alarm_id) is not None:
        request_notification(draft, alarm, "recovered", f"{why}, and stayed so for {STEADY.total_seconds():g} s")


def deserves_notification(draft: Draft, alarm: Alarm) -> bool:
    """True when an alarm needs a notification: severe enough, and neither held back nor shelved."""
    return _of_interest(draft, alarm) and not alarm.suppressed_by and alarm.shelved_until is None


def last_notified(draft: Draft, alarm_id: str) -> Severity | None:
    """The severity of the alarm's last notification; None when there was none, or when its end was notified."""
    return draft.read(draft.state.memory(NotificationMemory).notified, alarm_id)


def gone(draft: Draft, alarm_id: str, tenant_id: str, why: str) -> None:
    """An alarm has ended for good, and a later report raises another one: notify its end if it had a notification."""
    severity, alarm = last_notified(draft, alarm_id), draft.get(alarm_id)
    if severity is None:
        return
    if alarm is not None:
        request_notification(draft, alarm, "recovered", why)
        return
    # The alarm is history already, but somebody has its ticket.
    entry = add_to_history(draft, alarm_id, tenant_id, _REQUESTED, _ACTOR, why, {"notice": "recovered"}, {})
    _request(draft, entry, "recovered", severity)
    draft.drop(draft.state.memory(NotificationMemory).notified, alarm_id)


def request_notification(draft: Draft, alarm: Alarm, kind: NotificationKind, reason: str, instead: str = "") -> None:
    """Request a notification now, and say so in the alarm's timeline. ``instead``: see
    :class:`~protocols.change.NotificationRequested`."""
    alarm = draft.put(moved(draft.latest(alarm)), _REQUESTED, _ACTOR, reason, notice=kind)
    _request(draft, draft.last_entry(alarm.id), kind, alarm.severity, alarm, instead)
    told = draft.state.memory(NotificationMemory).notified
    if kind == "recovered" or (kind == "steady" and alarm.cleared_at is not None):
        draft.drop(told, alarm.id)
    else:
        draft.set(told, alarm.id, alarm.severity)


def _request(
    draft: Draft,
    entry: TimelineEntry,
    kind: NotificationKind,
    severity: Severity,
    alarm: Alarm | None = None,
    instead: str = "",
) -> None:
    """The Change that says the same as ``entry``, under its number. ``alarm``: None when it is history."""
    plant = draft.state.plant
    draft.emit(
        NotificationRequested(
            offset=entry.offset,
            number=entry.number,
            at=entry.at,
            tenant_id=entry.tenant_id,
            alarm_id=entry.alarm_id,
            kind=kind,
            severity=severity,
            reason=entry.text,
            area="" if alarm is None else area_of(plant, alarm) or "",
            customer_tiers=() if alarm is None else tiers_of(plant, alarm),
            children=len(draft.state.children.get(entry.alarm_id, ())),
            instead=instead,
        )
    )


def _ending(draft: Draft, alarm_id: str) -> tuple[str, str]:
    """Why the alarm is over, and the id of the alarm that takes its place ("" for none)."""
    for entry in reversed(draft.entries_of(alarm_id)):
        if entry.action in _ENDS and entry.text:
            return entry.text, str(entry.detail.get("instead", ""))
    return "the alarm has cleared", ""


def _holder(alarm: Alarm) -> str:
    """The reason for which an alarm is held back, in words."""
    held = [
        f"{each.kind} {each.by} ({each.reason})" if each.reason else f"{each.kind} {each.by}" for each in alarm.suppressed_by
    ]
    return ", ".join(held) or "it was shelved"


def _of_interest(draft: Draft, alarm: Alarm) -> bool:
    return not is_worse(draft.state.settings.notice_severity, alarm.severity)


def _worsened(before: Alarm | None, alarm: Alarm) -> bool:
    return before is not None and is_worse(alarm.severity, before.severity)


def _flaps(alarm: Alarm) -> bool:
    return any(each.kind == "flapping" for each in alarm.suppressed_by)


STRATEGY = Strategy(NAME, touched, due)

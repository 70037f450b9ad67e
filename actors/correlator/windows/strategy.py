"""Maintenance windows as a strategy: an open window holds back alarms that begin or worsen during it.

- An alarm with a notification before the window keeps it: its recovery is notified, and the end of the window notifies nothing.
  If the alarm worsens during the window, the window holds that back, and it is notified at the end if it still applies.
- An alarm still waiting for its notification when the window opens is held back when its wait is over.
- An alarm still open when the window ends is released; its notification follows after the usual wait.

The opening itself does nothing, however many alarms are in the scope: each alarm finds its windows when its notification is
due.
"""

from datetime import datetime, timedelta

from actors.correlator.alarms.attachment import hold_back, let_go
from actors.correlator.draft import Draft
from actors.correlator.strategies.strategy import Strategy, raised
from actors.correlator.windows.memory import Review, WindowMemory
from actors.correlator.windows.scope import covering, covers, customers_in
from protocols.alarm import Alarm
from protocols.change import WindowChanged
from protocols.maintenance import MaintenanceWindow, Occurrence, Phase
from protocols.recurrence.occurrences import occurrence_from, standing
from protocols.severity import is_worse

NAME = "windows"
AT_MOST = 2_000
"""Number of alarms released with one Event; the others follow with the next Events."""
_SOON = timedelta(microseconds=1)
_REVIEW = "review:"


def touched(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """Hold back an alarm that begins, worsens or is released by others during an open window."""
    memory = draft.state.memory(WindowMemory)
    if not memory.windows:
        return
    if alarm.cleared_at is not None:
        for each in alarm.suppressed_by:
            if each.kind == "window":
                _drop(draft, memory, each.by, alarm.id)
        if memory.owed:
            draft.drop(memory.owed, alarm.id)
        return
    begins = raised(before, alarm)
    if begins and alarm.suppressed_by:
        alarm = _again(draft, memory, alarm)
    if memory.active and (begins or _worse(before, alarm) or _free(before, alarm)):
        hold(draft, alarm)


def hold(draft: Draft, alarm: Alarm) -> bool:
    """Have each open window that covers the alarm hold it back; True when one does. Also called before a notification."""
    memory = draft.state.memory(WindowMemory)
    if not memory.active:
        return False
    held = False
    for window, matched in covering(draft.state.plant, memory, alarm):
        if memory.owed.get(alarm.id) == window.id:
            continue
        end = memory.active[window.id] + timedelta(seconds=window.duration_seconds)
        why = f"maintenance window {window.id} ({window.title}) until {end:%Y-%m-%d %H:%M:%S} UTC covers {matched}"
        hold_back(draft, alarm, "window", window.id, NAME, why, title=window.title, until=end.isoformat(), matched=matched)
        draft.set(draft.inner(memory.held, window.id), alarm.id, None)
        held = True
    return held


def due(draft: Draft, subject: str) -> None:
    """Timer: a window opens, closes or can be forgotten, or there are alarms left to release."""
    memory = draft.state.memory(WindowMemory)
    if subject.startswith(_REVIEW):
        _review(draft, memory, subject.removeprefix(_REVIEW))
        return
    window = memory.windows.get(subject)
    if window is None:
        return
    since = memory.over.get(subject)
    if since is not None and draft.at >= since + keep(draft) and subject not in memory.held:
        forget(draft, subject)
        return
    refresh(draft, window, "ended", at_once=False)


def refresh(draft: Draft, window: MaintenanceWindow, why: str, *, at_once: bool = True) -> None:
    """Apply a window that is new, changed, or at one of its times: open or close it, set its next timer, and examine the alarms
    that it holds. ``why``: the reason in the timeline of the alarms that it releases. They are released at once with
    ``at_once``, else by a timer: the draft of a timer is shown to the strategies before its commit."""
    memory = draft.state.memory(WindowMemory)
    before, was = memory.windows.get(window.id), memory.active.get(window.id)
    now, following = standing(window, draft.at)
    draft.emit(_change(draft, window, now, following))
    draft.on_commit(memory.file, window, None if now is None else now.start)
    if now is not None:
        draft.drop(memory.over, window.id)
        draft.wake(NAME, window.id, now.end)
    elif following is not None:
        draft.drop(memory.over, window.id)
        draft.wake(NAME, window.id, following)
    else:
        since = memory.over.get(window.id, draft.at)
        draft.set(memory.over, window.id, since)
        draft.wake(NAME, window.id, max(since + keep(draft), draft.at + _SOON))
    held = memory.held.get(window.id)
    if not held:
        return
    late = now is not None and was is not None and before == window and _ended_between(window, was, now.start)
    if now is None or late or before != window:
        review = Review(list(held), why, late)
        if late:
            for alarm_id in held:
                draft.set(memory.owed, alarm_id, window.id)
        if at_once:
            _look_again(draft, memory, window, review, open=now is not None)
        else:
            _look_later(draft, memory, window.id, review, draft.at)


def forget(draft: Draft, window_id: str) -> None:
    """Forget a window that is over."""
    draft.on_commit(draft.state.memory(WindowMemory).forget, window_id)
    draft.emit(WindowChanged(draft.offset, window_id))


def reconsider(draft: Draft) -> None:
    """The topology has changed: with the next Events, examine all alarms that open windows hold."""
    memory = draft.state.memory(WindowMemory)
    for window_id in memory.active:
        held = memory.held.get(window_id)
        if held:
            _look_later(draft, memory, window_id, Review(list(held), "no longer covers it in the new topology"), draft.at)


def keep(draft: Draft) -> timedelta:
    """Time for which a window stays in the list after its end."""
    return timedelta(days=draft.state.settings.keep_windows_days)


def _change(draft: Draft, window: MaintenanceWindow, now: Occurrence | None, following: datetime | None) -> WindowChanged:
    """The window as :class:`actors.correlator.windows.views.WindowCatalogue` shows it from here on."""
    status: Phase = "upcoming" if following is not None else "ended"
    occurrence = now
    if window.cancelled_at is not None:
        status = "cancelled"
    elif now is not None:
        status = "active"
    elif following is not None:
        occurrence = occurrence_from(window, following)
    customers = customers_in(draft.state.plant, window) if status == "upcoming" else ()
    return WindowChanged(draft.offset, window.id, window, status, occurrence, customers)


def _review(draft: Draft, memory: WindowMemory, window_id: str) -> None:
    window, review = memory.windows.get(window_id), memory.reviews.get(window_id)
    if window is not None and review is not None:
        _look_again(draft, memory, window, review, open=window_id in memory.active)


def _look_again(draft: Draft, memory: WindowMemory, window: MaintenanceWindow, review: Review, *, open: bool) -> None:
    for alarm_id in review.alarms[:AT_MOST]:
        alarm = draft.get(alarm_id)
        if alarm is None or alarm.cleared_at is not None:
            _drop(draft, memory, window.id, alarm_id)
            continue
        if open and not review.late and covers(draft.state.plant, window, alarm) is not None:
            continue
        _let_go(draft, memory, window.id, alarm, f"maintenance window {window.id} ({window.title}) {review.why}")
    rest = review.alarms[AT_MOST:]
    if rest:
        _look_later(draft, memory, window.id, Review(rest, review.why, review.late), draft.at + _SOON)
    else:
        draft.drop(memory.reviews, window.id)


def _look_later(draft: Draft, memory: WindowMemory, window_id: str, review: Review, at: datetime) -> None:
    draft.set(memory.reviews, window_id, review)
    draft.wake(NAME, _REVIEW + window_id, at)


def _let_go(draft: Draft, memory: WindowMemory, window_id: str, alarm: Alarm, why: str) -> Alarm:
    _drop(draft, memory, window_id, alarm.id)
    return let_go(draft, alarm, "window", window_id, NAME, why)


def _drop(draft: Draft, memory: WindowMemory, window_id: str, alarm_id: str) -> None:
    """Remove the alarm from those that the window holds back."""
    if window_id in memory.held or draft.touches(memory.held):
        draft.drop(draft.inner(memory.held, window_id), alarm_id)


def _again(draft: Draft, memory: WindowMemory, alarm: Alarm) -> Alarm:
    """A re-opened alarm still has the windows that held it. Those that cover it now hold it again, the others release it."""
    plant = draft.state.plant
    for each in alarm.suppressed_by:
        if each.kind != "window":
            continue
        window = memory.windows.get(each.by)
        if window is None or each.by not in memory.active or covers(plant, window, alarm) is None:
            alarm = _let_go(draft, memory, each.by, alarm, f"maintenance window {each.by} is over or does not cover it")
        else:
            draft.set(draft.inner(memory.held, each.by), alarm.id, None)
    return alarm


def _ended_between(window: MaintenanceWindow, was: datetime, now: datetime) -> bool:
    return was + timedelta(seconds=window.duration_seconds) < now


def _worse(before: Alarm | None, alarm: Alarm) -> bool:
    return before is not None and is_worse(alarm.severity, before.severity)


def _free(before: Alarm | None, alarm: Alarm) -> bool:
    """True when the last hold or shelf of the alarm has just ended."""
    if alarm.suppressed_by or alarm.shelved_until is not None or before is None:
        return False
    return bool(before.suppressed_by) or before.shelved_until is not None


STRATEGY = Strategy(NAME, touched, due)

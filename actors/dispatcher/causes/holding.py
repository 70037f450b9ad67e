"""The reason for which nobody is told of an open subject now. Pure."""

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.state import DispatchState
from protocols.dispatch.notification import MessageKind

_ALSO_ACKNOWLEDGED: frozenset[MessageKind] = frozenset(("worsened", "escalated", "flapping", "steady", "breach_opened"))
"""Told although somebody has acknowledged the cause. A rise of the severity takes the acknowledgement away."""


def held_by(state: DispatchState, subject: DispatchSubject, kind: MessageKind) -> str:
    """Why a message of this kind waits; "" when nothing holds it back. What waits is told when the reason has gone, if it is
    still so."""
    if subject.merged_into:
        return f"it is a consequence of {name_of(state, subject.merged_into)}"
    alarm = subject.alarm
    if alarm is None or not subject.is_alarm:
        return ""
    if alarm.shelved_until is not None:
        return f"{alarm.shelved_by} has shelved it"
    for each in alarm.suppressed_by:
        if each.kind != "flapping" or kind not in ("flapping", "steady"):
            return f"{each.kind} {each.by} holds it back"
    if alarm.acknowledged_at is not None and kind not in _ALSO_ACKNOWLEDGED:
        return f"{alarm.acknowledged_by} has acknowledged it"
    return ""


def name_of(state: DispatchState, key: str) -> str:
    """A subject as a reader knows it."""
    subject = state.subjects.get(key)
    alarm = None if subject is None else subject.alarm
    return f"alarm {alarm.alarm_id}" if alarm is not None else key.replace(":", " ", 1)

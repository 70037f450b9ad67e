"""Outcomes of notifications and tickets, in the timelines of the alarms that they are about, and the ticket of an alarm.

A line says no more than the far end answered. An alarm that is history gets its lines too.
"""

from typing import Any, Final

from actors.correlator.alarms.history import add_to_history
from actors.correlator.alarms.lifecycle import moved, user
from actors.correlator.draft import Draft
from protocols.dispatch.outcomes import MessageFailed, MessageSent, TicketChanged, TicketFailed, TicketOpened
from protocols.printable import counted, printable

MOST_LINES: Final = 100
"""Alarms that get a line of one outcome, the first of them. The ticket goes to all."""
MOST_TEXT: Final = 500
"""Characters of a stranger's answer, error or comment in a line."""
_NOTIFIER: Final = "faultd:notifier"
_TICKETER: Final = "faultd:ticketer"


def fold_message_sent(draft: Draft, event: MessageSent) -> None:
    """The far end took a notification."""
    text = f"{event.channel} to {event.to} ({event.kind}) by policy {event.policy or 'none'}"
    if event.attempts > 1:
        text += f", at attempt {event.attempts}"
    answer = _short(event.answer)
    detail = _of_message(event) | {"answer": answer}
    _write(draft, event.alarm_ids, event.tenant_id, "notified", _NOTIFIER, f"{text}: {answer or 'taken'}", detail)


def fold_message_failed(draft: Draft, event: MessageFailed) -> None:
    """An attempt failed: a line of the first one, and of the last."""
    if event.attempts > 1 and not event.dead:
        return
    error = _short(event.error)
    how = f"was given up after {counted(event.attempts, 'attempt')}" if event.dead else "failed, and is tried again"
    text = f"{event.channel} to {event.to} ({event.kind}) by policy {event.policy or 'none'} {how}: {error}"
    detail = _of_message(event) | {"error": error, "dead": event.dead}
    _write(draft, event.alarm_ids, event.tenant_id, "notification_failed", _NOTIFIER, text, detail)


def fold_ticket_opened(draft: Draft, event: TicketOpened) -> None:
    """The desk has the ticket."""
    text = f"ticket {event.key} in {event.desk}" + (" (found by its key)" if event.found else "")
    detail = {"ticket": event.ticket_id, "desk": event.desk, "key": event.key, "url": event.url, "found": event.found}
    key = event.key if _names_alarms(event.subject) else ""
    _write(draft, event.alarm_ids, event.tenant_id, "ticket_opened", _TICKETER, text, detail, key)


def fold_ticket_changed(draft: Draft, event: TicketChanged) -> None:
    """A change of the state of a ticket, or one by a person. A comment of faultd itself is no line. A ticket that is closed is
    nobody's new ticket: its alarms may have gone to another one. The desk's id of a person's change counts once."""
    if event.task is None and event.remote_id:
        known = f"\0ticket\0{event.ticket_id}\0{event.remote_id}"
        if known in draft.state.keys:
            return
        draft.remember(draft.state.keys, known, draft.at)
    key = event.key if event.state != "closed" and _names_alarms(event.subject) else ""
    if event.task is not None and event.state is None:
        _write(draft, event.alarm_ids, event.tenant_id, "", "", "", {}, key)
        return
    name, comment = event.key or event.ticket_id, _short(event.comment)
    if event.state is None:
        text = f"ticket {name} got the comment: {comment}" if comment else f"ticket {name} was changed"
    else:
        text = f"the ticket was merged into {name}" if event.state == "merged" else f"ticket {name} is {event.state}"
        text += f" ({comment})" if comment else ""
    actor = user(event.author or "unknown") if event.task is None else _TICKETER
    detail: dict[str, Any] = {"ticket": event.ticket_id, "key": event.key, "url": event.url}
    if event.state is not None:
        detail["state"] = event.state
    _write(draft, event.alarm_ids, event.tenant_id, "ticket_changed", actor, text, detail, key)


def fold_ticket_failed(draft: Draft, event: TicketFailed) -> None:
    """A change of a ticket was given up. The attempts before the last one are no line."""
    if not event.dead:
        return
    error = _short(event.error)
    text = f"ticket {event.ticket_id}: task {event.task} was given up after {counted(event.attempts, 'attempt')}: {error}"
    detail = {"ticket": event.ticket_id, "task": event.task, "attempts": event.attempts, "error": error}
    _write(draft, event.alarm_ids, event.tenant_id, "ticket_failed", _TICKETER, text, detail)


def _names_alarms(subject: str) -> bool:
    """False for the ticket of a service level agreement: an alarm that it names keeps the ticket of its cause."""
    return not subject.startswith("sla:")


def _of_message(event: MessageSent | MessageFailed) -> dict[str, Any]:
    return {
        "notification": event.notification_id,
        "channel": event.channel,
        "to": event.to,
        "notice": event.kind,
        "policy": event.policy,
        "attempts": event.attempts,
    }


def _short(text: str) -> str:
    text = printable(text[:MOST_TEXT])
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def _write(
    draft: Draft,
    alarm_ids: tuple[str, ...],
    tenant_id: str,
    action: str,
    actor: str,
    text: str,
    detail: dict[str, Any],
    key: str = "",
) -> None:
    """A line for each alarm, and its ``ticket_id`` where ``key`` is given. No ``action``: a line only where that changes. The
    ticket that an operator has given an alarm stays."""
    for number, alarm_id in enumerate(dict.fromkeys(alarm_ids)):
        alarm = draft.get(alarm_id)
        if alarm is None:
            if action and number < MOST_LINES:
                add_to_history(draft, alarm_id, tenant_id, action, actor, text, detail, {"ticket_id": key} if key else {})
            continue
        if alarm.tenant_id != tenant_id:
            continue
        own = "ticket_id" in draft.state.edited.get(alarm.id, ())
        changes = bool(key) and not own and alarm.ticket_id != key
        if action == "ticket_opened" and key and alarm.ticket_id == key:
            continue  # the desk was asked twice, as after a crash
        after = moved(alarm, ticket_id=key) if changes else moved(alarm)
        if action and number < MOST_LINES:
            draft.put(after, action, actor, text, **detail)
        elif changes:
            draft.put(after, "ticket_changed", _TICKETER, f"ticket {key}", key=key)

"""Outcomes of notifications, and the notifications that nothing needs any more.

A notification that the notifier gave up told nobody: the contact's next method is tried, and the end of the cause is owed to
nobody who never heard of it.
"""

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject, ToldPerson
from actors.dispatcher.messages.fallback import fall_back_from
from actors.dispatcher.messages.message_subjects import told_by
from actors.dispatcher.messages.overdue import unwatch
from actors.dispatcher.run import DispatchRun
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.outcomes import MessageFailed, MessageSent
from protocols.sla.local_time import SECOND

KEPT = 86_400 * SECOND
"""A notification that is over is kept so long, and for as long as one of its subjects is open and somebody was told by it."""


def fold_sent(run: DispatchRun, event: MessageSent) -> None:
    """The far end took it. A second answer about the same notification changes nothing."""
    known = run.state.notifications.get(event.notification_id)
    if known is None or known.status == "sent":
        return
    run.put_notification(
        replace(
            known,
            status="sent",
            attempts=max(known.attempts, event.attempts),
            sent_at=run.at,
            answer=event.answer,
            detail=event.detail,
            revision=known.revision + 1,
        )
    )
    run.state.timers.set(run.journal, "message", known.id, run.now + KEPT)
    unwatch(run, known.id)
    for subject, told in told_by(run.state, known):
        if not told.arrived:
            _replace(run, subject, told, replace(told, arrived=True))


def fold_failed(run: DispatchRun, event: MessageFailed) -> None:
    """An attempt failed. The last one leaves it to the next method of the contact."""
    known = run.state.notifications.get(event.notification_id)
    if known is None or not known.waits:
        return
    run.put_notification(
        replace(
            known,
            status="dead" if event.dead else "failed",
            attempts=max(known.attempts, event.attempts),
            answer=event.error,
            revision=known.revision + 1,
        )
    )
    if event.dead:
        run.state.timers.set(run.journal, "message", known.id, run.now + KEPT)
        _give_up(run, run.state.notifications[known.id])


def _give_up(run: DispatchRun, dead: DispatchedNotification) -> None:
    lost: dict[str, ToldPerson] = {}
    for subject, told in list(told_by(run.state, dead)):
        waits = (run.state.notifications.get(each) for each in (told.thread, told.notification_id))
        if not told.arrived and not any(each is not None and each.waits for each in waits):
            _replace(run, subject, told, None)
            lost[subject.key] = told
    fall_back_from(run, dead, lost)
    unwatch(run, dead.id)


def _replace(run: DispatchRun, subject: DispatchSubject, old: ToldPerson, new: ToldPerson | None) -> None:
    told = [new if each is old else each for each in subject.told]
    run.put_subject(replace(subject, told=tuple(each for each in told if each is not None)))


def forget_message(run: DispatchRun, notification_id: str) -> None:
    """The timer of a notification that is over: forget it, unless later messages of its thread may come."""
    known = run.state.notifications.get(notification_id)
    if known is None or known.waits:
        return
    if any(known.id in (told.thread, told.notification_id) for _, told in told_by(run.state, known)):
        run.state.timers.set(run.journal, "message", notification_id, run.now + KEPT)
    else:
        run.journal.drop(run.state.notifications, notification_id)

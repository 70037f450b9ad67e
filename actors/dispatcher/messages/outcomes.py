"""Outcomes of notifications, and the notifications that nothing needs any more.

A notification that the notifier gave up told nobody: the contact's next method is tried, and the end of the cause is owed to
nobody who never heard of it.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject, ToldPerson
from actors.dispatcher.messages.facts import MOST_SUBJECTS
from actors.dispatcher.messages.recipient import Telling
from actors.dispatcher.messages.sending import tell_all, told_of
from actors.dispatcher.people.addresses import configured
from actors.dispatcher.people.reach import Reached
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from protocols.dispatch.contact import ContactMethod
from protocols.dispatch.notification import DispatchedNotification, MessageKind
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
    for subject, told in _told_by(run.state, known):
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
    lost: list[tuple[DispatchSubject, ToldPerson]] = []
    for subject, told in list(_told_by(run.state, dead)):
        waits = (run.state.notifications.get(each) for each in (told.thread, told.notification_id))
        if not told.arrived and not any(each is not None and each.waits for each in waits):
            _replace(run, subject, told, None)
            lost.append((run.state.subjects[subject.key], told))
    method = _next_method(run.state, dead)
    concerned = list(subjects_of(run.state, dead))
    if method is None:
        for subject in concerned:
            run.note(subject, f"{dead.id} to {dead.to_name or dead.address} was given up: {dead.answer}", policy=dead.policy)
        return
    person = Reached(
        to=dead.to,
        to_name=dead.to_name,
        channel=method.channel,
        address=method.address,
        why=f"{dead.channel} failed: {dead.answer}",
    )
    items = [
        Telling(
            subject=subject.key,
            kind=_kind(subject, dead),
            policy=dead.policy,
            template=dead.template,
            reason=f"{dead.reason}; {person.why}",
            step=dead.step,
            group=next((told.group for each, told in lost if each.key == subject.key), ""),
            fallback_of=dead.id,
        )
        for subject in concerned
        if _still(run.state, subject, dead, method)
    ]
    if items:
        tell_all(run, dead.tenant_id, person, items)


def _was_end(subject: DispatchSubject, dead: DispatchedNotification) -> bool:
    """True when the notification told the end of the subject."""
    return subject.key in dead.facts.get("over", ())


def _kind(subject: DispatchSubject, dead: DispatchedNotification) -> MessageKind:
    if _was_end(subject, dead):
        return "breach_resolved" if subject.instance_id else "recovered"
    return "raised" if dead.kind == "storm" else dead.kind


def _still(state: DispatchState, subject: DispatchSubject, dead: DispatchedNotification, method: ContactMethod) -> bool:
    """True when what the dead notification said of the subject is still so, and was not said by the other method. The end is
    not said to somebody whom the raise did not reach either."""
    if _was_end(subject, dead):
        first = state.notifications.get(dead.facts.get("unproven", {}).get(subject.key, ""))
        return subject.state == "ended" and (first is None or first.status != "dead")
    return subject.state == "open" and told_of(subject, method.channel, method.address) is None


def _next_method(state: DispatchState, dead: DispatchedNotification) -> ContactMethod | None:
    """The contact's first method, in order, that was not tried for this message yet."""
    contact = state.contacts.get(dead.to)
    if contact is None:
        return None
    tried = set()
    each: DispatchedNotification | None = dead
    while each is not None and (each.channel, each.address) not in tried:
        tried.add((each.channel, each.address))
        each = state.notifications.get(each.fallback_of)
    for method in contact.plan.methods:
        if (method.channel, method.address) not in tried and configured(state.inputs.channels, method.channel, method.address):
            return method
    return None


def subjects_of(state: DispatchState, notification: DispatchedNotification) -> Iterator[DispatchSubject]:
    """The subjects that a notification is about, those that are still held."""
    keys = dict.fromkeys(notification.facts.get("subjects", (notification.subject,)))
    if len(keys) >= MOST_SUBJECTS:
        keys |= dict.fromkeys(
            key for key, each in state.subjects.items() if any(told.notification_id == notification.id for told in each.told)
        )
    for key in keys:
        subject = state.subjects.get(key)
        if subject is not None:
            yield subject


def _told_by(state: DispatchState, notification: DispatchedNotification) -> Iterator[tuple[DispatchSubject, ToldPerson]]:
    """The subjects of a notification, each with the entry of whoever it told."""
    for subject in subjects_of(state, notification):
        told = told_of(subject, notification.channel, notification.address)
        if told is not None and notification.id in (told.thread, told.notification_id):
            yield subject, told


def _replace(run: DispatchRun, subject: DispatchSubject, old: ToldPerson, new: ToldPerson | None) -> None:
    told = [new if each is old else each for each in subject.told]
    run.put_subject(replace(subject, told=tuple(each for each in told if each is not None)))


def forget_message(run: DispatchRun, notification_id: str) -> None:
    """The timer of a notification that is over: forget it, unless later messages of its thread may come."""
    known = run.state.notifications.get(notification_id)
    if known is None or known.waits:
        return
    if any(known.id in (told.thread, told.notification_id) for _, told in _told_by(run.state, known)):
        run.state.timers.set(run.journal, "message", notification_id, run.now + KEPT)
    else:
        run.journal.drop(run.state.notifications, notification_id)

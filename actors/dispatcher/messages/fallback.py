"""Fallback: the next method of a contact whom a message has not reached, because it is overdue or was given up.

An overdue message goes on being tried, so the person may get it by both methods: rather twice than never. Each message is
followed by one other at most. What an acknowledgement, a window, a shelf or a cause above holds back by then waits for the next
method until that has gone, and is dropped when the alarm ends before.
"""

from collections.abc import Iterable, Mapping, Sequence

from actors.dispatcher.cause import DispatchSubject, ToldPerson
from actors.dispatcher.causes.holding import held_by
from actors.dispatcher.messages.message_subjects import subjects_of, told_by
from actors.dispatcher.messages.quiet import contact_quiet_until
from actors.dispatcher.messages.recipient import Telling
from actors.dispatcher.messages.sending import LOOK_AGAIN, known_already, tell_all, told_of
from actors.dispatcher.people.addresses import configured
from actors.dispatcher.people.reach import Reached
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from protocols.dispatch.contact import ContactMethod
from protocols.dispatch.notification import DispatchedNotification, MessageKind
from protocols.sla.local_time import SECOND, instant_at


def fall_back(run: DispatchRun, notification_id: str) -> None:
    """The timer of a notification: it has not arrived in time. The ends that it tells wait until it is given up."""
    late = run.state.notifications.get(notification_id)
    if late is None or not late.waits:
        return
    run.journal.put(run.state.overdue, notification_id, True)
    seconds = (run.now - instant_at(late.created_at)) / SECOND
    why = f"{late.channel} has not arrived after {seconds:.0f} s: {late.answer or 'no attempt has ended'}"
    open_ones = [each for each in subjects_of(run.state, late) if each.state == "open" and not _was_end(each, late)]
    _try_next(run, late, why, open_ones, {})


def fall_back_from(run: DispatchRun, dead: DispatchedNotification, lost: Mapping[str, ToldPerson]) -> None:
    """The notification was given up. ``lost``: the entries that this has ended, by subject. One that was overdue has been
    followed by another already."""
    why = f"{dead.channel} was given up: {dead.answer}"
    followed = dead.id in run.state.overdue
    left: list[DispatchSubject] = []
    for subject in subjects_of(run.state, dead):
        if followed and not _was_end(subject, dead):
            _note(run, subject, dead, why)
        else:
            left.append(subject)
    _try_next(run, dead, why, left, lost)


def _try_next(
    run: DispatchRun,
    first: DispatchedNotification,
    why: str,
    subjects: Iterable[DispatchSubject],
    lost: Mapping[str, ToldPerson],
) -> None:
    """Tell by the next method what ``first`` has not told of ``subjects``."""
    entries = {subject.key: told for subject, told in told_by(run.state, first)} | dict(lost)
    untried = untried_methods(run.state, first)
    telling: dict[ContactMethod, list[Telling]] = {}
    for subject in subjects:
        if not _still(run.state, subject, first):
            _note(run, subject, first, why)
            continue
        entry = entries.get(subject.key)
        step = _step(first, entry)
        method = _method_for(run, subject, first, step, untried, why)
        if method is not None:
            group = "" if entry is None else entry.group
            telling.setdefault(method, []).append(_telling(run, subject, first, why, group, step))
    for method, items in telling.items():
        person = Reached(to=first.to, to_name=first.to_name, channel=method.channel, address=method.address, why=why)
        tell_all(run, first.tenant_id, person, items)


def _step(first: DispatchedNotification, entry: ToldPerson | None) -> int:
    """The step of the escalation that ``first`` told of one subject. A message of a storm has that of its worst alone."""
    if first.kind != "storm":
        return first.step
    return 0 if entry is None else entry.step


def _telling(
    run: DispatchRun, subject: DispatchSubject, first: DispatchedNotification, why: str, group: str, step: int
) -> Telling:
    kind = _kind(subject, first)
    until = 0 if _was_end(subject, first) else contact_quiet_until(run.state, first.to, subject.severity, run.now)
    held = subject.state == "open" and held_by(run.state, subject, kind)
    return Telling(
        subject=subject.key,
        kind=kind,
        policy=first.policy,
        template=first.template,
        reason=f"{first.reason}; {why}",
        step=step,
        group=group,
        until=max(until, run.now + LOOK_AGAIN) if held else until,
        fallback_of=first.id,
    )


def _method_for(
    run: DispatchRun,
    subject: DispatchSubject,
    first: DispatchedNotification,
    step: int,
    untried: Sequence[ContactMethod],
    why: str,
) -> ContactMethod | None:
    """The first method by which the person does not hear of the subject already. None: it knows, or is being told, or no
    method is left; a note says so."""
    for method in untried:
        known = None if _was_end(subject, first) else _knows(run.state, subject, first, step, method)
        if known is None:
            return method
        other = run.state.notifications.get(known.notification_id)
        if known.arrived or (other is not None and other.waits and other.id not in run.state.overdue):
            told = "was told" if known.arrived else "is being told"
            _note(run, subject, first, f"{why}; the person {told} by {method.channel} ({known.notification_id})")
            return None
    _note(run, subject, first, f"{why}; no other method is left" if first.to in run.state.contacts else why)
    return None


def _knows(
    state: DispatchState, subject: DispatchSubject, first: DispatchedNotification, step: int, method: ContactMethod
) -> ToldPerson | None:
    """The entry of this method, when it was used to say what ``first`` says, or more."""
    told = told_of(subject, method.channel, method.address)
    if told is None:
        return None
    if step:
        return told if told.step >= step else None
    person = Reached(to=first.to, to_name=first.to_name, channel=method.channel, address=method.address, why="")
    known = known_already(subject, person, _kind(subject, first), instant_at(first.created_at))
    return told if known else None


def untried_methods(state: DispatchState, first: DispatchedNotification) -> Sequence[ContactMethod]:
    """The contact's methods, in order, by which neither ``first`` nor those that it follows were sent."""
    contact = state.contacts.get(first.to)
    if contact is None:
        return ()
    tried = set()
    each: DispatchedNotification | None = first
    while each is not None and (each.channel, each.address) not in tried:
        tried.add((each.channel, each.address))
        each = state.notifications.get(each.fallback_of)
    return [
        method
        for method in contact.plan.methods
        if (method.channel, method.address) not in tried and configured(state.inputs.channels, method.channel, method.address)
    ]


def _was_end(subject: DispatchSubject, notification: DispatchedNotification) -> bool:
    """True when the notification told the end of the subject."""
    return subject.key in notification.facts.get("over", ())


def _kind(subject: DispatchSubject, notification: DispatchedNotification) -> MessageKind:
    if _was_end(subject, notification):
        return "breach_resolved" if subject.instance_id else "recovered"
    return "raised" if notification.kind == "storm" else notification.kind


def _still(state: DispatchState, subject: DispatchSubject, first: DispatchedNotification) -> bool:
    """True when what the notification says of the subject is still so. The end is not told to a person whom the raise did not
    reach either."""
    if not _was_end(subject, first):
        return subject.state == "open"
    raised = state.notifications.get(first.facts.get("unproven", {}).get(subject.key, ""))
    return subject.state == "ended" and (raised is None or raised.status != "dead")


def _note(run: DispatchRun, subject: DispatchSubject, first: DispatchedNotification, text: str) -> None:
    run.note(subject, f"{first.id} to {first.to_name or first.address}: {text}", policy=first.policy)

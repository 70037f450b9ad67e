"""Tickets follow their causes: merges, splits, ends, severity, circuits, breaches."""

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.causes.holding import name_of
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.agreements import join_cause, leave_cause
from actors.dispatcher.tickets.family import live_ticket, root_of
from actors.dispatcher.tickets.own import close_as_part, stand_alone
from actors.dispatcher.tickets.refreshing import COMMENT_EVERY, follow_breach, refresh, set_priority
from actors.dispatcher.tickets.restored import leave_to_people
from actors.dispatcher.tickets.shared import close_ticket, is_merged, leave_key
from actors.dispatcher.tickets.tasks import is_live, name_of_ticket, with_task
from actors.dispatcher.tickets.waiting import wait_for, wait_no_more
from protocols.alarm import Alarm
from protocols.dispatch.ticket import Ticket


def follow_subject(run: DispatchRun, before: DispatchSubject | None, after: DispatchSubject) -> None:
    """A subject has changed. ``before``: None for a new one. It may be another one than ``after`` when this returns."""
    key = after.key
    if after.state == "ended":
        if before is not None and before.state == "open":
            _end(run, before, key)
        return
    opens = before is None or before.state == "ended"
    if opens:
        if before is not None and (before.wanted_ticket is not None or before.part_of):
            run.put_subject(replace(run.state.subjects[key], wanted_ticket=None, part_of=""))
        _take_waiting(run, key)
    merged_before = "" if before is None or opens else before.merged_into
    if merged_before != after.merged_into:
        if merged_before:
            _leave(run, merged_before, key)
        if after.merged_into:
            _join(run, key)
    if before is not None and before.cause and before.cause != after.cause:
        wait_no_more(run, before.cause, key)
    if before is None or opens:
        return
    if before.breach_id != after.breach_id and not (after.cause and after.wanted_ticket is not None and join_cause(run, key)):
        follow_breach(run, key)
    _follow_evidence(run, before, after)


def _follow_evidence(run: DispatchRun, before: DispatchSubject, after: DispatchSubject) -> None:
    old, new = before.alarm, after.alarm
    if new is None or old is new:
        return
    root = root_of(run.state, run.state.subjects[after.key])
    if old is None or old.id != new.id or _affects(old) != _affects(new):
        refresh(run, root.key)
    if before.severity != after.severity:
        set_priority(run, root)


def _affects(alarm: Alarm) -> tuple[object, ...]:
    return alarm.affected_services, alarm.affected_customers, alarm.subscriber_count


def _join(run: DispatchRun, key: str) -> None:
    """Another cause explains the subject from now on: its ticket becomes the ticket of the cause, or a part of that."""
    state = run.state
    child = state.subjects[key]
    root = root_of(state, child if child.state == "open" else state.subjects[child.heir])
    mine = live_ticket(state, child)
    if root.key != key:
        theirs = live_ticket(state, root)
        if mine is not None and theirs is None:
            _move(run, mine, child, root)
        elif mine is not None and theirs is not None:
            close_as_part(run, mine, theirs, child, root)
        refresh(run, root.key)
    _wait_for_cause(run, root.key)


def _move(run: DispatchRun, ticket: Ticket, child: DispatchSubject, root: DispatchSubject) -> None:
    alarm_ids = tuple(
        dict.fromkeys([each.alarm.id for each in (root, child) if each.alarm is not None] + list(ticket.alarm_ids))
    )
    text = f"The cause is {name_of(run.state, root.key)}: {root.alarm.title if root.alarm is not None else root.title}"
    run.put_ticket(replace(with_task(ticket, "link", text), subject=root.key, alarm_ids=alarm_ids))
    run.put_subject(replace(run.state.subjects[child.key], ticket_id=""))
    run.put_subject(replace(run.state.subjects[root.key], ticket_id=ticket.id))
    forget_ticket(run, root.ticket_id)
    timers = run.state.timers
    timers.set(run.journal, "ticket", root.key, timers.at("ticket", child.key))
    timers.set(run.journal, "ticket", child.key, None)
    set_priority(run, root)


def _wait_for_cause(run: DispatchRun, key: str) -> None:
    """Note that the subject has a ticket, or is about to be replaced, and that its cause is no subject yet."""
    state = run.state
    subject = state.subjects[key]
    if subject.merged_into and (subject.heir or live_ticket(state, subject) is not None):
        wait_for(run, subject.merged_into, key)


def _take_waiting(run: DispatchRun, key: str) -> None:
    """A cause becomes a subject. Tickets of what it explains come to it."""
    waiting = run.state.tickets_for.get(key)
    if waiting is None:
        return
    run.journal.drop(run.state.tickets_for, key)
    for name in waiting:
        subject = run.state.subjects.get(name)
        if subject is None or (subject.state == "ended" and subject.heir != key):
            continue
        if key in (subject.merged_into, subject.heir):
            cause = run.state.subjects[key]
            if name not in cause.consequences:
                run.put_subject(replace(cause, consequences=(*cause.consequences, name)))
            _join(run, name)
        elif subject.cause == key and subject.wanted_ticket is not None:
            join_cause(run, name)


def _leave(run: DispatchRun, cause_key: str, key: str) -> None:
    """The subject stands alone again, or another cause explains it. Its own ticket is looked at a minute later: its end often
    follows that of its cause."""
    state = run.state
    cause, subject = state.subjects.get(cause_key), state.subjects[key]
    wait_no_more(run, cause_key, key)
    if cause is not None and cause.state == "open":
        refresh(run, root_of(state, cause).key)
    if not subject.merged_into and subject.wanted_ticket is not None and live_ticket(state, subject) is None:
        state.timers.set(run.journal, "ticket", key, run.now + COMMENT_EVERY)


def look_at_ticket(run: DispatchRun, key: str) -> None:
    """The timer of a subject: its ticket may have changes to tell, or it may need one of its own again."""
    state = run.state
    subject = state.subjects.get(key)
    if subject is not None and subject.state == "ended" and subject.heir:
        wait_no_more(run, subject.heir, key)
        _close(run, subject)
    if subject is None or subject.state == "ended":
        return
    if subject.covered:
        return
    if not subject.merged_into and subject.wanted_ticket is not None and (subject.part_of or not subject.ticket_id):
        stand_alone(run, key)
        return
    refresh(run, key)


def _end(run: DispatchRun, before: DispatchSubject, key: str) -> None:
    """It is over: close its ticket, or leave it open where the policy says so."""
    state = run.state
    subject = state.subjects[key]
    state.timers.set(run.journal, "ticket", key, None)
    heir = state.subjects.get(subject.heir)
    if subject.heir and (heir is None or heir.state == "ended"):
        # The hold of the alarm that takes its place is not over: the ticket waits for it.
        state.timers.set(run.journal, "ticket", key, run.now + COMMENT_EVERY)
        return
    wait_no_more(run, before.cause or before.merged_into, key)
    if before.alarm is not None and before.is_alarm and before.alarm.parent_alarm_id is not None:
        wait_no_more(run, f"alarm:{before.alarm.parent_alarm_id}", key)
    if before.covered:
        leave_cause(run, subject)
    cause = state.subjects.get(before.merged_into)
    if cause is not None and cause.state == "open":
        refresh(run, root_of(state, cause).key)
    _close(run, subject)


def _close(run: DispatchRun, subject: DispatchSubject) -> None:
    ticket = live_ticket(run.state, subject)
    if ticket is None:
        return
    if subject.lost is not None:
        leave_to_people(run, subject, ticket)
        return
    text = f"Over: {subject.reason}"
    if not ticket.closes and not is_merged(run.state, ticket):
        run.put_ticket(with_task(ticket, "comment", text))
        run.note(subject, f"ticket {name_of_ticket(ticket)} stays open: the policy says so", policy=ticket.policy)
        return
    open_because = close_ticket(run, ticket, text)
    if open_because:
        run.note(subject, f"ticket {name_of_ticket(ticket)} stays open: {open_because}", policy=ticket.policy)


def forget_ticket(run: DispatchRun, ticket_id: str) -> None:
    """Forget a ticket that is closed, has nothing left to do, and is no longer that of a subject. PostgreSQL has it."""
    state = run.state
    ticket = state.tickets.get(ticket_id)
    if ticket is None or is_live(ticket) or ticket.tasks:
        return
    subject = state.subjects.get(ticket.subject)
    if subject is None or subject.ticket_id != ticket_id:
        leave_key(run, ticket)
        run.journal.drop(state.merged_tickets, ticket_id)
        run.journal.drop(state.tickets, ticket_id)
        run.journal.drop(state.remote_changes, ticket_id)

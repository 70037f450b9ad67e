"""Messages out of a ledger that is lost. The people who got them are told the end, as everybody who was told. Tickets go along.

An alarm of the lost ledger is a subject without an alarm. When its problem is reported again, the new alarm goes on with those
who were told: they are not paged again, and hear its end. When nothing reports it for :data:`LOST_AFTER` after a start, they
are told that faultd no longer knows of it. Agreements and windows have their ids still, and go on.
"""

from typing import Final

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject, ToldPerson
from actors.dispatcher.causes.subjects import end_subject
from actors.dispatcher.messages.sending import told_of
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.restored import go_on_with_ticket
from protocols.alarm import Alarm
from protocols.dispatch.lost_alarm import LostAlarm, identity_of
from protocols.dispatch.notification import DispatchedNotification
from protocols.sla.local_time import SECOND, instant_at, second_text

LOST_AFTER: Final = 3_600 * SECOND
"""So long after a start an alarm of the lost ledger may be reported again."""


def take_lost(run: DispatchRun, lost: LostAlarm) -> None:
    """An alarm of the lost ledger that somebody was told of, or that has an open ticket."""
    subject = DispatchSubject(
        key=lost.key,
        tenant_id=lost.tenant_id,
        since=run.now,
        reason="the ledger was lost",
        requested_at=run.now,
        routed=True,
        title=lost.title,
        lost=lost,
    )
    run.put_subject(subject)
    run.journal.put(run.state.lost, lost.identity, lost.key)


def take_told(run: DispatchRun, told: DispatchedNotification) -> None:
    """A notification of the lost ledger that was sent, or will be: whom it told of what. They come in their order."""
    over = set(told.facts.get("over", ()))
    causes = {each.get("subject"): each for each in told.facts.get("causes", ())}
    for key in dict.fromkeys(told.facts.get("subjects", (told.subject,))):
        subject = run.state.subjects.get(key) or _known_still(told, key, causes.get(key, {}))
        if subject is None:
            continue
        before = told_of(subject, told.channel, told.address)
        people = tuple(each for each in subject.told if each is not before)
        if key not in over:
            people = (*people, _person(told, before, subject))
        breaches = subject.breaches
        if told.breach_id and key.startswith("sla:"):
            breaches = tuple(dict.fromkeys(each for each in (*breaches, told.breach_id)))
            if told.kind == "breach_resolved":
                breaches = tuple(each for each in breaches if each != told.breach_id)
        run.put_subject(replace(subject, told=people, breaches=breaches))


def _known_still(told: DispatchedNotification, key: str, facts: dict[str, str]) -> DispatchSubject | None:
    """A service level agreement, or a maintenance window; None for anything else."""
    if not key.startswith(("sla:", "window:")):
        return None
    at = instant_at(told.created_at)
    return DispatchSubject(
        key=key,
        tenant_id=told.tenant_id,
        since=at,
        kind=told.kind,
        reason=told.reason,
        requested_at=at,
        routed=True,
        title=facts.get("title", ""),
        instance_id=facts.get("instance_id", "") or (key[4:] if key.startswith("sla:") else ""),
        breach_id=facts.get("breach_id", ""),
        customer_id=facts.get("customer_id", ""),
        customer_name=facts.get("customer_name", ""),
        service_id=facts.get("service_id", ""),
    )


def _person(told: DispatchedNotification, before: ToldPerson | None, subject: DispatchSubject) -> ToldPerson:
    return ToldPerson(
        channel=told.channel,
        to=told.to,
        to_name=told.to_name,
        address=told.address,
        policy=told.policy,
        thread=told.id if before is None else before.thread,
        notification_id=told.id,
        at=instant_at(told.created_at),
        severity=subject.severity if subject.lost is None else subject.lost.severity,
        kind=told.kind,
        step=max(told.step, 0 if before is None else before.step),
        arrived=told.status == "sent" or (before is not None and before.arrived),
    )


def begin_waiting(run: DispatchRun) -> None:
    """A start: what the lost ledger had may be reported again from now on."""
    for key in run.state.lost.values():
        if run.state.timers.at("lost", key) is None:
            run.state.timers.set(run.journal, "lost", key, run.now + LOST_AFTER)


def go_on_as(run: DispatchRun, key: str, alarm: Alarm) -> None:
    """A new subject: one of the lost ledger with the same problem goes on as it, with everybody who was told."""
    lost_key = run.state.lost.get(identity_of(alarm))
    if lost_key is None:
        return
    lost = run.state.subjects[lost_key]
    assert lost.lost is not None
    _forget(run, lost)
    subject = run.state.subjects[key]
    run.put_subject(replace(subject, told=lost.told))
    go_on_with_ticket(run, lost, key)
    names = ", ".join(f"{each.channel} to {each.to_name or each.address}" for each in lost.told)
    run.note(
        subject, f"goes on from alarm {lost.lost.alarm_id} of a ledger that was lost; told of that one: {names or 'nobody'}"
    )


def cleared_again(run: DispatchRun, alarm: Alarm) -> None:
    """An alarm has ended before anybody was told of it in this ledger: the end for those who were told in the lost one."""
    key = run.state.lost.get(identity_of(alarm))
    if key is None:
        return
    lost = run.state.subjects[key]
    run.journal.drop(run.state.lost, identity_of(alarm))
    run.state.timers.set(run.journal, "lost", key, None)
    end_subject(
        run,
        replace(lost, lost=None, alarm=alarm),
        "recovered",
        f"alarm {alarm.alarm_id} has cleared, which is the same problem",
    )


def give_up(run: DispatchRun, key: str) -> None:
    """The timer of an alarm of the lost ledger: nothing has reported it again."""
    lost = run.state.subjects.get(key)
    if lost is None or lost.lost is None or lost.state == "ended":
        return
    run.journal.drop(run.state.lost, lost.lost.identity)
    began = f"the ledger was lost, and a new one began at {second_text(lost.since)}"
    reason = f"{began}; no report of it has come since, so faultd cannot say whether it is over"
    end_subject(run, lost, "recovered", reason)


def _forget(run: DispatchRun, lost: DispatchSubject) -> None:
    assert lost.lost is not None
    run.journal.drop(run.state.lost, lost.lost.identity)
    run.state.timers.set(run.journal, "lost", lost.key, None)
    run.journal.drop(run.state.subjects, lost.key)

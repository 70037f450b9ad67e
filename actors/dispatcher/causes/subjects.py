"""Changes of subjects: every one goes through here, so that groups, escalations and tickets follow it."""

from itertools import islice

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.causes.forgetting import forget_subject
from actors.dispatcher.causes.holding import held_by
from actors.dispatcher.escalation import chain
from actors.dispatcher.messages import groups
from actors.dispatcher.messages.ends import tell_those_told
from actors.dispatcher.messages.storm import look_again
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.following import follow_subject
from protocols.dispatch.notification import MessageKind
from protocols.sla.local_time import SECOND

FORGET_AFTER = 86_400 * SECOND
"""A subject that has ended is kept so long: a new raise of the same alarm goes on with its ticket."""
MOST_ENDED = 10_000
"""Subjects that have ended; beyond it the one that ended first goes."""
_LOOKED_AT = 20


def change_subject(run: DispatchRun, before: DispatchSubject | None, after: DispatchSubject) -> None:
    """Put a subject that is open, or that has ended and is still held. ``before``: None for a new one."""
    if after == before:
        return
    run.put_subject(after)
    cause = run.state.subjects.get(after.merged_into)
    if cause is not None and after.key not in cause.consequences:
        run.put_subject(replace(cause, consequences=(*cause.consequences, after.key)))
    if before is not None:
        _note_hold(run, before, after)
        if held_by(run.state, before, "raised") and not held_by(run.state, after, "raised"):
            look_again(run, after.key)
    for key in after.groups:
        groups.schedule(run, key, after.key)
    _follow(run, before, after)


def end_subject(run: DispatchRun, subject: DispatchSubject, kind: MessageKind, reason: str) -> None:
    """It is over: whoever was told hears it, and what was not said yet is not said."""
    after = replace(
        subject, state="ended", ended_at=run.now, kind=kind, reason=reason, requested_at=run.now, groups=(), merged_into=""
    )
    run.put_subject(after)
    told_by = dict.fromkeys(each.group for each in after.told)
    for group in told_by:
        if group in run.state.groups:
            groups.owe_end(run, group, after.key)
        else:
            tell_those_told(run, run.state.subjects[after.key], group=group)
    if groups.leave(run, subject) or not told_by:
        run.note(after, f"over ({reason}) {'before it was told' if told_by else 'before anybody was told'}")
    run.state.timers.set(run.journal, "forget", subject.key, run.now + FORGET_AFTER)
    _follow(run, subject, after)
    _bound_ended(run)


def _follow(run: DispatchRun, before: DispatchSubject | None, after: DispatchSubject) -> None:
    follow_subject(run, before, after)
    chain.follow(run, before, after)


def _bound_ended(run: DispatchRun) -> None:
    """Forget the subjects that ended first, beyond :data:`MOST_ENDED`; never one of which somebody has still to be told, or
    whose ticket waits for the cause that takes its place."""
    ended = run.state.timers.due["forget"]
    if len(ended) > MOST_ENDED:
        for key in list(islice(ended, _LOOKED_AT)):
            if not run.state.subjects[key].told and run.state.timers.at("ticket", key) is None:
                run.state.timers.set(run.journal, "forget", key, None)
                forget_subject(run, key)
                break


def _note_hold(run: DispatchRun, before: DispatchSubject, after: DispatchSubject) -> None:
    """Say once when something comes to hold back what was to be told."""
    for key in after.groups:
        group = run.state.groups.get(key)
        member = None if group is None else group.members.get(after.key)
        if group is None or member is None or member.kind is None:
            continue
        held = held_by(run.state, after, member.kind)
        if held and held != held_by(run.state, before, member.kind):
            run.note(after, f"{group.channel} to {group.to} waits: {held}", policy=group.policy)

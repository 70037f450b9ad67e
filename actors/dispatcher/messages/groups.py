"""Groups decide when: the first message after ``group_wait``, later ones at most every ``group_interval``, and a reminder every
``repeat_interval`` (0: none) while an alarm is open and nobody has acknowledged it.

Two things do not wait for ``group_interval``: a cause that got worse, and the end of the last open cause of the group.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.causes.holding import held_by
from actors.dispatcher.messages.ends import News, add_news, news_of
from actors.dispatcher.messages.group import GroupMember, MessageGroup
from actors.dispatcher.messages.quiet import policy_quiet_until
from actors.dispatcher.messages.recipient import Telling
from actors.dispatcher.messages.sending import LOOK_AGAIN, known_already, put_recipient, recipient_key, tell_all
from actors.dispatcher.people.reach import reach
from actors.dispatcher.policies.notice import Notice, group_values
from actors.dispatcher.policies.routing import action_at
from actors.dispatcher.policies.tree import RoutedAction
from actors.dispatcher.run import DispatchRun
from protocols.dispatch.notification import MessageKind

_AT_ONCE: frozenset[MessageKind] = frozenset(("worsened", "escalated", "breach_opened"))
_HAPPENED: frozenset[MessageKind] = frozenset(("breach_opened", "credit"))
"""Kinds that are told also when they are over."""
_KEYS = str.maketrans({"|": "/"})


def group_key(subject: DispatchSubject, routed: RoutedAction, notice: Notice) -> str:
    """The group in which the message of ``routed`` tells the subject."""
    action = routed.action
    values = group_values(notice, routed.group_by, subject.key)
    parts = (subject.tenant_id, routed.policy_id, routed.pointer, action.channel or "", action.to or "", *values)
    return "|".join(part.translate(_KEYS) for part in parts)


def join_group(
    run: DispatchRun, subject: DispatchSubject, kind: MessageKind, reason: str, routed: RoutedAction, key: str
) -> None:
    """Have the group tell the subject. One that the group already tells gets the new kind, unless its first message is still
    to be sent. The subject names the group once :func:`schedule` is called."""
    action = routed.action
    assert action.channel is not None
    assert action.to is not None
    known = run.state.groups.get(key)
    group = MessageGroup(
        key=key,
        tenant_id=subject.tenant_id,
        policy=routed.policy_id,
        policy_name=routed.name,
        pointer=routed.pointer,
        channel=action.channel,
        to=action.to,
        template=action.template,
        opened_at=run.now if known is None else known.opened_at,
        wait=routed.group_wait,
        interval=routed.group_interval,
        repeat=routed.repeat_interval,
        quiet_hours=routed.quiet_hours,
        zone=routed.zone,
        members={} if known is None else known.members,
        owed={} if known is None else known.owed,
        sent_at=0 if known is None else known.sent_at,
    )
    member = group.members.get(subject.key, GroupMember())
    pending = member.kind if member.kind is not None and not member.told_at else kind
    member = GroupMember(pending, reason, member.told_at)
    run.journal.put(run.state.groups, key, group)
    run.journal.put(group.members, subject.key, member)


def leave(run: DispatchRun, subject: DispatchSubject, but: tuple[str, ...] = ()) -> bool:
    """Take the subject out of its groups, except those in ``but``. True when one of them still had something to say that is not
    said now. A breach that was not told yet stays: it has happened, although it is over."""
    unsaid = False
    for key in subject.groups:
        group = run.state.groups.get(key)
        if key in but or group is None or subject.key not in group.members:
            continue
        if group.members[subject.key].kind in _HAPPENED:
            continue
        unsaid = unsaid or group.members[subject.key].kind is not None
        run.journal.drop(group.members, subject.key)
        _put(run, group)
    return unsaid


def owe_end(run: DispatchRun, key: str, subject_key: str) -> None:
    """The group has to tell the end of a subject."""
    group = run.state.groups[key]
    run.journal.put(group.owed, subject_key, True)
    _put(run, group)


def owe_no_end(run: DispatchRun, subject: DispatchSubject) -> None:
    """The subject goes on before its end was told: those who know of it need not hear of either."""
    for key in dict.fromkeys(each.group for each in subject.told):
        group = run.state.groups.get(key)
        if group is not None and subject.key in group.owed:
            run.journal.drop(group.owed, subject.key)
            _put(run, group)
    for told in subject.told:
        recipient = run.state.recipients.get(recipient_key(subject.tenant_id, told.channel, told.address))
        if recipient is not None and subject.key in recipient.waiting:
            run.journal.drop(recipient.waiting, subject.key)
            put_recipient(run, recipient, ())


def schedule(run: DispatchRun, key: str, subject_key: str) -> None:
    """A subject of the group has changed: have the timer come no later than it needs."""
    group = run.state.groups.get(key)
    if group is not None:
        _put(run, group, subject_key)


def _put(run: DispatchRun, group: MessageGroup, *changed: str) -> None:
    """Put the group; forget one that has nothing to say and no cause. ``changed``: the members that may need an earlier timer.
    A timer that comes too early says nothing, and is set anew."""
    timers, journal = run.state.timers, run.journal
    if not group.members and not group.owed:
        journal.drop(run.state.groups, group.key)
        timers.set(journal, "group", group.key, None)
        return
    journal.put(run.state.groups, group.key, group)
    at, known = _next(run, group, changed), timers.at("group", group.key)
    if at is not None and (known is None or at < known):
        timers.set(journal, "group", group.key, at)


def _next(run: DispatchRun, group: MessageGroup, names: Iterable[str]) -> int | None:
    """When the group has something to say next of the members ``names`` and of what has ended, by what is known now."""
    found: list[int] = []
    later = group.sent_at + group.interval if group.sent_at else group.opened_at + group.wait
    if group.owed:
        found.append(later if group.members else run.now)
    for name in names:
        member = group.members.get(name)
        subject = run.state.subjects[name]
        if member is None or held_by(run.state, subject, member.kind or "reminder"):
            continue
        if member.kind is None:
            if member.told_at and subject.is_alarm and group.repeat:
                found.append(member.told_at + group.repeat)
        else:
            found.append(max(run.now if group.sent_at and member.kind in _AT_ONCE else later, member.again_at))
    return min(found) if found else None


def fire(run: DispatchRun, key: str) -> None:
    """The timer of a group: say what is to be said now."""
    group = run.state.groups.get(key)
    if group is None:
        return
    if group.members and (why := _gone(run, group)):
        _stop(run, group, why)
        group = run.state.groups.get(key)
        if group is None:
            return
    due = _next(run, group, group.members)
    if due is None or due > run.now:
        run.state.timers.set(run.journal, "group", key, due)
        return
    news = news_of(run, [run.state.subjects[each] for each in sorted(group.owed) if each in run.state.subjects], group=key)
    telling = [
        (run.state.subjects[name], replace(member, kind=member.kind or "reminder"))
        for name, member in sorted(group.members.items())
        if _is_due(run, group, run.state.subjects[name], member)
    ]
    for subject, _ in telling:
        if key in subject.groups:
            run.journal.put(group.members, subject.key, GroupMember(None, "", run.now))
        else:
            run.journal.drop(group.members, subject.key)
    _add_open(run, group, telling, news)
    for person, items in news.values():
        tell_all(run, group.tenant_id, person, list(items.values()))
    _put(run, replace(group, owed={}, sent_at=run.now if news else group.sent_at), *group.members)


def _is_due(run: DispatchRun, group: MessageGroup, subject: DispatchSubject, member: GroupMember) -> bool:
    if held_by(run.state, subject, member.kind or "reminder"):
        return False
    if member.kind is not None:
        return member.again_at <= run.now
    return bool(member.told_at and group.repeat) and member.told_at + group.repeat <= run.now and subject.is_alarm


def _gone(run: DispatchRun, group: MessageGroup) -> str:
    """Why the policy no longer says what the group does; "" when it does."""
    routed = action_at(run.state, group.policy, group.pointer)
    if routed is None:
        return "is no more, or is disabled"
    same = (routed.action.channel, routed.action.to) == (group.channel, group.to)
    return "" if same else "tells somebody else now"


def _stop(run: DispatchRun, group: MessageGroup, why: str) -> None:
    """The policy says nothing any more. Ends are told nevertheless."""
    for name, member in sorted(group.members.items()):
        subject = run.state.subjects[name]
        run.put_subject(replace(subject, groups=tuple(each for each in subject.groups if each != group.key)))
        what = "gets no reminder" if member.kind is None else "is not told"
        run.note(subject, f"{group.channel} to {group.to} {what}: policy {group.policy_name} {why}", policy=group.policy)
    _put(run, replace(group, members={}))


def _add_open(run: DispatchRun, group: MessageGroup, telling: list[tuple[DispatchSubject, GroupMember]], news: News) -> None:
    """Add what everybody whom the group reaches now is told of open causes."""
    for subject, member in telling:
        found = reach(
            run.state,
            group.to,
            group.channel,
            subject.severity,
            run.now,
            tenant_id=group.tenant_id,
            alarm=subject.alarm,
            instance_manager=subject.account_manager,
            customers=subject.customers,
        )
        if not member.again_at:
            for missed in found.missed or ((found.nobody,) if found.nobody else ()):
                run.note(subject, f"{group.channel} to {group.to}: {missed}", policy=group.policy)
        assert member.kind is not None
        if found.later and member.kind != "reminder" and subject.key in group.members:
            # Whoever is on call next is told, if it is still so.
            run.journal.put(group.members, subject.key, replace(member, again_at=run.now + LOOK_AGAIN))
        for person in found.people:
            since = run.now - group.repeat + 1 if member.kind == "reminder" else subject.requested_at
            if known := known_already(subject, person, member.kind, since):
                run.note(subject, f"{person.channel} to {person.to_name}: {known}", policy=group.policy)
                continue
            until = max(policy_quiet_until(group, subject, run.now), person.quiet_until or 0)
            reason = f"{member.reason or subject.reason}; {person.why}"
            item = Telling(subject.key, member.kind, group.policy, group.template, reason, 0, group.key, until)
            add_news(news, person, item)

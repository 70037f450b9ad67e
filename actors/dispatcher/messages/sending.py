"""Sending: what is said to one recipient now, what waits, and who counts as told of what."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject, ToldPerson
from actors.dispatcher.causes.holding import held_by
from actors.dispatcher.messages.facts import facts_of
from actors.dispatcher.messages.overdue import watch
from actors.dispatcher.messages.recipient import Recipient, Telling
from actors.dispatcher.people.reach import Reached
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import DispatchedNotification, MessageKind
from protocols.severity import is_worse, rank
from protocols.sla.local_time import SECOND, second_text, utc_text

MACHINES: frozenset[Channel] = frozenset(("webhook", "remediation"))
"""Channels to other systems, which neither sleep nor drown: no storm is kept from them."""
LOOK_AGAIN = 300 * SECOND
"""Time until the next look at a message that something else than quiet hours still holds back at the end of its wait."""
GATHERS = 5
"""A storm gathers for the fifth part of ``storm_seconds`` before its first message."""
MOST_ALARMS = 100
"""Alarms that a notification names by id."""
_PRECEDENCE: tuple[MessageKind, ...] = (
    "raised",
    "breach_opened",
    "worsened",
    "escalated",
    "at_risk",
    "flapping",
    "steady",
    "reminder",
    "recovered",
)


def tell(
    run: DispatchRun,
    subject: DispatchSubject,
    kind: MessageKind,
    reached: Reached,
    *,
    policy: str,
    template: str = "",
    reason: str,
    step: int = 0,
) -> DispatchedNotification | None:
    """Tell one person of one subject, as a step of an escalation does. None: the person knows that step already, or hears of it
    when the quiet hours or the storm allow it; a note says so."""
    person = told_of(subject, reached.channel, reached.address)
    if step and person is not None and person.step >= step:
        run.note(subject, f"{reached.channel} to {reached.to_name}: was told of step {step} already", policy=policy)
        return None
    until = reached.quiet_until or 0
    item = Telling(subject.key, kind, policy, template, f"{reason}; {reached.why}", step, "", until)
    return tell_all(run, subject.tenant_id, reached, [item])


def told_of(subject: DispatchSubject, channel: Channel, address: str) -> ToldPerson | None:
    """The entry of an address among those told; None: it was not told."""
    return next((each for each in subject.told if each.channel == channel and each.address == address), None)


def known_already(subject: DispatchSubject, person: Reached, kind: MessageKind, since: int) -> str:
    """Why the person need not be told: another policy has done it. ``since``: when it was requested, or was due
    (microseconds)."""
    told = told_of(subject, person.channel, person.address)
    if told is None:
        return ""
    if kind == "worsened":
        known = not is_worse(subject.severity, told.severity)
    elif kind in ("raised", "at_risk"):
        known = True
    elif kind == "maintenance":
        # An earlier notice does not stand for one that is due later.
        known = told.at >= since
    else:
        known = told.at >= since and kind in ("reminder", told.kind)
    return f"was told already by {told.notification_id}" if known else ""


def recipient_key(tenant_id: str, channel: Channel, address: str) -> str:
    """The key of a recipient."""
    return f"{tenant_id}|{channel}|{address}"


def tell_all(run: DispatchRun, tenant_id: str, person: Reached, items: Sequence[Telling]) -> DispatchedNotification | None:
    """Tell a person of several subjects in one message: now, or when the quiet hours of each are over, or as part of the storm.
    None: everything waits."""
    key = recipient_key(tenant_id, person.channel, person.address)
    known = run.state.recipients.get(key)
    recipient = Recipient(
        key=key,
        tenant_id=tenant_id,
        channel=person.channel,
        to=person.to,
        to_name=person.to_name,
        address=person.address,
        singles=() if known is None else recent(run, known.singles),
        storm_at=None if known is None else known.storm_at,
        storm_since=0 if known is None else known.storm_since,
        waiting={} if known is None else known.waiting,
    )
    waiting = recipient.waiting
    ready: list[Telling] = []
    for item in items:
        if item.until > run.now:
            run.journal.put(waiting, item.subject, item)
            _note(run, recipient, item, f"waits until {second_text(item.until)}: {waits_for(run.state, item)}")
        else:
            ready.append(item)
    sent = None
    if ready and not may_send(run, recipient):
        begins, sent_before = recipient.storm_at is None, len(recipient.singles)
        if begins:
            gathers = round(run.state.inputs.settings.storm_seconds * SECOND) // GATHERS
            recipient = replace(recipient, storm_at=run.now + gathers, storm_since=run.now)
        for item in ready:
            run.journal.put(waiting, item.subject, item)
            assert recipient.storm_at is not None
            at = second_text(recipient.storm_at)
            why = f"{sent_before} single messages were sent" if begins else "the storm goes on"
            _note(run, recipient, item, f"waits until {at} for the message of the storm: {why}")
    elif ready:
        for item in ready:
            run.journal.drop(waiting, item.subject)
        sent = deliver(run, recipient, ready)
        recipient = replace(recipient, singles=(*recipient.singles, run.now))
    put_recipient(run, recipient, [item.subject for item in items])
    return sent


def waits_for(state: DispatchState, item: Telling) -> str:
    """The reason for which a telling waits until its time."""
    subject = state.subjects.get(item.subject)
    held = held_by(state, subject, item.kind) if subject is not None and subject.state == "open" else ""
    return held or "quiet hours"


def may_send(run: DispatchRun, recipient: Recipient) -> bool:
    """True when a single message is within the bound of the recipient."""
    if recipient.channel in MACHINES:
        return True
    return recipient.storm_at is None and len(recent(run, recipient.singles)) < bound_of(run, recipient.channel)


def bound_of(run: DispatchRun, channel: Channel) -> int:
    """Single messages within ``storm_seconds``."""
    settings = run.state.inputs.settings
    return settings.storm_texts if channel == "sms" else settings.storm_mails


def recent(run: DispatchRun, times: tuple[int, ...]) -> tuple[int, ...]:
    """The ``times`` within the last ``storm_seconds``."""
    since = run.now - round(run.state.inputs.settings.storm_seconds * SECOND)
    return tuple(at for at in times if at > since)


def put_recipient(run: DispatchRun, recipient: Recipient, changed: Iterable[str] | None = None) -> None:
    """Put the recipient with its timer; forget one for whom nothing waits and whose last message is long ago. ``changed``: the
    subjects that may need an earlier timer than the present one, which says nothing when it comes too early; None: all."""
    timers, key, waiting = run.state.timers, recipient.key, recipient.waiting
    singles = () if recipient.channel in MACHINES else recent(run, recipient.singles)
    due: list[int] = []
    if recipient.storm_at is not None:
        due = [recipient.storm_at]
    elif waiting:
        known = timers.at("recipient", key)
        names = waiting if changed is None or known is None else [each for each in changed if each in waiting]
        due = [max(waiting[each].until, run.now) for each in names]
        if changed is not None and known is not None:
            due.append(known)
    elif singles:
        due = [singles[-1] + round(run.state.inputs.settings.storm_seconds * SECOND)]
    timers.set(run.journal, "recipient", key, min(due) if due else None)
    if due:
        run.journal.put(run.state.recipients, key, replace(recipient, singles=singles))
    else:
        run.journal.drop(run.state.recipients, key)


def deliver(run: DispatchRun, recipient: Recipient, items: Sequence[Telling]) -> DispatchedNotification:
    """One message about all ``items``, the most severe first."""
    return _deliver(run, recipient, items, None)


def deliver_storm(run: DispatchRun, recipient: Recipient, items: Sequence[Telling], passed: int) -> DispatchedNotification:
    """One message that says how many causes there are and names the worst. ``passed``: causes that came and went meanwhile."""
    return _deliver(run, recipient, items, passed)


def _deliver(run: DispatchRun, recipient: Recipient, items: Sequence[Telling], passed: int | None) -> DispatchedNotification:
    state = run.state
    told = [(state.subjects[item.subject], item) for item in items]
    told.sort(key=lambda each: (each[0].state == "ended", rank(each[0].severity), each[0].since, each[0].key))
    subject, first = told[0]
    before = told_of(subject, recipient.channel, recipient.address)
    facts = facts_of(state, told, state.contacts.get(recipient.to)) | {"unproven": _unproven(recipient, told)}
    number = run.new_id("N")
    kinds = {item.kind for item in items}
    kind: MessageKind = next((each for each in _PRECEDENCE if each in kinds), first.kind)
    reason = first.reason
    if passed is not None:
        kind = "storm"
        facts |= {"since": utc_text(recipient.storm_since), "passed": passed}
        ended = sum(each.state == "ended" for each, _ in told)
        since = second_text(recipient.storm_since)
        reason = f"since {since}: {len(told) - ended} open, {ended} over, {passed} came and went"
    elif len(told) > 1:
        reason = f"{reason}; {len(told) - 1} others"
    notification = DispatchedNotification(
        id=number,
        tenant_id=recipient.tenant_id,
        subject=subject.key if passed is None else f"storm:{recipient.to}",
        alarm_ids=tuple(found for each, _ in told[:MOST_ALARMS] if (found := each.alarm_uuid)),
        instance_id=subject.instance_id if passed is None else "",
        breach_id=subject.breach_id if passed is None else "",
        policy=first.policy,
        step=first.step,
        channel=recipient.channel,
        to=recipient.to,
        to_name=recipient.to_name,
        address=recipient.address,
        kind=kind,
        template=first.template if passed is None else "",
        facts=facts,
        thread=number if before is None or passed is not None else before.thread,
        reason=reason,
        created_at=run.at,
        fallback_of=first.fallback_of,
    )
    run.put_notification(notification)
    if subject.state == "open":
        watch(run, notification, subject.severity)
    for each, item in told:
        count_as_told(run, each, item, notification)
    return notification


def _unproven(recipient: Recipient, told: Sequence[tuple[DispatchSubject, Telling]]) -> dict[str, str]:
    """Subjects of which the end is told although no message about them has arrived yet, each with the first one."""
    found: dict[str, str] = {}
    for subject, _ in told:
        before = told_of(subject, recipient.channel, recipient.address)
        if subject.state == "ended" and before is not None and not before.arrived:
            found[subject.key] = before.thread
    return found


def count_as_told(run: DispatchRun, subject: DispatchSubject, item: Telling, notification: DispatchedNotification) -> None:
    """Whoever is told of a subject is owed its end; whoever is told of its end is owed nothing more."""
    before = told_of(subject, notification.channel, notification.address)
    told = tuple(each for each in subject.told if each is not before)
    if subject.state == "open" and item.kind != "credit":
        told = (
            *told,
            ToldPerson(
                channel=notification.channel,
                to=notification.to,
                to_name=notification.to_name,
                address=notification.address,
                policy=item.policy,
                thread=notification.id if before is None else before.thread,
                notification_id=notification.id,
                at=run.now,
                severity=subject.severity,
                kind=item.kind,
                group=item.group if before is None else before.group,
                step=max(item.step, 0 if before is None else before.step),
                arrived=before is not None and before.arrived,
            ),
        )
    run.put_subject(replace(subject, told=told))


def _note(run: DispatchRun, recipient: Recipient, item: Telling, text: str) -> None:
    subject = run.state.subjects.get(item.subject)
    if subject is not None:
        run.note(subject, f"{recipient.channel} to {recipient.name} ({item.kind}) {text}", policy=item.policy)

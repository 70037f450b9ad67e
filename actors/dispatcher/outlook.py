"""The outlook of a subject: who is still owed its end, and which messages are still to come, by what is known now. Pure."""

from collections.abc import Iterator

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.causes.holding import held_by
from actors.dispatcher.escalation.chain import next_steps
from actors.dispatcher.messages.fallback import untried_methods
from actors.dispatcher.messages.sending import waits_for
from actors.dispatcher.policies.routing import action_at
from actors.dispatcher.state import DispatchState
from protocols.dispatch.view import DispatchOutlook, PlannedMessage
from protocols.sla.local_time import instant_at, utc_time


def outlook_of(state: DispatchState, key: str) -> DispatchOutlook | None:
    """The outlook of the subject with this key; None when there is no such subject."""
    subject = state.subjects.get(key)
    if subject is None:
        return None
    planned = sorted(
        (
            *_of_groups(state, subject),
            *_of_recipients(state, subject),
            *_of_fallbacks(state, subject),
            *_of_escalations(state, subject),
        ),
        key=lambda each: (each.at is None, each.at or utc_time(0), each.text),
    )
    return DispatchOutlook(
        open=subject.state == "open",
        since=utc_time(subject.since),
        held_by=held_by(state, subject, "raised") if subject.state == "open" else "",
        owed=tuple(f"{each.channel} to {each.to_name or each.address}" for each in subject.told),
        planned=tuple(planned),
    )


def _of_groups(state: DispatchState, subject: DispatchSubject) -> Iterator[PlannedMessage]:
    for name in subject.groups:
        group = state.groups.get(name)
        member = None if group is None else group.members.get(subject.key)
        if group is None or member is None:
            continue
        said = member.kind or "reminder"
        if member.kind is None and not (member.told_at and subject.is_alarm and group.repeat):
            continue
        held = held_by(state, subject, said)
        at = member.told_at + group.repeat if member.kind is None else state.timers.at("group", name)
        text = f"{said} by {group.channel} to {group.to}" + (f"; held back now: {held}" if held else "")
        yield PlannedMessage(None if held or at is None else utc_time(at), group.policy, text)


def _of_recipients(state: DispatchState, subject: DispatchSubject) -> Iterator[PlannedMessage]:
    now = instant_at(state.at)
    # Only recipients for whom something waits, or who heard something within the last minutes, are kept.
    for recipient in state.recipients.values():
        item = recipient.waiting.get(subject.key)
        if item is not None:
            waits = item.until > now
            at = item.until if waits else recipient.storm_at
            why = f"waits: {waits_for(state, item)}" if waits else "with a storm"
            text = f"{item.kind} by {recipient.channel} to {recipient.name}, {why}"
            yield PlannedMessage(None if at is None else utc_time(at), item.policy, text)


def _of_fallbacks(state: DispatchState, subject: DispatchSubject) -> Iterator[PlannedMessage]:
    for number in dict.fromkeys(each.notification_id for each in subject.told):
        at, first = state.timers.at("fallback", number), state.notifications.get(number)
        if at is None or first is None:
            continue
        method = next(iter(untried_methods(state, first)), None)
        if method is not None:
            text = f"{first.kind} by {method.channel} to {first.to_name}, unless {number} by {first.channel} has arrived"
            yield PlannedMessage(utc_time(at), first.policy, text)


def _of_escalations(state: DispatchState, subject: DispatchSubject) -> Iterator[PlannedMessage]:
    if subject.state == "ended":
        return
    for due in next_steps(state, subject, instant_at(state.at)):
        routed = action_at(state, *due.place)
        step = None if routed is None else (routed.action.escalate or ())[due.number - 1]
        if step is None:
            continue
        done = [f"{step.channel or 'a message'} to {step.to}"] if step.to is not None else []
        done += ["a ticket"] if step.ticket is not None else []
        text = f"step {due.number} of the escalation, unless {step.until}: {' and '.join(done)}"
        yield PlannedMessage(utc_time(due.at), due.place[0], text)

"""A jump of the clock: whatever lasts keeps the time that it has lasted, so nothing is sent because of the jump."""

from datetime import timedelta

from msgspec.structs import replace

from actors.dispatcher.escalation import chain
from actors.dispatcher.messages.quiet import contact_quiet_until, policy_quiet_until
from actors.dispatcher.messages.recipient import Recipient, Telling
from actors.dispatcher.messages.sending import put_recipient
from actors.dispatcher.people.gaps import look_at_all
from actors.dispatcher.run import DispatchRun
from actors.elapsed import shifted
from protocols.event import ClockJumped
from protocols.sla.local_time import instant_at


def fold_clock_jumped(run: DispatchRun, event: ClockJumped) -> None:
    """Move every instant of the state but those that are dates. Rotas, planned maintenance and quiet hours are made of dates:
    they are looked at again."""
    state, journal = run.state, run.journal
    by = instant_at(event.after) - instant_at(event.before)
    state.timers.shift(journal, by)
    for key, subject in list(state.subjects.items()):
        moved = replace(
            subject,
            since=subject.since + by,
            requested_at=subject.requested_at + by,
            ended_at=None if subject.ended_at is None else subject.ended_at + by,
            told=tuple(replace(each, at=each.at + by) for each in subject.told),
            escalations=tuple(replace(each, since=each.since + by) for each in subject.escalations),
        )
        journal.put(state.subjects, key, moved)
    for key, group in list(state.groups.items()):
        members = {
            name: replace(
                each,
                told_at=each.told_at + by if each.told_at else 0,
                again_at=each.again_at + by if each.again_at else 0,
            )
            for name, each in group.members.items()
        }
        sent_at = group.sent_at + by if group.sent_at else 0
        journal.put(state.groups, key, replace(group, opened_at=group.opened_at + by, sent_at=sent_at, members=members))
    for key, recipient in list(state.recipients.items()):
        journal.put(
            state.recipients,
            key,
            replace(
                recipient,
                singles=tuple(at + by for at in recipient.singles),
                storm_at=None if recipient.storm_at is None else recipient.storm_at + by,
                storm_since=recipient.storm_since + by,
                waiting={name: _waiting(run, recipient, each, by) for name, each in recipient.waiting.items()},
            ),
        )
        put_recipient(run, state.recipients[key])
    for fault, times in list(state.rounds.items()):
        journal.put(state.rounds, fault, tuple(at + by for at in times))
    for number, notification in list(state.notifications.items()):
        if notification.waits:
            # Nothing is late because of the jump.
            journal.put(
                state.notifications,
                number,
                replace(notification, created_at=shifted(notification.created_at, timedelta(microseconds=by))),
            )
    for window_id in state.windows:
        state.timers.set(journal, "window", window_id, run.now)
    for key, subject in list(state.subjects.items()):
        if subject.escalations:
            chain.schedule(run, key)
    look_at_all(run)


def _waiting(run: DispatchRun, recipient: Recipient, item: Telling, by: int) -> Telling:
    """A message that waits for the end of quiet hours waits for their end by the time that is believed now."""
    subject = run.state.subjects.get(item.subject)
    if not item.until or subject is None or item.until + by <= run.now:
        return item if not item.until else replace(item, until=item.until + by)
    group = run.state.groups.get(item.group)
    ends = 0 if group is None else policy_quiet_until(group, subject, run.now)
    return replace(item, until=max(run.now, ends, contact_quiet_until(run.state, recipient.to, subject.severity, run.now)))

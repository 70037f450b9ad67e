"""Messages that wait for a recipient: until quiet hours end, and in a storm.

A person gets ``storm_mails`` or ``storm_texts`` single messages within ``storm_seconds``. Whatever comes on top of them waits
for one message that says how many causes there are and names the worst. It is sent after a fifth of ``storm_seconds``, and
again every ``storm_seconds`` while more comes. Whoever heard of a cause by such a message hears of its end too.
"""

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.causes.holding import held_by
from actors.dispatcher.messages.quiet import contact_quiet_until
from actors.dispatcher.messages.recipient import Recipient, Telling
from actors.dispatcher.messages.sending import LOOK_AGAIN, bound_of, deliver, deliver_storm, put_recipient, recent, told_of
from actors.dispatcher.run import DispatchRun
from protocols.dispatch.notification import MessageKind
from protocols.sla.local_time import SECOND


def release(run: DispatchRun, key: str) -> None:
    """The timer of a recipient: say what need not wait any more."""
    recipient = run.state.recipients.get(key)
    if recipient is None:
        return
    recipient = replace(recipient, singles=recent(run, recipient.singles))
    storm = recipient.storm_at is not None
    if recipient.storm_at is not None and run.now < recipient.storm_at:
        put_recipient(run, recipient)
        return
    waiting: dict[str, Telling] = {}
    ready: list[Telling] = []
    passed = 0
    for name, item in sorted(recipient.waiting.items(), key=lambda each: (each[1].until, each[0])):
        until = max(item.until, _quiet(run, recipient, item)) if item.until > run.now else _again(run, recipient, item)
        if until > run.now:
            waiting[name] = replace(item, until=until)
        elif until == _DROPPED:
            subject = run.state.subjects.get(name)
            passed += subject is not None and subject.state == "ended"
        else:
            ready.append(item)
    recipient = replace(recipient, waiting=waiting)
    room = bound_of(run, recipient.channel) - len(recipient.singles)
    if len(ready) > 1 and (storm or len(ready) > room):
        deliver_storm(run, recipient, ready, passed)
    else:
        for item in ready:
            deliver(run, recipient, [item])
    if storm:
        after = round(run.state.inputs.settings.storm_seconds * SECOND)
        recipient = replace(recipient, storm_at=run.now + after if ready else None, storm_since=run.now)
    elif ready:
        recipient = replace(recipient, singles=(*recipient.singles, *[run.now] * min(len(ready), max(room, 1))))
    put_recipient(run, recipient)


def look_again(run: DispatchRun, subject_key: str) -> None:
    """Nothing holds the subject back any more: look with this Event at what waits of it."""
    for recipient in list(run.state.recipients.values()):
        item = recipient.waiting.get(subject_key)
        if item is not None and item.until > run.now:
            run.journal.put(recipient.waiting, subject_key, replace(item, until=run.now))
            put_recipient(run, recipient, [subject_key])


_DROPPED = -1
_OF_AN_END: frozenset[MessageKind] = frozenset(("recovered", "breach_resolved"))


def _again(run: DispatchRun, recipient: Recipient, item: Telling) -> int:
    """How long a telling has to wait still; 0: it is told now; ``_DROPPED``: never."""
    state = run.state
    subject = state.subjects.get(item.subject)
    if subject is None:
        return _DROPPED
    if (first := state.notifications.get(item.fallback_of)) is not None and first.status == "sent":
        run.note(subject, f"{recipient.channel} to {recipient.name} is not sent: {first.id} has arrived", policy=item.policy)
        return _DROPPED
    if subject.state == "ended":
        owed = item.kind in _OF_AN_END and item.fallback_of
        if not owed and told_of(subject, recipient.channel, recipient.address) is None and item.kind != "breach_opened":
            return _DROPPED
        return _quiet(run, recipient, item)
    if gone := _gone(run, recipient, item):
        run.note(subject, f"{recipient.channel} to {recipient.name} is not sent: {gone}", policy=item.policy)
        return _DROPPED
    if held_by(state, subject, item.kind):
        return run.now + LOOK_AGAIN
    return _quiet(run, recipient, item)


def _quiet(run: DispatchRun, recipient: Recipient, item: Telling) -> int:
    subject: DispatchSubject | None = run.state.subjects.get(item.subject)
    return 0 if subject is None else contact_quiet_until(run.state, recipient.to, subject.severity, run.now)


def _gone(run: DispatchRun, recipient: Recipient, item: Telling) -> str:
    """Why an open cause is not told after all: its policy or the contact is no more."""
    record = run.state.policies.get(item.policy)
    if record is None or not record.policy.enabled:
        return f"policy {item.policy} is no more, or is disabled"
    if recipient.to != recipient.address and recipient.to not in run.state.contacts:
        return f"contact {recipient.to_name} is no more"
    return ""

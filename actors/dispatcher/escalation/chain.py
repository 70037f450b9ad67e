"""Escalation chains: who is told next of a cause that nobody acknowledges or resolves, and when.

A chain begins when its policy is first applied to the cause, and ``after_seconds`` counts from there. A step that was held back
(by an acknowledgement that was withdrawn, a shelf, a cause that explains it) is done when that is over. When the next step is
overdue too by then, it follows at the distance that the policy gives the two. A chain ends with its cause.
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject, Escalation
from actors.dispatcher.causes.holding import held_by
from actors.dispatcher.messages.quiet import quiet_until
from actors.dispatcher.messages.sending import tell
from actors.dispatcher.people.reach import reach
from actors.dispatcher.policies.routing import action_at
from actors.dispatcher.policies.tree import RoutedAction
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from actors.dispatcher.tickets.wanting import want_ticket
from protocols.dispatch.local_hours import opens_at
from protocols.dispatch.policy import EscalationStep
from protocols.recurrence.occurrences import zone_of
from protocols.sla.local_time import SECOND

Place = tuple[str, str]
"""The policy's id, and the place of the action in it."""


class DueStep(NamedTuple):
    """A step of a chain, and when it is due (microseconds since 1970)."""

    at: int
    place: Place
    number: int
    """From 1."""


def begin(run: DispatchRun, subject: DispatchSubject, routed_action: RoutedAction) -> None:
    """Begin the chain of an action of a policy. One that goes on already is left as it is."""
    subject = run.state.subjects[subject.key]
    place = routed_action.policy_id, routed_action.pointer
    if subject.state == "open" and place not in _places(subject):
        run.put_subject(replace(subject, escalations=(*subject.escalations, Escalation(*place, run.now))))
        schedule(run, subject.key)


def keep(run: DispatchRun, subject: DispatchSubject, places: set[Place]) -> None:
    """End the chains that the policies do not want any more."""
    subject = run.state.subjects[subject.key]
    kept = tuple(each for each in subject.escalations if (each.policy, each.action) in places)
    if kept != subject.escalations:
        run.put_subject(replace(subject, escalations=kept))
        schedule(run, subject.key)


def follow(run: DispatchRun, before: DispatchSubject | None, after: DispatchSubject) -> None:
    """A subject has changed: an acknowledgement stops its chains, the end of one has them go on."""
    if before is not None and (before.escalations or after.escalations):
        schedule(run, after.key)


def schedule(run: DispatchRun, key: str) -> None:
    """Set the timer of a subject to its next step."""
    subject = run.state.subjects[key]
    steps = [] if subject.state == "ended" else [each.at for each in next_steps(run.state, subject, run.now)]
    run.state.timers.set(run.journal, "escalation", key, min(steps) if steps else None)


def due(run: DispatchRun, name: str) -> None:
    """The timer of a subject: do every step that is due, one of each chain."""
    subject = run.state.subjects.get(name)
    if subject is None or subject.state == "ended":
        return
    for step in sorted(each for each in next_steps(run.state, subject, run.now) if each.at <= run.now):
        _do(run, name, step)
    _drop_orphans(run, name)
    schedule(run, name)


def next_steps(state: DispatchState, subject: DispatchSubject, now: int) -> Iterator[DueStep]:
    """The next step of each chain that nothing holds back now."""
    if held_by(state, subject, "escalated"):
        return
    acknowledged = subject.is_alarm and subject.alarm is not None and subject.alarm.acknowledged_at is not None
    for chain in subject.escalations:
        routed = action_at(state, chain.policy, chain.action)
        steps = () if routed is None else routed.action.escalate or ()
        for index in range(chain.step, len(steps)):
            step = steps[index]
            if acknowledged and step.until == "acknowledged":
                continue
            assert routed is not None
            yield DueStep(_due_at(step, chain, routed, now), (chain.policy, chain.action), index + 1)
            break


def _due_at(step: EscalationStep, chain: Escalation, routed: RoutedAction, now: int) -> int:
    at = chain.since + round(step.after_seconds * SECOND)
    return at if step.hours is None else opens_at(step.hours, zone_of(step.time_zone or routed.zone), max(at, now))


def _do(run: DispatchRun, key: str, due_step: DueStep) -> None:
    """Do a step. Where it reaches nobody, the next one is due at once."""
    routed = action_at(run.state, *due_step.place)
    assert routed is not None
    steps, index = routed.action.escalate or (), due_step.number
    reached = _tell(run, key, routed, steps[index - 1], index)
    subject = run.state.subjects[key]
    chain = next(each for each in subject.escalations if (each.policy, each.action) == due_step.place)
    since = chain.since
    if index < len(steps):
        after = round(steps[index].after_seconds * SECOND)
        if not reached:
            since = min(since, run.now - after)
        elif since + after <= run.now:
            since = run.now - round(steps[index - 1].after_seconds * SECOND)
    _put(run, subject, chain, replace(chain, step=index, since=since))


def _tell(run: DispatchRun, key: str, routed: RoutedAction, step: EscalationStep, number: int) -> bool:
    """Do what a step says. False when it is to tell somebody and reaches nobody."""
    policy = routed.policy_id
    if step.ticket is not None:
        want_ticket(run, run.state.subjects[key], step.ticket, policy)
    if step.to is None:
        return True
    subject = run.state.subjects[key]
    found = reach(
        run.state,
        step.to,
        step.channel,
        subject.severity,
        run.now,
        tenant_id=subject.tenant_id,
        alarm=subject.alarm,
        instance_manager=subject.account_manager,
        customers=subject.customers,
    )
    for missed in found.missed or ((found.nobody,) if found.nobody else ()):
        run.note(subject, f"step {number} of the escalation, to {step.to}: {missed}", policy=policy)
    if not found.people:
        run.note(subject, f"step {number} of the escalation reaches nobody: the next one follows at once", policy=policy)
        return False
    quiet = quiet_until(routed.quiet_hours, routed.zone, subject.severity, run.now)
    reason = f"step {number}: nobody has {step.until} it after {step.after_seconds:g} s"
    for person in found.people:
        subject = run.state.subjects[key]
        person = replace(person, quiet_until=max(person.quiet_until or 0, quiet) or None)
        tell(run, subject, "escalated", person, policy=policy, template=step.template, reason=reason, step=number)
    return True


def _drop_orphans(run: DispatchRun, key: str) -> None:
    """End the chains whose policy, or action, is no more."""
    subject = run.state.subjects[key]
    for chain in subject.escalations:
        routed = action_at(run.state, chain.policy, chain.action)
        if routed is None or routed.action.escalate is None:
            run.note(subject, f"the escalation ends: policy {chain.policy} has it no more", policy=chain.policy)
            _put(run, run.state.subjects[key], chain, None)


def _put(run: DispatchRun, subject: DispatchSubject, old: Escalation, new: Escalation | None) -> None:
    chains = [new if each is old else each for each in subject.escalations]
    run.put_subject(replace(subject, escalations=tuple(each for each in chains if each is not None)))


def _places(subject: DispatchSubject) -> set[Place]:
    return {(each.policy, each.action) for each in subject.escalations}

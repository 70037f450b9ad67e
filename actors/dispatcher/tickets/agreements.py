"""The ticket of a cause stands for the service level agreements that it puts at risk or breaks: they have none of their own."""

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject, WantedTicket
from actors.dispatcher.causes.holding import name_of
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.content import PRIORITIES, agreement_name, agreement_priority
from actors.dispatcher.tickets.family import cause_of, live_ticket, root_of
from actors.dispatcher.tickets.own import close_as_part, stand_alone
from actors.dispatcher.tickets.refreshing import COMMENT_EVERY, has_said_agreements, refresh, say_now
from actors.dispatcher.tickets.tasks import name_of_ticket, with_task
from actors.dispatcher.tickets.waiting import wait_for, wait_no_more


def join_cause(run: DispatchRun, key: str) -> bool:
    """Have the ticket of its cause stand for an agreement for which a policy wants a ticket. False: it needs one of its own."""
    state = run.state
    agreement = state.subjects[key]
    wanted = agreement.wanted_ticket
    assert wanted is not None
    cause = cause_of(state, agreement)
    if cause is None:
        return _without_cause(run, agreement)
    wait_no_more(run, agreement.cause, key)
    new = agreement.covered != _standing(agreement)
    agreement = replace(agreement, cause=cause.key, covered=_standing(agreement))
    run.put_subject(agreement)
    if key not in cause.agreements:
        run.put_subject(replace(cause, agreements=(*cause.agreements, key)))
    root = root_of(state, cause)
    again = root.wanted_ticket is not None
    for name in (cause.key, root.key):
        _want_too(run, name, wanted)
    root = state.subjects[root.key]
    if root.ticket_id not in state.tickets or root.part_of or not again:
        stand_alone(run, root.key)
    root = state.subjects[root.key]
    ticket, own = live_ticket(state, root), live_ticket(state, agreement)
    state.timers.set(run.journal, "ticket", key, None)
    if ticket is None:
        name = name_of_ticket(state.tickets[root.ticket_id])
        text = f"ticket {name} of its cause {name_of(state, root.key)} was closed, and stays so until that is raised again"
        run.note(agreement, f"no ticket of its own: {text}", policy=wanted.policy)
        return True
    if own is not None:
        close_as_part(run, own, ticket, agreement, root)
    if new:
        text = f"ticket {name_of_ticket(ticket)} of its cause {name_of(state, root.key)} stands for it"
        run.note(agreement, f"no ticket of its own: {text}", policy=wanted.policy)
    _raise_priority(run, root.key, agreement)
    if has_said_agreements(state, cause, ticket):
        refresh(run, root.key)
    else:
        say_now(run, root.key)
    return True


def leave_cause(run: DispatchRun, agreement: DispatchSubject) -> None:
    """An agreement is over. The ticket of its cause says so with the next comment, if the cause lasts."""
    cause = run.state.subjects.get(agreement.cause)
    if cause is None or cause.state == "ended":
        return
    root = root_of(run.state, cause)
    if run.state.timers.at("ticket", root.key) is None:
        run.state.timers.set(run.journal, "ticket", root.key, run.now + COMMENT_EVERY)


def _standing(agreement: DispatchSubject) -> str:
    return agreement.breach_id if agreement.breaches else "at_risk"


def _without_cause(run: DispatchRun, agreement: DispatchSubject) -> bool:
    """The cause that the request named is no open subject: it is over, or its hold is not over yet."""
    state, key = run.state, agreement.key
    wanted = agreement.wanted_ticket
    assert wanted is not None
    if agreement.cause in state.subjects:
        if agreement.covered == _standing(agreement):
            text = f"the ticket of its cause {name_of(state, agreement.cause)}, which is over, stood for it"
            run.note(agreement, f"no ticket of its own: {text}", policy=wanted.policy)
            return True
        run.put_subject(replace(agreement, covered=""))
        return False
    wait_for(run, agreement.cause, key)
    if live_ticket(state, agreement) is not None:
        return False
    if state.timers.at("ticket", key) is None:
        state.timers.set(run.journal, "ticket", key, run.now + COMMENT_EVERY)
        text = f"its ticket waits up to {COMMENT_EVERY // 1_000_000} s for that of its cause"
        run.note(agreement, text, policy=wanted.policy)
    return True


def _want_too(run: DispatchRun, key: str, wanted: WantedTicket) -> None:
    """A cause for which no policy wants a ticket gets one for the sake of an agreement."""
    cause = run.state.subjects[key]
    if cause.wanted_ticket is None:
        terms = replace(wanted, priority=None, derives=True, category="")
        run.put_subject(replace(cause, wanted_ticket=terms))
        run.note(
            cause, "a ticket for the sake of a service level agreement that it puts at risk or breaks", policy=wanted.policy
        )


def _raise_priority(run: DispatchRun, key: str, agreement: DispatchSubject) -> None:
    """The priority and the breach that an agreement gives the ticket of its cause, at once."""
    ticket = live_ticket(run.state, run.state.subjects[key])
    assert ticket is not None
    changed = ticket
    if agreement.breaches and not ticket.sla_breach_id:
        metadata = ticket.metadata | {"sla_breach_id": agreement.breach_id}
        changed = replace(changed, sla_breach_id=agreement.breach_id, metadata=metadata, revision=changed.revision + 1)
    priority = agreement_priority(agreement)
    if PRIORITIES.index(priority) < PRIORITIES.index(ticket.priority):
        what = "breached" if agreement.breaches else "at risk"
        text = f"Priority {priority}, was {ticket.priority}: service level agreement {what}: {agreement_name(agreement)}"
        changed = replace(with_task(changed, "priority", text), priority=priority)
    if changed is not ticket:
        run.put_ticket(changed)

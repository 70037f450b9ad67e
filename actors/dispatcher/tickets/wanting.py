"""Tickets that policies want: a cause has one, whatever several policies want; a new raise of the same alarm re-opens it."""

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.causes.holding import name_of
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.agreements import join_cause
from actors.dispatcher.tickets.content import combined
from actors.dispatcher.tickets.family import live_ticket, root_of
from actors.dispatcher.tickets.own import stand_alone
from actors.dispatcher.tickets.refreshing import set_priority
from actors.dispatcher.tickets.tasks import is_live, name_of_ticket
from protocols.dispatch.policy import TicketTerms


def want_ticket(run: DispatchRun, subject: DispatchSubject, terms: TicketTerms, policy_id: str) -> None:
    """A policy wants a ticket for an open cause. The ticket of a cause that another one explains is that of the other one, and
    the ticket of a service level agreement that of its cause."""
    state, key = run.state, subject.key
    subject = state.subjects[key]
    if not key.startswith(("alarm:", "sla:")):
        run.note(subject, "no ticket: only alarms and service level agreements have tickets", policy=policy_id)
        return
    if subject.state == "ended":
        return
    again = subject.wanted_ticket is not None
    wanted = combined(subject.wanted_ticket, terms, policy_id)
    if wanted != subject.wanted_ticket:
        subject = replace(subject, wanted_ticket=wanted)
        run.put_subject(subject)
    if subject.merged_into:
        run.note(
            subject, f"no ticket of its own: it is a consequence of {name_of(state, subject.merged_into)}", policy=policy_id
        )
        set_priority(run, root_of(state, subject))
        return
    if subject.cause and join_cause(run, key):
        return
    ticket = state.tickets.get(subject.ticket_id)
    if ticket is None or subject.part_of or not again:
        stand_alone(run, key)
    elif not is_live(ticket):
        run.note(
            subject, f"ticket {name_of_ticket(ticket)} was closed, and stays so until it is raised again", policy=policy_id
        )
        return
    _take_terms(run, key)


def _take_terms(run: DispatchRun, key: str) -> None:
    """Add the wishes of one more policy to an open ticket. Its team and category stay."""
    subject = run.state.subjects[key]
    ticket, wanted = live_ticket(run.state, subject), subject.wanted_ticket
    if ticket is None or wanted is None:
        return
    if (ticket.closes, ticket.resolves_alarm) != (wanted.closes, wanted.resolves_alarm):
        run.put_ticket(
            replace(ticket, closes=wanted.closes, resolves_alarm=wanted.resolves_alarm, revision=ticket.revision + 1)
        )
    set_priority(run, subject)

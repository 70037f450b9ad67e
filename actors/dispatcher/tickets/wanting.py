"""Tickets that policies want: a cause has one, whatever several policies want; a new raise of the same alarm re-opens it."""

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.causes.holding import name_of
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.content import (
    MOST_ALARMS,
    category_of,
    circuits_of,
    combined,
    customer_of,
    customers_of,
    description_of,
    metadata_of,
    priority_of,
    team_of,
    title_of,
)
from actors.dispatcher.tickets.family import live_ticket, members_of, root_of
from actors.dispatcher.tickets.refreshing import COMMENT_EVERY, set_priority
from actors.dispatcher.tickets.tasks import is_live, name_of_ticket, with_task
from protocols.dispatch.policy import TicketTerms
from protocols.dispatch.ticket import Ticket, TicketTask


def want_ticket(run: DispatchRun, subject: DispatchSubject, terms: TicketTerms, policy_id: str) -> None:
    """A policy wants a ticket for an open cause. The ticket of a cause that another one explains is that of the other one."""
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
    ticket = state.tickets.get(subject.ticket_id)
    if ticket is None or subject.part_of or not again:
        stand_alone(run, key)
    elif not is_live(ticket):
        run.note(
            subject, f"ticket {name_of_ticket(ticket)} was closed, and stays so until it is raised again", policy=policy_id
        )
        return
    _take_terms(run, key)


def stand_alone(run: DispatchRun, key: str) -> None:
    """See that a cause has an open ticket: its own from before, or a new one."""
    subject = run.state.subjects[key]
    if subject.part_of:
        subject = replace(subject, part_of="")
        run.put_subject(subject)
    ticket = run.state.tickets.get(subject.ticket_id)
    if ticket is None:
        _open(run, subject)
    elif not is_live(ticket):
        text = f"Open again: {title_of(subject)} ({subject.reason})"
        run.put_ticket(replace(with_task(ticket, "reopen", text), closed_at=None))
        run.state.timers.set(run.journal, "ticket", key, run.now + COMMENT_EVERY)


def _open(run: DispatchRun, subject: DispatchSubject) -> None:
    state, wanted = run.state, subject.wanted_ticket
    assert wanted is not None
    members = members_of(state, subject)
    affected = max(map(customers_of, members))
    number = state.tickets_made + 1
    run.journal.set(state, "tickets_made", number)
    ticket = Ticket(
        id=run.new_id("TK"),
        number=number,
        tenant_id=subject.tenant_id,
        desk=state.inputs.desk,
        subject=subject.key,
        alarm_ids=tuple(each.alarm.id for each in members if each.alarm is not None)[:MOST_ALARMS],
        sla_breach_id=subject.breach_id if subject.breaches else "",
        priority=priority_of(members, "medium"),
        team=wanted.team or team_of(subject),
        category=wanted.category or category_of(subject),
        title=title_of(subject),
        description=description_of(subject),
        customer_id=customer_of(subject),
        circuits=circuits_of(members),
        affected_subscribers=affected,
        metadata=metadata_of(subject, affected),
        policy=wanted.policy,
        closes=wanted.closes,
        resolves_alarm=wanted.resolves_alarm,
        tasks=(TicketTask(number=1, kind="create"),),
        next_task=2,
        opened_at=run.at,
    )
    run.put_ticket(ticket)
    run.put_subject(replace(subject, ticket_id=ticket.id))
    state.timers.set(run.journal, "ticket", subject.key, run.now + COMMENT_EVERY)


def _take_terms(run: DispatchRun, key: str) -> None:
    """What one more policy wants of an open ticket. Its team and category stay."""
    subject = run.state.subjects[key]
    ticket, wanted = live_ticket(run.state, subject), subject.wanted_ticket
    if ticket is None or wanted is None:
        return
    if (ticket.closes, ticket.resolves_alarm) != (wanted.closes, wanted.resolves_alarm):
        run.put_ticket(
            replace(ticket, closes=wanted.closes, resolves_alarm=wanted.resolves_alarm, revision=ticket.revision + 1)
        )
    set_priority(run, subject)

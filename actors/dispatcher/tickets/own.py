"""The ticket of a subject's own: opened, opened again, or closed as part of that of its cause."""

from collections.abc import Sequence

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.causes.holding import name_of
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.content import (
    MOST_ALARMS,
    category_of,
    circuits_of,
    customer_of,
    customers_of,
    description_of,
    metadata_of,
    priority_of,
    team_of,
    title_of,
)
from actors.dispatcher.tickets.contested import is_contested
from actors.dispatcher.tickets.family import agreements_of, first_breach, members_of
from actors.dispatcher.tickets.refreshing import COMMENT_EVERY
from actors.dispatcher.tickets.restored import restored_ticket
from actors.dispatcher.tickets.shared import close_ticket, decide_closing_anew, is_closed_with_others
from actors.dispatcher.tickets.tasks import is_live, name_of_ticket, with_task
from protocols.dispatch.ticket import Ticket, TicketTask


def stand_alone(run: DispatchRun, key: str) -> None:
    """See that a cause has an open ticket: its own from before, or a new one."""
    subject = run.state.subjects[key]
    if subject.part_of:
        subject = replace(subject, part_of="")
        run.put_subject(subject)
    ticket = run.state.tickets.get(subject.ticket_id)
    if ticket is None and (ticket := restored_ticket(run, key)) is not None:
        run.put_subject(replace(subject, ticket_id=ticket.id))
    if ticket is None:
        _open(run, subject)
    elif is_live(ticket) and not is_closed_with_others(run.state, ticket):
        decide_closing_anew(run, ticket)
    elif is_contested(run, ticket):
        run.note(subject, f"ticket {name_of_ticket(ticket)} stays closed: its status is changed in the desk again and again")
    else:
        text = f"Open again: {title_of(subject)} ({subject.reason})"
        breach_id = first_breach(subject, agreements_of(run.state, members_of(run.state, subject)))
        metadata = ticket.metadata | {"sla_breach_id": breach_id}
        alarm_ids = ticket.alarm_ids or _alarms_of(members_of(run.state, subject))
        fields = {"closed_at": None, "sla_breach_id": breach_id, "metadata": metadata, "alarm_ids": alarm_ids}
        run.put_ticket(replace(with_task(ticket, "reopen", text), **fields))
        run.state.timers.set(run.journal, "ticket", key, run.now + COMMENT_EVERY)


def _open(run: DispatchRun, subject: DispatchSubject) -> None:
    state, wanted = run.state, subject.wanted_ticket
    assert wanted is not None
    members = members_of(state, subject)
    agreements = agreements_of(state, members)
    affected, breach_id = max(map(customers_of, members)), first_breach(subject, agreements)
    number = state.tickets_made + 1
    run.journal.set(state, "tickets_made", number)
    ticket = Ticket(
        id=run.new_id("TK"),
        number=number,
        tenant_id=subject.tenant_id,
        desk=state.inputs.desk,
        subject=subject.key,
        alarm_ids=_alarms_of(members),
        sla_breach_id=breach_id,
        priority=priority_of(members, "medium", agreements),
        team=wanted.team or team_of(subject),
        category=wanted.category or category_of(subject),
        title=title_of(subject),
        description=description_of(subject),
        customer_id=customer_of(subject),
        circuits=circuits_of(members),
        affected_subscribers=affected,
        metadata=metadata_of(subject, affected, breach_id),
        policy=wanted.policy,
        closes=wanted.closes,
        resolves_alarm=wanted.resolves_alarm,
        tasks=(TicketTask(number=1, kind="create"),),
        next_task=2,
        opened_at=run.at,
    )
    cause = state.subjects.get(subject.cause)
    if cause is not None and cause.ticket_id in state.tickets:
        text = f"Its cause was {name_of(state, cause.key)}, ticket {name_of_ticket(state.tickets[cause.ticket_id])}"
        ticket = with_task(ticket, "link", text, cause.ticket_id)
    run.put_ticket(ticket)
    run.put_subject(replace(subject, ticket_id=ticket.id))
    state.timers.set(run.journal, "ticket", subject.key, run.now + COMMENT_EVERY)


def _alarms_of(members: Sequence[DispatchSubject]) -> tuple[str, ...]:
    return tuple(each.alarm.id for each in members if each.alarm is not None)[:MOST_ALARMS]


def close_as_part(run: DispatchRun, ticket: Ticket, whole: Ticket, child: DispatchSubject, root: DispatchSubject) -> None:
    """The cause of ``child`` is ``root``, which has a ticket: the one of ``child`` goes on as part of it."""
    text = f"Goes on as part of ticket {name_of_ticket(whole)}: the cause is {name_of(run.state, root.key)}"
    run.put_subject(replace(run.state.subjects[child.key], part_of=whole.id))
    # It stands for no alarm any more: what the desk still does of it must not give them its key.
    close_ticket(run, replace(ticket, alarm_ids=()), text, whole.id)
    run.state.timers.set(run.journal, "ticket", child.key, None)

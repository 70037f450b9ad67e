"""Tickets of a ledger that is lost: they wait for the problem to be reported again."""

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.content import MOST_ALARMS
from actors.dispatcher.tickets.family import live_ticket
from actors.dispatcher.tickets.refreshing import refresh
from actors.dispatcher.tickets.tasks import is_live, name_of_ticket, with_task
from protocols.dispatch.ticket import Ticket


def take_restored(run: DispatchRun, ticket: Ticket) -> None:
    """A ticket that PostgreSQL had. That of an alarm of the lost ledger waits with it; a service level agreement has its key
    still."""
    run.put_ticket(ticket)
    subject = run.state.subjects.get(ticket.subject)
    if subject is not None and subject.lost is not None:
        run.put_subject(replace(subject, ticket_id=ticket.id))
    elif ticket.subject.startswith("sla:"):
        run.journal.put(run.state.restored_tickets, ticket.subject, ticket.id)


def restored_ticket(run: DispatchRun, key: str) -> Ticket | None:
    """The open ticket that a subject had in the lost ledger, once."""
    ticket = run.state.tickets.get(run.state.restored_tickets.get(key, ""))
    run.journal.drop(run.state.restored_tickets, key)
    return ticket if is_live(ticket) else None


def go_on_with_ticket(run: DispatchRun, lost: DispatchSubject, key: str) -> None:
    """The problem of a lost alarm was reported again, as the subject ``key``, which takes the ticket."""
    ticket, subject = live_ticket(run.state, lost), run.state.subjects[key]
    if ticket is None or subject.alarm is None or live_ticket(run.state, subject) is not None:
        return
    text = f"Goes on as alarm {subject.alarm.alarm_id}: faultd lost its ledger, and the same problem was reported again"
    alarm_ids = (subject.alarm.id, *ticket.alarm_ids)[:MOST_ALARMS]
    run.put_ticket(replace(with_task(ticket, "link", text), subject=key, alarm_ids=alarm_ids))
    run.put_subject(replace(subject, ticket_id=ticket.id))
    run.note(subject, f"ticket {name_of_ticket(ticket)} of the lost ledger is its ticket", policy=ticket.policy)
    refresh(run, key)


def leave_to_people(run: DispatchRun, lost: DispatchSubject, ticket: Ticket) -> None:
    """Nothing has reported the problem of a lost alarm: whether the ticket is done is for a person to say."""
    text = f"Not known to faultd any more: {lost.reason}. A person is to close this ticket"
    run.put_ticket(with_task(ticket, "comment", text))
    run.note(lost, f"ticket {name_of_ticket(ticket)} stays open until a person closes it: {lost.reason}", policy=ticket.policy)

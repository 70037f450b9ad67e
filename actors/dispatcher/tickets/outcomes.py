"""Outcomes of tickets: what the desk did of what was wanted, and what people did in it."""

from typing import Any, Final

from msgspec.structs import replace

from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.following import forget_ticket
from actors.dispatcher.tickets.resolving import resolve_alarms
from actors.dispatcher.tickets.tasks import name_of_ticket
from protocols.dispatch.outcomes import TicketChanged, TicketFailed, TicketOpened
from protocols.dispatch.ticket import Ticket, TicketState

MOST_REMOTE: Final = 200
"""Changes of one ticket by persons that are remembered, so that none counts twice."""


def fold_ticket_opened(run: DispatchRun, event: TicketOpened) -> None:
    """The desk has the ticket. The same answer again changes nothing."""
    ticket = run.state.tickets.get(event.ticket_id)
    if ticket is None or (ticket.key == event.key and not _waits(ticket, event.task)):
        return
    _put(run, ticket, event.task, desk=event.desk, key=event.key, url=event.url or ticket.url, **_state(run, ticket, "open"))


def fold_ticket_changed(run: DispatchRun, event: TicketChanged) -> None:
    """A task is done, or a person changed the ticket in the desk."""
    ticket = run.state.tickets.get(event.ticket_id)
    if ticket is None:
        return
    fields: dict[str, Any] = {"key": event.key or ticket.key, "url": event.url or ticket.url}
    if event.task is not None:
        task = next((each for each in ticket.tasks if each.number == event.task), None)
        if task is None:
            return
        done: TicketState | None = {"close": "closed", "reopen": "open"}.get(task.kind)  # type: ignore[assignment]
        state = event.state or done
        _put(run, ticket, event.task, **fields, **({} if state is None else _state(run, ticket, state)))
        return
    if event.remote_id:
        seen = run.state.remote_changes.get(ticket.id, ())
        if event.remote_id in seen:
            return
        run.journal.put(run.state.remote_changes, ticket.id, (*seen, event.remote_id)[-MOST_REMOTE:])
    if event.state is not None:
        fields |= _state(run, ticket, event.state)
    if any(getattr(ticket, name) != value for name, value in fields.items()):
        _put(run, ticket, None, **fields)
    if event.state == "closed" and ticket.state != "closed":
        resolve_alarms(run, ticket, event.author or "the desk")
        _note(run, ticket, f"{event.author or 'somebody'} closed ticket {name_of_ticket(ticket)}")


def fold_ticket_failed(run: DispatchRun, event: TicketFailed) -> None:
    """An attempt at a task failed. The task waits, or is given up."""
    ticket = run.state.tickets.get(event.ticket_id)
    if ticket is None or not _waits(ticket, event.task):
        return
    tasks = tuple(
        replace(each, attempts=max(each.attempts, event.attempts), error=event.error[:500], dead=event.dead)
        if each.number == event.task
        else each
        for each in ticket.tasks
    )
    run.put_ticket(replace(ticket, tasks=tasks, revision=ticket.revision + 1))
    if event.dead:
        _note(run, ticket, f"ticket {name_of_ticket(ticket)}: task {event.task} was given up: {event.error[:500]}")


def _waits(ticket: Ticket, number: int) -> bool:
    return any(each.number == number for each in ticket.tasks)


def _state(run: DispatchRun, ticket: Ticket, state: TicketState) -> dict[str, Any]:
    """The fields of a ticket whose state the desk tells."""
    if state == "open" and ticket.state == "merged":
        return {}
    if state == "closed":
        return {"state": state, "closed_at": ticket.closed_at or run.at}
    return {"state": state, "closed_at": None}


def _put(run: DispatchRun, ticket: Ticket, done: int | None, **fields: Any) -> None:
    """Put the ticket without the task ``done``."""
    tasks = tuple(each for each in ticket.tasks if each.number != done)
    run.put_ticket(replace(ticket, tasks=tasks, revision=ticket.revision + 1, **fields))
    forget_ticket(run, ticket.id)


def _note(run: DispatchRun, ticket: Ticket, text: str) -> None:
    subject = run.state.subjects.get(ticket.subject)
    if subject is not None:
        run.note(subject, text, policy=ticket.policy)

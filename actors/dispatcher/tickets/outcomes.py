"""Outcomes of tickets: what the desk did of what was wanted, and what people did in it."""

from typing import Any, Final

from msgspec.structs import replace

from actors.dispatcher.causes.holding import name_of
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.contested import count_round, is_contested
from actors.dispatcher.tickets.following import forget_ticket
from actors.dispatcher.tickets.resolving import resolve_alarms
from actors.dispatcher.tickets.shared import (
    closed_too_early,
    decide_closing_anew,
    is_merged,
    note_opened,
    open_for_others,
    take_key,
)
from actors.dispatcher.tickets.tasks import name_of_ticket, with_task
from protocols.dispatch.outcomes import TicketChanged, TicketFailed, TicketOpened
from protocols.dispatch.ticket import Ticket, TicketState

MOST_REMOTE: Final = 200
"""Changes of one ticket by persons that are remembered, so that none counts twice."""


def fold_ticket_opened(run: DispatchRun, event: TicketOpened) -> None:
    """The desk has the ticket. The same answer again changes nothing."""
    ticket = run.state.tickets.get(event.ticket_id)
    if ticket is None or (ticket.key == event.key and not _waits(ticket, event.task)):
        return
    # A ticket that was made now is no other one.
    moved = take_key(run, ticket, event.key) if event.found or ticket.key else replace(ticket, key=event.key)
    _put(run, moved, event.task, desk=event.desk, url=event.url or ticket.url, **_state(run, moved, "open"))
    if is_merged(run.state, moved):
        decide_closing_anew(run, moved)


def fold_ticket_changed(run: DispatchRun, event: TicketChanged) -> None:
    """A task is done, or a person changed the ticket in the desk."""
    ticket = run.state.tickets.get(event.ticket_id)
    if ticket is None:
        return
    if event.task is not None:
        _done(run, ticket, event, event.task)
        return
    if event.remote_id:
        seen = run.state.remote_changes.get(ticket.id, ())
        if event.remote_id in seen:
            return
        run.journal.put(run.state.remote_changes, ticket.id, (*seen, event.remote_id)[-MOST_REMOTE:])
    _changed_by_people(run, ticket, event)


def _done(run: DispatchRun, ticket: Ticket, event: TicketChanged, number: int) -> None:
    task = next((each for each in ticket.tasks if each.number == number), None)
    if task is None:
        return
    moved = take_key(run, ticket, event.key or ticket.key)
    done: TicketState | None = {"close": "closed", "reopen": "open"}.get(task.kind)  # type: ignore[assignment]
    state = event.state or done or ("merged" if moved is not ticket else None)
    fields = {} if state is None else _state(run, moved, state)
    if done == "open":
        fields["closed_at"] = None
    _put(run, moved, number, url=event.url or ticket.url, **fields)
    if done == "open" and is_merged(run.state, moved):
        note_opened(run, moved)
    subject = run.state.subjects.get(ticket.subject)
    over = subject is None or subject.state == "ended"
    if state == "closed" and (over or moved is not ticket):
        open_for_others(run, moved)
    if moved is not ticket:
        decide_closing_anew(run, moved)


def _changed_by_people(run: DispatchRun, ticket: Ticket, event: TicketChanged) -> None:
    moved = take_key(run, ticket, event.key or ticket.key)
    merged = moved is not ticket
    fields: dict[str, Any] = {"url": event.url or ticket.url}
    state = event.state or ("merged" if merged and ticket.state != "closed" else None)
    if state is not None:
        fields |= _state(run, moved, state)
    if merged or any(getattr(ticket, name) != value for name, value in fields.items()):
        _put(run, moved, None, **fields)
    if not merged and event.state is not None and (ticket.state == "closed") != (event.state == "closed"):
        count_round(run, ticket)
    if merged:
        decide_closing_anew(run, moved)
    if event.state != "closed":
        return
    if ticket.state == "closed":
        return
    if merged and closed_too_early(run, moved, ticket):
        again = with_task(run.state.tickets[ticket.id], "reopen", f"Open again: {name_of(run.state, ticket.subject)} lasts")
        run.put_ticket(replace(again, closed_at=None))
        return
    closed = f"{event.author or 'somebody'} closed ticket {name_of_ticket(ticket)}"
    if is_contested(run, ticket):
        closed += "; its status is changed again and again, so this resolves no alarm"
    else:
        resolve_alarms(run, ticket, event.author or "the desk")
    _note(run, ticket, closed)


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
    if state == "closed":
        return {"state": state, "closed_at": ticket.closed_at or run.at}
    if not is_merged(run.state, ticket):
        return {"state": "open", "closed_at": None}
    # A merged ticket whose cause has ended is over, and the desk's ticket stays open.
    return {"state": "merged", "closed_at": ticket.closed_at if ticket.state == "merged" else None}


def _put(run: DispatchRun, ticket: Ticket, done: int | None, **fields: Any) -> None:
    """Put the ticket without the task ``done``."""
    tasks = tuple(each for each in ticket.tasks if each.number != done)
    run.put_ticket(replace(ticket, tasks=tasks, revision=ticket.revision + 1, **fields))
    forget_ticket(run, ticket.id)


def _note(run: DispatchRun, ticket: Ticket, text: str) -> None:
    subject = run.state.subjects.get(ticket.subject)
    if subject is not None:
        run.note(subject, text, policy=ticket.policy)

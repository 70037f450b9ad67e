"""Outcomes of tasks and of changes in the desk, as Events."""

from collections.abc import Iterator
from typing import Final

from actors.ticketer.desk import DeskTicket
from actors.ticketer.own_comment import is_own
from protocols.dispatch.outcomes import TicketChanged, TicketFailed, TicketOpened
from protocols.dispatch.ticket import Ticket, TicketState, TicketTask

TicketOutcome = TicketOpened | TicketChanged | TicketFailed
MOST_COMMENT: Final = 4_000
"""Characters of a comment of a person."""
_STATES: dict[str, TicketState] = {"close": "closed", "reopen": "open"}


def opened(ticket: Ticket, task: TicketTask, desk_ticket: DeskTicket, *, found: bool) -> TicketOpened:
    """The desk has the ticket; ``found``: it had it before this attempt."""
    return TicketOpened(
        ticket_id=ticket.id,
        tenant_id=ticket.tenant_id,
        alarm_ids=ticket.alarm_ids,
        desk=ticket.desk,
        key=desk_ticket.key,
        url=desk_ticket.url,
        found=found,
        task=task.number,
        subject=ticket.subject,
    )


def changed(ticket: Ticket, task: TicketTask, key: str = "") -> TicketChanged:
    """The desk did the task. ``key``: that of the ticket now, if the desk was asked."""
    return TicketChanged(
        ticket_id=ticket.id,
        tenant_id=ticket.tenant_id,
        alarm_ids=ticket.alarm_ids,
        task=task.number,
        key=key or ticket.key,
        url=ticket.url,
        state=_STATES.get(task.kind),
        comment=task.text,
        subject=ticket.subject,
    )


def failed(ticket: Ticket, task: TicketTask, error: str, attempts: int, *, dead: bool) -> TicketFailed:
    """The attempt number ``attempts`` failed."""
    return TicketFailed(
        ticket_id=ticket.id,
        tenant_id=ticket.tenant_id,
        alarm_ids=ticket.alarm_ids,
        task=task.number,
        error=error,
        attempts=attempts,
        dead=dead,
    )


def changed_by_people(
    ticket: Ticket, remote: DeskTicket, remote_id: str, *, state: TicketState | None = None, comment: str = "", author: str = ""
) -> TicketChanged:
    """Somebody changed the ticket in the desk. ``remote_id``: the desk's id of the change."""
    return TicketChanged(
        ticket_id=ticket.id,
        tenant_id=ticket.tenant_id,
        alarm_ids=ticket.alarm_ids,
        key=remote.key,
        url=remote.url or ticket.url,
        state=state,
        comment=comment,
        author=author,
        remote_id=remote_id,
        subject=ticket.subject,
    )


def brought_back(ticket: Ticket, remote: DeskTicket, *, status: bool) -> Iterator[TicketChanged]:
    """The changes of people by which ``remote`` differs from the ticket. ``status``: its status and its key count too."""
    for note in remote.notes:
        if note.text.strip() and not is_own(note.text):
            yield changed_by_people(
                ticket, remote, f"note:{note.id}", comment=note.text[:MOST_COMMENT].strip(), author=note.author
            )
    moved = remote.key != ticket.key
    differs = remote.state != ticket.state and not (remote.state == "open" and ticket.state == "merged")
    if status and (moved or differs):
        state = "merged" if moved and remote.state == "open" else remote.state
        remote_id = f"state:{remote.key}:{remote.state}:{remote.changed}:{ticket.revision}"
        yield changed_by_people(ticket, remote, remote_id, state=state, author=remote.author)

"""Tasks of a ticket: what the desk has still to be told, and whether the ticket is open after that. Pure."""

from typing import Final

from msgspec.structs import replace

from protocols.dispatch.ticket import TaskKind, Ticket, TicketTask

MOST_TEXT: Final = 4_000
"""Characters of a comment."""


def is_live(ticket: Ticket | None) -> bool:
    """True for a ticket that is open, or will be when its tasks are done."""
    if ticket is None:
        return False
    for task in reversed(ticket.tasks):
        if task.kind in ("close", "reopen"):
            return task.kind == "reopen"
    return ticket.state in ("wanted", "open") or (ticket.state == "merged" and ticket.closed_at is None)


def with_task(ticket: Ticket, kind: TaskKind, text: str, related: str = "") -> Ticket:
    """The ticket with one more task. Changes of the circuits that wait behind others become one task. ``related``: id of the
    ticket to which the desk is to link it."""
    last = ticket.tasks[-1] if len(ticket.tasks) > 1 else None
    if last is not None and kind == last.kind == "circuits" and not any(each.dead for each in ticket.tasks):
        joined = replace(last, text=_short(f"{last.text}\n{text}"))
        return replace(ticket, tasks=(*ticket.tasks[:-1], joined), revision=ticket.revision + 1)
    task = TicketTask(number=ticket.next_task, kind=kind, text=_short(text), related=related)
    return replace(ticket, tasks=(*ticket.tasks, task), next_task=ticket.next_task + 1, revision=ticket.revision + 1)


def name_of_ticket(ticket: Ticket) -> str:
    """Its key in the desk, or its id until the desk has answered."""
    return ticket.key or ticket.id


def _short(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"

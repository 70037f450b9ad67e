"""Tickets in a World: a desk that does the tasks, and persons who change tickets in it."""

from typing import Any

from protocols.dispatch.changes import TicketUpdated
from protocols.dispatch.outcomes import TicketChanged, TicketFailed, TicketOpened
from protocols.dispatch.ticket import Ticket, TicketTask
from protocols.event import Event
from vocabulary.dispatch_world import DispatchWorld

TICKET: dict[str, Any] = {"ticket": {}}
"""An action that wants a ticket."""


def outcome_of(ticket: Ticket, task: TicketTask) -> Event:
    """The desk has done the task."""
    common: dict[str, Any] = {
        "ticket_id": ticket.id,
        "tenant_id": ticket.tenant_id,
        "alarm_ids": ticket.alarm_ids,
        "task": task.number,
        "key": ticket.key or f"D{ticket.number}",
        "subject": ticket.subject,
    }
    if task.kind == "create":
        return TicketOpened(**common, desk=ticket.desk, url=f"https://desk.example/{ticket.number}")
    states = {"close": "closed", "reopen": "open"}
    return TicketChanged(**common, url=ticket.url, state=states.get(task.kind))  # type: ignore[arg-type]


class TicketWorld(DispatchWorld):
    """A World whose desk answers when :meth:`desk` is called."""

    @property
    def tickets(self) -> list[Ticket]:
        """Every ticket as it is now, or was when it was forgotten."""
        found: dict[str, Ticket] = {}
        for change in self.history:
            if isinstance(change, TicketUpdated):
                found[change.ticket.id] = change.ticket
        return list(found.values())

    @property
    def ticket(self) -> Ticket:
        """The only one."""
        (found,) = self.tickets
        return found

    def desk(self) -> list[tuple[str, str, str]]:
        """The desk does everything that waits: key, kind and text of each task."""
        done: list[tuple[str, str, str]] = []
        while waiting := [each for each in self.tickets if each.tasks]:
            ticket = waiting[0]
            task = ticket.tasks[0]
            self(outcome_of(ticket, task))
            done.append((f"D{ticket.number}", task.kind, task.text))
        return done

    def refuses(self, ticket: Ticket, *, dead: bool = False, attempts: int = 1) -> None:
        """The desk does not take the first task."""
        self(
            TicketFailed(
                ticket_id=ticket.id,
                tenant_id=ticket.tenant_id,
                alarm_ids=ticket.alarm_ids,
                task=ticket.tasks[0].number,
                error="503 Service Unavailable",
                attempts=attempts,
                dead=dead,
            )
        )

    def person(self, ticket: Ticket, **fields: Any) -> None:
        """Somebody changes the ticket in the desk."""
        fields = {"key": ticket.key, "author": "bob", "remote_id": f"r{self.offset}", "subject": ticket.subject} | fields
        self(TicketChanged(ticket_id=ticket.id, tenant_id=ticket.tenant_id, alarm_ids=ticket.alarm_ids, **fields))

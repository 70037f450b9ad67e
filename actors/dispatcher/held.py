"""The state of the stage as Changes: those that would have given PostgreSQL its rows."""

from collections.abc import Iterator

from actors.dispatcher.state import DispatchState
from protocols.dispatch.changes import (
    ContactChanged,
    DispatchChange,
    NotificationChanged,
    NotificationPolicyChanged,
    RotaChanged,
    TicketUpdated,
)


def held_changes(state: DispatchState) -> Iterator[DispatchChange]:
    """Everything that the stage holds and PostgreSQL has rows of, with offset 0. Begin it between two Events. The fold may go
    on between two of them; what changes meanwhile has a Change of its own."""
    for contact in list(state.contacts.values()):
        yield ContactChanged(0, contact.id, contact)
    for rota in list(state.rotas.values()):
        yield RotaChanged(0, rota.id, rota)
    for policy in list(state.policies.values()):
        yield NotificationPolicyChanged(0, policy.id, policy)
    for ticket_id in list(state.tickets):
        if (ticket := state.tickets.get(ticket_id)) is not None:
            yield TicketUpdated(0, ticket)
    for notification_id in list(state.notifications):
        if (notification := state.notifications.get(notification_id)) is not None:
            yield NotificationChanged(0, notification)

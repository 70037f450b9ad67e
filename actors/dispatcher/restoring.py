"""The tables of a lost ledger, as PostgreSQL had them."""

from actors.dispatcher.run import DispatchRun
from protocols.dispatch.changes import (
    ContactChanged,
    NotificationChanged,
    NotificationPolicyChanged,
    RotaChanged,
    TicketUpdated,
)
from protocols.event import DispatchDataRestored


def fold_restored(run: DispatchRun, event: DispatchDataRestored) -> None:
    """Put every record in its table."""
    state, journal = run.state, run.journal
    for change in event.records:
        match change:
            case NotificationPolicyChanged(id=name, record=policy) if policy is not None:
                journal.put(state.policies, name, policy)
            case ContactChanged(id=name, record=contact) if contact is not None:
                journal.put(state.contacts, name, contact)
            case RotaChanged(id=name, record=rota) if rota is not None:
                journal.put(state.rotas, name, rota)
            case TicketUpdated(ticket=ticket):
                journal.put(state.tickets, ticket.id, ticket)
                journal.set(state, "tickets_made", max(state.tickets_made, ticket.number))
            case NotificationChanged(notification=notification):
                journal.put(state.notifications, notification.id, notification)
            case _:
                pass

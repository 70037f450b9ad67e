"""The tables of a lost ledger, as PostgreSQL had them."""

from actors.dispatcher.causes.lost import take_lost, take_told
from actors.dispatcher.messages.outcomes import KEPT
from actors.dispatcher.people.gaps import look_at_all
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.restored import take_restored
from actors.dispatcher.tickets.shared import share
from protocols.dispatch.changes import (
    ContactChanged,
    NotificationChanged,
    NotificationPolicyChanged,
    RotaChanged,
    TicketUpdated,
)
from protocols.event import DispatchDataRestored


def fold_restored(run: DispatchRun, event: DispatchDataRestored) -> None:
    """Put every record in its table, and tell of it: PostgreSQL has the same rows already."""
    state, journal = run.state, run.journal
    for lost in event.lost:
        take_lost(run, lost)
    for change in event.records:
        match change:
            case NotificationPolicyChanged(id=name, record=policy) if policy is not None:
                run.put_policy(name, policy)
                run.keep_key("policy", policy.key, name)
            case ContactChanged(id=name, record=contact) if contact is not None:
                run.put_contact(name, contact)
                run.keep_key("contact", contact.key, name)
            case RotaChanged(id=name, record=rota) if rota is not None:
                run.put_rota(name, rota)
                run.keep_key("rota", rota.key, name)
            case TicketUpdated(ticket=ticket):
                take_restored(run, ticket)
                journal.set(state, "tickets_made", max(state.tickets_made, ticket.number))
            case NotificationChanged(notification=notification):
                run.put_notification(notification)
                if not notification.waits:
                    state.timers.set(journal, "message", notification.id, run.now + KEPT)
                take_told(run, notification)
            case _:
                pass
    for ticket in [each for each in state.tickets.values() if each.state == "merged"]:
        journal.put(state.merged_tickets, ticket.id, "")
        share(run, ticket)
    look_at_all(run)

"""Far ends and desks of a side that was never real: what becomes of its notifications and tickets.

A notification that the real side made as well fares as it did in reality. Any other one is taken as delivered at once, and
every task of a ticket as done at once, since nothing is known of them. What people did to a ticket is done to the ticket of the
same cause.
"""

from collections.abc import Hashable, Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from actors.dispatcher.tally import made_at
from faultd.backtest.side import Side
from protocols.change import Answer, Change
from protocols.command import Command
from protocols.dispatch.actions import ChangeTicket, DispatchAction, ResendNotification
from protocols.dispatch.changes import NotificationChanged, TicketUpdated
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.outcomes import DispatchOutcome, MessageFailed, MessageSent, TicketChanged, TicketFailed, TicketOpened
from protocols.dispatch.ticket import Ticket, TicketTask
from protocols.event import Event


class FarEnds:
    """The far ends of ``side``, beside the Events that ``real`` folds."""

    def __init__(self, real: Side, side: Side) -> None:
        self._real, self.side = real, side
        self._same = {name: name for name in real.stages.dispatch.notifications}
        """By the id of a notification of the real side: that of the same notification here."""
        self.assumed = 0
        """Notifications that were taken as delivered at once."""

    def given(self, event: Event, real_changes: Sequence[Change]) -> Event | None:
        """The Event as it concerns this side; None when it does not."""
        match event:
            case MessageSent() | MessageFailed():
                own = self._same.get(event.notification_id)
                if own is None:
                    return None
                if isinstance(event, MessageSent):
                    del self._same[event.notification_id]
                return replace(event, notification_id=own, alarm_ids=self._alarms(event.alarm_ids))
            case TicketOpened() | TicketFailed():
                return None
            case TicketChanged():
                ticket = None if event.task is not None else self._ticket(event.ticket_id)
                if ticket is None:
                    return None
                key = event.key if event.state == "merged" else ticket.key
                return replace(
                    event, ticket_id=ticket.id, key=key, alarm_ids=self._alarms(event.alarm_ids), subject=ticket.subject
                )
            case Command(action=action) if isinstance(action, DispatchAction):
                refused = any(isinstance(each, Answer) and each.refusals for each in real_changes)
                done = None if refused else self._done(action)
                return None if done is None else replace(event, action=done, expected={})
            case _:
                return event

    def settle(self, offset: int, at: datetime, real_changes: Sequence[Change], changes: Sequence[Change]) -> None:
        """After an Event: pair the notifications that both sides made of it, and deliver the others."""
        made: dict[Hashable, list[str]] = {}
        for found in _made(real_changes):
            made.setdefault(_identity(self._real, found), []).append(found.id)
        for found in _made(changes):
            paired = made.get(_identity(self.side, found))
            if paired:
                self._same[paired.pop(0)] = found.id
            else:
                self.assumed += 1
                self._fold(offset, at, _sent(found))
        for ticket_id in dict.fromkeys(each.ticket.id for each in changes if isinstance(each, TicketUpdated)):
            self.do_tasks(offset, at, ticket_id)

    def do_tasks(self, offset: int, at: datetime, ticket_id: str) -> None:
        """Do every task of a ticket."""
        while (ticket := self.side.stages.dispatch.tickets.get(ticket_id)) is not None and ticket.tasks:
            self._fold(offset, at, _done(ticket, ticket.tasks[0]))

    def _fold(self, offset: int, at: datetime, outcome: DispatchOutcome) -> None:
        self.side.feed(offset, at, outcome)

    def _done(self, action: DispatchAction) -> DispatchAction | None:
        """A command of the real side as one of this side."""
        match action:
            case ResendNotification():
                own = self._same.get(action.notification_id)
                return None if own is None else replace(action, notification_id=own, past=None)
            case ChangeTicket():
                ticket = self._ticket(action.ticket_id)
                return None if ticket is None else replace(action, ticket_id=ticket.id, retry=False)
            case _:
                return action

    def _ticket(self, real_id: str) -> Ticket | None:
        """The newest ticket here of the cause that a ticket of the real side has."""
        real = self._real.stages.dispatch.tickets.get(real_id)
        if real is None:
            return None
        subject = self.side.own_subject(real.subject, self._real)
        found = [each for each in self.side.stages.dispatch.tickets.values() if each.subject == subject]
        return found[-1] if found else None

    def _alarms(self, names: tuple[str, ...]) -> tuple[str, ...]:
        keys = ((name, self._real.key(name)) for name in names)
        return tuple((self.side.alarm_id(key) if key is not None else None) or name for name, key in keys)


def _made(changes: Sequence[Change]) -> Iterator[DispatchedNotification]:
    for change in changes:
        if isinstance(change, NotificationChanged):
            found = change.notification
            if found.revision == 1 and made_at(found.id, "N", change.offset):
                yield found


def _identity(side: Side, found: DispatchedNotification) -> Hashable:
    return found.channel, found.address, found.kind, found.step, side.dispatch.shared(found.subject)


def _sent(found: DispatchedNotification) -> MessageSent:
    return MessageSent(
        notification_id=found.id,
        tenant_id=found.tenant_id,
        alarm_ids=found.alarm_ids,
        channel=found.channel,
        to=found.to_name or found.address,
        kind=found.kind,
        policy=found.policy,
        answer="taken as delivered by the back-test",
    )


def _done(ticket: Ticket, task: TicketTask) -> TicketOpened | TicketChanged:
    if task.kind == "create":
        return TicketOpened(
            ticket_id=ticket.id,
            tenant_id=ticket.tenant_id,
            alarm_ids=ticket.alarm_ids,
            desk=ticket.desk,
            key=f"T{ticket.number}",
            task=task.number,
            subject=ticket.subject,
        )
    return TicketChanged(
        ticket_id=ticket.id,
        tenant_id=ticket.tenant_id,
        alarm_ids=ticket.alarm_ids,
        task=task.number,
        key=ticket.key,
        subject=ticket.subject,
    )

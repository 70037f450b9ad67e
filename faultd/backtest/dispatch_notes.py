"""Notes about the dispatcher of one side: every message and every ticket that it decides."""

from collections.abc import Callable, Collection, Hashable
from datetime import datetime
from typing import Final, NamedTuple

from msgspec import Struct

from actors.dispatcher.messages.sending import MACHINES
from actors.dispatcher.state import DispatchState
from actors.dispatcher.tally import made_at
from faultd.backtest.night import at_night, wakes
from protocols.backtest_dispatch import BacktestTicket, MessageFigures, TicketFigures
from protocols.change import Change
from protocols.dispatch.changes import NotificationChanged, NotificationPolicyChanged, TicketUpdated
from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import DispatchedNotification, MessageKind
from protocols.dispatch.ticket import Ticket
from protocols.recurrence.occurrences import zone_of
from protocols.sla.local_time import instant_at

NO_PAGES: Final[frozenset[MessageKind]] = frozenset(("recovered", "steady", "breach_resolved", "credit", "maintenance"))
"""Kinds that ask nobody to act."""


class MadeMessage(NamedTuple):
    """A message as it was decided."""

    at: datetime
    to: str
    name: str
    address: str
    channel: Channel
    kind: MessageKind
    step: int
    policy: str
    subject: str
    alarm_id: str
    title: str
    why: str
    reason: str
    others: int
    night: bool
    woke: bool


class CauseNotes(Struct):
    """The messages and the ticket of one cause on one side."""

    subject: str
    """The key of its subject on this side."""
    alarm_id: str = ""
    title: str = ""
    told: bool = False
    """Somebody got a page about it."""
    messages: list[MadeMessage] = []
    tickets: dict[str, BacktestTicket] = {}
    """By id, in the order in which they were opened."""


class DispatchNotes:
    """Counts of one side, and the causes that are still to be compared."""

    def __init__(
        self, state: Callable[[], DispatchState], name: Callable[[str], Hashable], waking: Collection[Channel]
    ) -> None:
        """``name`` gives the key of a subject a name that both sides share; pages by a channel of ``waking`` wake."""
        self.state, self._name, self._waking = state, name, waking
        self._known: dict[str, Hashable] = {}
        """The shared names of the subjects in ``causes``: an alarm that is forgotten has none any more."""
        self.causes: dict[Hashable, CauseNotes] = {}
        self.people: dict[str, MessageFigures] = {}
        self.names: dict[str, str] = {}
        """Names of the people, by the contact's id or the address."""
        self.channels: dict[Channel, MessageFigures] = {}
        self.tickets = TicketFigures()
        self.policies_changed = False
        self._loaded_at = 0 if state().policies else None
        """The offset of the Event that wrote policies last; None: there are none yet."""
        self._woken: dict[str, int] = {}
        self._owners: dict[str, Hashable] = {}
        """The causes of tickets, by id of the ticket."""

    def take(self, change: Change) -> None:
        """Take notes of a Change of the dispatcher."""
        match change:
            case NotificationChanged(offset=offset, notification=found):
                # The outcome of a message that is taken as delivered at once has the same offset, and another revision.
                if made_at(found.id, "N", offset) and found.revision == 1 and found.kind != "test":
                    self._take_message(found)
            case TicketUpdated(offset=offset, ticket=ticket):
                if ticket.id in self._owners or made_at(ticket.id, "TK", offset):
                    self._take_ticket(ticket)
            case NotificationPolicyChanged(offset=offset):
                self.policies_changed = self.policies_changed or self._loaded_at not in (None, offset)
                self._loaded_at = offset
            case _:
                pass

    def finish(self, cause: Hashable) -> CauseNotes | None:
        """The notes of a cause, which are not kept any longer."""
        notes = self.causes.pop(cause, None)
        if notes is not None:
            self._known.pop(notes.subject, None)
        for name, ticket in notes.tickets.items() if notes is not None else ():
            del self._owners[name]
            _count(self.tickets.by_priority, ticket.priority)
            _count(self.tickets.by_team, ticket.team)
        return notes

    def holds(self, notes: CauseNotes) -> bool:
        """True while the stage may still decide something about the cause."""
        return notes.subject in self.state().subjects or notes.subject.startswith("storm:")

    def shared(self, subject: str) -> Hashable:
        """The name of a subject that both sides share."""
        return self._known.get(subject) or self._name(subject)

    def _cause(self, subject: str) -> CauseNotes:
        name = self._known[subject] = self.shared(subject)
        notes = self.causes.get(name)
        if notes is None:
            notes = self.causes[name] = CauseNotes(subject)
            known = self.state().subjects.get(subject)
            if known is not None:
                alarm = known.alarm
                notes.alarm_id = "" if alarm is None else alarm.alarm_id
                notes.title = known.title or ("" if alarm is None else alarm.title)
        return notes

    def _take_message(self, found: DispatchedNotification) -> None:
        person, at = found.channel not in MACHINES, instant_at(found.created_at)
        page = person and found.kind not in NO_PAGES
        night = page and self._at_night(found, at)
        woke = night and found.channel in self._waking and wakes(at, self._woken.get(found.to))
        if woke:
            self._woken[found.to] = at
        counted = [self.channels.setdefault(found.channel, MessageFigures())]
        if person:
            counted.append(self.people.setdefault(found.to, MessageFigures()))
            self.names[found.to] = found.to_name or found.address
        for figures in counted:
            figures.messages += 1
            figures.pages += page
            figures.night += night
            figures.woken += woke
            if page and found.step:
                figures.steps[found.step] = figures.steps.get(found.step, 0) + 1
        facts = found.facts
        first = facts["causes"][0]
        made = MadeMessage(
            at=found.created_at,
            to=found.to,
            name=found.to_name or found.address,
            address=found.address,
            channel=found.channel,
            kind=found.kind,
            step=found.step,
            policy=facts["policy"],
            subject=found.subject,
            alarm_id=first.get("alarm_id", ""),
            title=first["title"],
            why=first.get("why", ""),
            reason=found.reason,
            others=facts["count"] - 1,
            night=night,
            woke=woke,
        )
        self._cause(found.subject).messages.append(made)
        if page:
            for subject in facts["subjects"]:
                self._cause(subject).told = True

    def _at_night(self, found: DispatchedNotification, at: int) -> bool:
        """By the clock of the contact; of an address that is no contact's by that of the policy."""
        state = self.state()
        contact = state.contacts.get(found.to)
        if contact is not None:
            return at_night(at, zone_of(contact.plan.time_zone), contact.plan.quiet_hours)
        policy = state.policies.get(found.policy)
        return at_night(at, zone_of((None if policy is None else policy.policy.time_zone) or "UTC"), None)

    def _take_ticket(self, ticket: Ticket) -> None:
        cause = self._owners.get(ticket.id)
        if cause is None:
            cause = self._owners[ticket.id] = self.shared(ticket.subject)
            notes = self._cause(ticket.subject)
            notes.title = notes.title or ticket.title
            policy = self.state().policies.get(ticket.policy)
            notes.tickets[ticket.id] = BacktestTicket(
                at=ticket.opened_at,
                priority=ticket.priority,
                team=ticket.team,
                category=ticket.category,
                policy=ticket.policy if policy is None else policy.policy.name,
            )
            self.tickets.opened += 1
        if (now := self.shared(ticket.subject)) != cause:
            # It became the ticket of the cause that explains its own one.
            self._cause(ticket.subject).tickets[ticket.id] = self.causes[cause].tickets.pop(ticket.id)
            cause = self._owners[ticket.id] = now
        known = self.causes[cause].tickets[ticket.id]
        known.priority, known.team, known.category = ticket.priority, ticket.team, ticket.category
        known.causes = max(known.causes, len(ticket.alarm_ids))


def _count(counts: dict[str, int], word: str) -> None:
    counts[word] = counts.get(word, 0) + 1

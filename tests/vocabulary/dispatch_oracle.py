"""The invariants of dispatch, judged by Events and Changes alone. Shared by property tests and the simulation.

1. Whoever was told of a raise is told of the end.
2. One open ticket per cause, and none without a cause.
3. One page per person, cause and step; none for a cause that another one explains. A page that has not arrived is followed by
   one by the person's next method.
4. Nothing is said before the correlator requests it, and the first message comes with the Event of the request.
"""

from collections.abc import Callable, Sequence
from typing import Any

from protocols.alarm import Alarm
from protocols.change import AlarmChanged, Change, NotificationRequested, Quarantined
from protocols.dispatch.changes import ContactChanged, NotificationChanged, TicketUpdated
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.ticket import Ticket

HERALD = "erp"
"""The address of a webhook that some policy tells of everything, without ``group_wait``."""


class DispatchHistory:
    """``violate`` is told the first thing that is wrong. ``herald``: a policy tells :data:`HERALD` of everything."""

    def __init__(self, violate: Callable[[str], None]) -> None:
        self._violate = violate
        self.alarms: dict[str, Alarm] = {}
        self.notifications: dict[str, DispatchedNotification] = {}
        self.tickets: dict[str, Ticket] = {}
        self._addresses: dict[str, set[str]] = {}
        """By contact: the addresses that it has, or had."""
        self._of_people: set[str] = set()
        """Tickets that a person opened again, until faultd closes or opens them next."""
        self._requested: set[str] = set()
        """Alarms of which somebody may be told: requested, and not ended since."""
        self._paged: dict[tuple[str, str], str] = {}
        """By address and alarm: the page of the present opening."""
        self._knows: dict[tuple[str, str, str], str] = {}
        """By person, address and alarm: the notification that told the raise, until one that tells the end. Two persons may
        share an address, and one may have several."""

    def follow(self, changes: Sequence[Change], *, herald: bool = False) -> None:
        """The Changes of one Event."""
        if any(isinstance(each, Quarantined) and each.stage == "dispatcher" for each in changes):
            return
        for change in changes:
            if isinstance(change, AlarmChanged):
                self.alarms[change.alarm.id] = change.alarm
            elif isinstance(change, ContactChanged) and change.record is not None:
                self._addresses.setdefault(change.id, set()).update(each.address for each in change.record.plan.methods)
        opened: list[NotificationRequested] = []
        ended: list[str] = []
        for change in changes:
            if isinstance(change, NotificationRequested):
                if change.kind == "recovered":
                    ended.append(change.alarm_id)
                elif change.kind != "steady":
                    self._requested.add(change.alarm_id)
                    opened.append(change)
        created = [each.notification for each in changes if isinstance(each, NotificationChanged)]
        for each in created:
            if each.id not in self.notifications:
                self._decided(each)
            self._known(each)
            self.notifications[each.id] = each
        for change in changes:
            if isinstance(change, TicketUpdated):
                self._ticket(change.ticket)
        if herald:
            self._heralded(opened, created)
        for alarm_id in (*ended, *(each.id for each in self.alarms.values() if each.cleared_at is not None)):
            if self._over(alarm_id):
                self._requested.discard(alarm_id)
                for key in [key for key in self._paged if key[1] == alarm_id]:
                    del self._paged[key]

    def _over(self, alarm_id: str) -> bool:
        alarm = self.alarms.get(alarm_id)
        if alarm is None or alarm.cleared_at is None:
            return False
        return alarm.resolved_at is not None or not any(each.kind == "flapping" for each in alarm.suppressed_by)

    def _decided(self, made: DispatchedNotification) -> None:
        first = self.notifications.get(made.fallback_of)
        if first is not None and first.status == "sent":
            self._violate(f"{made.id} follows {first.id}, which has arrived")
        if first is not None and (first.channel, first.address) == (made.channel, made.address):
            self._violate(f"{made.id} follows {first.id} by the same method")
        over = set(made.facts.get("over", ()))
        kinds = {each["subject"]: each["kind"] for each in made.facts.get("causes", ())}
        for alarm_id in _alarms(made):
            key = made.address, alarm_id
            if f"alarm:{alarm_id}" in over:
                knows = [each for each in self._knows if each[2] == alarm_id and self._reaches(made, *each[:2])]
                if not knows and not self._pending(made, alarm_id):
                    self._violate(f"{made.id} tells {made.address} of the end of {alarm_id}, and nothing was told before")
                for each in knows:
                    del self._knows[each]
                self._paged.pop(key, None)
                continue
            if alarm_id not in self._requested:
                self._violate(f"{made.id} tells {made.address} of {alarm_id}, which nobody requested")
            alarm = self.alarms[alarm_id]
            if any(each.kind == "parent" for each in alarm.suppressed_by):
                self._violate(f"{made.id} tells {made.address} of {alarm_id}, which another cause explains")
            if kinds.get(f"alarm:{alarm_id}") != "raised":
                continue
            before = self._paged.get(key)
            if before is not None and not made.fallback_of and self.notifications[before].status != "dead":
                self._violate(f"{made.id} tells {made.address} of {alarm_id} once more, after {before}")
            self._paged[key] = made.id

    def _reaches(self, notification: DispatchedNotification, to: str, address: str) -> bool:
        """True when it goes to this person, to this address, or to another address of this person: of two contacts with one
        address, the message names either."""
        return notification.to == to or notification.address in (address, *self._addresses.get(to, ()))

    def _pending(self, made: DispatchedNotification, alarm_id: str) -> bool:
        """True when the person was sent something of the alarm that may have arrived, or may still."""
        sent = (each for each in self.notifications.values() if each.status != "dead" and each.id != made.id)
        return any(self._reaches(made, each.to, each.address) and alarm_id in _alarms(each) for each in sent)

    def _known(self, each: DispatchedNotification) -> None:
        before = self.notifications.get(each.id)
        if each.status != "sent" or (before is not None and before.status == "sent"):
            return
        over = set(each.facts.get("over", ()))
        for alarm_id in _alarms(each):
            if f"alarm:{alarm_id}" not in over and not self._told_end_after(each, alarm_id):
                self._knows[each.to, each.address, alarm_id] = each.id

    def _told_end_after(self, raised: DispatchedNotification, alarm_id: str) -> bool:
        """True when the end was decided after ``raised``, which arrives only now."""
        order = list(self.notifications)
        if raised.id not in order:
            return False
        for number in order[order.index(raised.id) + 1 :]:
            each = self.notifications[number]
            over = each.facts.get("over", ())
            if self._reaches(raised, each.to, each.address) and f"alarm:{alarm_id}" in over:
                return True
        return False

    def _heralded(self, opened: Sequence[NotificationRequested], made: Sequence[DispatchedNotification]) -> None:
        said = {alarm_id for each in made if each.address == HERALD for alarm_id in _alarms(each)}
        for request in opened:
            alarm = self.alarms.get(request.alarm_id)
            if alarm is None or request.kind != "raised" or request.alarm_id in said:
                continue
            held = alarm.parent_alarm_id or alarm.suppressed_by or alarm.acknowledged_at or alarm.shelved_until
            if held or alarm.cleared_at is not None or (HERALD, request.alarm_id) in self._paged:
                continue
            self._violate(f"the request of {request.alarm_id} at {request.offset} was told to nobody with its Event")

    def _ticket(self, ticket: Ticket) -> None:
        """One open ticket for each cause."""
        before = self.tickets.get(ticket.id)
        self.tickets[ticket.id] = ticket
        if before is not None and before.state == "closed" and ticket.state == "open" and not _moves(before):
            self._of_people.add(ticket.id)
        elif _moves(ticket):
            self._of_people.discard(ticket.id)
        if not _lives(ticket):
            return
        others = [each.id for each in self.tickets.values() if each.subject == ticket.subject and _lives(each)]
        if len(others) > 1:
            self._violate(f"tickets {others} are open for {ticket.subject}")

    def judge_tickets(self) -> None:
        """Every task is done: the ticket of a cause that is over is closed, unless the desk has it under one key with that of a
        cause that lasts."""
        lasting = {(each.desk, each.key) for each in self.tickets.values() if each.key and self._lasts(each)}
        for ticket in self.tickets.values():
            if ticket.id in self._of_people or not ticket.subject.startswith("alarm:"):
                continue
            if _lives(ticket) and ticket.closes and not self._lasts(ticket) and (ticket.desk, ticket.key) not in lasting:
                alarms = self._alarms_of(ticket)
                self._violate(f"ticket {ticket.id} is {ticket.state}, and its causes {alarms} are over")

    def _lasts(self, ticket: Ticket) -> bool:
        """True for a ticket that is not over, and a cause of which is not over either. A merged ticket is over with its cause,
        also when the ticket into which a person merged it stays open."""
        if ticket.state == "closed" or ticket.closed_at is not None:
            return False
        return not ticket.subject.startswith("alarm:") or not all(map(self._over, self._alarms_of(ticket)))

    def _alarms_of(self, ticket: Ticket) -> list[str]:
        return [each for each in ticket.alarm_ids if each in self.alarms]

    def judge(self, subjects: Any) -> None:
        """Everything that waited has been said, and has an outcome: whoever knows of a cause that is over was told of it.
        ``subjects``: those that the stage still holds."""
        for (to, _, alarm_id), number in self._knows.items():
            if self._over(alarm_id):
                self._violate(f"{to} was told of {alarm_id} by {number}, and never of its end")
        for key, subject in subjects.items():
            if subject.state == "ended" and subject.told:
                self._violate(f"{key} has ended, and {subject.told} wait for its end")


def _alarms(notification: DispatchedNotification) -> list[str]:
    """The ids of the alarms that are its subjects: a breach names its alarm too, and is no word about that."""
    subjects = notification.facts.get("subjects", ())
    return [key.removeprefix("alarm:") for key in subjects if key.startswith("alarm:")]


def _lives(ticket: Ticket) -> bool:
    """True when it is open and is not about to be closed."""
    return ticket.state in ("wanted", "open") and not any(task.kind == "close" for task in ticket.tasks)


def _moves(ticket: Ticket) -> bool:
    """True when faultd is about to close it or to open it again."""
    return any(task.kind in ("close", "reopen") for task in ticket.tasks)

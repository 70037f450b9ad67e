"""One Event in the fold of the dispatcher: its time, its journal, and the Changes so far."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.state import DispatchState
from actors.journal import Journal
from protocols.alarm import Alarm
from protocols.change import Answer, Change, Refusal
from protocols.dispatch.changes import (
    ContactChanged,
    DispatchNoted,
    NotificationChanged,
    NotificationPolicyChanged,
    RotaChanged,
    TicketUpdated,
)
from protocols.dispatch.contact import ContactRecord
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.policy import PolicyRecord
from protocols.dispatch.rota import RotaRecord
from protocols.dispatch.ticket import Ticket


class DispatchRun:
    """Given to every function of the stage that changes the state. ``now`` is the Event's time in microseconds since 1970."""

    __slots__ = ("_ids", "_noted", "alarms", "at", "changes", "cleared", "journal", "now", "offset", "state")

    def __init__(self, state: DispatchState, offset: int, at: datetime, now: int) -> None:
        self.state, self.offset, self.at, self.now = state, offset, at, now
        self.journal = Journal()
        self.changes: list[Change] = []
        self.alarms: dict[str, Alarm] = {}
        """The alarms that the Event changed, by id, as far as its Changes have been taken in."""
        self.cleared: frozenset[str] = frozenset()
        """Ids of alarms that have ended by the end of the Event."""
        self._ids: dict[str, int] = {}
        self._noted = 0

    def new_id(self, prefix: Literal["NP", "CT", "RO", "N", "TK"]) -> str:
        """An id of this Event: ``N17``, then ``N17.1``, ``N17.2`` …"""
        number = self._ids.get(prefix, 0)
        self._ids[prefix] = number + 1
        return f"{prefix}{self.offset}.{number}" if number else f"{prefix}{self.offset}"

    def emit(self, change: Change) -> None:
        """Add a Change."""
        self.changes.append(change)

    def answer(
        self, *accepted: str, duplicate: bool = False, refusals: tuple[Refusal, ...] = (), warnings: tuple[str, ...] = ()
    ) -> None:
        """Answer the command."""
        self.changes.append(
            Answer(offset=self.offset, accepted=accepted, duplicate=duplicate, refusals=refusals, warnings=warnings)
        )

    def made_before(self, kind: str, key: str) -> bool:
        """True, and the command answered, when a request with this idempotency key made something of this kind before."""
        known = self.state.keys.get(f"{kind} {key}") if key else None
        if known is None:
            return False
        self.answer(known, duplicate=True)
        return True

    def keep_key(self, kind: str, key: str, made: str) -> None:
        """Remember that a request with this key made ``made``."""
        if key:
            self.journal.put(self.state.keys, f"{kind} {key}", made)

    def forget_key(self, kind: str, key: str) -> None:
        """A later request with this key is a new one."""
        if key:
            self.journal.drop(self.state.keys, f"{kind} {key}")

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Writes and Changes of this context are taken back when it raises."""
        written, emitted = self.journal.mark(), len(self.changes)
        try:
            yield
        except BaseException:
            self.journal.rollback(written)
            del self.changes[emitted:]
            raise

    def put_policy(self, policy_id: str, policy: PolicyRecord | None) -> None:
        """The policy as it is now, as a Change too; None: there is no such policy any more."""
        if policy is None:
            self.journal.drop(self.state.policies, policy_id)
        else:
            self.journal.put(self.state.policies, policy_id, policy)
        self.emit(NotificationPolicyChanged(self.offset, policy_id, policy))

    def put_contact(self, contact_id: str, contact: ContactRecord | None) -> None:
        """The contact as it is now, as a Change too; None: there is no such contact any more."""
        self.state.put_contact(self.journal, contact_id, contact)
        self.emit(ContactChanged(self.offset, contact_id, contact))

    def put_rota(self, rota_id: str, rota: RotaRecord | None) -> None:
        """The rota as it is now, as a Change too; None: there is no such rota any more."""
        self.state.put_rota(self.journal, rota_id, rota)
        self.emit(RotaChanged(self.offset, rota_id, rota))

    def put_subject(self, subject: DispatchSubject) -> None:
        """The subject as it is now."""
        self.journal.put(self.state.subjects, subject.key, subject)

    def put_notification(self, notification: DispatchedNotification) -> None:
        """The notification as it is now, as a Change too."""
        self.journal.put(self.state.notifications, notification.id, notification)
        self.emit(NotificationChanged(self.offset, notification))

    def put_ticket(self, ticket: Ticket) -> None:
        """The ticket as it is now, as a Change too."""
        self.journal.put(self.state.tickets, ticket.id, ticket)
        self.emit(TicketUpdated(self.offset, ticket))

    def note(self, subject: DispatchSubject, text: str, *, policy: str = "") -> None:
        """A decision that sends nothing, for whoever asks why."""
        number, self._noted = self._noted, self._noted + 1
        self.emit(
            DispatchNoted(
                offset=self.offset,
                number=number,
                at=self.at,
                tenant_id=subject.tenant_id,
                subject=subject.key,
                alarm_id=subject.alarm_uuid,
                policy=policy,
                text=text,
            )
        )

"""The state of the stage ``dispatcher``: tables of frozen values, and timers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.messages.group import MessageGroup
from actors.dispatcher.messages.recipient import Recipient
from actors.dispatcher.people.index import PeopleIndex
from actors.dispatcher.planned_work import PlannedWork
from actors.dispatcher.policies.trees import PolicyTrees
from actors.dispatcher.problem import DispatchProblem
from actors.dispatcher.settings import DispatchInputs
from actors.dispatcher.timers import DispatchTimers, TimerKind
from actors.journal import Journal
from actors.state_encoding import Piece, struct_pieces
from protocols.dispatch.contact import ContactRecord
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.policy import PolicyRecord
from protocols.dispatch.rota import RotaRecord
from protocols.dispatch.ticket import Ticket

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SavedDispatch(Struct, kw_only=True):
    """The state on disk."""

    offset: int = 0
    at: datetime = EPOCH
    digest: str = ""
    inputs: DispatchInputs = DispatchInputs()
    policies: dict[str, PolicyRecord] = {}
    contacts: dict[str, ContactRecord] = {}
    rotas: dict[str, RotaRecord] = {}
    subjects: dict[str, DispatchSubject] = {}
    notifications: dict[str, DispatchedNotification] = {}
    tickets: dict[str, Ticket] = {}
    tickets_made: int = 0
    groups: dict[str, MessageGroup] = {}
    recipients: dict[str, Recipient] = {}
    windows: dict[str, PlannedWork] = {}
    timers: dict[TimerKind, dict[str, int]] = {}
    keys: dict[str, str] = {}
    rota_problems: dict[str, DispatchProblem] = {}
    rota_alarms: dict[str, DispatchProblem] = {}
    delivery_alarms: dict[str, DispatchProblem] = {}
    tickets_for: dict[str, tuple[str, ...]] = {}
    remote_changes: dict[str, tuple[str, ...]] = {}
    resolving: dict[str, str] = {}
    overdue: dict[str, bool] = {}
    merged_tickets: dict[str, str] = {}
    shared_tickets: dict[str, tuple[str, ...]] = {}
    lost: dict[str, str] = {}
    rounds: dict[str, tuple[int, ...]] = {}
    restored_tickets: dict[str, str] = {}


T = TypeVar("T")
_decoder = msgspec.msgpack.Decoder(SavedDispatch)


class DispatchState:
    """All tables. Functions of the stage write them through the journal of a :class:`~actors.dispatcher.run.DispatchRun`."""

    def __init__(self) -> None:
        self.offset = 0
        self.at = EPOCH
        self.digest = ""
        """Of the policies' files and the settings."""
        self.inputs = DispatchInputs()
        self.policies: dict[str, PolicyRecord] = {}
        self.contacts: dict[str, ContactRecord] = {}
        self.rotas: dict[str, RotaRecord] = {}
        self.people = PeopleIndex()
        self.subjects: dict[str, DispatchSubject] = {}
        self.notifications: dict[str, DispatchedNotification] = {}
        """Those that wait, and those of subjects that are still held."""
        self.tickets: dict[str, Ticket] = {}
        self.tickets_made = 0
        self.groups: dict[str, MessageGroup] = {}
        self.recipients: dict[str, Recipient] = {}
        self.windows: dict[str, PlannedWork] = {}
        """Maintenance windows that are still to open."""
        self.timers = DispatchTimers()
        self.keys: dict[str, str] = {}
        """Idempotency keys, each with the id of what its request made."""
        self.trees = PolicyTrees()
        self.rota_problems: dict[str, DispatchProblem] = {}
        """Problems of rotas, as they were found last."""
        self.rota_alarms: dict[str, DispatchProblem] = {}
        """Problems of rotas, as open alarms say them."""
        self.delivery_alarms: dict[str, DispatchProblem] = {}
        """Problems of channels, as open alarms say them, by ``ALARM_TYPE|CHANNEL``."""
        self.tickets_for: dict[str, tuple[str, ...]] = {}
        """By the key of a cause that is no open subject yet: the keys of subjects that are attached to it."""
        self.remote_changes: dict[str, tuple[str, ...]] = {}
        """By the id of a ticket: the desk's ids of the last changes by persons."""
        self.lost: dict[str, str] = {}
        """Alarms of a lost ledger that were told: the keys of their subjects by what makes them the same problem."""
        self.resolving: dict[str, str] = {}
        """Alarms (UUID) to be resolved, since a person closed their ticket, with the person."""
        self.overdue: dict[str, bool] = {}
        """Ids of notifications that wait, and of which the person's next method was tried."""
        self.merged_tickets: dict[str, str] = {}
        """By the id of a ticket that a person merged into another one: the key that it had before."""
        self.shared_tickets: dict[str, tuple[str, ...]] = {}
        """By ``DESK KEY``: the ids of several tickets that are one at the desk."""
        self.restored_tickets: dict[str, str] = {}
        """Tickets of a lost ledger whose subjects keep their keys and are not seen yet: their ids by the keys."""
        self.rounds: dict[str, tuple[int, ...]] = {}
        """By fault: when the status of its tickets was changed in the desk lately, in microseconds since 1970."""

    def put_contact(self, journal: Journal, contact_id: str, contact: ContactRecord | None) -> None:
        """The contact as it is now; None: there is no such contact any more."""
        self.people.replace(journal, self.contacts.get(contact_id), contact)
        _put(journal, self.contacts, contact_id, contact)

    def put_rota(self, journal: Journal, rota_id: str, rota: RotaRecord | None) -> None:
        """The rota as it is now; None: there is no such rota any more."""
        self.people.replace(journal, self.rotas.get(rota_id), rota)
        _put(journal, self.rotas, rota_id, rota)

    def saving(self) -> Iterator[Piece]:
        """The state as it is now, encoded in pieces."""
        copies: dict[str, Any] = {name: getattr(self, name) for name in SavedDispatch.__struct_fields__ if name != "timers"}
        copies = {name: dict(value) if isinstance(value, dict) else value for name, value in copies.items()}
        copies["groups"] = {key: group.copied() for key, group in self.groups.items()}
        copies["recipients"] = {key: recipient.copied() for key, recipient in self.recipients.items()}
        copies["timers"] = {kind: dict(table) for kind, table in self.timers.due.items()}
        return struct_pieces([(name, copies[name]) for name in SavedDispatch.__struct_fields__])

    @classmethod
    def load(cls, octets: bytes) -> "DispatchState":
        """The state that :meth:`saving` encoded. Raises ``msgspec.MsgspecError`` for anything else."""
        saved = _decoder.decode(octets)
        state = cls()
        for name in SavedDispatch.__struct_fields__:
            setattr(state, name, getattr(saved, name))
        # A snapshot of an earlier version has the state of a merged ticket alone.
        for each in saved.tickets.values():
            if each.state == "merged":
                state.merged_tickets.setdefault(each.id, "")
        state.timers = DispatchTimers(saved.timers)
        state.people = PeopleIndex(state.contacts.values(), state.rotas.values())
        return state


def _put(journal: Journal, table: dict[str, T], key: str, value: T | None) -> None:
    if value is None:
        journal.drop(table, key)
    else:
        journal.put(table, key, value)

"""The dispatcher's state as the REST API and the deliverers read it, between two Events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from protocols.dispatch.contact import ContactRecord
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.policy import PolicyRecord
from protocols.dispatch.policy_trial import PolicyDoubts, PolicyTrial, TriedCause
from protocols.dispatch.rota import RotaRecord
from protocols.dispatch.ticket import Ticket


class PlannedMessage(Struct, frozen=True):
    """Something that is still to be said of a cause. ``at`` None: when what holds it back has gone."""

    at: datetime | None
    policy: str
    """The policy's id."""
    text: str


class DispatchOutlook(Struct, frozen=True, kw_only=True):
    """The work of the dispatcher that is still to come for an alarm of which people hear."""

    open: bool
    """False: it has ended."""
    since: datetime
    """When it was first requested that people hear of it."""
    held_by: str
    """Why nobody is told now; "" when nothing holds messages back."""
    owed: tuple[str, ...]
    """Those who were told and have still to be told of the end: ``sms to Ada``."""
    planned: tuple[PlannedMessage, ...]
    """By their times."""


class DispatchView(Protocol):
    """Reads of policies, people, and the notifications and tickets that the dispatcher still holds."""

    def policies(self) -> Sequence[PolicyRecord]:
        """All of them, the highest priority first, then by name: the order in which they are asked."""
        ...

    def policy(self, policy_id: str) -> PolicyRecord | None:
        """A policy by its id."""
        ...

    def policy_doubts(self, record: PolicyRecord) -> PolicyDoubts:
        """Mistakes and doubtful points in a policy as things are now."""
        ...

    def try_policies(self, cause: TriedCause, at: datetime, tenant: str | None) -> PolicyTrial:
        """Which policies match ``cause`` at ``at``, and whom they would reach, as ``tenant`` sees it (None: every tenant)."""
        ...

    def field_mistakes(self, fields: dict[str, Any]) -> Sequence[tuple[str, str]]:
        """The fields of a tried cause that no policy can match, each with what is wrong."""
        ...

    def contacts(self) -> Sequence[ContactRecord]:
        """All of them, the oldest first."""
        ...

    def contact(self, contact_id: str) -> ContactRecord | None:
        """A contact by its id."""
        ...

    def rotas(self) -> Sequence[RotaRecord]:
        """All of them, the oldest first."""
        ...

    def rota(self, rota_id: str) -> RotaRecord | None:
        """A rota by its id."""
        ...

    def notifications(self) -> Sequence[DispatchedNotification]:
        """Those that wait, and some that were sent or given up, in any order."""
        ...

    def notification(self, notification_id: str) -> DispatchedNotification | None:
        """A held notification by its id."""
        ...

    def tickets(self) -> Sequence[Ticket]:
        """Those that are not closed, and some that are, in any order."""
        ...

    def ticket(self, ticket_id: str) -> Ticket | None:
        """A held ticket by its id."""
        ...

    def outlook(self, alarm_id: str) -> DispatchOutlook | None:
        """The work still to come for the alarm with this ``id``; None: nobody hears of it."""
        ...

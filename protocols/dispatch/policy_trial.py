"""A trial of the policies: which of them match a cause, and whom they would reach, at a time."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from protocols.alarm import Alarm
from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import MessageKind
from protocols.dispatch.policy import TicketTerms, Until


class PolicyDoubts(Struct, frozen=True, kw_only=True):
    """A mistake or a doubtful point in a policy as things are now."""

    error: str = ""
    """The reason for which an enabled policy is not in force."""
    warnings: tuple[str, ...] = ()
    """Each ``to`` that reaches nobody now, and each channel that is not configured."""


class TriedCause(Struct, frozen=True, kw_only=True):
    """A cause that policies are tried on. ``fields`` come on top of those of the alarm, by the names that policies use."""

    tenant_id: str
    kind: MessageKind = "raised"
    alarm: Alarm | None = None
    area: str = ""
    customer_tiers: tuple[str, ...] = ()
    account_manager: str | None = None
    """Of the service level agreement; None: no agreement is named."""
    fields: dict[str, Any] = {}


class TriedPerson(Struct, frozen=True, kw_only=True):
    """A person, or an address, that would be told."""

    to: str
    """The contact's id, or the address itself."""
    to_name: str
    channel: Channel
    address: str
    quiet_until: datetime | None = None
    """The end of the person's quiet hours, which would hold the message back."""
    why: str


class TriedAction(Struct, frozen=True, kw_only=True):
    """A message, a ticket, or a step of an escalation that a policy wants."""

    pointer: str
    """Its place in the policy, a JSON pointer."""
    after_seconds: float = 0.0
    """Seconds of an escalation step after the first notification."""
    until: Until | None = None
    """A step of an escalation is not done once the cause is; None: no step."""
    at: datetime
    """When it is due: the people are those of then."""
    channel: Channel | None = None
    to: str = ""
    people: tuple[TriedPerson, ...] = ()
    nobody: str = ""
    """The reason when nobody would be told."""
    missed: tuple[str, ...] = ()
    """People who are meant, but would not be told, each with the reason."""
    quiet_until: datetime | None = None
    """The end of the policy's quiet hours, which would hold the message back."""
    ticket: TicketTerms | None = None
    group_by: tuple[str, ...] = ()
    group_wait: float = 0.0
    """Seconds on top of the hold-down."""
    repeat_interval: float = 0.0


class TriedPolicy(Struct, frozen=True, kw_only=True):
    """A policy that matches. ``routes`` are the places of the routes that act, "" is the policy itself."""

    id: str
    name: str
    priority: int
    routes: tuple[str, ...]
    continues: bool
    """The policies behind it are asked too."""
    actions: tuple[TriedAction, ...]


class PolicyTrial(Struct, frozen=True, kw_only=True):
    """The policies that match a cause at a time, in their order."""

    at: datetime
    notice: dict[str, Any]
    """The fields that the policies saw."""
    policies: tuple[TriedPolicy, ...]

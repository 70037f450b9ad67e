"""Queries, bodies and answers about tickets."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from protocols.dispatch.policy import TicketPriority
from protocols.dispatch.ticket import Desk, Ticket, TicketState, TicketTask
from protocols.rest_body import Body, PageQuery, fields_for
from protocols.rest_fields import Name, SomeText, Time, check_time

TicketWish = Literal["open", "closed"]
"""The states into which an operator can bring a ticket."""


class TicketsQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the list of tickets."""

    alarm_id: Annotated[Name | None, Meta(description="`id` or `alarm_id` of an alarm that it stands for")] = None
    state: tuple[TicketState, ...] = ()
    desk: tuple[Desk, ...] = ()
    priority: tuple[TicketPriority, ...] = ()
    key: Annotated[Name | None, Meta(description="The desk's own name of it")] = None
    team: Name | None = None
    customer_id: Name | None = None
    sla_breach_id: Name | None = None
    circuit: Annotated[Name | None, Meta(description="A service affected")] = None
    tenant_id: Name | None = None
    since: Annotated[Time | None, Meta(description="Opened at or after this time")] = None
    before: Annotated[Time | None, Meta(description="Opened before this time")] = None

    def __post_init__(self) -> None:
        check_time("since", self.since)
        check_time("before", self.before)


class TicketEdited(Body, frozen=True, kw_only=True):
    """A change of a ticket, for the desk too."""

    state: TicketWish | UnsetType = UNSET
    """`closed`, or `open` to open it again."""
    comment: SomeText | UnsetType = UNSET
    """Goes to the desk with the change of the state, or alone."""
    retry: Annotated[bool, Meta(description="Try the tasks again that were given up")] = False

    def __post_init__(self) -> None:
        if self.state is UNSET and self.comment is UNSET and not self.retry:
            raise ValueError("state: give a state, a comment, or retry")


class TicketShown(Struct, frozen=True, kw_only=True):
    """A ticket as the dispatcher wants it, and as the desk last said it is."""

    id: str
    """The idempotency key, which the desk is searched for."""
    tenant_id: str
    desk: Desk
    key: str | None
    """The desk's own name of it; null until the desk has answered."""
    url: str | None
    state: TicketState
    subject: str
    """`alarm:ID` or `sla:INSTANCE` for which it was opened."""
    alarm_ids: tuple[str, ...]
    """`id` of the alarms that it stands for: its cause first."""
    sla_breach_id: str | None
    priority: TicketPriority
    team: str
    category: str
    title: str
    description: str
    customer_id: str | None
    circuits: tuple[str, ...]
    """Services affected, at most 1,000."""
    affected_subscribers: int
    metadata: dict[str, Any]
    policy: str | None
    """`id` of the policy that wanted it."""
    closes: bool
    """faultd closes it when its causes have ended."""
    resolves_alarm: bool
    """faultd resolves the alarms when a person closes it."""
    tasks: tuple[TicketTask, ...]
    """Tasks still to be done in the desk. A `dead` one was given up."""
    opened_at: datetime
    closed_at: datetime | None
    revision: int


class TicketPage(Struct, frozen=True):
    """Tickets, the latest first, and the cursor of the next page (null on the last)."""

    items: tuple[TicketShown, ...]
    next_cursor: str | None = None
    degraded: str | None = None
    """Set while PostgreSQL is away: which tickets the list has then."""


def ticket_shown(ticket: Ticket) -> TicketShown:
    """A ticket as REST shows it."""
    optional = ("key", "url", "sla_breach_id", "customer_id", "policy")
    return TicketShown(**fields_for(TicketShown, ticket) | {name: getattr(ticket, name) or None for name in optional})

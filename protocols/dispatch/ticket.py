"""A ticket: one for each cause, in the operator's desk or in the embedded one, with the tasks that are still to be done."""

from datetime import datetime
from typing import Any, Literal, get_args

from msgspec import Struct

from protocols.dispatch.policy import TicketPriority

Desk = Literal["embedded", "rt", "roundup", "rest"]
DESKS: tuple[Desk, ...] = get_args(Desk)
TicketState = Literal["wanted", "open", "closed", "merged"]
"""``wanted``: the desk has not answered yet. ``merged``: a person merged it into another ticket, which is followed."""
TICKET_STATES: tuple[TicketState, ...] = get_args(TicketState)
TaskKind = Literal["create", "comment", "priority", "circuits", "link", "close", "reopen"]


class TicketTask(Struct, frozen=True, kw_only=True):
    """One thing to do in the desk. The tasks of a ticket are done in the order of their numbers, one at a time."""

    number: int
    kind: TaskKind
    text: str = ""
    """The comment, which every task but ``create`` leaves in the desk."""
    attempts: int = 0
    error: str = ""
    """Of the last attempt."""
    dead: bool = False
    """faultd gave up; tried again by command alone."""
    related: str = ""
    """Id of another ticket of faultd, to which the desk is to link this one."""


class Ticket(Struct, frozen=True, kw_only=True):
    """A ticket as the dispatcher wants it, and as the desk last said it is."""

    id: str
    """``TK`` and the offset of the Event that wanted it: the idempotency key, which the desk is searched for."""
    number: int
    """Counts the tickets of this ledger from 1: the key ``T1`` of the embedded desk."""
    tenant_id: str
    desk: Desk = "embedded"
    key: str = ""
    """The desk's own name of it; "" until the desk has answered."""
    url: str = ""
    state: TicketState = "wanted"
    subject: str = ""
    """``alarm:UUID`` or ``sla:INSTANCE`` for which it was opened."""
    alarm_ids: tuple[str, ...] = ()
    """UUIDs of the alarms that it stands for: its cause first, then causes that were merged into it."""
    sla_breach_id: str = ""
    priority: TicketPriority = "medium"
    team: str = ""
    category: str = ""
    title: str
    description: str = ""
    customer_id: str = ""
    circuits: tuple[str, ...] = ()
    """Services affected, at most 1,000."""
    affected_subscribers: int = 0
    metadata: dict[str, Any] = {}
    """``alarm_id``, ``alarm_correlation_id``, ``sla_breach_id``, ``affected_subscribers``."""
    policy: str = ""
    closes: bool = True
    """Close it when its causes have ended."""
    resolves_alarm: bool = False
    """Resolve the alarms when a person closes it."""
    tasks: tuple[TicketTask, ...] = ()
    """Still to be done."""
    next_task: int = 1
    """The number that the next task gets."""
    opened_at: datetime
    closed_at: datetime | None = None
    revision: int = 1

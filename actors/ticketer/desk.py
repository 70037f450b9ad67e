"""The interface of a desk: the system in which the operator's people work on tickets."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from protocols.dispatch.ticket import Ticket, TicketState, TicketTask


class DeskNote(Struct, frozen=True, kw_only=True):
    """A comment in the desk. ``id`` is the desk's own."""

    id: str
    text: str
    author: str = ""


class DeskTicket(Struct, frozen=True, kw_only=True):
    """A ticket as the desk says that it is. ``key`` and ``url`` are those of the ticket into which a person merged it."""

    key: str
    url: str = ""
    state: TicketState = "open"
    changed: str = ""
    """The desk's time or number of the last change; "" where it has none."""
    author: str = ""
    """The person who made it, where the desk says so."""
    notes: tuple[DeskNote, ...] = ()


class TicketDesk(Protocol):
    """A way to a desk. All methods raise DeliveryFailed; the caller cancels them at its time limit. One ticket has one call at
    a time."""

    searches: bool
    """False for a desk that makes no second ticket of the same number, so that it needs no search before."""
    secrets: tuple[str, ...]
    """Texts that no error may repeat."""

    async def find(self, mark: str) -> DeskTicket | None:
        """The ticket that was made with ``mark``, None when the desk does not know one."""

    async def create(self, ticket: Ticket, mark: str) -> DeskTicket:
        """Make it, so that :meth:`find` finds it by ``mark``."""

    async def change(self, ticket: Ticket, task: TicketTask, comment: str, related: str = "") -> None:
        """Do ``task``, of any kind but ``create``, and link the ticket to the one with the key ``related``. The comment comes
        last: where it stands, the task is done."""

    async def read(self, key: str) -> DeskTicket:
        """The ticket with its comments."""

    async def changed(self, since: datetime, keys: Sequence[str]) -> list[tuple[str, DeskTicket]]:
        """Those of ``keys`` that may have changed at or after ``since``, each with its ticket and the comments since then."""


def mark_of(installation: str, ticket: Ticket) -> str:
    """The text by which the desk is searched for the ticket: no other ticket, and no other faultd, has it. It has no dot, as
    an id such as ``TK17.2`` has: so has the last line of a comment of ``TK17``."""
    return f"{installation[:8]}-{ticket.id.replace('.', '-')}"


def holds(value: Any, mark: str) -> bool:
    """True when a text anywhere in ``value`` (JSON) has ``mark`` as a whole. A desk that does not know the filter of a search
    answers with tickets of others."""
    if isinstance(value, str):
        return re.search(rf"(?<![\w-]){re.escape(mark)}(?![\w-])", value) is not None
    if isinstance(value, dict):
        return any(holds(each, mark) for each in value.values())
    return isinstance(value, list) and any(holds(each, mark) for each in value)


def described(ticket: Ticket) -> str:
    """The description with the facts for which a desk has no fields."""
    facts = {
        "Category": ticket.category,
        "Team": ticket.team,
        "Customer": ticket.customer_id,
        "Subscribers affected": str(ticket.affected_subscribers or ""),
        "Services": ", ".join(ticket.circuits[:100]),
        **{name: str(value) for name, value in ticket.metadata.items() if name != "affected_subscribers" and value},
    }
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    return "\n".join([ticket.description, "", *lines]).strip()

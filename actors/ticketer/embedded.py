"""The embedded desk: a ticket is what the dispatcher holds, which PostgreSQL and the API show. Nothing is asked elsewhere."""

from collections.abc import Sequence
from datetime import datetime

from actors.ticketer.desk import DeskTicket
from protocols.dispatch.ticket import Ticket, TicketTask


class EmbeddedDesk:
    """Answers from the ticket itself. Its key is ``T`` and its number."""

    searches = False
    secrets: tuple[str, ...] = ()

    async def find(self, mark: str) -> DeskTicket | None:
        """Not needed: the same ticket always gets the same key."""
        return None

    async def create(self, ticket: Ticket, mark: str) -> DeskTicket:
        return DeskTicket(key=f"T{ticket.number}")

    async def change(self, ticket: Ticket, task: TicketTask, comment: str, related: str = "") -> None:
        """The outcome carries the comment and the state."""

    async def read(self, key: str) -> DeskTicket:
        return DeskTicket(key=key)

    async def changed(self, since: datetime, keys: Sequence[str]) -> list[tuple[str, DeskTicket]]:
        """People change it through faultd alone."""
        return []

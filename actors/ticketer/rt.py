"""Request Tracker 5 by REST 2. Tried with 5.0.3, as Debian has it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from actors.delivery_failed import DeliveryFailed
from actors.ticketer.desk import DeskNote, DeskTicket, described, holds
from actors.ticketer.desk_client import DeskClient
from actors.ticketer.places import at, text_at
from actors.ticketer.settings import TicketerSettings
from protocols.dispatch.policy import TicketPriority
from protocols.dispatch.ticket import Ticket, TicketTask

_PRIORITIES: Final[dict[TicketPriority, str]] = {"critical": "100", "high": "75", "medium": "50", "low": "25"}
_CLOSED: Final = frozenset({"resolved", "rejected", "deleted"})
_AT_ONCE: Final = 50
"""Tickets in one search, and comments of a ticket that are read."""


class RequestTracker:
    """The mark is a link of the ticket (RefersTo). The search knows it at once, and a merge keeps it."""

    searches = True

    def __init__(self, settings: TicketerSettings, client: DeskClient) -> None:
        self._settings, self._client = settings, client
        self._closed = settings.closed_status or "resolved"
        self.secrets = client.secrets

    async def find(self, mark: str) -> DeskTicket | None:
        for key in [text_at(each, "/id") for each in await self._listed(f"RefersTo = '{_link(mark)}'")]:
            data = await self._call("GET", f"ticket/{quote(key, safe='')}")
            if holds(data, mark):
                return self._ticket(data)
        return None

    async def create(self, ticket: Ticket, mark: str) -> DeskTicket:
        fields = {
            "Queue": self._settings.queue or "General",
            "Subject": ticket.title,
            "Content": described(ticket),
            "ContentType": "text/plain",
            "Priority": self._priority(ticket),
            "RefersTo": _link(mark),
        }
        key = text_at(await self._call("POST", "ticket", fields), "/id")
        return DeskTicket(key=key, url=self._url(key))

    async def change(self, ticket: Ticket, task: TicketTask, comment: str, related: str = "") -> None:
        path = f"ticket/{quote(ticket.key, safe='')}"
        if task.kind == "priority":
            await self._call("PUT", path, {"Priority": self._priority(ticket)})
        if task.kind in ("close", "reopen"):
            status = self._closed if task.kind == "close" else self._settings.open_status or "open"
            said = await self._call("PUT", path, {"Status": status})
            # A status that the queue does not have is answered with 200 and a sentence.
            if text_at(await self._call("GET", path), "/Status") != status:
                raise DeliveryFailed(f"the status is not {status}: {said}", permanent=True)
        if related:
            await self._call("PUT", path, {"AddRefersTo": related})
        await self._call("POST", f"{path}/comment", {"Content": comment, "ContentType": "text/plain"})

    async def read(self, key: str) -> DeskTicket:
        """The ticket with its latest comments; of one that was merged, the ticket into which it was."""
        path = f"ticket/{quote(key, safe='')}"
        data = await self._call("GET", path)
        fields = "fields=Content,ContentType,TransactionId,Creator&order=DESC&orderby=id"
        attached = at(await self._call("GET", f"{path}/attachments?{fields}&per_page={_AT_ONCE}"), "/items")
        texts = [each for each in attached or () if str(at(each, "/ContentType")).startswith("text/plain")]
        first = text_at(await self._call("GET", f"{path}/history?per_page=1"), "/items/0/id")
        notes = tuple(_note(each) for each in reversed(texts) if str(at(each, "/TransactionId")) != first)
        return self._ticket(data, notes)

    async def changed(self, since: datetime, keys: Sequence[str]) -> list[tuple[str, DeskTicket]]:
        """The search leaves out tickets that were merged into others: those are read."""
        wanted = [key for key in keys if key.isascii() and key.isdecimal()]
        after = f"{since:%Y-%m-%dT%H:%M:%SZ}"
        found: list[tuple[str, DeskTicket]] = []
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            listed = await self._listed(" OR ".join(f"id = {key}" for key in some), "&fields=LastUpdated")
            updated = {text_at(each, "/id"): str(at(each, "/LastUpdated")) for each in listed}
            found += [(key, await self.read(key)) for key in some if updated.get(key, after) >= after]
        return found

    async def _listed(self, query: str, more: str = "") -> list[Any]:
        found = at(await self._call("GET", f"tickets?query={quote(query, safe='')}&per_page={_AT_ONCE}{more}"), "/items")
        if not isinstance(found, list):
            raise DeliveryFailed("the answer has no /items")
        return found

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        return await self._client.call(method, f"/REST/2.0/{path}", body)

    def _priority(self, ticket: Ticket) -> str:
        return self._settings.priorities.get(ticket.priority, _PRIORITIES[ticket.priority])

    def _url(self, key: str) -> str:
        return f"{self._settings.url.rstrip('/')}/Ticket/Display.html?id={quote(key, safe='')}"

    def _ticket(self, data: Any, notes: tuple[DeskNote, ...] = ()) -> DeskTicket:
        key, status = text_at(data, "/id"), text_at(data, "/Status")
        return DeskTicket(
            key=key,
            url=self._url(key),
            state="closed" if status == self._closed or status in _CLOSED else "open",
            changed=str(at(data, "/LastUpdated") or ""),
            author=str(at(data, "/LastUpdatedBy/id") or ""),
            notes=notes,
        )


def _link(mark: str) -> str:
    return f"urn:faultd:{mark}"


def _note(value: Any) -> DeskNote:
    return DeskNote(
        id=text_at(value, "/TransactionId"), text=str(at(value, "/Content") or ""), author=str(at(value, "/Creator/id") or "")
    )

"""Any desk with a REST API: the requests are templates of the configuration, and JSON pointers read its answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from actors.delivery_failed import DeliveryFailed
from actors.ticketer.desk import DeskNote, DeskTicket, holds
from actors.ticketer.desk_client import DeskClient
from actors.ticketer.places import at, in_json, in_path, text_at, values_of
from actors.ticketer.settings import RestDeskSettings, TicketerSettings
from protocols.dispatch.ticket import Ticket, TicketTask


class RestDesk:
    """``rest``: the settings with what the preset gives."""

    searches = True

    def __init__(self, settings: TicketerSettings, rest: RestDeskSettings, client: DeskClient) -> None:
        self._settings, self._rest, self._client = settings, rest, client
        self._create: Any = msgspec.json.decode(rest.create_body)
        self._change: Any = msgspec.json.decode(rest.change_body)
        self.secrets = client.secrets

    async def find(self, mark: str) -> DeskTicket | None:
        answer = await self._client.call("GET", in_path(self._rest.search, {"mark": mark, "queue": self._settings.queue}))
        listed = at(answer, self._rest.results) if self._rest.results else answer
        if not isinstance(listed, list):
            raise DeliveryFailed(f"the answer has no list at {self._rest.results or 'its top'}")
        return next((self._ticket(each) for each in listed if holds(each, mark)), None)

    async def create(self, ticket: Ticket, mark: str) -> DeskTicket:
        values = self._values(ticket) | {"mark": mark, "priority": self._priority(ticket)}
        answer = await self._client.call("POST", in_path(self._rest.create, values), in_json(self._create, values))
        return self._ticket(answer)

    async def change(self, ticket: Ticket, task: TicketTask, comment: str, related: str = "") -> None:
        values = self._values(ticket) | {"comment": comment, "related": related}
        if task.kind == "priority":
            values["priority"] = self._priority(ticket)
        if task.kind in ("close", "reopen"):
            values["status"] = self._status(task)
        path = in_path(self._rest.ticket, values)
        body = in_json(self._change, values)
        if self._rest.appends and (added := at(body, self._rest.appends)):
            there = at(await self._client.call("GET", path), self._rest.appends)
            added[:0] = there if isinstance(there, list) else []
        kind = self._rest.content_type or "application/json"
        await self._client.exchange(self._rest.change_method, path, body, {"Content-Type": kind})

    async def read(self, key: str) -> DeskTicket:
        return self._ticket(await self._client.call("GET", in_path(self._rest.ticket, {"key": key})))

    async def changed(self, since: datetime, keys: Sequence[str]) -> list[tuple[str, DeskTicket]]:
        """Every one of ``keys`` is read: no search is common to all desks."""
        return [(key, await self.read(key)) for key in keys]

    def _values(self, ticket: Ticket) -> dict[str, Any]:
        return values_of(ticket) | {"queue": self._settings.queue}

    def _priority(self, ticket: Ticket) -> str:
        return self._settings.priorities.get(ticket.priority, ticket.priority)

    def _status(self, task: TicketTask) -> str:
        if task.kind == "close":
            return self._settings.closed_status or self._rest.closed_status
        return self._settings.open_status or self._rest.open_status

    def _ticket(self, value: Any) -> DeskTicket:
        rest = self._rest
        status = str(at(value, rest.status) or "").lower() if rest.status else ""
        closed = status in rest.closed or status == (self._settings.closed_status or rest.closed_status).lower() != ""
        link = at(value, rest.link) if rest.link else None
        notes = at(value, rest.notes) if rest.notes else None
        return DeskTicket(
            key=text_at(value, rest.key),
            url=link if isinstance(link, str) else "",
            state="closed" if closed else "open",
            changed=status,
            notes=tuple(self._note(each) for each in notes if at(each, rest.note_text)) if isinstance(notes, list) else (),
        )

    def _note(self, value: Any) -> DeskNote:
        text = str(at(value, self._rest.note_text))
        author = at(value, self._rest.note_author) if self._rest.note_author else None
        return DeskNote(id=str(at(value, self._rest.note_id) or text), text=text, author=str(author or ""))

"""Roundup by its REST interface: an issue for each ticket, a message for each comment. Tried with Roundup 2.6.0."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

from actors.delivery_failed import DeliveryFailed
from actors.ticketer.desk import DeskNote, DeskTicket, described, holds
from actors.ticketer.desk_client import DeskClient
from actors.ticketer.places import at, text_at
from actors.ticketer.settings import TicketerSettings
from protocols.dispatch.policy import TicketPriority
from protocols.dispatch.ticket import Ticket, TicketTask

_PRIORITIES: Final[dict[TicketPriority, str]] = {"critical": "critical", "high": "urgent", "medium": "bug", "low": "feature"}
"""Of the classic template of a tracker."""
_PAGE: Final = 50
_MOST_PAGES: Final = 100
_MOST_NOTES: Final = 50


class RoundupDesk:
    """The title carries the mark. ``url`` is that of the tracker, as the tracker's own configuration has it."""

    searches = True

    def __init__(self, settings: TicketerSettings, client: DeskClient) -> None:
        self._settings, self._client = settings, client
        self._url = settings.url.rstrip("/")
        parts = urlsplit(self._url)
        # Writes need all three: they are how Roundup tells a program from a form on a page of a stranger.
        self._headers = {
            "X-Requested-With": "rest",
            "Origin": f"{parts.scheme}://{parts.netloc}",
            "Referer": f"{self._url}/",
        }
        self._closed = settings.closed_status or "resolved"
        self.secrets = client.secrets

    async def find(self, mark: str) -> DeskTicket | None:
        found = await self._listed(f"issue?title={quote(mark, safe='')}&@fields=title,status&@verbose=2")
        return next((self._ticket(each, each) for each in found if holds(each, mark)), None)

    async def create(self, ticket: Ticket, mark: str) -> DeskTicket:
        message = await self._message(described(ticket))
        fields = {
            "title": f"{ticket.title} [faultd {mark}]",
            "priority": self._priority(ticket),
            "messages": [message],
        }
        key = text_at(await self._call("POST", "issue", fields), "/data/id")
        return DeskTicket(key=key, url=f"{self._url}/issue{key}")

    async def change(self, ticket: Ticket, task: TicketTask, comment: str, related: str = "") -> None:
        """The comment names ``related`` as ``issue17``, which Roundup shows as a link: ``superseder`` would be a merge."""
        if related:
            comment = f"See issue{related}\n{comment}"
        path = f"issue/{quote(ticket.key, safe='')}"
        data = at(await self._call("GET", path), "/data")
        messages = [text_at(each, "/id") for each in at(data, "/attributes/messages") or ()]
        fields: dict[str, Any] = {"messages": [*messages, await self._message(comment)]}
        if task.kind == "priority":
            fields["priority"] = self._priority(ticket)
        if task.kind in ("close", "reopen"):
            fields["status"] = self._closed if task.kind == "close" else self._settings.open_status or "chatting"
        # Refused (412) when a person wrote meanwhile; the next attempt reads anew.
        await self._call("PUT", path, fields, {"If-Match": text_at(data, "/@etag")})

    async def read(self, key: str) -> DeskTicket:
        return await self._read(key, "")

    async def changed(self, since: datetime, keys: Sequence[str]) -> list[tuple[str, DeskTicket]]:
        from_time = f"{since:%Y-%m-%d.%H:%M:%S}"
        wanted, found = set(keys), []
        for page in range(1, _MOST_PAGES + 1):
            paged = f"@page_size={_PAGE}&@page_index={page}&@fields=status"
            listed = await self._listed(f"issue?activity={quote(from_time + ';')}&title=faultd&{paged}")
            found += [key for key in (text_at(each, "/id") for each in listed) if key in wanted]
            if len(listed) < _PAGE:
                break
        return [(key, await self._read(key, from_time)) for key in found]

    async def _read(self, key: str, from_time: str) -> DeskTicket:
        """The issue with its latest messages, of those not before ``from_time``."""
        data = at(await self._call("GET", f"issue/{quote(key, safe='')}?@verbose=2&@protected=true"), "/data")
        attributes = at(data, "/attributes")
        # The first message is the description.
        comments = (at(attributes, "/messages") or [])[1:]
        listed = [each for each in comments if str(at(each, "/activity") or "9") >= from_time]
        notes = [await self._note(text_at(each, "/id")) for each in listed[-_MOST_NOTES:]]
        other = at(attributes, "/superseder/0/id")
        if other is not None:
            into = at(await self._call("GET", f"issue/{quote(str(other), safe='')}?@verbose=2&@protected=true"), "/data")
            return self._ticket(into, at(into, "/attributes"), tuple(notes))
        return self._ticket(data, attributes, tuple(notes))

    async def _note(self, message: str) -> DeskNote:
        data = at(await self._call("GET", f"msg/{quote(message, safe='')}?@verbose=3"), "/data/attributes")
        return DeskNote(id=message, text=str(at(data, "/content") or ""), author=str(at(data, "/author/username") or ""))

    async def _message(self, text: str) -> str:
        """Roundup takes a message without an author, and then refuses the issue that has it."""
        fields = {"content": text, "author": self._settings.user, "date": "."}
        return text_at(await self._call("POST", "msg", fields), "/data/id")

    async def _listed(self, path: str) -> list[Any]:
        found = at(await self._call("GET", path), "/data/collection")
        if not isinstance(found, list):
            raise DeliveryFailed("the answer has no /data/collection")
        return found

    async def _call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        return await self._client.call(method, f"/rest/data/{path}", body, {**self._headers, **(headers or {})})

    def _priority(self, ticket: Ticket) -> str:
        return self._settings.priorities.get(ticket.priority, _PRIORITIES[ticket.priority])

    def _ticket(self, value: Any, attributes: Any, notes: tuple[DeskNote, ...] = ()) -> DeskTicket:
        key = text_at(value, "/id")
        return DeskTicket(
            key=key,
            url=f"{self._url}/issue{key}",
            state="closed" if at(attributes, "/status/name") == self._closed else "open",
            changed=str(at(attributes, "/activity") or ""),
            author=str(at(attributes, "/actor/username") or ""),
            notes=notes,
        )

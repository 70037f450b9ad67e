"""A ticket desk in the simulation with the bad habits of real ones, the people at it, and the real ticketer before it."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from actors.delivery_failed import DeliveryFailed
from actors.dispatcher.state import DispatchState
from actors.http_client import HttpAnswer
from actors.mailbox import Feed
from actors.ticketer.actor import Ticketer
from actors.ticketer.desk_client import DeskClient
from actors.ticketer.rest_desk import RestDesk
from actors.ticketer.settings import RestDeskSettings, TicketerSettings
from protocols.dispatch.outcomes import TicketChanged
from protocols.dispatch.ticket import Ticket
from protocols.event import Event

if TYPE_CHECKING:
    from simulation.life import Life
    from simulation.world import World

URL = "http://desk"
LAGS = (0.0, 2.0, 30.0)
"""Seconds after which the desk's search knows a new ticket."""
LATE = 3.0
"""The desk makes a ticket up to so many seconds after it was asked, also when nobody waits for the answer any more."""
POLL_SECONDS = 5.0
ATTEMPT_SECONDS = 10.0
_REST = RestDeskSettings(
    search="/tickets?mark={mark}",
    create="/tickets",
    create_body='{"mark": "{mark}", "title": "{title}"}',
    ticket="/tickets/{key}",
    change_body='{"comment": "{comment}", "status": "{status}", "priority": "{priority}"}',
    key="/id",
    status="/status",
    notes="/notes",
    note_id="/id",
    note_text="/text",
    note_author="/by",
    open_status="open",
    closed_status="closed",
)
_PAGE = HttpAnswer(200, {}, b"<html><h1>Something went wrong</h1></html>")
_BROKEN = HttpAnswer(500, {}, b"<html>Internal Server Error</html>")
_HABITS = ("", "", "", "", "", "reset", "busy", "page", "refused", "lost", "hang", "broken after", "page after")
"""Of a write: nothing wrong; three ways to fail before it; four ways to do it and give no proper answer."""


class DeskRow:
    """A ticket at the desk."""

    def __init__(self, key: str, mark: str, visible_at: float) -> None:
        self.key, self.mark, self.visible_at = key, mark, visible_at
        self.open = True
        self.into = ""
        """The ticket into which a person merged it."""
        self.notes: list[dict[str, str]] = []


class FarDesk:
    """The desk over all processes. It makes a ticket for every create that it takes, as Request Tracker does."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.lag = rng.choice(LAGS)
        self.rows: dict[str, DeskRow] = {}
        self.wrote: Counter[str] = Counter()
        """Comments of faultd by their last lines."""
        self._notes = 0

    def settings(self) -> TicketerSettings:
        """The search is given the time that the desk needs."""
        return TicketerSettings(
            desk="rest",
            url=URL,
            search_lag_seconds=self.lag + LATE + 1.0,
            poll_seconds=POLL_SECONDS,
            attempt_seconds=ATTEMPT_SECONDS,
            attempts=40,
            rest=_REST,
        )

    def make(self, fields: Mapping[str, str]) -> DeskRow:
        """A new ticket, whatever there is."""
        key = str(len(self.rows) + 1)
        row = self.rows[key] = DeskRow(key, fields["mark"], trio.current_time() + self.lag)
        return row

    def change(self, key: str, fields: Mapping[str, str]) -> DeskRow:
        """What faultd asks for."""
        row = self.surviving(key)
        if "status" in fields:
            row.open = fields["status"] == "open"
        self.wrote[fields["comment"].rpartition("\n")[2]] += 1
        self.note(row, fields["comment"], "faultd")
        return row

    def note(self, row: DeskRow, text: str, by: str) -> None:
        """One more comment."""
        self._notes += 1
        row.notes.append({"id": f"n{self._notes}", "text": text, "by": by})

    def surviving(self, key: str) -> DeskRow:
        """The ticket, or the one into which it was merged."""
        row = self.rows[key]
        while row.into:
            row = self.rows[row.into]
        return row

    def shown(self, row: DeskRow) -> dict[str, Any]:
        """The ticket as JSON."""
        return {"id": row.key, "mark": row.mark, "status": "open" if row.open else "closed", "notes": row.notes}

    def found(self, mark: str) -> list[dict[str, Any]]:
        """The search, which is behind, and sometimes ignores the filter."""
        known = [row for row in self.rows.values() if row.visible_at <= trio.current_time()]
        if self.rng.random() < 0.8:
            known = [row for row in known if row.mark == mark]
        return [{**self.shown(self.surviving(row.key)), "mark": row.mark} for row in known]

    def judge(self, violate: Callable[[str], None], tickets: Mapping[str, Ticket], events: list[Event]) -> None:
        """One ticket for each mark, each comment once, and the status and the comments of people on both sides. ``tickets``:
        those that the stage holds."""
        for mark, count in Counter(row.mark for row in self.rows.values()).items():
            if count > 1:
                violate(f"the desk has {count} tickets {mark}")
        for line, count in self.wrote.items():
            if count > 1:
                violate(f"the desk has the comment {line} {count} times")
        brought = [each for each in events if isinstance(each, TicketChanged) and each.task is None]
        for each in brought:
            if "[faultd" in each.comment:
                violate(f"a comment of faultd came back as one of {each.author}: {each.comment}")
        said = {(each.ticket_id, each.remote_id) for each in brought}
        for ticket in tickets.values():
            if not ticket.key or ticket.tasks:
                continue
            row = self.surviving(ticket.key)
            if ticket.state in ("open", "closed") and row.open != (ticket.state == "open") and ticket.closed_at is None:
                violate(f"{ticket.id} is {ticket.state}, and at the desk {self.shown(row)}")
            if ticket.closed_at is None:
                missing = [
                    each for each in row.notes if each["by"] == "clerk" and (ticket.id, f"note:{each['id']}") not in said
                ]
                if missing:
                    violate(f"{ticket.id} never heard of {missing}")


class FarHttp:
    """The way of one process to the desk: stands for :class:`~actors.http_client.HttpClient`."""

    def __init__(self, world: "World", life: "Life") -> None:
        self._world, self._life, self._desk = world, life, world.desk

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> HttpAnswer:
        """Read or write, well or badly. After a crash nothing is sent."""
        world, desk = self._world, self._desk
        rng = desk.rng
        await trio.sleep(rng.choice((0.0, 0.05, 0.5)))
        if self._life.dead:
            raise DeliveryFailed("the process is gone")
        path, _, query = url.removeprefix(URL).partition("?")
        key = path.removeprefix("/tickets").lstrip("/")
        habit = rng.choice(_HABITS) if world.lively else ""
        if method == "GET":
            return self._read(key, query.removeprefix("mark="), habit)
        match habit:
            case "reset":
                raise DeliveryFailed("connection reset")
            case "busy":
                return HttpAnswer(503, {"retry-after": "1"}, b"<html>busy</html>")
            case "page":
                return _PAGE
            case "refused" if rng.random() < 0.2:
                return HttpAnswer(422, {}, b'{"error": "no such priority"}')
        fields = msgspec.json.decode(body)
        done, row = trio.Event(), [DeskRow("", "", 0.0)]

        async def effect() -> None:
            await trio.sleep(rng.uniform(0.0, LATE) if method == "POST" else 0.0)
            row[0] = desk.make(fields) if method == "POST" else desk.change(key, fields)
            world.note(f"the desk: {method} {row[0].key} {row[0].mark} {fields.get('comment', '')!r}")
            done.set()

        # What is sent is done, whatever becomes of the sender.
        world.spawn(effect)
        if habit == "hang":
            await trio.sleep(2 * ATTEMPT_SECONDS)
        await done.wait()
        await world.point("a write at the desk")
        match habit:
            case "lost" | "hang":
                raise DeliveryFailed("connection reset")
            case "broken after":
                return _BROKEN
            case "page after":
                return _PAGE
        return HttpAnswer(200, {}, msgspec.json.encode(desk.shown(row[0])))

    def _read(self, key: str, mark: str, habit: str) -> HttpAnswer:
        desk = self._desk
        if habit == "reset":
            raise DeliveryFailed("connection reset")
        if habit in ("busy", "broken after"):
            return _BROKEN
        if habit in ("page", "page after"):
            return _PAGE
        answer = desk.shown(desk.surviving(key)) if key else desk.found(mark)
        return HttpAnswer(200, {}, msgspec.json.encode(answer))


class Clerk:
    """A person who works at the desk: comments, closes, opens again, merges, and edits what faultd wrote."""

    def __init__(self, world: "World") -> None:
        self._world, self._desk = world, world.desk

    async def live(self, seconds: float, pause: float) -> None:
        """Work for ``seconds``, with ``pause`` between two acts on average."""
        rng = self._desk.rng
        until = trio.current_time() + seconds
        while trio.current_time() < until:
            await trio.sleep(rng.expovariate(1 / pause))
            rows = [row for row in self._desk.rows.values() if not row.into]
            if rows:
                self._act(rng.choice(rows), rows)

    def _act(self, row: DeskRow, rows: list[DeskRow]) -> None:
        rng, desk = self._desk.rng, self._desk
        match rng.choice(("comment", "comment", "close", "reopen", "merge", "edit")):
            case "comment":
                desk.note(row, f"splice {rng.randint(1, 99)}", "clerk")
            case "close":
                row.open = False
            case "reopen":
                row.open = True
            case "merge":
                self._merge(row, rng.choice(rows))
            case "edit":
                for note in row.notes:
                    note["text"] = note["text"].replace("\n\n", "\r\n \r\n")
        self._world.note(f"the clerk: {desk.shown(row)} {row.into and 'merged into ' + row.into}")

    def _merge(self, row: DeskRow, other: DeskRow) -> None:
        if row is not other:
            row.into = other.key
            other.notes += row.notes


def ticketer(
    world: "World", life: "Life", feed: Feed, clock: Callable[[], datetime], state: Callable[[], DispatchState], ledger_id: str
) -> Ticketer:
    """The real one, before the simulated desk."""
    settings = world.desk.settings()
    desk = RestDesk(settings, settings.rest, DeskClient(FarHttp(world, life), URL, "", ""))  # type: ignore[arg-type]
    return Ticketer(
        settings,
        {"rest": desk},
        feed,
        life.appends,
        tickets=lambda: state().tickets,
        installation=ledger_id,
        metrics=life.metrics,
        clock=clock,
        random=Random(world.rng.random()),
    )

"""A desk with a REST API over real sockets: the requests of the preset, and answers that are none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import trio
from vocabulary.far_ends import Answer, HttpReceiver, answer
from vocabulary.ticketing import MARK, task, ticket

from actors.delivery_failed import DeliveryFailed
from actors.ticketer.desk import DeskNote, DeskTicket, TicketDesk
from actors.ticketer.opening import open_desks
from actors.ticketer.places import in_json, in_path
from actors.ticketer.settings import RestDeskSettings, TicketerSettings

PASSWORD = "open sesame please"
OTHERS = '{"id": "9", "externalId": "01234567-TK17", "status": "acknowledged"}'
OURS = (
    f'{{"id": "7", "href": "http://desk/7", "externalId": "{MARK}", "status": "resolved", '
    '"note": [{"id": "1", "text": "hi"}]}'
)


@asynccontextmanager
async def desk_at(place: Path, receiver: HttpReceiver) -> AsyncIterator[TicketDesk]:
    """The desk ``rest`` with the preset, at ``receiver``."""
    (place / "password").write_text(PASSWORD)
    async with receiver.serving() as port:
        settings = TicketerSettings(
            desk="rest",
            url=f"http://127.0.0.1:{port}/tmf",
            user="faultd",
            password_file=str(place / "password"),
            priorities={"medium": "3"},
            rest=RestDeskSettings(preset="tmf621"),
        )
        with trio.fail_after(20):
            yield open_desks(settings)["rest"]


def said(body: bytes | str, status: str = "200 OK") -> bytes:
    return answer(status, body.encode() if isinstance(body, str) else body)


async def test_a_ticket_is_made_by_the_preset(tmp_path: Path) -> None:
    receiver = HttpReceiver(said(OURS, "201 Created"))
    async with desk_at(tmp_path, receiver) as desk:
        made = await desk.create(ticket(priority="medium"), MARK)
    assert made == DeskTicket(
        key="7", url="http://desk/7", state="closed", changed="resolved", notes=(DeskNote(id="1", text="hi"),)
    )
    (request,) = receiver.requests
    assert (request.method, request.target) == ("POST", "/tmf/troubleTicket")
    assert request.headers["authorization"].startswith("Basic ")
    assert msgspec.json.decode(request.body) == {
        "externalId": MARK,
        "name": "olt-1 down",
        "description": "128 customers",
        "ticketType": "device.down",
        "severity": "3",
        "priority": "3",
    }


@pytest.mark.parametrize(
    ("body", "key"),
    [("[]", None), (f"[{OTHERS}]", None), (f"[{OTHERS}, {OURS}]", "7")],
)
async def test_a_search_that_answers_with_others_finds_ours_alone(tmp_path: Path, body: str, key: str | None) -> None:
    receiver = HttpReceiver(said(body))
    async with desk_at(tmp_path, receiver) as desk:
        found = await desk.find(MARK)
    assert (None if found is None else found.key) == key
    assert receiver.requests[0].target == f"/tmf/troubleTicket?externalId={MARK}"


async def test_a_change_keeps_the_notes_that_are_there_and_closes(tmp_path: Path) -> None:
    receiver = HttpReceiver(said(OURS))
    async with desk_at(tmp_path, receiver) as desk:
        await desk.change(ticket(key="7/x"), task(4, "close"), "over")
        await desk.change(ticket(key="7"), task(5, "comment"), 'a {status} "b"')
    read, close, _, comment = receiver.requests
    assert [read.method, read.target] == ["GET", "/tmf/troubleTicket/7%2Fx"]
    assert close.headers["content-type"] == "application/merge-patch+json"
    assert msgspec.json.decode(close.body) == {
        "status": "resolved",
        "note": [{"id": "1", "text": "hi"}, {"text": "over", "author": "faultd"}],
    }
    assert msgspec.json.decode(comment.body) == {
        "note": [{"id": "1", "text": "hi"}, {"text": 'a {status} "b"', "author": "faultd"}]
    }


async def test_a_ticket_is_linked_to_another(tmp_path: Path) -> None:
    receiver = HttpReceiver(said(OURS))
    async with desk_at(tmp_path, receiver) as desk:
        await desk.change(ticket(key="7"), task(4, "close"), "part of 9", "9")
    body = msgspec.json.decode(receiver.requests[-1].body)
    assert body["troubleTicketRelationship"] == [{"id": "9", "relationshipType": "relatedTo"}]


def test_version_5_of_the_preset_names_the_types_of_its_entities() -> None:
    """As TroubleTicket_FVO and TroubleTicket_MVO of version 5.0.1 ask for."""
    rest = RestDeskSettings(preset="tmf621v5").filled()
    values = {"mark": MARK, "title": "olt-1 down", "description": "128", "category": "device.down", "priority": "high"}
    assert in_json(msgspec.json.decode(rest.create_body), values) == {
        "@type": "TroubleTicket",
        "externalIdentifier": [
            {"@type": "ExternalIdentifier", "owner": "faultd", "externalIdentifierType": "ticket", "id": MARK}
        ],
        "name": "olt-1 down",
        "description": "128",
        "ticketType": "device.down",
        "severity": "high",
        "priority": "high",
    }
    changed = in_json(msgspec.json.decode(rest.change_body), {"comment": "over", "status": "resolved"})
    note = {"@type": "Note", "text": "over", "author": "faultd"}
    assert changed == {"@type": "TroubleTicket", "status": "resolved", "note": [note]}
    assert in_path(rest.search, {"mark": MARK}) == f"/troubleTicket?externalIdentifier.id={MARK}"


async def hundred_megabytes(stream: trio.SocketStream) -> None:
    await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n[")
    for _ in range(100):
        await stream.send_all(b" " * 1_000_000)


async def hangs_up(stream: trio.SocketStream) -> None:
    await stream.aclose()


@pytest.mark.parametrize(
    ("step", "error", "permanent"),
    [
        (said("<html>the desk is down for maintenance</html>"), "no JSON", False),
        (said('{"error": "no"}'), "no /id", False),
        (said(b"\xff\xfe"), "no JSON", False),
        (hundred_megabytes, "longer than", False),
        (hangs_up, "Error", False),
        (said("busy", "503 Service Unavailable"), "503 busy", False),
        (said("who are you", "401 Unauthorized"), "401", False),
        (said("no such queue", "422 Unprocessable Content"), "422 no such queue", True),
        (answer("302 Found", location="http://elsewhere/"), "redirect", True),
    ],
)
async def test_what_is_no_answer_is_a_failure(tmp_path: Path, step: Answer, error: str, permanent: bool) -> None:
    receiver = HttpReceiver(step)
    async with desk_at(tmp_path, receiver) as desk:
        with pytest.raises(DeliveryFailed, match=error) as raised:
            await desk.create(ticket(), MARK)
    assert raised.value.permanent == permanent
    assert PASSWORD not in raised.value.error
    assert len(receiver.requests) == 1


async def test_a_search_with_an_error_page_does_not_say_that_there_is_no_ticket(tmp_path: Path) -> None:
    async with desk_at(tmp_path, HttpReceiver(said('{"error": "index is being built"}'))) as desk:
        with pytest.raises(DeliveryFailed, match="no list"):
            await desk.find(MARK)


async def test_every_followed_ticket_is_read(tmp_path: Path) -> None:
    async with desk_at(tmp_path, HttpReceiver(said(OURS))) as desk:
        found = await desk.changed(datetime(2026, 3, 1, tzinfo=UTC), ["7"])
    assert [(key, each.state) for key, each in found] == [("7", "closed")]


def test_places_are_filled_so_that_no_value_changes_the_form() -> None:
    template = {
        "a": "{title}",
        "b": ["{circuits}"],
        "c": {"d": "x {key} y", "e": "{status}"},
        "f": [{"g": "{team}", "h": "k"}],
    }
    values = {"title": '", {key} "', "circuits": ["S1"], "key": "7", "status": None, "team": ""}
    assert in_json(template, values) == {"a": '", {key} "', "b": [["S1"]], "c": {"d": "x 7 y"}}
    assert in_path("/t/{key}?q={title}", {"key": "../x", "title": "a&b"}) == "/t/..%2Fx?q=a%26b"


@pytest.mark.parametrize(
    ("fields", "mistake"),
    [
        ({}, "rest.search: is needed"),
        ({"preset": "tmf621", "create_body": "{"}, "rest.create_body: no JSON"),
        ({"preset": "tmf621", "create_body": '{"a": "{titel}", "b": "{mark}"}'}, "no place {titel}"),
        ({"preset": "tmf621", "create_body": '{"a": "b"}'}, "rest.create_body: has no {mark}"),
        ({"preset": "tmf621", "key": "id"}, "rest.key: a JSON pointer"),
        ({"preset": "tmf621", "change_body": '["{comment}"]'}, "rest.change_body: is no JSON object"),
    ],
)
def test_mistakes_in_the_settings_are_named(fields: dict[str, str], mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake.replace("{", r"\{").replace("}", r"\}")):
        TicketerSettings(desk="rest", url="http://desk", rest=msgspec.convert(fields, RestDeskSettings))

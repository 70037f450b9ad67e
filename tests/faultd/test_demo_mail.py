"""The demo's mail server takes mails as any other does, and its person on call is made once."""

import json
import smtplib
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

import msgspec
import trio

from faultd.console.rest import Rest
from faultd.demo.mail_sink import HOST, TakenMail, taking_mail
from faultd.demo.night_shift import ADDRESS, make_night_shift
from protocols.dispatch.contact import ContactPlan
from protocols.dispatch.on_call import contact_at
from protocols.dispatch.rota import RotaPlan


def posted(port: int, *subjects: str) -> None:
    with smtplib.SMTP(HOST, port, timeout=10) as server:
        for subject in subjects:
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = "faultd@example.net", "a@example.net, b@example.net", subject
            mail.set_content("first line\n.a line that begins with a dot\n.\nlast line")
            server.send_message(mail)


async def test_mails_are_taken_with_their_subjects(free_tcp_port: int) -> None:
    taken: list[TakenMail] = []
    async with taking_mail(free_tcp_port, taken.append):
        await trio.to_thread.run_sync(posted, free_tcp_port, "[CRITICAL] Hafenstraße: feeder cut", "second")
    assert [(each.to, each.subject) for each in taken] == [
        ("a@example.net", "[CRITICAL] Hafenstraße: feeder cut"),
        ("b@example.net", "[CRITICAL] Hafenstraße: feeder cut"),
        ("a@example.net", "second"),
        ("b@example.net", "second"),
    ]


async def test_a_peer_that_breaks_off_leaves_the_server_up(free_tcp_port: int) -> None:
    taken: list[TakenMail] = []
    async with taking_mail(free_tcp_port, taken.append):
        for sent in (b"", b"EHLO x\r\nDATA\r\nSubject: never whole\r\n", b"\xff\xfe\r\n" * 3, b"DATA\r\n" + b"x" * 3_000_000):
            stream = await trio.open_tcp_stream(HOST, free_tcp_port)
            async with stream:
                await stream.receive_some()
                with suppress(trio.BrokenResourceError):
                    await stream.send_all(sent)
        await trio.to_thread.run_sync(posted, free_tcp_port, "after them")
    assert {each.subject for each in taken} == {"after them"}


class RotaRest(Rest):
    """Answers as the daemon does, and keeps the bodies."""

    def __init__(self, rotas: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__("http://127.0.0.1:1", "token")
        self.rotas, self.sent = rotas, list[tuple[str, bytes]]()

    def get(self, path: str) -> bytes:
        return json.dumps({"items": self.rotas}).encode()

    def post(self, path: str, body: Any) -> bytes:
        self.sent.append((path, msgspec.json.encode(body)))
        return b'{"id": "CT7"}'


def test_somebody_is_on_call_from_the_first_minute() -> None:
    rest = RotaRest()
    make_night_shift(rest)
    (contacts, contact), (rotas, rota) = rest.sent
    assert (contacts, rotas) == ("/contacts", "/rotas")
    assert msgspec.json.decode(contact, type=ContactPlan).methods[0].address == ADDRESS
    plan = msgspec.json.decode(rota, type=RotaPlan)
    assert plan.name == "on-call"
    assert contact_at(plan, 4_000_000_000_000_000) == "CT7"


def test_a_rota_of_an_earlier_run_is_kept() -> None:
    rest = RotaRest([{"id": "RO1"}])
    make_night_shift(rest)
    assert rest.sent == []

"""Mail to a real SMTP server: TLS, a password, refusals, the thread, and what strangers can write into a header."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.lowlevel
from vocabulary.delivery import AT, dispatched
from vocabulary.far_ends import PASSWORD, HttpReceiver, MailServer, certificate

from actors.delivery_failed import DeliveryFailed
from actors.notifier.channel import DeliveryChannel, MessageText, OutgoingMessage
from actors.notifier.mail import mail_of, octets_of
from actors.notifier.opening import open_channels
from actors.notifier.settings import EmailSettings, NotifierSettings
from actors.notifier.texts import built_in_text


def message(text: MessageText | None = None, **fields: Any) -> OutgoingMessage:
    notification = dispatched(**fields)
    return OutgoingMessage(notification=notification, text=text or built_in_text(notification), at=AT)


def channel(port: int, folder: Path, *, seconds: float = 10.0, ca: Path | None = None, **fields: Any) -> DeliveryChannel:
    if "user" in fields:
        (folder / "password").write_text(PASSWORD + "\n")
        fields["password_file"] = str(folder / "password")
    given: dict[str, Any] = {"host": "127.0.0.1", "port": port, "sender": "faultd@example.net", "tls": "none"}
    email = EmailSettings(**given | fields)
    settings = NotifierSettings(email=email, attempt_seconds=seconds, ca_file=str(ca or ""))
    return open_channels(settings, "ledger1")["email"]


async def test_a_mail_has_two_parts_and_the_servers_answer_comes_back(tmp_path: Path) -> None:
    server = MailServer("250 2.0.0 Ok: queued as 4711")
    with server.serving() as port:
        delivered = await channel(port, tmp_path).deliver(message())
    assert delivered.answer == "250 2.0.0 Ok: queued as 4711"
    (mail,) = server.taken
    assert mail["To"] == "Ann <ann@example.net>"
    assert mail["From"] == "faultd@example.net"
    assert mail["Subject"] == "[CRITICAL] Feeder cut"
    assert mail["Message-ID"] == "<N17.ledger1@example.net>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["In-Reply-To"] is None
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert "  Customers: 128" in plain.get_content().splitlines()
    assert "Feeder cut" in html.get_content()


async def test_451_then_250_gives_one_mail_with_the_same_message_id_and_the_clear_answers_it(tmp_path: Path) -> None:
    """operations.md C 13."""
    server = MailServer("451 4.7.1 greylisted", "250 ok")
    with server.serving() as port:
        mail = channel(port, tmp_path)
        with pytest.raises(DeliveryFailed, match=r"451 4\.7\.1 greylisted") as failed:
            await mail.deliver(message(thread="N17"))
        assert not failed.value.permanent
        await mail.deliver(message(thread="N17"))
        await mail.deliver(message(number=18, thread="N17", kind="recovered"))
    raised, cleared = server.taken
    assert server.offered[0] == server.offered[1]
    assert raised["Message-ID"] == cleared["In-Reply-To"] == cleared["References"] == "<N17.ledger1@example.net>"
    assert cleared["Message-ID"] == "<N18.ledger1@example.net>"
    assert cleared["Subject"] == "[CLEARED] Feeder cut"


@pytest.mark.parametrize(
    ("address", "replies", "permanent"),
    [
        ("nobody@example.net", ["250 ok"], True),
        ("ann@example.net", ["554 5.7.1 spam"], True),
        ("ann@example.net", ["452 4.2.2 mailbox full"], False),
        ("ann", ["250 ok"], True),
        ("ann@", ["250 ok"], True),
        ("ann@example.net\r\nBcc: eve@example.net", ["250 ok"], True),
        ("ann@example.net> SIZE=1", ["250 ok"], True),
        ('"<" ', ["250 ok"], True),
        ("ünal@example.net", ["250 ok"], True),
    ],
)
async def test_refusals_are_for_good_with_5xx_and_for_addresses_that_are_none(
    tmp_path: Path, address: str, replies: list[str], permanent: bool
) -> None:
    server = MailServer(*replies)
    with server.serving() as port, pytest.raises(DeliveryFailed) as failed:
        await channel(port, tmp_path).deliver(message(address=address))
    assert failed.value.permanent is permanent
    assert server.taken == []


@pytest.mark.parametrize("implicit", [False, True])
async def test_tls_and_a_password(tmp_path: Path, implicit: bool) -> None:
    ca, tls = certificate(tmp_path)
    server = MailServer()
    kind = "tls" if implicit else "starttls"
    with server.serving(tls=tls, implicit=implicit, auth=True) as port:
        await channel(port, tmp_path, ca=ca, tls=kind, user="faultd", host="localhost").deliver(message())
        with pytest.raises(DeliveryFailed, match=r"(?i)certificate") as failed:
            await channel(port, tmp_path, tls=kind, user="faultd", host="localhost").deliver(message())
        assert not failed.value.permanent
    assert len(server.taken) == 1
    assert server.users == ["faultd"]


async def test_a_refused_password_is_for_good_and_is_in_no_text(tmp_path: Path) -> None:
    ca, tls = certificate(tmp_path)
    server = MailServer()
    with server.serving(tls=tls, auth=True) as port:
        mail = channel(port, tmp_path, ca=ca, tls="starttls", user="faultd", host="localhost")
        mail._password = "wrong horse"  # type: ignore[attr-defined]
        with pytest.raises(DeliveryFailed, match="535") as failed:
            await mail.deliver(message())
    assert failed.value.permanent
    assert "horse" not in str(failed.value)
    assert PASSWORD in mail.secrets


async def test_without_starttls_at_the_server_nothing_is_sent(tmp_path: Path) -> None:
    server = MailServer()
    with server.serving() as port, pytest.raises(DeliveryFailed, match="STARTTLS") as failed:
        await channel(port, tmp_path, tls="starttls").deliver(message())
    assert failed.value.permanent
    assert server.offered == []


async def test_nobody_listens(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(DeliveryFailed, match="ConnectionRefusedError") as failed:
            await channel(bound.getsockname()[1], tmp_path).deliver(message())
    assert not failed.value.permanent


async def test_a_server_that_is_silent_costs_the_time_of_the_attempt_and_no_thread(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        mail: Any = channel(silent.getsockname()[1], tmp_path, seconds=300.0)
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(mail.deliver, message())
                while not mail._limiter.borrowed_tokens:
                    await trio.lowlevel.checkpoint()
                connection, _ = await trio.to_thread.run_sync(silent.accept)
                scope.cancel()
        # The thread ends because its connection does, not after 300 s.
        with trio.fail_after(10):
            while mail._limiter.borrowed_tokens:  # noqa: ASYNC110 - a limiter tells of no thread that ends
                await trio.sleep(0.01)
        connection.close()


@pytest.mark.parametrize("evil", ["a\r\nBcc: eve@example.net", "a\nX: y", "a\x00b\x85c\u2028d", "=?utf-8?q?=0ABcc:_eve?="])
def test_no_text_of_a_stranger_makes_a_header(evil: str) -> None:
    text = MessageText(subject=evil, text=f"{evil}\n.\nQUIT\n", html=evil)
    mail = mail_of(message(text, to_name=evil, facts={}), "faultd@example.net", "ledger1")
    head = octets_of(mail, utf8=False).split(b"\r\n\r\n")[0]
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    expected = "From To Subject Date Message-ID Auto-Submitted X-Faultd-Notification MIME-Version Content-Type"
    assert sorted(names) == sorted(expected.encode().split())


async def test_a_line_with_a_dot_alone_ends_no_mail(tmp_path: Path) -> None:
    server = MailServer()
    with server.serving() as port:
        await channel(port, tmp_path).deliver(message(MessageText(subject="dot", text="one\n.\nQUIT\n")))
    (mail,) = server.taken
    assert mail.get_content().splitlines() == ["one", ".", "QUIT"]


@asynccontextmanager
async def scripted(*replies: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A mail server that says the first of ``replies`` by itself, and each next one to a line of the client; the mail is one
    line. Behind the last one it closes. Its port, and the first words that it got."""
    heard: list[bytes] = []

    async def serve(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):
            await stream.send_all(replies[0])
            for reply in replies[1:]:
                read = b""
                while not read.endswith(b"\r\n") or (heard and heard[-1] == b"data" and not read.endswith(b"\r\n.\r\n")):
                    if not (part := await stream.receive_some()):
                        return
                    read += part
                heard.append(read[:4].lower())
                await stream.send_all(reply)
            await stream.aclose()

    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        yield listener.socket.getsockname()[1], heard
        nursery.cancel_scope.cancel()


OK = b"250 ok\r\n"
TO_DATA = (b"220 hi\r\n", OK, OK, OK, b"354 go on\r\n")


async def test_a_server_that_takes_the_mail_and_is_gone_has_it(tmp_path: Path) -> None:
    async with scripted(*TO_DATA, b"250 2.0.0 queued\r\n") as (port, heard):
        delivered = await channel(port, tmp_path).deliver(message())
    assert delivered.answer == "250 2.0.0 queued"
    assert heard[:4] == [b"ehlo", b"mail", b"rcpt", b"data"]


@pytest.mark.parametrize(
    ("replies", "said", "permanent"),
    [
        ((), "", False),
        ((b"554 no\r\n",), "554 no", True),
        ((b"421 busy\r\n",), "421 busy", False),
        ((b"hello there\r\n",), "no answer of a mail server", False),
        (TO_DATA[:3], "Connection unexpectedly closed", False),
        (TO_DATA, "Connection unexpectedly closed", False),
        ((*TO_DATA[:3], b"450 4.2.1 later\r\n"), "450 4.2.1 later", False),
        ((*TO_DATA[:3], b"551 5.7.1 elsewhere\r\n"), "551 5.7.1 elsewhere", True),
        ((*TO_DATA[:4], b"250 what\r\n"), "", False),
        ((*TO_DATA, b"250-go\r\n" * 20_000), "longer than 65536 octets", False),
        ((b"220-" + b"x" * 100_000,), "no answer of a mail server: Line too long.", False),
    ],
)
async def test_a_server_that_does_not_take_the_mail(
    tmp_path: Path, replies: tuple[bytes, ...], said: str, permanent: bool
) -> None:
    async with scripted(*(replies or (b"",))) as (port, _):
        with pytest.raises(DeliveryFailed) as failed:
            await channel(port, tmp_path).deliver(message())
    assert said in failed.value.error
    assert failed.value.permanent is permanent


async def test_a_certificate_that_has_expired_gets_no_mail(tmp_path: Path) -> None:
    ca, tls = certificate(tmp_path, days=-1)
    server = HttpReceiver()
    async with server.serving(tls) as port:
        with pytest.raises(DeliveryFailed, match="certificate has expired") as failed:
            await channel(port, tmp_path, ca=ca, tls="tls", user="faultd", host="localhost").deliver(message())
    assert not failed.value.permanent
    assert server.requests == []

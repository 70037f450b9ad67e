"""Webhooks and the other channels over HTTP, with a receiver that checks signatures and fails in every way."""

import base64
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpcore
import msgspec
import pytest
import trio
from vocabulary.delivery import AT, dispatched
from vocabulary.far_ends import HttpReceiver, answer, certificate, verified

from actors.delivery_failed import DeliveryFailed
from actors.notifier.channel import DeliveryChannel, OutgoingMessage
from actors.notifier.opening import open_channels
from actors.notifier.settings import NotifierSettings
from actors.notifier.texts import built_in_text
from actors.public_address import is_public
from actors.secret_files import SecretError

KEY, FORMER = b"k" * 24, b"f" * 32


def message(thread_detail: dict[str, Any] | None = None, **fields: Any) -> OutgoingMessage:
    notification = dispatched(**{"channel": "webhook", "address": "noc"} | fields)
    return OutgoingMessage(
        notification=notification, text=built_in_text(notification), at=AT, thread_detail=thread_detail or {}
    )


def opened(folder: Path, name: str, ca: Path | None = None, **tables: Any) -> DeliveryChannel:
    """The channel of that configuration; a text in a table's ``*_file`` is written into a file."""
    for table in (tables, *tables.get("webhook", ()), *tables.values()):
        for key, value in list(table.items()) if isinstance(table, dict) else ():
            if key.endswith("_file"):
                file = folder / key
                file.write_bytes(value)
                table[key] = str(file)
    settings = msgspec.convert({"ca_file": str(ca or ""), **tables}, NotifierSettings)
    return open_channels(settings, "ledger1")[name]


def webhook(folder: Path, port: int, ca: Path | None = None, **fields: Any) -> DeliveryChannel:
    secret = b"whsec_" + base64.b64encode(KEY) + b"\n"
    scheme = "http" if ca is None else "https"
    given = {"name": "noc", "url": f"{scheme}://localhost:{port}/hook?a=b", "secret_file": secret, "allow_private": True}
    return opened(folder, "webhook:noc", ca, webhook=[given | fields])


async def test_a_signed_request_that_is_the_same_for_every_attempt(tmp_path: Path) -> None:
    receiver = HttpReceiver(answer("500 Oops", b"not now"), answer("200 OK", b'{"ok":true}'))
    async with receiver.serving() as port:
        channel = webhook(tmp_path, port)
        with pytest.raises(DeliveryFailed, match="500 not now") as failed:
            await channel.deliver(message())
        assert not failed.value.permanent
        delivered = await channel.deliver(message())
    assert delivered.answer == '200 {"ok":true}'
    first, second = receiver.requests
    assert first.body == second.body
    assert (second.method, second.target, second.headers["host"]) == ("POST", "/hook?a=b", f"localhost:{port}")
    assert second.headers["webhook-id"] == "ledger1.N17"
    assert second.headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert verified(second, KEY)
    assert not verified(second, FORMER)
    said = msgspec.json.decode(second.body)
    assert said["type"] == "notification.raised"
    assert said["timestamp"] == "2026-03-01T03:00:00Z"
    assert said["data"]["id"] == "N17"
    assert said["data"]["title"] == "[CRITICAL] Feeder cut"
    assert said["data"]["facts"]["causes"][0]["alarm_id"] == "A17"


async def test_two_signatures_while_the_secret_is_rotated_and_none_without_a_secret(tmp_path: Path) -> None:
    receiver = HttpReceiver()
    async with receiver.serving() as port:
        await webhook(tmp_path, port, secret_file=b"k" * 24 + b"\n" + b"f" * 32 + b"\n").deliver(message())
        unsigned = opened(
            tmp_path, "webhook:noc", webhook=[{"name": "noc", "url": f"http://127.0.0.1:{port}/", "allow_private": True}]
        )
        await unsigned.deliver(message())
    signed, plain = receiver.requests
    assert verified(signed, KEY)
    assert verified(signed, FORMER)
    assert "webhook-signature" not in plain.headers
    assert plain.headers["webhook-id"] == "ledger1.N17"


async def test_tls_is_checked(tmp_path: Path) -> None:
    ca, tls = certificate(tmp_path)
    receiver = HttpReceiver()
    async with receiver.serving(tls) as port:
        await webhook(tmp_path, port, ca).deliver(message())
        untrusted = webhook(tmp_path, port, url=f"https://localhost:{port}/")
        with pytest.raises(DeliveryFailed, match="certificate verify failed") as failed:
            await untrusted.deliver(message())
    assert not failed.value.permanent
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("status", "permanent", "headers", "asked"),
    [
        ("400 Bad Request", True, {}, None),
        ("401 Unauthorized", True, {"Retry-After": "30"}, None),
        ("404 Not Found", True, {}, None),
        ("410 Gone", True, {}, None),
        ("408 Request Timeout", False, {}, None),
        ("425 Too Early", False, {}, None),
        ("429 Too Many Requests", False, {"Retry-After": "30"}, 30.0),
        ("429 Too Many Requests", False, {}, None),
        ("500 Internal Server Error", False, {}, None),
        ("503 Service Unavailable", False, {"Retry-After": "Sun, 01 Mar 2026 03:02:00 GMT"}, 120.0),
        ("301 Moved", True, {"Location": "http://localhost:1/"}, None),
        ("307 Temporary Redirect", True, {"Location": "/other"}, None),
    ],
)
async def test_statuses(tmp_path: Path, status: str, permanent: bool, headers: dict[str, str], asked: float | None) -> None:
    receiver = HttpReceiver(answer(status, b"why\r\nnot", **headers))
    async with receiver.serving() as port:
        with pytest.raises(DeliveryFailed) as failed:
            await webhook(tmp_path, port).deliver(message())
    assert failed.value.permanent is permanent
    assert failed.value.retry_after == asked
    assert status[:3] in failed.value.error
    assert len(receiver.requests) == 1


async def _reset(stream: trio.SocketStream) -> None:
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    stream.socket.close()


async def _nonsense(stream: trio.SocketStream) -> None:
    await stream.send_all(b"220 mail.example.net ESMTP\r\n")


async def _half(stream: trio.SocketStream) -> None:
    await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


async def _endless_header(stream: trio.SocketStream) -> None:
    await stream.send_all(b"HTTP/1.1 200 OK\r\n")
    while True:
        await stream.send_all(b"X: " + b"y" * 10_000 + b"\r\n")


@pytest.mark.parametrize("broken", [_reset, _nonsense, _half, _endless_header])
async def test_connections_that_break_are_tried_again(tmp_path: Path, broken: Any) -> None:
    receiver = HttpReceiver(broken)
    async with receiver.serving() as port:
        with pytest.raises(DeliveryFailed) as failed:
            await webhook(tmp_path, port).deliver(message())
    assert not failed.value.permanent
    assert "hook" not in failed.value.error


async def test_nobody_listens_and_no_such_host(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(DeliveryFailed, match=r"refused|connect") as failed:
            await webhook(tmp_path, bound.getsockname()[1]).deliver(message())
        assert not failed.value.permanent
    with pytest.raises(DeliveryFailed, match="cannot be resolved") as failed:
        await webhook(tmp_path, 80, url="http://nowhere.invalid/").deliver(message())
    assert not failed.value.permanent


async def test_of_an_answer_of_100_mb_64_kb_are_read(tmp_path: Path) -> None:
    sent = 0

    async def huge(stream: trio.SocketStream) -> None:
        nonlocal sent
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while sent < 100_000_000:
            await stream.send_all(b"x" * 65_536)
            sent += 65_536

    receiver = HttpReceiver(huge)
    async with receiver.serving() as port:
        delivered = await webhook(tmp_path, port).deliver(message())
    assert delivered.answer == "200 " + "x" * 200
    # What was under way is in the kernel's buffers.
    assert sent < 20_000_000


async def test_a_slow_drip_and_a_time_out_after_accept_are_bounded_by_the_callers_time(tmp_path: Path) -> None:
    async def drip(stream: trio.SocketStream) -> None:
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(10):
            await stream.send_all(b"x")
        scope.cancel()
        await trio.sleep_forever()

    async def silent(_stream: trio.SocketStream) -> None:
        scope.cancel()
        await trio.sleep_forever()

    receiver = HttpReceiver(drip, silent)
    async with receiver.serving() as port:
        for _ in range(2):
            with trio.CancelScope() as scope:
                await webhook(tmp_path, port).deliver(message())
            assert scope.cancelled_caught
    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://127.1:{port}/",
    ],
)
async def test_a_name_that_leads_to_a_private_address_is_refused(tmp_path: Path, url: str) -> None:
    receiver = HttpReceiver()
    async with receiver.serving() as port:
        channel = webhook(tmp_path, port, url=url.format(port=port), allow_private=False)
        with pytest.raises(DeliveryFailed, match="private address") as failed:
            await channel.deliver(message())
    assert failed.value.permanent
    assert receiver.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_a_private_address_that_the_url_names_is_used(tmp_path: Path, host: str) -> None:
    receiver = HttpReceiver()
    async with receiver.serving() as port:
        await webhook(tmp_path, port, url=f"http://{host}:{port}/", allow_private=False).deliver(message())
    assert len(receiver.requests) == 1


@contextmanager
def names(monkeypatch: pytest.MonkeyPatch, *rounds: list[str]) -> Iterator[list[str]]:
    """A resolver that answers differently from time to time, and the addresses that are connected to."""
    left, connected = list(rounds), []

    def getaddrinfo(_host: str, port: int, **_options: Any) -> list[Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    async def connect(_self: object, host: str, *_rest: Any, **_options: Any) -> Any:
        connected.append(host)
        raise httpcore.ConnectError("not in a test")

    monkeypatch.setattr("actors.http_client.socket.getaddrinfo", getaddrinfo)
    monkeypatch.setattr(httpcore.TrioBackend, "connect_tcp", connect)
    yield connected


async def test_the_address_that_was_checked_is_the_one_connected_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with names(monkeypatch, ["192.0.2.1", "1.1.1.1", "10.0.0.1", "8.8.8.8"], ["127.0.0.1"]) as connected:
        channel = webhook(tmp_path, 80, url="http://rebinding.example/", allow_private=False)
        with pytest.raises(DeliveryFailed) as failed:
            await channel.deliver(message())
        assert not failed.value.permanent
        with pytest.raises(DeliveryFailed, match="private address"):
            await channel.deliver(message())
    assert connected == ["1.1.1.1", "8.8.8.8"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:1.1.1.1", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::101:101", True),
        ("2002:7f00:1::", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_sms_by_get_as_kannel_takes_it(tmp_path: Path) -> None:
    receiver = HttpReceiver(answer("202 Accepted", b"0: Accepted for delivery"))
    async with receiver.serving() as port:
        url = f"http://localhost:{port}/cgi-bin/sendsms?username=f&password={{password}}&to={{to}}&text={{text}}"
        channel = opened(tmp_path, "sms", sms={"url": url, "password_file": b"p&w=d\n", "allow_private": True})
        delivered = await channel.deliver(message(channel="sms", address="+49 (170) 123-45", facts=_facts("a&b={to} ü\n")))
    (request,) = receiver.requests
    assert (request.method, request.body) == ("GET", b"")
    assert parse_qs(urlsplit(request.target).query) == {
        "username": ["f"],
        "password": ["p&w=d"],
        "to": ["+4917012345"],
        "text": ["[CRITICAL] a&b={to} ü"],
    }
    assert delivered.answer == "202 0: Accepted for delivery"
    assert set(channel.secrets) == {"p&w=d", "p%26w%3Dd"}


async def test_sms_by_post_of_json_and_of_a_form(tmp_path: Path) -> None:
    receiver = HttpReceiver()
    async with receiver.serving() as port:
        for body in ('{"to": "{to}", "text": "{text}", "ref": "{id}"}', "to={to}&text={text}"):
            table = {"url": f"http://localhost:{port}/", "body": body, "allow_private": True}
            await opened(tmp_path, "sms", sms=table).deliver(message(channel="sms", address="+491", facts=_facts('"x"')))
    json, form = receiver.requests
    assert json.headers["content-type"] == "application/json"
    assert msgspec.json.decode(json.body) == {"to": "+491", "text": '[CRITICAL] "x"', "ref": "N17"}
    assert parse_qs(form.body.decode()) == {"to": ["+491"], "text": ['[CRITICAL] "x"']}


async def test_sms_to_what_is_no_number_is_refused(tmp_path: Path) -> None:
    channel = opened(tmp_path, "sms", sms={"url": "https://gateway.example/?{text}"})
    with pytest.raises(DeliveryFailed, match="no telephone number") as failed:
        await channel.deliver(message(channel="sms", address="ann@example.net"))
    assert failed.value.permanent


async def test_slack_posts_then_puts_right_in_place_and_answers_in_the_thread(tmp_path: Path) -> None:
    posted = b'{"ok": true, "ts": "1.5", "channel": "C9"}'
    receiver = HttpReceiver(answer("200 OK", posted))
    async with receiver.serving() as port:
        channel = slack(tmp_path, port)
        first = await channel.deliver(message(channel="slack", address="#noc", facts=_facts("<!channel> a&b")))
        await channel.deliver(message(first.detail, number=18, channel="slack", address="#noc", kind="worsened"))
    assert first.detail == {"ts": "1.5", "channel": "C9"}
    assert [request.target for request in receiver.requests] == ["/chat.postMessage", "/chat.update", "/chat.postMessage"]
    assert {request.headers["authorization"] for request in receiver.requests} == {"Bearer xoxb-secret"}
    post, update, reply = (msgspec.json.decode(request.body) for request in receiver.requests)
    assert post["channel"] == "#noc"
    assert "&lt;!channel&gt; a&amp;b" in post["text"]
    assert (update["channel"], update["ts"]) == ("C9", "1.5")
    assert (reply["channel"], reply["thread_ts"], reply["reply_broadcast"]) == ("C9", "1.5", True)


@pytest.mark.parametrize(
    ("status", "body", "permanent", "asked"),
    [
        ("200 OK", b'{"ok": false, "error": "channel_not_found"}', True, None),
        ("200 OK", b'{"ok": false, "error": "invalid_auth"}', True, None),
        ("200 OK", b'{"ok": false, "error": "internal_error"}', False, None),
        ("200 OK", b"<html>sign in</html>", False, None),
        ("200 OK", b"[]", False, None),
        ("429 Too Many Requests", b'{"ok": false, "error": "ratelimited"}', False, 30.0),
    ],
)
async def test_slack_errors(tmp_path: Path, status: str, body: bytes, permanent: bool, asked: float | None) -> None:
    receiver = HttpReceiver(answer(status, body, Retry_After="30"))
    async with receiver.serving() as port:
        with pytest.raises(DeliveryFailed) as failed:
            await slack(tmp_path, port).deliver(message(channel="slack"))
    assert (failed.value.permanent, failed.value.retry_after) == (permanent, asked)


SLACK_FOR_GOOD = """
access_denied account_inactive as_user_not_supported channel_not_found deprecated_endpoint duplicate_channel_not_found
ekm_access_denied enterprise_is_restricted invalid_arg_name invalid_arguments invalid_array_arg invalid_auth invalid_blocks
invalid_charset invalid_form_data invalid_post_type is_archived message_limit_exceeded method_deprecated missing_post_type
missing_scope msg_too_long no_permission no_text not_allowed_token_type not_authed not_in_channel restricted_action
team_access_not_granted team_not_found token_expired token_revoked two_factor_setup_required something_new
"""
SLACK_FOR_NOW = """
external_channel_migrating fatal_error internal_error org_login_required rate_limited ratelimited request_timeout
service_unavailable team_added_to_org
"""


async def test_each_error_of_slack_is_for_good_or_for_now(tmp_path: Path) -> None:
    for_good, for_now = SLACK_FOR_GOOD.split(), SLACK_FOR_NOW.split()
    names = for_good + for_now
    receiver = HttpReceiver(*(answer("200 OK", msgspec.json.encode({"ok": False, "error": name})) for name in names))
    found: dict[bool, list[str]] = {True: [], False: []}
    async with receiver.serving() as port:
        chat = slack(tmp_path, port)
        for name in names:
            with pytest.raises(DeliveryFailed, match=f"chat.postMessage: {name}$") as failed:
                await chat.deliver(message(channel="slack", address="#noc"))
            found[failed.value.permanent].append(name)
    assert found == {True: for_good, False: for_now}


NESTED = b"[" * 4_000
DEEP = b'{"a":' * 60 + b"1" + b"}" * 60


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"null", b'"ok"', NESTED, DEEP, b'{"ok": "\xff"}', b"1" * 5_000, b""])
async def test_what_is_no_answer_of_slack(tmp_path: Path, body: bytes) -> None:
    async with HttpReceiver(answer("200 OK", body)).serving() as port:
        with pytest.raises(DeliveryFailed, match="the answer is") as failed:
            await slack(tmp_path, port).deliver(message(channel="slack", address="#noc"))
    assert not failed.value.permanent


@pytest.mark.parametrize("body", [NESTED, DEEP, b"<html>", b'{"a": ' + b"1" * 5_000, b'"\xff\x00"'])
async def test_an_outcome_of_a_remediation_that_is_no_json_is_kept_as_text(tmp_path: Path, body: bytes) -> None:
    async with HttpReceiver(answer("200 OK", body)).serving() as port:
        url = f"http://localhost:{port}/"
        table = {"url": url, "secret_file": b"whsec_" + base64.b64encode(KEY), "allow_private": True}
        delivered = await opened(tmp_path, "remediation", remediation=table).deliver(message(channel="remediation"))
    assert delivered.detail["outcome"] == body[:4_096].decode("utf-8", "replace")


async def test_a_slack_message_that_was_deleted_is_still_answered(tmp_path: Path) -> None:
    receiver = HttpReceiver(
        answer("200 OK", b'{"ok": false, "error": "message_not_found"}'),
        answer("200 OK", b'{"ok": true, "ts": "2.0", "channel": "C9"}'),
    )
    async with receiver.serving() as port:
        await slack(tmp_path, port).deliver(message({"ts": "1.5", "channel": "C9"}, channel="slack"))
    assert len(receiver.requests) == 2


async def test_teams_gets_a_card_without_markup_and_its_200_with_an_error_is_one(tmp_path: Path) -> None:
    receiver = HttpReceiver(answer("202 Accepted"), answer("200 OK", b"Webhook message delivery failed with error: 429"))
    async with receiver.serving() as port:
        channel = opened(
            tmp_path, "teams", teams={"url_file": f"http://localhost:{port}/secret".encode(), "allow_private": True}
        )
        await channel.deliver(message(channel="teams", facts=_facts("[click](http://evil)")))
        with pytest.raises(DeliveryFailed) as failed:
            await channel.deliver(message(channel="teams"))
    assert not failed.value.permanent
    body = msgspec.json.decode(receiver.requests[0].body)["attachments"][0]["content"]["body"]
    assert body[0]["inlines"][0]["text"] == "[CRITICAL] [click](http://evil)"
    assert {block["type"] for block in body} == {"RichTextBlock"}
    assert channel.secrets == (f"http://localhost:{port}/secret",)


async def test_remediation_says_whether_it_is_a_dry_run_and_brings_back_the_outcome(tmp_path: Path) -> None:
    receiver = HttpReceiver(answer("200 OK", b'{"action": "port reset", "done": false}'), answer("200 OK", b"x" * 5_000))
    table: dict[str, Any] = {"url": "http://localhost:{port}/", "secret_file": b"k" * 24, "allow_private": True}
    async with receiver.serving() as port:
        channel = opened(tmp_path, "remediation", remediation=table | {"url": f"http://localhost:{port}/"})
        delivered = await channel.deliver(message(channel="remediation", address="repair", kind="at_risk"))
        long = await channel.deliver(message(channel="remediation", address="repair"))
    assert delivered.detail == {"dry_run": True, "outcome": {"action": "port reset", "done": False}}
    assert delivered.answer.startswith("dry run: 200")
    assert long.detail["outcome"] == "x" * 4_096
    assert (channel.pace_seconds, channel.paces_addresses) == (10.0, False)
    said = msgspec.json.decode(receiver.requests[0].body)
    assert (said["type"], said["data"]["dry_run"]) == ("remediation.requested", True)
    assert verified(receiver.requests[0], KEY)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b"whsec_***", "not base64"),
        (b"short", "at least 16"),
        (b"k" * 20 + b"\n" + b"l" * 20 + b"\n" + b"m" * 20, "3 lines"),
        (b"k" * 70_000, "longer"),
    ],
)
def test_secrets_that_cannot_be_used_are_refused_without_showing_them(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(SecretError, match=reason) as refused:
        webhook(tmp_path, 80, secret_file=content)
    assert "notifier.webhook[0].secret_file" in str(refused.value)
    assert "kkkk" not in str(refused.value)
    assert refused.value.__cause__ is None


def slack(folder: Path, port: int) -> DeliveryChannel:
    table = {"token_file": b"xoxb-secret\n", "url": f"http://localhost:{port}", "allow_private": True}
    return opened(folder, "slack", slack=table)


def _facts(title: str) -> dict[str, Any]:
    return {"causes": [{"severity": "critical", "title": title}], "count": 1, "others": 0}

"""Who is let in, who is refused and how, and what a peer that misbehaves costs: its own connection, nothing else."""

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
import trio
from fuzzing.request_lines import frames, handshake
from trio.testing import MockClock, wait_all_tasks_blocked
from trio_websocket import ConnectionClosed, ConnectionRejected
from vocabulary.alarms import make_alarm
from vocabulary.stream import RunningStream
from vocabulary.typed import of_kind

from actors.stream.board import Board
from actors.tokens import TokenFileError
from protocols.change import AlarmChanged

UPGRADE = (
    b"GET /alarms?token=all HTTP/1.1\r\nHost: noc\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def refusal(served: RunningStream, *args: Any, **options: Any) -> tuple[int, dict[str, Any]]:
    try:
        async with served.connect(*args, **options):
            pytest.fail("let in")
    except* ConnectionRejected as group:
        rejected = of_kind(ConnectionRejected, group.exceptions[0])
    assert rejected.headers is not None
    problem: dict[str, Any] = msgspec.json.decode(rejected.body or b"")
    assert dict(rejected.headers)[b"content-type"] == b"application/problem+json"
    assert problem["status"] == rejected.status_code
    return rejected.status_code, problem


async def still_serves(served: RunningStream) -> None:
    async with served.connect() as client:
        assert (await client.frame())["type"] == "snapshot"


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ("since=-1", "since", "sequence number"),
        ("since=x", "since", "sequence number"),
        ("since=" + "9" * 40, "since", "sequence number"),
        ("severity=critcal", "severity", "critical, major"),
        ("severity=3", "severity", "critical, major"),
        ("severity=", "severity", "critical, major"),
        ("status=open", "status", "active, acknowledged"),
        ("topic=sla", "topic", "alarms, sla_instances, sla_breaches, sla_notification_requests"),
        ("topic=alarms,", "topic", "alarms, sla_instances"),
        ("tenant=", "tenant", "empty"),
        ("severty=major", "severty", "not a parameter"),
        ("subtree=olt-1", "subtree", "not a parameter"),
        ("view=effects", "view", "all, causes"),
        ("view=all&view=causes", "view", "more than once"),
        ("acknowledged=maybe", "acknowledged", "neither true nor false"),
        ("source=rumour", "source", "network_device"),
        ("tag=", "tag", "empty"),
        ("tag=a,,b", "tag", "empty"),
        ("assigned_to=" + "a" * 201, "assigned_to", "longer"),
        ("tag=" + ",".join(map(str, range(101))), "tag", "more than 100"),
        ("ticket_id=T1&ticket_id=T2", "ticket_id", "more than once"),
        ("&".join(["since=1"] * 200), "query", "too many"),
    ],
)
async def test_a_bad_parameter_is_named(query: str, field: str, text: str) -> None:
    async with RunningStream().serve() as served:
        status, problem = await refusal(served, query)
        assert status == 400
        assert problem["errors"][0]["field"] == field
        assert text in problem["detail"]
        assert served.sample("faultd_stream_refused_total", reason="parameter") == 1


async def test_no_token_a_wrong_one_and_an_expired_one_are_401() -> None:
    async with RunningStream().serve() as served:
        for token in ("", "nonsense"):
            status, problem = await refusal(served, "severity=wrong", token=token)
            assert status == 401
            assert "severity" not in problem["detail"]
        served.now = served.tokens.expires["short"]
        assert (await refusal(served, token="short"))[0] == 401
        assert served.sample("faultd_stream_refused_total", reason="token") == 3


@pytest.mark.parametrize(
    "how",
    [
        {"query": "token=all", "token": ""},
        {"subprotocols": ["bearer", "all"], "token": ""},
        {"headers": [(b"Authorization", b"bearer  all")], "token": ""},
    ],
)
async def test_the_token_may_come_in_three_ways(how: dict[str, Any]) -> None:
    async with RunningStream().serve() as served, served.connect(**how) as client:
        assert (await client.frame())["type"] == "snapshot"
        assert client.connection.subprotocol == ("bearer" if "subprotocols" in how else None)


async def test_another_tenant_is_403_and_its_own_is_fine() -> None:
    async with RunningStream().serve() as served:
        status, problem = await refusal(served, "tenant=south", token="north")
        assert (status, problem["errors"][0]["field"]) == (403, "tenant")
        async with served.connect("tenant=north", token="north") as client:
            await client.frame()


async def test_another_path_is_404() -> None:
    async with RunningStream().serve() as served:
        assert (await refusal(served, path="/"))[0] == 404


@pytest.mark.parametrize(
    ("origin", "allowed", "admitted"),
    [
        (b"http://127.0.0.1:3000", (), True),
        (b"https://evil.example", (), False),
        (b"null", (), False),
        (b"http://[", (), False),
        (b"https://noc.example", ("https://noc.example/",), True),
        (b"https://noc.example.evil", ("https://noc.example",), False),
        (b"https://evil.example", ("*",), True),
    ],
)
async def test_origins(origin: bytes, allowed: tuple[str, ...], admitted: bool) -> None:
    async with RunningStream(allowed_origins=allowed).serve() as served:
        if admitted:
            async with served.connect(headers=[(b"Origin", origin)]) as client:
                await client.frame()
        else:
            status, problem = await refusal(served, headers=[(b"Origin", origin)])
            assert (status, problem["errors"][0]["field"]) == (403, "Origin")


async def test_no_more_than_max_clients() -> None:
    async with RunningStream(max_clients=2).serve() as served:
        async with served.connect() as one, served.connect() as two:
            await one.frame()
            await two.frame()
            assert (await refusal(served))[0] == 503
        await wait_all_tasks_blocked()
        await still_serves(served)


async def test_an_unreadable_token_file_is_503_and_keeps_who_is_in(mock_clock: MockClock) -> None:
    async with RunningStream(heartbeat_seconds=10.0).serve() as served, served.connect() as client:
        await client.frame()

        served.tokens.unreadable = TokenFileError(Path("tokens.json"), "permission denied")
        assert (await refusal(served))[0] == 503
        mock_clock.jump(10.0)
        assert (await client.frame())["type"] == "heartbeat"


async def test_a_token_that_expires_meanwhile_ends_the_subscription(mock_clock: MockClock) -> None:
    async with RunningStream(heartbeat_seconds=30.0).serve() as served, served.connect(token="short") as client:
        await client.frame()
        served.now = served.tokens.expires["short"]
        mock_clock.jump(30.0)
        with pytest.raises(ConnectionClosed):
            await client.reach(10**9)
        assert client.closed.code == 4401
        assert "expired" in (client.closed.reason or "")


async def test_clients_may_say_little_and_nothing_binary_or_big() -> None:
    async with RunningStream().serve() as served:
        for message, code in ((b"\0", 1003), ("x" * 5000, 1009)):
            async with served.connect() as client:
                await client.frame()
                await client.connection.send_message("a keepalive of its own")
                await client.connection.send_message(message)
                with pytest.raises(ConnectionClosed):
                    await client.frame()
                assert client.closed.code == code
        await still_serves(served)


HOSTILE = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n" * 4,
    "no upgrade": b"GET /alarms HTTP/1.1\r\nHost: noc\r\n\r\n",
    "post": UPGRADE.replace(b"GET", b"POST"),
    "host that is no text": UPGRADE.replace(b"Host: noc", b"Host: \xff\xfe\xfd"),
    "host that is no idna": UPGRADE.replace(b"Host: noc", b"Host: xn--\x80" + b"a" * 100),
    "subprotocol that is no text": UPGRADE.replace(b"Host: noc", b"Host: noc\r\nSec-WebSocket-Protocol: \xff\xff"),
    "connection that is no text": UPGRADE.replace(b"Connection: Upgrade", b"Connection: \xff"),
    "origin that is no text": UPGRADE.replace(b"Host: noc", b"Host: noc\r\nOrigin: \xff\xff://\xff"),
    "token that is no text": UPGRADE.replace(b"token=all", b"token=%ff%00"),
    "version": UPGRADE.replace(b"Version: 13", b"Version: 12"),
    "key that is no base64": UPGRADE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"\xff"),
    "endless header": b"GET /alarms HTTP/1.1\r\nX: " + b"a" * 100_000,
    "one octet behind the upgrade": UPGRADE + b"\x00",
    "a second request": UPGRADE + UPGRADE,
    "unmasked frame": UPGRADE + b"\x81\x01a",
}


@pytest.mark.parametrize("octets", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("split", [False, True])
async def test_whatever_comes_ends_that_connection_alone(octets: bytes, split: int) -> None:
    async with RunningStream().serve() as served, served.connect() as bystander:
        await bystander.frame()
        stream = await trio.open_tcp_stream(*served.address)
        async with stream:
            for part in (octets[:40], octets[40:]) if split else (octets,):
                await stream.send_all(part)
                await wait_all_tasks_blocked()
        await wait_all_tasks_blocked()
        served.feed.record(AlarmChanged(1, make_alarm("a"), ()))
        assert (await bystander.frame())["type"] == "changes"
        await still_serves(served)


FRAMES = {
    "reserved opcode": b"\x83\x80\x00\x00\x00\x00",
    "reserved bits": b"\xf1\x80\x00\x00\x00\x00",
    "unmasked": b"\x81\x01a",
    "continuation of nothing": b"\x80\x80\x00\x00\x00\x00",
    "text that is not UTF-8": b"\x81\x82\x00\x00\x00\x00\xff\xff",
    "huge length": b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
    "long ping": b"\x89\xfe\x01\x00\x00\x00\x00\x00" + b"a" * 256,
    "close with a bad code": b"\x88\x82\x00\x00\x00\x00\x00\x01",
    "two closes": b"\x88\x80\x00\x00\x00\x00" * 2,
    "close and then a flood": b"\x88\x80\x00\x00\x00\x00" + b"\x81\xfe\x10\x01\x00\x00\x00\x00" + b"a" * 4097,
    "fragments without end": b"\x01\xfe\x08\x00\x00\x00\x00\x00" + b"a" * 2048 + b"\x00\xfe\x08\x00\x00\x00\x00\x00" * 40,
    "noise": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("octets", FRAMES.values(), ids=FRAMES.keys())
async def test_garbage_frames_end_that_connection_alone(octets: bytes) -> None:
    async with RunningStream().serve() as served, served.connect() as bystander:
        await bystander.frame()
        stream = await trio.open_tcp_stream(*served.address)
        async with stream:
            await stream.send_all(UPGRADE)
            assert (await stream.receive_some(4096)).startswith(b"HTTP/1.1 101")
            await wait_all_tasks_blocked()
            await stream.send_all(octets)
            await wait_all_tasks_blocked()
            served.feed.record(AlarmChanged(1, make_alarm("a"), ()))
            assert (await bystander.frame())["type"] == "changes"
        await wait_all_tasks_blocked()
        await still_serves(served)
        await wait_all_tasks_blocked()
        assert served.sample("faultd_stream_clients") == 1


async def test_a_peer_that_sends_oversize_while_it_is_being_closed(mock_clock: MockClock) -> None:
    """The WebSocket layer raises when it wants to close what is closing already; that must not reach the actor."""
    async with RunningStream(heartbeat_seconds=30.0).serve() as served:
        stream = await trio.open_tcp_stream(*served.address)
        async with stream:
            await stream.send_all(UPGRADE.replace(b"token=all", b"token=short"))
            await wait_all_tasks_blocked()
            served.now = served.tokens.expires["short"]
            mock_clock.jump(30.0)
            await wait_all_tasks_blocked()
            await stream.send_all(b"\x81\xfe\x10\x01\x00\x00\x00\x00" + b"a" * 4097)
            await wait_all_tasks_blocked()
        assert served.sample("faultd_stream_clients") == 0
        await still_serves(served)


async def test_a_handshake_that_never_comes_is_given_up(mock_clock: MockClock) -> None:
    async with RunningStream().serve() as served:
        stream = await trio.open_tcp_stream(*served.address)
        async with stream:
            await stream.send_all(UPGRADE[:20])
            await wait_all_tasks_blocked()
            mock_clock.jump(10.1)
            assert await stream.receive_some(100) == b""
        assert served.sample("faultd_stream_refused_total", reason="timeout") == 1


async def test_a_flood_of_connections_is_cut_at_the_door() -> None:
    async with RunningStream(max_clients=1).serve() as served:
        streams = [await trio.open_tcp_stream(*served.address) for _ in range(80)]
        await wait_all_tasks_blocked()
        assert served.sample("faultd_stream_refused_total", reason="connections") == 80 - 65
        for stream in streams:
            await stream.aclose()
        await wait_all_tasks_blocked()
        await still_serves(served)


TARGETS = [
    b"//[",
    b"//[::1",
    b"http://[/alarms",
    b"//a]/alarms",
    b"/alarms?token=%ff%00&since=[",
    b"/alarms?" + b"&".join([b"a=1"] * 5000),
    b"/alarms?" + b";".join([b"a=1"] * 200),
    b"*",
    b"?",
    b"noc:8163",
    b"//alarms?token=all",
    b"/alarms/?token=all",
    b"/%61larms?token=all",
    b"/alarms#?token=all",
    b"/alarms?tenant=%ed%a0%80&token=no",
    "/alarms?since=\u0661&token=all".encode(),
]


@pytest.mark.parametrize("target", TARGETS)
async def test_no_request_line_ends_the_stream(target: bytes) -> None:
    """Six of ``//[`` had the supervisor give the stream up."""
    async with RunningStream().serve() as served:
        for _ in range(2):
            async with await trio.open_tcp_stream(*served.address) as stream:
                await stream.send_all(UPGRADE.replace(b"/alarms?token=all", target))
                with trio.fail_after(30):
                    answer = b"".join([chunk async for chunk in stream])
            assert answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 401", b"HTTP/1.1 404", b""), answer
        await still_serves(served)
        assert served.sample("faultd_stream_refused_total", reason="error") == 0


async def test_a_bug_met_by_one_connection_ends_it_alone_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the WebSocket layer or the stream itself raises for one peer."""
    async with RunningStream().serve() as served, served.connect() as bystander:
        await bystander.frame()
        with structlog.testing.capture_logs() as logs, monkeypatch.context() as patched:

            def broken(*_: object, **__: object) -> None:
                raise ZeroDivisionError("text that quotes a token")

            patched.setattr("actors.stream.actor.admit", broken)
            for _ in range(20):
                async with await trio.open_tcp_stream(*served.address) as stream:
                    await stream.send_all(UPGRADE)
                    with trio.fail_after(30):
                        assert await stream.receive_some(1) == b""
        await wait_all_tasks_blocked()
        assert served.sample("faultd_stream_refused_total", reason="error") == 20
        errors = [line for line in logs if line["log_level"] == "error"]
        assert 1 <= len(errors) <= 6
        assert "ZeroDivisionError in test_stream_handshake.py" in errors[0]["errors"][0]
        assert "token" not in repr(errors)
        await still_serves(served)


async def test_the_rest_apis_words_choose_alarms() -> None:
    alarms = [
        make_alarm("a", tags=("vip",), device_id="olt-1", resource_id="olt-1/0/1"),
        make_alarm("b", parent_alarm_id="a", resource_id="olt-1/fan"),
        make_alarm("c", assigned_to="ada", acknowledged_at=make_alarm("x").received_at, resource_id="olt-11"),
    ]
    found = {
        "view=causes": {"a", "c"},
        "view=all": {"a", "b", "c"},
        "tag=vip,x": {"a"},
        "parent_alarm_id=a": {"b"},
        "assigned_to=ada&acknowledged=true": {"c"},
        "acknowledged=false&view=causes": {"a"},
        "device_id=olt-1": {"a", "b"},
        "tenant_id=north&severity=critical&source=network_device&alarm_type=los": {"a", "b", "c"},
        "tenant_id=south": set(),
    }
    async with RunningStream(Board(0, alarms)).serve() as served:
        for query, expected in found.items():
            async with served.connect(query) as client:
                assert {alarm["id"] for alarm in (await client.frame())["alarms"]} == expected, query


async def test_handshakes_and_frames_that_are_spoilt_end_their_connection_only() -> None:
    rng = random.Random(20261130)
    admitted = refused = 0
    with structlog.testing.capture_logs() as logs:
        async with RunningStream().serve() as served:
            for _ in range(300):
                token = rng.choice(("", "wrong", "all"))
                octets = handshake(token, rng) + (frames(rng) if rng.random() < 0.3 else b"")
                answer = b""
                async with await trio.open_tcp_stream(*served.address) as peer:
                    try:
                        await peer.send_all(octets)
                        await peer.send_eof()
                        async for chunk in peer:
                            answer += chunk
                    except trio.BrokenResourceError:
                        pass
                admitted += answer.startswith(b"HTTP/1.1 101 ")
                refused += answer.startswith(b"HTTP/1.1 4")
                assert token == "all" or not answer.startswith(b"HTTP/1.1 101 "), octets
            await still_serves(served)
    assert admitted > 10
    assert refused > 50
    assert served.sample("faultd_stream_refused_total", reason="error") == 0
    assert [line for line in logs if line["log_level"] in ("warning", "error")] == []

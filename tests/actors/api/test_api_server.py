"""The server under strangers: nothing that one connection does ends it, and its stop is bounded."""

from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked
from vocabulary.api import RunningApi

from actors.addresses import AddressError
from actors.api.server import HttpServer
from actors.api.settings import ApiSettings
from actors.metrics import Metrics

_UPGRADE = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
UPGRADES = {
    "h2c": _UPGRADE + b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "h2c with broken settings": _UPGRADE + b"Upgrade: h2c\r\nHTTP2-Settings: ?\r\n\r\n",
    "h2c without settings": _UPGRADE + b"Upgrade: h2c\r\n\r\n",
    "websocket": b"GET /alarms HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "websocket without a key": _UPGRADE + b"Upgrade: websocket\r\n\r\n",
    "unknown": b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: nonsense\r\n\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
HOSTILE = {
    **{f"{name}, then one byte": request + b"x" for name, request in UPGRADES.items()},
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
    "two lengths": b"POST /api/v1/faults/alarms HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a bad chunk": b"POST /api/v1/faults/alarms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a broken path": b"GET /%ff%00%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    "a broken query": b"GET /healthz?%ff=%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "octets in headers": b"GET /api/v1/faults/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
    "endless headers": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000,
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "pipelined": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 50,
    "an unknown method": b"BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
}


async def _read_to_end(stream: trio.SocketStream) -> bytes:
    received = b""
    try:
        async for chunk in stream:
            received += chunk
    except trio.BrokenResourceError:
        pass
    return received


async def _until_closed(lab: RunningApi) -> None:
    """Wait until the server holds no connection any more."""
    with trio.fail_after(30):
        while lab.api.connections:
            await wait_all_tasks_blocked(0.001)


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_connection_ends_alone(lab: RunningApi, name: str) -> None:
    async with lab.serve(), lab.client() as bystander, lab.connect() as stream:
        assert (await bystander.get("/healthz")).status_code == 200
        await stream.send_all(HOSTILE[name])
        await stream.send_eof()
        with trio.fail_after(30):
            await _read_to_end(stream)
        assert (await bystander.get("/healthz")).status_code == 200
        async with lab.client() as newcomer:
            assert (await newcomer.get(f"{lab.FAULTS}/me")).json()["name"] == "operator"
    assert lab.sample("faultd_http_connections_dropped_total", reason="error") == 0


@pytest.mark.parametrize("name", UPGRADES)
async def test_an_upgrade_followed_by_one_extra_byte_leaves_the_server_answering(lab: RunningApi, name: str) -> None:
    """The case that ends Hypercorn 0.18's trio worker: the byte arrives after the upgrade has been answered."""
    async with lab.serve():
        async with lab.connect() as stream:
            await stream.send_all(UPGRADES[name])
            with trio.fail_after(30):
                assert (await stream.receive_some(1000)).startswith(b"HTTP/1.1 ")
                try:
                    await stream.send_all(b"x")
                    await stream.send_eof()
                except trio.BrokenResourceError:
                    pass
                await _read_to_end(stream)
        await _until_closed(lab)
        async with lab.client() as client:
            assert (await client.get("/healthz")).text == "ok\n"
        assert lab.sample("faultd_http_connections_dropped_total", reason="error") == 0


@pytest.mark.parametrize(("name", "status"), [("h2c", b"303"), ("websocket", b"401")])
async def test_an_upgrade_is_served_as_plain_http(lab: RunningApi, name: str, status: bytes) -> None:
    async with lab.serve(), lab.connect() as stream:
        await stream.send_all(UPGRADES[name])
        with trio.fail_after(30):
            assert (await stream.receive_some(1000)).startswith(b"HTTP/1.1 " + status)


async def test_an_error_in_the_protocol_code_ends_that_connection_and_is_counted(
    lab: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: object, event: object) -> None:
        raise ZeroDivisionError("a bug in the protocol code")

    async with lab.serve(), lab.client() as client:
        assert (await client.get("/healthz")).status_code == 200
        with monkeypatch.context() as patched:
            patched.setattr("anycorn.protocol.h11.H11Protocol.handle", broken)
            async with lab.connect() as stream:
                await stream.send_all(b"x")
                with trio.fail_after(30):
                    assert await _read_to_end(stream) == b""
        assert lab.sample("faultd_http_connections_dropped_total", reason="error") == 1
        async with lab.client() as another:
            assert (await another.get("/healthz")).status_code == 200


@pytest.mark.parametrize("bounds", [{"max_connections": 2}, {"max_connections_per_address": 2}])
async def test_an_idle_connection_gives_way_to_one_too_many(
    make_lab: Callable[..., RunningApi], bounds: dict[str, int]
) -> None:
    """Also one that never ends its headers: whoever holds all connections without asking anything keeps nobody out."""
    lab = make_lab(**bounds)
    async with lab.serve():
        async with lab.connect() as oldest, lab.connect() as second, lab.client() as third:
            await second.send_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
            await wait_all_tasks_blocked(0.001)
            assert (await third.get("/healthz")).status_code == 200
            with trio.fail_after(30):
                assert await _read_to_end(oldest) == b""
            assert lab.sample("faultd_http_connections_dropped_total", reason="gave_way") == 1
        await _until_closed(lab)


async def test_one_connection_too_many_beside_requests_under_way_is_closed_and_counted(
    make_lab: Callable[..., RunningApi],
) -> None:
    lab = make_lab(max_connections=1)
    lab.answering = False
    head = f"POST {lab.FAULTS}/alarms/x/clear HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {lab.tokens['operator']}\r\n\r\n"
    async with lab.serve(), lab.connect() as asking:
        await asking.send_all(head.encode())
        await lab.asked.wait()
        async with lab.connect() as second:
            with trio.fail_after(30):
                assert await _read_to_end(second) == b""
        assert lab.sample("faultd_http_connections_dropped_total", reason="limit") == 1


_POST = b"POST /api/v1/faults/events HTTP/1.1\r\nHost: x\r\n"
_NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
AMBIGUOUS = {
    "a length beside chunks": _POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks beside a length": _POST + b"Transfer-Encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
    "the same length twice": _POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "two lengths": _POST + b"Content-Length: 0\r\nContent-Length: 4\r\n\r\n",
    "a list of lengths": _POST + b"Content-Length: 0, 0\r\n\r\n",
    "a length with a sign": _POST + b"Content-Length: +0\r\n\r\n",
    "a hexadecimal length": _POST + b"Content-Length: 0x0\r\n\r\n",
    "two encodings": _POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "an unknown encoding": _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": _POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another version": _NEXT.replace(b"HTTP/1.1", b"HTTP/1.2"),
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "a folded header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n Content-Length: 4\r\n\r\n",
    "a bare LF": b"GET /healthz HTTP/1.1\nHost: x\n\n",
    "a bare LF within": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\nContent-Length: 4\r\n\r\n",
    "a bare CR within": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\rContent-Length: 4\r\n\r\n",
    "a space before the colon": b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\n",
    "a path that is not UTF-8": b"GET /healthz/%ff HTTP/1.1\r\nHost: x\r\n\r\n",
    "a broken escape": b"GET /healthz/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    "a question mark for a path": b"GET ? HTTP/1.1\r\nHost: x\r\n\r\n",
    "a query without a path": b"GET ?/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "no target": b"GET  HTTP/1.1\r\nHost: x\r\n\r\n",
    "a control character in the path": b"GET /health\x01z HTTP/1.1\r\nHost: x\r\n\r\n",
    "octets of UTF-8 in the path": "GET /health\u00fc HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
@pytest.mark.parametrize("split", [False, True])
async def test_an_ambiguous_request_is_refused_and_nothing_behind_it_is_answered(
    lab: RunningApi, name: str, split: bool
) -> None:
    octets = AMBIGUOUS[name] + _NEXT
    async with lab.serve(), lab.connect() as stream:
        for part in (octets[:45], octets[45:]) if split else (octets,):
            await stream.send_all(part)
            await wait_all_tasks_blocked(0.001)
        with trio.fail_after(30):
            answer = await _read_to_end(stream)
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert answer[9:12] in (b"400", b"501"), answer
    assert b"application/problem+json" in answer
    assert b"connection: close" in answer
    assert lab.appended == []


async def test_a_head_request_that_is_refused_is_answered_without_a_body(lab: RunningApi) -> None:
    async with lab.serve():
        for path in ("/healthz/%ff", "/healthz/%zz", "?"):
            async with lab.connect() as stream:
                await stream.send_all(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                answer = await _read_to_end(stream)
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert answer.endswith(b"\r\n\r\n")
        async with lab.connect() as stream:
            # The next request of that connection is answered with a body again.
            await stream.send_all(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + AMBIGUOUS["a folded header"])
            answer = await _read_to_end(stream)
            assert answer.count(b"HTTP/1.1 ") == 2
            assert answer.endswith(b"}")
        assert lab.sample("faultd_http_connections_dropped_total", reason="error") in (None, 0)


async def test_chunks_that_are_nearly_all_extension_are_not_read_on(lab: RunningApi) -> None:
    head = f"POST {lab.ALARMS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {lab.tokens['operator']}\r\n"
    async with lab.serve(), lab.connect() as stream:
        await stream.send_all(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        with trio.move_on_after(30) as patience:
            try:
                while True:
                    await stream.send_all(b"1;" + b"x" * 8_000 + b"\r\n \r\n")
            except trio.BrokenResourceError:
                pass
        assert not patience.cancelled_caught
    assert lab.appended == []


async def test_a_body_in_single_octets_is_taken(lab: RunningApi) -> None:
    async def octets() -> Any:
        for octet in b'{"type": "device.down", "resource_type": "olt", "resource_id": "olt-1"}':
            yield bytes((octet,))

    async with lab.serve(), lab.client() as client:
        answer = await client.post(f"{lab.FAULTS}/events", content=octets(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, answer.text


async def test_slow_headers_are_not_waited_for(make_lab: Callable[..., RunningApi], virtual_clock: MockClock) -> None:
    lab = make_lab(header_seconds=10)
    async with lab.serve(), lab.connect() as stream:
        begun = trio.current_time()
        await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert await _read_to_end(stream) == b""
        assert trio.current_time() - begun == pytest.approx(10, abs=0.01)


async def test_a_slow_body_is_answered_and_not_waited_for(
    make_lab: Callable[..., RunningApi], virtual_clock: MockClock
) -> None:
    lab = make_lab(read_seconds=20)
    async with lab.serve(), lab.connect() as stream:
        head = f"POST {lab.ALARMS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {lab.tokens['operator']}\r\n"
        await stream.send_all(head.encode() + b"Content-Length: 100\r\n\r\n{")
        answer = await _read_to_end(stream)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"body_too_slow" in answer


async def test_the_body_of_a_stranger_is_not_read(lab: RunningApi) -> None:
    async with lab.serve(), lab.connect() as stream:
        await stream.send_all(f"POST {lab.ALARMS} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n".encode())
        with trio.fail_after(30):
            answer = await _read_to_end(stream)
        assert answer.startswith(b"HTTP/1.1 401 ")


async def test_a_body_beyond_the_bound_is_refused_with_or_without_its_length(make_lab: Callable[..., RunningApi]) -> None:
    lab = make_lab(max_body_bytes=1000)

    async def chunks() -> Any:
        for _ in range(11):
            yield b" " * 100

    async with lab.serve(), lab.client() as client:
        lab.problem(await client.post(lab.ALARMS, content=b" " * 1001), 413, "body_too_large")
        lab.problem(await client.post(lab.ALARMS, content=chunks()), 413, "body_too_large")
        lab.problem(await client.post(lab.ALARMS, content=b" " * 1000), 400, "malformed_json")


async def test_a_peer_that_reads_nothing_is_let_go(make_lab: Callable[..., RunningApi], virtual_clock: MockClock) -> None:
    lab = make_lab(write_seconds=20)
    async with lab.serve(), lab.connect() as stream:
        request = b"GET /schema/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
        with trio.move_on_after(1000) as patience:
            try:
                while True:
                    await stream.send_all(request * 100)
            except trio.BrokenResourceError:
                pass
        assert not patience.cancelled_caught


async def test_stopping_lets_a_request_finish(lab: RunningApi) -> None:
    lab.answering = False
    async with lab.serve(), lab.client() as client:
        responses = []

        async def post() -> None:
            responses.append(await client.post(lab.ALARMS, json=lab.ALARM))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(post)
            await lab.asked.wait()
            lab.serving.cancel()
            await wait_all_tasks_blocked(0.001)
            with pytest.raises(OSError, match="connect"):
                async with lab.connect():
                    pass
            assert lab.appended[0].answered is not None
            lab.appended[0].answered.give(await lab.record(lab.appended[0].events))
        assert responses[0].status_code == 201


async def test_stopping_does_not_wait_for_ever(make_lab: Callable[..., RunningApi], virtual_clock: MockClock) -> None:
    lab = make_lab(drain_seconds=5, answer_seconds=1000, write_seconds=1000)
    lab.answering = False
    async with lab.serve(), lab.connect() as deaf, lab.connect() as asking:
        head = f"POST {lab.FAULTS}/alarms/x/clear HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {lab.tokens['operator']}\r\n\r\n"
        await asking.send_all(head.encode())
        with trio.move_on_after(5):
            while True:
                await deaf.send_all(b"GET /schema/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        await lab.asked.wait()
        begun = trio.current_time()
        lab.serving.cancel()
        await _read_to_end(asking)
        assert trio.current_time() - begun == pytest.approx(5, abs=0.1)


async def test_an_idle_connection_does_not_hold_up_the_stop(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client, lab.connect() as idle:
        await client.get("/healthz")
        lab.serving.cancel()
        with trio.fail_after(30):
            assert await _read_to_end(idle) == b""


async def test_an_address_in_use_is_an_error(lab: RunningApi) -> None:
    async with lab.serve():
        server = HttpServer(ApiSettings(bind=lab.address), lab.api.application, lab.metrics)
        with pytest.raises(AddressError, match="is in use"):
            await server.run()


@pytest.mark.parametrize("turns", range(30))
async def test_cancelled_at_any_moment_of_its_start_it_ends(lab: RunningApi, turns: int) -> None:
    server = HttpServer(ApiSettings(bind="127.0.0.1:0"), lab.api.application, Metrics())
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.run)
            for _ in range(turns):
                await trio.lowlevel.cancel_shielded_checkpoint()
            nursery.cancel_scope.cancel()

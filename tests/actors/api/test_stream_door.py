"""The alarm stream on the API's port: the first octets of a connection decide who serves it."""

from pathlib import Path

import trio
from trio_websocket import connect_websocket_url
from vocabulary.alarms import make_alarm
from vocabulary.api import RunningApi
from vocabulary.stream import RunningStream, StreamReader

from protocols.change import AlarmChanged


async def read_all(address: str, octets: bytes) -> bytes:
    host, _, port = address.rpartition(":")
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        await stream.send_all(octets)
        return b"".join([chunk async for chunk in stream])


async def test_a_request_for_the_stream_is_the_streams(tmp_path: Path) -> None:
    lab, streaming = RunningApi(tmp_path), RunningStream()
    async with streaming.serve(), lab.serve():
        lab.take_stream = streaming.stream.take
        streaming.feed.record(AlarmChanged(1, make_alarm("a"), ()))
        async with trio.open_nursery() as nursery:
            socket = await connect_websocket_url(
                nursery, f"ws://{lab.address}/stream?topic=alarms", extra_headers=[(b"Authorization", b"Bearer all")]
            )
            reader = StreamReader(socket)
            await reader.reach(1)
            assert reader.alarms == {"a": make_alarm("a")}
            # It is no connection of the API any more, so the API's bounds and its end do not touch it.
            assert lab.api.connections == 0
            lab.serving.cancel()
            streaming.feed.record(AlarmChanged(2, make_alarm("b"), ()))
            await reader.reach(2)
            await socket.aclose()
    assert streaming.sample("faultd_stream_frames_total", type="snapshot") == 1


async def test_while_the_stream_is_down_the_api_answers(tmp_path: Path) -> None:
    lab, streaming = RunningApi(tmp_path), RunningStream()
    async with lab.serve():
        lab.take_stream = streaming.stream.take
        with trio.fail_after(60):
            octets = b"GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            assert (await read_all(lab.address, octets)).startswith(b"HTTP/1.1 426 ")


async def test_other_requests_are_the_apis(tmp_path: Path) -> None:
    lab, streaming = RunningApi(tmp_path), RunningStream()
    async with streaming.serve(), lab.serve():
        lab.take_stream = streaming.stream.take
        for line in (b"GET /streams HTTP/1.1", b"GET /healthz HTTP/1.1", b"POST /stream HTTP/1.1", b"GE"):
            with trio.fail_after(60):
                octets = line + b"\r\nHost: a\r\nConnection: close\r\n\r\n"
                assert (await read_all(lab.address, octets)).startswith(b"HTTP/1.1 "), line


async def test_a_connection_that_says_nothing_gives_way_to_one_that_does(tmp_path: Path) -> None:
    lab, streaming = RunningApi(tmp_path, max_connections=2), RunningStream()
    async with streaming.serve(), lab.serve():
        lab.take_stream = streaming.stream.take
        host, _, port = lab.address.rpartition(":")
        silent = [await trio.open_tcp_stream(host, int(port)) for _ in range(2)]
        async with lab.client(None) as client:
            assert (await client.get("/healthz")).status_code == 200
        for each in silent:
            await each.aclose()

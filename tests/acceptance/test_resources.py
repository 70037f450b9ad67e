"""The real daemon when something runs out, and among strangers who mean harm: traps go on, nothing acknowledged is lost."""

import os
import random
import resource
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack, asynccontextmanager

import pytest
import trio
from acceptance.devices import Load, stored_once, trap
from acceptance.harness import API, PATIENCE, Daemon

from actors.correlator.alarms.limits import LIMIT
from actors.ledger.outage import UNWRITABLE

pytestmark = pytest.mark.acceptance

TOO_SMALL = 4096
"""Less than the first page of SQLite's log needs: no commit fits."""


@asynccontextmanager
async def limited(daemon: Daemon, what: int, soft: int) -> AsyncIterator[None]:
    """The daemon's soft limit lowered for a while; that needs no privilege, nor does raising it again."""
    assert daemon.process is not None
    before = resource.prlimit(daemon.process.pid, what)
    resource.prlimit(daemon.process.pid, what, (soft, before[1]))
    try:
        yield
    finally:
        resource.prlimit(daemon.process.pid, what, before)


async def test_a_full_disk_stops_acknowledgements_and_nothing_else_is_lost(daemon: Daemon) -> None:
    """The file size limit stands for a full disk: from some size on every write is refused, the daemon's own log included."""
    load = Load(daemon.trap_port)
    waiting = range(1_000_001, 1_000_301)
    async with daemon.stream() as watcher, daemon.http() as client, load.under_way():
        known = (await watcher.until(bool))[0].id
        async with limited(daemon, resource.RLIMIT_FSIZE, TOO_SMALL):
            with trio.fail_after(PATIENCE):
                while (ready := await client.get("/readyz")).status_code != 503:
                    pass
            assert ready.json()["parts"]["ledger"]["status"] == "down"
            await load.repeats()
            acknowledged = load.acknowledged
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
                device.bind(("127.0.0.9", 0))
                for interface in waiting:
                    device.sendto(trap(interface), ("127.0.0.1", daemon.trap_port))
            refused = await client.post(f"{API}/alarms/{known}/acknowledge", json={})
            assert refused.status_code == 503
            await load.repeats()
            assert load.acknowledged == acknowledged
            assert (await client.get("/readyz")).status_code == 503
        await load.goes_on()
        assert (await client.get("/readyz")).status_code == 200
        await watcher.until(
            lambda alarms: any(alarm.alarm_type == UNWRITABLE and alarm.cleared_at is not None for alarm in alarms)
        )
    await stored_once(daemon, load.acknowledged | load.traps | set(waiting))


async def test_without_descriptors_traps_go_on_and_connections_come_back(daemon: Daemon) -> None:
    load = Load(daemon.trap_port)
    assert daemon.process is not None
    open_now = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
    async with load.under_way():
        await load.goes_on()
        async with limited(daemon, resource.RLIMIT_NOFILE, open_now + 10):
            with ExitStack() as connections:
                for _ in range(30):
                    for port in (daemon.http_port, daemon.stream_port):
                        connections.enter_context(socket.create_connection(("127.0.0.1", port)))
                with trio.fail_after(PATIENCE):
                    while "EMFILE" not in daemon.log.read_text():
                        await load.goes_on()
                for _ in range(20):
                    await load.goes_on()
            async with daemon.stream() as watcher, daemon.http() as client:
                assert watcher.alarms
                ready = await client.get("/readyz")
                assert ready.status_code == 200
                assert ready.json()["parts"]["connections"]["status"] == "degraded"
                assert await daemon.metric("faultd_accept_failures_total") > 0
    assert daemon.log.read_text().count("EMFILE") == 1, "not said with every attempt"
    await stored_once(daemon, load.acknowledged | load.traps)


FEW = "[traps]\n[clock]\ntick_seconds = 0.05\n[correlator]\nmax_alarms_per_device = 20\n"


@pytest.mark.parametrize("daemon", [FEW], indirect=True)
async def test_a_device_gone_mad_fills_its_own_room_and_each_refusal_is_kept(daemon: Daemon) -> None:
    mad, sane = "127.0.0.9", "127.0.0.10"

    def send(host: str, interfaces: Iterable[int]) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.bind((host, 0))
            for interface in interfaces:
                device.sendto(trap(interface), ("127.0.0.1", daemon.trap_port))

    async with daemon.stream() as watcher, daemon.http() as client:
        send(mad, range(60))
        send(mad, range(20))
        send(sane, range(5))
        await watcher.until(lambda alarms: sum(alarm.device_id == sane for alarm in alarms) == 5)
        (limit,) = (alarm for alarm in watcher.alarms if alarm.alarm_type == LIMIT)
        assert (limit.qualifier, limit.cleared_at) == (f"default/{mad}", None)
        theirs = [alarm for alarm in watcher.alarms if alarm.device_id == mad]
        assert len(theirs) == 20
        assert await daemon.metric("faultd_alarms_refused_total", reason="device") == 40
        kept: list[dict[str, str]] = []
        with trio.fail_after(PATIENCE):
            while len(kept) < 40:
                kept = (await client.get(f"{API}/device-events", params={"device_id": mad, "limit": 100})).json()["items"]
        assert [event["event_name"] for event in kept] == ["alarm.refused"] * 40
        done = await client.post(f"{API}/alarms/bulk", json={"action": {"type": "clear"}, "filter": {"device_id": mad}})
        assert done.status_code == 200, done.text
        assert len(done.json()["accepted"]) == 20
        await watcher.until(lambda alarms: all(alarm.cleared_at is not None for alarm in alarms if alarm.alarm_type == LIMIT))


V3 = """[traps]
[[traps.users]]
name = "noc"
auth = "SHA"
auth_key = "authpass12345"
engine_id = "80001f8805aa"
"""


@pytest.mark.parametrize("daemon", [V3], indirect=True)
async def test_strangers_neither_stop_nor_slow_the_taking_of_traps(daemon: Daemon) -> None:
    """Garbage, wrong communities, SNMPv3 from unknown engines, discovery; idle, broken and lying connections; and devices."""
    load = Load(daemon.trap_port)
    stopping = trio.Event()
    flood = Flood(daemon.trap_port)
    async with trio.open_nursery() as strangers:
        async with load.under_way():
            for port in (daemon.http_port, daemon.stream_port):
                for number in range(6):
                    strangers.start_soon(pester, port, number, stopping)
            for _ in range(40):
                flood.send(100)
                await load.goes_on()
        stopping.set()
    await stored_once(daemon, load.acknowledged | load.traps)
    taken = len(load.traps) + len(load.acknowledged) + sum(device.repeats for device in load.devices)
    with trio.fail_after(PATIENCE):
        while await daemon.metric("faultd_traps_received_total") < taken + flood.sent:
            pass
    assert await daemon.metric("faultd_kernel_drops_total") == 0
    assert await daemon.metric("faultd_traps_accepted_total") == taken
    assert await daemon.metric("faultd_traps_dropped_total", reason="unknown_engine") == flood.unknown_engines
    assert await daemon.metric("faultd_traps_answered_total") == flood.discoveries


class Flood:
    """Datagrams of every kind that is refused, each seen by the daemon as from one of many sources."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._random = random.Random(1)
        self.sent = self.unknown_engines = self.discoveries = 0

    def send(self, count: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((f"127.{self._random.randrange(1, 255)}.{self._random.randrange(256)}.7", 0))
            for datagram in self._datagrams(count):
                sock.sendto(datagram, ("127.0.0.1", self._port))
                self.sent += 1

    def _datagrams(self, count: int) -> Iterable[bytes]:
        for number in range(count):
            match number % 4:
                case 0:
                    yield self._random.randbytes(self._random.randrange(1, 400))
                case 1:
                    yield trap(number, community=f"guess{number}")
                case 2:
                    self.unknown_engines += 1
                    yield v3_message(b"\x80\x00\x1f\x88" + self._random.randbytes(8), b"noc")
                case _:
                    self.discoveries += 1
                    yield v3_message(b"", b"")


def v3_message(engine_id: bytes, user: bytes) -> bytes:
    """An SNMPv3 message that asks for a report, without authentication: discovery when it names no engine."""
    scoped = tlv(0x30, tlv(0x04, engine_id), tlv(0x04), tlv(0xA0, integer(1), integer(0), integer(0), tlv(0x30)))
    header = tlv(0x30, integer(1), integer(65507), tlv(0x04, b"\x04"), integer(3))
    security = tlv(0x30, tlv(0x04, engine_id), integer(0), integer(0), tlv(0x04, user), tlv(0x04), tlv(0x04))
    return tlv(0x30, integer(3), header, tlv(0x04, security), scoped)


def tlv(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return bytes((tag, len(content))) + content


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


WORDS = (
    b"",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000,
    b"POST /api/v1/faults/events HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{",
    b"GET /alarms HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer fd_nonsense\r\n\r\n\xff\xff\xff",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)


async def pester(port: int, number: int, stopping: trio.Event) -> None:
    """One connection after another that says something wrong, and a few that say nothing and stay."""
    idle: list[trio.SocketStream] = []
    while not stopping.is_set():
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        if number == 0 and len(idle) < 50:
            idle.append(stream)
            continue
        with trio.move_on_after(1):
            try:
                await stream.send_all(WORDS[number])
                while await stream.receive_some():
                    pass
            except trio.BrokenResourceError:
                pass
        await trio.aclose_forcefully(stream)
        if number == 0:
            await stopping.wait()
    for stream in idle:
        await trio.aclose_forcefully(stream)

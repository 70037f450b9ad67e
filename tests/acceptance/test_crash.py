"""Timeline: the daemon is killed in the middle of INFORMs. Every one that it had acknowledged is in PostgreSQL, once."""

import socket
import time
from contextlib import suppress

import pytest
import trio
from acceptance.harness import PATIENCE, Daemon

from protocols.snmp import encode
from protocols.snmp.notification import VarBind

pytestmark = pytest.mark.acceptance

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
SENDERS, INFORMS_EACH, KILL_AFTER = 8, 60, 100


def inform(interface: int, request_id: int) -> bytes:
    return encode.inform(
        community="public",
        trap_oid=LINK_DOWN,
        uptime=request_id,
        varbinds=(VarBind(f"1.3.6.1.2.1.2.2.1.1.{interface}", "INTEGER", interface),),
        request_id=request_id,
    )


class Sender:
    """A device that sends INFORMs one after the other, each until it is answered: interface numbers tell them apart."""

    def __init__(self, number: int, port: int) -> None:
        self.first = 1 + number * INFORMS_EACH
        self.port = port
        self.acknowledged: list[int] = []
        self.repeats = 0

    async def run(self, acknowledged: trio.MemorySendChannel[int]) -> None:
        sock = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            await sock.connect(("127.0.0.1", self.port))
            for interface in range(self.first, self.first + INFORMS_EACH):
                datagram = inform(interface, interface)
                while not await self._answered(sock, datagram, interface):
                    self.repeats += 1
                self.acknowledged.append(interface)
                await acknowledged.send(interface)

    async def _answered(self, sock: trio.socket.SocketType, datagram: bytes, request_id: int) -> bool:
        """Send once, and wait a while for the answer to this request."""
        with trio.move_on_after(0.5):
            while True:
                with suppress(ConnectionRefusedError):
                    await sock.send(datagram)
                    while True:
                        if encode.decode_response(await sock.recv(65535)).request_id == request_id:
                            return True
                await trio.sleep(0.05)
        return False


async def test_kill_9_in_the_middle_of_informs_loses_none_and_doubles_none(daemon: Daemon) -> None:
    started = time.monotonic()
    senders = [Sender(number, daemon.trap_port) for number in range(SENDERS)]
    told, heard = trio.open_memory_channel[int](0)
    with trio.fail_after(PATIENCE * 2):
        async with trio.open_nursery() as nursery, heard:
            for sender in senders:
                nursery.start_soon(sender.run, told)
            for _ in range(KILL_AFTER):
                await heard.receive()
            await daemon.kill()
            before = [interface for sender in senders for interface in sender.acknowledged]
            await daemon.start()
            for _ in range(SENDERS * INFORMS_EACH - KILL_AFTER):
                await heard.receive()

    everything = set(range(1, SENDERS * INFORMS_EACH + 1))
    assert len(before) < len(everything), f"killed too late, after {time.monotonic() - started:.1f} s"
    with trio.fail_after(PATIENCE):
        rows: list[tuple[str, int]] = []
        while len(rows) < len(everything):
            rows = [tuple(row) for row in await daemon.sql("SELECT resource_id, occurrence_count FROM alarms")]
    assert {int(resource.rpartition("/")[2]) for resource, _ in rows} == everything
    assert {count for _, count in rows} == {1}, "a retransmitted INFORM was counted twice"
    # On a slow machine the hold of a notification is over before the last INFORM is answered.
    timeline = await daemon.sql(
        "SELECT action, count(*) FROM alarm_timeline WHERE action <> 'notification_requested' GROUP BY action"
    )
    assert [tuple(row) for row in timeline] == [("raised", len(everything))]

"""The bench's SNMPv3 traps: a listener takes every one of them, load after load, as it would from real engines."""

import socket
from contextlib import closing

from vocabulary.listener import listening

from actors.trap_listener.settings import User
from actors.trap_listener.v3 import V3Engine
from bench.datagrams import SOURCES
from bench.sender import Sender
from bench.v3 import AUTH_KEY, NAME, PRIV_KEY, engine_id
from faultd.demo.workplace import free_port
from protocols.snmp.usm.message import parse

USER = User(name=NAME, auth="SHA", auth_key=AUTH_KEY, priv="AES", priv_key=PRIV_KEY, engine_id="*", time_window="strict")
COUNT = 2 * SOURCES


async def test_no_trap_of_a_load_counts_as_a_copy_or_a_replay_of_another() -> None:
    async with listening(v3=V3Engine(b"\x80\x00\x00\x00\x05own", 1, [USER], 0.0)) as bench:
        with closing(Sender(block=0, seed=1)) as sender:
            for what in ("new", "mix", "mix", "steady"):
                sender.build(bench.address[1], rate=0, count=COUNT, what=what, v3=True)
                assert sender.go()["sent"] == COUNT
                await bench.until("faultd_traps_received_total", bench.total("faultd_traps_received_total") + COUNT)
        assert bench.total("faultd_traps_dropped_total") == 0
        traps = await bench.next(4 * COUNT)
        assert {(trap.notification.version, trap.notification.engine_id) for trap in traps} == {
            ("3", engine_id(0, source).hex()) for source in range(SOURCES)
        }


def test_each_olt_has_an_engine_whose_clock_runs_with_its_traps() -> None:
    times: dict[bytes, list[int]] = {}
    with closing(Sender(block=0, seed=1)) as sender:
        sender.build(free_port(0, socket.SOCK_DGRAM), rate=SOURCES, count=3 * SOURCES, what="new", v3=True)
        for _, datagram in sender._queue:
            message = parse(datagram)
            times.setdefault(message.engine_id, []).append(message.time)
    assert set(times) == {engine_id(0, source) for source in range(SOURCES)}
    assert all(second == first + 1 and third == first + 2 for first, second, third in times.values()), "a trap each second"

"""Other engines' clocks: what a lenient time window lets in, once each, and what a restart of faultd remembers."""

import socket
from pathlib import Path

import pytest
import structlog
import trio
import trio.testing
from vocabulary.listener import listening

from actors.trap_listener import engine_clocks
from actors.trap_listener.engine_clocks import FILE, SAVE_SECONDS, keep_clocks, load_clocks
from actors.trap_listener.engine_state import replace_file
from actors.trap_listener.intake import DroppedDatagram
from actors.trap_listener.settings import TrapSettings, User
from actors.trap_listener.v3 import V3Engine
from actors.trap_listener.v3_users import usm_user
from protocols.snmp import encode
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import DIGESTS, EngineClocks
from protocols.snmp.usm.message import compose
from protocols.snmp.usm.outgoing import secured

ENGINE = bytes.fromhex("80001f8880aabbccdd")
USER = User(name="noc", auth="SHA", auth_key="authpass123", engine_id="*")
STRICT = User(name="noc", auth="SHA", auth_key="authpass123", engine_id="*", time_window="strict")
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
DAY = 86_400
STEPS = {
    "boots stay 1, the time begins again": [
        (1, DAY, 0, "timely"),
        (1, 5, 60, "lenient"),
        (1, 6, 61, "timely"),
        (1, 900, 955, "timely"),
    ],
    "the time stands still": [
        (1, 1000, 0, "timely"),
        (1, 1000, 140, "timely"),
        (1, 1000, 160, "lenient"),
        (1, 1000, DAY, "lenient"),
    ],
    "an old time that is no restart's": [(1, DAY, 0, "timely"), (1, DAY - 151, 0, "untimely"), (1, 150, 0, "untimely")],
    "lower boots": [(3, 767, 0, "timely"), (0, 0, 1, "untimely"), (2, 900, 1, "untimely"), (3, 770, 4, "timely")],
    "boots at their end": [(2**31 - 1, 5, 0, "untimely")],
    "a restart as it should be": [(1, DAY, 0, "timely"), (2, 5, 60, "timely"), (1, DAY + 60, 61, "untimely")],
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_a_lenient_window_takes_a_restart_with_the_same_boots_and_a_clock_that_stands(
    steps: list[tuple[int, int, float, str]],
) -> None:
    lenient, strict = EngineClocks(), EngineClocks()
    for number, (boots, time, now, verdict) in enumerate(steps):
        digest = number.to_bytes(8, "big")
        assert lenient.accept(ENGINE, boots, time, now, digest, lenient=True) == verdict
    assert "lenient" not in {strict.accept(ENGINE, boots, time, now, b"%d" % now) for boots, time, now, _ in steps}


def test_what_the_lenient_window_lets_in_it_lets_in_once() -> None:
    clocks = EngineClocks()
    early, standing = b"early-message", b"standing-still"
    assert clocks.accept(ENGINE, 1, 5, 0, early, lenient=True) == "timely"
    assert clocks.accept(ENGINE, 1, 1000, 0, standing, lenient=True) == "timely"
    for _ in range(2):
        assert clocks.accept(ENGINE, 1, 5, 1_000, early, lenient=True) == "untimely"
        assert clocks.accept(ENGINE, 1, 1000, 1_000, standing, lenient=True) == "untimely"
    for number in range(DIGESTS):
        assert clocks.accept(ENGINE, 1, 1000, 2_000, number.to_bytes(8, "big"), lenient=True) == "lenient"
    assert len(clocks._clocks[ENGINE].newest) == DIGESTS


def test_a_replay_after_a_restart_is_refused(tmp_path: Path) -> None:
    first = V3Engine.open(tmp_path, [USER], 0.0)
    replayed = [trap(1, 5), trap(1, 1_000), trap(1, DAY)]
    for datagram in replayed:
        first.receive(datagram, 0.0)
    replace_file(tmp_path / FILE, engine_clocks.encode(first.clocks))
    second = V3Engine.open(tmp_path, [USER], 77.0)
    for datagram in replayed:
        with pytest.raises(DroppedDatagram, match="not_in_time_window"):
            second.receive(datagram, 78.0)
    second.receive(trap(1, DAY + 10, number=9), 79.0)
    # The memory of the run before is handed on.
    replace_file(tmp_path / FILE, engine_clocks.encode(second.clocks))
    third = V3Engine.open(tmp_path, [USER], 5.0)
    for datagram in replayed:
        with pytest.raises(DroppedDatagram, match="not_in_time_window"):
            third.receive(datagram, 6.0)


def test_what_is_forgiven_is_told_of_and_a_strict_user_forgives_nothing() -> None:
    for user, standing in ((USER, ("engine_clock",)), (STRICT, None)):
        engine = V3Engine(b"\x80\x00\x00\x00\x05own", 1, [user], 0.0)
        assert engine.receive(trap(1, 1_000), 0.0).notification.irregular == ()
        later = trap(1, 1_000, number=8)
        if standing is None:
            with pytest.raises(DroppedDatagram, match="not_in_time_window"):
                engine.receive(later, 160.0)
        else:
            assert engine.receive(later, 160.0).notification.irregular == standing


async def test_clocks_are_written_now_and_then_and_at_the_end(tmp_path: Path, mock_clock: trio.testing.MockClock) -> None:
    clocks = EngineClocks()
    clocks.accept(ENGINE, 1, 10, 0.0, b"d10")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_clocks, clocks, tmp_path)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(SAVE_SECONDS)
        for _ in range(200_000):
            await trio.lowlevel.checkpoint()
            if (tmp_path / FILE).exists():
                break
        assert [clock.time for clock in load_clocks(tmp_path)] == [10]
        clocks.accept(ENGINE, 1, 20, 0.0, b"d20")
        nursery.cancel_scope.cancel()
    assert [clock.time for clock in load_clocks(tmp_path)] == [20]


def test_a_file_of_clocks_that_cannot_be_read_costs_no_start(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff")
    with structlog.testing.capture_logs() as logs:
        assert load_clocks(tmp_path) == ()
    assert "not known" in logs[0]["event"]


async def test_reports_to_one_address_are_limited_and_the_others_booked_as_dropped(sender: socket.socket) -> None:
    discovery = compose(
        msg_id=7,
        level="noAuthNoPriv",
        engine_id=b"",
        boots=0,
        time=0,
        user=b"",
        digest_length=0,
        salt=b"",
        data=encode.scoped_pdu(encode.notification_pdu("trap", LINK_DOWN, 1), context_engine_id=b""),
        reportable=True,
    )
    settings = TrapSettings(listen=("127.0.0.1:0",), report_burst=3, report_rate=1)
    async with listening(settings, v3=V3Engine(b"\x80\x00\x00\x00\x05own", 1, [USER], 0.0)) as bench:
        for _ in range(10):
            sender.sendto(discovery, bench.address)
        await bench.until("faultd_traps_dropped_total", 7, reason="report_rate")
        assert bench.total("faultd_traps_answered_total") == 3
        assert bench.books_balance()
        answers = 0
        while answers < 3:
            await trio.lowlevel.wait_readable(sender)
            sender.recv(9000)
            answers += 1
        with pytest.raises(BlockingIOError):
            sender.recv(9000)


def trap(boots: int, time: int, number: int = 7) -> bytes:
    user = usm_user(USER)
    pdu = encode.notification_pdu("trap", LINK_DOWN, time, request_id=number)
    return secured(
        user,
        user.level,
        msg_id=number,
        engine_id=ENGINE,
        boots=boots,
        time=time,
        scoped_pdu=encode.scoped_pdu(pdu, context_engine_id=ENGINE),
        salts=SaltCounter(0),
    )

"""The limit of each source: by time, against a plain token bucket, in bounded memory, and in the listener."""

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock
from vocabulary.listener import listening
from vocabulary.typed import of_kind

from actors.trap_listener.settings import TrapSettings, problems
from actors.trap_listener.source_limit import SourceLimit
from protocols.event import SystemReport
from protocols.snmp import encode

ONE, OTHER = "192.0.2.1", "192.0.2.2"


@pytest.mark.parametrize(
    ("at", "source", "admitted"),
    [
        pytest.param([0.0] * 4, [ONE] * 4, [True, True, True, False], id="a burst and no more"),
        pytest.param([0.0, 0.0, 0.0, 0.0, 0.5, 0.5], [ONE] * 6, [True, True, True, False, True, False], id="then the rate"),
        pytest.param([0.0] * 3 + [9.0] * 4, [ONE] * 7, [True] * 3 + [True] * 3 + [False], id="idle time saves up a burst"),
        pytest.param([0.0] * 5, [ONE] * 4 + [OTHER], [True, True, True, False, True], id="each source for itself"),
        pytest.param([0.0] * 4 + [0.25, 0.5], [ONE] * 6, [True] * 3 + [False, False, True], id="a refused one costs nothing"),
    ],
)
def test_timeline(at: list[float], source: list[str], admitted: list[bool]) -> None:
    limit = SourceLimit(rate=2, burst=3)
    assert [limit.admits(host, now) for host, now in zip(source, at, strict=True)] == admitted


class Bucket:
    """A token bucket in whole numbers: ``rate`` is one token in ``ticks``."""

    def __init__(self, ticks: int, burst: int) -> None:
        self.ticks, self.full = ticks, burst * ticks
        self.level, self.at = self.full, 0

    def take(self, now: int) -> bool:
        self.level, self.at = min(self.full, self.level + now - self.at), now
        if self.level < self.ticks:
            return False
        self.level -= self.ticks
        return True


@given(
    st.integers(1, 8),
    st.integers(1, 6),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20)), max_size=80),
)
def test_it_is_a_token_bucket_for_each_source(ticks: int, burst: int, arrivals: list[tuple[str, int]]) -> None:
    limit = SourceLimit(rate=1 / ticks, burst=burst)
    buckets: dict[str, Bucket] = {}
    now = 0
    for source, pause in arrivals:
        now += pause
        wanted = buckets.setdefault(source, Bucket(ticks, burst)).take(now)
        assert limit.admits(source, float(now)) == wanted


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from([0.0, 0.01, 3.0])), max_size=200))
def test_memory_is_bounded_and_forgetting_only_ever_admits_more(arrivals: list[tuple[int, float]]) -> None:
    small, large = SourceLimit(rate=1, burst=2, sources=8), SourceLimit(rate=1, burst=2, sources=10_000)
    now = 0.0
    admitted = {small: 0, large: 0}
    for source, pause in arrivals:
        now += pause
        for limit in admitted:
            admitted[limit] += limit.admits(str(source), now)
        assert len(small) <= 8
    assert admitted[small] >= admitted[large]


def test_a_flood_of_forged_sources_does_not_make_it_forget_who_storms() -> None:
    limit = SourceLimit(rate=1, burst=10, sources=1_000)
    while limit.admits(ONE, 0.0):
        pass
    for number in range(5_000):
        assert limit.admits(f"forged {number}", 0.0)
    assert not limit.admits(ONE, 0.5)
    assert len(limit) <= 1_000


def test_idle_sources_are_forgotten_first() -> None:
    limit = SourceLimit(rate=1, burst=2, sources=16)
    for number in range(15):
        limit.admits(f"idle {number}", 0.0)
    limit.admits(ONE, 4.0)
    limit.admits(ONE, 4.0)
    limit.admits(OTHER, 4.0)
    assert len(limit) == 2
    assert not limit.admits(ONE, 4.0)


@pytest.mark.parametrize(("changes", "key"), [({"source_rate": -1.0}, "source_rate"), ({"source_burst": 0}, "source_burst")])
def test_mistakes_name_their_key(changes: dict[str, Any], key: str) -> None:
    assert [at for at, _ in problems(TrapSettings(**changes))] == [key]


LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"


def trap(number: int) -> bytes:
    return encode.trap_v2c(community="public", trap_oid=LINK_DOWN, uptime=number, varbinds=(), request_id=number)


def inform(number: int) -> bytes:
    return encode.inform(community="public", trap_oid=LINK_DOWN, uptime=number, varbinds=(), request_id=number)


def device(host: str, to: tuple[str, int]) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    sock.connect(to)
    sock.setblocking(False)
    return sock


LIMITED = TrapSettings(listen=("127.0.0.1:0",), source_rate=0.001, source_burst=5)


async def test_a_storming_source_is_shed_alone_and_its_informs_are_not_answered() -> None:
    async with listening(LIMITED) as bench:
        with device("127.0.0.2", bench.address) as storm, device("127.0.0.3", bench.address) as calm:
            for number in range(40):
                storm.send(trap(number))
            storm.send(inform(99))
            for number in range(4):
                calm.send(trap(number))
            calm.send(inform(5))
            traps = await bench.next(10)
            await bench.until("faultd_traps_dropped_total", 36, reason="source_rate")
            assert sorted({event.source: 0 for event in traps}) == ["127.0.0.2", "127.0.0.3"]
            assert sum(event.source == "127.0.0.3" for event in traps) == 5
            await bench.until("faultd_informs_answered_total", 1)
            assert encode.decode_response(calm.recv(1000)).request_id == 5
            with pytest.raises(BlockingIOError):
                storm.recv(1000)
            await bench.until("faultd_traps_accepted_total", 10)
            assert bench.books_balance()


async def test_a_reload_with_the_same_limit_forgets_nothing_and_another_starts_anew() -> None:
    async with listening(LIMITED) as bench:
        with device("127.0.0.2", bench.address) as storm:
            for number in range(6):
                storm.send(trap(number))
            await bench.next(5)
            await bench.until("faultd_traps_dropped_total", 1, reason="source_rate")
            bench.listener.reconfigure(LIMITED, None)
            storm.send(trap(7))
            await bench.until("faultd_traps_dropped_total", 2, reason="source_rate")
            bench.listener.reconfigure(TrapSettings(listen=("127.0.0.1:0",)), None)
            for number in range(100, 130):
                storm.send(trap(number))
            await bench.next(30)


async def test_the_alarm_about_refusals_names_the_source_that_storms(mock_clock: MockClock) -> None:
    settings = TrapSettings(listen=("127.0.0.1:0",), source_rate=0.001, source_burst=1, refusal_alarm_rate=10)
    async with listening(settings, patience=3600) as bench:
        with device("127.0.0.2", bench.address) as storm, device("127.0.0.3", bench.address) as calm:
            for number in range(11):
                storm.send(trap(number))
            calm.send(trap(1))
            await bench.next(2)
            await bench.until("faultd_traps_dropped_total", 10, reason="source_rate")
            mock_clock.jump(10)
            append = await bench.mailbox.receive()
            bench.commit(append)
            (event,) = append.events
            raised = of_kind(SystemReport, event)
            assert (raised.alarm_type, raised.qualifier, raised.active) == ("traps.refused", "source_rate", True)
            assert "127.0.0.2" in raised.description

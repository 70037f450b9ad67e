"""Each part of the daemon crashes under load, in the real process: it heals, or it leaves for systemd; nothing is lost."""

import os
import socket
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trio
from acceptance.devices import Load, stored_once
from acceptance.harness import PATIENCE, Daemon
from trio_websocket import HandshakeError

from actors.supervisor import EDGE
from protocols.alarm import Alarm

pytestmark = [
    pytest.mark.acceptance,
    # trio-websocket's client leaves the socket of a connection that was reset to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

RESTARTED = ("store", "stream", "api", "clock", "trap_listener", "notifier")
TRAPS = "[traps]\n[clock]\ntick_seconds = 0.1\n"


class MortalDaemon(Daemon):
    """A daemon whose actors can be told to crash."""

    command = (str(Path(__file__).with_name("launcher.py")),)

    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__(folder, database_url, TRAPS)
        os.mkfifo(folder / "born")
        # For writing too: a pipe without a writer counts as ended.
        self._births = trio.lowlevel.FdStream(os.open(folder / "born", os.O_RDWR | os.O_NONBLOCK))
        self._one_reader = trio.Lock()
        self._unread = b""
        self._born: Counter[str] = Counter()

    async def start(self, **environment: str) -> None:
        self._born.clear()
        await super().start(FAULTDTEST_CRASHES=str(self.folder), **environment)

    async def crash(self, name: str) -> None:
        """Have the incarnation of ``name`` that lives, or the next one, crash."""
        await self.incarnation(name)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
            teller.sendto(b"!", str(self.folder / name))
        self._born[name] -= 1

    async def incarnation(self, name: str) -> None:
        """Wait until an incarnation of ``name`` lives that was not told to crash yet."""
        with trio.fail_after(PATIENCE):
            async with self._one_reader:
                while self._born[name] < 1:
                    *names, self._unread = (self._unread + await self._births.receive_some()).split(b"\n")
                    self._born.update(each.decode() for each in names)

    async def close(self) -> None:
        await self._births.aclose()


@pytest.fixture
async def mortal(place: Path, database_url: str) -> AsyncIterator[MortalDaemon]:
    daemon = MortalDaemon(place, database_url)
    await daemon.start()
    yield daemon
    if daemon.process is not None and daemon.process.poll() is None:
        await daemon.kill()
    await daemon.close()


async def test_parts_at_the_edges_heal_under_load(mortal: MortalDaemon) -> None:
    load = Load(mortal.trap_port)
    async with load.under_way():
        for name in RESTARTED:
            await load.goes_on()
            async with mortal.stream() as watcher:
                await mortal.crash(name)
                if name == "stream":
                    with trio.fail_after(PATIENCE):
                        while await watcher.follower.next() is not None:
                            pass
            await mortal.incarnation(name)
            await load.goes_on()
            await _serves_again(mortal, name)
    assert load.traps
    await stored_once(mortal, load.traps | load.acknowledged)
    assert await mortal.metric("faultd_traps_dropped_total", reason="shutting_down") == 0
    assert await mortal.stop() == 0, mortal.last_words()


async def _serves_again(daemon: Daemon, name: str) -> None:
    """The restart is counted, readers of the API and the stream are served, time passes."""
    with trio.fail_after(PATIENCE):
        while True:
            try:
                assert await daemon.metric("faultd_actor_restarts_total", actor=name) == 1
                ticks = await daemon.metric("faultd_events_total", kind="tick")
                while await daemon.metric("faultd_events_total", kind="tick") <= ticks:
                    pass
                async with daemon.stream() as watcher, daemon.http() as client:
                    assert watcher.alarms
                    assert (await client.get("/readyz")).status_code == 200
                    return
            except (httpx.TransportError, OSError, HandshakeError):
                await trio.sleep(0.02)


@pytest.mark.parametrize("name", ["ledger", "correlator", "sla_clock"])
async def test_a_core_part_takes_the_process_with_it_and_a_restart_goes_on(mortal: MortalDaemon, name: str) -> None:
    load = Load(mortal.trap_port)
    # What is only sent can be lost with the process: the kernel's buffer goes with the socket, unless systemd holds it.
    async with load.under_way(traps=False):
        await load.goes_on()
        await load.goes_on()
        await mortal.crash(name)
        assert mortal.process is not None
        with trio.fail_after(PATIENCE):
            assert await mortal.process.wait() == 70, mortal.last_words()
        assert f"actor {name} failed" in mortal.last_words()
        await mortal.start()
        await load.goes_on()
    await stored_once(mortal, load.acknowledged)
    assert await mortal.stop() == 0, mortal.last_words()


async def test_a_part_that_keeps_crashing_is_parked_with_an_alarm_and_traps_go_on(mortal: MortalDaemon) -> None:
    load = Load(mortal.trap_port)
    # INFORMs alone: a plain trap that only the kernel had is gone with the killed process.
    async with load.under_way(traps=False):
        async with mortal.stream() as watcher:
            async with trio.open_nursery() as nursery:
                for name in ("store", "api"):
                    nursery.start_soon(_crash_for_good, mortal, name)
            with trio.fail_after(PATIENCE):
                await watcher.until(lambda alarms: _parked(alarms) == {"store", "api"})
        await _crash_for_good(mortal, "stream")
        while f'"actor": "stream", "crashes": {EDGE.restarts + 1}' not in mortal.log.read_text():
            await load.goes_on()
        # The alarm follows the crash to the ledger, and whatever is acknowledged twice from now on comes behind it.
        await load.goes_on()
        await load.goes_on()
        await mortal.kill()
        await mortal.start()
        async with mortal.stream() as watcher:
            await watcher.until(lambda alarms: not _parked(alarms))
            assert {alarm.qualifier for alarm in watcher.alarms if alarm.alarm_type == "actor.parked"} == {
                "store",
                "api",
                "stream",
            }
    await stored_once(mortal, load.acknowledged)


async def _crash_for_good(daemon: MortalDaemon, name: str) -> None:
    for _ in range(EDGE.restarts + 1):
        await daemon.crash(name)


def _parked(alarms: list[Alarm]) -> set[str]:
    return {alarm.qualifier for alarm in alarms if alarm.alarm_type == "actor.parked" and alarm.cleared_at is None}

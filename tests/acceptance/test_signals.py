"""Signals where nothing is settled yet or any more: during the start, and once more in the drain."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from acceptance.harness import PATIENCE, Daemon

from faultd.postgres_programs import processes_in
from protocols.snmp import encode

pytestmark = pytest.mark.acceptance


class Told:
    """What the daemon says to the service manager, line by line."""

    def __init__(self, notifications: trio.socket.SocketType) -> None:
        self._notifications = notifications

    async def until(self, wanted: str) -> None:
        with trio.fail_after(PATIENCE):
            while wanted not in (await self._notifications.recv(4096)).decode().splitlines():
                pass


@asynccontextmanager
async def started(daemon: Daemon) -> AsyncIterator[tuple[trio.Process, Told]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plain, daemon.log.open("ab") as log:
        plain.bind(str(daemon.folder / "told"))
        process = await trio.lowlevel.open_process(
            [sys.executable, "-m", "faultd", "run", "--config", str(daemon.file)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "NOTIFY_SOCKET": str(daemon.folder / "told")},
        )
        try:
            yield process, Told(trio.socket.from_stdlib_socket(plain))
        finally:
            with trio.CancelScope(shield=True):
                process.kill()
                await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_start_that_is_given_up_leaves_no_postgresql_behind(place: Path, number: signal.Signals) -> None:
    daemon = Daemon(place, "", "[traps]")
    async with started(daemon) as (process, told):
        await told.until("STATUS=taking traps; starting the embedded PostgreSQL")
        process.send_signal(signal.SIGHUP)
        process.send_signal(number)
        with trio.fail_after(PATIENCE):
            assert await process.wait() == 0, daemon.last_words()
    assert not (place / "state" / "postgres" / "postmaster.pid").exists()
    assert not [*processes_in(place / "state" / "postgres"), *processes_in(place / "state" / "postgres.new")]
    assert "Traceback" not in daemon.last_words()


async def test_a_second_sigterm_cuts_the_drain_short(place: Path) -> None:
    daemon = Daemon(place, "postgresql://nobody@127.0.0.1:1/none", "[traps]")
    daemon.file.write_text("drain_seconds = 3600\n" + daemon.file.read_text())
    async with started(daemon) as (process, told):
        await told.until("READY=1")
        process.terminate()
        await told.until("STOPPING=1")
        process.terminate()
        with trio.fail_after(PATIENCE):
            assert await process.wait() == 0, daemon.last_words()
    assert "the drain was cut short" in daemon.last_words()


@pytest.mark.parametrize("daemon", ["[traps]\nrefusal_alarm_rate = 1\n"], indirect=True)
async def test_a_start_ends_what_an_earlier_run_said_of_itself(daemon: Daemon) -> None:
    strange = encode.trap_v2c(community="wrong", trap_oid="1.3.6.1.6.3.1.1.5.1", uptime=1, varbinds=(), request_id=1)
    async with daemon.stream() as watcher:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.sendto(strange, ("127.0.0.1", daemon.trap_port))
        (raised,) = await watcher.until(lambda alarms: alarms)
    assert (raised.resource_id, raised.status) == ("faultd", "active")
    assert await daemon.stop() == 0
    await daemon.start()
    async with daemon.stream() as watcher:
        (ended,) = await watcher.until(lambda alarms: any(alarm.status == "cleared" for alarm in alarms))
    assert (ended.id, ended.cleared_by) == (raised.id, "faultd:self")

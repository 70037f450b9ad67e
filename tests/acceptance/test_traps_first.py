"""Timeline: PostgreSQL is locked, silent or of another version when faultd starts. Traps are taken, and history catches up."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import trio
from acceptance.harness import PATIENCE, Daemon

from protocols.alarm import Alarm
from protocols.snmp import encode
from protocols.snmp.notification import VarBind

pytestmark = pytest.mark.acceptance

QUICK = "drain_seconds = 1\n"
TOLD_AT_ONCE = '[traps]\ncommunities = ["public"]\n[store]\naway_alarm_seconds = 0\n'


def inform() -> bytes:
    interface = VarBind("1.3.6.1.2.1.2.2.1.1.7", "INTEGER", 7)
    return encode.inform(community="public", trap_oid="1.3.6.1.6.3.1.1.5.3", uptime=1, varbinds=(interface,), request_id=7)


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Accepts and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


async def takes_an_inform(daemon: Daemon) -> None:
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        await device.connect(("127.0.0.1", daemon.trap_port))
        await device.send(inform())
        with trio.fail_after(PATIENCE):
            assert await device.recv(1_000)


async def away_because(daemon: Daemon) -> str:
    async with daemon.http() as client:
        ready = await client.get("/readyz")
        assert ready.status_code == 200, ready.text
        part = ready.json()["parts"]["store"]
        assert part["status"] == "degraded"
        assert (await client.get("/api/v1/faults/device-events")).status_code == 503
    return str(part["detail"])


def both_told(alarms: list[Alarm]) -> bool:
    """That PostgreSQL is away, and what the device had to say."""
    return any(alarm.alarm_type == "database.away" for alarm in alarms) and any(
        alarm.source == "network_device" for alarm in alarms
    )


async def test_a_silent_server(place: Path) -> None:
    async with silent_server() as port:
        daemon = Daemon(place, f"postgresql://nobody@127.0.0.1:{port}/none", TOLD_AT_ONCE)
        daemon.file.write_text(QUICK + daemon.file.read_text().replace("[database]", "[database]\nwait_seconds = 0"))
        await daemon.start()
        await takes_an_inform(daemon)
        assert "PostgreSQL is away" in await away_because(daemon)
        async with daemon.stream() as stream:
            await stream.until(both_told)
        assert await daemon.stop() == 0, daemon.last_words()


async def test_a_schema_that_another_session_locks(place: Path, database_url: str) -> None:
    daemon = Daemon(place, database_url, TOLD_AT_ONCE)
    daemon.file.write_text(daemon.file.read_text().replace("[database]", "[database]\nwait_seconds = 0"))

    async def lock() -> asyncpg.Connection:
        connection = await asyncpg.connect(database_url)
        await connection.execute("BEGIN; LOCK TABLE faultd_schema IN ACCESS EXCLUSIVE MODE")
        return connection

    with asyncio.Runner() as runner:
        holding = runner.run(lock())
        await daemon.start()
        await takes_an_inform(daemon)
        assert "PostgreSQL is away" in await away_because(daemon)
        async with daemon.stream() as stream:
            await stream.until(both_told)
            runner.run(holding.close())
            await stream.until(
                lambda alarms: [alarm.status for alarm in alarms if alarm.alarm_type == "database.away"] in ([], ["cleared"])
            )
        with trio.fail_after(PATIENCE):
            while not await daemon.sql("SELECT 1 FROM alarms WHERE source = 'network_device'"):
                pass
    assert await daemon.stop() == 0, daemon.last_words()


async def test_a_schema_newer_than_the_code_parks_the_store(place: Path, database_url: str) -> None:
    daemon = Daemon(place, database_url, TOLD_AT_ONCE)
    await daemon.sql("UPDATE faultd_schema SET version_num = '9999'")
    daemon.file.write_text(daemon.file.read_text().replace("[database]", "[database]\nwait_seconds = 0"))
    await daemon.start()
    await takes_an_inform(daemon)
    async with daemon.stream() as stream:
        await stream.until(lambda alarms: any(alarm.alarm_type == "actor.parked" for alarm in alarms))
    async with daemon.http() as client:
        assert "9999, newer than" in (await client.get("/readyz")).json()["parts"]["store"]["detail"]
        assert (await client.get("/api/v1/faults/device-events")).status_code == 503
    assert await daemon.stop() == 0, daemon.last_words()


async def test_embedded_data_of_another_version(place: Path) -> None:
    daemon = Daemon(place, "", "[traps]")
    (place / "state" / "postgres").mkdir(mode=0o700)
    (place / "state" / "postgres" / "PG_VERSION").write_text("9\n")
    await daemon.start()
    await takes_an_inform(daemon)
    assert "made by PostgreSQL 9" in await away_because(daemon)
    assert await daemon.stop() == 0, daemon.last_words()

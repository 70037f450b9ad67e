"""Timeline: PostgreSQL goes away under traps and commands, and comes back. Nothing is lost; history says so while it lasts."""

import socket
from pathlib import Path

import pytest
import trio
from acceptance.harness import PATIENCE, Daemon

from faultd import embedded
from protocols.snmp import encode
from protocols.snmp.notification import VarBind

pytestmark = pytest.mark.acceptance

ALARMS = "/api/v1/faults/alarms"
EVENTS = "/api/v1/faults/device-events"


def link(oid: str, interface: int) -> bytes:
    varbind = VarBind(f"1.3.6.1.2.1.2.2.1.1.{interface}", "INTEGER", interface)
    return encode.trap_v2c(community="public", trap_oid=oid, uptime=1, varbinds=(varbind,), request_id=interface)


def down(interface: int) -> bytes:
    return link("1.3.6.1.6.3.1.1.5.3", interface)


async def test_postgresql_away_and_back_under_traps_and_commands(place: Path) -> None:
    server = await trio.to_thread.run_sync(embedded.start, place / "pg")
    daemon = Daemon(place, server.url, "[traps]")
    await daemon.start()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.connect(("127.0.0.1", daemon.trap_port))
            async with daemon.stream() as stream, daemon.http() as client:
                for interface in range(1, 21):
                    device.send(down(interface))
                before = await stream.until(lambda alarms: len(alarms) == 20)
                first = before[0].id
                # As soon as the stream has told of an alarm it is there, whatever PostgreSQL has by then.
                for alarm in before:
                    for name in (alarm.id, alarm.alarm_id):
                        assert (await client.get(f"{ALARMS}/{name}")).json()["id"] == alarm.id
                assert {alarm.alarm_id for alarm in before} == {f"A{number}" for number in range(1, 21)}
                with trio.fail_after(PATIENCE):
                    while len((await client.get(ALARMS)).json()["items"]) != 20:
                        pass

                await trio.to_thread.run_sync(server.stop)
                with trio.fail_after(PATIENCE):
                    while (answer := await client.get(EVENTS)).status_code != 503:
                        pass
                assert answer.headers["content-type"].startswith("application/problem+json")
                assert int(answer.headers["retry-after"]) > 0

                for interface in range(21, 521):
                    device.send(down(interface))
                await stream.until(lambda alarms: len(alarms) == 520)
                listed = (await client.get(ALARMS, params={"limit": 1000})).json()
                assert (len(listed["items"]), listed["degraded"][:18]) == (520, "PostgreSQL is away")
                done = await client.post(f"{ALARMS}/{first}/acknowledge", json={"note": "on it"})
                assert (done.status_code, done.json()["status"]) == (200, "acknowledged")
                noted = await client.post(f"{ALARMS}/{before[0].alarm_id}/notes", json={"text": "while it was away"})
                assert noted.status_code in (200, 201)
                acknowledged = await stream.until(lambda alarms: any(alarm.acknowledged_by == "ada" for alarm in alarms))
                with trio.fail_after(PATIENCE):
                    while (ready := await client.get("/readyz")).json()["parts"]["store"]["status"] != "degraded":
                        pass  # the store finds out with its next transaction
                assert ready.status_code == 200

                await trio.to_thread.run_sync(server.start)
                with trio.fail_after(PATIENCE):
                    while not (row := await _acknowledged(daemon)) or row[1] != 520:
                        pass
                assert row == ("ada", 520)
                actions = [
                    tuple(row)
                    for row in await daemon.sql("SELECT action, count(*) FROM alarm_timeline GROUP BY action ORDER BY action")
                ]
                assert actions == [("acknowledged", 1), ("noted", 1), ("raised", 520)]
                assert len(acknowledged) == 520
                with trio.fail_after(PATIENCE):
                    while (await client.get("/readyz")).json()["parts"]["store"]["status"] != "ok":
                        pass
        assert await daemon.stop() == 0, daemon.last_words()
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            await daemon.kill()
        await trio.to_thread.run_sync(server.stop)


async def _acknowledged(daemon: Daemon) -> tuple[str, int] | None:
    rows = await daemon.sql(
        "SELECT max(acknowledged_by), count(*) FROM alarms HAVING count(acknowledged_by) = 1",
    )
    return tuple(rows[0]) if rows else None

"""Timeline: the daemon's own life. Start, drain, reload, restart."""

import socket

import pytest
import trio
from acceptance.harness import PATIENCE, Daemon

from protocols.snmp import encode
from protocols.snmp.notification import VarBind

pytestmark = pytest.mark.acceptance

ALARMS = "/api/v1/faults/alarms"


def down(interface: int) -> bytes:
    varbind = VarBind(f"1.3.6.1.2.1.2.2.1.1.{interface}", "INTEGER", interface)
    return encode.trap_v2c(
        community="public", trap_oid="1.3.6.1.6.3.1.1.5.3", uptime=1, varbinds=(varbind,), request_id=interface
    )


async def test_sigterm_drains_what_was_received_into_postgresql(daemon: Daemon) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        for interface in range(1, 3001):
            device.sendto(down(interface), ("127.0.0.1", daemon.trap_port))
    assert await daemon.stop() == 0, daemon.last_words()
    assert [tuple(row) for row in await daemon.sql("SELECT count(*) FROM alarms")] == [(3000,)]


async def test_alarms_and_what_people_did_survive_a_restart_and_a_kill(daemon: Daemon) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        async with daemon.stream() as stream, daemon.http() as client:
            device.sendto(down(7), ("127.0.0.1", daemon.trap_port))
            (alarm,) = await stream.until(lambda alarms: alarms)
            assert (await client.post(f"{ALARMS}/{alarm.id}/acknowledge", json={})).status_code == 200
        for end in (daemon.stop, daemon.kill):
            await end()
            await daemon.start()
            async with daemon.stream() as stream:
                (again,) = stream.alarms
                assert (again.id, again.status, again.acknowledged_by) == (alarm.id, "acknowledged", "ada")
        device.sendto(down(7), ("127.0.0.1", daemon.trap_port))
        async with daemon.stream() as stream:
            (again,) = await stream.until(lambda alarms: alarms[0].occurrence_count == 2)
            assert again.id == alarm.id


async def test_a_reload_switches_to_what_is_right_and_refuses_what_is_wrong(daemon: Daemon) -> None:
    private = encode.trap_v2c(community="private", trap_oid="1.3.6.1.6.3.1.1.5.1", uptime=1, varbinds=(), request_id=1)
    topology = daemon.folder / "topology.csv"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.connect(("127.0.0.1", daemon.trap_port))
        device.send(private)
        with trio.fail_after(PATIENCE):
            while await daemon.metric("faultd_traps_dropped_total", reason="unknown_community") != 1:
                pass
            daemon.write_config('[traps]\ncommunities = ["private"]\nnonsense = 1\n')
            daemon.hangup()
            while "reload refused" not in daemon.log.read_text():
                pass
            assert "traps.nonsense: unknown key" in daemon.log.read_text()

            topology.write_text("id,type,address,name,parents\nolt-9,olt,127.0.0.1,Harbour,\n")
            daemon.write_config(f'[traps]\ncommunities = ["private"]\n[topology]\nfile = "{topology}"\n')
            daemon.hangup()
            while "configuration reloaded" not in daemon.log.read_text():
                pass
            device.send(private)
            while await daemon.metric("faultd_traps_accepted_total") != 1:
                pass
            while not (rows := await daemon.sql("SELECT device_id, event_name FROM device_events")):
                pass
    assert [row["device_id"] for row in rows] == ["olt-9"]

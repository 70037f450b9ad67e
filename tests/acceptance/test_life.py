"""Timeline: the daemon's own life. Start, drain, reload, restart; and each way in which it refuses to start."""

import socket
import subprocess
import sys
from pathlib import Path

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


def faultd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "faultd", *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False
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


async def test_a_wrong_configuration_is_refused_whole_with_exit_78(place: Path) -> None:
    file = place / "faultd.toml"
    file.write_text('[trap]\n[http]\nbind = "x"\nspeed = 1\n[log]\nlevel = "loud"\n')
    for command in (("run", "--config", str(file)), ("check", "--files-only", str(file))):
        done = await trio.to_thread.run_sync(faultd, *command)
        assert done.returncode == 78
        assert done.stdout == ""
        lines = done.stderr.splitlines()
        assert lines[0] == "faultd: 4 mistakes in the configuration"
        assert [line.removeprefix(f"{file}:") for line in lines[1:]] == [
            "1: trap: unknown key; did you mean traps?",
            "3: http.bind: 'x' is not HOST:PORT",
            "4: http.speed: unknown key",
            "6: log.level: expected one of debug, info, warning, error, got 'loud'",
        ]


async def test_a_wrong_profile_or_topology_is_refused_with_its_file_and_line(place: Path) -> None:
    (place / "profiles").mkdir()
    (place / "profiles" / "mine.toml").write_text('name = "mine"\nvendor = "me"\ncolour = "red"\n')
    (place / "plant.csv").write_text("id,type,parents\na,olt,b\n")
    file = place / "faultd.toml"
    file.write_text(f'[profiles]\nextra = ["{place / "profiles"}"]\n[topology]\nfile = "{place / "plant.csv"}"\n')
    done = await trio.to_thread.run_sync(faultd, "check", str(file))
    assert done.returncode == 78
    assert f"{place / 'profiles' / 'mine.toml'}:3" in done.stderr
    assert f"{place / 'plant.csv'}:2: parent 'b' does not exist" in done.stderr


async def test_a_schema_newer_than_the_code_is_not_migrated(place: Path, database_url: str) -> None:
    daemon = Daemon(place, database_url, "[traps]")
    await daemon.sql("UPDATE faultd_schema SET version_num = '9999'")
    done = await trio.to_thread.run_sync(faultd, "migrate", "--config", str(daemon.file))
    assert (done.returncode, done.stdout) == (78, "")
    assert "9999, newer than" in done.stderr


async def test_a_second_daemon_on_the_same_state_is_refused(daemon: Daemon) -> None:
    done = await trio.to_thread.run_sync(faultd, "run", "--config", str(daemon.file))
    assert done.returncode == 73
    assert "in use by" in done.stderr


async def test_an_address_in_use_is_refused_with_its_name(place: Path, database_url: str) -> None:
    daemon = Daemon(place, database_url, "[traps]")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", daemon.http_port))
        taken.listen()
        done = await trio.to_thread.run_sync(faultd, "run", "--config", str(daemon.file))
    assert done.returncode == 69
    assert "in use" in done.stderr


async def test_status_and_tokens_from_another_terminal(daemon: Daemon) -> None:
    config = ("--config", str(daemon.file))
    shown = await trio.to_thread.run_sync(faultd, "status", *config)
    assert shown.returncode == 0
    assert shown.stdout.split()[:2] == ["traps", "ok"]
    consumers = [line.split()[1] for line in shown.stdout.splitlines() if line.startswith("consumer")]
    assert consumers == ["store", "stream", "notifier", "ticketer"]
    made = await trio.to_thread.run_sync(faultd, "token", "create", "--name", "bob", "--role", "viewer", *config)
    token = made.stdout.strip()
    assert made.stdout == f"{token}\n"
    async with daemon.http(token) as client:
        assert (await client.get("/api/v1/faults/me")).json() == {"name": "bob", "role": "viewer", "tenant": None}
        await trio.to_thread.run_sync(faultd, "token", "revoke", "--name", "bob", *config)
        assert (await client.get("/api/v1/faults/me")).status_code == 401
    assert daemon.token not in (await trio.to_thread.run_sync(faultd, "token", "list", *config)).stdout
    await daemon.stop()
    assert (await trio.to_thread.run_sync(faultd, "status", *config)).returncode == 69

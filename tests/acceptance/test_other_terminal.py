"""Commands in another terminal while a daemon runs, and each way in which a start is refused."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from acceptance.harness import PATIENCE, Daemon

pytestmark = pytest.mark.acceptance


def faultd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "faultd", *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False
    )


async def test_status_and_tokens_from_another_terminal(daemon: Daemon) -> None:
    config = ("--config", str(daemon.file))
    shown = await trio.to_thread.run_sync(faultd, "status", *config)
    assert shown.returncode == 0
    assert shown.stdout.split()[:2] == ["traps", "ok"]
    consumers = [line.split()[1] for line in shown.stdout.splitlines() if line.startswith("consumer")]
    assert consumers == ["store", "stream", "notifier", "ticketer", "poller"]
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

"""The embedded PostgreSQL: started, joined, stopped, started again on the same data, adopted from an owner that was killed."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from faultd import embedded
from faultd.embedded import EmbeddedPostgresError

FAST = {"fsync": "off"}


@pytest.fixture
def state_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="faultd-embedded-") as directory:
        yield Path(directory)
        assert not servers(Path(directory)), "a server was left running"


def servers(directory: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(directory) in part for part in process.cmdline()) and process.name() == "postgres":
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def postmaster_of(directory: Path) -> psutil.Process:
    return psutil.Process(int((directory / "postgres" / "postmaster.pid").read_text().split()[0]))


def signals_pending(process: psutil.Process) -> bool:
    """Whether signals wait for the process, as they do while it is suspended."""
    return "ShdPnd:\t0000000000000000" not in Path(f"/proc/{process.pid}/status").read_text()


def ask(url: str, sql: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(run())


def test_data_outlives_a_stop_and_a_start(state_dir: Path) -> None:
    server = embedded.start(state_dir, settings=FAST)
    try:
        assert server.owner
        assert ask(server.url, "SELECT current_database()") == "faultd"
        assert ask(server.url, "SHOW fsync") == "off"
        assert ask(server.url, "SHOW listen_addresses") == ""
        assert ask(server.url, "SELECT 'ÄÖ' ILIKE 'äö'") is True
        ask(server.url, "CREATE TABLE kept AS SELECT 42 AS n")
        server.stop()
        assert not servers(state_dir)
        with pytest.raises((OSError, asyncpg.PostgresError)):
            ask(server.url, "SELECT 1")
        server.start()
        assert ask(server.url, "SELECT n FROM kept") == 42
    finally:
        server.stop()
    server.stop()


def test_a_second_user_joins_and_leaves_it_running(state_dir: Path) -> None:
    owner = embedded.start(state_dir, settings=FAST)
    try:
        guest = embedded.start(state_dir)
        assert (owner.owner, guest.owner, guest.url) == (True, False, owner.url)
        guest.stop()
        assert ask(owner.url, "SELECT 1") == 1
    finally:
        owner.stop()


def test_a_server_of_a_killed_owner_is_adopted(state_dir: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from faultd import embedded; "
        "embedded.start(Path(sys.argv[1])); print('up', flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(state_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        while first.stdout.readline().strip() != "up":
            assert first.poll() is None
        first.send_signal(signal.SIGKILL)
    left = {process.pid for process in servers(state_dir)}
    assert left
    second = embedded.start(state_dir)
    try:
        assert second.owner
        assert {process.pid for process in servers(state_dir)} & left
        assert ask(second.url, "SELECT 1") == 1
    finally:
        second.stop()


def test_a_killed_server_recovers_at_the_next_start(state_dir: Path) -> None:
    server = embedded.start(state_dir)
    ask(server.url, "CREATE TABLE kept AS SELECT 42 AS n")
    postmaster_of(state_dir).kill()
    psutil.wait_procs(servers(state_dir), timeout=30)
    server.stop()
    server.start()
    try:
        assert ask(server.url, "SELECT n FROM kept") == 42
    finally:
        server.stop()


def test_a_stale_pid_file_keeps_nobody_from_starting(state_dir: Path) -> None:
    """Of a process id that is another program's by now, or written half-way."""
    server = embedded.start(state_dir, settings=FAST)
    for text in (f"{os.getpid()}\n/elsewhere\n", "1\n", "no number\n", ""):
        postmaster_of(state_dir).kill()
        psutil.wait_procs(servers(state_dir), timeout=30)
        server.stop()
        (state_dir / "postgres" / "postmaster.pid").write_text(text)
        server.start()
    assert ask(server.url, "SELECT 1") == 1
    server.stop()


def test_what_is_left_of_a_killed_server_is_ended(state_dir: Path) -> None:
    server = embedded.start(state_dir, settings=FAST)

    async def kill_over_a_stuck_backend() -> None:
        connection = await asyncpg.connect(server.url)
        try:
            psutil.Process(await connection.fetchval("SELECT pg_backend_pid()")).suspend()
            postmaster_of(state_dir).kill()
        finally:
            connection.terminate()

    asyncio.run(kill_over_a_stuck_backend())
    server.stop()
    server.start()
    assert ask(server.url, "SELECT 1") == 1
    server.stop()


def test_a_server_that_is_killed_while_it_is_stopped_is_stopped(state_dir: Path) -> None:
    """pg_ctl calls that a failure: the postmaster went, and its file is still there."""
    server = embedded.start(state_dir, settings=FAST)
    postmaster = postmaster_of(state_dir)
    postmaster.suspend()
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(server.stop)
        while not signals_pending(postmaster):
            assert not stopping.done()
        postmaster.kill()
        stopping.result()
    psutil.wait_procs(servers(state_dir), timeout=30)
    server.start()
    server.stop()


def test_a_server_that_does_not_end_in_time_ends_without_a_checkpoint(state_dir: Path) -> None:
    server = embedded.start(state_dir)
    ask(server.url, "CREATE TABLE kept AS SELECT 42 AS n")

    async def stop_under_a_stuck_backend() -> None:
        connection = await asyncpg.connect(server.url)
        try:
            psutil.Process(await connection.fetchval("SELECT pg_backend_pid()")).suspend()
            await asyncio.to_thread(server.stop, 0)
        finally:
            connection.terminate()

    asyncio.run(stop_under_a_stuck_backend())
    server.start()
    try:
        assert ask(server.url, "SELECT n FROM kept") == 42
    finally:
        server.stop()


def test_an_interrupted_initdb_is_done_over(state_dir: Path) -> None:
    half = state_dir / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = embedded.start(state_dir, settings=FAST)
    try:
        assert ask(server.url, "SELECT 1") == 1
        assert not half.exists()
    finally:
        server.stop()


def test_a_path_too_long_for_a_socket_still_works(state_dir: Path) -> None:
    deep = state_dir / ("d" * 60) / ("e" * 60)
    server = embedded.start(deep, settings=FAST)
    try:
        assert str(deep) not in server.url
        assert ask(server.url, "SELECT 1") == 1
    finally:
        server.stop()


def test_a_directory_that_cannot_be_made_is_a_typed_error(state_dir: Path) -> None:
    (state_dir / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="file"):
        embedded.start(state_dir / "file" / "state")


def test_data_of_an_unknown_version_is_refused(state_dir: Path) -> None:
    (state_dir / "postgres").mkdir()
    (state_dir / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match="PostgreSQL 9"):
        embedded.start(state_dir)


def test_a_start_that_fails_says_what_the_server_said_and_gives_the_lock_back(state_dir: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        embedded.start(state_dir, settings={"no_such_setting": "1"})
    server = embedded.start(state_dir, settings=FAST)
    assert server.owner
    server.stop()


def test_a_lock_without_a_server_is_a_typed_error(state_dir: Path) -> None:
    descriptor = os.open(state_dir / "postgres.lock", os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(EmbeddedPostgresError, match="does not answer"):
            embedded.start(state_dir, seconds=0.1)
    finally:
        os.close(descriptor)

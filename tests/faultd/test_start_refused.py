"""A start that cannot be: a few lines that name the thing and the way out, the documented exit code, and never a traceback."""

import logging
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import structlog
import typer

from actors.ledger.database import LedgerFile
from faultd import logs, state_folder
from faultd.app import serve
from faultd.cli.common import configuration
from faultd.cli.run import serve_until_told
from faultd.settings import LogSettings

HEAD = """state_dir = "{folder}/state"
[http]
bind = "127.0.0.1:0"
[stream]
bind = "127.0.0.1:0"
[database]
url = "postgresql://127.0.0.1:1/none"
"""
TRAPS = '[traps]\nlisten = ["127.0.0.1:0"]\n'


@pytest.fixture
def held() -> Iterator[Callable[[socket.SocketKind], int]]:
    """Ports on loopback that another program holds."""
    sockets: list[socket.socket] = []

    def hold(kind: socket.SocketKind) -> int:
        sock = socket.socket(socket.AF_INET, kind)
        sockets.append(sock)
        sock.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            sock.listen()
        return int(sock.getsockname()[1])

    yield hold
    for sock in sockets:
        sock.close()


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def start(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of a start and all that it says."""
    file = tmp_path / "faultd.toml"
    file.write_text(text.replace("{folder}", str(tmp_path)))
    logs.configure(LogSettings(format="console"))
    with pytest.raises(typer.Exit) as caught:
        serve_until_told(partial(serve, configuration(file), file))
    said = capsys.readouterr().err
    assert "Traceback" not in said, said
    assert len(said.splitlines()) <= 10, said
    return caught.value.exit_code, said


@pytest.mark.parametrize(
    ("place", "address", "says"),
    [
        (
            "traps.listen",
            "127.0.0.1:{udp}",
            "is in use: stop the program that holds it (`ss -ulpn sport = :{udp}` shows which)",
        ),
        ("traps.listen", "192.0.2.77:10162", "is no address of this host: set one that `ip address` lists"),
        ("traps.listen", "[2001:db8::77]:10162", "is no address of this host"),
        ("http.bind", "127.0.0.1:{tcp}", "is in use: stop the program that holds it (`ss -tlpn sport = :{tcp}` shows which)"),
        ("http.bind", "192.0.2.77:8162", "is no address of this host"),
        ("stream.bind", "127.0.0.1:{tcp}", "is in use"),
        ("stream.bind", "[2001:db8::77]:8163", "is no address of this host"),
        ("stream.bind", "no-such-host.invalid:8163", "cannot be resolved"),
    ],
)
def test_an_address_that_cannot_be_listened_on_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    held: Callable[[socket.SocketKind], int],
    place: str,
    address: str,
    says: str,
) -> None:
    ports = {"{udp}": str(held(socket.SOCK_DGRAM)), "{tcp}": str(held(socket.SOCK_STREAM))}
    for name, port in ports.items():
        address, says = address.replace(name, port), says.replace(name, port)
    text = HEAD + TRAPS
    if place == "traps.listen":
        text = text.replace(TRAPS, TRAPS.replace("127.0.0.1:0", address))
    else:
        table = f"[{place.partition('.')[0]}]\nbind = "
        text = text.replace(f'{table}"127.0.0.1:0"', f'{table}"{address}"')
    code, said = start(tmp_path, text, capsys)
    assert code == 69
    assert f"faultd: {place}: {address} {says}" in said


@pytest.mark.parametrize(("number", "says"), [(13, "is forbidden to this account"), (1, "is forbidden"), (97, "needs IPv6")])
def test_what_the_kernel_forbids_or_lacks_is_told_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    code, said = start(tmp_path, HEAD + TRAPS, capsys)
    assert code == 69
    assert f"faultd: traps.listen: 127.0.0.1:0 {says}" in said
    assert ": " in said.partition(says)[2]


def no_ledger(folder: Path) -> None:
    (folder / "state").mkdir()
    (folder / "state" / "ledger.sqlite").write_bytes(b"another program's file, and quite long" * 100)


def newer_ledger(folder: Path) -> None:
    path = folder / "state" / "ledger.sqlite"
    LedgerFile.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def bad_engine(folder: Path) -> None:
    (folder / "state").mkdir()
    (folder / "state" / "snmp_engine.json").write_text("{}")


def state_is_a_file(folder: Path) -> None:
    (folder / "state").write_text("")


@pytest.mark.parametrize(
    ("before", "text", "code", "says"),
    [
        (no_ledger, HEAD + TRAPS, 73, "state/ledger.sqlite: not a ledger"),
        (newer_ledger, HEAD + TRAPS, 73, "has schema version 99"),
        (bad_engine, HEAD + TRAPS, 73, "state/snmp_engine.json: "),
        (state_is_a_file, HEAD + TRAPS, 73, "state_dir: {folder}/state: is no directory; make it"),
        (
            state_is_a_file,
            HEAD.replace("/state", "/state/x") + TRAPS,
            73,
            "state_dir: {folder}/state/x: Not a directory; make it",
        ),
        (None, HEAD + TRAPS + '[profiles]\nextra = ["{folder}/none"]\n', 78, "none is no directory"),
        (None, HEAD + TRAPS + '[topology]\nfile = "{folder}/none.csv"\n', 78, "none.csv: topology.file: No such file"),
        (None, HEAD + TRAPS + '[topology]\nfile = "{folder}"\n', 78, "topology.file: Is a directory"),
        (None, HEAD.replace('url = "', 'url_file = "{folder}/none"\n#') + TRAPS, 78, "none: database.url_file: No such file"),
        (
            None,
            HEAD + TRAPS + '[[traps.users]]\nname = "noc"\nauth = "SHA"\nauth_key_file = "{folder}/none"\n',
            78,
            "{folder}/none: traps.users: user 'noc': No such file",
        ),
    ],
)
def test_what_a_start_cannot_use_is_told_in_a_few_lines(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    before: Callable[[Path], None] | None,
    text: str,
    code: int,
    says: str,
) -> None:
    if before is not None:
        before(tmp_path)
    found, said = start(tmp_path, text, capsys)
    assert found == code, said
    assert says.replace("{folder}", str(tmp_path)) in said


def test_a_ledger_that_another_faultd_has_open_is_told_with_its_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(LedgerFile.open(tmp_path / "state" / "ledger.sqlite")):
        code, said = start(tmp_path, HEAD + TRAPS, capsys)
    assert code == 73
    assert f"in use by process {os.getpid()}; stop that faultd" in said


def test_a_hundred_mistakes_are_told_by_the_first_and_their_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plant.csv").write_text("id,type,parents\n" + "".join(f"n{each},ont,none\n" for each in range(1000)))
    code, said = start(tmp_path, HEAD + TRAPS + '[topology]\nfile = "{folder}/plant.csv"\n', capsys)
    assert code == 78
    assert "1,000 mistakes" in said
    assert "and 992 more: `faultd check FILE` lists all of them" in said


@pytest.mark.parametrize("number", [13, 28, 30])
def test_a_state_folder_that_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(state_folder.StateFolderError, match=f"state_dir: {tmp_path}: {os.strerror(number)}; make it"):
        state_folder.make(tmp_path)


def test_the_real_command_ends_with_the_code_and_one_line(tmp_path: Path, held: Callable[[socket.SocketKind], int]) -> None:
    port = held(socket.SOCK_DGRAM)
    file = tmp_path / "faultd.toml"
    file.write_text((HEAD + TRAPS.replace(":0", f":{port}")).replace("{folder}", str(tmp_path)))
    done = subprocess.run(
        [sys.executable, "-m", "faultd", "run", "--config", str(file)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 69, done.stderr
    assert done.stdout == ""
    *before, last = done.stderr.splitlines()
    assert last.startswith(f"faultd: traps.listen: 127.0.0.1:{port} is in use: ")
    assert len(before) <= 2

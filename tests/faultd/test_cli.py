"""The command line's refusals: one line that says why, and an exit code of sysexits.h."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from faultd.cli.every_command import app
from protocols.snmp.encode import trap_v2c
from protocols.snmp.notification import VarBind


def paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Each command and group, by its words."""
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from paths(inner, (*path, name))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["simulate", "--no-send", "--topology", "{}/none/x.csv"], 73, "none/x.csv"),
        (["simulate", "--no-send", "--agents", "10161"], 64, "neither is given"),
        (["simulate", "--no-send", "--truth", "{}/none/x.jsonl"], 73, "none/x.jsonl"),
        (["simulate", "quiet-day", "--speed", "0", "--rate", "0", "--to", "127.0.0.1:9"], 64, "rate = 0.0"),
        (["simulate", "nothing"], 64, "scenario = 'nothing'"),
        (["simulate", "--to", "192.0.2.1:162"], 64, "only 127.0.0.0/8"),
        (["token", "create", "--name", "a", "--role", "viewer", "--days", "1e12", "--config", "{}/none"], 2, "--days"),
        (["check", "{}/none.toml"], 78, "No such file"),
        (["profile", "test", "xyz"], 64, "neither a file nor hexadecimal"),
        (["alarms", "list", "--severity", "cleared"], 2, "'cleared' is not one of"),
        (["alarms", "list", "--url", "ftp://x"], 64, "no URL that begins with http"),
        (["alarms", "list", "--url", "http://127.0.0.1:1", "--token-file", "{}/none"], 77, "none: No such file"),
        (["alarms", "list", "--stream-url", "ws://127.0.0.1:1"], 69, "at ws://127.0.0.1:1: Connection refused\n"),
        (["alarms", "follow", "--stream-url", "ws://127.0.0.1:1"], 69, "no faultd answers at ws://127.0.0.1:1"),
        (["alarms", "ack", "A1", "--url", "http://127.0.0.1:1"], 69, "no faultd answers at http://127.0.0.1:1"),
        (["alarms", "note", "A1", " ", "--url", "http://127.0.0.1:1"], 64, "the remark is empty"),
        (["alarms", "explain", "A1", "--config", "{}/none.toml"], 78, "No such file"),
        (["explain", "A1", "--url", "http://127.0.0.1:1"], 69, "no faultd answers at http://127.0.0.1:1: Connection refused\n"),
        (["migrate", "--config", "{}/none.toml"], 78, "No such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, says: str
) -> None:
    monkeypatch.setenv("FAULTD_TOKEN", "fd_none")
    done = CliRunner().invoke(app, [argument.replace("{}", str(tmp_path)) for argument in arguments])
    assert done.exit_code == code, done.output
    assert says in done.stderr
    assert done.stdout == ""
    assert isinstance(done.exception, SystemExit)


@pytest.mark.parametrize("path", list(paths(typer.main.get_command(app))), ids=" ".join)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_explains_itself(path: tuple[str, ...], option: str) -> None:
    done = CliRunner().invoke(app, [*path, option])
    assert done.exit_code == 0, done.output
    assert " ".join(("Usage:", "faultd", *path)) in done.stdout


@pytest.mark.parametrize("group", [(), ("alarms",), ("sla",), ("token",), ("profile",)], ids=" ".join)
def test_no_command_is_introduced_by_half_a_sentence(group: tuple[str, ...]) -> None:
    done = CliRunner(env={"COLUMNS": "80"}).invoke(app, [*group, "-h"])
    assert "Commands:" in done.stdout
    assert "..." not in done.stdout.partition("Commands:")[2]


def test_the_version_is_told() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout.split()[:2]) == (0, ["faultd", version("faultd")])


@pytest.mark.parametrize(
    "arguments",
    [
        # linkDown with an ifDescr that would clear the screen
        ["profile", "test", "{hex}"],
        ["simulate", "x\x1b[2J"],
        ["check", "/none\x1b[2J"],
        ["alarms", "list", "--url", "http://\x9b31m"],
        ["replay", "--ledger", "/none\x1b[2J"],
    ],
)
def test_what_strangers_wrote_does_not_steer_the_terminal(arguments: list[str]) -> None:
    bound = (
        VarBind("1.3.6.1.2.1.2.2.1.1.7", "INTEGER", 7),
        VarBind("1.3.6.1.2.1.2.2.1.2.7", "OCTET STRING", "p\x1b[2J\x9b\u202e".encode()),
    )
    octets = trap_v2c(community="public", trap_oid="1.3.6.1.6.3.1.1.5.3", uptime=1, varbinds=bound, request_id=1).hex()
    done = CliRunner().invoke(app, [each.replace("{hex}", octets) for each in arguments])
    assert not set("\x1b\x9b\u202e") & set(done.stdout + done.stderr), done.output
    assert "2J" in done.output or "31m" in done.output


@pytest.mark.parametrize("name", ["alarms", "explain", "status", "token", "notify"])
def test_a_command_that_asks_the_daemon_imports_no_daemon(name: str) -> None:
    """Somebody waits for it."""
    script = (
        f"import sys; sys.argv = ['faultd', '{name}', '--help']\n"
        "from faultd.cli import main\n"
        "try: main()\n"
        "except SystemExit: print([each for each in ('faultd.app', 'litestar', 'sqlalchemy') if each in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n"), done.stdout[-80:]
    assert f"Usage: faultd {name}" in done.stdout

"""The command line's refusals: one line that says why, and an exit code of sysexits.h."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from faultd.cli import app


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["simulate", "--no-send", "--topology", "{}/none/x.csv"], 73, "none/x.csv"),
        (["simulate", "--no-send", "--truth", "{}/none/x.jsonl"], 73, "none/x.jsonl"),
        (["simulate", "quiet-day", "--speed", "0", "--rate", "0", "--to", "127.0.0.1:9"], 64, "rate = 0.0"),
        (["simulate", "nothing"], 64, "scenario = 'nothing'"),
        (["simulate", "--to", "192.0.2.1:162"], 64, "only 127.0.0.0/8"),
        (["token", "create", "--name", "a", "--role", "viewer", "--days", "1e12", "--config", "{}/none"], 2, "--days"),
        (["check", "{}/none.toml"], 78, "No such file"),
        (["profile", "test", "xyz"], 64, "neither a file nor hexadecimal"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    done = CliRunner().invoke(app, [argument.replace("{}", str(tmp_path)) for argument in arguments])
    assert done.exit_code == code, done.output
    assert says in done.stderr
    assert done.stdout == ""
    assert isinstance(done.exception, SystemExit)

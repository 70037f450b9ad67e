"""How a person's command finds the daemon and a token."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from faultd import config
from faultd.console import credentials, server
from faultd.console.credentials import NoToken
from faultd.console.rest import names_of
from faultd.console.server import BadUrl, DaemonAddress


@pytest.mark.parametrize(
    ("url", "stream_url", "environ", "expected"),
    [
        ("", "", {}, DaemonAddress("http://127.0.0.1:8162", "ws://127.0.0.1:8163/alarms")),
        ("http://noc.example", "", {}, DaemonAddress("http://noc.example", "ws://noc.example:8163/alarms")),
        ("https://noc.example/faultd/", "", {}, DaemonAddress("https://noc.example/faultd", "wss://noc.example:8163/alarms")),
        ("http://[2001:db8::1]:80", "", {}, DaemonAddress("http://[2001:db8::1]:80", "ws://[2001:db8::1]:8163/alarms")),
        ("http://a", "wss://b/alarms", {}, DaemonAddress("http://a", "wss://b/alarms")),
        ("", "ws://b:1/alarms", {}, DaemonAddress("http://127.0.0.1:8162", "ws://b:1/alarms")),
        ("", "", {"FAULTD_URL": "http://a", "FAULTD_STREAM_URL": "ws://c"}, DaemonAddress("http://a", "ws://c")),
        ("http://b", "", {"FAULTD_URL": "http://a"}, DaemonAddress("http://b", "ws://b:8163/alarms")),
        ("", "", {"FAULTD_HTTP__BIND": "0.0.0.0:1"}, DaemonAddress("http://127.0.0.1:1", "ws://127.0.0.1:8163/alarms")),
        ("", "", {"FAULTD_STREAM__BIND": "[::]:2"}, DaemonAddress("http://127.0.0.1:8162", "ws://[::1]:2/alarms")),
    ],
)
def test_the_daemon_is_found(
    tmp_path: Path, url: str, stream_url: str, environ: dict[str, str], expected: DaemonAddress
) -> None:
    file = tmp_path / "faultd.toml"
    file.write_text("")
    assert server.find(url, stream_url, None, file, environ) == expected


def test_a_configuration_that_the_operator_cannot_read_leaves_the_default_ports(tmp_path: Path) -> None:
    assert server.find("", "", None, tmp_path / "none", {}).api == "http://127.0.0.1:8162"
    broken = tmp_path / "broken.toml"
    for text in ("[log]\nlevel = 1\n[http]\nbind = '127.0.0.1:7'", "["):
        broken.write_text(text)
        assert server.find("", "", None, broken, {"FAULTD_STREAM__BIND": "127.0.0.1:9"}).stream == "ws://127.0.0.1:9/alarms"
    with pytest.raises(config.ConfigError):
        server.find("", "", tmp_path / "none", tmp_path, {})


@pytest.mark.parametrize(
    "url", ["noc", "ftp://a", "http://", "http://a:b", "http://a:0", "http://a b", "http://a\x1b", "http://[::1"]
)
def test_what_is_no_url_is_told(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadUrl, match="no URL that begins with http://"):
        server.find(url, "", None, tmp_path / "none", {})


def test_the_variables_of_commands_are_no_settings() -> None:
    names = {server.URL, server.STREAM_URL, credentials.TOKEN, credentials.TOKEN_FILE}
    assert names == config.OF_COMMANDS
    assert config.parse("", environ=dict.fromkeys(names, "x")) == config.Config()


def test_the_first_token_that_there_is_is_taken(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    usual = tmp_path / ".config" / "faultd" / "token"
    usual.parent.mkdir(parents=True)
    usual.write_text("usual\n")
    named, given = tmp_path / "named", tmp_path / "given"
    named.write_text(" named \n")
    given.write_text("given")
    assert credentials.find(None, environ) == "usual"
    environ["FAULTD_TOKEN_FILE"] = str(named)
    assert credentials.find(None, environ) == "named"
    environ["FAULTD_TOKEN"] = "told"
    assert credentials.find(None, environ) == "told"
    assert credentials.find(given, environ) == "given"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        (b"", "holds no token"),
        (b"\xff", "holds no token"),
        (b"a b", "holds no token"),
        (b"a\x1bb", "holds no token"),
    ],
)
def test_a_file_without_a_token_is_named(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(NoToken, match=f"{file}: {says}"):
        credentials.find(file, {})


@pytest.mark.parametrize(("given", "expected"), [(b"fd_x\n", "fd_x"), (b"", "no token: none in --token-file, FAULTD_TOKEN")])
def test_a_pipe_is_read_and_an_empty_one_is_told(tmp_path: Path, given: bytes, expected: str) -> None:
    code = (
        "from faultd.console import credentials\n"
        "try: print(credentials.find(None, {'HOME': '/none'}))\n"
        "except credentials.NoToken as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode().startswith(expected)


def test_a_pipe_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "STDIN_SECONDS", 0.0)
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "w"):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(NoToken, match="no token"):
            credentials.find(None, {"HOME": "/none"})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A17", ("A17",)),
        ("a17", ("a17", "A17")),
        ("17", ("17", "A17")),
        ("INC-4", ("INC-4",)),
        ("A", ("A",)),
        ("", ("",)),
        ("a1b", ("a1b",)),
        ("²", ("²",)),
    ],
)
def test_a_short_id_may_be_typed_as_its_number(text: str, names: tuple[str, ...]) -> None:
    assert names_of(text) == names

"""``faultd poll``: one device asked from the command line, with net-snmp's snmpd as the device."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result
from vocabulary import snmpd

from faultd.cli.every_command import app
from faultd.console.poll_advice import ADVICE, OTHER_CREDENTIALS
from protocols.snmp.manager.errors import REQUEST_REASONS

COMMUNITY, AUTH, PRIV, WRONG = "c0mmunity", "auth-phrase", "priv-phrase", "wrong-phrase"


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[snmpd.Agent]:
    lines = [
        f"rocommunity {COMMUNITY}",
        "sysName olt-one",
        f"createUser noc SHA-256 {AUTH} AES {PRIV}",
        "rouser noc priv",
    ]
    with snmpd.running(tmp_path_factory.mktemp("snmpd"), lines) as agent:
        yield agent


def poll(agent: snmpd.Agent, folder: Path, config: str, *options: str) -> Result:
    file = folder / "faultd.toml"
    file.write_text(f"[poller]\nport = {agent.address[1]}\ntimeout_seconds = 0.3\nretries = 0\n{config}")
    done = CliRunner().invoke(app, ["poll", agent.address[0], "--config", str(file), *options])
    assert isinstance(done.exception, SystemExit | None), done.exception
    for secret in (COMMUNITY, AUTH, PRIV, WRONG):
        assert secret not in done.output
    if "--json" not in options:
        assert max(map(len, done.output.splitlines()), default=0) <= 80
    return done


def v3(user: str = "noc", auth: str = AUTH, priv: str = PRIV) -> str:
    return (
        f'[[poller.credentials]]\nname = "noc"\nversion = "3"\nuser = "{user}"\n'
        f'auth = "SHA-256"\nauth_key = "{auth}"\npriv = "AES"\npriv_key = "{priv}"\n'
    )


V2C = f'[[poller.credentials]]\nname = "core"\ncommunity = "{COMMUNITY}"\n'


def test_a_port_behind_the_address_is_refused_with_the_option_for_it() -> None:
    done = CliRunner().invoke(app, ["poll", "192.0.2.1:1161", "--community-file", "-"], input=COMMUNITY)
    assert done.exit_code == 64
    assert "--port gives another port" in done.output


def test_what_was_read_is_printed(agent: snmpd.Agent, tmp_path: Path) -> None:
    done = poll(agent, tmp_path, V2C)
    assert done.exit_code == 0, done.output
    first, system, *more = done.stdout.splitlines()
    assert first.startswith(f"{agent.address[0]} answered in ")
    assert system.startswith("system      olt-one, sysObjectID 1.3.6.1.4.1.8072.")
    words = [line.split()[0] for line in more]
    assert words[:2] == ["plan", "uptime"]
    assert "interface" in words
    assert words[-1] == "read"


def test_with_a_community_in_a_file_and_as_json(agent: snmpd.Agent, tmp_path: Path) -> None:
    (tmp_path / "community").write_text(f"{COMMUNITY}\n")
    done = poll(agent, tmp_path, "", "--community-file", str(tmp_path / "community"), "--json", "--plan", "standard")
    assert done.exit_code == 0, done.output
    read = json.loads(done.stdout)
    assert (read["sys_name"], read["plan"], read["error"]) == ("olt-one", "standard", None)


def test_with_a_user(agent: snmpd.Agent, tmp_path: Path) -> None:
    done = poll(agent, tmp_path, V2C + v3(), "--credentials", "noc")
    assert done.exit_code == 0, done.output
    assert "system      olt-one" in done.stdout


@pytest.mark.parametrize(
    ("config", "code", "reason", "said"),
    [
        (V2C.replace(COMMUNITY, WRONG), 69, "no_answer", "An agent does not answer a wrong community."),
        (v3(user="nobody"), 77, "unknown_user", "The agent has no such user"),
        (v3(auth=WRONG), 77, "wrong_digest", "The authentication pass phrase or its protocol is another"),
        (v3(priv=WRONG), 69, "no_answer", "`priv`, `priv_key_file`, `key_extension` or `context` are wrong"),
    ],
)
def test_what_is_wrong_is_told(agent: snmpd.Agent, tmp_path: Path, config: str, code: int, reason: str, said: str) -> None:
    done = poll(agent, tmp_path, config)
    assert done.exit_code == code, done.output
    assert reason.replace("_", " ") in done.stdout
    assert said in done.stderr.replace("\n", " ")
    read = json.loads(poll(agent, tmp_path, config, "--json").stdout)
    assert read["error"]["reason"] == reason


def test_a_port_where_nobody_listens(agent: snmpd.Agent, tmp_path: Path) -> None:
    done = poll(agent, tmp_path, V2C, "--port", "9")
    assert (done.exit_code, "nobody listens on this port" in done.stderr.replace("\n", " ")) == (69, True), done.output


@pytest.mark.parametrize(
    ("config", "options", "code", "said"),
    [
        ("", (), 64, "which credentials?"),
        (V2C, ("--credentials", "edge"), 78, "no [[poller.credentials]] are named 'edge'; the configuration has 'core'"),
        (V2C, ("--plan", "none"), 64, "--plan 'none' is no plan"),
        (V2C, ("--credentials", "core", "--community-file", "x"), 64, "give one of them"),
        ("", ("--community-file", "/nowhere"), 66, "No such file or directory"),
    ],
)
def test_a_wrong_command_line(
    agent: snmpd.Agent, tmp_path: Path, config: str, options: tuple[str, ...], code: int, said: str
) -> None:
    file = tmp_path / "faultd.toml"
    file.write_text(config)
    done = CliRunner().invoke(app, ["poll", agent.address[0], "--config", str(file), *options])
    assert (done.exit_code, said in done.stderr) == (code, True), done.output


def test_a_host_that_cannot_be_asked(tmp_path: Path) -> None:
    (tmp_path / "faultd.toml").write_text(V2C)
    for host, said in (("fe80::1%none", "no interface is named 'none'"), ("a.invalid", "a.invalid: ")):
        done = CliRunner().invoke(app, ["poll", host, "--config", str(tmp_path / "faultd.toml")])
        assert (done.exit_code, said in done.stderr) == (69, True), done.output
    done = CliRunner().invoke(app, ["poll", "127.0.0.1", "--community-file", "-"], input="\n")
    assert (done.exit_code, done.stderr) == (66, "faultd: standard input has no community\n")


def test_advice_is_about_reasons_that_there_are() -> None:
    assert {*ADVICE, *OTHER_CREDENTIALS} <= {*REQUEST_REASONS}

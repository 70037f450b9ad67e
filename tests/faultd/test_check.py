"""``faultd check``: all mistakes at once, in the daemon's words, and what this machine would refuse."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from actors.ledger.database import LedgerFile
from faultd import service
from faultd.cli.every_command import app
from faultd.config import ConfigError, load
from faultd.inputs import read_inputs

GOOD = """state_dir = "{folder}/state"
[traps]
listen = ["127.0.0.1:0"]
[http]
bind = "127.0.0.1:0"
[stream]
bind = "127.0.0.1:0"
"""


def check(folder: Path, text: str, *options: str) -> Result:
    file = folder / "faultd.toml"
    file.write_text(text.replace("{folder}", str(folder)))
    done = CliRunner().invoke(app, ["check", str(file), *options])
    assert isinstance(done.exception, SystemExit | None), done.exception
    return done


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on loopback that another program holds, for UDP and TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        yield port


def test_nothing_wrong_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    done = check(tmp_path, GOOD)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "no mistakes; " in done.stdout
    assert [each.name for each in tmp_path.iterdir()] == ["faultd.toml"]


def test_credentials_are_looked_at_and_those_that_a_device_names_in_vain_are_told(tmp_path: Path) -> None:
    (tmp_path / "plant.csv").write_text(
        "id,type,address,credentials,poll\nolt-1,olt,10.0.0.1,access,\nolt-2,olt,10.0.0.2,edge,\n"
        "olt-3,olt,10.0.0.3,edge,\nolt-4,olt,10.0.0.4,core,off\n"
        "olt-5,olt,10.0.0.5,access,none\nolt-6,olt,fe80::6%eth0,access,\nolt-7,olt,fe80::7;10.0.0.7,access,\n"
    )
    (tmp_path / "community").write_text("s3cret\n")
    text = f"""{GOOD}[topology]
file = "{{folder}}/plant.csv"
[[poller.credentials]]
name = "access"
community_file = "{{folder}}/community"
"""
    done = check(tmp_path, text)
    assert (done.exit_code, done.stderr.splitlines()) == (
        0,
        [
            f"faultd: {tmp_path}/plant.csv: no [[poller.credentials]] are named 'edge': 'olt-2' and 1 other device cannot be "
            "polled",
            f"faultd: {tmp_path}/plant.csv: no plan is named 'none': that of 'olt-5' is chosen by sysObjectID",
            f"faultd: {tmp_path}/plant.csv: 'olt-6' cannot be polled: its only address is a link-local one, which is reached "
            "through one interface of this host: give the device another address",
        ],
    )
    missing = (
        '[[poller.credentials]]\nname = "core"\nversion = "3"\nuser = "u"\nauth = "SHA"\nauth_key_file = "{folder}/none"\n'
    )
    done = check(tmp_path, text + missing)
    assert done.exit_code == 78
    assert f"{tmp_path}/none: poller.credentials.auth_key_file: credentials 'core': No such file or directory\n" in done.stderr
    assert "s3cret" not in done.stderr + done.stdout


def test_channels_that_policies_name_in_vain_are_listed(tmp_path: Path) -> None:
    own = tmp_path / "policies"
    own.mkdir()
    (own / "own.toml").write_text(
        '[[policies]]\nname = "Own"\nactions = [{ channel = "slack", to = "#own" }, { channel = "webhook", to = "erp" }]\n'
    )
    done = check(tmp_path, f'{GOOD}[dispatcher]\nextra = ["{own}"]\ndisabled = ["Billing"]\n')
    assert (done.exit_code, done.stderr) == (0, "")
    lacking = dict(line.split(" is not configured: named by ") for line in done.stdout.splitlines()[1:])
    assert lacking["slack"] == "Chat, Own"
    assert lacking["webhook erp"] == "Own"
    assert "webhook billing" not in lacking


def test_mistakes_of_every_kind_are_shown_at_once(tmp_path: Path, taken: int) -> None:
    for name in ("profiles", "rules"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "bad.toml").write_text(
            'name = "bad"\nnonsense = 1\n' if name == "profiles" else "[[rules]]\nname = 1\n"
        )
    (tmp_path / "plant.csv").write_text("id,type,parents\na,ont,none\nb,,\n")
    (tmp_path / "url").write_text("mysql://user:letmein@db/x")
    (tmp_path / "short").write_text("x")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "tokens.json").write_text("{")
    done = check(
        tmp_path,
        """state_dir = "{folder}/state"
drain_seconds = -1
[log]
level = "loud"
[http]
answer_seconds = 0
header_seconds = -1
[stream]
bind = "192.0.2.77:8163"
[topology]
file = "{folder}/plant.csv"
[profiles]
extra = ["{folder}/profiles"]
[rules]
extra = ["{folder}/rules"]
[database]
url_file = "{folder}/url"
[[traps.users]]
name = "noc"
auth = "SHA"
auth_key_file = "{folder}/short"
[[traps.users]]
name = "two"
auth = "SHA"
auth_key_file = "{folder}/none"
[correlator]
max_alarms = -1
""",
    )
    assert done.exit_code == 78
    for number, words in enumerate(
        (
            "faultd.toml:2: drain_seconds: ",
            "faultd.toml:4: log.level: ",
            "faultd.toml:6: http.answer_seconds: 0.0 is not greater than 0",
            "faultd.toml:7: http.header_seconds: -1.0 is not greater than 0",
            "stream.bind: 192.0.2.77:8163 is no address of this host",
            "correlator.max_alarms: ",
            "profiles/bad.toml",
            "plant.csv:2: parent 'none' does not exist",
            "plant.csv:3: type is empty",
            "rules/bad.toml",
            "short: traps.users: user 'noc': the key has 1 characters",
            "none: traps.users: user 'two': No such file",
            "url: database.url_file: not a URL that begins with postgresql://",
            "tokens.json: is not a token file",
        )
    ):
        assert words in done.stderr, (number, words, done.stderr)
    assert "letmein" not in done.stderr
    assert done.stdout == ""


LISTEN, STATE = '["127.0.0.1:0"]', '"{folder}/state"'


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ("[http]", '[topology]\nfile = "{folder}/none.csv"\n[http]', 78),
        (LISTEN, '["192.0.2.77:162", "127.0.0.1:{taken}"]', 69),
        ('[http]\nbind = "127.0.0.1:0"', '[http]\nbind = "127.0.0.1:{taken}"', 69),
        (STATE, '"/proc/1/none"', 73),
        (STATE, '"{folder}/faultd.toml"', 73),
        (STATE, '"{folder}/faultd.toml/x"', 73),
    ],
)
def test_the_exit_code_is_that_of_the_worst(tmp_path: Path, taken: int, good: str, bad: str, code: int) -> None:
    assert good in GOOD
    text = GOOD.replace(good, bad).replace("{taken}", str(taken))
    done = check(tmp_path, text)
    assert done.exit_code == code, done.output
    assert check(tmp_path, text, "--files-only").exit_code == (78 if code == 78 else 0)


def test_two_settings_in_each_others_way_are_found(tmp_path: Path, taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = check(tmp_path, GOOD.replace('bind = "127.0.0.1:0"', f'bind = "127.0.0.1:{port}"'))
    assert (done.exit_code, f"http.bind: 127.0.0.1:{port} is in use" in done.stderr) == (69, True)


def test_addresses_of_a_faultd_that_runs_are_its_own(tmp_path: Path, taken: int) -> None:
    with closing(LedgerFile.open(tmp_path / "state" / "ledger.sqlite")):
        done = check(tmp_path, GOOD.replace("127.0.0.1:0", f"127.0.0.1:{taken}"))
    assert (done.exit_code, done.stderr) == (0, "faultd: faultd runs with this state_dir: addresses were not tried\n")


def test_the_words_are_those_of_a_start(tmp_path: Path) -> None:
    tables = (
        '[topology]\nfile = "{folder}/none.csv"\n[profiles]\nextra = ["{folder}/none"]\n[database]\nurl_file = "{folder}/no"\n'
    )
    text = GOOD + tables
    done = check(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_inputs(load(tmp_path / "faultd.toml"))
    assert done.stderr.splitlines()[1:] == str(caught.value).splitlines()
    assert len(caught.value.mistakes) == 3


def systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
    monkeypatch.setattr(service, "SYSTEMD", folder)


def test_the_environment_of_the_service_is_laid_over_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "environment").write_text("# by hand\nFAULTD_LOG__LEVEL='loud'\n")
    start = (
        "{ path=/opt/faultd/bin/faultd ; argv[]=/opt/faultd/bin/faultd run --config " + f"{tmp_path}/faultd.toml" + " ; pid=0 }"
    )
    systemctl(
        tmp_path,
        monkeypatch,
        f"""case "$*" in
*EnvironmentFiles*) echo '{tmp_path}/environment (ignore_errors=no)';;
*faultd.service*) echo 'ExecStart={start}'; echo 'Environment=A=b "FAULTD_DATABASE__URL=mysql://x y"';;
*) echo inactive;;
esac""",
    )
    done = check(tmp_path, GOOD)
    assert done.exit_code == 78
    assert "database.url (FAULTD_DATABASE__URL): not a URL" in done.stderr
    assert "log.level (FAULTD_LOG__LEVEL): " in done.stderr
    assert "with the environment of faultd.service: FAULTD_DATABASE__URL, FAULTD_LOG__LEVEL" in done.stderr


def test_trap_addresses_are_not_tried_while_systemd_holds_the_sockets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    systemctl(tmp_path, monkeypatch, 'case "$*" in *faultd.socket*) echo active;; esac')
    done = check(tmp_path, GOOD.replace('["127.0.0.1:0"]', f'["127.0.0.1:{taken}"]'))
    assert done.exit_code == 0
    assert "traps.listen was not tried" in done.stderr


def test_a_credential_that_only_the_service_can_read_is_told_and_is_no_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CREDENTIALS", tmp_path / "credentials")
    user = '[[traps.users]]\nname = "noc"\nauth = "SHA"\nauth_key_file = "{folder}/WHERE/noc-auth"\n'
    done = check(tmp_path, GOOD + user.replace("WHERE", "credentials/faultd.service"))
    assert (done.exit_code, "noc-auth: not looked at" in done.stderr) == (0, True)
    assert check(tmp_path, GOOD + user.replace("WHERE", "elsewhere/faultd.service")).exit_code == 78


def test_serials_that_several_nodes_have_are_told_and_hinder_nobody(tmp_path: Path) -> None:
    (tmp_path / "plant.csv").write_text(
        "id,type,serial\na,ont,HWTC00000001\nb,ont,hwtc-00000001\nc,ont,4857544300000001\nd,ont,HWTC00000002\n"
    )
    done = check(tmp_path, GOOD + '[topology]\nfile = "{folder}/plant.csv"\n')
    text = "plant.csv: serial HWTC00000001 belongs to 'a', 'b', 'c': a trap that names it names none of them"
    assert done.exit_code == 0
    assert done.stderr.count("belongs to") == 1
    assert text in done.stderr


def test_alarm_types_that_leave_out_a_declaration_are_named_and_are_no_mistake(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "site.toml").write_text(
        'name = "site"\n[types."ont.acme"]\nseverity = "major"\ntitle = "Dark"\n'
        '[types."acme.on_purpose"]\nseverity = "major"\ntitle = "Dark"\nsymptom = "none"\nservice_effect = "none"\n'
        '[[alarms]]\ntype = "acme.on_purpose"\nraise = ["1.2.3.4"]\n'
    )
    done = check(tmp_path, f'{GOOD}[profiles]\nextra = ["{own}"]\n')
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        f'faultd: {own}/site.toml:2: types."ont.acme": declares no symptom, so alarms of it take no part in correlation '
        '(if that is right, say symptom = "none")',
        f'faultd: {own}/site.toml:2: types."ont.acme": declares no service_effect, so alarms of it are no downtime of any '
        'service (if that is right, say service_effect = "none")',
    ]
    (own / "site.toml").write_text('name = "site"\n[types."ont.acme"]\nseverity = "major"\ntitle = "Dark"\nsymptom = "dark"\n')
    done = check(tmp_path, f'{GOOD}[profiles]\nextra = ["{own}"]\n')
    assert done.exit_code == 78
    assert f"{own}/site.toml:5" in done.stderr
    assert "'dark' is none of ont_dying_gasp, ont_los, " in done.stderr

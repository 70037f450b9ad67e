"""The units as systemd itself reads them: no warning, little exposure, and the values that the daemon counts on."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from actors.trap_listener.settings import TrapSettings

UNITS = Path(__file__).parents[2] / "systemd"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
EXPOSURE_LIMIT = 1.5


def directives(name: str) -> dict[tuple[str, str], list[str]]:
    """Section and key to the list of values, in order."""
    found: dict[tuple[str, str], list[str]] = {}
    section = ""
    for line in (UNITS / name).read_text().splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = heading[1]
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault((section, key), []).append(value)
    return found


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *arguments], capture_output=True, text=True, timeout=60, check=False)


@needs_systemd
def test_the_service_is_little_exposed() -> None:
    report = run("security", "--offline=true", "--no-pager", str(UNITS / "faultd.service"))
    overall = re.search(r"Overall exposure level for faultd\.service: ([0-9.]+)", report.stdout)
    assert overall is not None, report.stderr
    assert float(overall[1]) <= EXPOSURE_LIMIT


@needs_systemd
def test_nothing_is_given_up_but_what_a_network_service_needs() -> None:
    report = run("security", "--offline=true", "--json=short", str(UNITS / "faultd.service"))
    if report.returncode != 0:
        pytest.skip(f"this systemd-analyze has no JSON for security: {report.stderr.strip()}")
    exposed = {entry["json_field"] for entry in json.loads(report.stdout) if entry["exposure"] and float(entry["exposure"]) > 0}
    assert exposed <= {
        "RootDirectoryOrRootImage",
        "RestrictAddressFamilies_AF_UNIX",
        "RestrictAddressFamilies_AF_INET_INET6",
        "PrivateNetwork",
        "DeviceAllow",
        "IPAddressDeny",
        "ProcSubset",
    }


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units, with a program that exists in place of an installed faultd: systemd looks whether it does."""
    for unit in UNITS.glob("faultd.s*"):
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/faultd/bin/faultd", shutil.which("true") or ""))
    return tmp_path


@needs_systemd
def test_systemd_finds_no_fault(installed: Path) -> None:
    units = [str(installed / name) for name in ("faultd.service", "faultd.socket")]
    report = run("verify", "--man=no", *units)
    # It reads the units of other packages too, and has its say of them.
    faults = [line for line in report.stderr.splitlines() if "faultd" in line or ".service" not in line]
    assert (report.returncode, faults) == (0, [])


@needs_systemd
def test_a_mistake_in_a_unit_would_be_found(installed: Path) -> None:
    unit = installed / "faultd.service"
    unit.write_text(unit.read_text().replace("WatchdogSec=", "WatchdogSecs="))
    assert "WatchdogSecs" in run("verify", "--man=no", str(unit)).stderr


def test_the_socket_holds_traps_across_a_restart() -> None:
    socket = directives("faultd.socket")
    assert socket["Socket", "ListenDatagram"] == ["0.0.0.0:162", "[::]:162"]
    assert socket["Socket", "BindIPv6Only"] == ["ipv6-only"]
    assert socket["Socket", "FileDescriptorName"] == ["traps"]
    (size,) = socket["Socket", "ReceiveBuffer"]
    assert size.endswith("M")
    # Smaller than what the listener asks for, and it would try to set its own, which it may not.
    assert int(size[:-1]) * 2**20 >= TrapSettings().receive_buffer


def test_the_service_is_watched_drained_and_not_restarted_for_a_bad_configuration() -> None:
    service = directives("faultd.service")
    assert service["Service", "Type"] == ["notify"]
    assert service["Service", "ExecStart"] == ["/opt/faultd/bin/faultd run --config /etc/faultd/faultd.toml"]
    assert service["Service", "RestartPreventExitStatus"] == ["78"]
    assert service["Service", "Restart"] == ["on-failure"]
    assert service["Service", "KillMode"] == ["mixed"]
    assert service["Service", "Sockets"] == ["faultd.socket"]
    assert service["Service", "CapabilityBoundingSet"] == [""]
    assert int(service["Service", "WatchdogSec"][0]) >= 10
    # The drain, then the embedded database's shutdown (60 s at most), must fit.
    assert int(service["Service", "TimeoutStopSec"][0]) > 30 + 60


def test_no_directive_is_written_twice_by_mistake() -> None:
    may_repeat = {"ListenDatagram", "ExecReload", "SystemCallFilter"}
    for name in ("faultd.service", "faultd.socket"):
        twice = {key for (_, key), values in directives(name).items() if len(values) > 1}
        assert twice <= may_repeat


def test_the_account_is_the_one_that_the_service_runs_as() -> None:
    accounts = [line.split() for line in (UNITS / "faultd.sysusers").read_text().splitlines() if line.startswith("u ")]
    (user,) = directives("faultd.service")["Service", "User"]
    assert [account[1] for account in accounts] == [user]
    for line in (UNITS / "faultd.tmpfiles").read_text().splitlines():
        if line and not line.startswith("#"):
            kind, path, mode, owner, group, _age = line.split()
            assert kind in {"d", "z"}
            assert path.startswith(("/etc/faultd", "/var/lib/faultd"))
            assert int(mode, 8) & 0o007 == 0
            assert {owner, group} <= {"root", user}


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not installed")
def test_sysusers_takes_the_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    report = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", "--dry-run", str(UNITS / "faultd.sysusers")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert report.returncode == 0, report.stderr
    assert "faultd" in report.stdout + report.stderr

"""systemd's part of the configuration: the environment of the drop-ins, and the sockets of the socket units."""

import os
import shlex
import subprocess
from pathlib import Path

UNIT, SOCKET = "faultd.service", "faultd.socket"
SYSTEMD = Path("/run/systemd/system")
"""There while systemd runs this machine (sd_booted(3))."""
CREDENTIALS = Path("/run/credentials")
"""Folder in which systemd mounts the credentials of ``LoadCredential=``, one folder for each unit."""
SECONDS = 10.0


def environment_for(file: Path) -> dict[str, str]:
    """The environment that the unit sets, when it is the unit that runs faultd with ``file``; else nothing."""
    shown = dict(line.partition("=")[::2] for line in _systemctl("show", UNIT, "--property=ExecStart,Environment").splitlines())
    if str(file.absolute()) not in shlex.split(shown.get("ExecStart", "").replace(";", " ")):
        return {}
    found = dict(each.partition("=")[::2] for each in shlex.split(shown.get("Environment", "")))
    # One line for each file: PATH (ignore_errors=no)
    for line in _systemctl("show", UNIT, "--property=EnvironmentFiles", "--value").splitlines():
        found |= _environment_file(Path(line.rpartition(" (")[0] or line))
    return found


def holds_sockets() -> bool:
    """True when systemd holds the trap sockets for faultd; then ``[traps] listen`` has no effect."""
    return _systemctl("show", SOCKET, "--property=ActiveState", "--value").strip() == "active"


def alone_reads(path: Path) -> bool:
    """True when ``path`` is a credential that systemd gives only to a service's main process, not to the caller: an operator,
    or the command of ``ExecReload=``."""
    return path.parent.parent == CREDENTIALS and not os.access(path, os.R_OK)


def _environment_file(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for line in lines:
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith(("#", ";")):
            found[name.strip()] = value.strip().strip("'\"")
    return found


def _systemctl(*arguments: str) -> str:
    """The output of systemctl; empty where systemd does not run."""
    if not SYSTEMD.is_dir():
        return ""
    try:
        asked = subprocess.run(["systemctl", *arguments], check=False, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout if asked.returncode == 0 else ""

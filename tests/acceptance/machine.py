"""A machine of its own to install faultd on: this one's root under an overlay, with a systemd that really boots.

Process ids, mounts, host name and network are the machine's; what it writes is in memory and gone with it. The clock is the
host's, so the right to set it is taken away. Needs root, overlayfs, and systemd.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from tools import tool

BOOT_SECONDS = 60.0
STEP_SECONDS = 120.0
"""For one command, and for what is waited for."""
SYSTEMD = Path("/lib/systemd/systemd")

_BOOT = """
set -eu
work=$1 control=$2
shift 2
mount --make-rprivate /
mount -t tmpfs -o size=75% machine "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" overlay "$work/root"
cd "$work/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind "$control" sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs -o mode=0755 run run
mount -t tmpfs -o mode=1777 tmp tmp
while [ $# -gt 0 ]; do
    mkdir -p ".$2"
    mount --bind "$1" ".$2"
    shift 2
done
rm -rf etc/systemd/system/*.wants
mkdir left
pivot_root . left
umount -l /left
# As systemd finds it on a real machine, and in a container does not make it: credentials are mounted by a helper process.
mount --make-rshared /
ip link set lo up
exec env -i container=tests PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    setpriv --bounding-set -sys_time,-sys_boot,-sys_module --inh-caps -sys_time,-sys_boot,-sys_module \\
    /lib/systemd/systemd --system --unit=multi-user.target --log-target=journal
"""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Machine:
    """``init`` is the process id of its systemd, as this machine counts."""

    def __init__(self, init: int) -> None:
        self._enter = ["nsenter", "-t", str(init), "-m", "-u", "-i", "-n", "-p", "-r", "-w"]
        self._enter += ["env", "-i", "HOME=/root", "LANG=C.UTF-8", f"PATH={_PATH}"]

    def run(self, *command: str, ok: bool = True, stdin: str = "") -> str:
        """What a command in the machine prints. It has to succeed, or to fail when ``ok`` is False."""
        done = subprocess.run(
            [*self._enter, *command], input=stdin, capture_output=True, text=True, timeout=STEP_SECONDS, check=False
        )
        assert (done.returncode == 0) is ok, (
            f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}\n{self.journal()}"
        )
        return done.stdout + done.stderr

    def shell(self, script: str) -> str:
        """What a script of the shell prints; a command that fails ends it."""
        return self.run("sh", "-eu", "-c", script)

    def spawn(self, *command: str) -> "subprocess.Popen[str]":
        """A command in the machine that goes on meanwhile."""
        return subprocess.Popen([*self._enter, *command], stdout=subprocess.PIPE, text=True)

    def write(self, path: str, text: str) -> None:
        """A file in the machine, its folder included."""
        self.run("sh", "-c", 'mkdir -p "$(dirname "$0")" && cat > "$0"', path, stdin=text)

    def show(self, unit: str, *names: str) -> list[str]:
        """Properties of a unit."""
        return [self.run("systemctl", "show", "-P", name, unit).strip() for name in names]

    def journal(self) -> str:
        """The end of what faultd and systemd said of it."""
        command = [
            *self._enter,
            "journalctl",
            "--no-pager",
            "-n",
            "60",
            "-u",
            "faultd.service",
            "-u",
            "faultd.socket",
            "-o",
            "cat",
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout

    def http(self, path: str, token: str = "") -> str:
        """The body of an answer of faultd's API; empty when there is none."""
        curl = ["curl", "-s", "-H", f"Authorization: Bearer {token}", f"http://127.0.0.1:8162{path}"]
        return subprocess.run([*self._enter, *curl], capture_output=True, text=True, check=False, timeout=30).stdout

    def alarms(self, token: str) -> set[str]:
        """The interfaces that devices reported as down, as far as the API shows them."""
        found: set[str] = set()
        cursor = ""
        while True:
            answer = self.http(f"/api/v1/faults/alarms?limit=1000{cursor}", token)
            try:
                page = json.loads(answer)
                items = page["items"]
            except (ValueError, KeyError):
                return set()
            found |= {item["resource_id"] for item in items if item["source"] == "network_device"}
            if not page.get("next_cursor"):
                return found
            cursor = f"&cursor={page['next_cursor']}"


def needs_a_machine() -> None:
    """Skip where there can be none. A tool that is missing fails where continuous integration demands it."""
    for name in ("unshare", "nsenter", "setpriv", "ip", "curl", "systemctl"):
        tool(name)
    if not SYSTEMD.exists():
        message = "systemd is not installed"
        pytest.fail(message) if os.environ.get("REQUIRE_TOOLS") else pytest.skip(message)
    if os.geteuid() != 0:
        pytest.skip("only root can boot a machine")
    with _folder() as folder:
        probe = "mount -t tmpfs t $0 && cd $0 && mkdir u w r && mount -t overlay -o lowerdir=/,upperdir=u,workdir=w o r"
        done = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-ec", probe, str(folder)], check=False)
    if done.returncode != 0:
        pytest.skip("the kernel lets us mount no overlay over the root")


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(f"/var/tmp/faultd-machine-{os.getpid()}")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def booted(shown: Mapping[str, Path]) -> Iterator[Machine]:
    """A machine that has booted. Folders of this one in ``shown`` are seen at the paths that it maps from."""
    binds = [text for target, source in shown.items() for text in (str(source), target)]
    spaces = ["--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc", "--net", "--cgroup"]
    with _folder() as folder:
        command = ["unshare", *spaces, "sh", "-c", _BOOT, "boot", str(folder), "/sys/fs/cgroup", *binds]
        with (folder.with_suffix(".log")).open("w+") as log:
            outer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                yield _once_booted(outer)
            except BaseException:
                log.seek(0)
                sys.stderr.write(log.read()[-4000:])
                raise
            finally:
                outer.kill()
                outer.wait()
                folder.with_suffix(".log").unlink()


def _once_booted(outer: "subprocess.Popen[bytes]") -> Machine:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline:
        assert outer.poll() is None, f"the machine ended with {outer.returncode} while it booted"
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
        if children and Path(f"/proc/{children[0]}/comm").read_text().strip() == "systemd":
            machine = Machine(int(children[0]))
            state = subprocess.run(
                [*machine._enter, "systemctl", "is-system-running"], capture_output=True, text=True, check=False
            )
            if state.stdout.strip() in ("running", "degraded"):
                return machine
        time.sleep(0.1)
    raise AssertionError(f"systemd did not come up within {BOOT_SECONDS:.0f} s")

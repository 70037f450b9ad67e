"""Timeline: faultd is installed as docs/systemd.md says, on a machine with a real systemd; then everything happens to it."""

import json
import re
import resource
import site
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from acceptance.machine import STEP_SECONDS, Machine, booted, needs_a_machine
from tools import tool

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
LANDED = "f748a68"
"""The version that an upgrade comes from: the one before alarms were counted by their own numbers."""
CONFIG = "/etc/faultd/faultd.toml"
FAULTD = "/opt/faultd/bin/faultd"
ENTRY = """#!/opt/faultd/bin/python3
from faultd.cli import main
main()
"""
FLOW = '''
"""Send one trap or INFORM after another, each of another interface, until told that it is enough; say how many.
An INFORM is sent again until it is acknowledged."""
import os, socket, sys, time
from protocols.snmp import encode
from protocols.snmp.notification import VarBind
from protocols.snmp.response import decode_response
send, first, sent, unanswered = getattr(encode, sys.argv[1]), int(sys.argv[2]), 0, {}
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
    device.connect(("127.0.0.1", 162))
    device.settimeout(0.01)
    while unanswered or not os.path.exists("/run/enough"):
        if not os.path.exists("/run/enough") and sent < 5000:
            sent += 1
            index = first + sent
            bind = VarBind(f"1.3.6.1.2.1.2.2.1.1.{index}", "INTEGER", index)
            datagram = send(
                community="public", trap_oid="1.3.6.1.6.3.1.1.5.3", uptime=100, varbinds=(bind,), request_id=index)
            device.send(datagram)
            if send is encode.inform:
                unanswered[index] = datagram, time.monotonic()
        for index, (datagram, at) in list(unanswered.items()):
            if time.monotonic() - at > 1:
                device.send(datagram)
                unanswered[index] = datagram, time.monotonic()
        try:
            while True:
                unanswered.pop(decode_response(device.recv(65535)).request_id, None)
        except TimeoutError:
            pass
print(sent)
'''
HOG = '''
"""Join the service's group of processes and take memory until its main process is gone."""
import os, sys
main, groups = int(sys.argv[1]), sys.argv[2:]
for group in groups:
    with open(f"{group}/cgroup.procs", "w") as members:
        members.write(str(os.getpid()))
with open(f"/proc/{main}/oom_score_adj", "w") as score:
    score.write("1000")
taken = []
while os.path.exists(f"/proc/{main}") and len(taken) < 4096:
    taken.append(b"x" * 2**20)
'''


CLOCK = r"""
/* The wall clock of a service and its children, some seconds ahead of the host's: as many as a shared file says. The host's own
   clock is everybody's, also in a machine of one's own. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
static volatile const long *seconds_ahead;
__attribute__((constructor)) static void look_at_the_file(void) {
    int file = open("/opt/clock-ahead", O_RDONLY | O_CLOEXEC);
    void *page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) seconds_ahead = page;
    if (file >= 0) close(file);
}
int clock_gettime(clockid_t which, struct timespec *at) {
    static int (*of_the_host)(clockid_t, struct timespec *);
    if (!of_the_host) of_the_host = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = of_the_host(which, at);
    if (!failed && which == CLOCK_REALTIME && seconds_ahead) at->tv_sec += *seconds_ahead;
    return failed;
}
"""


@pytest.fixture
def old_source() -> Iterator[Path | None]:
    """What was landed before; None where the repository's history is not at hand: then the upgrade is to the same version."""
    with tempfile.TemporaryDirectory(prefix="faultd-old-", dir="/var/tmp") as folder:
        archive = subprocess.run(["git", "archive", LANDED], cwd=ROOT, capture_output=True, check=False)
        if archive.returncode != 0:
            yield None
            return
        subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def machine(old_source: Path | None) -> Iterator[Machine]:
    """A machine on which the parts of faultd lie, none of it installed yet but the Python environment."""
    needs_a_machine()
    (packages,) = site.getsitepackages()
    shown = {"/opt/faultd-packages": Path(packages), "/opt/faultd-new": ROOT, "/opt/faultd-old": old_source or ROOT}
    python = Path(sys.base_prefix)
    if not python.is_relative_to("/usr"):
        shown["/opt/python"] = python  # such as one below /root, which the service cannot see
    with booted(shown) as machine:
        base = "/opt/python" if "/opt/python" in shown else str(python)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        # In place of pip, which would need the network: the same packages, and the same program.
        machine.shell(f"""
            test ! -d /opt/python || {{ echo /opt/python/lib >/etc/ld.so.conf.d/python.conf; ldconfig; }}
            {base}/bin/{version} -m venv --without-pip /opt/faultd
            printf '/opt/faultd-source\\n/opt/faultd-packages\\n' >/opt/faultd/lib/{version}/site-packages/faultd.pth
            ln -s /opt/faultd-old /opt/faultd-source
        """)
        machine.write(FAULTD, ENTRY)
        machine.run("chmod", "755", FAULTD)
        machine.write("/opt/flow.py", FLOW)
        machine.write("/opt/hog.py", HOG)
        yield machine


def until(wanted: Callable[[], bool], machine: Machine, what: str) -> None:
    deadline = time.monotonic() + STEP_SECONDS
    while not wanted():
        assert time.monotonic() < deadline, f"{what}:\n{machine.journal()}"
        time.sleep(0.1)


class Service:
    """faultd on the machine, as its operator sees it. ``sent`` traps and INFORMs have been sent, of an interface each."""

    def __init__(self, machine: Machine, token: str) -> None:
        self.machine, self.token, self.sent = machine, token, 0

    @property
    def main(self) -> int:
        return int(self.machine.show("faultd.service", "MainPID")[0])

    def traps_flowing(self) -> AbstractContextManager[None]:
        """Traps come while something happens, and for a little before and after. None is lost while faultd ends as it is asked
        to, or while it is away."""
        return self._flowing("trap_v2c")

    def informs_flowing(self) -> AbstractContextManager[None]:
        """The same with INFORMs. None is lost however faultd ends; of traps, those that it has read and not yet written are."""
        return self._flowing("inform")

    @contextmanager
    def _flowing(self, kind: str) -> Iterator[None]:
        self.machine.run("rm", "-f", "/run/enough")
        flow = self.machine.spawn("/opt/faultd/bin/python3", "/opt/flow.py", kind, str(self.sent))
        try:
            yield
        finally:
            self.machine.run("touch", "/run/enough")
            said, _ = flow.communicate(timeout=STEP_SECONDS)
        assert flow.returncode == 0
        self.sent += int(said)

    def restarted(self, before: int) -> None:
        """Wait for another main process that is ready."""
        until(lambda: self.main not in (0, before) and self.active(), self.machine, "faultd was not started again")

    def active(self) -> bool:
        return self.machine.show("faultd.service", "ActiveState") == ["active"]

    def lost_nothing(self) -> None:
        until(lambda: len(self.machine.alarms(self.token)) >= self.sent, self.machine, f"not all of {self.sent} are alarms")
        assert len(self.machine.alarms(self.token)) == self.sent

    def drop_in(self, name: str, text: str) -> None:
        self.machine.write(f"/etc/systemd/system/faultd.service.d/{name}.conf", text)
        self.machine.run("systemctl", "daemon-reload")

    def inform(self, *arguments: str) -> None:
        """net-snmp's snmpinform, which fails unless it is answered."""
        self.machine.run("snmpinform", "-r", "5", "-t", "2", *arguments, "127.0.0.1:162", "", "1.3.6.1.6.3.1.1.5.1")


@pytest.fixture
def service(machine: Machine) -> Service:
    """Installed with the manual's own commands, from where its source lies; but for the first ones, which are pip's."""
    (commands,) = re.findall(r"## Installing\n\n```sh\n(.*?)```", (ROOT / "docs" / "systemd.md").read_text(), re.DOTALL)
    lines = [line for line in commands.splitlines() if "pip install" not in line and "venv" not in line]
    assert len(lines) >= 8
    # The version that is installed first knows the settings of its own file alone.
    lines = [line.replace(" config/faultd.toml ", " /opt/faultd-source/config/faultd.toml ") for line in lines]
    machine.shell("cd /opt/faultd-new\n" + "\n".join(lines))
    (make_token,) = re.findall(r"`(runuser -u faultd -- \S+ token create [^`]*)`", (ROOT / "docs" / "systemd.md").read_text())
    return Service(machine, machine.shell(f"{make_token} 2>/dev/null").strip())


def it_runs_as_its_account_within_its_limits(service: Service) -> None:
    assert service.active()
    status = service.machine.run("cat", f"/proc/{service.main}/status")
    account = service.machine.run("id", "-u", "faultd").strip()
    assert re.search(r"^Uid:\s+(\d+)", status, re.MULTILINE)[1] == account  # type: ignore[index]
    assert "NoNewPrivs:\t1" in status
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    limits = service.machine.run("cat", f"/proc/{service.main}/limits")
    # Without the right to raise limits, as in some containers, systemd gives what it has itself.
    most = min(65_536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    assert re.search(rf"Max open files\s+{most}\s", limits), limits
    assert re.search(r"Max core file size\s+0\s", limits)
    assert service.machine.shell("find /var/lib/faultd -perm /007 ! -type s").strip() == ""


def an_upgrade_with_traps_flowing(service: Service) -> None:
    """From the version that was landed before, whose ledger and database the new one goes on with."""
    before = service.main
    with service.traps_flowing():
        until(lambda: len(service.machine.alarms(service.token)) > 20, service.machine, "no alarms come")
        service.machine.run("ln", "-sfn", "/opt/faultd-new", "/opt/faultd-source")
        service.machine.run(FAULTD, "check", CONFIG)
        service.machine.run("systemctl", "restart", "faultd")
    assert service.main != before
    service.lost_nothing()


def credentials_by_a_drop_in(service: Service) -> None:
    for name, key in (("noc-auth", "authentication"), ("noc-priv", "encryption")):
        service.machine.write(f"/etc/faultd/credentials/{name}", key)
        service.machine.run("chmod", "600", f"/etc/faultd/credentials/{name}")
    loads = "".join(f"LoadCredential={name}:/etc/faultd/credentials/{name}\n" for name in ("noc-auth", "noc-priv"))
    service.drop_in("credentials", f"[Service]\n{loads}")
    keys = "/run/credentials/faultd.service"
    service.machine.shell(f"""
        cat >>{CONFIG} <<'END'
[[traps.users]]
name = "noc"
auth = "SHA-256"
auth_key_file = "{keys}/noc-auth"
priv = "AES"
priv_key_file = "{keys}/noc-priv"
END
    """)
    service.machine.run("systemctl", "restart", "faultd")
    v3 = ("-v3", "-l", "authPriv", "-u", "noc", "-a", "SHA-256", "-A", "authentication", "-x", "AES")
    service.inform(*v3, "-X", "encryption")
    assert service.machine.run("runuser", "-u", "faultd", "--", "cat", "/etc/faultd/credentials/noc-auth", ok=False)


def a_reload(service: Service) -> None:
    main = service.main
    service.machine.run("sed", "-i", 's/^communities = .*/communities = ["public", "second"]/', CONFIG)
    service.machine.run("systemctl", "reload", "faultd")
    service.inform("-v2c", "-c", "second")
    service.machine.run("cp", CONFIG, "/run/good.toml")
    service.machine.run("sed", "-i", "s/^communities = .*/communities = 7/", CONFIG)
    said = service.machine.run("systemctl", "reload", "faultd", ok=False)
    assert "faultd.service" in said
    assert "traps.communities" in service.machine.journal()
    assert service.main == main
    service.inform("-v2c", "-c", "second")
    service.machine.run("cp", "/run/good.toml", CONFIG)


def a_kill_with_informs_flowing(service: Service) -> None:
    before = service.main
    with service.informs_flowing():
        service.machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "faultd")
        service.restarted(before)
    service.lost_nothing()


def memory_that_ends(service: Service) -> None:
    groups = [
        f"/sys/fs/cgroup{'' if controllers == '' else '/' + controllers}{path}"
        for _, controllers, path in (
            line.split(":", 2) for line in service.machine.run("cat", f"/proc/{service.main}/cgroup").split()
        )
        if controllers in ("", "memory")
    ]
    groups = [group for group in groups if Path("/sys/fs/cgroup/memory").exists() is ("/memory/" in group)]
    service.machine.run("systemctl", "set-property", "--runtime", "faultd.service", "MemoryMax=600M")
    before = service.main
    with service.informs_flowing():
        hog = service.machine.spawn("/opt/faultd/bin/python3", "/opt/hog.py", str(before), *groups)
        service.restarted(before)
        hog.communicate(timeout=STEP_SECONDS)
    service.lost_nothing()


def the_watchdog(service: Service) -> None:
    service.drop_in("watchdog", "[Service]\nWatchdogSec=2\n")
    service.machine.run("systemctl", "restart", "faultd")
    before = service.main
    with service.informs_flowing():
        service.machine.run("kill", "-STOP", str(before))
        service.restarted(before)
    assert "watchdog" in service.machine.journal().lower()
    service.lost_nothing()
    service.machine.run("rm", "/etc/systemd/system/faultd.service.d/watchdog.conf")
    service.machine.run("systemctl", "daemon-reload")


def a_clock_that_jumps(service: Service) -> None:
    """400 days ahead and back, while INFORMs come: the service stays up, says so, and dates nothing in the future."""
    tool("gcc")
    service.machine.write("/opt/clock.c", CLOCK)
    service.machine.run("gcc", "-shared", "-fPIC", "-o", "/opt/clock.so", "/opt/clock.c")
    set_ahead = "import struct, sys; open('/opt/clock-ahead', 'r+b').write(struct.pack('l', int(sys.argv[1])))"
    service.machine.run("truncate", "-s", "8", "/opt/clock-ahead")
    service.drop_in("clock", "[Service]\nEnvironment=LD_PRELOAD=/opt/clock.so\n")
    service.machine.run("systemctl", "restart", "faultd")
    before = service.main
    jumped = "/api/v1/faults/alarms?alarm_type=clock.jumped&status=active&status=acknowledged"

    def is_told() -> bool:
        return '"clock.jumped"' in service.machine.http(jumped, service.token)

    with service.informs_flowing():
        service.machine.run("/opt/faultd/bin/python3", "-c", set_ahead, str(400 * 86_400))
        until(is_told, service.machine, "the jump is not told")
        service.machine.run("/opt/faultd/bin/python3", "-c", set_ahead, "0")
        until(lambda: not is_told(), service.machine, "the jump is still told")
    assert service.main == before
    service.lost_nothing()
    newest = json.loads(service.machine.http("/api/v1/faults/alarms?limit=1&sort=-last_occurrence", service.token))["items"][0]
    assert datetime.fromisoformat(newest["last_occurrence"]) < datetime.now(UTC) + timedelta(minutes=1)
    service.machine.run("rm", "/etc/systemd/system/faultd.service.d/clock.conf")
    service.machine.run("systemctl", "daemon-reload")


def a_mistake_that_a_start_meets(service: Service) -> None:
    """Exit 78; the traps wait in the socket, and the service comes up by itself once the file is right."""
    service.machine.run("sed", "-i", "s/^communities = .*/communities = 7/", CONFIG)
    service.machine.run("systemctl", "stop", "faultd.service")
    with service.traps_flowing():
        until(
            lambda: service.machine.show("faultd.service", "ExecMainStatus") == ["78"],
            service.machine,
            "the mistake is not met",
        )
        assert service.machine.show("faultd.socket", "ActiveState") == ["active"]
        service.machine.run("cp", "/run/good.toml", CONFIG)
        service.restarted(0)
    service.lost_nothing()


def a_stop_and_a_trap_that_starts_it_again(service: Service) -> None:
    service.machine.run("systemctl", "stop", "faultd.socket", "faultd.service")
    assert service.machine.show("faultd.service", "Result", "ExecMainStatus") == ["success", "0"]
    assert "database system is shut down" in service.machine.run("tail", "-n", "3", "/var/lib/faultd/postgres/log")
    service.machine.run("systemctl", "start", "faultd.socket")
    assert not service.active()
    with service.traps_flowing():
        service.restarted(0)
    service.lost_nothing()
    assert "Traceback" not in service.machine.run("journalctl", "--no-pager", "-u", "faultd", "-o", "cat")


def test_a_life_under_systemd(service: Service) -> None:
    """One timeline, so that a machine is booted once."""
    it_runs_as_its_account_within_its_limits(service)
    an_upgrade_with_traps_flowing(service)
    credentials_by_a_drop_in(service)
    a_reload(service)
    a_kill_with_informs_flowing(service)
    memory_that_ends(service)
    the_watchdog(service)
    a_clock_that_jumps(service)
    a_mistake_that_a_start_meets(service)
    a_stop_and_a_trap_that_starts_it_again(service)

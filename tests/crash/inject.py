"""One system call fails, then another: the ledger says so, keeps what it acknowledged, and takes commits again.

Each fault is tried at every call of its kind in turn. What was recorded meanwhile is cut short by the power as well, under the
rule that a write is in doubt for good once the sync that it waited for has failed.
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from crash.check import Broken, Refused, check
from crash.journal import Journal, journal
from crash.power import FILE, STATE, Findings, Recording, power_cuts, scratch
from crash.trace import calls, child, run_child
from msgspec import Struct

EXPECTED = re.compile(r"(DiskRefused|LedgerCorrupt|NotALedger): ")
_WAY_OUT = {
    "DiskRefused": ("faultd goes on by itself", "Errno", "restart faultd", "restore the file"),
    "LedgerCorrupt": ("restore the file",),
    "NotALedger": ("move this file away",),
}


class Fault(Struct, frozen=True):
    """``call`` fails with ``outcome`` on the files with these suffixes; None for every file."""

    call: str
    outcome: str
    suffixes: tuple[str, ...]

    def __str__(self) -> str:
        where = " ".join(f"ledger.sqlite{suffix}" if not suffix.startswith("/") else suffix for suffix in self.suffixes)
        return f"{self.call}:{self.outcome} on {where}"


DATA = ("", "-wal", "-journal", ".new", ".new-journal")
FAULTS = (
    Fault("fdatasync", "error=EIO", DATA),
    Fault("fdatasync", "error=ENOSPC", ("-wal",)),
    Fault("fsync", "error=EIO", (".new", "/..", "/../..")),
    Fault("rename", "error=EIO", (".new",)),
    Fault("rename", "error=ENOSPC", (".new",)),
    Fault("pwrite64", "error=EIO", DATA),
    Fault("pwrite64", "error=ENOSPC", DATA),
    Fault("pwrite64", "retval=0", DATA),
    Fault("pread64", "error=EIO", DATA),
    Fault("ftruncate", "error=EIO", DATA),
    Fault("openat", "error=EIO", (*DATA, "-shm", ".lock")),
    Fault("openat", "error=EMFILE", (*DATA, "-shm", ".lock")),
    Fault("openat", "error=ENOSPC", (*DATA, "-shm", ".lock")),
    Fault("unlink", "error=EIO", DATA),
    Fault("close", "error=EIO", DATA),
)


def _paths(root: Path, fault: Fault) -> list[Path]:
    file = root / STATE / FILE
    directories = {"/..": file.parent, "/../..": root}
    return [directories[suffix] if suffix in directories else Path(f"{file}{suffix}") for suffix in fault.suffixes]


def count(workload: str, fault: Fault, *options: str) -> int:
    """How many calls of the fault's kind the workload makes."""
    with scratch() as folder:
        root = folder / "root"
        root.mkdir()
        done = run_child(root / STATE / FILE, workload, *options, log=folder / "calls", paths=_paths(root, fault))
        assert done.returncode == 0, done.stderr.decode()
        return sum(call.name == fault.call for call in calls(folder / "calls"))


def faults_at(
    workload: str, fault: Fault, numbers: Sequence[int], *options: str, burst: int = 1, cut: float = 0.0, seed: int = 0
) -> Iterator[tuple[int, Findings]]:
    """Run the workload once for each of ``numbers`` with ``burst`` calls in a row failing from that one on, and look at what is
    left; ``cut``: also cut the power at that share of the calls."""
    for number in numbers:
        with scratch() as folder:
            yield number, _one(folder, workload, fault, number, options, burst, cut, seed)


def _one(
    folder: Path, workload: str, fault: Fault, number: int, options: Sequence[str], burst: int, cut: float, seed: int
) -> Findings:
    findings = Findings(points=1, states=1)
    root = folder / "root"
    root.mkdir()
    file = root / STATE / FILE
    inject = f"{fault.call}:{fault.outcome}:when={number}..{number + burst - 1}"
    where = f"{fault} at {number}, {burst} in a row"
    if cut:
        # Filtering by path would hide the calls on directories and on stdout from the recording.
        done = run_child(file, workload, *options, log=folder / "calls", inject=[inject])
    else:
        done = run_child(file, workload, *options, log=folder / "calls", inject=[inject], paths=_paths(root, fault))
    said = journal(done.stdout.splitlines())
    _ended_well(done.returncode, done.stderr.decode(), said, where, findings)
    _keeps(file, said, where, findings)
    if cut:
        recording = Recording(root, list(calls(folder / "calls")))
        found = power_cuts(recording, folder, seed=seed + number, samples=2, single=False, share=cut)
        found.broken = [f"{where}, then {each}" for each in found.broken]
        findings.add(found)
    return findings


def short_writes(workload: str, limits: Sequence[int], *options: str) -> Iterator[tuple[int, Findings]]:
    """The file system takes each file only up to so many octets, so that one write is done in part: then it takes more."""
    for limit in limits:
        with scratch() as folder:
            findings = Findings(points=1, states=1)
            file = folder / STATE / FILE
            done = child((), file, workload, *options, "--file-limit", str(limit))
            said = journal(done.stdout.splitlines())
            where = f"files of at most {limit} octets"
            _ended_well(done.returncode, done.stderr.decode(), said, where, findings)
            _keeps(file, said, where, findings)
            yield limit, findings


def _ended_well(code: int, stderr: str, said: Journal, where: str, findings: Findings) -> None:
    """Refusals are the ledger's own and name the way out; after them the workload went on to its end."""
    if code or not said.done:
        findings.broken.append(f"{where}: the child ended with {code}: {stderr[-600:]} {said.refusals[-1:]}")
    for refusal in said.refusals:
        name = refusal.partition(":")[0]
        findings.refused[name] += 1
        if not any(way in refusal for way in _WAY_OUT.get(name, ())):
            findings.broken.append(f"{where}: no way out is named: {refusal}")


def _keeps(file: Path, said: Journal, where: str, findings: Findings) -> None:
    try:
        check(file, said, alive=True)
        findings.opened += 1
    except (Refused, Broken) as broken:
        findings.broken.append(f"{where}: {broken}")
    finally:
        shutil.rmtree(file.parent)

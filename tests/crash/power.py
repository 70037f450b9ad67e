"""Power cuts after every call: a recording is replayed on the model of a disk, and every state that it may leave is opened."""

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crash.check import Broken, Refused, check
from crash.disk import Disk, cuts, digest, lay
from crash.journal import Journal, Line
from crash.trace import Call, calls, run_child
from msgspec import Struct, field, json

STATE, FILE = "state", "ledger.sqlite"


class Findings(Struct):
    """What a campaign came to. ``broken`` are failures, each enough to look at it again."""

    points: int = 0
    states: int = 0
    opened: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    broken: list[str] = []

    def add(self, other: "Findings") -> None:
        self.points += other.points
        self.states += other.states
        self.opened += other.opened
        self.refused.update(other.refused)
        self.broken += other.broken


class Recording(Struct):
    """The calls of one child on files under ``root``."""

    root: Path
    calls: list[Call]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder to be thrown away, in memory where there is such a place: what is tried is not this machine's disk."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="faultd-crash-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def record(folder: Path, workload: str, *options: str, inject: tuple[str, ...] = (), paths: tuple[str, ...] = ()) -> Recording:
    """Run a workload once. Raises NoTracing."""
    root = folder / "root"
    root.mkdir()
    file = root / STATE / FILE
    done = run_child(
        file, workload, *options, log=folder / "calls", inject=inject, paths=[Path(f"{file}{suffix}") for suffix in paths]
    )
    if done.returncode and not inject:
        raise AssertionError(f"the child failed without a fault: {done.stderr.decode()[-2000:]}")
    return Recording(root, list(calls(folder / "calls")))


def power_cuts(recording: Recording, folder: Path, *, seed: int, samples: int, single: bool, share: float = 1.0) -> Findings:
    """Cut the power after each call that changed something (of these a random ``share``), and look at what may be left."""
    findings = Findings()
    disk, said = Disk(recording.root), Journal()
    rng = random.Random(seed)
    seen: set[bytes] = set()
    promised = 0
    for number, call in enumerate(recording.calls):
        changed = disk.apply(call)
        line = _said(call)
        if line is not None:
            said.add(line)
            # The same states may be left as before; what is promised of them is more.
            changed = line.say in ("ack", "opened")
            if changed:
                promised += 1
                seen.clear()
        if not changed or (share < 1.0 and line is None and rng.random() > share):
            continue
        findings.points += 1
        for how, state in cuts(disk, seed + number, samples, single=single):
            key = digest(state)
            if key in seen:
                continue
            seen.add(key)
            findings.states += 1
            _look(state, said, folder / f"{number}", f"call {number} ({call.name}), {how}, seed {seed}", findings)
    if not promised:
        raise AssertionError("nothing was promised: the recording is empty")
    return findings


def _look(state: dict[str, bytes | None], said: Journal, folder: Path, where: str, findings: Findings) -> None:
    folder.mkdir()
    try:
        lay(state, folder)
        check(folder / STATE / FILE, said, alive=findings.states % 5 == 0)
        findings.opened += 1
    except Refused as refusal:
        # A cut damages nothing that SQLite and the ledger had synced: a ledger that cannot be opened has lost what it held.
        findings.broken.append(f"{where}: refused: {refusal}")
    except Broken as broken:
        findings.broken.append(f"{where}: {broken}")
    finally:
        shutil.rmtree(folder)


def _said(call: Call) -> Line | None:
    if call.name != "write" or call.arguments[0] != "1" or call.result < 0:
        return None
    text = call.arguments[1]
    assert isinstance(text, bytes)
    return json.decode(text, type=Line)

"""SIGKILL in the middle of commits: what was acknowledged is there once, and the fold ends where it would have."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from vocabulary.ledger import forgotten, report, running_ledger, stamped_events

from protocols.event import SystemReport
from protocols.ledger import RecordedBatch

CHILD = Path(__file__).with_name("crash_child.py")


def killed_after(path: Path, name: str, lines: int) -> tuple[dict[str, int], dict[str, int]]:
    """Run the child until it has said ``lines`` lines, kill it, and read what it still managed to say."""
    command = [sys.executable, str(CHILD), str(path), name]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        said = []
        for line in child.stdout:
            said.append(line)
            if len(said) == lines:
                child.kill()
    assert child.returncode == -9, said
    committed: dict[str, int] = {}
    answered: dict[str, int] = {}
    for line in said:
        if line.endswith("\n"):
            what, event, number = line.split()
            (committed if what == "committed" else answered)[event] = int(number)
    return committed, answered


async def test_what_was_acknowledged_survives_kill_9_exactly_once(path: Path) -> None:
    committed: dict[str, int] = {}
    answered: dict[str, int] = {}
    for round_, lines in enumerate((1, 37, 400, 163, 750)):
        said = killed_after(path, str(round_), lines)
        committed |= said[0]
        answered |= said[1]
        stored = {stamped.event.alarm_type: stamped.offset for stamped in _reports(path)}
        assert committed.items() <= stored.items()
    async with running_ledger(path) as house:
        assert house.recovery.snapshot is not None
        await house.append(report("last"))
        batches: list[RecordedBatch] = []
        while not batches or batches[-1].seq < house.feed.last:
            batches += await house.feed.after(batches[-1].seq if batches else 0)
    events = list(_reports(path))
    assert [stamped.offset for stamped in events] == list(range(1, len(events) + 1))
    names = [stamped.event.alarm_type for stamped in events]
    assert len(set(names)) == len(names)
    assert house.fold.seen == names
    assert [batch.seq for batch in batches] == list(range(1, len(batches) + 1))
    # Each Change names its Event and the Event's time: a batch folded again after a crash says the same as before it.
    changes = [forgotten(change) for batch in batches for change in batch.changes]
    assert changes == [f"{stamped.event.alarm_type}@{stamped.at.isoformat()}" for stamped in events]
    for name, seq in answered.items():
        assert any(forgotten(change).startswith(f"{name}@") for change in batches[seq - 1].changes)


def _reports(path: Path) -> list[SimpleNamespace]:
    stamped = list(stamped_events(path))
    assert all(isinstance(each.event, SystemReport) for each in stamped)
    return stamped  # type: ignore[return-value]

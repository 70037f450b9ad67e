"""The ledger's file under power cuts, failing calls and damage: a sample of what ``python -m crash.run --all`` tries."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest
from crash.damage import HEADS, PAGE, damaged_pages, look, sound, truncations
from crash.disk import Disk, cuts
from crash.inject import DATA, Fault, faults_at, short_writes
from crash.power import Findings, power_cuts, record, scratch
from crash.trace import Call, NoTracing, strace
from tools import tool

from actors.ledger.database import LedgerFile
from actors.ledger.errors import LedgerCorrupt

LOG_PAGES = ("--log-pages", "6")


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch() as place:
        yield place


@pytest.fixture
def tracing() -> None:
    """Skips where strace cannot trace; fails where everything must be tested."""
    tool("strace")
    try:
        strace()
    except NoTracing as reason:
        if os.environ.get("REQUIRE_TOOLS"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))


def none_broken(findings: Findings) -> None:
    assert not findings.broken, "\n".join(findings.broken[:10])


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize(
    ("workload", "options"),
    [("short", ()), ("short", LOG_PAGES), ("pruned", ())],
    ids=["a long log", "a short log", "pruning beside a snapshot"],
)
def test_a_power_cut_after_any_call_loses_nothing_acknowledged(folder: Path, workload: str, options: tuple[str, ...]) -> None:
    findings = power_cuts(record(folder, workload, *options), folder, seed=1, samples=1, single=False)
    none_broken(findings)
    assert findings.opened == findings.states > 100
    assert findings.points > 100


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (Fault("fdatasync", "error=EIO", DATA), (2, 4, 8, 15)),
        (Fault("fsync", "error=EIO", (".new", "/..", "/../..")), (1, 2, 4, 5)),
        (Fault("rename", "error=ENOSPC", (".new",)), (1,)),
        (Fault("pwrite64", "error=ENOSPC", DATA), (3, 56, 157)),
        (Fault("pwrite64", "retval=0", DATA), (57,)),
        (Fault("pread64", "error=EIO", DATA), (5, 71)),
        (Fault("openat", "error=EMFILE", (*DATA, "-shm", ".lock")), (1, 2, 5)),
        (Fault("ftruncate", "error=EIO", DATA), (1, 5)),
        (Fault("unlink", "error=EIO", DATA), (1, 2)),
    ],
    ids=str,
)
def test_a_call_that_fails_is_said_and_survived(fault: Fault, numbers: tuple[int, ...]) -> None:
    said = 0
    for _, findings in faults_at("short", fault, numbers, *LOG_PAGES):
        none_broken(findings)
        assert findings.opened == 1
        said += findings.refused.total()
    assert said, "no fault came to a refusal: the calls have moved"


@pytest.mark.usefixtures("tracing")
def test_a_disk_that_fails_for_a_while_keeps_nothing_of_what_was_refused() -> None:
    """With the sync at closing failing too, the log stays, and with it what was refused: the next commit is in its place."""
    for _, findings in faults_at("short", Fault("fdatasync", "error=EIO", DATA), (9, 10, 15), *LOG_PAGES, burst=3):
        none_broken(findings)
        assert findings.refused["DiskRefused"]


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize(
    ("call", "number", "share"),
    [
        ("fsync", 1, 0.1),  # a new directory's name
        ("fdatasync", 1, 0.1),  # what is in the new file's journal
        ("fdatasync", 2, 0.1),  # the names beside it; SQLite goes on
        ("fdatasync", 6, 0.1),  # the same
        ("fsync", 4, 0.1),  # the new file's name
        ("fdatasync", 10, 0.1),  # the log's name, as SQLite syncs it
        ("fdatasync", 13, 0.3),  # a commit
    ],
)
def test_the_power_fails_after_a_sync_that_failed(call: str, number: int, share: float) -> None:
    fault = Fault(call, "error=EIO", (*DATA, "/..", "/../.."))
    for _, findings in faults_at("short", fault, (number,), *LOG_PAGES, cut=share):
        none_broken(findings)
        assert findings.states > 300 * share


def test_a_write_done_in_part_is_refused_and_survived() -> None:
    said = 0
    for _, findings in short_writes("short", (33_000, 41_003, 60_500)):
        none_broken(findings)
        said += findings.refused.total()
    assert said


def test_a_file_cut_off_is_read_right_or_refused(folder: Path) -> None:
    content, promised = sound(folder, "short")
    findings = look(folder, (each for number, each in enumerate(truncations(content, 4_100)) if number % 9 == 0), promised)
    none_broken(findings)
    assert findings.refused["LedgerCorrupt"] > 50


def test_a_damaged_page_is_read_right_or_refused(folder: Path) -> None:
    content, promised = sound(folder, "short")
    damages = chain(damaged_pages(content, seed=1, times=3), damaged_pages(content, seed=1, times=12, kinds=(HEADS,)))
    findings = look(folder, damages, promised)
    none_broken(findings)
    assert findings.refused["LedgerCorrupt"] > 50
    assert findings.opened > 50, "damage where nothing is, or to a snapshot with one before it, is survived"


@pytest.mark.parametrize("table", ["meta", "cursors", "snapshots", "quarantine"])
def test_rows_that_are_gone_from_a_small_table_are_missed(folder: Path, table: str) -> None:
    """To SQLite a page that says it has no rows is a page without rows."""
    file = folder / "sound" / "ledger.sqlite"
    sound(folder, "short")
    with closing(sqlite3.connect(file)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    content = bytearray(file.read_bytes())
    content[(page - 1) * PAGE + 3 : (page - 1) * PAGE + 5] = bytes(2)
    file.write_bytes(content)
    with pytest.raises(LedgerCorrupt, match=f"table {table}"):
        LedgerFile.open(file)


# --- the model of the disk ------------------------------------------------------------------------------------------------


def at_work(*calls: Call) -> Disk:
    disk = Disk(Path("/disk"))
    for call in calls:
        disk.apply(call)
    return disk


MADE = Call("openat", ("AT_FDCWD", b"/disk/file", "O_RDWR|O_CREAT", "0600"), 3)
WRITTEN = Call("pwrite64", ("3", b"x" * 1024, "1024", "0"), 1024)
SYNCED = Call("fdatasync", ("3",), 0)
ROOT = Call("openat", ("AT_FDCWD", b"/disk", "O_RDONLY|O_DIRECTORY"), 4)
ROOT_SYNCED = Call("fsync", ("4",), 0)


def left(disk: Disk) -> list[dict[str, bytes | None]]:
    return [state for _, state in cuts(disk, seed=1, samples=40, single=True)]


def test_a_synced_file_in_a_directory_that_is_not_may_be_gone() -> None:
    assert {} in left(at_work(MADE, WRITTEN, SYNCED))
    assert left(at_work(MADE, WRITTEN, SYNCED, ROOT, ROOT_SYNCED)) == [{"file": b"x" * 1024}]


def test_what_is_not_synced_may_be_there_gone_or_torn() -> None:
    contents = {state["file"] for state in left(at_work(MADE, ROOT, ROOT_SYNCED, WRITTEN))}
    assert contents == {b"", b"x" * 1024, b"x" * 512, bytes(512) + b"x" * 512}


def test_a_sync_after_one_that_failed_says_nothing() -> None:
    failed = Call("fdatasync", ("3",), -1)
    states = left(at_work(MADE, ROOT, ROOT_SYNCED, WRITTEN, failed, SYNCED))
    assert {"file": b""} in states
    assert {"file": b"x" * 1024} in states


def test_a_removed_name_may_still_be_there() -> None:
    removed = Call("unlink", (b"/disk/file",), 0)
    assert {"file": b"x" * 1024} in left(at_work(MADE, WRITTEN, SYNCED, ROOT, ROOT_SYNCED, removed))
    assert left(at_work(MADE, WRITTEN, SYNCED, removed, ROOT, ROOT_SYNCED)) == [{}]


def test_a_renamed_file_has_the_one_name_or_the_other() -> None:
    renamed = Call("rename", (b"/disk/file", b"/disk/other"), 0)
    states = left(at_work(MADE, WRITTEN, SYNCED, ROOT, ROOT_SYNCED, renamed))
    assert {tuple(state.items()) for state in states} == {(("file", b"x" * 1024),), (("other", b"x" * 1024),)}
    assert left(at_work(MADE, WRITTEN, SYNCED, renamed, ROOT, ROOT_SYNCED)) == [{"other": b"x" * 1024}]
    assert {"other": b""} in left(at_work(MADE, renamed, ROOT, ROOT_SYNCED, WRITTEN))


def test_a_call_that_the_model_does_not_know_ends_the_test() -> None:
    with pytest.raises(NotImplementedError, match="fallocate"):
        at_work(MADE, Call("fallocate", ("3", "0", "0", "4096"), 0))

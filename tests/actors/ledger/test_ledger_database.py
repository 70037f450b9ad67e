"""The file: what opening accepts, what it refuses and why, and what a commit keeps."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import msgpack
from vocabulary.ledger import stamped_events

from actors.ledger.codec import decode_changes, decode_events
from actors.ledger.database import LedgerFile
from actors.ledger.errors import DiskRefused, LedgerCorrupt, LedgerLocked, LedgerNewer, NotALedger
from actors.ledger.group import CommitGroup, encode
from actors.ledger.read import Head, read_quarantine
from actors.ledger.recovery import recover
from actors.ledger.schema import connect_reader
from protocols.change import AlarmForgotten, Change, Quarantined, Released
from protocols.command import Command, RetryQuarantined
from protocols.event import StageQuarantine, Tick
from protocols.ledger import ChangeBatch
from protocols.principal import Principal

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def put(database: LedgerFile, *events: object, through: int = 0) -> int | None:
    written = database.write(CommitGroup(now=NOW, through=through, appends=[events]))  # type: ignore[list-item]
    return written.firsts[0]


def test_a_new_ledger_is_private_and_empty(path: Path) -> None:
    database = LedgerFile.open(path)
    put(database, Tick())
    for name in ("", "-wal", "-shm", ".lock"):
        assert stat.S_IMODE(os.stat(f"{path}{name}").st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert database.head == Head(1, database.head.at, 0, 0)
    database.close()
    database.close()
    again = LedgerFile.open(path)
    assert (again.head, again.ledger_id) == (database.head, database.ledger_id)
    again.close()


def test_every_commit_is_synced(path: Path) -> None:
    database = LedgerFile.open(path)
    assert database._connection is not None
    pragmas = {name: database._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}
    database.close()


def test_two_daemons_cannot_have_one_ledger(path: Path) -> None:
    database = LedgerFile.open(path)
    with pytest.raises(LedgerLocked, match=f"in use by process {os.getpid()}.*state_dir"):
        LedgerFile.open(path)
    put(database, Tick())
    code = (
        "import sys; import pathlib; from actors.ledger.database import LedgerFile; LedgerFile.open(pathlib.Path(sys.argv[1]))"
    )
    other = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert "LedgerLocked" in other.stderr
    database.close()
    LedgerFile.open(path).close()


def test_a_text_file_is_no_ledger_and_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("# not a database\n" * 100)
    before = path.read_bytes()
    with pytest.raises(NotALedger, match=r"not a ledger.*move this file away"):
        LedgerFile.open(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_no_ledger_and_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes(text)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NotALedger):
        LedgerFile.open(path)
    assert path.read_bytes() == before


def test_a_newer_ledger_is_refused(path: Path) -> None:
    LedgerFile.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(LedgerNewer, match="version 99"):
        LedgerFile.open(path)


@pytest.mark.parametrize("page", range(1, 24))
def test_a_damaged_ledger_is_refused_or_read_right(path: Path, page: int) -> None:
    database = LedgerFile.open(path)
    for _ in range(50):
        put(database, *[Tick()] * 200)
    database.close()
    content = bytearray(path.read_bytes())
    assert len(content) > 24 * 4096
    content[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(content)
    try:
        LedgerFile.open(path).close()
        assert [stamped.offset for stamped in stamped_events(path)] == list(range(1, 10_001))
    except LedgerCorrupt as damage:
        way_out = str(damage)
    else:
        return
    assert "restore" in way_out


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskRefused, match="file"):
        LedgerFile.open(tmp_path / "file" / "ledger.sqlite")


def test_an_interrupted_creation_is_begun_again(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    database = LedgerFile.open(path)
    assert put(database, Tick()) == 1
    database.close()


def test_what_an_interrupted_creation_left_is_not_used(path: Path, tmp_path: Path) -> None:
    """Nor is the journal of a file that stayed empty played back into the new one."""
    path.parent.mkdir()
    hot = tmp_path / "hot"
    connection = sqlite3.connect(hot, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("PRAGMA cache_size=1")
    connection.execute("CREATE TABLE notes(text)")
    connection.executemany("INSERT INTO notes VALUES (?)", [("x" * 3_000,)] * 20)
    journal = Path(f"{hot}-journal").read_bytes()
    assert journal[:4] == bytes.fromhex("d9d505f9"), "a journal that counts"
    connection.close()
    path.touch()
    for left in ("-journal", ".new-journal"):
        Path(f"{path}{left}").write_bytes(journal)
    Path(f"{path}.new").write_text("half of it")
    database = LedgerFile.open(path)
    assert put(database, Tick()) == 1
    database.close()
    assert {each.name for each in path.parent.iterdir()} == {path.name, f"{path.name}.lock"}


@pytest.mark.parametrize("empty", [True, False])
def test_a_log_whose_file_is_gone_is_kept_and_refused(path: Path, empty: bool) -> None:
    database = LedgerFile.open(path)
    put(database, Tick())
    log = Path(f"{path}-wal")
    content = log.read_bytes()
    database.close()
    path.unlink()
    log.write_bytes(content)
    if empty:
        path.touch()
        with pytest.raises(LedgerCorrupt):
            connect_reader(path)
    with pytest.raises(LedgerCorrupt, match=r"-wal is not.*restore the file from a backup"):
        LedgerFile.open(path)
    assert log.read_bytes() == content


def test_an_empty_database_is_no_ledger_and_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("VACUUM")
    connection.execute("PRAGMA user_version=1")
    connection.execute("PRAGMA user_version=0")
    connection.close()
    before = path.read_bytes()
    assert before
    with pytest.raises(NotALedger, match=r"without anything in it.*move this file away"):
        LedgerFile.open(path)
    assert path.read_bytes() == before


def test_a_new_ledger_is_its_owners_alone_also_where_a_link_leads(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    elsewhere = tmp_path / "elsewhere.sqlite"
    path.symlink_to(elsewhere)
    database = LedgerFile.open(path)
    put(database, Tick())
    assert path.is_symlink()
    assert {Path(f"{elsewhere}{each}").stat().st_mode & 0o777 for each in ("", "-wal", "-shm")} == {0o600}
    database.close()


def test_a_body_that_is_too_large_is_refused_and_the_rest_kept() -> None:
    small, large = [Tick()], [Tick()] * 100
    encoded = encode([small, large, small], 50)
    assert list(encoded.refused) == [1]
    assert decode_events(encoded.body) == encoded.events == small * 2


def test_quarantine_keeps_the_event_and_lets_it_go_on_release(path: Path) -> None:
    database = LedgerFile.open(path)
    put(database, Tick(), Tick(), Tick())
    wrong = Quarantined(2, NOW, "tick", "boom")
    written = database.write(CommitGroup(now=NOW, through=3, folded=[ChangeBatch(3, [wrong])]))
    assert written.quarantined == 1
    connection = sqlite3.connect(path)
    ((offset, kind, error),) = connection.execute("SELECT offset, kind, error FROM quarantine").fetchall()
    connection.close()
    assert (offset, kind, error) == (2, "tick", "boom")
    database.close()
    database = LedgerFile.open(path)
    assert database.in_quarantine == 1
    retry = Command(Principal("noc", "admin"), RetryQuarantined(2, b""))
    put(database, retry, through=3)
    written = database.write(CommitGroup(now=NOW, through=4, folded=[ChangeBatch(4, [Released(4, 2)])]))
    assert written.quarantined == 0
    database.close()
    database = LedgerFile.open(path)
    assert database.in_quarantine == 0
    database.close()


def test_an_event_is_kept_for_each_stage_with_the_changes_before(
    path: Path,
) -> None:
    database = LedgerFile.open(path)
    put(database, Tick(), Tick())
    earlier = [AlarmForgotten(1, "other Event"), AlarmForgotten(2, "same Event")]
    changes: list[Change] = [
        *earlier,
        Quarantined(2, NOW, "tick", "boom", "a"),
        AlarmForgotten(2, "a later stage"),
        Quarantined(2, NOW, "tick", "bang", "b"),
    ]
    written = database.write(CommitGroup(now=NOW, through=2, folded=[ChangeBatch(2, changes)]))
    assert written.quarantined == 2
    assert written.firsts == []
    assert written.batch is not None
    assert written.batch.first == 3
    assert list(written.batch.events) == [
        StageQuarantine("a", 2, active=True, text="boom"),
        StageQuarantine("b", 2, active=True, text="bang"),
    ]
    connection = connect_reader(path)
    kept = read_quarantine(connection, path)
    connection.close()
    assert [(one.offset, one.stage, decode_changes(one.changes)) for one in kept] == [
        (2, "a", changes[1:2]),
        (2, "b", changes[1:4]),
    ]
    assert {one.event for one in kept} == {msgpack.encode(Tick())}
    released = Released(2, 2, "a", "user:ada", "not needed", discarded=True)
    written = database.write(CommitGroup(now=NOW, through=4, folded=[ChangeBatch(4, [released])]))
    assert written.quarantined == 1
    assert written.batch is not None
    assert list(written.batch.events) == [
        StageQuarantine("a", 2, active=False, text="not needed", by="user:ada", discarded=True)
    ]
    database.close()


def test_a_wal_cut_at_any_byte_of_its_last_commit_loses_nothing_before_it(path: Path, tmp_path: Path) -> None:
    database = LedgerFile.open(path)
    put(database, Tick(), Tick())
    put(database, Tick())
    wal = Path(f"{path}-wal")
    before = wal.stat().st_size
    database.write(CommitGroup(now=NOW, through=3, appends=[[Tick()] * 3], folded=[ChangeBatch(3, [Released(1, 1)])]))
    copy = tmp_path / "copy" / path.name
    copy.parent.mkdir()
    content, log = path.read_bytes(), wal.read_bytes()
    database.close()
    assert before < len(log)
    # Inside a frame every cut is alike to SQLite (its checksum fails): each byte of headers and ends, and a sample between.
    frame = 4096 + 24
    cuts = [
        cut for cut in range(before, len(log) + 1) if (cut - 32) % frame <= 25 or (cut - 32) % 97 == 0 or cut > len(log) - 30
    ]
    for cut in cuts:
        for leftover in copy.parent.iterdir():
            leftover.unlink()
        copy.write_bytes(content)
        Path(f"{copy}-wal").write_bytes(log[:cut])
        again = LedgerFile.open(copy)
        whole = cut == len(log)
        assert (again.head.offset, again.head.seq) == ((6, 1) if whole else (3, 0)), cut
        assert again.write(CommitGroup(now=NOW, through=0, appends=[[Tick()]])).firsts == [7 if whole else 4]
        again.close()
    shutil.rmtree(copy.parent)


def test_changes_that_end_inside_a_batch_are_gone_on_from_there(path: Path) -> None:
    database = LedgerFile.open(path)
    put(database, *[Tick()] * 3)
    database.write(CommitGroup(now=NOW, through=2, folded=[ChangeBatch(2, [Released(1, 1)])]))
    recovery = recover(database)
    assert (recovery.events_through, recovery.last_offset) == (2, 3)
    assert [(batch.first, batch.through) for batch in recovery.replay] == [(1, 2)]
    assert [(batch.first, batch.through) for batch in database.read_events(2, 3)] == [(3, 3)]
    assert database.read_events(2, 2) == []
    database.close()

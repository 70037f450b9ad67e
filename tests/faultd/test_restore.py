"""A start from the ledger's file, also from one that was made before a stage existed."""

import gzip
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from vocabulary.counter import NAME, FailingCounter, TenantCounter
from vocabulary.traps import make_notification

from actors.guarded_stage import GuardedStage
from actors.ledger.database import LedgerFile
from actors.ledger.errors import DiskRefused
from actors.ledger.group import CommitGroup
from actors.ledger.read import read_quarantine, read_snapshots
from actors.ledger.schema import connect_reader
from faultd.pipe import Stages
from faultd.restore import StageNotBegun, restore
from protocols.change import Released
from protocols.command import Command, RetryQuarantined
from protocols.event import NetworkEvent, Tick, Trap
from protocols.ledger import QuarantinedEvent
from protocols.principal import Principal

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
STRANGE = Trap(
    "10.0.0.1",
    NOW,
    make_notification("1.3.6.1.4.1.99999.7", uptime=None),
)


def test_what_is_folded_again_at_a_start_is_not_counted_again(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    database = LedgerFile.open(file)
    database.write(CommitGroup(NOW, 0, [(STRANGE, Tick())]))
    database.write(CommitGroup(NOW, 2, [(Tick(),)]))  # the first two are folded, which this commit says
    database.close()
    again, stages, _seq = restore(file)
    again.close()
    assert stages.state.offset == 2
    assert not stages.state.tally


OLD = Path(__file__).parents[1] / "data" / "ledger-version-1.sqlite.gz"
"""Made by the version before stages: four Events with recorded Changes, the third in quarantine, a snapshot after it, and two
Events that were not folded."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    file = tmp_path / "ledger.sqlite"
    file.write_bytes(gzip.decompress(OLD.read_bytes()))
    return file


def counter(stages: Stages) -> TenantCounter:
    guard = stages.all[1]
    assert isinstance(guard, GuardedStage)
    assert isinstance(guard.stage, TenantCounter)
    return guard.stage


def test_an_old_ledger_goes_on_with_the_correlator_alone(old: Path) -> None:
    database, stages, seq = restore(old)
    kept = quarantined(database)
    database.close()
    assert (stages.state.offset, seq) == (4, 3)
    assert [(each.offset, each.stage, each.error) for each in kept] == [
        (3, "correlator", "ZeroDivisionError: a bug of that version")
    ]
    retry = RetryQuarantined(3, kept[0].event, kept[0].stage, kept[0].changes)
    changes = stages.fold(5, NOW, Command(Principal("ada", "admin"), retry))
    assert [change.released for change in changes if isinstance(change, Released)] == [3]


def test_a_stage_that_an_old_ledger_did_not_have_begins_with_what_the_correlator_holds(old: Path) -> None:
    database, stages, _ = restore(old, [TenantCounter])
    first = counter(stages).counts
    assert first.raised == {"t": 2, "u": 1, "default": 1}, "c came behind the snapshot, and its Changes are recorded"
    with closing(connect_reader(old)) as connection:
        snapshots = {snapshot.through: set(snapshot.parts) for snapshot in read_snapshots(connection)}
    assert snapshots == {4: {"correlator", NAME}, 3: {"correlator"}}
    database.close()

    # Whatever was folded in a run that crashed: the stage begins with the same Event again.
    for _ in range(2):
        again, stages, _ = restore(old, [TenantCounter])
        again.close()
        assert counter(stages).counts == first
        assert stages.state.offset == 4


def test_what_the_snapshot_lacks_is_written_with_it_or_not_at_all(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: LedgerFile, group: CommitGroup) -> None:
        raise DiskRefused(self.path, "full")

    with monkeypatch.context() as disk:
        disk.setattr(LedgerFile, "write", full)
        with pytest.raises(DiskRefused):
            restore(old, [TenantCounter])
    database, stages, _ = restore(old, [TenantCounter])
    database.close()
    assert counter(stages).counts.raised == {"t": 2, "u": 1, "default": 1}


@pytest.mark.parametrize("method", ["begin", "saving", "pieces"])
def test_a_stage_that_cannot_begin_ends_the_start_and_leaves_the_file_as_it_was(old: Path, method: str) -> None:
    failing = {method}
    with pytest.raises(StageNotBegun, match=rf"cannot begin \(stage {NAME}, .*: ZeroDivisionError: {method}\)"):
        restore(old, [partial(FailingCounter, failing.__contains__)])
    with closing(connect_reader(old)) as connection:
        assert [(kept.through, set(kept.parts)) for kept in read_snapshots(connection)] == [(3, {"correlator"})]
    failing.clear()
    database, stages, _ = restore(old, [partial(FailingCounter, failing.__contains__)])
    database.close()
    assert counter(stages).counts.raised == {"t": 2, "u": 1, "default": 1}


def test_a_stage_begins_only_when_the_one_before_it_says_what_it_holds(old: Path) -> None:
    class Late(TenantCounter):
        name = "late"

    restore(old, [TenantCounter]).database.close()
    with pytest.raises(StageNotBegun, match=f"stage {NAME}, held: ZeroDivisionError: held"):
        restore(old, [partial(FailingCounter, {"held"}.__contains__), Late])


def test_a_stage_that_trips_over_its_part_folds_from_an_older_snapshot(old: Path) -> None:
    restore(old, [TenantCounter]).database.close()
    fails = iter([True])  # the newest part, and no other
    database, stages, _ = restore(old, [lambda: FailingCounter(lambda method: method == "load" and next(fails, False))])
    database.close()
    assert counter(stages).counts.raised == {"t": 2, "u": 1, "default": 1}
    assert stages.state.offset == 4


def test_a_stage_that_is_gone_again_leaves_the_others_as_they_were(old: Path) -> None:
    restore(old, [TenantCounter]).database.close()
    database, stages, _ = restore(old)
    database.close()
    assert stages.state.offset == 4


def test_without_a_snapshot_every_stage_folds_from_the_first_event(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    database = LedgerFile.open(file)
    down = NetworkEvent(type="device.down", tenant_id="t", resource_type="olt", resource_id="a")
    database.write(CommitGroup(NOW, 0, [(down,)]))
    database.write(CommitGroup(NOW, 1, [(Tick(),)]))
    database.close()
    again, stages, _ = restore(file, [TenantCounter])
    again.close()
    assert counter(stages).counts.raised == {"t": 1}
    with closing(connect_reader(file)) as connection:
        assert list(read_snapshots(connection)) == []


def quarantined(database: LedgerFile) -> list[QuarantinedEvent]:
    with closing(connect_reader(database.path)) as connection:
        return read_quarantine(connection, database.path)

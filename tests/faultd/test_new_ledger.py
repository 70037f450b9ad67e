"""A ledger that is begun with what operators made: whole or not at all, behind the offsets of the lost one."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import typer
from msgspec.structs import replace
from vocabulary.world import LEDGER_ID

from actors.correlator.operator_tables import operator_data
from actors.correlator.rules.memories import RuleMemory
from actors.correlator.rules.rule_registry import file_rule_id
from actors.correlator.windows.memory import WindowMemory
from actors.ledger.database import LedgerFile
from actors.ledger.errors import LedgerCorrupt, LedgerLocked
from actors.ledger.group import CommitGroup
from actors.ledger.read import read_changes
from actors.ledger.schema import connect_reader, connect_writer
from actors.store.operator_read import OperatorData
from faultd import new_ledger
from faultd.cli.restore import restore_ledger
from faultd.inputs import changed_file
from faultd.new_ledger import BEHIND, LedgerThere, NotRestored, begin_ledger, parents_first
from faultd.restore import restore
from protocols.change import NodesChanged, RuleChanged, WindowChanged
from protocols.command import Command, PutWindow
from protocols.event import CountAlarms, PolicyLoaded, RulesLoaded, Tick, TopologyLoaded
from protocols.maintenance import MaintenanceWindow, WindowPlan, WindowScope
from protocols.principal import Principal
from protocols.rule import Conditions, Rule, RuleRecord
from protocols.topology import Node, TopologyNode

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
RULE = Rule(name="quiet", type="suppression", conditions=Conditions(match={"alarm_type": "x"}))
OF_API = RuleRecord(id="r1", rule=RULE, origin="api", created_at=NOW, updated_at=NOW, updated_by="ada", revision=4)
OF_FILE = replace(OF_API, id="f1", rule=replace(RULE, name="mine", enabled=False), origin="file", switched=True)
WINDOW = MaintenanceWindow(
    id="MW700",
    tenant_id=None,
    title="splicing",
    scope=WindowScope(devices=("olt-1",)),
    time_zone="UTC",
    start=NOW - timedelta(hours=1),
    local_start=datetime(2026, 3, 1, 2, 0),  # noqa: DTZ001
    duration_seconds=7_200.0,
    created_at=NOW,
    created_by="ada",
    updated_at=NOW,
    updated_by="ada",
    revision=3,
)
OLT, ONT = Node(id="olt-1", type="olt", address="10.0.0.1"), Node(id="olt-1/1", type="ont", parents=("olt-1",))
MINE = Node(id="mine", type="ont", parents=("olt-1/1", "olt-1"), addresses=("10.0.0.2", "10.0.0.3"), address="10.0.0.2")
NODES = (TopologyNode(MINE, "api", 90), TopologyNode(ONT, "file", 7), TopologyNode(OLT, "file", 7))
DATA = OperatorData("old", 12, 700, [OF_API, OF_FILE], [WINDOW], NODES)


def begun(path: Path, data: OperatorData = DATA) -> int:
    found = begin_ledger(path, data, NOW)
    assert found.begins == data.offset + BEHIND
    return found.begins


def test_the_new_ledger_holds_all_and_goes_on_behind_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    begins = begun(path)
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.sqlite"]
    file, stages, seq = restore(path)
    with closing(file):
        assert (file.head.offset, file.head.through, seq) == (begins + 3, begins + 3, 3)
        state = stages.state
        assert state.offset == begins + 3, "a start has all of it before it compares its state with the files"
        with closing(connect_reader(path)) as connection:
            batches = read_changes(connection, path, 0, seq, 9, 1 << 30)
        changes = [change for batch in batches for change in batch.changes]
        mine = file_rule_id(state, "mine")
        records = state.memory(RuleMemory).records
        assert records == {"r1": OF_API, mine: replace(OF_FILE, id=mine)}
        assert state.memory(WindowMemory).windows == {"MW700": WINDOW}
        assert list(state.memory(WindowMemory).active) == ["MW700"], "it is open at this time"
        assert list(state.plant.nodes.values()) == [OLT, ONT, MINE]
        assert list(state.api_nodes) == ["mine"]
        assert {state.plant.revision(one) for one in ("olt-1", "olt-1/1")} == {begins + 2}
        assert RuleChanged(begins + 1, "f1") in changes, "the row of the old id goes"
        assert {type(change) for change in changes} == {RuleChanged, WindowChanged, NodesChanged}
        # The file of rules and that of nodes are read at the next start: what was set through the API stays.
        rule = replace(RULE, name="mine")
        stages.fold(begins + 4, NOW, RulesLoaded("d", (rule,)))
        assert state.memory(RuleMemory).records[mine] == replace(OF_FILE, id=mine)
        stages.fold(begins + 5, NOW, changed_file(state, TopologyLoaded("t", (OLT, ONT))))
        assert list(state.plant.nodes) == ["olt-1", "olt-1/1", "mine"]
        # Ids and names made from offsets are new.
        stages.fold(begins + 6, NOW, CountAlarms())
        plan = WindowPlan(title="w", scope=WindowScope(devices=("olt-1",)), start=NOW, duration_seconds=9.0)
        stages.fold(begins + 7, NOW, Command(Principal("ada", "admin"), PutWindow(plan)))
        assert list(state.memory(WindowMemory).windows) == ["MW700", f"MW{begins + 7}"]


def test_a_ledger_to_which_the_database_is_not_given_is_withdrawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command can be run again at once: nothing has to be moved away."""
    config, path = tmp_path / "faultd.toml", tmp_path / "state" / "ledger.sqlite"
    config.write_text(f'state_dir = "{path.parent}"\n[database]\nurl = "postgresql://nobody@/none"\n')

    def locked(_url: str, _ledger_id: str, _now: datetime) -> int:
        assert path.exists()
        raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")

    monkeypatch.setattr("faultd.cli.restore.read_operator_data", lambda _url: DATA)
    monkeypatch.setattr("faultd.cli.restore.adopt_restored", locked)
    with pytest.raises(typer.Exit) as left:
        restore_ledger(config, from_database=True)
    assert left.value.exit_code == 69
    assert "lock timeout" in capsys.readouterr().err
    assert [file.name for file in path.parent.iterdir()] == ["ledger.sqlite.lock"]
    monkeypatch.setattr("faultd.cli.restore.adopt_restored", lambda _url, _ledger_id, _now: 0)
    restore_ledger(config, from_database=True)
    assert path.exists()


def test_a_begun_ledger_recovers_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    begins = begun(path)
    with closing(LedgerFile.open(path)) as file:
        file.write(CommitGroup(now=NOW, through=begins + 3, appends=[[Tick()]]))
    file, stages, _ = restore(path)
    with closing(file):
        assert (file.head.offset, file.head.through) == (begins + 4, begins + 3)
        assert stages.state.offset == begins + 3
        assert len(list(operator_data(stages.state))) == 4


def test_where_there_is_a_ledger_none_is_begun(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    for name in ("ledger.sqlite", "ledger.sqlite-wal"):
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(LedgerThere, match="Move it"):
            begin_ledger(path, DATA, NOW)
        assert (tmp_path / name).read_bytes() == b"x"
        (tmp_path / name).unlink()
    with closing(LedgerFile.claimed(path)), pytest.raises(LedgerLocked):
        LedgerFile.open(path)
    assert not path.exists(), "a claim makes no ledger"


def test_a_leftover_of_an_interrupted_attempt_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "restoring-ledger.sqlite").write_bytes(b"half")
    (tmp_path / "restoring-ledger.sqlite-wal").write_bytes(b"half")
    begun(tmp_path / "ledger.sqlite")
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.sqlite"]


def test_a_ledger_that_holds_something_else_is_not_put_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_ledger, "events_of", lambda _data: iter([PolicyLoaded("p", b"broken")]))
    with pytest.raises(NotRestored, match="cannot be folded"):
        begin_ledger(tmp_path / "ledger.sqlite", DATA, NOW)
    monkeypatch.setattr(new_ledger, "events_of", lambda _data: iter([Tick()]))
    with pytest.raises(NotRestored, match="rules"):
        begin_ledger(tmp_path / "ledger.sqlite", DATA, NOW)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_gives_an_empty_ledger(tmp_path: Path) -> None:
    begins = begun(tmp_path / "ledger.sqlite", OperatorData("old", 1, 0, [], [], []))
    with closing(LedgerFile.open(tmp_path / "ledger.sqlite")) as file:
        assert (file.head.offset, file.ledger_id == LEDGER_ID) == (begins + 1, False)


def test_many_nodes_come_in_several_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_ledger, "NODES_AT_ONCE", 10)
    nodes = [
        TopologyNode(Node(id=f"n{n:02}", type="ont", parents=(f"n{n + 1:02}",) if n < 24 else ()), "file", 1) for n in range(25)
    ]
    begins = begun(tmp_path / "ledger.sqlite", replace(DATA, nodes=nodes))
    with closing(LedgerFile.open(tmp_path / "ledger.sqlite")) as file:
        assert file.head.offset == begins + 1 + 3


def test_parents_come_first_and_a_ring_last() -> None:
    ring = [TopologyNode(Node(id=a, type="x", parents=(b,)), "api", 1) for a, b in (("a", "b"), ("b", "a"))]
    found = [each.node.id for each in parents_first([*ring, *NODES])]
    assert found == ["olt-1", "olt-1/1", "mine", "a", "b"]


def test_a_ledger_whose_beginning_is_altered_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    begun(path)
    connection = connect_writer(path)
    connection.execute("UPDATE meta SET value = '5' WHERE key = 'begins'")
    connection.close()
    with pytest.raises(LedgerCorrupt, match="at which it begins"):
        LedgerFile.open(path)

"""A ledger that is begun with what operators made: whole or not at all, behind the offsets of the lost one."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

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
from actors.postgres import Postgres
from actors.store.adopt import adopt
from actors.store.apply import apply
from actors.store.cursor import BatchMark, LedgerMismatch, read_cursor, verify
from actors.store.operator_read import OperatorData
from faultd import new_ledger
from faultd.cli.restore import restore_ledger
from faultd.inputs import changed_file
from faultd.new_ledger import SPARE, UNKNOWN_SECONDS, LedgerThere, NotRestored, begin_ledger, beginning, parents_first
from faultd.restore import restore
from protocols.change import NodesChanged, RuleChanged, WindowChanged
from protocols.command import Command, PutWindow
from protocols.event import CountAlarms, PolicyLoaded, RulesLoaded, Tick, TopologyLoaded
from protocols.maintenance import MaintenanceWindow, WindowPlan, WindowScope
from protocols.principal import Principal
from protocols.rule import Conditions, Rule, RuleRecord
from protocols.sla.changes import SlaWindowChanged
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
DATA = OperatorData("old", 12, 700, [OF_API, OF_FILE], [WINDOW], NODES, NOW)


def begun(path: Path, data: OperatorData = DATA) -> int:
    found = begin_ledger(path, data, NOW)
    assert found.begins == beginning(data, NOW)
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
        assert {type(change) for change in changes} == {RuleChanged, WindowChanged, NodesChanged, SlaWindowChanged}
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


@pytest.mark.parametrize(
    ("known_at", "begins"),
    [
        (NOW, 700 + SPARE),
        (NOW + timedelta(days=1), 700 + SPARE),
        (NOW - timedelta(microseconds=1), 700 + 2 * SPARE),
        (NOW - timedelta(hours=1), 700 + 3_601 * SPARE),
        (None, 700 + (UNKNOWN_SECONDS + 1) * SPARE),
    ],
    ids=["at once", "a clock that goes wrong", "a moment", "an hour", "not known"],
)
def test_it_begins_above_all_offsets_that_the_lost_ledger_can_have_given(known_at: datetime | None, begins: int) -> None:
    assert beginning(replace(DATA, known_at=known_at), NOW) == begins


async def sql(url: str, query: str, *arguments: object) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(query, *arguments)
    await connection.close()


FILLED = "INSERT INTO faultd_cursor (consumer, ledger_id, seq, events_through, recorded_at) VALUES ('store', 'old', 5, 700, $1)"


def test_a_second_restore_before_postgresql_saw_the_first_gives_no_offset_again(tmp_path: Path, database_url: str) -> None:
    """The first new ledger ran while PostgreSQL was away, was lost too, and had shown its ids to people."""
    config, path = tmp_path / "faultd.toml", tmp_path / "state" / "ledger.sqlite"
    config.write_text(f'state_dir = "{path.parent}"\n[database]\nurl = "{database_url}"\n')
    asyncio.run(sql(database_url, FILLED, datetime.now(UTC)))
    begins = []
    for _ in range(3):
        restore_ledger(config, from_database=True)
        with closing(LedgerFile.open(path)) as file:
            begins.append(file.head.offset)
            file.write(CommitGroup(now=NOW, through=file.head.through, appends=[[Tick()] * 10]))
        for left in path.parent.glob("ledger.sqlite*"):
            left.unlink()
    assert begins[0] > 700 + SPARE
    assert begins[1] >= begins[0] + SPARE
    assert begins[2] >= begins[1] + SPARE


async def test_an_empty_ledger_does_not_take_over_the_database_of_a_restored_one(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        await database.run(read_cursor, "old")
        await database.run(partial(adopt, begins=5_000), "restored", NOW)
        with pytest.raises(LedgerMismatch, match="from ledger restored"):
            await database.run(read_cursor, "empty")
        cursor = await database.run(read_cursor, "restored")
        assert (cursor.seq, cursor.mark) == (0, BatchMark(5_000, NOW))
        feed: Any = SimpleNamespace(last=3)
        await verify(feed, cursor)
        await database.run(apply, "restored", 0, 1, [], set(), BatchMark(5_001, NOW))
        assert (await database.run(read_cursor, "restored")).seq == 1


def test_a_ledger_to_which_the_database_is_not_given_is_withdrawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command can be run again at once: nothing has to be moved away."""
    config, path = tmp_path / "faultd.toml", tmp_path / "state" / "ledger.sqlite"
    config.write_text(f'state_dir = "{path.parent}"\n[database]\nurl = "postgresql://nobody@/none"\n')

    def locked(_url: str, _ledger_id: str, _begins: int, _now: datetime) -> int:
        assert path.exists()
        raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")

    monkeypatch.setattr("faultd.cli.restore.read_operator_data", lambda _url, _now: DATA)
    monkeypatch.setattr("faultd.cli.restore.adopt_restored", locked)
    with pytest.raises(typer.Exit) as left:
        restore_ledger(config, from_database=True)
    assert left.value.exit_code == 69
    assert "lock timeout" in capsys.readouterr().err
    assert [file.name for file in path.parent.iterdir()] == ["ledger.sqlite.lock"]
    monkeypatch.setattr("faultd.cli.restore.adopt_restored", lambda _url, _ledger_id, _begins, _now: 0)
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

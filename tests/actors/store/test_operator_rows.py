"""Rules, windows and nodes in a real PostgreSQL: the names of REST, joins from alarms, and nothing that wedges the store."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import msgspec
import pytest
import trio

from actors.mailbox import FeedPruned
from actors.postgres import Connection, Postgres
from actors.store.adopt import OperatorDataInTheWay, adopt_now
from actors.store.apply import apply
from actors.store.cursor import Cursor, read_cursor
from actors.store.operator_read import read_operator_data
from actors.store.operator_rows import NodeRow, RuleRow, WindowRow
from actors.store.reseed import reseed
from protocols.alarm import Alarm, Suppression
from protocols.change import AlarmChanged, Change, NodesChanged, RuleChanged, WindowChanged
from protocols.ledger import Seed
from protocols.maintenance import MaintenanceWindow, Occurrence, WindowScope
from protocols.rest_maintenance import WindowShown
from protocols.rest_rules import RuleShown
from protocols.rest_topology import NodeShown
from protocols.rule import Actions, Conditions, FieldTest, Rule, RuleRecord
from protocols.topology import Node, TopologyNode

T0 = datetime(2026, 1, 31, 23, 0, tzinfo=UTC)
WINDOW = MaintenanceWindow(
    id="MW7",
    tenant_id=None,
    title="splicing",
    scope=WindowScope(devices=("olt-1",), alarm_types=("ont.los",)),
    time_zone="Europe/Berlin",
    start=T0,
    local_start=datetime(2026, 2, 1, 0, 0),  # noqa: DTZ001
    duration_seconds=3600.5,
    recurrence="FREQ=DAILY",
    exceptions=("2026-02-03",),
    created_at=T0,
    created_by="ada",
    updated_at=T0,
    updated_by="eve",
    key="ada/k1",
    revision=3,
)
RULE = RuleRecord(
    id="r1",
    rule=Rule(
        name="quiet",
        type="suppression",
        priority=-5,
        tenant_id="t1",
        conditions=Conditions(match={"alarm_type": FieldTest(in_=("ont.los", "a\x00b")), "severity": "minor"}),
        actions=Actions(suppress=True),
    ),
    origin="api",
    created_at=T0,
    updated_at=T0,
    updated_by="ada",
    revision=4,
)


async def write(database: Postgres, *changes: Change) -> Any:
    seq = (await database.run(read_cursor, "ledger")).seq
    return await database.run(apply, "ledger", seq, seq + 1, changes, set())


def put(*nodes: Node, offset: int = 1) -> NodesChanged:
    return NodesChanged(offset, tuple(TopologyNode(node, "api", offset) for node in nodes))


def test_the_columns_are_the_fields_of_rest() -> None:
    assert set(RuleShown.__struct_fields__) - set(RuleRow.__struct_fields__) == {"error"}, "it is the running version's"
    said_twice = {"start", "end", "phase"}
    assert set(WindowShown.__struct_fields__) - set(WindowRow.__struct_fields__) == {
        *said_twice,
        "occurrence",
        "held",
        "warnings",
    }
    assert set(NodeShown.__struct_fields__) - set(NodeRow.__struct_fields__) == {"children"}, "counted by a join"
    for row, more in ((RuleRow, {"switched"}), (NodeRow, set())):
        shown = {*RuleShown.__struct_fields__, *NodeShown.__struct_fields__}
        assert set(row.__struct_fields__) - shown == more


async def test_each_is_stored_whole_and_deleted(database_url: str) -> None:
    occurrence = Occurrence(T0 + timedelta(days=1), T0 + timedelta(days=1, hours=1))
    node = Node(id="n1", type="ont", parents=("a", "b"), address="10.0.0.1", addresses=("10.0.0.1", "10.0.0.2"), latitude=52.5)
    async with Postgres.open(database_url) as database:
        assert await write(database, RuleChanged(1, "r1", RULE), WindowChanged(2, "MW7", WINDOW, "upcoming", occurrence)) == []
        assert (
            await write(
                database,
                put(
                    node,
                    Node(id="n2", type="olt", address="10.0.0.3", credentials="core", poll="off", poll_interval=30),
                    offset=9,
                ),
            )
            == []
        )
        (rule,) = await database.fetch("SELECT * FROM rules")
        assert rule["conditions"] == {"match": {"alarm_type": {"in": ["ont.los", "a\ufffdb"]}, "severity": "minor"}}
        assert (rule["actions"], rule["priority"], rule["tenant_id"], rule["time_window"]) == (
            {"suppress": True},
            -5,
            "t1",
            300,
        )
        assert (rule["origin"], rule["updated_by"], rule["created_at"], rule["revision"]) == ("api", "ada", T0, 4)
        (window,) = await database.fetch("SELECT * FROM maintenance_windows")
        assert (window["start_time"], window["end_time"]) == (T0, T0 + timedelta(seconds=3600.5))
        assert (window["status"], window["occurrence_start"], window["occurrence_end"]) == (
            "upcoming",
            occurrence.start,
            occurrence.end,
        )
        assert (window["scope"]["devices"], window["exceptions"], window["revision"]) == (["olt-1"], ["2026-02-03"], 3)
        assert (window["local_start"], window["idempotency_key"]) == (WINDOW.local_start, "ada/k1")
        first, second = await database.fetch("SELECT * FROM topology_nodes ORDER BY id")
        assert (first["parents"], first["addresses"], first["latitude"]) == (["a", "b"], ["10.0.0.1", "10.0.0.2"], 52.5)
        assert (second["addresses"], second["longitude"], second["origin"], second["revision"]) == (
            ["10.0.0.3"],
            None,
            "api",
            9,
        )
        assert (first["credentials"], first["poll"], first["poll_interval"]) == ("", "", None)
        assert (second["credentials"], second["poll"], second["poll_interval"]) == ("core", "off", 30)
        assert await write(database, RuleChanged(3, "r1"), WindowChanged(4, "MW7"), NodesChanged(5, (), ("n1", "none"))) == []
        for table, left in (("rules", 0), ("maintenance_windows", 0), ("topology_nodes", 1)):
            assert await database.fetchval(f"SELECT count(*) FROM {table}") == left


async def test_alarms_join_with_what_operators_made(database_url: str, alarm_of: Callable[..., Alarm]) -> None:
    """The queries of docs/maintenance.md, docs/rules.md and docs/topology.md."""
    held = alarm_of(
        1,
        suppressed_by=(
            Suppression("window", "MW7", T0, "planned"),
            Suppression("rule", "r1", T0),
            Suppression("parent", "x", T0),
        ),
    )
    free = alarm_of(2)
    nodes = put(
        Node(id="olt-1/0/1/1", type="ont", parents=("olt-1",), customer_id="C1"),
        Node(id="olt-1/0/1/2", type="ont", parents=("olt-1",)),
        Node(id="C1", type="customer", name="Novak", parents=("olt-1/0/1/1",), customer_id="C1", phone="+49 30 1"),
    )
    async with Postgres.open(database_url) as database:
        changes: list[Change] = [AlarmChanged(1, held, ()), AlarmChanged(1, free, ()), RuleChanged(1, "r1", RULE)]
        assert await write(database, *changes, WindowChanged(2, "MW7", WINDOW, "active"), nodes) == []
        found = await database.fetch("""
            SELECT a.alarm_id, n.type, c.name, c.phone FROM alarms a
            JOIN topology_nodes n ON n.id = a.resource_id
            LEFT JOIN topology_nodes c ON c.type = 'customer' AND c.customer_id = n.customer_id AND n.customer_id <> ''
            ORDER BY a.alarm_id""")
        assert [tuple(row) for row in found] == [("A-1", "ont", "Novak", "+49 30 1"), ("A-2", "ont", None, None)]
        found = await database.fetch("""
            SELECT a.alarm_id, w.id, w.title, w.status, w.end_time FROM alarms a
            CROSS JOIN jsonb_to_recordset(a.suppressed_by) AS s (kind text, by text)
            JOIN maintenance_windows w ON s.kind = 'window' AND w.id = s.by""")
        assert [tuple(row) for row in found] == [("A-1", "MW7", "splicing", "active", T0 + timedelta(seconds=3600.5))]
        found = await database.fetch("""
            SELECT a.alarm_id, r.name, r.priority FROM alarms a
            CROSS JOIN jsonb_to_recordset(a.suppressed_by) AS s (kind text, by text)
            JOIN rules r ON s.kind = 'rule' AND r.id = s.by""")
        assert [tuple(row) for row in found] == [("A-1", "quiet", -5)]
        children = await database.fetch("SELECT id FROM topology_nodes WHERE parents @> ARRAY['olt-1'] ORDER BY id")
        assert [row["id"] for row in children] == ["olt-1/0/1/1", "olt-1/0/1/2"]
        index = await database.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_maintenance_windows_time'")
        assert index.endswith("maintenance_windows USING btree (start_time, end_time, status)")


async def test_one_node_that_postgresql_refuses_is_set_aside_alone(database_url: str) -> None:
    long = "".join(chr(0x4E00 + number * 37 % 20_000) for number in range(4_000))
    nodes = put(*(Node(id=f"n{number}", type="ont") for number in range(9)), Node(id=long, type="ont"), offset=4)
    nodes = msgspec.structs.replace(nodes, removes=("gone", "n-gone"))
    async with Postgres.open(database_url) as database:
        await write(database, put(Node(id="gone", type="ont")))
        (reject,) = await write(database, nodes)
        assert (reject.offset, reject.kind) == (4, "nodes")
        assert "maximum size" in reject.error
        assert [row["id"] for row in await database.fetch("SELECT id FROM topology_nodes ORDER BY id")] == [
            f"n{number}" for number in range(9)
        ]


async def test_a_node_that_comes_again_unchanged_writes_nothing(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        node = Node(id="n1", type="ont", parents=("a",))
        await write(database, put(node))
        before = await database.fetchval("SELECT xmin::text FROM topology_nodes")
        await write(database, put(node))
        assert await database.fetchval("SELECT xmin::text FROM topology_nodes") == before
        await write(database, put(node, offset=2))
        assert await database.fetchval("SELECT xmin::text FROM topology_nodes") != before


async def test_a_database_that_lacks_batches_gets_what_there_is(database_url: str) -> None:
    made: list[Change] = [
        RuleChanged(0, "r1", RULE),
        WindowChanged(0, "MW7", WINDOW, "active"),
        put(Node(id="n1", type="ont"), offset=5),
    ]
    async with Postgres.open(database_url) as database:
        other = msgspec.structs.replace(RULE, id="r0")
        old: list[Change] = [
            RuleChanged(1, "r0", other),
            WindowChanged(2, "MW1", msgspec.structs.replace(WINDOW, id="MW1"), "active"),
        ]
        await write(database, *old, put(Node(id="n0", type="ont")))
        done = await database.run(reseed, "ledger", FeedPruned(1, 10), Seed(12, [], (), T0, made))
        assert list(done.rejects) == []
        for table, ids in (("rules", ["r1"]), ("maintenance_windows", ["MW7"]), ("topology_nodes", ["n1"])):
            assert [row["id"] for row in await database.fetch(f"SELECT id FROM {table}")] == ids


@pytest.mark.parametrize("text", ["\x00", "\ud800", "'; DROP TABLE rules; --", "\U0001f4a5"])
async def test_any_text_is_taken(database_url: str, text: str) -> None:
    rule = msgspec.structs.replace(RULE, rule=msgspec.structs.replace(RULE.rule, name=text, description=text))
    window = msgspec.structs.replace(WINDOW, title=text, description=text, scope=WindowScope(devices=(text,)))
    async with Postgres.open(database_url) as database:
        assert await write(database, RuleChanged(1, "r1", rule), WindowChanged(1, "MW7", window)) == []
        assert await write(database, put(Node(id=f"n{text}", type=text, name=text, parents=(text,)))) == []
        for table in ("rules", "maintenance_windows", "topology_nodes"):
            assert await database.fetchval(f"SELECT count(*) FROM {table}") == 1


async def test_rows_are_read_back_as_they_were_written(database_url: str) -> None:
    other = msgspec.structs.replace(
        WINDOW, id="MW12", recurrence="", exceptions=(), cancelled_at=T0, cancelled_by="eve", key=""
    )
    plain = Rule(name="plain", type="suppression", conditions=Conditions(match={"severity": FieldTest(in_=("minor", 3, True))}))
    filed = msgspec.structs.replace(RULE, id="r2", rule=plain, origin="file", switched=True)
    nodes = (
        TopologyNode(Node(id="n1", type="ont", parents=("b", "a"), address="10.0.0.1", latitude=52.123456789012345), "file", 7),
        TopologyNode(Node(id="n2", type="olt", address="10.0.0.2", addresses=("10.0.0.2", "10.0.0.3")), "api", 1 << 40),
    )
    rule = msgspec.structs.replace(
        RULE, rule=msgspec.structs.replace(RULE.rule, conditions=Conditions(match={"alarm_type": "x"}))
    )
    async with Postgres.open(database_url) as database:
        changes: list[Change] = [RuleChanged(1, "r1", rule), RuleChanged(1, "r2", filed), NodesChanged(1, nodes)]
        await write(database, *changes, WindowChanged(2, "MW7", WINDOW, "active"), WindowChanged(2, "MW12", other, "cancelled"))
    data = await trio.to_thread.run_sync(read_operator_data, database_url, T0)
    assert (data.ledger_id, data.seq, data.offset) == ("ledger", 1, 1 << 40)
    assert list(data.rules) == [rule, filed]
    assert list(data.windows) == [WINDOW, other]
    assert list(data.nodes) == list(nodes)


async def test_a_table_that_another_session_holds_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setattr("actors.postgres.LOCK_SECONDS", 1.0)

    def check(_cursor: Cursor) -> None:
        raise AssertionError("another ledger's")

    async with Postgres.open(database_url) as database:
        await write(database, RuleChanged(1, "r1", RULE))

        async def locked(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute("LOCK TABLE rules IN ACCESS EXCLUSIVE MODE")
                for call in (
                    partial(read_operator_data, database_url, T0),
                    partial(adopt_now, database_url, "other", T0, check, discard=True),
                ):
                    with pytest.raises(asyncpg.LockNotAvailableError):
                        await asyncio.to_thread(call)

        await database.run(locked)
        data = await trio.to_thread.run_sync(read_operator_data, database_url, T0)
        assert (data.ledger_id, [record.id for record in data.rules]) == ("ledger", ["r1"]), "nothing was adopted"


async def test_another_ledger_does_not_adopt_what_operators_made_by_the_way(database_url: str) -> None:
    def check(_cursor: Cursor) -> None:
        raise AssertionError("another ledger's")

    adopt = partial(trio.to_thread.run_sync, partial(adopt_now, database_url, "other", T0, check))
    async with Postgres.open(database_url) as database:
        await write(
            database, RuleChanged(1, "r1", RULE), WindowChanged(2, "MW7", WINDOW, "upcoming"), put(Node(id="n", type="x"))
        )
        with pytest.raises(OperatorDataInTheWay, match="1 rule, 1 maintenance window, 1 node, 0 SLA instances, "):
            await adopt()
        assert await database.fetchval("SELECT count(*) FROM rules") == 1
        done = await trio.to_thread.run_sync(partial(adopt_now, database_url, "other", T0, check, discard=True))
        assert done is not None
        for table in ("rules", "maintenance_windows", "topology_nodes"):
            assert await database.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_rows_of_files_and_windows_that_are_over_are_in_nobodys_way(database_url: str) -> None:
    async with Postgres.open(database_url) as database:
        filed = msgspec.structs.replace(RULE, origin="file")
        node = NodesChanged(1, (TopologyNode(Node(id="n", type="x"), "file", 1),))
        await write(database, RuleChanged(1, "r1", filed), WindowChanged(2, "MW7", WINDOW, "ended"), node)
    done = await trio.to_thread.run_sync(adopt_now, database_url, "other", T0, lambda _cursor: None)
    assert done is not None

"""What operators made comes out of the fold as Changes: rules, windows with a status that stays true, and nodes in pieces."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from vocabulary.world import World

from actors.correlator.memories import TablesMemory
from actors.correlator.operator_tables import AT_MOST, operator_data
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from protocols.change import Change, NodesChanged, RuleChanged, WindowChanged
from protocols.command import (
    CancelWindow,
    ChangeTopology,
    CreateRule,
    DeleteRule,
    EditRule,
    EndWindow,
    PatchWindow,
    PutWindow,
)
from protocols.event import FROM_FILE, ClockJumped, RulesLoaded, SeedTables, Tick, TopologyChanged, TopologyLoaded
from protocols.maintenance import Occurrence, PlanChanges, WindowPlan, WindowScope
from protocols.principal import Principal
from protocols.rule import Actions, Conditions, Rule, RuleEdited
from protocols.topology import Node

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
ADMIN = Principal("ada", "admin")
RULE = Rule(name="quiet", type="suppression", conditions=Conditions(match={"alarm_type": "x"}), actions=Actions(suppress=True))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Tables:
    """What the Changes come to, each table by its ids."""

    def __init__(self) -> None:
        self.rules: dict[str, Any] = {}
        self.windows: dict[str, Any] = {}
        self.nodes: dict[str, Any] = {}

    def take(self, changes: list[Change]) -> "Tables":
        for change in changes:
            match change:
                case RuleChanged():
                    _put(self.rules, change.id, change.record)
                case WindowChanged():
                    row = None if change.window is None else (change.window, change.status, change.occurrence)
                    _put(self.windows, change.id, row)
                case NodesChanged():
                    for one in change.removes:
                        _put(self.nodes, one, None)
                    for each in change.puts:
                        _put(self.nodes, each.node.id, each)
        return self

    def same_as(self, state: State) -> None:
        """Nothing is left out and nothing is too much."""
        held = Tables().take(list(operator_data(state)))
        assert self.rules == held.rules
        assert self.windows == held.windows
        assert self.nodes == held.nodes


def _put(table: dict[str, Any], key: str, row: Any) -> None:
    if row is None:
        table.pop(key, None)
    else:
        table[key] = row


def of(world: World, *kinds: type[Any]) -> list[Any]:
    return [change for change in world.changes if isinstance(change, kinds)]


def test_each_change_of_a_rule_is_one_change(world: World) -> None:
    rule_id = world.command(CreateRule(RULE), by=ADMIN).accepted[0]
    (made,) = of(world, RuleChanged)
    assert (made.id, made.record.rule, made.record.origin, made.record.revision) == (rule_id, RULE, "api", 1)
    world(RulesLoaded("a", (msgspec.structs.replace(RULE, name="of a file"),)))
    (filed,) = of(world, RuleChanged)
    assert (filed.record.origin, filed.record.switched) == ("file", False)
    world(RulesLoaded("a", (msgspec.structs.replace(RULE, name="of a file"),)))
    assert of(world, RuleChanged) == [], "a file that says the same changes nothing"
    world.command(EditRule(filed.id, RuleEdited(enabled=False)), by=ADMIN)
    (switched,) = of(world, RuleChanged)
    assert (switched.record.rule.enabled, switched.record.switched, switched.record.revision) == (False, True, 2)
    world(RulesLoaded("b", (msgspec.structs.replace(RULE, name="of a file", priority=4),)))
    (other,) = of(world, RuleChanged)
    assert (other.record.rule.enabled, other.record.switched, other.record.rule.priority) == (False, True, 4)
    world.command(DeleteRule(rule_id), by=ADMIN)
    assert of(world, RuleChanged) == [RuleChanged(world.offset, rule_id)]
    world(RulesLoaded("c", ()))
    assert of(world, RuleChanged) == [RuleChanged(world.offset, filed.id)]
    world.command(EditRule("none", RuleEdited(enabled=False)), by=ADMIN)
    assert of(world, RuleChanged) == [], "a refused command changes nothing"


def test_the_status_of_a_window_changes_when_it_opens_and_closes(make_world: Callable[..., World]) -> None:
    world = make_world(CorrelatorSettings(keep_windows_days=1.0))
    world.at(0)
    plan = WindowPlan(
        title="splicing",
        scope=WindowScope(devices=("olt-1",)),
        start=at(10),
        duration_seconds=20.0,
        recurrence="FREQ=DAILY;COUNT=2",
    )
    window_id = world.command(PutWindow(plan), by=ADMIN).accepted[0]
    seen = []
    tomorrow = 86_400.0
    for seconds in (0, 9, 10, 15, 29, 30, tomorrow + 9, tomorrow + 10, tomorrow + 30, 2 * tomorrow + 30, 2 * tomorrow + 31):
        if seconds:
            world.at(seconds).tick()
        found = of(world, WindowChanged)
        seen += [(seconds, each.status, each.occurrence and each.occurrence.start, each.window is None) for each in found]
    assert seen == [
        (0, "upcoming", at(10), False),
        (10, "active", at(10), False),
        (30, "upcoming", at(tomorrow + 10), False),
        (tomorrow + 10, "active", at(tomorrow + 10), False),
        (tomorrow + 30, "ended", None, False),
        (2 * tomorrow + 30, "ended", None, True),
    ]
    assert window_id not in {each.id for each in operator_data(world.state) if isinstance(each, WindowChanged)}


def test_commands_and_a_jump_of_the_clock_change_a_window_too(world: World) -> None:
    world.at(0)
    tables = Tables()
    plan = WindowPlan(title="splicing", scope=WindowScope(devices=("olt-1",)), start=at(0), duration_seconds=100.0)
    first, second = (world.command(PutWindow(each), by=ADMIN).accepted[0] for each in (plan, plan))
    for action, window_id, status, revision in (
        (PatchWindow(first, PlanChanges(title="other")), first, "active", 2),
        (EndWindow(first), first, "ended", 3),
        (CancelWindow(second), second, "cancelled", 2),
    ):
        world.command(action, by=ADMIN)
        (change,) = of(world, WindowChanged)
        assert (change.id, change.status, change.window.revision) == (window_id, status, revision)
        assert change.occurrence == (Occurrence(at(0), at(100)) if status == "active" else None)
    third = world.command(PutWindow(plan), by=ADMIN).accepted[0]
    tables.take(list(operator_data(world.state)))
    world.at(500)
    world(ClockJumped(at(1), at(500)))
    tables.take(world.changes)
    world.tick()
    assert (third, "ended") in [(each.id, each.status) for each in of(world, WindowChanged)]
    tables.take(world.changes).same_as(world.state)


def test_a_change_of_the_topology_tells_of_what_is_different(world: World) -> None:
    tables = Tables()
    olt, ont = Node(id="olt-1", type="olt"), Node(id="olt-1/1", type="ont", parents=("olt-1",))
    world(TopologyLoaded("a", (olt, ont)))
    assert [(each.node.id, each.origin, each.revision) for each in of(world, NodesChanged)[0].puts] == [
        ("olt-1", "file", world.offset),
        ("olt-1/1", "file", world.offset),
    ]
    tables.take(world.changes)
    mine = Node(id="mine", type="olt")
    world.command(ChangeTopology((mine, olt)), by=ADMIN)
    assert [(each.node.id, each.origin) for each in of(world, NodesChanged)[0].puts] == [("mine", "api")]
    tables.take(world.changes).same_as(world.state)
    world.command(ChangeTopology((), ("olt-1/1",)), by=ADMIN)
    assert of(world, NodesChanged) == [NodesChanged(world.offset, (), ("olt-1/1",))]
    tables.take(world.changes).same_as(world.state)
    made = world.state.plant.revision("mine")
    world(TopologyChanged(puts=(mine,), removes=(), by=FROM_FILE, digest="b", kept=("olt-1",)))
    found = {each.node.id: (each.origin, each.revision) for each in of(world, NodesChanged)[0].puts}
    assert found == {"mine": ("file", made), "olt-1": ("api", 1)}, "the file takes one over and gives one up: no node changed"
    tables.take(world.changes).same_as(world.state)
    world(TopologyChanged(puts=(), removes=("olt-1",), by=FROM_FILE, digest="c", on=1))
    assert of(world, NodesChanged) == [], "refused"
    world(TopologyLoaded("d", (olt, mine)))
    tables.take(world.changes).same_as(world.state)
    assert {each.origin for each in tables.nodes.values()} == {"file"}


def test_a_large_topology_comes_in_pieces_also_across_a_restart(world: World) -> None:
    tables = Tables()
    nodes = tuple(Node(id=f"n{number}", type="ont") for number in range(2 * AT_MOST + 5))
    world(TopologyLoaded("a", nodes))
    (first,) = of(world, NodesChanged)
    assert len(first.puts) == AT_MOST
    tables.take(world.changes)
    # What changes meanwhile is told at once, and not as it was.
    world.command(ChangeTopology((Node(id=f"n{AT_MOST}", type="olt"),), ("n1", f"n{2 * AT_MOST}")), by=ADMIN)
    tables.take(world.changes)
    world.restart()
    pieces = []
    for _ in range(4):
        tables.take(world(Tick()))
        pieces += [(len(each.puts), len(each.removes)) for each in of(world, NodesChanged)]
    assert pieces == [(AT_MOST, 0), (4, 1)]
    tables.same_as(world.state)
    assert world.state.memory(TablesMemory).pending == []


def test_an_existing_ledger_tells_of_everything_once(world: World) -> None:
    world.at(0)
    world.command(CreateRule(RULE), by=ADMIN)
    world.command(
        PutWindow(WindowPlan(title="w", scope=WindowScope(devices=("olt-1",)), start=at(0), duration_seconds=100.0)), by=ADMIN
    )
    world(TopologyLoaded("a", tuple(Node(id=f"n{number}", type="ont") for number in range(AT_MOST + 1))))
    world.tick()
    world.restart()
    tables = Tables().take(world(SeedTables()))
    tables.take(world(Tick())).same_as(world.state)
    assert len(tables.nodes) == AT_MOST + 1
    assert world.state.memory(TablesMemory).seeded
    assert world(SeedTables()) == []
    world.restart()
    assert world.state.memory(TablesMemory).seeded


def test_a_new_ledger_has_nothing_to_tell(world: World) -> None:
    assert world(SeedTables()) == []

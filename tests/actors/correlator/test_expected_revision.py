"""A command that was made for an earlier version of a rule, a window, a node or an alarm is refused, and changes nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from vocabulary.world import World

from actors.correlator.rules.rule_registry import rule_records
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.windows.memory import WindowMemory
from protocols.change import Answer, HistoryChanged, Refusal
from protocols.command import (
    Acknowledge,
    Action,
    CancelWindow,
    ChangeTopology,
    Command,
    CreateRule,
    DeleteRule,
    EditRule,
    EndWindow,
    Note,
    Past,
    PatchWindow,
    PutWindow,
)
from protocols.event import RulesLoaded, TopologyLoaded
from protocols.maintenance import PlanChanges, WindowPlan, WindowScope
from protocols.principal import Principal
from protocols.rule import Actions, Conditions, Rule, RuleEdited
from protocols.topology import Node

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
ADMIN = Principal("ada", "admin")
RULE = Rule(name="quiet", type="suppression", conditions=Conditions(match={"alarm_type": "x"}), actions=Actions(suppress=True))
PLAN = WindowPlan(
    title="splicing", scope=WindowScope(devices=("olt-1",)), start=START - timedelta(seconds=1), end=START + timedelta(hours=1)
)
OLT = Node(id="olt-1", type="olt")


def ask(world: World, action: Action, name: str, revision: int | None, *, by: Principal = ADMIN) -> Answer:
    """The action with an expected revision of what is called ``name``."""
    names = (name,) if isinstance(action, Acknowledge | Note) else ()
    world(Command(by, action, names, (), {} if revision is None else {name: revision}))
    answer: Answer = world.only(Answer)
    return answer


def made(world: World, kind: str) -> tuple[str, int, Callable[[], int | None], Action]:
    """A resource of this kind: its name, its revision, what tells its revision now, and a command that changes it."""
    match kind:
        case "rule":
            name = world.command(CreateRule(RULE), by=ADMIN).accepted[0]
            return name, 1, lambda: rule_records(world.state)[0].revision, EditRule(name, RuleEdited(priority=7))
        case "window":
            name = world.command(PutWindow(PLAN), by=ADMIN).accepted[0]
            change: Action = PatchWindow(name, PlanChanges(title="moved"))
            return name, 1, lambda: world.state.memory(WindowMemory).windows[name].revision, change
        case "node":
            world(TopologyLoaded("d", (OLT, Node(id="olt-2", type="olt"))))
            change = ChangeTopology((Node(id="olt-1", type="olt", name="new"),))
            return "olt-1", world.offset, lambda: world.state.plant.revision("olt-1"), change
        case _:
            name = world.network("device.down").accepted[0]
            return name, 1, lambda: world.state.alarms[name].revision, Acknowledge()


@pytest.mark.parametrize("kind", ["rule", "window", "node", "alarm"])
def test_a_command_for_an_earlier_revision_is_refused(world: World, kind: str) -> None:
    name, first, revision, change = made(world, kind)
    assert revision() == first
    refused = ask(world, change, name, first + 5)
    assert [(one.alarm_id, one.reason, one.revision) for one in refused.refusals] == [(name, "wrong_revision", first)]
    assert f"revision {first};" in refused.refusals[0].text
    assert revision() == first, "nothing was changed"
    assert not ask(world, change, name, first).refusals
    second = revision()
    assert second is not None
    assert second > first
    again = ask(world, Note("x") if kind == "alarm" else change, name, first)
    assert [(one.reason, one.revision) for one in again.refusals] == [("wrong_revision", second)]
    world.restart()
    assert revision() == second, "a restart changes no revision"


@pytest.mark.parametrize("kind", ["rule", "window", "node", "alarm"])
def test_a_command_that_expects_no_revision_applies_to_any(world: World, kind: str) -> None:
    name, _, revision, change = made(world, kind)
    before = revision()
    assert not ask(world, change, name, None).refusals
    assert revision() != before


def test_ends_and_removals_honour_an_expected_revision_too(world: World) -> None:
    rule, *_ = made(world, "rule")
    window, *_ = made(world, "window")
    for name, action in ((rule, DeleteRule(rule)), (window, EndWindow(window)), (window, CancelWindow(window))):
        assert [one.reason for one in ask(world, action, name, 2).refusals] == ["wrong_revision"], action
    assert not ask(world, CancelWindow(window), window, 1).refusals
    assert ask(world, CancelWindow(window), window, 2).duplicate
    assert not ask(world, DeleteRule(rule), rule, 1).refusals
    assert [one.reason for one in ask(world, DeleteRule(rule), rule, 1).refusals] == ["unknown_rule"]


def test_a_node_that_was_removed_and_added_again_has_another_revision(world: World) -> None:
    name, first, revision, _ = made(world, "node")
    world.command(ChangeTopology((), (name,)), by=ADMIN)
    gone = ask(world, ChangeTopology((OLT,)), name, first)
    assert gone.refusals == (
        Refusal(name, "wrong_revision", f"node {name!r} is not there any more; the command was made for revision {first}"),
    )
    world.command(ChangeTopology((OLT,)), by=ADMIN)
    assert (revision() or 0) > first


def test_a_node_that_is_put_as_it_is_keeps_its_revision(world: World) -> None:
    _, first, revision, _ = made(world, "node")
    world(TopologyLoaded("e", (OLT, Node(id="olt-3", type="olt"))))
    assert revision() == first
    assert world.state.plant.revision("olt-3") == world.offset


def test_a_rule_of_a_file_has_a_new_revision_when_its_file_changed_it(world: World) -> None:
    def revisions() -> list[int]:
        return [record.revision for record in rule_records(world.state)]

    world(RulesLoaded("a", (RULE,)))
    world(RulesLoaded("b", (RULE,)))
    assert revisions() == [1]
    world(RulesLoaded("c", (msgspec.structs.replace(RULE, priority=3),)))
    assert revisions() == [2]


def test_a_revision_of_another_tenants_rule_or_window_is_not_told(world: World) -> None:
    rule = world.command(CreateRule(msgspec.structs.replace(RULE, tenant_id="north")), by=ADMIN).accepted[0]
    window = world.command(PutWindow(msgspec.structs.replace(PLAN, tenant_id="north")), by=ADMIN).accepted[0]
    south = Principal("sue", "admin", "south")
    assert [one.reason for one in ask(world, DeleteRule(rule), rule, 9, by=south).refusals] == ["unknown_rule"]
    assert [one.reason for one in ask(world, EndWindow(window), window, 9, by=south).refusals] == ["unknown_window"]


def test_an_alarm_that_is_history_is_compared_with_what_postgresql_showed(world: World) -> None:
    past = Past("id-1", "A1", "t", revision=4)
    for expected, reasons in ((3, ["wrong_revision"]), (4, [])):
        world(Command(ADMIN, Note("late"), ("A1",), (past,), {"A1": expected}))
        assert [one.reason for one in world.only(Answer).refusals] == reasons
        assert len(world.all(HistoryChanged)) == 1 - len(reasons)
    world(Command(ADMIN, Note("late"), ("A1",), (Past("id-1", "A1", "t"),), {"A1": 4}))
    assert [one.reason for one in world.only(Answer).refusals] == ["wrong_revision"], (
        "an unknown revision is not the expected one"
    )


def test_only_the_alarms_with_another_revision_are_refused(make_world: Callable[[CorrelatorSettings], World]) -> None:
    world = make_world(CorrelatorSettings())
    one, two = (world.network("device.down", resource).accepted[0] for resource in ("olt-1", "olt-2"))
    world(Command(ADMIN, Acknowledge(), (one, two), (), {one: 1, two: 8}))
    answer = world.only(Answer)
    assert answer.accepted == (one,)
    assert [refusal.alarm_id for refusal in answer.refusals] == [two]


def test_a_command_written_before_there_were_expectations_is_read() -> None:
    old = msgspec.msgpack.encode(["command", {"name": "ada", "role": "admin", "tenant": None}, ["delete_rule", "r"], [], []])
    assert msgspec.msgpack.decode(old, type=Command).expected == {}

"""Alarms that are history take notes and a ticket."""

from typing import Any

import pytest
from vocabulary.world import World

from protocols.change import HistoryChanged
from protocols.command import AlarmAction, Assign, Clear, Command, Edit, Edited, Note, Past, Resolve
from protocols.principal import Principal

OPERATOR = Principal("ada", "operator")
PAST = Past("0b2f8a52-6b1f-5d3e-8a55-1d1f3f0c7c11", "A7", "t")


def ask(world: World, action: AlarmAction, name: str = "A7", by: Principal = OPERATOR, past: Past = PAST) -> Any:
    world(Command(by, action, (name,), (past,)))
    return world


@pytest.mark.parametrize("name", [PAST.id, PAST.alarm_id])
def test_a_note_is_a_line_of_its_timeline(world: World, name: str) -> None:
    change = ask(world, Note("splice was wet", "resolution"), name).only(HistoryChanged)
    (entry,) = change.entries
    assert (change.id, change.fields, entry.alarm_id, entry.tenant_id) == (PAST.id, {}, PAST.id, "t")
    assert (entry.action, entry.actor, entry.text, entry.detail) == (
        "noted",
        "user:ada",
        "splice was wet",
        {"type": "resolution"},
    )
    assert world.alarms == []


@pytest.mark.parametrize("ticket", ["T-1", None])
def test_its_ticket_can_change(world: World, ticket: str | None) -> None:
    change = ask(world, Edit(Edited(ticket_id=ticket))).only(HistoryChanged)
    assert (change.fields, change.entries[0].action) == ({"ticket_id": ticket}, "edited")


@pytest.mark.parametrize(
    "action",
    [Clear(), Resolve(), Assign("ada"), Edit(Edited(ticket_id="T-1", title="x")), Edit(Edited(tags=("x",)))],
    ids=repr,
)
def test_nothing_else_does(world: World, action: AlarmAction) -> None:
    (refusal,) = ask(world, action).changes[0].refusals
    assert (refusal.reason, "is history" in refusal.text) == ("wrong_state", True)
    assert world.all(HistoryChanged) == []


def test_it_is_its_tenants(world: World) -> None:
    (refusal,) = ask(world, Note("x"), by=Principal("eve", "operator", "u")).changes[0].refusals
    assert refusal.reason == "not_your_tenant"


def test_one_that_the_fold_holds_is_no_history(world: World) -> None:
    (held,) = world.network("device.down").accepted
    ask(world, Note("x"), held, past=Past(held, "A1", "t"))
    assert (world.all(HistoryChanged), world.alarm.revision) == ([], 2)

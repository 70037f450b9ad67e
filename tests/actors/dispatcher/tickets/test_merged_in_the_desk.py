"""Tickets of faultd that a person merged in the desk: one ticket of it, which is open as long as any of its causes is."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from vocabulary.dispatch_oracle import DispatchHistory
from vocabulary.sla import plant
from vocabulary.ticket_world import TicketWorld, outcome_of

from protocols.change import AlarmChanged, Change
from protocols.dispatch.outcomes import TicketOpened
from protocols.dispatch.ticket import Ticket

ONTS = ("olt-1/1/1/1", "olt-1/1/1/2")


@pytest.fixture
def world() -> TicketWorld:
    return two_tickets()


def two_wanted(**terms: Any) -> TicketWorld:
    """Two causes with a ticket each, which the desk has not made yet."""
    world = TicketWorld(nodes=plant())
    world.policy("tickets", {"ticket": terms})
    world.at(0)
    for resource in ONTS:
        world.raise_alarm("ont.los", resource, "ont", severity="critical")
    world.run_to(30)
    return world


def two_tickets(**terms: Any) -> TicketWorld:
    """Two causes with a ticket each, ``D1`` and ``D2``."""
    world = two_wanted(**terms)
    world.desk()
    return world


def merge(world: TicketWorld, name: str, into: str, state: str = "merged") -> None:
    """A person merges a ticket into another one."""
    (ticket,) = (each for each in world.tickets if each.key == name)
    world.person(ticket, key=into, state=state)


def of(world: TicketWorld, number: int) -> Ticket:
    return next(each for each in world.tickets if each.number == number)


def kinds(world: TicketWorld) -> list[tuple[int, str]]:
    """The number of the ticket, and the kind of each task that the desk does now."""
    waiting: list[tuple[int, str]] = [(each.number, task.kind) for each in world.tickets for task in each.tasks]
    world.desk()
    return waiting


def end(world: TicketWorld, number: int) -> None:
    (alarm,) = (each for each in world.alarms if each.resource_id == ONTS[number - 1])
    world.clear_alarm(alarm.id)


def test_both_alarms_have_the_key_of_the_ticket_that_is_left(world: TicketWorld) -> None:
    merge(world, "D1", "D2")
    assert [each.ticket_id for each in world.alarms[:2]] == ["D2", "D2"]
    assert of(world, 1).state == "merged"


@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.parametrize("restarts", [False, True])
def test_the_ticket_is_closed_with_the_last_of_its_causes(world: TicketWorld, first: int, restarts: bool) -> None:
    world.restarts = restarts
    merge(world, "D1", "D2")
    end(world, first)
    assert kinds(world) == [(first, "comment")]
    assert "stays open" in world.notes[-1]
    end(world, 3 - first)
    assert (2, "close") in kinds(world)
    assert of(world, 2).state == "closed"
    world.run_to(world.seconds + 200_000)
    assert not world.dispatch.tickets
    assert not world.dispatch.shared_tickets
    assert not world.dispatch.merged_tickets


def test_it_was_closed_before_faultd_knew_that_it_was_merged(world: TicketWorld) -> None:
    end(world, 2)
    assert kinds(world) == [(2, "close")]
    merge(world, "D1", "D2", "closed")
    assert kinds(world) == [(1, "reopen")]
    end(world, 1)
    assert (1, "comment") in kinds(world)


def test_a_close_that_waited_when_a_person_merged_it_is_a_comment(world: TicketWorld) -> None:
    end(world, 1)
    merge(world, "D1", "D2")
    assert kinds(world) == [(1, "comment")]
    assert of(world, 2).state == "open"


def test_a_close_that_hit_the_other_ticket_is_undone(world: TicketWorld) -> None:
    end(world, 1)
    (task,) = of(world, 1).tasks
    world.person(of(world, 1), key="D2", state="closed", task=task.number, remote_id="")
    assert kinds(world) == [(2, "reopen")]
    assert of(world, 2).state == "open"


def test_closing_it_resolves_the_alarms_of_both() -> None:
    world = two_tickets(resolve_alarm=True)
    merge(world, "D1", "D2")
    for number in (1, 2):
        world.person(of(world, number), state="closed")
    assert world.dispatch.resolving == {each.id: "bob" for each in world.alarms[:2]}


def test_a_person_takes_a_ticket_out_again(world: TicketWorld) -> None:
    merge(world, "D1", "D2")
    (ticket,) = (each for each in world.tickets if each.number == 1)
    world.person(ticket, key="D1", state="merged")
    assert of(world, 1).state == "open"
    end(world, 2)
    assert kinds(world) == [(2, "close")]
    end(world, 1)
    assert kinds(world) == [(1, "close")]


def test_a_new_raise_of_one_opens_it_again(world: TicketWorld) -> None:
    merge(world, "D1", "D2")
    end(world, 1)
    end(world, 2)
    kinds(world)
    world.raise_alarm("ont.los", ONTS[0], "ont", severity="critical")
    world.run_to(world.seconds + 30)
    assert (1, "reopen") in kinds(world)
    assert of(world, 1).state == "merged"


def violations(changes: Sequence[Change]) -> list[str]:
    """What the invariants of dispatch have against the tickets that these Changes leave."""
    found: list[str] = []
    history = DispatchHistory(found.append)
    history.follow(changes)
    history.judge_tickets()
    return found


@pytest.mark.parametrize("restarts", [False, True])
def test_a_person_merged_them_before_faultd_knew_their_keys(restarts: bool) -> None:
    """The answers of the desk were lost. The search finds both under one key when the second cause is over."""
    world = two_wanted()
    world.restarts = restarts
    end(world, 2)
    for number in (2, 1):
        opened = outcome_of(of(world, number), of(world, number).tasks[0])
        assert isinstance(opened, TicketOpened)
        world(replace(opened, key="D1", found=True))
    assert kinds(world) == [(2, "comment")]
    assert of(world, 2).state == "open"
    assert violations(world.history) == []
    before = list(world.history)
    end(world, 1)
    alarms = [each for each in world.changes if isinstance(each, AlarmChanged)]
    assert "are over" in violations([*before, *alarms])[0]
    assert kinds(world) == [(1, "comment"), (2, "close")]
    assert of(world, 2).state == "closed"
    assert violations(world.history) == []


def test_the_key_of_the_ticket_into_which_another_was_merged_comes_late() -> None:
    """The desk's answer to the making of D1 was lost, and a comment says that D2 is D1 now. Simulation, seed 12470."""
    world = two_wanted()
    second = of(world, 2)
    world(outcome_of(second, second.tasks[0]))
    world.person(of(world, 2), key="D1", comment="splice 3")
    assert of(world, 2).state == "merged"
    end(world, 2)
    assert [task.kind for task in of(world, 2).tasks] == ["comment"]
    world(outcome_of(of(world, 1), of(world, 1).tasks[0]))
    assert of(world, 1).key == "D1"
    assert of(world, 1).state == "open"
    end(world, 1)
    assert (1, "close") in kinds(world)
    assert of(world, 1).state == "closed"


def test_a_reopening_that_waits_is_dropped_when_the_cause_of_a_merged_ticket_ends_again(world: TicketWorld) -> None:
    """It would open the other ticket after that was closed, and nobody would close it again. Simulation, seed 11892."""
    merge(world, "D2", "D1")
    end(world, 2)
    world.raise_alarm("ont.los", ONTS[1], "ont", severity="critical")
    world.run_to(world.seconds + 30)
    assert [task.kind for task in of(world, 2).tasks] == ["comment", "reopen"]
    end(world, 1)
    end(world, 2)
    world.desk()
    assert of(world, 1).state == "closed"
    assert of(world, 2).closed_at is not None

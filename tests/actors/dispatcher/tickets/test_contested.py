"""A rule of the desk that undoes what faultd does: after some rounds faultd leaves the ticket alone."""

from vocabulary.sla import plant
from vocabulary.ticket_world import TicketWorld

from protocols.command import Resolve
from protocols.dispatch.ticket import TicketState

ONT = "olt-1/1/1/1"


def world_with(**terms: object) -> TicketWorld:
    world = TicketWorld(nodes=plant())
    world.policy("tickets", {"ticket": terms})
    return world


def raised(world: TicketWorld) -> str:
    """The alarm is raised, and its ticket stands at the desk."""
    found = world.raise_alarm("ont.los", ONT, "ont", severity="critical")
    world.run_to(world.seconds + 20)
    world.desk()
    return found


def says(world: TicketWorld, state: TicketState) -> None:
    """The desk has the ticket in another state than faultd left it."""
    world.person(world.tickets[-1], state=state, author="rule")
    world.desk()


def test_a_rule_that_opens_what_faultd_closes_ends_after_five_rounds() -> None:
    world = world_with()
    done = []
    for _ in range(8):
        alarm_id = raised(world)
        world.clear_alarm(alarm_id)
        done.append([kind for _, kind, _ in world.desk()])
        if world.ticket.state == "closed":
            says(world, "open")
    assert done == [["close"]] * 5 + [["comment"]] * 3
    assert "again and again" in world.notes[-1]
    world.run_to(world.seconds + 3_700)
    alarm_id = raised(world)
    world.clear_alarm(alarm_id)
    assert [kind for _, kind, _ in world.desk()] == ["close"]


def test_a_rule_that_closes_every_ticket_resolves_the_alarm_four_times() -> None:
    world = world_with(resolve_alarm=True)
    resolved = 0
    for _ in range(12):
        raised(world)
        says(world, "closed")
        resolved += len(world.dispatch.resolving)
        for alarm_id in list(world.dispatch.resolving):
            world.command(Resolve("the ticket was closed"), alarm_id)
    assert resolved == 4
    assert world.tickets[-1].state == "closed"
    assert len(world.tickets) == 5


def test_a_restart_forgets_no_round() -> None:
    world = world_with()
    world.restarts = True
    raised(world)
    for state in ("closed", "open", "closed", "open", "closed"):
        says(world, state)
    assert len(next(iter(world.dispatch.rounds.values()))) == 5

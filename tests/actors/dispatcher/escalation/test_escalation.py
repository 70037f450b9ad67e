"""Escalation: step by step while nobody acknowledges a cause, or resolves it. Times in seconds after 03:00 UTC."""

from datetime import UTC, datetime
from typing import Any

import pytest
from vocabulary.ticket_world import TicketWorld
from vocabulary.world import START, moment

from protocols.command import Acknowledge, Clear, Resolve, Shelve, Unacknowledge, Unshelve
from protocols.event import ClockJumped

ANN, BEN = "+491511111111", "ben@example.net"


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> TicketWorld:
    world = TicketWorld()
    world.restarts = request.param
    world.contact("Ann", ("sms", ANN))
    world.contact("Ben", ("email", BEN))
    return world


def chain(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"escalate": list(steps)}


def step(after: float, to: str | None = "Ann", **fields: Any) -> dict[str, Any]:
    return {"after_seconds": after, **({} if to is None else {"to": to}), **fields}


def down(world: TicketWorld) -> str:
    """An alarm that is notified at 5 s."""
    alarm = world.at(0).raise_alarm("device.down", "olt-1", severity="critical")
    world.run_to(6)
    return alarm


def test_the_steps_follow_from_the_first_notification_on(world: TicketWorld) -> None:
    world.policy("chain", chain(step(300), step(900, "Ben"), step(1800, "Ann")))
    alarm = down(world)
    world.run_to(304)
    assert world.said == []
    world.run_to(2000)
    assert world.said == [(305, "escalated", ANN), (905, "escalated", BEN), (1805, "escalated", ANN)]
    assert [each.step for each in world.sent] == [1, 2, 3]
    assert world.sent[0].reason.startswith("step 1: nobody has acknowledged it after 300 s; contact Ann")
    world.run_to(5000)
    world.clear_alarm(alarm)
    assert sorted(world.said[3:]) == [(5000, "recovered", ANN), (5000, "recovered", BEN)]


@pytest.mark.parametrize("action", [Acknowledge(), Clear(), Resolve()], ids=["acknowledged", "cleared", "resolved"])
@pytest.mark.parametrize(("seconds", "paged"), [(304.9, False), (305.1, True)])
def test_a_tenth_of_a_second_decides(world: TicketWorld, action: Any, seconds: float, paged: bool) -> None:
    """operations.md C 7: 4:59.9 of 5:00."""
    world.policy("chain", chain(step(300)))
    alarm = down(world)
    world.run_to(seconds)
    world.command(action, alarm)
    world.run_to(3000)
    assert any(kind == "escalated" for _, kind, _ in world.said) is paged


def test_an_acknowledgement_in_the_instant_of_the_step_comes_first(world: TicketWorld) -> None:
    world.policy("chain", chain(step(300)))
    alarm = down(world)
    world.at(305).command(Acknowledge(), alarm)
    world.run_to(3000)
    assert world.said == []


def test_it_goes_on_after_an_unacknowledge_and_overdue_steps_keep_their_distance(world: TicketWorld) -> None:
    world.policy("chain", chain(step(300), step(900, "Ben")))
    alarm = down(world)
    world.run_to(304.9)
    world.command(Acknowledge(), alarm)
    world.run_to(2000)
    assert world.said == []
    world.command(Unacknowledge(), alarm)
    world.run_to(4000)
    assert world.said == [(2000, "escalated", ANN), (2600, "escalated", BEN)]


def test_an_acknowledgement_stops_no_step_that_waits_for_the_end(world: TicketWorld) -> None:
    world.policy("chain", chain(step(300), step(900, "Ben", until="resolved")))
    world.command(Acknowledge(), down(world))
    world.run_to(4000)
    assert world.said == [(905, "escalated", BEN)]


def test_a_step_without_anybody_goes_to_the_next_at_once(world: TicketWorld) -> None:
    world.policy("chain", chain(step(300, "on-call"), step(900, "Ben"), step(1800)))
    down(world)
    world.run_to(4000)
    assert world.said == [(305, "escalated", BEN), (1205, "escalated", ANN)]
    assert "step 1 of the escalation, to on-call: no rota is named 'on-call'" in world.notes
    assert "step 1 of the escalation reaches nobody: the next one follows at once" in world.notes


def test_a_chain_that_reaches_nobody_at_all_ends_with_notes(world: TicketWorld) -> None:
    world.policy("chain", chain(step(300, "on-call"), step(900, "on-call")))
    down(world)
    world.run_to(4000)
    assert world.said == []
    assert sum("reaches nobody" in each for each in world.notes) == 2


def test_a_step_waits_for_its_hours() -> None:
    """operations.md C 9: raised at 06:00, the step allowed 09-17, a restart at 07:00: it runs at 09:00:00."""
    world = TicketWorld()
    world.contact("Ann", ("sms", ANN))
    world.policy("chain", chain(step(300, hours={"from": "09:00", "to": "17:00"})))
    six = (datetime(2026, 3, 1, 6, tzinfo=UTC) - START).total_seconds()
    world.at(six).raise_alarm("device.down", "olt-1")
    world.run_to(six + 3600)
    world.restart()
    world.run_to(six + 10 * 3600)
    assert world.sent[0].created_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert len(world.said) == 1


@pytest.mark.parametrize("down_until", [200, 1000])
def test_a_restart_does_what_is_overdue_and_keeps_the_rest_to_the_second(world: TicketWorld, down_until: int) -> None:
    world.policy("chain", chain(step(100), step(900, "Ben"), step(1800)))
    down(world)
    world.at(down_until).tick()
    world.run_to(3000)
    second = 905 if down_until == 200 else 1800
    assert world.said[:2] == [(down_until, "escalated", ANN), (second, "escalated", BEN)]


def test_a_shelved_cause_waits(world: TicketWorld) -> None:
    world.policy("chain", chain(step(300)))
    alarm = down(world)
    world.command(Shelve(moment(5000), "noise"), alarm)
    world.run_to(1000)
    assert world.said == []
    world.command(Unshelve(), alarm)
    assert world.said == [(1000, "escalated", ANN)]


def test_a_step_can_want_a_ticket_with_and_without_a_message(world: TicketWorld) -> None:
    world.policy("chain", chain(step(300, None, ticket={"team": "north"}), step(900, ticket={})))
    down(world)
    world.run_to(304)
    assert world.tickets == []
    world.run_to(400)
    assert (world.ticket.team, world.said) == ("north", [])
    world.run_to(1000)
    assert (len(world.tickets), world.said) == (1, [(905, "escalated", ANN)])


def test_a_person_hears_of_a_step_once_whatever_two_policies_say(world: TicketWorld) -> None:
    for name in ("one", "two"):
        world.policy(name, chain(step(300), step(900)))
    down(world)
    world.run_to(4000)
    assert world.said == [(305, "escalated", ANN), (905, "escalated", ANN)]


def test_quiet_hours_of_the_policy_hold_a_page_back(world: TicketWorld) -> None:
    world.policy("chain", chain(step(300)), quiet_hours={"from": "03:00", "to": "04:00", "allowed": []})
    down(world)
    world.run_to(4000)
    assert world.said == [(3600, "escalated", ANN)]


def test_a_policy_that_is_gone_says_nothing_more(world: TicketWorld) -> None:
    world.policy("chain", chain(step(300)))
    down(world)
    world.drop_policy("chain")
    world.run_to(4000)
    assert world.said == []
    assert "the escalation ends: policy file:chain has it no more" in world.notes


def test_a_jump_of_the_clock_pages_nobody(world: TicketWorld) -> None:
    world.policy("chain", chain(step(300)))
    down(world)
    before, after = world.now, moment(86_406)
    world.now = after
    world(ClockJumped(before, after))
    world.run_to(86_704)
    assert world.said == []
    world.run_to(86_706)
    assert world.said == [(86_705, "escalated", ANN)]

"""A notification that was given up is delivered again by command, and its person is owed the end. In seconds."""

import pytest
from vocabulary.dispatch_world import DispatchWorld, mail

from protocols.dispatch.actions import ResendNotification
from protocols.principal import Principal

NORTH = Principal("eve", "operator", "north")


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def dead(request: pytest.FixtureRequest) -> DispatchWorld:
    """A world in which the one page about ``olt-1`` was given up after 6 s."""
    world = DispatchWorld()
    world.restarts = request.param
    world.policy("all", mail())
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    world.fails(world.sent[0], dead=True)
    return world


def test_it_is_sent_again_under_its_id_and_its_end_follows(dead: DispatchWorld) -> None:
    page = dead.sent[0]
    answer = dead.command(ResendNotification(page.id))
    assert answer.accepted == (page.id,)
    again = dead.dispatch.notifications[page.id]
    assert (again.status, again.attempts, again.waits) == ("pending", 0, True)
    assert again.reason.endswith("; sent again, asked for by ada")
    dead.arrives(again)
    dead.at(20).network("device.up", "olt-1")
    assert dead.said == [(5, "raised", "noc@example.net"), (20, "recovered", "noc@example.net")]
    assert dead.sent[1].thread == page.id


def test_one_whose_cause_is_over_is_followed_by_its_end(dead: DispatchWorld) -> None:
    page = dead.sent[0]
    dead.at(20).network("device.up", "olt-1")
    assert dead.command(ResendNotification(page.id)).accepted == (page.id,)
    assert [each.kind for each in dead.sent] == ["raised", "recovered"]
    assert dead.sent[1].thread == page.id
    for each in dead.sent:
        dead.arrives(dead.dispatch.notifications[each.id])
    dead.run_to(200_000)
    assert len(dead.said) == 2
    assert not dead.dispatch.subjects
    assert not dead.dispatch.notifications


def test_one_that_the_stage_forgot_is_taken_from_history(dead: DispatchWorld) -> None:
    page = dead.sent[0]
    kept = dead.dispatch.notifications[page.id]
    dead.at(20).network("device.up", "olt-1")
    dead.run_to(200_000)
    assert page.id not in dead.dispatch.notifications
    assert [each.reason for each in dead.command(ResendNotification(page.id)).refusals] == ["unknown_notification"]
    assert dead.command(ResendNotification(page.id, kept)).accepted == (page.id,)
    assert dead.dispatch.notifications[page.id].waits


def test_another_tenant_and_another_state_are_refused(dead: DispatchWorld) -> None:
    page = dead.sent[0]
    before = dead.dispatch.notifications[page.id]
    assert [each.reason for each in dead.command(ResendNotification(page.id), by=NORTH).refusals] == ["unknown_notification"]
    assert dead.dispatch.notifications[page.id] == before
    dead.command(ResendNotification(page.id))
    assert [each.reason for each in dead.command(ResendNotification(page.id)).refusals] == ["wrong_state"]
    dead.arrives(page)
    (refusal,) = dead.command(ResendNotification(page.id)).refusals
    assert refusal.text == f"status: notification {page.id} is sent, not dead"

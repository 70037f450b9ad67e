"""Alarms about faultd's own notifications, and what is counted of them. In seconds."""

from datetime import timedelta

import pytest
from vocabulary.dispatch import make_notification
from vocabulary.dispatch_world import DispatchWorld, mail, text
from vocabulary.world import moment

from actors.dispatcher.gauges import DispatchGauges
from actors.dispatcher.messages.delivery_alarms import DeliveryReporter
from actors.dispatcher.tally import DispatchTally
from actors.metrics import Metrics
from protocols.dispatch.actions import ResendNotification
from protocols.dispatch.changes import NotificationChanged
from protocols.event import DispatchDataRestored, Event, SystemReport


class Reports:
    """What the reporter of a World appends; ``fold`` has it folded."""

    def __init__(self, world: DispatchWorld) -> None:
        self.world, self.reporter = world, DeliveryReporter()

    def __call__(self, *, takes: bool = True, fold: bool = True) -> list[tuple[str, bool, str]]:
        found: list[Event] = []
        self.world.tick()

        def append(events: list[Event]) -> bool:
            if takes:
                found.extend(events)
            return takes

        self.reporter.report(self.world.dispatch, append)
        for event in found if fold else ():
            self.world(event)
        assert all(isinstance(event, SystemReport) for event in found)
        return [(event.alarm_type, event.active, event.qualifier) for event in found if isinstance(event, SystemReport)]


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> DispatchWorld:
    """One page by mail, decided at 5 s."""
    world = DispatchWorld()
    world.restarts = request.param
    world.settings(page_alarm_seconds=60)
    world.policy("all", mail())
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    return world


def test_a_page_that_waits_for_too_long_raises_an_alarm_until_it_is_sent(world: DispatchWorld) -> None:
    reports = Reports(world)
    assert reports() == []
    world.run_to(65)
    assert reports() == [("notification.late", True, "email")]
    (problem,) = world.dispatch.delivery_alarms.values()
    name = world.sent[0].id
    assert problem.text == f"1 notification by email waited for longer than 60 s; the oldest is {name} to noc@example.net"
    world.fails(world.sent[0])
    world.run_to(100)
    assert reports() == [], "the next error is no other alarm"
    world.arrives(world.sent[0])
    world.run_to(115)
    assert reports() == [("notification.late", False, "email")]
    assert not world.dispatch.delivery_alarms


def test_a_page_that_was_given_up_raises_an_alarm_until_it_is_sent_again(world: DispatchWorld) -> None:
    reports = Reports(world)
    world.fails(world.sent[0], dead=True)
    world.run_to(20)
    assert reports() == [("notification.dead", True, "email")]
    (problem,) = world.dispatch.delivery_alarms.values()
    assert problem.text == (
        f"1 notification by email was given up; the last one is {world.sent[0].id} to noc@example.net: connection refused"
    )
    world.run_to(40)
    assert reports() == []
    world.command(ResendNotification(world.sent[0].id))
    world.run_to(60)
    assert reports() == [("notification.dead", False, "email")]
    world.run_to(80)
    assert reports() == [("notification.late", True, "email")], "it waits since it was decided"
    # The alarms themselves were mailed too.
    for each in [each for each in world.dispatch.notifications.values() if each.waits]:
        world.arrives(each)
    world.run_to(100)
    assert reports() == [("notification.late", False, "email")]
    assert not world.dispatch.delivery_alarms


def test_a_test_that_was_given_up_raises_none(world: DispatchWorld) -> None:
    reports = Reports(world)
    world.arrives(world.sent[0])
    test = make_notification(900, kind="test", status="dead", channel="sms")
    world(DispatchDataRestored("old", (NotificationChanged(0, test),)))
    world.run_to(40)
    assert reports() == []


def test_a_report_that_the_ledger_does_not_take_comes_again_and_one_that_is_under_way_does_not(world: DispatchWorld) -> None:
    reports = Reports(world)
    world.fails(world.sent[0], dead=True)
    world.run_to(20)
    assert reports(takes=False) == []
    world.run_to(31)
    assert reports(fold=False) == [("notification.dead", True, "email")]
    world.run_to(42)
    assert reports() == [], "it is not folded yet"


def test_the_latency_of_a_first_message_and_the_numbers(world: DispatchWorld) -> None:
    tally, metrics = DispatchTally(), Metrics()
    world.policy("phones", text())
    world.at(200).network("device.down", "olt-2")
    world.run_to(210)
    tally.take(world.dispatch, world.history)
    tally.move(None)
    tally.move(metrics)
    sample = metrics.registry.get_sample_value
    assert sample("faultd_notifications_total", {"channel": "email", "kind": "raised"}) is None
    tally.take(world.dispatch, world.history)
    world.arrives(world.sent[0])
    tally.take(world.dispatch, world.changes)
    tally.move(metrics)
    assert sample("faultd_notifications_total", {"channel": "email", "kind": "raised"}) == 2
    assert sample("faultd_notifications_total", {"channel": "sms", "kind": "raised"}) == 1
    assert sample("faultd_first_message_seconds_count", {"channel": "email"}) == 1
    assert sample("faultd_first_message_seconds_sum", {"channel": "email"}) == (world.now - moment(0)) / timedelta(seconds=1)


def test_gauges_of_what_was_given_up(world: DispatchWorld) -> None:
    metrics = Metrics()
    world.fails(world.sent[0], dead=True)
    DispatchGauges(metrics, lambda: world.dispatch)
    sample = metrics.registry.get_sample_value
    assert sample("faultd_notifications_dead", {"channel": "email"}) == 1
    assert sample("faultd_notifications_dead", {"channel": "sms"}) == 0
    assert sample("faultd_tickets_held", {"desk": "rt", "state": "open"}) == 0
    assert sample("faultd_ticket_tasks_dead", {"desk": "embedded"}) == 0

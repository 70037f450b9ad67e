"""A person is protected from a storm of causes, and hears of each of them, and of its end. Times in seconds."""

from collections import Counter

import pytest
from vocabulary.dispatch_world import DispatchWorld, mail, text

from actors.dispatcher.state import DispatchState
from protocols.dispatch.quiet_hours import QuietHours

PHONE = "+491511234567"
NOC = "noc@example.net"


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> DispatchWorld:
    world = DispatchWorld()
    world.restarts = request.param
    return world


def _told_of(world: DispatchWorld, address: str) -> set[str]:
    """Subjects that a message to the address was about."""
    return {f"alarm:{alarm_id}" for each in world.sent if each.address == address for alarm_id in each.alarm_ids}


def test_forty_causes_in_a_minute_are_nine_mails_and_three_texts(world: DispatchWorld) -> None:
    world.policy("all", mail(), text())
    world.policy("machines", {"channel": "webhook", "to": "erp"})
    for number in range(40):
        world.run_to(number * 1.5)
        world.network("device.down", f"olt-{number}")
    world.run_to(299)
    counted = Counter(each.address for each in world.sent)
    assert counted == {NOC: 9, PHONE: 3, "erp": 40}
    causes = {f"alarm:{alarm.id}" for alarm in world.alarms}
    assert _told_of(world, NOC) == _told_of(world, PHONE) == causes
    storm = next(each for each in world.sent if each.kind == "storm" and each.address == PHONE)
    assert (storm.facts["count"], len(storm.facts["causes"]), storm.facts["others"]) == (38, 20, 18)
    world.run_to(900)
    for number in range(40):
        world.network("device.up", f"olt-{number}")
    world.run_to(2000)
    counted = Counter(each.address for each in world.sent)
    assert counted == {NOC: 18, PHONE: 6, "erp": 80}
    assert not any(subject.told for subject in world.dispatch.subjects.values())
    world.run_to(200_000)
    assert _is_empty(world.dispatch)


def _is_empty(state: DispatchState) -> bool:
    return not (state.subjects or state.groups or state.recipients or any(state.timers.due.values()))


def test_what_came_and_went_during_a_storm_is_counted_and_not_told(world: DispatchWorld) -> None:
    world.policy("all", text())
    for number in range(6):
        world.at(number).network("device.down", f"olt-{number}")
    world.run_to(20)
    world.network("device.up", "olt-5")
    world.run_to(100)
    assert [each.kind for each in world.sent] == ["raised", "raised", "storm"]
    assert (world.sent[2].facts["count"], world.sent[2].facts["passed"]) == (3, 1)


def test_the_end_of_a_storm_lets_single_messages_through_again(world: DispatchWorld) -> None:
    world.settings(storm_seconds=100, storm_texts=1)
    world.policy("all", text())
    for start, name in ((0, "a"), (1, "b"), (2, "c"), (50, "d"), (500, "e")):
        world.run_to(start)
        world.network("device.down", name)
    world.run_to(600)
    # Two gather until 26; one more follows 100 s after that, alone; then it is over.
    assert [each[:2] for each in world.said] == [(5, "raised"), (26, "storm"), (126, "raised"), (505, "raised")]


def test_quiet_hours_of_a_person_keep_what_is_not_critical_until_they_end(world: DispatchWorld) -> None:
    quiet = QuietHours(begin="03:00", end="04:00", allowed=("critical",))
    world.contact("Ann", ("email", "ann@example.net"), quiet_hours=quiet)
    world.policy("all", mail("Ann"))
    world.at(0).raise_alarm("device.down", "olt-1", severity="critical")
    ended = world.raise_alarm("device.down", "olt-2", severity="major")
    world.raise_alarm("device.down", "olt-3", severity="major")
    world.run_to(1000)
    assert [each[:2] for each in world.said] == [(5, "raised")]
    world.clear_alarm(ended)
    world.run_to(3599)
    assert len(world.said) == 1
    world.run_to(3700)
    assert [each[:2] for each in world.said] == [(5, "raised"), (3600, "raised")]
    assert world.sent[1].facts["causes"][0]["resource_id"] == "olt-3"


def test_an_end_in_quiet_hours_waits_and_a_new_raise_before_it_needs_neither(world: DispatchWorld) -> None:
    quiet = QuietHours(begin="03:10", end="04:00", allowed=("critical",))
    world.contact("Ann", ("email", "ann@example.net"), quiet_hours=quiet)
    world.policy("all", mail("Ann"), repeat_interval=86_400)
    alarm = world.at(0).raise_alarm("device.down", "olt-1", severity="major")
    other = world.raise_alarm("device.down", "olt-2", severity="major")
    world.run_to(700)
    assert len(world.said) == 2
    world.clear_alarm(alarm)
    world.clear_alarm(other)
    assert world.raise_alarm("device.down", "olt-2", severity="major") == other
    world.run_to(3700)
    assert [each[:2] for each in world.said[2:]] == [(3600, "recovered")]
    assert world.sent[2].alarm_ids == (alarm,)


def test_quiet_hours_of_a_policy_keep_its_messages(world: DispatchWorld) -> None:
    quiet = {"from": "22:00", "to": "06:00"}
    world.policy("all", mail(), quiet_hours=quiet, time_zone="Europe/Berlin")
    world.at(0).raise_alarm("device.down", "olt-1", severity="major")
    world.run_to(7200)
    # 06:00 in Berlin is 05:00 UTC, two hours after the start.
    assert [each[:2] for each in world.said] == [(7200, "raised")]

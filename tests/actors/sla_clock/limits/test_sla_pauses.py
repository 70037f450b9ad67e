"""Pauses of clocks by command: now, for the past, taken back; refused ones. Times in seconds after the start of a World."""

from typing import Any

import pytest
from vocabulary.sla import SlaWorld, us

from protocols.change import Answer
from protocols.principal import Principal
from protocols.sla.actions import PauseClock
from protocols.sla.changes import SlaPeriodClosed
from protocols.sla.local_time import SECOND

ONT = "olt-1/1/1/1"
REPAIR: dict[str, Any] = {"availability_target": None, "resolution": {"major": 3600 * SECOND}}
HOUR = 3600


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> SlaWorld:
    world = SlaWorld()
    world.restarts = request.param
    return world


def pause(world: SlaWorld, alarm: str, start: float | None = None, end: float | None = None, **fields: Any) -> Answer:
    action = PauseClock(
        alarm,
        fields.pop("reason", "waiting_for_customer"),
        None if start is None else us(start),
        None if end is None else us(end),
        **fields,
    )
    return world.command(action)


def test_a_paused_clock_goes_on_where_it_stopped(world: SlaWorld) -> None:
    world.serve(world.define(**REPAIR), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    world.at(600)
    (made,) = pause(world, alarm).accepted
    world.run_to(3 * HOUR)
    assert not world.breaches
    pause(world, alarm, end=3 * HOUR, pause_id=made)
    world.run_to(3 * HOUR + 3000)
    assert not world.breaches
    world.run_to(3 * HOUR + 3001)
    (breach,) = world.breaches.values()
    assert breach.start == us(3 * HOUR + 3000) + 1


def test_a_pause_for_the_past_withdraws_the_breach_and_taking_it_back_opens_it_again(world: SlaWorld) -> None:
    instance = world.serve(world.define(**REPAIR), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(4000)
    (breach,) = world.breaches.values()
    assert not breach.withdrawn
    (made,) = pause(world, alarm, 1000, 3000, note="no access to the house").accepted
    (breach,) = world.breaches.values()
    assert (breach.withdrawn, breach.resolved) == (True, True)
    assert "ada paused the clocks" in breach.reason
    assert world.sla.accounts[instance.id].status == "compliant"
    pause(world, alarm, 1000, 1000, pause_id=made)
    (breach,) = world.breaches.values()
    assert (breach.withdrawn, breach.start, breach.resolved) == (False, us(3600) + 1, False)
    assert world.sla.accounts[instance.id].status == "breached"


def test_a_pause_of_the_cause_counts_for_every_customer_below_it(world: SlaWorld) -> None:
    definition = world.define(**REPAIR)
    world.serve(definition, "svc-1")
    world.serve(definition, "svc-2")
    cause = world.at(0).raise_alarm("fibre.cut", "olt-1/1/1", service_effect="none", is_root_cause=True)
    for number in (1, 2):
        world.at(number).raise_alarm("ont.los", f"olt-1/1/1/{number}", parent_alarm_id=cause)
    world.at(1800)
    pause(world, cause, end=9000, reason="force_majeure")
    world.run_to(9000 + 1700)
    assert not world.breaches
    world.run_to(9000 + 1900)
    assert sorted(breach.start - us(9000 + 1800) for breach in world.breaches.values()) == [SECOND + 1, 2 * SECOND + 1]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"start": 50.0, "end": 50.0}, "end_time: must be after start_time"),
        ({"start": 50.0, "end": 40.0}, "end_time: must be after start_time"),
        ({"pause_id": "CP1"}, "pause_id: the alarm has no pause 'CP1'"),
    ],
)
def test_a_pause_that_cannot_be_is_refused(world: SlaWorld, fields: dict[str, Any], said: str) -> None:
    world.serve(world.define(**REPAIR), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    (refusal,) = pause(world, alarm, **fields).refusals
    assert (refusal.reason, refusal.text) == ("invalid", said)


def test_an_alarm_of_another_tenant_is_answered_like_one_that_does_not_exist(world: SlaWorld) -> None:
    world.serve(world.define(**REPAIR), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    stranger = Principal("eve", "operator", "north")
    action = PauseClock(alarm, "agreed")
    (refusal,) = world.command(action, by=stranger).refusals
    assert refusal.reason == "unknown_alarm"
    (refusal,) = world.command(PauseClock("nothing", "agreed")).refusals
    assert refusal.reason == "unknown_alarm"


def test_the_number_of_pauses_is_bounded(world: SlaWorld) -> None:
    world.restarts = False
    world.serve(world.define(**REPAIR), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    for number in range(200):
        assert pause(world, alarm, number, number + 0.5).accepted
    (refusal,) = pause(world, alarm, 300, 301).refusals
    assert refusal.reason == "limit"


def test_those_who_heard_of_a_breach_hear_that_it_is_withdrawn(world: SlaWorld) -> None:
    world.serve(world.define(**REPAIR), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(4000)
    pause(world, alarm, 1000, 3000)
    assert [kind for kind, _ in world.notices] == ["at_risk", "breach_opened", "escalation", "breach_resolved"]
    world.run_to(3600 + 2000 + 1)
    assert [kind for kind, _ in world.notices][4:] == ["at_risk", "breach_opened", "escalation"]


def test_a_pause_that_lasts_and_one_of_the_same_begin_that_ended_are_both_reported(world: SlaWorld) -> None:
    world.serve(world.define(**REPAIR), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    world.at(600)
    assert pause(world, alarm, 300, 400).accepted
    assert pause(world, alarm, 300).accepted
    world.run_to(31 * 86_400)
    (report,) = [change.report for change in world.history if isinstance(change, SlaPeriodClosed)]
    assert report is not None
    (clock,) = report.clocks
    assert clock.note.startswith("paused 2026-03-01 03:05:00 to 2026-03-01 03:06:40: waiting for customer; paused from")

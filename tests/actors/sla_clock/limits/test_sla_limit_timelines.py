"""Time limits as timelines through all stages: warned, met, breached, resolved, withdrawn. Times in seconds after 1 March 2026
(a Sunday), 03:00 UTC."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from vocabulary.sla import SlaWorld, us
from vocabulary.world import ADMIN, START, moment

from actors.sla_clock.books.period_choice import Period, period_of
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.limits.instance_clocks import clocks_of
from protocols.command import Clear, Edit, Edited, PutWindow, Resolve, Unacknowledge
from protocols.event import ClockJumped
from protocols.maintenance import WindowPlan, WindowScope
from protocols.sla.actions import CreateExclusion, PauseClock, WithdrawExclusion
from protocols.sla.breach import SlaBreach
from protocols.sla.business_time import BusinessCalendar, Hours
from protocols.sla.exclusion import ExclusionPlan, ExclusionScope
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND

MINUTE = 60 * SECOND
HOUR = 3600 * SECOND
WEEKDAYS = (Hours(8 * 3600, 18 * 3600),)
OFFICE = BusinessCalendar("Europe/Berlin", (WEEKDAYS,) * 5 + ((), ()))
LATE_OFFICE = BusinessCalendar("Europe/Berlin", ((Hours(9 * 3600, 18 * 3600),),) * 5 + ((), ()))
FESTIVE = BusinessCalendar("Europe/Berlin", (WEEKDAYS,) * 5 + ((), ()), holidays={date(2026, 3, 3): "a holiday"})
ONT = "olt-1/1/1/1"
ANSWER: dict[str, Any] = {"response": {"critical": 15 * MINUTE, "major": 30 * MINUTE}}
REPAIR: dict[str, Any] = {"resolution": {"critical": 4 * HOUR, "major": 8 * HOUR}}


def at(month: int, day: int, hour: int, minute: int = 0) -> float:
    """Seconds after the start of a World of a time in UTC."""
    return (datetime(2026, month, day, hour, minute, tzinfo=UTC) - START).total_seconds()


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> SlaWorld:
    world = SlaWorld()
    world.restarts = request.param
    return world


def only_breach(world: SlaWorld) -> SlaBreach:
    (breach,) = world.breaches.values()
    return breach


def test_an_alarm_that_nobody_acknowledges_is_warned_of_and_breached_at_the_true_instant(world: SlaWorld) -> None:
    instance = world.serve(world.define(availability_target=None, **ANSWER), "svc-1")
    alarm = world.at(100).raise_alarm("ont.los", ONT)
    world.run_to(100 + 0.8 * 1800 - 1)
    assert world.notices == []
    world.run_to(100 + 0.8 * 1800)
    assert world.notices == [("at_risk", instance.id)]
    assert world.sla.accounts[instance.id].status == "at_risk"
    world.run_to(100 + 1800)
    assert not world.breaches
    world.run_to(100 + 1800 + 1)
    breach = only_breach(world)
    assert (breach.type, breach.start, breach.end, breach.resolved) == ("response_time", us(1900) + 1, None, False)
    assert (breach.target, breach.actual) == (1800 * SECOND, 1800 * SECOND + 1)
    assert (breach.alarm_id, breach.alarms, breach.alarm_name) == (alarm, (alarm,), world.get(alarm).alarm_id)
    assert "was not acknowledged within 1800 s" in breach.reason
    account = world.sla.accounts[instance.id]
    assert (account.status, account.breaches) == ("breached", (breach.id,))
    world.at(2000).acknowledge(alarm)
    breach = only_breach(world)
    assert (breach.end, breach.resolved, breach.actual) == (us(2000), True, 1900 * SECOND)
    assert [kind for kind, _ in world.notices] == ["at_risk", "breach_opened", "breach_resolved"]


@pytest.mark.parametrize(("late", "breached"), [(0, False), (0.000001, True)])
def test_the_bound_is_inclusive_to_the_microsecond(world: SlaWorld, late: float, breached: bool) -> None:
    """Case 8 of the reference: due 15:00:00, acknowledged .000000: met; .000001: breached."""
    world.serve(world.define(availability_target=None, **ANSWER), "svc-1")
    due = at(3, 2, 15)
    alarm = world.at(due - 1800).raise_alarm("ont.los", ONT)
    world.at(due + late).acknowledge(alarm)
    world.run_to(due + 60)
    assert [(breach.start, breach.end) for breach in world.breaches.values()] == (
        [(us(due) + 1, us(due) + 1)] if breached else []
    )


def test_business_hours_end_today_and_go_on_tomorrow(world: SlaWorld) -> None:
    """Case 5 of the reference: Mon-Fri 08-18, raised Mon 17:00, 4 h: due Tue 11:00, warned Tue 10:00."""
    terms: dict[str, Any] = {"resolution": {"major": 4 * HOUR}, "calendar": OFFICE, "at_risk_percent": 75}
    instance = world.serve(world.define(availability_target=None, **terms), "svc-1")
    alarm = world.at(at(3, 2, 16)).raise_alarm("ont.los", ONT)
    world.run_to(at(3, 3, 9) - 1)
    assert world.notices == []
    world.run_to(at(3, 3, 9))
    assert world.notices == [("at_risk", instance.id)]
    world.run_to(at(3, 3, 10))
    assert not world.breaches
    world.run_to(at(3, 3, 10) + 1)
    assert only_breach(world).start == us(at(3, 3, 10)) + 1
    assert [kind for kind, _ in world.notices] == ["at_risk", "breach_opened", "escalation"]
    world.at(at(3, 3, 12)).clear_alarm(alarm)
    assert only_breach(world).actual == 6 * HOUR


@pytest.mark.parametrize(("begins", "due"), [(16, at(3, 9, 15)), (17, at(3, 9, 14))])
def test_a_pause_over_the_weekend_moves_the_due_time_by_its_business_hours(world: SlaWorld, begins: int, due: float) -> None:
    """Case 6 of the reference: Mon-Fri 09-18, raised Fri 16:00, 8 h, paused Fri 17:00 - Mon 09:00: due Mon 16:00; a pause from
    18:00 on moves nothing. The parameters are UTC, an hour behind Berlin."""
    terms: dict[str, Any] = {"resolution": {"major": 8 * HOUR}, "calendar": LATE_OFFICE}
    world.serve(world.define(availability_target=None, **terms), "svc-1")
    alarm = world.at(at(3, 6, 15)).raise_alarm("ont.los", ONT)
    world.at(at(3, 6, begins)).command(PauseClock(alarm, "waiting_for_supplier", end=us(at(3, 9, 8))))
    world.run_to(due)
    assert not world.breaches
    world.run_to(due + 1)
    assert only_breach(world).start == us(due) + 1


def test_a_holiday_has_no_business_hours(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, resolution={"major": 4 * HOUR}, calendar=FESTIVE), "svc-1")
    world.at(at(3, 2, 16)).raise_alarm("ont.los", ONT)
    world.run_to(at(3, 5, 0))
    assert only_breach(world).start == us(at(3, 4, 10)) + 1


def test_an_alarm_of_the_weekend_is_answered_on_monday(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, response={"major": 30 * MINUTE}, calendar=OFFICE), "svc-1")
    alarm = world.at(at(3, 7, 12)).raise_alarm("ont.los", ONT)
    world.run_to(at(3, 9, 7))
    assert not world.breaches
    world.at(at(3, 9, 7, 30)).acknowledge(alarm)
    world.run_to(at(3, 9, 12))
    assert not world.breaches


def test_a_worse_severity_breaches_at_its_instant_and_a_lower_one_cures_nothing(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, **REPAIR), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    world.at(5 * 3600)
    world.command(Edit(Edited(severity="critical")), alarm)
    assert only_breach(world).start == us(5 * 3600)
    assert only_breach(world).target == 4 * HOUR
    world.at(5 * 3600 + 10)
    world.command(Edit(Edited(severity="minor")), alarm)
    world.run_to(6 * 3600)
    assert not only_breach(world).withdrawn


def test_the_first_acknowledgement_counts_also_when_it_is_taken_back(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, **ANSWER), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    world.at(60).acknowledge(alarm)
    world.at(120).command(Unacknowledge(), alarm)
    world.run_to(7200)
    assert not world.breaches


def test_a_reopened_alarm_resumes_its_clock(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, **REPAIR), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    world.at(3600).clear_alarm(alarm)
    assert world.at(3660).raise_alarm("ont.los", ONT) == alarm
    world.run_to(8 * 3600 + 60)
    assert not world.breaches
    world.run_to(8 * 3600 + 62)
    assert only_breach(world).start == us(8 * 3600 + 60) + 1


def test_resolving_ends_the_clock(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, **REPAIR), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    world.at(9 * 3600)
    world.command(Resolve(), alarm)
    assert (only_breach(world).end, only_breach(world).resolved) == (us(9 * 3600), True)


def test_a_deadline_that_passed_while_faultd_was_down_breaches_with_its_true_instant(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, **ANSWER), "svc-1")
    world.at(0).raise_alarm("ont.los", ONT)
    world.stopped = True
    world.restart()
    world.at(7200).tick()
    assert only_breach(world).start == us(1800) + 1
    assert [kind for kind, _ in world.notices] == ["breach_opened"]


def test_a_reader_of_the_alarm_in_the_past_sees_the_breach_of_a_late_trap(world: SlaWorld) -> None:
    """An alarm whose first evidence is older than its limit is breached when it becomes known, at the true instant."""
    world.serve(world.define(availability_target=None, **ANSWER), "svc-1")
    first = world.at(0).now
    world.at(3600).network("device.down", "olt-1", at=first, severity="major")
    assert only_breach(world).start == us(1800) + 1


def test_the_cut_counts_from_the_first_evidence_of_each_customer(world: SlaWorld) -> None:
    definition = world.define(availability_target=None, **ANSWER)
    early, late = world.serve(definition, "svc-1"), world.serve(definition, "svc-2")
    cause = world.at(0).raise_alarm("fibre.cut", "olt-1/1/1", service_effect="none", is_root_cause=True)
    child = world.at(100).raise_alarm("ont.los", ONT, parent_alarm_id=cause)
    other = world.at(400).raise_alarm("ont.los", "olt-1/1/1/2", parent_alarm_id=cause)
    world.run_to(2300)
    assert {breach.instance_id: breach.start for breach in world.breaches.values()} == {
        early.id: us(1900) + 1,
        late.id: us(2200) + 1,
    }
    assert {(breach.alarm_id, breach.alarms) for breach in world.breaches.values()} == {
        (cause, (cause, child)),
        (cause, (cause, other)),
    }
    world.at(2500).acknowledge(cause)
    assert {breach.end for breach in world.breaches.values()} == {us(2500)}


def test_clearing_the_cause_stops_no_clock_of_a_customer_whose_alarm_is_open(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, **REPAIR), "svc-1")
    cause = world.at(0).raise_alarm("fibre.cut", "olt-1/1/1", service_effect="none", is_root_cause=True)
    world.at(1).raise_alarm("ont.los", ONT, parent_alarm_id=cause)
    world.at(60)
    world.command(Clear(), cause)
    world.run_to(9 * 3600)
    assert only_breach(world).start == us(1 + 8 * 3600) + 1


def test_a_definition_without_limits_has_no_clocks(world: SlaWorld) -> None:
    world.serve(world.define(), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(1000)
    assert not world.sla.clock_marks
    facts = world.sla.clocks.get(alarm)
    assert facts is not None
    assert not facts.recorded


def test_a_dying_gasp_of_one_ont_is_the_customers_own_matter(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, **ANSWER), "svc-1")
    strict = world.serve(world.define("strict", availability_target=None, customer_power="down", **ANSWER), "svc-1")
    world.at(0).raise_alarm("ont.dying_gasp", ONT)
    world.run_to(4000)
    assert only_breach(world).instance_id == strict.id


def test_planned_maintenance_pauses_the_clock_unless_the_definition_counts_it(world: SlaWorld) -> None:
    strict = world.define("strict", availability_target=None, exclude_maintenance=False, **ANSWER)
    lenient = world.serve(world.define(availability_target=None, **ANSWER), "svc-1")
    counted = world.serve(strict, "svc-1")
    world.command(PutWindow(plan(600, 1200, WindowScope(subtrees=("olt-1",)))))
    world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(3000)
    assert {breach.instance_id: breach.start for breach in world.breaches.values()} == {
        counted.id: us(1800) + 1,
        lenient.id: us(2400) + 1,
    }


def test_work_that_is_announced_while_the_alarm_is_open_pauses_nothing(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, **ANSWER), "svc-1")
    world.at(0).raise_alarm("ont.los", ONT)
    world.at(60).command(PutWindow(plan(600, 1200, WindowScope(subtrees=("olt-1",)))))
    world.run_to(3000)
    assert only_breach(world).start == us(1800) + 1


def test_an_exclusion_of_the_past_withdraws_the_breach(world: SlaWorld) -> None:
    instance = world.serve(world.define(availability_target=None, **ANSWER), "svc-1")
    world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(1900)
    assert not only_breach(world).withdrawn
    scope = ExclusionScope(services=("svc-1",))
    made = ExclusionPlan(
        tenant_id="t", category="customer", scope=scope, start=us(0), end=us(600), reason="no key to the cellar"
    )
    (exclusion,) = world.command(CreateExclusion(made), by=ADMIN).accepted
    assert only_breach(world).withdrawn
    (clock,) = clocks_of(EvidenceReader(world.sla), instance, period(world, instance), us(1900))
    assert [(each.id, each.reason) for each in clock.times.pauses] == [(exclusion, "waiting_for_customer")]
    world.command(WithdrawExclusion(exclusion), by=ADMIN)
    assert (only_breach(world).withdrawn, only_breach(world).start) == (False, us(1800) + 1)


def test_a_breach_belongs_to_the_period_that_contains_its_begin(world: SlaWorld) -> None:
    instance = world.serve(world.define(availability_target=None, **REPAIR), "svc-1")
    april = at(4, 1, 0)
    world.at(april - 8 * 3600 - 60).raise_alarm("ont.los", ONT)
    world.stopped = True
    world.at(april + 3600).tick()
    breach = only_breach(world)
    assert (breach.start, breach.period_start) == (us(april - 60) + 1, us(at(3, 1, 0)))
    (march,) = world.closed
    assert (march.instance_id, march.breaches) == (instance.id, 1)
    assert not world.sla.accounts[instance.id].breaches if instance.id in world.sla.accounts else True
    world.at(april + 7200).clear_alarm(world.alarm.id)
    breach = only_breach(world)
    assert (breach.end, breach.resolved) == (us(april + 7200), True)


def test_the_contract_bounds_the_clock(world: SlaWorld) -> None:
    definition = world.define(availability_target=None, **ANSWER)
    later = world.serve(definition, "svc-1", start=us(600))
    ended = world.serve(definition, "svc-1", end=us(1500))
    over = world.serve(definition, "svc-1", end=us(0))
    world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(5000)
    assert {breach.instance_id: breach.start for breach in world.breaches.values()} == {later.id: us(2400) + 1}
    assert {ended.id, over.id}.isdisjoint(world.sla.clock_marks) or all(
        not mark.response for mark in world.sla.clock_marks.get(ended.id, ())
    )


def test_the_end_of_the_contract_ends_a_breach(world: SlaWorld) -> None:
    april = at(4, 1, 0)
    world.serve(world.define(availability_target=None, **ANSWER), "svc-1", end=us(april - 600))
    world.at(april - 3600).raise_alarm("ont.los", ONT)
    world.run_to(april + 10)
    breach = only_breach(world)
    assert (breach.start, breach.end, breach.resolved) == (us(april - 1800) + 1, us(april - 600), True)


def test_a_suspended_instance_is_not_breached(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, **ANSWER), "svc-1", suspended=True)
    world.at(0).raise_alarm("ont.los", ONT)
    world.run_to(5000)
    assert not world.breaches
    assert world.notices == []


def test_facts_are_forgotten_with_their_period_or_after_a_day(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, **REPAIR), "svc-1")
    kept = world.at(0).raise_alarm("ont.los", ONT)
    other = world.raise_alarm("ont.los", "olt-1/1/2/1")
    world.at(9 * 3600).clear_alarm(kept)
    world.clear_alarm(other)
    world.run_to(2 * 86_400)
    assert set(world.sla.clocks.by_id) == {kept}
    world.run_to(at(5, 1, 1))
    assert not world.sla.clocks.by_id
    assert not world.sla.clock_marks


def test_a_jump_of_the_clock_breaches_nothing(world: SlaWorld) -> None:
    world.serve(world.define(availability_target=None, **ANSWER), "svc-1")
    world.at(0).raise_alarm("ont.los", ONT)
    world.at(600)
    before = world.now
    world.at(90_000)
    world(ClockJumped(before, world.now))
    world.run_to(90_000 + 1200)
    assert not world.breaches
    world.run_to(90_000 + 1201)
    assert only_breach(world).start == us(90_000 + 1200) + 1


def test_a_jump_back_takes_the_due_time_along(world: SlaWorld) -> None:
    """The alarm is no outage and there is no target, so the instance has no account: its clock runs all the same."""
    world.serve(world.define(availability_target=None, **ANSWER), "svc-1")
    world.at(100_000).raise_alarm("ont.los", ONT, service_effect="degraded")
    world.at(100_600)
    before = world.now
    world.at(600)
    world(ClockJumped(before, world.now))
    world.run_to(1800)
    assert not world.breaches
    world.run_to(1801)
    assert only_breach(world).start == us(1800) + 1


def period(world: SlaWorld, instance: SlaInstance) -> Period:
    found = period_of(world.sla, instance, us(world.seconds))
    assert found is not None
    return found


def plan(start: float, end: float, scope: WindowScope) -> WindowPlan:
    """A window that every tenant may see."""
    return WindowPlan(title="works", scope=scope, start=moment(start), end=moment(end), tenant_id="t")

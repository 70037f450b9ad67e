"""What is behind the previous period of every definition is forgotten, and nothing else."""

from datetime import date

from vocabulary.sla import SlaWorld, us
from vocabulary.world import ADMIN

from protocols.sla.actions import DeleteInstance
from protocols.sla.periods import PeriodRule

DAY = 86_400
MIDNIGHT = 21 * 3600
"""The first one after the start."""


def test_two_periods_are_kept() -> None:
    world = SlaWorld()
    daily = world.define(period=PeriodRule("UTC", date(2026, 1, 1), "days", 1))
    gone = world.serve(daily, "svc-1")
    world.serve(daily, "svc-2")
    lasting = world.at(100).raise_alarm("ont.los", "olt-1/1/1/2")
    short = world.at(200).raise_alarm("ont.los", "olt-1/1/1/1")
    world.at(900).clear_alarm(short)
    assert world.command(DeleteInstance(gone.id), by=ADMIN).accepted
    world.run_to(MIDNIGHT + DAY - 10)
    assert {each.alarm_id for each in world.sla.outages.values()} == {lasting, short}
    assert world.sla.instances.get(gone.id) is not None
    world.run_to(MIDNIGHT + DAY + 10)
    assert {each.alarm_id for each in world.sla.outages.values()} == {lasting}
    assert world.sla.instances.get(gone.id) is None
    world.run_to(MIDNIGHT + 3 * DAY + 10)
    starts = sorted({start for _, start in world.sla.periods})
    assert starts == [us(MIDNIGHT + 2 * DAY)]
    # The account that was closed just now still named its breach when the past was forgotten.
    assert {each.period_start for each in world.sla.breaches.values()} == {us(MIDNIGHT + DAY), us(MIDNIGHT + 2 * DAY)}
    assert len(world.breaches) == 5


def test_a_definition_of_a_month_keeps_what_one_of_a_day_would_forget() -> None:
    world = SlaWorld()
    world.serve(world.define(period=PeriodRule("UTC", date(2026, 1, 1), "days", 1)), "svc-1")
    monthly = world.serve(world.define("monthly"), "svc-1")
    alarm = world.at(100).raise_alarm("ont.los", "olt-1/1/1/1")
    world.at(900).clear_alarm(alarm)
    world.run_to(MIDNIGHT + 10 * DAY)
    assert world.figures(monthly).down == 800_000_000

"""What is behind the previous period of every definition is forgotten, and nothing else."""

from datetime import date

from vocabulary.sla import SlaWorld, us
from vocabulary.world import ADMIN, moment

from actors.journal import Journal
from actors.sla_clock.accounts import Account
from actors.sla_clock.books.retention import LOOKS, forget_past, forget_slice
from actors.sla_clock.run import FoldRun
from actors.sla_clock.slices import go_on
from actors.sla_clock.state import SlaState
from actors.sla_clock.work import CloseAll, ForgetPast
from protocols.sla.actions import DeleteInstance
from protocols.sla.local_time import SECOND
from protocols.sla.periods import PeriodRule

DAY = 86_400
DAILY = PeriodRule("UTC", date(2026, 1, 1), "days", 1)
MIDNIGHT = 21 * 3600
"""The first one after the start."""


def test_two_periods_are_kept() -> None:
    world = SlaWorld()
    daily = world.define(period=DAILY)
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
    assert {each.period_start for each in world.sla.breaches.values()} == {us(MIDNIGHT + 2 * DAY)}
    assert len(world.breaches) == 5


def test_a_definition_of_a_month_keeps_what_one_of_a_day_would_forget() -> None:
    world = SlaWorld()
    world.serve(world.define(period=DAILY), "svc-1")
    monthly = world.serve(world.define("monthly"), "svc-1")
    alarm = world.at(100).raise_alarm("ont.los", "olt-1/1/1/1")
    world.at(900).clear_alarm(alarm)
    world.run_to(MIDNIGHT + 10 * DAY)
    assert world.figures(monthly).down == 800_000_000


def test_a_breach_that_lasts_longer_than_two_periods_is_resolved_in_the_end() -> None:
    hour = {"major": 3600 * SECOND, "critical": 3600 * SECOND}
    world = SlaWorld()
    world.serve(world.define(period=DAILY, response=hour, resolution=hour, availability_target=None), "svc-1")
    world.at(3600).network("device.down", "olt-1")
    world.run_to(5 * DAY)
    world.network("device.up", "olt-1")
    found = {breach.type: (breach.end, breach.resolved) for breach in world.breaches.values()}
    assert found == dict.fromkeys(("response_time", "resolution_time"), (us(5 * DAY), True))
    world.run_to(8 * DAY)
    assert not world.sla.breaches


def test_the_evidence_of_several_missed_periods_is_kept_until_all_are_closed() -> None:
    world = SlaWorld()
    world.serve(world.define(period=DAILY), "svc-1")
    world.at(3600).network("device.down", "olt-1")
    world.at(7200).network("device.up", "olt-1")
    world.stopped = True
    world.at(6 * DAY).tick()
    world.stopped = False
    world.run_to(6 * DAY + 10)
    assert [closed.down for closed in world.closed] == [3600 * SECOND, 0, 0, 0, 0, 0]


def test_a_period_that_waits_to_be_closed_is_not_revised_before() -> None:
    """Several periods end while faultd does not run, and that time counts as down."""
    world = SlaWorld()
    world.serve(world.define(period=DAILY, unknown_counts_as="down"), "svc-1")
    world.run_to(3600)
    world.stopped = True
    world.at(4 * DAY + 3600).tick()
    world.stopped = False
    world.network("device.down", "olt-1", at=moment(3 * DAY + 3600))
    world.run_to(4 * DAY + 7200)
    closed = [(figures.start, figures.revision) for figures in world.closed]
    assert closed[:4] == [(us(MIDNIGHT + (number - 1) * DAY), 1) for number in range(4)]
    assert closed[4:] == [(us(MIDNIGHT + 2 * DAY), 2)]
    # One breach for each period, also for the one that was revised.
    assert len(world.breaches) == len({breach.period_start for breach in world.breaches.values()}) == 5


def test_a_period_that_has_not_ended_by_the_clock_any_more_waits_for_its_end() -> None:
    """The clock was put back while the period was being closed."""
    world = SlaWorld()
    daily = world.define(period=PeriodRule("UTC", date(2026, 1, 1), "days", 1))
    world.serve(daily, "svc-1")
    world.sla.put_work(Journal(), CloseAll(daily.id, us(MIDNIGHT)))
    world.at(100).tick()
    assert not world.sla.pending
    assert not world.closed
    world.run_to(MIDNIGHT + 10)
    assert [(each.end, each.revision) for each in world.closed] == [(us(MIDNIGHT), 1)]
    assert not world.sla.work


def test_the_past_is_forgotten_in_slices_across_restarts_as_at_once() -> None:
    world = SlaWorld()
    daily = world.define(period=DAILY)
    ended = world.serve(daily, "svc-1")
    for number in (2, 3):
        world.serve(daily, f"svc-{number}")
    for number in range(1, 4):
        alarm = world.at(100 * number).raise_alarm("ont.los", f"olt-1/1/1/{number}")
        world.at(900 + number).clear_alarm(alarm)
    assert world.command(DeleteInstance(ended.id), by=ADMIN).accepted
    world.run_to(MIDNIGHT + 10)
    saved, at = b"".join(world.sla.saving()), MIDNIGHT + 2 * DAY
    assert world.sla.closed

    def forgotten(budget: int) -> tuple[SlaState, int]:
        state, slices = SlaState.load(saved), 0
        forget_past(FoldRun(state, 1_000, moment(at), us(at)))
        while state.work:
            run = FoldRun(state, 1_001 + slices, moment(at), us(at))
            run.budget = budget
            before = tables(state)
            go_on(run)
            octets = b"".join(state.saving())
            run.journal.rollback()
            assert tables(state) == before
            state, slices = SlaState.load(octets), slices + 1
        return state, slices

    (whole, one), (sliced, several) = forgotten(1_000), forgotten(1)
    assert one == 1
    assert several == 3
    assert tables(whole) == tables(sliced)
    assert not any((whole.outages, whole.closed, whole.periods))
    assert ended.id not in whole.instances
    # Breaches go after the accounts that name them.
    assert whole.breaches
    run = FoldRun(whole, 2_000, moment(at + DAY), us(at + DAY))
    forget_past(run)
    go_on(run)
    assert not whole.breaches


def test_the_horizon_is_looked_for_in_slices() -> None:
    """A closed account that is still within reach is the last of many: what belongs to its period is kept."""
    now, day = us(MIDNIGHT + 2 * DAY), DAY * SECOND
    state = SlaState()
    for number in range(3 * LOOKS):
        state.closed[f"SI{number}"] = Account(now - day, now, "SD1", 1)
    # A month, of a definition that has days by now, and one that is behind all reach.
    state.closed["SI97"] = Account(now - 31 * day, now, "SD1", 1)
    state.closed["SI98"] = Account(now - 90 * day, now - 60 * day, "SD1", 1)
    for kept, budget in ((31, 1), (31, 2), (31, 100)):
        run = FoldRun(state, 1_000, moment(MIDNIGHT + 2 * DAY), now)
        item: ForgetPast | None = ForgetPast(now - day, reach=now - day)
        looks = 0
        while item is not None and item.table == "horizon":
            run.budget, looks = budget, looks + 1
            item = forget_slice(run, item)
            assert run.budget >= 0
        assert item is None or item.horizon == now - kept * day
        assert looks == max(1, -(-26 // (LOOKS * budget)))
        run.journal.rollback()


def tables(state: SlaState) -> list[object]:
    """What retention shortens, and the work that is left."""
    found = (state.breaches, state.closed, state.periods, state.credits, state.outages, state.outages_at, state.recorded)
    return [*(dict(each) for each in found), list(state.work.values()), [each.id for each in state.instances]]

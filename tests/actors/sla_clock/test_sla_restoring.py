"""A lost ledger begun anew: evidence, decisions and figures come back as they were."""

from typing import Any

import pytest
from msgspec.structs import replace
from vocabulary import agreements
from vocabulary.sla import SlaWorld, us
from vocabulary.sla_lives import APRIL, lived, sums
from vocabulary.world import ADMIN

from actors.sla_clock.account_table import AccountTable
from actors.sla_clock.accounts import Account
from actors.sla_clock.held import held_changes
from actors.sla_clock.instance_table import age_of
from actors.sla_clock.state import SlaState
from protocols.change import Change, NodesChanged
from protocols.command import Command
from protocols.event import OperatorDataRestored, SlaDataRestored, TopologyLoaded
from protocols.sla.actions import AddMeasurements
from protocols.sla.changes import SlaClockChanged, SlaInstanceChanged, SlaMeasured, SlaOutageChanged, SlaPeriodClosed
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND
from protocols.sla.measurement import ServiceMeasurement


def restored(world: SlaWorld, records: list[Change], *, until: int | None = None, later: float = 0.0) -> SlaWorld:
    """A World that begins with the topology and ``records`` of ``world``, ``later`` seconds after its time."""
    other = SlaWorld()
    other.stages = type(other.stages)("11111111-7b0a-4b57-9d29-0c6f3a3f4a11")
    other.now, other.offset = world.now, world.offset + 100_000
    other.at(world.seconds + later)
    other(OperatorDataRestored(from_ledger="old", nodes=tuple(world.state.plant.nodes.values())))
    middle = len(records) // 2
    told: Any = records
    other(SlaDataRestored(from_ledger="old", records=tuple(told[:middle])))
    other(SlaDataRestored(from_ledger="old", records=tuple(told[middle:]), until=us(world.seconds) if until is None else until))
    return other


def records_of(world: SlaWorld) -> list[Change]:
    return list(held_changes(world.sla))


def instances(state: SlaState) -> list[SlaInstance]:
    return list(state.instances.values())


def plain(accounts: dict[str, Account] | AccountTable) -> dict[str, Any]:
    """What was decided, without what follows from the evidence at the last booking."""
    names = ("period_start", "period_end", "definition_id", "definition_version", "availability_breach", "breaches")
    return {name: [getattr(each, field) for field in names] for name, each in accounts.items()}


def test_the_state_comes_back_and_every_figure_is_the_same() -> None:
    world = lived()
    other = restored(world, records_of(world))
    before, after = world.sla, other.sla
    assert after.definitions == before.definitions
    assert instances(after) == instances(before)
    assert (after.exclusions, after.reports, after.credits, after.breaches) == (
        before.exclusions,
        before.reports,
        before.credits,
        before.breaches,
    )
    assert after.periods == before.periods
    assert after.outages == before.outages
    assert before.outages
    assert before.breaches
    assert before.credits
    assert before.clock_marks
    assert after.clock_marks == {
        name: tuple(replace(mark, warned=()) for mark in marks) for name, marks in before.clock_marks.items()
    }
    recorded = {alarm_id: facts for alarm_id, facts in before.clocks.by_id.items() if facts.recorded}
    assert recorded
    assert after.clocks.by_id == recorded
    assert plain(after.accounts) == plain(before.accounts)
    assert plain(after.closed) == plain(before.closed)
    assert len(before.accounts)
    assert before.closed
    for instance in instances(before):
        if instance.end is None:
            assert sums(other.figures(instance)) == sums(world.figures(instance)), instance.id
    assert other.notices == [], "nobody hears of the same thing again"
    assert not other.breaches, "no breach is opened, changed or withdrawn"
    assert set(before.keys.items()) <= set(after.keys.items())
    assert after.keys["instance k1"] == "SI1"


def test_both_go_on_alike() -> None:
    world = lived()
    other = restored(world, records_of(world))
    for each in (world, other):
        each.at(APRIL + 5_000).network("device.down", "olt-1")
        each.run_to(APRIL + 5_000 + 30 * 864 + 100)
        each.network("device.up", "olt-1")
        each.run_to(APRIL + 30 * 86_400 + 10)
    news = [[change for change in each.history if isinstance(change, SlaPeriodClosed)] for each in (world, other)]
    told = [
        {
            (one.figures.instance_id, one.figures.start): one.figures
            for one in each
            if one.figures.end == us(APRIL + 30 * 86_400)
        }
        for each in news
    ]
    assert told[0]
    assert told[0] == told[1]
    first, second = ({(b.instance_id, b.type, b.start, b.end) for b in each.sla.breaches.values()} for each in (world, other))
    assert first == second


def test_what_lasts_ends_with_the_alarm_and_measurements_with_the_ledger() -> None:
    world = lived()
    late = us(APRIL + 2_000)
    items = tuple(ServiceMeasurement(service_id="svc-3", at=late - number * 60 * SECOND, latency=99_000) for number in range(6))
    world(Command(ADMIN, AddMeasurements("t", items)))
    world.network("device.down", "olt-1/1/2")
    world.run_to(APRIL + 5_000)
    lasting = [each for each in world.sla.outages.values() if each.end is None]
    violation = next(each for each in world.sla.breaches.values() if each.type == "latency")
    assert lasting
    assert not violation.resolved
    told = [each for each in world.history if isinstance(each, SlaMeasured)][-1:]
    other = restored(world, [*records_of(world), *told])
    now = us(APRIL + 5_000)
    ended = [each.outage for each in other.history if isinstance(each, SlaOutageChanged) and each.outage.id == lasting[0].id]
    assert [each.end for each in ended] == [now]
    assert all(facts.ended is not None for facts in other.sla.clocks.by_id.values())
    assert [each for each in other.history if isinstance(each, SlaClockChanged)]
    assert other.breaches[violation.id].end == now
    assert other.breaches[violation.id].reason.endswith("; ended: the ledger was replaced")
    assert [each.summary.end for each in other.history if isinstance(each, SlaMeasured)] == [now]
    opened = [each for each in other.breaches.values() if each.id not in world.sla.breaches]
    assert not opened
    for instance in instances(world.sla):
        if instance.end is None:
            assert sums(other.figures(instance)) == sums(world.figures(instance)), instance.id


def test_the_time_without_a_ledger_is_unknown() -> None:
    world = lived()
    other = restored(world, records_of(world), later=3_600)
    (gap,) = [each for each in other.sla.outages.values() if each.alarm_type == "faultd:stopped"]
    assert (gap.start, gap.end, gap.effect) == (us(APRIL + 2_000), us(APRIL + 5_600), "unknown")
    instance = next(each for each in instances(world.sla) if each.service_id == "svc-3")
    assert other.figures(instance).shares.unknown == [(gap.start, gap.end)]
    assert other.figures(instance).down == world.figures(instance).down


@pytest.mark.parametrize("days", [40, 70])
def test_periods_that_ended_without_a_ledger_are_closed(days: int) -> None:
    world = lived()
    other = restored(world, records_of(world), later=days * 86_400)
    closed = {(each.instance_id, each.start): each for each in other.closed}
    running = [each for each in instances(world.sla) if each.end is None]
    for instance in running:
        april = closed[instance.id, us(APRIL)]
        assert (april.revision, april.unknown > 0) == (1, True)
    assert len([key for key in closed if key[0] == running[0].id]) == (1 if days == 40 else 2)
    assert all(each.period_start > us(APRIL) for each in other.sla.accounts.values())


def test_without_a_record_nothing_is_made() -> None:
    world = SlaWorld()
    other = restored(world, [])
    assert not len(other.sla.instances)
    assert [change for change in other.history if not isinstance(change, NodesChanged)] == []


def test_an_old_account_that_was_closed_quietly_is_not_kept() -> None:
    """Its row still has the period in which something happened last."""
    world = lived()
    march = {"period_start": us(APRIL) - 31 * agreements.DAY, "period_end": us(APRIL), "period_definition_id": "SD1"}
    quiet = [
        replace(each, status="compliant", period_definition_version=1, **march)
        if isinstance(each, SlaInstanceChanged)
        else each
        for each in records_of(world)
    ]
    other = restored(world, quiet)
    assert not other.closed, "no period is closed again"


def test_contracts_that_follow_the_topology_come_back_once() -> None:
    """Though their nodes, with a class, come before them."""
    world = SlaWorld()
    gold = world.define("gold", sla_class="gold")
    plant = [replace(node, sla_class="gold") if node.type == "service" else node for node in world.state.plant.nodes.values()]
    world(TopologyLoaded("t2", tuple(plant)))
    world.run_to(100)
    followed = instances(world.sla)
    assert {(each.service_id, each.origin, each.definition_id) for each in followed} == {
        (f"svc-{number}", "file", gold.id) for number in (1, 2, 3, 4)
    }
    other = restored(world, records_of(world))
    other.run_to(300)
    assert instances(other.sla) == followed


def test_ids_behind_a_lost_ledger_still_have_an_order() -> None:
    offset = 20 * 366 * 86_400 * 100_000
    assert age_of("SI17") < age_of(f"SI{offset}.9") < age_of(f"SI{offset}.10") < 1 << 64

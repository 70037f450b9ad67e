"""What the fold is fed by the bench: traps of the plant it has, from a state in which nothing is left to do."""

from collections.abc import Callable
from itertools import islice

import pytest

from actors.correlator.strategies.order import STRATEGIES
from bench.datagrams import ONTS, port, resource_id
from bench.fold import ACTIVE, EVENTS, LOADS, OUT, ROUNDS, WARM, Folder, Load, among_others, only, plant
from bench.rows.growth import ALARMS, PLANT
from bench.traffic import PortByPort

SIZES = [(1_000, 10_000), (10_000, 100_000), (max(ALARMS), PLANT)]


@pytest.mark.parametrize(("alarms", "nodes"), SIZES)
def test_all_that_is_reported_on_is_in_the_plant(alarms: int, nodes: int) -> None:
    known = {node.id for node in plant(nodes)}
    for load in LOADS.values():
        mine = load(alarms)
        numbers = set(mine.bystanders) | {number for number, _ in mine.population.raise_new(mine.raised)}
        numbers |= {number for number, _ in mine.population.mix(WARM + ROUNDS * EVENTS)}
        strangers = [number for number in numbers if resource_id(0, number) not in known]
        assert len(strangers) <= len(numbers) // 100, load.__name__


@pytest.mark.parametrize("alarms", ALARMS)
def test_the_ports_in_turmoil_are_the_same_whatever_stands_around_them(alarms: int) -> None:
    mine, alone = among_others(alarms), among_others(min(ALARMS))
    raised, first = (list(each.population.raise_new(each.raised)) for each in (mine, alone))
    assert raised == first
    assert len(mine.bystanders) + len(raised) == max(alarms // ONTS * ONTS, OUT * ONTS)
    active = {number for index in range(ACTIVE) for number in port(index)}
    assert active.isdisjoint(mine.bystanders)
    for _ in range(3):
        sent = list(mine.population.mix(2_000))
        assert sent == list(alone.population.mix(2_000))
        assert {number for number, _ in sent} <= active


def test_no_port_is_new_once_there_are_as_many_as_may_be() -> None:
    population = PortByPort(1, port, most=6)
    list(population.raise_new(4 * ONTS))
    seen = {number for number, _ in population.mix(20_000)}
    assert seen == {number for index in range(6) for number in port(index)}


@pytest.mark.parametrize("load", LOADS.values())
def test_nothing_is_left_to_do_once_it_has_settled(load: Callable[[int], Load]) -> None:
    folder, mine = Folder(2_000), load(300)
    with only(STRATEGIES):
        folder.take((number, True) for number in mine.bystanders)
        folder.take(islice(mine.population.raise_new(mine.raised), 500))
        assert len(folder.state.timers)
        folder.settle()
    assert folder.state.timers.first > folder.state.at
    assert folder.state.open_alarms >= 300
    assert any(alarm.is_root_cause for alarm in folder.state.alarms.values())


def test_the_spine_has_no_strategy() -> None:
    folder = Folder(2_000)
    with only(()):
        folder.take((number, True) for number in port(0))
        folder.settle()
    assert {alarm.alarm_type for alarm in folder.state.alarms.values()} == {"ont.los"}
    assert not any(alarm.parent_alarm_id for alarm in folder.state.alarms.values())

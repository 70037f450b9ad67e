"""The bench's traffic: the mix that it claims, and traps that mean what it counts on."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.correlator.profiles import compile, load_profiles
from bench.datagrams import SOURCES, address, place, resource_id, template
from bench.traffic import Population
from protocols.event import Trap
from protocols.snmp.message import decode

NUMBERS = [0, 1, 2, 7_681, 123_457, 1_800_002]


def test_mix_has_the_proportions_and_keeps_the_number_of_open_alarms() -> None:
    population = Population(7)
    list(population.raise_new(2_000))
    sent = list(population.mix(20_000))
    tally = population.tally
    assert tally.total == 22_000
    assert len(sent) == 20_000
    assert abs((tally.new - 2_000) / 20_000 - 0.05) < 0.01
    assert abs(tally.clears / 20_000 - 0.15) < 0.01
    assert abs(tally.reopened / 20_000 - 0.10) < 0.01
    assert abs(len(population.open) - 2_000) < 500


def test_without_new_problems_as_many_are_raised_again_as_are_cleared() -> None:
    population = Population(7)
    list(population.raise_new(2_000))
    list(population.mix(20_000, 0.0))
    tally = population.tally
    assert (population.known, tally.new) == (2_000, 2_000)
    assert abs(tally.clears / 20_000 - 0.15) < 0.01
    assert abs(tally.reopened / 20_000 - 0.15) < 0.01


def test_only_open_problems_are_cleared_and_every_clear_ends_one() -> None:
    population = Population(3)
    open_now: set[int] = set()
    for number, raised in [*population.raise_new(50), *population.mix(5_000)]:
        if raised:
            open_now.add(number)
        else:
            open_now.remove(number)
    assert open_now == set(population.open)
    assert not open_now & set(population.cleared)


def test_the_same_seed_sends_the_same() -> None:
    def life(seed: int) -> list[tuple[int, bool]]:
        population = Population(seed)
        return [*population.raise_new(10), *population.mix(500)]

    assert life(1) == life(1)
    assert life(1) != life(2)


def test_problems_are_distinct() -> None:
    places = Counter(place(number) for number in range(0, 1_900_000, 37))
    assert places.most_common(1)[0][1] == 1
    assert len({address(0, source) for source in range(SOURCES)}) == SOURCES


@pytest.mark.parametrize("number", NUMBERS)
def test_traps_raise_and_clear_what_the_bench_counts_on(number: int) -> None:
    profiles = sorted((Path(__file__).parents[2] / "config" / "profiles").glob("*.toml"))
    translator = compile(load_profiles({file.name: file.read_text() for file in profiles}))
    source = address(3, place(number).source)
    readings = []
    for raised in (True, False):
        datagram = template(number, raised).fill(1 << 24, 1 << 25, 1 << 26)
        notification = decode(datagram)
        assert len(notification.varbinds) + 2 == 7
        assert (notification.request_id, notification.uptime, notification.irregular) == (1 << 24, 1 << 25, ())
        reading = translator.read(Trap(source, datetime.now(UTC), notification))
        readings.append(reading.findings[0])
        assert f"{source}/{reading.findings[0].resource}" == resource_id(3, number)
    up, down = readings
    assert (up.kind, down.kind) == ("raise", "clear")
    assert up.alarm_type in down.clears
    assert not up.repeats_by_design

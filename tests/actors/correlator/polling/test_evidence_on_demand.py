"""A burst at a port as a timeline: the inference asks, the read answers, and what was unknown is dark or alive."""

import pytest
from vocabulary.outages import Olt, onts, plant
from vocabulary.reads import parts, read_of
from vocabulary.world import World

from protocols.poll.request import PollRequested
from protocols.poll.states import DownCause, ReadReason


@pytest.fixture
def olt(world: World) -> Olt:
    """An OLT whose states were read when everything was well."""
    olt = Olt(world)
    world(read_of(world, *(parts("ont", f"1/{port}", up=range(32)) for port in range(3)), reason="start"))
    olt.seconds = 10
    return olt


def requests(olt: Olt) -> list[PollRequested]:
    return [each for each in olt.world.history if isinstance(each, PollRequested)]


def answers(olt: Olt, down: dict[int, DownCause], took: float = 0.5) -> None:
    """The read of port 0, a moment after the last report."""
    olt.seconds += 1
    world = olt.world.at(olt.seconds)
    up = [number for number in range(32) if number not in down]
    asked = requests(olt)[-1]
    world(read_of(world, parts("ont", "1/0", up=up, down=down), reason="burst", took=took, scope="1/0", request=asked.offset))


def numbers(*legs: int) -> range:
    return range(min(legs) * 8, max(legs) * 8 + 8)


def test_a_burst_asks_for_that_port_alone_and_once_a_minute(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0, [1])[:3])
    olt.waits(2)
    (asked,) = requests(olt)
    assert (asked.device, asked.scope, asked.reason) == ("olt", "1/0", "burst")
    assert asked.why == "PON 0: 3 ONTs lost service together; which of the others live, and have power?"
    olt.reports("ont.los", *onts(0, [1])[3:5])
    olt.waits(20)
    assert len(requests(olt)) == 1


def test_one_ont_alone_asks_nothing_and_neither_does_a_device_that_is_not_read(world: World, olt: Olt) -> None:
    olt.reports("ont.los", onts(0)[0])
    olt.waits(5)
    assert not requests(olt)
    other = Olt(World())
    other.reports("ont.los", *onts(0))
    other.waits(5)
    assert not requests(other)


def test_a_card_in_trouble_asks_for_a_few_ports(world: World) -> None:
    olt = Olt(world, plant(ports=12))
    world(read_of(world, parts("ont", "1/0", up=range(32)), reason="start"))
    for port in range(12):
        olt.reports("ont.los", *onts(port, [0])[:2])
    olt.waits(3)
    assert len(requests(olt)) == 8


def test_lost_traps_of_a_cut_are_made_good_and_count_with_it(olt: Olt) -> None:
    """Five of eight traps were lost: three dark ONTs could as well be three drops; the read shows the splitter."""
    olt.reports("ont.los", *onts(0, [2])[:3])
    olt.waits(2)
    answers(olt, dict.fromkeys(numbers(2), "los"))
    olt.waits(2)
    (cut,) = olt.concluded().values()
    assert (cut.alarm_type, cut.resource_id) == ("fibre.cut", "olt/1/0/s.2")
    assert (cut.metadata["dark"], cut.metadata["unknown"], cut.metadata["alive"]) == (8, 0, 0)
    assert "5 of them were found by poll" in cut.description
    assert olt.children(cut) == set(onts(0, [2]))


def test_an_ont_that_is_up_is_not_below_the_cut(olt: Olt) -> None:
    """Two ONTs of a splitter went dark and six say nothing: a cut is possible; the read finds the six up."""
    olt.reports("ont.los", *onts(0, [2])[:4])
    olt.waits(2)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0/s.2"}
    answers(olt, dict.fromkeys(range(16, 20), "los"))
    olt.waits(2)
    assert not olt.concluded()


def test_without_gasps_on_the_way_the_cause_of_the_read_tells_power_from_fibre(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0, [1]))
    olt.waits(2)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0/s.1"}
    answers(olt, dict.fromkeys(numbers(1), "dying_gasp"))
    olt.waits(2)
    assert {each.split()[0] for each in olt.concluded()} == {"power.outage"}
    gasps = olt.world.of_type("ont.dying_gasp")
    assert {each.resource_id for each in gasps} == set(onts(0, [1]))


def test_onts_that_were_off_before_the_cut_are_not_counted_against_it(olt: Olt) -> None:
    """One customer of the splitter switched his ONT off days ago; its trap was lost then."""
    olt.reports("ont.los", *onts(0, [3])[:7])
    olt.waits(2)
    answers(olt, {**dict.fromkeys(range(24, 31), "los"), 31: "dying_gasp"})
    olt.waits(2)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0/s.3"}


def test_what_a_whole_read_finds_is_no_event_of_its_moment(olt: Olt) -> None:
    """Two of a splitter's ONTs that are off, each for its own reason, are no cut; a splitter without light is one."""
    world = olt.world.at(20)
    olt.seconds = 20
    down: dict[int, DownCause] = {0: "los", 1: "los", **dict.fromkeys(numbers(3), "los")}
    up = [number for number in range(32) if number not in down]
    world(read_of(world, parts("ont", "1/0", up=up, down=down)))
    olt.waits(3)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0/s.3"}


def test_customers_who_sleep_are_no_power_outage(olt: Olt) -> None:
    """At the first read some ONTs are switched off all over the area: it has power."""
    world = olt.world.at(20)
    olt.seconds = 20
    off: dict[int, DownCause] = dict.fromkeys((1, 5, 9, 12), "dying_gasp")
    up = [number for number in range(32) if number not in off]
    world(read_of(world, *(parts("ont", f"1/{port}", up=up, down=off) for port in range(3))))
    olt.waits(3)
    assert not olt.concluded()


def test_an_answer_from_before_the_burst_is_no_answer(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0, [2])[:4])
    olt.waits(2)
    answers(olt, {}, took=60)
    olt.waits(2)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0/s.2"}
    assert len([each for each in olt.world.of_type("ont.los") if each.cleared_at is None]) == 4


def test_the_same_over_a_restart(world: World) -> None:
    world.restarts = True
    olt = Olt(world)
    world(read_of(world, parts("ont", "1/0", up=range(32)), reason="start"))
    olt.seconds = 10
    test_lost_traps_of_a_cut_are_made_good_and_count_with_it(olt)


@pytest.mark.parametrize("reason", ["changed", "gap"])
def test_an_ont_whose_trap_was_lost_counts_with_the_cut_also_when_the_next_poll_finds_it(olt: Olt, reason: ReadReason) -> None:
    """It was not alive during the cut: it went down since the poll before, and nobody knows when."""
    olt.reports("ont.los", *onts(0, [2])[:7])
    olt.waits(12)
    read = read_of(olt.world.at(olt.seconds), parts("ont", "1/0", down={23: "los"}), reason=reason, whole=())
    olt.world(read)
    olt.waits(3)
    (cut,) = olt.concluded().values()
    assert (cut.alarm_type, cut.resource_id) == ("fibre.cut", "olt/1/0/s.2")
    assert olt.children(cut) == set(onts(0, [2]))


def test_an_ont_that_a_daily_read_finds_down_is_no_part_of_a_cut_of_a_moment_before(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0, [2])[:7])
    olt.waits(12)
    olt.world(read_of(olt.world.at(olt.seconds), parts("ont", "1/0", down={31: "los"}), reason="daily", whole=()))
    olt.waits(3)
    (cut,) = olt.concluded().values()
    assert olt.children(cut) == set(onts(0, [2])[:7])


def test_an_ont_that_went_down_since_the_last_poll_is_its_own_cause(olt: Olt) -> None:
    """Its trap was lost. One that was down when its device was read first is not: it may have been for months."""
    world = olt.world.at(20)
    olt.seconds = 20
    world(read_of(world, parts("ont", "1/0", down={5: "los"}), reason="changed", whole=()))
    olt.waits(3)
    (alarm,) = world.of_type("ont.los")
    assert alarm.is_root_cause
    other = Olt(World())
    other.world(read_of(other.world, parts("ont", "1/0", up=range(5), down={5: "los"}), reason="start"))
    other.waits(3)
    (standing,) = other.world.of_type("ont.los")
    assert not standing.is_root_cause

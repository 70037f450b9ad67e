"""What a look costs, in calls of functions: with what has changed, and not with all that is out or could be."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace
from vocabulary.outages import Olt
from vocabulary.world import World

from protocols.topology import Node


def ports(count: int, area: str = "", onts: int = 8) -> Iterator[Node]:
    """An OLT with one card and so many ports of ``onts`` ONTs each."""
    yield Node(id="olt", type="olt", name="Mill Lane", address="192.0.2.1")
    yield Node(id="olt/1", type="card", parents=("olt",), name="card 1")
    for port in range(count):
        yield Node(id=f"olt/1/{port}", type="pon", parents=("olt/1",))
        for ont in range(onts):
            yield Node(
                id=f"olt/1/{port}/{ont}", type="ont", parents=(f"olt/1/{port}",), customer_id=f"C{port}-{ont}", area=area
            )


def calls(action: Callable[[], Any]) -> int:
    """How many functions are called by it."""
    count = 0

    def called(_frame: object, event: str, _what: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def outage(world: World, count: int) -> tuple[Olt, list[str]]:
    world.begin()
    olt = Olt(world, ports(count))
    onts = [f"olt/1/{port}/{ont}" for ont in range(8) for port in range(count)]
    olt.reports("ont.dying_gasp", *onts, every=0.0005)
    return olt, onts


def test_an_outage_of_a_whole_olt_costs_what_its_ports_cost(world: World) -> None:
    def cost(count: int) -> int:
        olt, onts = outage(world, count)
        found = calls(lambda: olt.waits(3))
        (one,) = olt.concluded().values()
        assert (one.resource_id, one.metadata["gasped"], one.subscriber_count) == ("olt/1", len(onts), len(onts))
        assert olt.children(one) == set(onts)
        return found

    assert cost(48) < 5 * cost(12)


def test_so_do_the_words_that_follow_it_and_the_return_of_its_onts(world: World) -> None:
    def cost(count: int) -> tuple[int, int]:
        olt, onts = outage(world, count)
        olt.waits(5)
        olt.reports("ont.los", *onts, every=0.0005)
        after = calls(lambda: olt.waits(3))
        olt.clears("ont.dying_gasp", *onts[: len(onts) // 4])
        olt.clears("ont.los", *onts[: len(onts) // 4])
        back = calls(lambda: olt.waits(3))
        assert len(olt.concluded()) == 1
        return after, back

    few, many = cost(12), cost(48)
    assert many[0] < 5 * few[0]
    assert many[1] < 8 * few[1]


def test_a_look_at_an_area_costs_what_is_out_and_not_what_there_is(world: World) -> None:
    def cost(count: int) -> int:
        world.begin()
        elsewhere = [
            replace(node, id=f"o{node.id}", parents=tuple(f"o{each}" for each in node.parents), address="")
            for node in ports(count, area="north")
        ]
        olt = Olt(world, [*ports(1, area="north"), *elsewhere])
        olt.reports("ont.dying_gasp", *(f"olt/1/0/{ont}" for ont in range(7)))
        olt.waits(5)
        olt.reports("ont.dying_gasp", "olt/1/0/7")
        return calls(lambda: olt.waits(1))

    assert cost(100) < 1.2 * cost(10)


def test_nor_does_it_cost_all_that_are_out_when_one_of_them_says_more(world: World) -> None:
    def cost(count: int) -> int:
        world.begin()
        olt = Olt(world, ports(count, area="north"))
        olt.reports("ont.dying_gasp", *(f"olt/1/{port}/{ont}" for port in range(count) for ont in range(8)), every=0.0005)
        olt.waits(5)
        assert list(olt.concluded()) == ["power.outage area:north"]
        olt.reports("ont.los", "olt/1/0/7")
        return calls(lambda: olt.waits(1))

    assert cost(100) < 1.5 * cost(10)


def test_an_outage_that_grows_port_by_port_tells_what_it_is_by_now(world: World) -> None:
    olt = Olt(world, ports(4))
    for port in range(4):
        olt.reports("ont.dying_gasp", *(f"olt/1/{port}/{ont}" for ont in range(8)))
        olt.waits(2)
    (one,) = olt.concluded().values()
    assert one.metadata["gasped"] == 32
    assert one.metadata["customers_by_class"] == {"unclassified": 32}
    assert sorted(one.affected_customers) == sorted(f"C{port}-{ont}" for port in range(4) for ont in range(8))
    assert one.severity == "critical"
    assert "32 ONTs on 4 PON ports below card 1 gasped" in one.description
    assert one.description.count("customers by class: unclassified 32") == 1
    for port in range(4):
        olt.clears("ont.dying_gasp", *(f"olt/1/{port}/{ont}" for ont in range(8)))
    olt.waits(3)
    assert not olt.concluded()

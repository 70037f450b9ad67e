"""Records that are wrong: ONTs that the topology has on another leg, and ONTs that it does not have."""

import math
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.outages import Olt, onts, plant
from vocabulary.world import World

from actors.correlator.pon.explanation import explain
from actors.correlator.pon.likelihood import ODDS, Seen, Tree, either, inside, weigh
from actors.correlator.pon.memory import PonMemory
from protocols.topology import Node

PORT = "olt/1/0"


def misrecorded(legs: int, each: int, wrong: dict[int, int]) -> list[Node]:
    """A port with equal legs. ``wrong``: ONTs that are recorded below another leg than the one on which they are."""
    nodes = [
        Node(id="olt", type="olt", name="Mill Lane", address="192.0.2.1"),
        Node(id="olt/1", type="card", parents=("olt",)),
        Node(id=PORT, type="pon", parents=("olt/1",), name="PON 0"),
        Node(id=f"{PORT}/s", type="splitter", parents=(PORT,)),
    ]
    nodes += [Node(id=f"{PORT}/s.{leg}", type="splitter", parents=(f"{PORT}/s",), name=f"leg {leg}") for leg in range(legs)]
    for ont in range(legs * each):
        leg = wrong.get(ont, ont // each)
        nodes.append(
            Node(id=f"{PORT}/{ont}", type="ont", parents=(f"{PORT}/s.{leg}",), name=f"ONT {ont}", customer_id=f"C{ont}")
        )
    return nodes


@pytest.mark.parametrize(
    ("legs", "each", "cut", "wrong", "every"),
    [
        (4, 6, (0, 1), {0: 2, 7: 3}, 0.003),  # two ONTs of the legs that are cut are recorded elsewhere
        (4, 6, (0, 1), {0: 2, 13: 1}, 0.003),  # one of them, and one of a whole leg that is recorded on a cut one
        (4, 6, (0, 3), {2: 1, 3: 1}, 0.1),
        (8, 8, (2, 5), {16: 7, 17: 0, 44: 1}, 0.02),
        (4, 8, (1,), {9: 3}, 0.05),
        (2, 16, (0,), {3: 1, 5: 1, 20: 0}, 0.02),
    ],
)
def test_legs_that_are_cut_stay_legs_though_records_are_wrong(
    world: World, legs: int, each: int, cut: tuple[int, ...], wrong: dict[int, int], every: float
) -> None:
    olt = Olt(world, misrecorded(legs, each, wrong))
    below = [ont for ont in range(legs * each) if ont // each in cut]
    Random(1).shuffle(below)
    olt.reports("ont.los", *(f"{PORT}/{ont}" for ont in below), every=every)
    olt.waits(40)
    causes = olt.concluded()
    assert set(causes) == {f"fibre.cut {PORT}/s.{leg}" for leg in cut}
    assert set().union(*(olt.children(one) for one in causes.values())) == {f"{PORT}/{ont}" for ont in below}
    told = [record for one in causes.values() for record in one.metadata.get("records", ())]
    assert {record["ont"] for record in told} == {f"{PORT}/{ont}" for ont in wrong if ont // each in cut}
    for record in told:
        assert record["recorded_below"] == f"{PORT}/s.{wrong[int(record['ont'].rpartition('/')[2])]}"
        assert record["fell_with"] in {f"{PORT}/s.{leg}" for leg in cut}
        assert any(
            f"is recorded below leg {record['recorded_below'][-1]} and fell with" in c.description for c in causes.values()
        )
    assert all(0.5 < one.metadata["confidence"] <= 0.99 for one in causes.values())
    assert [one for one in world.notified if one[0] == "raised"] == [("raised", "fibre.cut")] * len(cut)


@pytest.mark.parametrize("unknown", [1, 3, 12])
@pytest.mark.parametrize("legs", [(0, 1, 2, 3), (2,)])
def test_onts_that_the_topology_lacks_belong_to_the_cause_with_which_they_fall(
    world: World, legs: tuple[int, ...], unknown: int
) -> None:
    olt = Olt(world, plant(1, areas=False))
    missing = [f"{PORT}/{100 + number}" for number in range(unknown)]
    both = [*onts(0, legs), *missing]
    Random(2).shuffle(both)
    olt.reports("ont.los", *both, every=0.02)
    olt.waits(40)
    (cut,) = olt.concluded().values()
    assert cut.resource_id == (PORT if len(legs) == 4 else f"{PORT}/s.2")
    assert olt.children(cut) == set(both)
    assert (cut.metadata["dark"], cut.metadata["unrecorded"]) == (len(both), unknown)
    assert f"{unknown} of them {'is' if unknown == 1 else 'are'} not in the topology" in cut.description
    assert [one for one in world.notified if one[0] == "raised"] == [("raised", "fibre.cut")]
    olt.clears("ont.los", *both)
    olt.waits(60)
    assert not olt.concluded()
    assert not world.state.memory(PonMemory).unrecorded


def test_one_that_the_topology_lacks_and_that_falls_at_another_time_stands_alone(world: World) -> None:
    olt = Olt(world, plant(1, areas=False))
    olt.reports("ont.los", f"{PORT}/100")
    olt.waits(60)
    olt.reports("ont.los", *onts(0, [1]))
    olt.waits(5)
    (cut,) = olt.concluded().values()
    assert olt.children(cut) == set(onts(0, [1]))
    assert "unrecorded" not in cut.metadata


def test_the_wrong_record_is_mended_and_the_next_cut_needs_no_proposal(world: World) -> None:
    nodes = misrecorded(4, 6, {0: 2})
    olt = Olt(world, nodes)
    right = [replace(each, parents=(f"{PORT}/s.0",)) if each.id == f"{PORT}/0" else each for each in nodes]
    world.topology(*right)
    olt.reports("ont.los", *(f"{PORT}/{ont}" for ont in range(6)))
    olt.waits(5)
    (cut,) = olt.concluded().values()
    assert not cut.metadata.get("records")


def test_an_olt_that_sends_no_dying_gasp_has_cut_or_power(world: World) -> None:
    olt = Olt(world, plant(1, areas=False))
    for number in (1, 11, 21, 31, 5):
        olt.reports("ont.los", onts(0)[number])
        olt.waits(400)
        olt.clears("ont.los", onts(0)[number])
        olt.waits(400)
    olt.reports("ont.los", *onts(0, [2]))
    olt.waits(5)
    (cut,) = olt.concluded().values()
    assert (cut.alarm_type, cut.resource_id) == ("fibre.cut", f"{PORT}/s.2")
    assert "cut or power: the OLT sends no dying gasp" in cut.description
    assert 0.5 < cut.metadata["confidence"] < 0.75
    (power,) = (each for each in cut.metadata["alternatives"] if each["alarm_type"] == "power.outage")
    assert power["place"] == f"{PORT}/s.2"
    assert 0.25 < power["weight"] < 0.5


def test_one_gasp_shows_that_the_olt_sends_them(world: World) -> None:
    olt = Olt(world, plant(1, areas=False))
    for number, said in ((1, "los"), (11, "los"), (21, "dying_gasp"), (31, "los"), (5, "los"), (9, "los")):
        olt.reports(f"ont.{said}", onts(0)[number])
        olt.waits(400)
        olt.clears(f"ont.{said}", onts(0)[number])
        olt.waits(400)
    olt.reports("ont.los", *onts(0, [2]))
    olt.waits(5)
    (cut,) = olt.concluded().values()
    assert "cut or power" not in cut.description
    assert cut.metadata["confidence"] > 0.9


# ---- the sum over all explanations is exact

SHORT: dict[str, Seen] = {"d": "dark", "g": "gasp", ".": "silent", "a": "alive", "o": "out"}


def every_explanation(tree: Tree, root: Tree, kind: str) -> list[tuple[float, frozenset[tuple[str, str]], bool, int]]:
    """(weight, breaks, a break of ``kind`` that several ONTs share, wrong records) of each explanation, one by one."""
    weighed = weigh(root, False, 0.0, 0.0).nodes[tree.id]
    found = []
    for cause, weight in (("cut", weighed.break_cut), ("power", weighed.break_power)):
        if weight > -math.inf:
            found.append((weight, frozenset({(cause, tree.id)}), bool(tree.branches) and cause == kind, 0))
    if not tree.branches:
        found.append((weighed.unhurt, frozenset(), False, 0))
        if weighed.moved > -math.inf:
            found.append((weighed.moved, frozenset({("moved", tree.id)}), False, 1))
        return found
    for parts in product(*(every_explanation(branch, root, kind) for branch in tree.branches)):
        breaks = frozenset[tuple[str, str]]().union(*(each[1] for each in parts))
        found.append((sum(each[0] for each in parts), breaks, any(each[2] for each in parts), sum(each[3] for each in parts)))
    return found


@given(st.lists(st.text(alphabet="dg.ao", min_size=1, max_size=2), min_size=2, max_size=3))
def test_best_and_sum_agree_with_every_explanation_counted_one_by_one(legs: list[str]) -> None:
    root = Tree(
        "pon",
        tuple(
            Tree(f"s{n}", tuple(Tree(f"s{n}/{i}", (), SHORT[letter]) for i, letter in enumerate(leg)))
            for n, leg in enumerate(legs)
        ),
    )
    weighed = weigh(root, False, 0.0, 0.0)
    every = every_explanation(root, root, weighed.kind)
    every = [(each[0] + weighed.first * each[2], *each[1:]) for each in every]  # the first break of the kind
    valid = [each for each in every if each[2] or not each[3]]
    best = max(each[0] for each in valid)
    total = math.log(math.fsum(math.exp(each[0] - best) for each in valid)) + best
    assert inside(root, weighed, whole=False, plus=max)["pon"].total == pytest.approx(best, abs=1e-6)
    assert inside(root, weighed, whole=False, plus=either)["pon"].total == pytest.approx(total, abs=1e-6)
    # The shares, without wrong records: a few more of those, and the best explanation has none.
    right = ODDS._replace(moved=-math.inf)
    valid = [each for each in valid if not each[3]]
    total = math.log(math.fsum(math.exp(each[0] - best) for each in valid)) + best
    if inside(root, weigh(root, False, 0.0, 0.0, right), whole=True, plus=either)["pon"].total < total - 20.0:
        for each in explain(root, odds=right):
            share = math.fsum(math.exp(one[0] - total) for one in valid if (each.cause, each.place) in one[1])
            assert each.confidence == pytest.approx(share, rel=1e-3, abs=1e-6)

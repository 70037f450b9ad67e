"""The plant: changed step by step it answers like one that is built at once; every query against a plain reckoning."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.correlator.plant import NOBODY, Plant, Reach
from actors.correlator.plant.check import NodeMistake, cascade, mistakes
from actors.correlator.plant.saved import SavedPlant
from protocols.topology import Node, TopologyError, assemble

IDS = ("core", "olt-1", "olt-2", "olt-1/1", "olt-1/1/s", "olt-1/1/5", "olt-1/1/6", "olt-2/1/5")
nodes = st.builds(
    Node,
    id=st.sampled_from(IDS),
    type=st.sampled_from(["olt", "pon", "ont", "customer", "service"]),
    parents=st.lists(st.sampled_from(IDS), max_size=2).map(tuple),
    address=st.sampled_from(["", "", "10.0.0.1", "10.0.0.2"]),
    serial=st.sampled_from(["", "S1", "S2"]),
    index=st.sampled_from(["", "4000", "4000.5"]),
    area=st.sampled_from(["", "harbour", "hill"]),
    customer_id=st.sampled_from(["", "C1", "C2", "C3"]),
    service_id=st.sampled_from(["", "v1", "v2"]),
    sla_class=st.sampled_from(["", "gold"]),
    tenant=st.sampled_from(["", "north", "south"]),
)
wild = st.tuples(st.lists(nodes, max_size=4), st.lists(st.sampled_from(IDS), max_size=3))
changes = st.lists(st.tuples(st.sampled_from(["wild", "put", "put", "put", "cascade"]), wild), max_size=12)


def tamed(plant: Plant, kind: str, wish: tuple[list[Node], list[str]]) -> tuple[list[Node], list[str]]:
    """A change that mostly leaves a plant, so that many in a row do."""
    puts, removes = wish
    if kind == "wild":
        return wish
    if kind == "cascade":
        return cascade(plant, removes[0]) if removes and removes[0] in plant.nodes else ([], [])
    known, taken = dict(plant.nodes), {node.address: node.id for node in plant.nodes.values()}
    made = []
    for node in {node.id: node for node in puts}.values():
        parents = tuple(one for one in node.parents if one in known and IDS.index(one) < IDS.index(node.id))
        free = taken.setdefault(node.address, node.id) == node.id
        known[node.id] = replace(node, parents=parents, address=node.address if free else "")
        made.append(known[node.id])
    return made, []


def answers(plant: Plant) -> Iterator[Any]:
    """Everything that can be asked, in the order in which it is told."""
    yield list(plant.nodes.values())
    yield list(plant.sorted_from(""))
    for address in ("10.0.0.1", "10.0.0.2"):
        yield plant.device(address)
    for serial in ("S1", "S2"):
        yield plant.with_serial(serial)
    for kind in ("olt", "pon", "ont"):
        yield list(plant.of_type(kind))
    for area in ("harbour", "hill"):
        yield list(plant.area(area))
    for one in (*IDS, "nothing"):
        yield list(plant.children(one)), plant.parents(one), plant.ancestors(one), list(plant.subtree(one)), plant.paths(one)
        yield plant.reach(one), plant.customers_by_class(one), plant.onts_below(one)
        yield [plant.reach_for(one, tenant) for tenant in ("north", "south")]
        yield plant.pon_of(one), plant.device_of(one), plant.nearest(f"{one}/9"), plant.with_index(one, "4000.5")


@settings(max_examples=150, deadline=None)
@given(changes)
def test_a_plant_that_was_changed_answers_like_one_that_is_built_or_read_at_once(
    steps: list[tuple[str, tuple[list[Node], list[str]]]],
) -> None:
    plant, saved = Plant(), SavedPlant()
    revisions: dict[str, int] = {}
    for revision, (kind, wish) in enumerate(steps, 7):
        puts, removes = tamed(plant, kind, wish)
        wrong = mistakes(plant, puts, removes)
        after = {node.id: node for node in plant.nodes.values() if node.id not in removes}
        after |= {node.id: node for node in puts}
        twice = len({node.id for node in puts} | set(removes)) < len(puts) + len(set(removes))
        unknown = not set(removes) <= plant.nodes.keys()
        try:
            assemble(enumerate(after.values()), str)
        except TopologyError:
            assert wrong
        else:
            assert bool(wrong) == (twice or unknown), wrong
        if wrong:
            continue
        changed = {node.id for node in puts if plant.nodes.get(node.id) != node}
        revisions = {one: known for one, known in revisions.items() if one not in removes} | dict.fromkeys(changed, revision)
        plant.apply(puts, removes, revision)
        saved.add(plant, puts, removes, revision)
        assert {node.id: node for node in plant.nodes.values()} == after
        expected = list(answers(plant))
        assert list(answers(Plant(plant.nodes.values()))) == expected
        read = Plant()
        for each, gone, of in saved.steps():
            read.apply(each, gone, of)
        assert list(answers(read)) == expected
        assert {one: plant.revision(one) for one in plant.nodes} == revisions
        assert {one: read.revision(one) for one in read.nodes} == revisions
        assert plant.revision("nothing") is None


@settings(max_examples=100, deadline=None)
@given(st.lists(nodes, max_size=8), st.sampled_from(IDS))
def test_a_cascade_leaves_a_plant_and_takes_what_hangs_from_nothing_else(made: list[Node], top: str) -> None:
    distinct = list({node.id: node for node in made}.values())
    try:
        plant = Plant(assemble(enumerate(distinct), str))
    except TopologyError:
        return
    if top not in plant.nodes:
        return
    puts, removes = cascade(plant, top)
    assert mistakes(plant, puts, removes) == []
    roots = [node.id for node in plant.nodes.values() if not node.parents and node.id != top]
    held = {one for root in roots for one in _below_without(plant, root, top)}
    assert set(removes) == plant.nodes.keys() - held


def test_a_cascade_takes_what_loses_its_last_parent_and_cuts_off_what_has_another() -> None:
    def node(id: str, *parents: str) -> Node:
        return Node(id=id, type="x", parents=parents)

    plant = Plant(
        [node("top"), node("other"), node("a", "top"), node("b", "top"), node("c", "a", "b"), node("d", "c", "other")]
    )
    puts, removes = cascade(plant, "top")
    assert puts == [node("d", "other")]
    assert sorted(removes) == ["a", "b", "c", "top"]


def test_two_devices_can_swap_their_addresses_in_one_change() -> None:
    one, two = (Node(id=f"olt-{n}", type="olt", address=f"10.0.0.{n}") for n in (1, 2))
    plant = Plant([one, two])
    swapped = [replace(one, address=two.address), replace(two, address=one.address)]
    assert mistakes(plant, swapped, []) == []
    assert mistakes(plant, swapped[:1], []) != []
    plant.apply(swapped)
    assert [node and node.id for node in map(plant.device, ("10.0.0.1", "10.0.0.2"))] == ["olt-2", "olt-1"]


def _below_without(plant: Plant, one: str, without: str) -> Iterator[str]:
    if one == without:
        return
    yield one
    for child in plant.children(one):
        yield from _below_without(plant, child, without)


PLANT = (
    Node(id="site", type="site", area="north"),
    Node(id="core-1", type="core", parents=("site",)),
    Node(id="core-2", type="core", parents=("site",)),
    Node(id="olt-1", type="olt", parents=("core-1", "core-2"), address="10.0.0.1"),
    Node(id="olt-1/0/1", type="pon", parents=("olt-1",), index="4000"),
    Node(id="olt-1/0/1/s", type="splitter", parents=("olt-1/0/1",)),
    Node(id="olt-1/0/1/s1", type="splitter", parents=("olt-1/0/1/s",), area="street"),
    Node(
        id="olt-1/0/1/5", type="ont", parents=("olt-1/0/1/s1",), customer_id="C5", sla_class="gold", serial="S5", area="street"
    ),
    Node(id="olt-1/0/1/6", type="ont", parents=("olt-1/0/1/s",), index="4000.6", serial="S6"),
    Node(id="shop", type="customer", parents=("olt-1/0/1/6",)),
    Node(id="voice", type="service", parents=("shop",)),
)


def test_a_plant_is_asked_in_every_direction() -> None:
    plant = Plant(PLANT)
    assert plant.ancestors("olt-1/0/1/s1") == ["olt-1/0/1/s", "olt-1/0/1", "olt-1", "core-1", "core-2", "site"]
    assert plant.paths("olt-1") == [("olt-1", "core-1", "site"), ("olt-1", "core-2", "site")]
    assert list(plant.subtree("olt-1/0/1/s")) == [
        "olt-1/0/1/s",
        "olt-1/0/1/s1",
        "olt-1/0/1/5",
        "olt-1/0/1/6",
        "shop",
        "voice",
    ]
    assert plant.pon_of("voice") == plant.pon_of("olt-1/0/1") == "olt-1/0/1"
    assert (plant.pon_of("olt-1"), plant.pon_of("nothing")) == (None, None)
    assert (plant.device_of("olt-1/0/1/5"), plant.device_of("olt-1"), plant.device_of("site")) == ("olt-1", "olt-1", None)
    assert plant.reach("olt-1") == Reach(("C5", "shop"), ("voice",))
    assert plant.reach("nothing") == NOBODY
    assert plant.customers_by_class("olt-1") == {"": 1, "gold": 1}
    assert plant.onts_below("olt-1/0/1/s") == ("olt-1/0/1/5", "olt-1/0/1/6")
    assert list(plant.area("street")) == ["olt-1/0/1/s1", "olt-1/0/1/5"]
    assert plant.with_index("olt-1", "4000.6") == plant.nodes["olt-1/0/1/6"]
    assert plant.with_index("olt-2", "4000.6") is None
    found = plant.nearest("olt-1/0/1/5/uni/1")
    assert found is not None
    assert found.id == "olt-1/0/1/5"


def test_what_was_computed_is_forgotten_along_the_changed_path_alone() -> None:
    plant = Plant((*PLANT, Node(id="olt-1/0/2", type="pon", parents=("olt-1",), customer_id="C9")))
    untouched = plant.reach("olt-1/0/2")
    assert plant.reach("olt-1").customers == ("C5", "shop", "C9")
    plant.apply([Node(id="olt-1/0/1/7", type="ont", parents=("olt-1/0/1/s1",), customer_id="C7")])
    assert plant.reach("olt-1/0/2") is untouched
    assert plant.reach("olt-1").customers == ("C5", "C7", "shop", "C9")
    assert plant.onts_below("site") == ("olt-1/0/1/5", "olt-1/0/1/7", "olt-1/0/1/6")
    plant.apply((), ["olt-1/0/1/7"])
    assert plant.reach("site").customers == ("C5", "shop", "C9")


def test_a_device_further_down_is_walked_once_for_all_that_is_above() -> None:
    plant = Plant(PLANT)
    assert plant.reach("core-1") == plant.reach("core-2") == plant.reach("olt-1")
    below = plant.reach("olt-1")
    plant.apply([Node(id="shop-2", type="customer", parents=("core-1",))])
    assert plant.reach("core-1").customers == ("C5", "shop", "shop-2")
    assert plant.reach("olt-1") is below
    assert plant.onts_below("core-1") == plant.onts_below("olt-1") == ("olt-1/0/1/5", "olt-1/0/1/6")


def test_devices_can_hang_from_devices_deeper_than_the_stack() -> None:
    chain = [
        Node(
            id=f"n{n}",
            type="olt",
            parents=(f"n{n - 1}",) if n else (),
            address=f"10.0.{n >> 8}.{n & 255}",
            customer_id=f"C{n}",
        )
        for n in range(5_000)
    ]
    assert len(Plant(chain).reach("n0").customers) == 5_000


def test_equal_words_and_parents_are_kept_once() -> None:
    def node(number: int) -> Node:
        return Node(id=f"p/{number}", type="".join("ont"), parents=("".join("p"),), vendor="".join(["hua", "wei"]))

    plant = Plant([Node(id="p", type="pon"), node(1), node(2)])
    plant.apply([node(3)])
    first, *others = (plant.nodes[f"p/{number}"] for number in (1, 2, 3))
    for other in others:
        assert other.vendor is first.vendor
        assert other.parents is first.parents
    assert first.parents[0] is plant.nodes["p"].id


@pytest.mark.parametrize(
    ("puts", "removes", "expected"),
    [
        ([Node(id="", type="x")], [], [NodeMistake("", "id", "id is empty")]),
        ([Node(id="x", type="")], [], [NodeMistake("x", "type", "type is empty")]),
        ([Node(id="x", type="x", parents=("y",))], [], [NodeMistake("x", "parents", "parent 'y' does not exist")]),
        ([Node(id="x", type="x", parents=("x",))], [], [NodeMistake("x", "parents", "is its own ancestor")]),
        (
            [Node(id="x", type="x", address="10.0.0.1")],
            [],
            [NodeMistake("x", "address", "address 10.0.0.1 already belongs to 'olt-1'")],
        ),
        ([], ["nothing"], [NodeMistake("nothing", "id", "there is no such node to remove")]),
        ([], ["olt-1/0/1/s"], [NodeMistake("olt-1/0/1/s", "id", "has children: 'olt-1/0/1/s1' and 1 more")]),
    ],
)
def test_each_mistake_names_the_node_and_the_field(puts: list[Node], removes: list[str], expected: list[NodeMistake]) -> None:
    assert mistakes(Plant(PLANT), puts, removes) == expected


def test_a_ring_through_many_nodes_is_found_at_the_node_that_closes_it() -> None:
    deep = [Node(id=f"n{n}", type="x", parents=(f"n{n - 1}",) if n else ()) for n in range(5_000)]
    plant = Plant(deep)
    assert mistakes(plant, [Node(id="n0", type="x", parents=("n4999",))], []) == [
        NodeMistake("n0", "parents", "is its own ancestor")
    ]
    assert mistakes(plant, [Node(id="n3", type="x", parents=("n0",))], []) == []


def test_snapshots_keep_changes_until_they_are_an_eighth_of_the_plant() -> None:
    made = [Node(id=f"n{number}", type="x") for number in range(40_000)]
    plant, saved = Plant(made), SavedPlant()
    saved.add(plant, made, (), 0)
    assert (len(saved.pieces), saved.changes) == (20, [])
    for start in range(0, 6_000, 1_000):
        puts = [Node(id=f"n{number}", type="y") for number in range(start, start + 1_000)]
        plant.apply(puts, (), start + 1)
        saved.add(plant, puts, (), start + 1)
    assert saved.changed == 0, "5,000 are an eighth: encoded anew with the sixth change"
    read = Plant()
    for puts, removes, revision in saved.steps():
        read.apply(puts, removes, revision)
    assert list(read.nodes.values()) == list(plant.nodes.values())
    assert [read.revision(one) for one in ("n0", "n999", "n1000", "n5999", "n6000")] == [1, 1, 1001, 5001, 0]


def test_nodes_of_a_snapshot_from_before_there_were_revisions_have_0() -> None:
    made = [Node(id=f"n{number}", type="x") for number in range(5_000)]
    plant, saved = Plant(made), SavedPlant()
    saved.add(plant, made, (), 3)
    saved.add(plant, [Node(id="n0", type="y")], (), 4)
    saved = SavedPlant(saved.pieces, saved.changes, saved.changed)  # as it was written then
    saved.add(plant, [Node(id="n1", type="y")], (), 9)
    read = Plant()
    for puts, removes, revision in saved.steps():
        read.apply(puts, removes, revision)
    assert [read.revision(one) for one in ("n0", "n1", "n2", "n4999")] == [0, 9, 0, 0]


def test_a_walk_in_the_order_of_ids_ends_when_the_plant_changes() -> None:
    plant = Plant(PLANT)
    walk = plant.sorted_from("core-1")
    assert next(walk) == "core-2"
    plant.apply([Node(id="d", type="x")])
    assert list(walk) == []
    assert list(plant.sorted_from("core-2"))[:2] == ["d", "olt-1"]

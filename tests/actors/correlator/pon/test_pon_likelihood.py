"""The cause from what was seen of the ONTs: tables, and properties that hold for any plant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.correlator.pon.explanation import Break, explain
from actors.correlator.pon.likelihood import Seen, Tree

SHORT: dict[str, Seen] = {"d": "dark", "g": "gasp", ".": "silent", "a": "alive", "o": "out"}


def port(*legs: str) -> Tree:
    """A port whose feeder ends in a splitter, each leg a splitter of ONTs: ``d`` dark, ``g`` gasped, ``.`` silent, ``a`` live,
    ``o`` out before."""
    return Tree(
        "pon",
        tuple(
            Tree(f"s{n}", tuple(Tree(f"s{n}/{i}", (), SHORT[letter]) for i, letter in enumerate(leg)))
            for n, leg in enumerate(legs, 1)
        ),
    )


def told(tree: Tree, *, port_dark: bool = False, leaning: float = 0.0) -> set[str]:
    return {f"{each.cause} {each.place}" for each in explain(tree, port_dark=port_dark, leaning=leaning)}


@pytest.mark.parametrize(
    ("legs", "port_dark", "expected"),
    [
        (("........", "........"), False, set()),
        (("d.......", "........"), False, {"cut s1/0"}),
        (("g.......", "........"), False, {"power s1/0"}),
        (("dddddddd", "........"), False, {"cut s1"}),
        (("ddd.dddd", "........"), False, {"cut s1"}),  # a trap was lost
        (("dddddddd", "dddddddd"), False, {"cut pon"}),
        (("dd.ddddd", "dddddd.d"), True, {"cut pon"}),
        (("dddddddd", "dddddddd", "........"), False, {"cut s1", "cut s2"}),
        (("dddddddd", "d.......", "........"), False, {"cut s1", "cut s2/0"}),
        (("d..d....", "........"), False, {"cut s1/0", "cut s1/3"}),  # two bad drops are likelier than six lost traps
        (("gggggggg", "gggggggg"), False, {"power pon"}),
        (("ggggdggg", "ggg.gggg"), True, {"power pon"}),  # a few die too soon to gasp
        (("gggggggg", "........"), False, {"power s1"}),
        (("gggggggg", "dddddddd"), True, {"power s1", "cut s2"}),
        (("dddddddd", "aaaaaaaa"), False, {"cut s1"}),
        (("........", "........"), True, {"cut pon"}),  # an OLT that tells of the port alone
        (("oooooooo", "dddddddd"), True, {"cut s2"}),  # leg 1 was dark before and says nothing; the smaller place will do
        (("oooooooo", "dddddddd", "dddddddd"), True, {"cut pon"}),
        (("oooooooo", "dddddddd"), False, {"cut s2"}),
        (("g.......", "dddddddd"), False, {"power s1/0", "cut s2"}),
        # two legs in one duct: a further cut, not two wrong records; nor the feeder with four lost traps
        (("dddddddd", "dd", "....", "...."), False, {"cut s1", "cut s2"}),
        (("dddddddd", "dddddddd", "..", ".."), False, {"cut s1", "cut s2"}),
        (("dddd", "dddd", "dddd", ".."), False, {"cut pon"}),
    ],
)
def test_the_cause(legs: tuple[str, ...], port_dark: bool, expected: set[str]) -> None:
    assert told(port(*legs), port_dark=port_dark) == expected


def test_a_live_ont_is_against_every_cut_above_it() -> None:
    assert told(port("dddddddd", "ddddda..")) == {"cut s1", *(f"cut s2/{n}" for n in range(5))}


def test_the_vendors_verdict_tips_the_balance_and_is_not_believed_against_all_evidence() -> None:
    unclear = port("g..d", "d..g")
    assert told(unclear, port_dark=True, leaning=4.0) == {"power pon"}
    assert told(port("dddddddd", "dddddddd"), port_dark=True, leaning=4.0) == {"cut pon"}


def test_confidence_grows_with_the_evidence() -> None:
    few, many = explain(port("ddd.....", "........")), explain(port("dddddddd", "........"))
    assert [each.place for each in few] == [each.place for each in many] == ["s1"]
    assert 0.5 < few[0].confidence < many[0].confidence <= 1.0


LEG = st.text(alphabet="dg.ao", min_size=1, max_size=16)


@given(st.lists(LEG, min_size=1, max_size=6), st.booleans())
def test_every_ont_that_is_hurt_is_explained_once(legs: list[str], port_dark: bool) -> None:
    tree = port(*legs)
    breaks = explain(tree, port_dark=port_dark)
    below = {node.id: leaves(node) for node in (tree, *tree.branches, *(ont for leg in tree.branches for ont in leg.branches))}
    covered = [ont for each in breaks for ont in below[each.place]]
    assert len(covered) == len(set(covered))
    hurt = {f"s{n}/{i}" for n, leg in enumerate(legs, 1) for i, letter in enumerate(leg) if letter in "dg"}
    assert hurt <= set(covered)
    assert all(0.0 < each.confidence <= 1.0 for each in breaks)


@given(st.lists(st.integers(2, 16), min_size=2, max_size=8), st.data())
def test_a_whole_feeder_is_found_with_a_tenth_of_the_traps_lost(sizes: list[int], data: st.DataObject) -> None:
    legs = ["d" * size for size in sizes]
    total = sum(sizes)
    for _ in range(total // 10):
        leg = data.draw(st.integers(0, len(legs) - 1))
        at = data.draw(st.integers(0, sizes[leg] - 1))
        legs[leg] = legs[leg][:at] + "." + legs[leg][at + 1 :]
    assert told(port(*legs), port_dark=True) == {"cut pon"}


def leaves(tree: Tree) -> list[str]:
    return [tree.id] if not tree.branches else [leaf for branch in tree.branches for leaf in leaves(branch)]


def test_a_cascade_as_deep_as_one_likes_is_no_problem() -> None:
    tree = Tree("ont", (), "dark")
    for depth in range(5_000):
        tree = Tree(f"s{depth}", (tree, Tree(f"o{depth}", (), "silent")))
    assert [each for each in explain(tree) if not each.own] == []
    (found,) = explain(tree)
    assert found == Break("cut", "ont", True, found.confidence)
    assert found.confidence == pytest.approx(0.7, abs=0.1)

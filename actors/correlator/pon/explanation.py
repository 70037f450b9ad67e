"""The explanation of a port's evidence: its breaks, how likely each is, and what else it may be. Pure.

The best set of breaks is the likeliest of all. The confidence in one of them is its share in the sum over *all* explanations:
those in which it is part of another set count for it, those with another break above or below it, or with the other kind, count
against it. Both are one pass from the leaves and one from the root (:mod:`actors.correlator.pon.likelihood` has the weights).
"""

import math
from collections.abc import Collection
from typing import Final, NamedTuple

from actors.correlator.pon.likelihood import ODDS, Cause, Inside, Odds, Tree, Weighing, either, inside, weigh

NAMED: Final = 3
"""Alternatives of one break that are named, the likeliest first."""
LEAST_NAMED: Final = 0.01
STRAYS_AT_MOST: Final = 3
"""There is at most one wrong record for so many ONTs that a break explains: more are faults of their own."""


class Alternative(NamedTuple):
    """Another break that explains the same ONTs, and its probability, 0 to 1: the same place by another cause, or a place above
    or below."""

    cause: Cause
    place: str
    weight: float


class Break(NamedTuple):
    """``place`` is the node below which everything is affected. ``confidence`` is its probability, 0 to 1."""

    cause: Cause
    place: str
    own: bool
    """A fault of one ONT, not of an element that serves several."""
    confidence: float
    moved: bool = False
    """The ONT behaves as if it were below another break of the port: its place in the topology may be wrong."""
    alternatives: tuple[Alternative, ...] = ()


def explain(
    root: Tree,
    *,
    port_dark: bool = False,
    leaning: float = 0.0,
    mute: float = 0.0,
    apart: Collection[str] = (),
    odds: Odds = ODDS,
) -> list[Break]:
    """The breaks that explain best what was seen below ``root``, a PON port. ``port_dark``: the port itself reports that it
    receives nothing. ``leaning``, the OLT's own opinion, is added to the score of a loss of power and taken from a cut's.
    ``mute``: probability that the OLT sends no dying gasp. ``apart``: ONTs that did not fall amid others, so that their records
    are right."""
    weighed = weigh(root, port_dark, leaning, mute, odds, apart)
    if not weighed.nodes[root.id].hurt and not port_dark:
        return []
    found = _breaks(root, weighed, port_dark, odds)
    explained = sum(weighed.nodes[each.place].hurt for each in found if not each.own and each.cause == weighed.kind)
    strays = sum(each.moved for each in found)
    if strays > max(1, explained // STRAYS_AT_MOST):
        odds = odds._replace(moved=-math.inf)
        weighed = weigh(root, port_dark, leaning, mute, odds, apart)
        found = _breaks(root, weighed, port_dark, odds)
    shares = _shares(root, weighed, port_dark, odds)
    lines = _lines(root, [each.place for each in found if not each.own])
    return [_with_shares(each, shares, lines.get(each.place, set())) for each in found]


def _said(port_dark: bool, odds: Odds) -> tuple[float, float]:
    """The weight of the port's own report when every ONT is out, and when not."""
    return (0.0, odds.false_los) if port_dark else (odds.missed_los, 0.0)


def _breaks(root: Tree, weighed: Weighing, port_dark: bool, odds: Odds) -> list[Break]:
    """The best set of breaks, without their confidence."""
    said, unsaid = _said(port_dark, odds)
    all_out = inside(root, weighed, whole=True, plus=max)
    some_out = inside(root, weighed, whole=False, plus=max)
    whole = all_out[root.id].total + said > some_out[root.id].total + unsaid
    best = all_out if whole else some_out
    # The state of a subtree: without a break of the kind and wrong records, without the break, with it.
    waiting = [(root, "some" if best[root.id].some > best[root.id].none else "none")]
    found: list[Break] = []
    while waiting:
        tree, state = waiting.pop()
        mine = weighed.nodes[tree.id]
        if not tree.branches:
            here = _of_ont(tree, weighed, whole, strays=state != "none")
            if here is not None:
                found.append(here)
            continue
        below = [best[branch.id] for branch in tree.branches]
        chosen, unbroken = _states(below, state)
        cut, power = mine.break_cut, mine.break_power
        if state == "some":
            cut, power = (cut, -math.inf) if weighed.kind == "cut" else (-math.inf, power)
        else:
            cut, power = (-math.inf, power) if weighed.kind == "cut" else (cut, -math.inf)
        if max(cut, power) > unbroken:
            found.append(Break("cut" if cut >= power else "power", tree.id, False, 0.0))
        elif mine.hurt:
            waiting += list(zip(reversed(tree.branches), reversed(chosen), strict=True))
    return found


def _states(below: list[Inside], state: str) -> tuple[list[str], float]:
    """The best states of the branches of an unbroken node in this state, and their weight together."""
    if state != "some":
        weights = [each.none if state == "none" else each.strays for each in below]
        return [state] * len(below), math.fsum(weights)
    chosen = ["some" if each.some > each.strays else "strays" for each in below]
    if "some" not in chosen:
        gains = [each.some - each.strays for each in below]
        chosen[gains.index(max(gains))] = "some"
    return chosen, math.fsum(each.some if one == "some" else each.strays for each, one in zip(below, chosen, strict=True))


def _of_ont(tree: Tree, weighed: Weighing, whole: bool, *, strays: bool) -> Break | None:
    mine = weighed.nodes[tree.id]
    well = mine.out_anyway if whole else mine.unhurt
    moved = mine.moved if strays else -math.inf
    best = max(well, mine.break_cut, mine.break_power, moved)
    if best == well:
        return None
    if best == moved:
        return Break(weighed.kind, tree.id, True, 0.0, moved=True)
    return Break("cut" if mine.break_cut >= mine.break_power else "power", tree.id, True, 0.0)


class _Outside(NamedTuple):
    """Log-weights of everything beside a subtree: whatever is there, without a break of the kind and with records that may be
    wrong, and without both."""

    any: float
    strays: float
    none: float


def _shares(root: Tree, weighed: Weighing, port_dark: bool, odds: Odds) -> dict[tuple[Cause | None, str], float]:
    """The probability of each break and, under None, of each wrong record."""
    said, unsaid = _said(port_dark, odds)
    parts = []
    for whole, weight in ((True, said), (False, unsaid)):
        sums = inside(root, weighed, whole=whole, plus=either)
        parts.append((sums, sums[root.id].total + weight, weight))
    all_weight = either(parts[0][1], parts[1][1])
    shares: dict[tuple[Cause | None, str], float] = {}
    for sums, total, weight in parts:
        if total - all_weight < _NEGLIGIBLE:
            continue
        waiting = [(root, _Outside(weighed.first, weighed.first, 0.0))]
        while waiting:
            tree, outside = waiting.pop()
            mine = weighed.nodes[tree.id]
            if not mine.hurt and not port_dark:
                continue
            lacking = _less(outside.any, outside.strays)  # a break of the kind is elsewhere
            other = either(lacking, outside.none)
            for cause, weight_here in (("cut", mine.break_cut), ("power", mine.break_power)):
                if weight_here > -math.inf:
                    beside = outside.any if cause == weighed.kind and tree.branches else other
                    key: tuple[Cause | None, str] = ("cut" if cause == "cut" else "power", tree.id)
                    shares[key] = shares.get(key, 0.0) + math.exp(min(0.0, weight_here + beside + weight - all_weight))
            if not tree.branches:
                if mine.moved > -math.inf:
                    share = math.exp(min(0.0, mine.moved + lacking + weight - all_weight))
                    shares[None, tree.id] = shares.get((None, tree.id), 0.0) + share
                continue
            below = [sums[branch.id] for branch in tree.branches]
            ways = [either(each.strays, each.some) for each in below]
            together = math.fsum(ways), math.fsum(each.strays for each in below), math.fsum(each.none for each in below)
            for branch, each, way in zip(tree.branches, below, ways, strict=True):
                beside_branch = _Outside(
                    outside.any + together[0] - way,
                    outside.strays + together[1] - each.strays,
                    outside.none + together[2] - each.none,
                )
                waiting.append((branch, beside_branch))
    return shares


_NEGLIGIBLE: Final = -30.0
"""Log-probability of explanations that are left out of a sum."""


def _less(all_of_it: float, part: float) -> float:
    """The logarithm of the difference of two probabilities, the first of which contains the second."""
    if all_of_it - part < 1e-12:
        return -math.inf
    return all_of_it + math.log1p(-math.exp(part - all_of_it))


def _lines(root: Tree, places: list[str]) -> dict[str, set[str]]:
    """Each place with the nodes above it and the splitters below it: a break at one of them explains the same ONTs."""
    above = {branch.id: tree.id for tree in _top_down(root) for branch in tree.branches}
    found: dict[str, set[str]] = {}
    for place in places:
        found[place] = line = {place}
        at = place
        while at in above:
            at = above[at]
            line.add(at)
    owner: dict[str, str] = {}
    for tree in _top_down(root):
        over = tree.id if tree.id in found else owner.get(above.get(tree.id, ""))
        if over is not None:
            owner[tree.id] = over
            if tree.branches:
                found[over].add(tree.id)
    return found


def _top_down(root: Tree) -> list[Tree]:
    order = [root]
    for tree in order:
        order.extend(tree.branches)
    return order


def _with_shares(found: Break, shares: dict[tuple[Cause | None, str], float], line: set[str]) -> Break:
    key: tuple[Cause | None, str] = (None if found.moved else found.cause, found.place)
    confidence = min(1.0, max(1e-9, shares.get(key, 0.0)))  # sums of shares are rounded
    if found.own:
        return found._replace(confidence=confidence)
    rivals = sorted(
        (
            Alternative(cause, place, share)
            for (cause, place), share in shares.items()
            if cause is not None and place in line and (cause, place) != key and share >= LEAST_NAMED
        ),
        key=lambda each: (-each.weight, each.place, each.cause),
    )
    return found._replace(confidence=confidence, alternatives=tuple(rivals[:NAMED]))

"""The breaks that explain best the observed states of the ONTs below one node. Pure.

The plant below a PON port is a tree: splitters, and ONTs as leaves. An explanation is a set of breaks: a fibre cut above a node
(everything below loses its optical signal), a loss of power around a node, or a fault of a single ONT. Each break has a prior,
and gives each ONT a likelihood of its observed state. Traps get lost, so a silent ONT under a cut is unlikely but possible; a
cut above many ONTs of which two were reported is less likely than two bad drops. The best explanation of a tree is the better
of a break above it and the best ones of its branches, so one pass from the leaves finds the best of all, exactly.

All numbers are natural logarithms of probabilities. ``python -m bench.pon_odds`` counts the likelihoods in training seeds of
the messy world; docs/decisions/0123 says which were taken from it, and docs/evaluation.md has the results.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final, Literal, NamedTuple

Seen = Literal["dark", "gasp", "silent", "alive", "out", "found_dark", "found_gasp"]
"""The state of one ONT: lost without a gasp; reported its loss of power; no report; shown to live since; out before; found
down by a poll, without and with loss of power as the cause: it may have been out before."""
_HURT: Final[tuple[Seen, ...]] = ("dark", "gasp", "found_dark", "found_gasp")
_OUT_ANYWAY: Final[tuple[Seen, ...]] = ("out", "found_dark", "found_gasp")
"""States that need no break of this episode."""
Cause = Literal["cut", "power"]


class Odds(NamedTuple):
    """The prior of each break within one episode, and the likelihood of each state of an ONT under it."""

    cut: float = math.log(1e-4)
    """The fibre to a splitter or the feeder breaks."""
    further: float = math.log(4e-3)
    """Another fibre of the same port breaks in the same episode: legs share ducts, so cuts are not independent."""
    drop: float = math.log(4e-4)
    """One ONT's drop fibre, connector or optics."""
    area: float = math.log(1e-4)
    """The mains fail around a node."""
    customer: float = math.log(1.5e-3)
    """One customer's power."""
    under_cut: Mapping[Seen, float] = {
        "dark": math.log(0.92),
        "gasp": math.log(0.004),
        "silent": math.log(0.08),
        "alive": math.log(1e-17),
        "out": 0.0,
        "found_dark": math.log(0.88),
        "found_gasp": math.log(0.05),
    }
    """An ONT that lives below a cut has a wrong record, and no second one is likely."""
    under_power: Mapping[Seen, float] = {
        "dark": math.log(0.10),
        "gasp": math.log(0.80),
        "silent": math.log(0.10),
        "alive": -20.0,
        "out": 0.0,
        "found_dark": math.log(0.10),
        "found_gasp": math.log(0.80),
    }
    unhurt: Mapping[Seen, float] = {
        "dark": -50.0,
        "gasp": -50.0,
        "silent": 0.0,
        "alive": 0.0,
        "out": 0.0,
        "found_dark": math.log(0.02),
        "found_gasp": math.log(0.03),
    }
    """For those found down: the share of ONTs that are out at any time, by a fault or because the customer switched it off."""
    false_los: float = math.log(1e-6)
    """The port reports loss of all light although an ONT still sends."""
    missed_los: float = math.log(0.3)
    """All ONTs are out and the port reports nothing: its trap was lost, or this make sends none."""
    quiet: float = math.log(0.3)
    """The OLT reports loss of light of the port, and none of its ONTs."""
    moved: float = math.log(0.03 * 0.5)
    """The ONT's place in the topology is wrong, and the right one is below a break of its port."""
    under_mute: Mapping[Seen, float] = {
        "dark": math.log(0.92),
        "gasp": -20.0,
        "silent": math.log(0.08),
        "alive": -20.0,
        "out": 0.0,
        "found_dark": math.log(0.88),
        "found_gasp": math.log(0.05),
    }
    """States under a loss of power, where the OLT sends no dying gasp."""
    under_quiet: Mapping[Seen, float] = {
        "dark": math.log(0.05),
        "gasp": math.log(0.004),
        "silent": math.log(0.95),
        "alive": -60.0,
        "out": 0.0,
        "found_dark": math.log(0.05),
        "found_gasp": math.log(0.03),
    }
    rogue: float = math.log(1e-5)
    """There is a rogue ONT, and the OLT does not report it."""
    under_rogue: Mapping[Seen, float] = {
        "dark": math.log(0.88),
        "gasp": math.log(0.004),
        "silent": math.log(0.12),
        "alive": math.log(0.02),
        "out": 0.0,
        "found_dark": math.log(0.88),
        "found_gasp": math.log(0.03),
    }
    """States of the siblings of a rogue that sends without a pause."""
    under_babble: Mapping[Seen, float] = {
        "dark": math.log(0.35),
        "gasp": math.log(0.004),
        "silent": 0.0,
        "alive": 0.0,
        "out": 0.0,
        "found_dark": math.log(0.35),
        "found_gasp": math.log(0.03),
    }
    """States of the siblings of a rogue that sends now and then, or only into the time slots of some of them."""
    rogue_los: float = math.log(1e-3)
    """The port reports that it receives nothing although the rogue transmits."""
    unsteady: float = 1e-3
    """Share of ONTs that come and go within two minutes by a fault of their own: a bad connector, a bad power supply."""
    bouncing: float = 0.2
    """Share of the ONTs behind a repair that bounces which come and go by themselves, not with the others."""
    garbled: float = math.log(5.0)
    """Factor for an ONT with garbled upstream below a rogue, compared with no rogue."""
    garbled_most: float = math.log(10.0)
    """The largest factor for all of them together: some OLTs report lost frames whenever they lose an ONT."""
    stuck: float = math.log(5e3)
    """Factor for an ONT that does not obey when ordered to be silent: half of the rogues do not, and hardly any other ONT."""


ODDS = Odds()
MEASURED_ALIKE = math.log(0.2)
"""Probability that an ONT's own fault takes as much power as its siblings lost: 3 dB of a range of about 15."""


class Tree(NamedTuple):
    """A node and the nodes below it. An ONT has no branches, and ``seen`` is its state."""

    id: str
    branches: tuple["Tree", ...] = ()
    seen: Seen = "silent"


class Signs(NamedTuple):
    """Signs of a rogue below a port. ``turned``: ONTs that went dark again one by one, of ``of`` in all; ``garbled``: ONTs with
    garbled upstream; ``stuck``: an ONT did not obey. ``unsteady``: ONTs behind a fibre or mains that come and go."""

    of: int
    turned: int = 0
    garbled: int = 0
    stuck: bool = False
    unsteady: int = 0


def rogue(root: Tree, signs: Signs, *, culprit: str | None = None, port_dark: bool = False, odds: Odds = ODDS) -> float:
    """Confidence, 0 to 1, that a rogue ONT explains the states below ``root``, a PON port, and the signs: its share beside the
    best explanation by breaks. ONTs that took turns are ``out`` in ``root``, since they are explained in any case. ``culprit``
    is the suspected ONT."""
    weighed = weigh(root, port_dark, 0.0, 0.0, odds)
    breaks = max(
        inside(root, weighed, whole=True, plus=max)[root.id].total + (0.0 if port_dark else odds.missed_los),
        inside(root, weighed, whole=False, plus=max)[root.id].total + (odds.false_los if port_dark else 0.0),
    )
    seen = Counter(tree.seen for tree in post_order(root) if not tree.branches and tree.id != culprit)
    sends = either(
        *(math.fsum(under[each] * count for each, count in seen.items()) for under in (odds.under_rogue, odds.under_babble))
    )
    score = odds.rogue + sends - math.log(2.0) + (odds.rogue_los if port_dark else 0.0)
    if signs.turned:
        # This many of them would do so by chance (Poisson); a rogue may reach any number of its siblings.
        chance = signs.of * odds.unsteady + signs.unsteady * odds.bouncing
        score -= math.log(signs.of) + signs.turned * math.log(chance) - chance - math.lgamma(signs.turned + 1)
    score += min(signs.garbled * odds.garbled, odds.garbled_most) + (odds.stuck if signs.stuck else 0.0)
    return 1.0 / (1.0 + math.exp(min(700.0, breaks - score)))


def poisson_tail(least: int, expected: float) -> float:
    """Probability of at least so many independent events where so many are expected."""
    return max(0.0, 1.0 - math.fsum(math.exp(k * math.log(expected) - expected - math.lgamma(k + 1)) for k in range(least)))


class Weighed(NamedTuple):
    """A node or ONT: log-likelihoods of everything below it under each break, and of the breaks above it that are possible."""

    cut: float
    power: float
    quiet: float
    """Like ``cut``, where the OLT reports the port alone."""
    mute: float
    """Like ``power``, where the OLT sends no dying gasp."""
    hurt: int
    """ONTs that are dark, sent a dying gasp, or were found down."""
    out: int
    """ONTs that were out before, or for another reason."""
    leaves: int
    break_cut: float = -math.inf
    """A cut above this node, its prior included; -inf: it cannot be distinguished from one above or below."""
    break_power: float = -math.inf
    unhurt: float = -math.inf
    """An ONT without a break."""
    out_anyway: float = -math.inf
    """An ONT without a break that is out all the same."""
    moved: float = -math.inf
    """An ONT whose record is wrong: it is below a break elsewhere on the port."""


class Weighing(NamedTuple):
    """The weights of a whole port. ``kind``: the kind of break that explains ONTs with wrong records."""

    nodes: Mapping[str, Weighed]
    kind: Cause
    first: float = 0.0
    """Score that the first break of the kind adds to an explanation; the nodes have the prior of a further one."""


class Inside(NamedTuple):
    """Log-weights of the explanations of a subtree. ``none``: no break of the kind that explains wrong records is in it, and no
    record is wrong; ``strays``: no such break, and records may be wrong; ``some``: there is such a break."""

    none: float
    strays: float
    some: float
    total: float
    """``none`` and ``some`` together: the explanations that hold for a whole port."""


def weigh(root: Tree, port_dark: bool, leaning: float, mute: float, odds: Odds = ODDS, apart: Collection[str] = ()) -> Weighing:
    """The weights of every node and ONT below ``root``, from the leaves up. ``mute``: probability that the OLT sends no dying
    gasp. ``apart``: ONTs that did not fall amid others, so that their records are right."""
    nodes: dict[str, Weighed] = {}
    leaves: dict[tuple[Seen, bool], Weighed] = {}
    seen = Counter(tree.seen for tree in post_order(root) if not tree.branches)
    kind: Cause = "power" if seen["gasp"] > seen["dark"] else "cut"
    # Beside a loss of power, a dark leg without a dying gasp is rather a part of it.
    first = odds.cut - odds.further if kind == "cut" and not seen["gasp"] else 0.0
    odds = odds._replace(cut=odds.cut - first)
    for tree in post_order(root):
        if not tree.branches:
            key = tree.seen, tree.id in apart
            leaf = leaves.get(key)
            if leaf is None:
                leaf = leaves[key] = _leaf(tree.seen, kind, mute, odds, movable=not key[1])
            nodes[tree.id] = leaf
            continue
        below = [nodes[branch.id] for branch in tree.branches]
        mine = Weighed(
            cut=math.fsum(each.cut for each in below),
            power=math.fsum(each.power for each in below),
            quiet=math.fsum(each.quiet for each in below),
            mute=math.fsum(each.mute for each in below),
            hurt=sum(each.hurt for each in below),
            out=sum(each.out for each in below),
            leaves=sum(each.leaves for each in below),
        )
        nodes[tree.id] = _port(mine, port_dark, leaning, mute, odds) if tree is root else _fork(mine, below, mute, odds)
    return Weighing(nodes, kind, first)


def _leaf(seen: Seen, kind: Cause, mute: float, odds: Odds, *, movable: bool) -> Weighed:
    cut, power, muted = odds.under_cut[seen], odds.under_power[seen], odds.under_mute[seen]
    hurt = seen in _HURT
    here = odds.drop + cut, odds.customer + _power(power, muted, mute)
    return Weighed(
        cut=cut,
        power=power,
        quiet=odds.under_quiet[seen],
        mute=muted,
        hurt=int(hurt),
        out=int(seen == "out"),
        leaves=1,
        break_cut=here[0],
        break_power=here[1],
        unhurt=odds.unhurt[seen],
        out_anyway=odds.unhurt[seen] if seen in _OUT_ANYWAY else -math.inf,
        moved=odds.moved + (cut if kind == "cut" else power) if hurt and movable else -math.inf,
    )


def _power(power: float, muted: float, mute: float) -> float:
    """The likelihood under a loss of power, when the OLT sends no dying gasp with probability ``mute``."""
    return power if mute <= 0.0 else either(math.log1p(-mute) + power, math.log(mute) + muted)


def _fork(mine: Weighed, below: list[Weighed], mute: float, odds: Odds) -> Weighed:
    # Only a node that serves several ONTs by several branches can be distinguished from its branches.
    if mine.hurt < 2 or sum(1 for each in below if each.leaves) < 2:
        return mine
    return mine._replace(break_cut=odds.cut + mine.cut, break_power=odds.area + _power(mine.power, mine.mute, mute))


def _port(mine: Weighed, port_dark: bool, leaning: float, mute: float, odds: Odds) -> Weighed:
    """Like a fork. But where the port itself reports that it is dark, its ONTs need no own report. Those that were out before
    say nothing about it; two others must be left, or one fault of its own is the better explanation."""
    if mine.leaves < 2 or (mine.hurt < 2 and (not port_dark or mine.leaves - mine.out < 2)):
        return mine
    cut = mine.cut
    if port_dark:
        cut = either(math.log1p(-math.exp(odds.quiet)) + mine.cut, odds.quiet + mine.quiet)
    power = _power(mine.power, mine.mute, mute)
    return mine._replace(break_cut=odds.cut + cut - leaning, break_power=odds.area + power + leaning)


Plus = Callable[[float, float], float]
"""How the weights of two explanations become one: ``max`` for the best, :func:`either` for all of them."""


def inside(root: Tree, weighed: Weighing, *, whole: bool, plus: Plus) -> dict[str, Inside]:
    """The weights of the explanations of each subtree, from the leaves up. ``whole``: only those with all ONTs out."""
    found: dict[str, Inside] = {}
    leaves: dict[tuple[Seen, float], Inside] = {}
    cuts = weighed.kind == "cut"
    for tree in post_order(root):
        mine = weighed.nodes[tree.id]
        if not tree.branches:
            key = tree.seen, mine.moved
            leaf = leaves.get(key)
            if leaf is None:
                well = mine.out_anyway if whole else mine.unhurt
                none = plus(plus(well, mine.break_cut), mine.break_power)
                leaf = leaves[key] = Inside(none, plus(none, mine.moved), -math.inf, none)
            found[tree.id] = leaf
            continue
        none, strays, some = 0.0, 0.0, -math.inf
        for branch in tree.branches:
            below = found[branch.id]
            either_way = plus(below.strays, below.some)
            some = plus(some + either_way, strays + below.some)
            none += below.none
            strays += below.strays
        if cuts:
            some = plus(some, mine.break_cut)
            none, strays = plus(none, mine.break_power), plus(strays, mine.break_power)
        else:
            some = plus(some, mine.break_power)
            none, strays = plus(none, mine.break_cut), plus(strays, mine.break_cut)
        if tree is root:
            some += weighed.first
        found[tree.id] = Inside(none, strays, some, plus(none, some))
    return found


def either(one: float, other: float) -> float:
    """The logarithm of the sum of the probabilities whose logarithms are given."""
    most = max(one, other)
    if most == -math.inf:
        return most
    return most + math.log(math.exp(one - most) + math.exp(other - most))


def post_order(root: Tree) -> Iterator[Tree]:
    """Every node after its branches. Not recursive, because splitters may cascade deeply."""
    waiting = [(root, False)]
    while waiting:
        tree, opened = waiting.pop()
        if opened or not tree.branches:
            yield tree
        else:
            waiting.append((tree, True))
            waiting += [(branch, False) for branch in reversed(tree.branches)]

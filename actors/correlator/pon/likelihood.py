"""The breaks that explain best the observed states of the ONTs below one node. Pure.

The plant below a PON port is a tree: splitters, and ONTs as leaves. An explanation is a set of breaks: a fibre cut above a node
(everything below loses its optical signal), a loss of power around a node, or a fault of a single ONT. Each break has a prior,
and gives each ONT a likelihood of its observed state. Traps get lost, so a silent ONT under a cut is unlikely but possible; a
cut above many ONTs of which two were reported is less likely than two bad drops. The best explanation of a tree is the better
of a break above it and the best ones of its branches, so one pass from the leaves finds the best of all, exactly.

All numbers are natural logarithms of probabilities. They were chosen by hand; docs/evaluation.md has the results.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
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
    drop: float = math.log(4e-4)
    """One ONT's drop fibre, connector or optics."""
    area: float = math.log(1e-4)
    """The mains fail around a node."""
    customer: float = math.log(1.5e-3)
    """One customer's power."""
    under_cut: Mapping[Seen, float] = {
        "dark": math.log(0.88),
        "gasp": math.log(0.004),
        "silent": math.log(0.12),
        "alive": -60.0,
        "out": 0.0,
        "found_dark": math.log(0.88),
        "found_gasp": math.log(0.05),
    }
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


class Break(NamedTuple):
    """``place`` is the node below which everything is affected. ``confidence`` is the share of this explanation among those
    that were weighed against it, 0 to 1."""

    cause: Cause
    place: str
    own: bool
    """A fault of one ONT, not of an element that serves several."""
    confidence: float


class _Plan(NamedTuple):
    """The best explanation of a subtree: its log-likelihood, the break above the subtree that it starts with (none: it consists
    of the explanations of the branches), and the log-likelihood of the best alternative."""

    score: float
    chosen: Literal["", "cut", "power"]
    alternative: float


class _Scores(NamedTuple):
    """Log-likelihoods of a subtree: everything cut, everything without power, and its best explanations."""

    cut: float
    power: float
    quiet: float
    """Like ``cut``, where the OLT reports the port alone."""
    any: _Plan
    whole: _Plan
    """The best of the explanations under which every ONT is out."""
    hurt: int
    """ONTs that are dark, sent a dying gasp, or were found down."""
    out: int
    """ONTs that were out before, or for another reason."""
    leaves: int


def explain(root: Tree, *, port_dark: bool = False, leaning: float = 0.0, odds: Odds = ODDS) -> list[Break]:
    """The breaks that explain best what was seen below ``root``, a PON port. ``port_dark``: the port itself reports that it
    receives nothing. ``leaning``, the OLT's own opinion, is added to the score of a loss of power and taken from a cut's."""
    scores = _weigh(root, port_dark, leaning, odds)
    whole, some = _as_said(scores[root.id], port_dark, odds)
    all_out = whole > some
    breaks: list[Break] = []
    waiting = [(root, 0.0)]
    while waiting:
        tree, above = waiting.pop()
        mine = scores[tree.id]
        plan = mine.whole if all_out else mine.any
        # The odds of the alternatives: of a branch also that the break is further up.
        others = above + math.exp(min(0.0, plan.alternative - plan.score))
        if plan.chosen:
            breaks.append(Break(plan.chosen, tree.id, not tree.branches, 1.0 / (1.0 + others)))
        elif mine.hurt:
            waiting += [(branch, others) for branch in reversed(tree.branches)]
    return breaks


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
    breaks = max(_as_said(_weigh(root, port_dark, 0.0, odds)[root.id], port_dark, odds))
    seen = Counter(tree.seen for tree in _post_order(root) if not tree.branches and tree.id != culprit)
    sends = _either(
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


def _weigh(root: Tree, port_dark: bool, leaning: float, odds: Odds) -> dict[str, _Scores]:
    """The best explanation of every node below ``root``, from the leaves up."""
    scores: dict[str, _Scores] = {}
    leaves: dict[Seen, _Scores] = {}
    for tree in _post_order(root):
        if not tree.branches:
            leaf = leaves.get(tree.seen)
            if leaf is None:
                leaf = leaves[tree.seen] = _leaf(tree.seen, odds)
            scores[tree.id] = leaf
        else:
            below = [scores[branch.id] for branch in tree.branches]
            scores[tree.id] = _port(below, port_dark, leaning, odds) if tree is root else _fork(below, odds)
    return scores


def _as_said(mine: _Scores, port_dark: bool, odds: Odds) -> tuple[float, float]:
    """The weights of the best explanation under which all ONTs are out, and of the best one of all, beside the port's own
    report."""
    said, unsaid = (0.0, odds.false_los) if port_dark else (odds.missed_los, 0.0)
    return mine.whole.score + said, mine.any.score + unsaid


def _leaf(seen: Seen, odds: Odds) -> _Scores:
    cut, power = odds.under_cut[seen], odds.under_power[seen]
    return _Scores(
        cut=cut,
        power=power,
        quiet=odds.under_quiet[seen],
        any=_plan(odds.unhurt[seen], odds.drop + cut, odds.customer + power),
        whole=_plan(odds.unhurt[seen] if seen in _OUT_ANYWAY else -math.inf, odds.drop + cut, odds.customer + power),
        hurt=int(seen in _HURT),
        out=int(seen == "out"),
        leaves=1,
    )


def _fork(below: list[_Scores], odds: Odds) -> _Scores:
    mine = _together(below)
    # Only a node that serves several ONTs by several branches can be distinguished from its branches.
    if mine.hurt < 2 or sum(1 for each in below if each.leaves) < 2:
        return mine
    return _breakable(mine, odds.cut + mine.cut, odds.area + mine.power)


def _port(below: list[_Scores], port_dark: bool, leaning: float, odds: Odds) -> _Scores:
    """Like a fork. But where the port itself reports that it is dark, its ONTs need no own report. Those that were out before
    say nothing about it; two others must be left, or one fault of its own is the better explanation."""
    mine = _together(below)
    if mine.leaves < 2 or (mine.hurt < 2 and (not port_dark or mine.leaves - mine.out < 2)):
        return mine
    cut = mine.cut
    if port_dark:
        cut = _either(math.log1p(-math.exp(odds.quiet)) + mine.cut, odds.quiet + mine.quiet)
    return _breakable(mine, odds.cut + cut - leaning, odds.area + mine.power + leaning)


def _together(below: list[_Scores]) -> _Scores:
    return _Scores(
        cut=math.fsum(each.cut for each in below),
        power=math.fsum(each.power for each in below),
        quiet=math.fsum(each.quiet for each in below),
        any=_Plan(math.fsum(each.any.score for each in below), "", -math.inf),
        whole=_Plan(math.fsum(each.whole.score for each in below), "", -math.inf),
        hurt=sum(each.hurt for each in below),
        out=sum(each.out for each in below),
        leaves=sum(each.leaves for each in below),
    )


def _breakable(mine: _Scores, cut: float, power: float) -> _Scores:
    return mine._replace(any=_plan(mine.any.score, cut, power), whole=_plan(mine.whole.score, cut, power))


def _plan(unbroken: float, cut: float, power: float) -> _Plan:
    """The likeliest of the three, and the next one as the alternative. Of equal ones the simpler explanation wins."""
    if unbroken >= cut and unbroken >= power:
        return _Plan(unbroken, "", max(cut, power))
    if cut >= power:
        return _Plan(cut, "cut", max(unbroken, power))
    return _Plan(power, "power", max(unbroken, cut))


def _either(one: float, other: float) -> float:
    """The logarithm of the sum of the probabilities whose logarithms are given."""
    most = max(one, other)
    return most + math.log(math.exp(one - most) + math.exp(other - most))


def _post_order(root: Tree) -> Iterator[Tree]:
    """Every node after its branches. Not recursive, because splitters may cascade deeply."""
    waiting = [(root, False)]
    while waiting:
        tree, opened = waiting.pop()
        if opened or not tree.branches:
            yield tree
        else:
            waiting.append((tree, True))
            waiting += [(branch, False) for branch in reversed(tree.branches)]

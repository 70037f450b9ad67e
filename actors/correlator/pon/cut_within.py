"""A fibre cut among ONTs that lost their power: a splitter whose ONTs all went dark without a dying gasp, beside an outage in
which most ONTs sent one. Pure.

The share of ONTs that send a dying gasp is taken from the outage itself: it is 50 to 90 %, and a habit of the ONTs that are
there. An outage with few dying gasps has splitters without any, by chance. The time at which the OLT noticed them counts too
(:mod:`actors.correlator.pon.notice_times`).
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping

from actors.correlator.pon.likelihood import ODDS, Odds, Seen, Tree
from actors.correlator.pon.notice_times import Noticed, by_chance

_FEWEST = 3
"""Dying gasps of the others from which their share is known."""
_MOST = 0.95
"""The highest share of ONTs that send a dying gasp."""
_REPORTED = 0.9
"""Probability that the report of an ONT arrives."""
_SURE = 0.8
"""Confidence from which the cut is told."""
_UNLIKELY = 0.5
"""Confidence below which a cut beside a street without power is a part of that."""


_BESIDE = math.log(4e-4)
"""Prior of a cut beside an outage: what fells a power line may take the fibre on its poles along."""


def cut_beside(mine: Mapping[Seen, int], others: Mapping[Seen, int], times: float = 0.0, odds: Odds = ODDS) -> float:
    """Confidence, 0 to 1, that the ONTs below a node, in states ``mine``, were cut off, where ``others`` lost their power at
    that time. ``times``: log-likelihood, under one loss of power, of the times at which both were noticed."""
    gasped = others.get("gasp", 0) + others.get("found_gasp", 0)
    dark = others.get("dark", 0) + others.get("found_dark", 0)
    if gasped < _FEWEST:
        return 0.0
    share = min(_MOST, (gasped + 0.5) / (gasped + dark + 1.0))
    gasp, silent = math.log(_REPORTED * share), math.log(_REPORTED * (1.0 - share))
    under: dict[Seen, float] = {**odds.under_power, "gasp": gasp, "found_gasp": gasp, "dark": silent, "found_dark": silent}
    power = times + math.fsum(under[seen] * count for seen, count in mine.items())
    cut = _BESIDE + math.fsum(odds.under_cut[seen] * count for seen, count in mine.items())
    return 1.0 / (1.0 + math.exp(min(700.0, power - cut)))


def cut_in_street(mine: Mapping[Seen, int], others: Mapping[Seen, int], times: float = 0.0, odds: Odds = ODDS) -> float:
    """The same, where ``others`` are all other ONTs of the port, and only some of them lost their power: those of a street. It
    may have taken the dark ones below the node, too."""
    gasped = others.get("gasp", 0) + others.get("found_gasp", 0)
    dark = others.get("dark", 0) + others.get("found_dark", 0)
    share = min(_MOST, (gasped + 0.5) / (gasped + dark + 1.0))
    hit = (gasped + dark + 0.5) / (gasped + dark + others.get("silent", 0) + others.get("alive", 0) + 1.0)
    lost = mine.get("dark", 0) + mine.get("found_dark", 0)
    told = mine.get("gasp", 0) + mine.get("found_gasp", 0)
    power = times + lost * math.log(hit * _REPORTED * (1.0 - share)) + told * math.log(hit * _REPORTED * share)
    power += mine.get("silent", 0) * math.log(1.0 - hit * _REPORTED) + mine.get("alive", 0) * math.log(1.0 - hit)
    cut = _BESIDE + math.fsum(odds.under_cut[seen] * count for seen, count in mine.items())
    return 1.0 / (1.0 + math.exp(min(700.0, power - cut)))


def is_of_street(tree: Tree, place: str, noticed: Mapping[str, Noticed]) -> bool:
    """True when the ONTs below a node of this port look cut off, and rather lost their power with others of the port, not below
    one node."""
    states = {node.id: node.seen for node in _nodes(tree) if not node.branches}
    inside = next((set(onts_of(node)) for node in _nodes(tree) if node.id == place), set())
    mine = Counter(seen for ont, seen in states.items() if ont in inside)
    others = Counter(seen for ont, seen in states.items() if ont not in inside)
    if others["gasp"] + others["found_gasp"] < _FEWEST:
        return False
    return cut_in_street(mine, others, _times(noticed, inside)) < _UNLIKELY


def _times(noticed: Mapping[str, Noticed], inside: Collection[str]) -> float:
    mine = [each for ont, each in noticed.items() if ont in inside]
    return by_chance(mine, [each for ont, each in noticed.items() if ont not in inside])


def cuts_within(
    tree: Tree, place: str, noticed: Mapping[str, Noticed] | None = None, odds: Odds = ODDS
) -> list[tuple[str, float]]:
    """The nodes below ``place``, where power was lost, that were cut off instead, each with the confidence. ``noticed``: when
    the OLT noticed which ONT."""
    below: dict[str, Counter[Seen]] = {}
    top: Tree | None = None
    waiting = [(tree, False)]
    while waiting:
        node, opened = waiting.pop()
        if not node.branches:
            below[node.id] = Counter((node.seen,))
        elif opened:
            below[node.id] = Counter[Seen]()
            for branch in node.branches:
                below[node.id].update(below[branch.id])
        else:
            waiting += [(node, True), *((branch, False) for branch in node.branches)]
        if node.id == place:
            top = node
    found: list[tuple[str, float]] = []
    inside = list(top.branches) if top is not None else []
    while inside:
        node = inside.pop(0)
        mine = below[node.id]
        if not node.branches or mine["dark"] < 2:
            continue
        times = _times(noticed, set(onts_of(node))) if noticed else 0.0
        sure = cut_beside(mine, below[place] - mine, times, odds)
        if sure >= _SURE:
            found.append((node.id, sure))
        else:
            inside += node.branches
    return found


def onts_of(tree: Tree) -> list[str]:
    """The ONTs below a node, or the ONT itself."""
    return [node.id for node in _nodes(tree) if not node.branches]


def _nodes(tree: Tree) -> list[Tree]:
    order = [tree]
    for node in order:
        order.extend(node.branches)
    return order


def is_cut_beside(mine: Mapping[Seen, int], others: Mapping[Seen, int], times: float = 0.0) -> bool:
    """True when a cut is likely enough to be told beside the outage."""
    return cut_beside(mine, others, times) >= _SURE

"""A loss of power that follows no splitter: some ONTs of a port, those of a street, send a dying gasp at the same instant.

The tree has no node for them. Three single customers who lose their power in one instant are less likely than a street, unless
ONTs of this port come and go one by one. Once there is an outage, others that went out with it belong to it.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.cut_within import is_of_street
from actors.correlator.pon.explanation import Break
from actors.correlator.pon.gather import leaves, node_above
from actors.correlator.pon.likelihood import Odds, Tree
from actors.correlator.pon.notice_times import Noticed

FEWEST: Final = 3
"""Dying gasps that it needs at least."""

Lonely = tuple[Evidence, str, float]
Causes = dict[tuple[str, str], Cause]


def join_street(
    draft: Draft, port: str, onts: int, common: Causes, alone: list[Lonely], odds: Odds
) -> tuple[Causes, list[Lonely]]:
    """The causes of an episode, with the single ONTs that lost their power at its instant as members of one outage, and the
    single ONTs that are left. ``onts``: number of ONTs of the port."""
    outages = [each for each in common.values() if each.kind == "power"]
    single = [each for each, _, _ in alone if not each.found]
    # Mains that the topology says are different are no street.
    area = _area(draft, [each for cause in outages for each in cause.evidence] or single)
    mine = [each for each in single if _area(draft, [each]) == area]
    gasping = sum(each.gasped for each in mine)
    told = gasping + sum(each.gasped for each in outages)
    if not gasping or told < FEWEST:
        return common, alone
    if not outages and not _is_street(onts, gasping, 0, odds) and not _is_street(onts, gasping, len(mine) - gasping, odds):
        return common, alone
    members = [each for cause in outages for each in cause.evidence] + mine
    members.sort(key=lambda each: (each.onset, each.ont))
    place = node_above(draft, port, [each.ont for each in members])
    name = getattr(draft.state.plant.nodes.get(place), "name", "") or place
    gasped = sum(each.gasped for each in members)
    street = Cause(
        kind="power",
        place=place,
        ports=[port],
        evidence=members,
        dark=len(members) - gasped,
        gasped=gasped,
        alive=0,
        unknown=0,
        confidence=min((each.confidence for each in outages), default=0.9),
        why=f"{gasped} ONTs below {name} sent a dying gasp at the same time, and others did not: the mains of some of them",
    )
    kept = {key: cause for key, cause in common.items() if cause.kind != "power"}
    members_of = {each.ont for each in mine}
    return {**kept, ("power", place): street}, [each for each in alone if each[0].ont not in members_of]


def take_in_cuts(tree: Tree, breaks: Iterable[Break], noticed: Mapping[str, Noticed], mine: Collection[str]) -> list[Break]:
    """The breaks of a port; each cut of which the power of a street is the better explanation as single losses of power.
    ``mine``: the ONTs of the episode."""
    found: list[Break] = []
    for each in breaks:
        if each.own or each.cause != "cut" or each.place == tree.id or not is_of_street(tree, each.place, noticed):
            found.append(each)
        else:
            found += [Break("power", ont, True, 1 - each.confidence) for ont in leaves(tree, each.place) if ont in mine]
    return found


def _is_street(onts: int, gasping: int, dark: int, odds: Odds) -> bool:
    """True when one loss of power is likelier than so many single faults at one instant, on a port of so many ONTs."""
    singly = gasping * odds.customer + dark * (odds.drop + odds.under_cut["dark"] - odds.under_power["dark"])
    return singly < odds.area - math.log(math.comb(onts, min(onts, gasping + dark)) * onts)


def _area(draft: Draft, found: list[Evidence]) -> str:
    """The power area of most of these ONTs."""
    nodes = draft.state.plant.nodes
    areas = Counter(node.area for each in found if (node := nodes.get(each.ont)) is not None)
    return max(areas, key=lambda area: (areas[area], area), default="")

"""The likelihood table of PON inference, counted in simulated outages: ``python -m bench.pon_odds --plants 20 --seed 1``.

Cases of one true cut or loss of power in the messy world are played through the real stages. At the verdict the ONTs below the
place that broke are counted by the state in which the inference saw them, and those that nothing took are counted too. The
shares are the likelihoods of ``actors.correlator.pon.likelihood.Odds``. Seeds from 1,000 up are for scoring: they are refused.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from actors.correlator.pon import port
from actors.correlator.pon.explanation import Break, explain
from actors.correlator.pon.likelihood import Seen, Tree, post_order
from faultd.evaluation.cases import build, case_ids
from faultd.evaluation.outcome import TrueFault
from faultd.evaluation.play import Played

KINDS = {"feeder_cut": "cut", "distribution_cut": "cut", "trunk_cut": "cut", "street_outage": "power", "area_outage": "power"}
STATES: tuple[Seen, ...] = ("dark", "gasp", "silent", "alive")
SCORING = 1_000


class _Trees:
    """Stands in for ``explain`` and keeps the last tree of each port."""

    def __init__(self) -> None:
        self.last: dict[str, Tree] = {}

    def __call__(self, root: Tree, **fields: Any) -> list[Break]:
        self.last[root.id] = root
        return explain(root, **fields)


def count(case_id: str, under: dict[str, Counter[str]]) -> None:
    """Play a case, and add the states of its ONTs to ``under``: by kind of break, and "none" for the others of its ports."""
    case = build(case_id)
    trees = _Trees()
    vars(port)["explain"] = trees
    try:
        played = Played(case)
        for at, event, datagram in played.events():
            if at > case.verdict:
                break
            played.step(at, event, datagram)
    finally:
        vars(port)["explain"] = explain
    hurt = {ont: each for each in played._truth for ont in each.onts}
    for root in trees.last.values():
        seen = {tree.id: tree.seen for tree in post_order(root) if not tree.branches}
        if not any(state in ("dark", "gasp") for state in seen.values()):
            continue  # the port alone was reported
        mine: Iterable[TrueFault] = {hurt[ont].id: hurt[ont] for ont in seen if ont in hurt}.values()
        if not mine or any(each.kind not in KINDS for each in mine):
            continue
        for ont, state in seen.items():
            if state in STATES:
                under[KINDS[hurt[ont].kind] if ont in hurt else "none"][state] += 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Count, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.pon_odds", description=__doc__)
    parser.add_argument("--plants", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loss", type=int, default=5)
    given = parser.parse_args(arguments)
    if given.seed >= SCORING:
        parser.error(f"seeds from {SCORING} up are for scoring")
    under: dict[str, Counter[str]] = {each: Counter() for each in ("cut", "power", "none")}
    for case_id in case_ids(given.seed, given.plants, tuple(KINDS), (f"messy-{given.loss}-alone",)):
        count(case_id, under)
    lines = ["| under | " + " | ".join(STATES) + " | ONTs |", "|---|" + "---:|" * (len(STATES) + 1)]
    for name, found in under.items():
        total = max(1, found.total())
        lines.append(f"| {name} | " + " | ".join(f"{found[each] / total:.3f}" for each in STATES) + f" | {found.total()} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

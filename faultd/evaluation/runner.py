"""Many cases over several processes. Each case depends on its name alone, so the result does not depend on how many."""

import gc
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from itertools import groupby
from multiprocessing import get_context

from faultd.evaluation.cases import build, condition, plant_of
from faultd.evaluation.play import play
from faultd.evaluation.score import CaseScore, score
from faultd.evaluation.totals import Result
from faultd.simulator.plant import SimulatedPlant

Told = Callable[[int], None]


def evaluate(case_ids: Sequence[str], jobs: int = 1, told: Told = lambda _done: None) -> list[Result]:
    """Play and score cases. The results are in the order of ``case_ids``. ``told`` receives the number of finished cases."""
    lots = [list(lot) for _, lot in groupby(case_ids, key=_plant_name)]
    results: list[Result] = []
    if jobs <= 1:
        for lot in lots:
            results += _play_lot(lot)
            told(len(results))
        return results
    # A fresh interpreter in each: nothing of the parent (threads, locks) is inherited.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for found in pool.map(_play_lot, lots):
            results += found
            told(len(results))
    return results


def run_case(case_id: str) -> CaseScore:
    """One case, played and scored."""
    return score(play(build(case_id, _plant(_plant_name(case_id)))))


def _play_lot(case_ids: list[str]) -> list[Result]:
    gc.freeze()
    return [(case_id, run_case(case_id)) for case_id in case_ids]


def _plant_name(case_id: str) -> str:
    """The name of a case without a fault on the same plant."""
    seed, number, _, name, *_ = case_id.split("/")
    return f"{seed}/{number}/nothing/{'messy-0' if condition(name).messy else 'clean'}"


@lru_cache(maxsize=1)
def _plant(name: str) -> SimulatedPlant:
    return plant_of(name)

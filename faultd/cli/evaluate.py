"""``faultd evaluate``: how well causes are found, against simulated faults whose truth is known."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Annotated

import msgspec
import typer

from faultd.cli.common import EX_CANTCREAT, EX_USAGE, fail
from faultd.evaluation.cases import CONDITIONS, KINDS, MESSY, MESSY_CONDITIONS, UnknownCase, World, build, case_ids
from faultd.evaluation.messy import MESSY_KINDS
from faultd.evaluation.report import Failures, as_json, compared, tables
from faultd.evaluation.runner import evaluate
from faultd.evaluation.story import tell

SHOWN = 20
"""Imperfect cases named at the end."""


def evaluate_plants(
    plants: Annotated[int, typer.Option(help="Plants of different shape and equipment.", min=1, max=10_000)] = 4,
    seed: Annotated[int, typer.Option(help="The same seed gives the same cases and the same result.")] = 1,
    jobs: Annotated[int | None, typer.Option(help="Processes; without it: as many as there are processors.", min=1)] = None,
    world: Annotated[
        World, typer.Option(help="clean: the plant is as its records say. messy: as the field is; docs/evaluation.md says how.")
    ] = "clean",
    kinds: Annotated[str, typer.Option(help="Kinds of cases, comma separated; without it: all of the world.")] = "",
    conditions: Annotated[
        str,
        typer.Option(help="What happens to the traps, comma separated; loss-N is N per cent lost (messy world: messy-N)."),
    ] = "",
    loss: Annotated[str, typer.Option(help="Instead of --conditions: per cent of traps lost, comma separated.")] = "",
    polls: Annotated[int, typer.Option(help="Poll the OLTs too, every so many seconds; 0: traps alone.", min=0, max=600)] = 0,
    compare: Annotated[bool, typer.Option("--compare", help="With --polls: without polls too, and both side by side.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write totals and every case as JSON here.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables here, between the markers in it.")] = None,
    case: Annotated[str | None, typer.Option(help="One case, by its name: SEED/PLANT/KIND/CONDITION.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="With --case: tell how it went, and why what was concluded.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="With --explain: every line of every alarm.")] = False,
) -> None:
    """Play simulated faults through the correlator in virtual time and score its conclusions against what happened.

    Each plant is tried with every kind of fault under every condition. docs/evaluation.md says how the scores are defined.
    """
    try:
        if case is not None:
            chosen = build(case)
            lines = list(tell(chosen, everything=everything))
            sys.stdout.write("\n".join(lines if explain else lines[lines.index("") + 1 :]) + "\n")
            return
        messy = world == "messy"
        names = list(MESSY_CONDITIONS if messy else CONDITIONS)
        if loss:
            names = [f"{MESSY if messy else 'loss-'}{each.strip()}" for each in loss.split(",")]
        elif conditions:
            names = conditions.split(",")
        chosen_kinds = kinds.split(",") if kinds else list(MESSY_KINDS if messy else KINDS)
        if compare and not polls:
            fail("--compare needs --polls SECONDS", EX_USAGE)
        ids = list(case_ids(seed, plants, chosen_kinds, names, 0 if compare else polls))
        polled_ids = list(case_ids(seed, plants, chosen_kinds, names, polls)) if compare else []
    except UnknownCase as error:
        fail(str(error), EX_USAGE)
    began = monotonic()
    at_once = jobs or len(os.sched_getaffinity(0))
    results = evaluate(ids, at_once, _progress(len(ids)))
    polled = evaluate(polled_ids, at_once, _progress(len(polled_ids)))
    text = tables(results) + (f"\n{compared(results, polled)}" if compare else "")
    sys.stdout.write(text)
    for line in Failures([*results, *polled]).lines(SHOWN):
        sys.stdout.write(f"{line}\n")
    try:
        if json is not None:
            json.write_bytes(msgspec.json.format(msgspec.json.encode(as_json([*results, *polled])), indent=1) + b"\n")
        if markdown is not None:
            _insert(markdown, world, f"{text}\n{len(ids)} cases on {plants} plants{_polled(polls, compare)}.\n")
    except OSError as error:
        fail(str(error), EX_CANTCREAT)
    sys.stderr.write(f"{len(ids) + len(polled_ids)} cases in {monotonic() - began:.0f} s, {at_once} processes\n")


def _polled(polls: int, compare: bool) -> str:
    if not polls:
        return ""
    return f"{', and the same' if compare else ''} with a poll every {polls} s"


def _progress(count: int) -> Callable[[int], None]:
    def told(done: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done}/{count} cases" + ("\n" if done == count else ""))
            sys.stderr.flush()

    return told


def _insert(file: Path, world: World, text: str) -> None:
    """Replace what stands between the markers of this world."""
    name = "evaluation" if world == "clean" else f"evaluation, {world} world"
    begin, finish = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    old = file.read_text(encoding="utf-8")
    head, _, rest = old.partition(begin)
    _, mark, tail = rest.partition(finish)
    if not mark:
        fail(f"{file}: no markers {begin.strip()} and {finish.strip()}", EX_USAGE)
    file.write_text(f"{head}{begin}\n{text}\n{finish}{tail}", encoding="utf-8")

"""The results of the messy world as tables (Markdown): each share and ratio with its 95 % confidence interval."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from faultd.evaluation.calibration import brier, reliability
from faultd.evaluation.cases import build, condition
from faultd.evaluation.intervals import Interval, wilson
from faultd.evaluation.messy import COMPANY, GROUPS, HARMLESS, SHAPES
from faultd.evaluation.score import CaseScore
from faultd.evaluation.totals import Result, Total, add_up, condition_of, select

LOSSY = 0.05
"""The share of lost traps of the targets for single faults."""


def messy_tables(results: Sequence[Result]) -> str:
    """All tables of the messy world, for people."""
    return "\n".join(_parts(results)) + "\n"


def messy_compared(without: Sequence[Result], polled: Sequence[Result]) -> str:
    """The same cases without and with polls: figures of all cases with their bounds, and of each kind of fault."""
    return "\n".join(_side_by_side(without, polled)) + "\n"


def _side_by_side(without: Sequence[Result], polled: Sequence[Result]) -> Iterator[str]:
    yield "### Without polls → with polls\n"
    yield "| | without | with |\n|---|---:|---:|"
    before, after = add_up(without), add_up(polled)
    yield f"| faults | {before.faults} | {after.faults} |"
    yield f"| not knowable | {before.unheard} | {after.unheard} |"
    rows: tuple[tuple[str, Callable[[Total], Interval | None]], ...] = (
        ("recall", lambda total: wilson(total.found, total.faults)),
        ("precision", precision),
        ("precision, told and withdrawn counted", told),
        ("pages per fault", lambda total: total.per_case.interval),
        ("power called a cut", lambda total: wilson(total.called_cut, total.power)),
        ("a cut called a loss of power", lambda total: wilson(total.called_power, total.cuts)),
        ("pages about what is no fault, each", lambda total: total.per_harmless.interval),
    )
    for name, figure in rows:
        yield f"| {name} | {with_bounds(figure(before))} | {with_bounds(figure(after))} |"
    yield ""
    kinds = dict.fromkeys(fault.kind for _, score in without for fault in score.faults)
    yield "| kind of fault | faults | not knowable | recall | precision | told wrongly, withdrawn | pages per fault |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for kind in kinds:
        cells = zip(*(_brief(add_up(each, fault_kind=kind)) for each in (without, polled)), strict=True)
        yield f"| {kind} | {' | '.join(one if one == other else f'{one} → {other}' for one, other in cells)} |"
    yield ""


def _brief(total: Total) -> tuple[str, ...]:
    shares = (total.recall, total.precision)
    return (
        str(total.faults),
        str(total.unheard),
        *("" if each is None else f"{each:.3f}" for each in shares),
        str(total.withdrawn),
        "" if total.pages_per_fault is None else f"{total.pages_per_fault:.2f}",
    )


def _parts(results: Sequence[Result]) -> Iterator[str]:
    yield from _headline(results)
    yield from _by_kind(results)
    yield from _harmless(results)
    yield from _by_dimension(results)
    yield from _calibration(results)
    yield from _not_knowable(results)


def alone(results: Sequence[Result]) -> list[Result]:
    """Cases with exactly one fault, whatever goes on beside it that is none."""
    return [each for each in results if len(each[1].faults) == 1]


def _headline(results: Sequence[Result]) -> Iterator[str]:
    single = add_up(alone([each for each in results if condition(condition_of(each[0])).loss == LOSSY]))
    pairs = [kept for _, score in select(results, ("two",)) if (kept := _kept_apart(score)) is not None]
    total, waves = add_up(results), _waves(results)
    yield "### In short\n"
    yield "| | wanted | here | of |\n|---|---:|---:|---:|"
    rows = (
        ("one fault, 5 % of the traps lost: recall", "≥ 0.97", wilson(single.found, single.faults), single.faults),
        ("one fault, 5 % of the traps lost: precision", "≥ 0.97", precision(single), single.right + single.wrong),
        ("all cases: recall", "", wilson(total.found, total.faults), total.faults),
        ("all cases: precision", "", precision(total), total.right + total.wrong),
        ("all cases: precision, told and withdrawn counted", "", told(total), total.right + total.wrong + total.withdrawn),
        ("all cases: pages per fault", "≤ 1.3", total.per_case.interval, total.faults),
        ("power called a cut, even for a moment", "≤ 0.01", wilson(total.called_cut, total.power), total.power),
        ("a cut called a loss of power, even for a moment", "", wilson(total.called_power, total.cuts), total.cuts),
        ("two at once stay two", "≥ 0.97", wilson(sum(pairs), len(pairs)), len(pairs)),
        ("cases in which alarms of different faults have one root", "", wilson(total.merged, total.cases), total.cases),
        ("reboots and upgrades: pages each", "≤ 0.2", waves.per_harmless.interval, waves.harmless),
    )
    for name, wanted, found, of in rows:
        yield f"| {name} | {wanted} | {with_bounds(found)} | {of} |"
    yield f"| pages, of these, about ONTs that are back and of whose return every trap was lost | | {total.lost_returns} | |"
    yield ""


def _kept_apart(score: CaseScore) -> bool | None:
    """Whether the two faults of a case are both found, and nothing of it is merged, whatever else goes on; None where one of
    them cannot be known."""
    mine = [each for each in score.faults if each.id.startswith("fault-")]
    if len(mine) != 2 or any(each.unheard for each in mine):
        return None
    return all(each.found for each in mine) and not score.merges


def _waves(results: Sequence[Result]) -> Total:
    total = Total()
    for kind in ("firmware_upgrade", "nightly_reboots", "reboot_trickle"):
        found = add_up(results, fault_kind=kind)
        total.harmless += found.harmless
        total.harmless_lost_returns += found.harmless_lost_returns
        for _, score in results:
            mine = [each.pages for each in score.harmless if each.kind == kind and not each.unheard]
            total.per_harmless.add(len(mine), sum(mine))
    return total


def _by_kind(results: Sequence[Result]) -> Iterator[str]:
    kinds = dict.fromkeys(fault.kind for _, score in results for fault in score.faults)
    yield "### By kind of fault\n"
    yield (
        "| | faults | not knowable | recall | precision | told wrongly, withdrawn | pages per fault | merged cases "
        "| called the other: power a cut, a cut power |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for kind in kinds:
        mine = [each for each in results if any(fault.kind == kind for fault in each[1].faults)]
        total = add_up(mine, fault_kind=kind)
        confused = wilson(total.called_cut, total.power) or wilson(total.called_power, total.cuts)
        yield (
            f"| {kind} | {total.faults} | {total.unheard or ''} | {with_bounds(wilson(total.found, total.faults))} "
            f"| {with_bounds(precision(total))} | {total.withdrawn or ''} | {with_bounds(total.per_case.interval)} "
            f"| {with_bounds(wilson(total.merged, total.cases))} | {with_bounds(confused)} |"
        )
    yield ""


def _harmless(results: Sequence[Result]) -> Iterator[str]:
    yield "### No fault: nothing may be concluded\n"
    yield "| | happenings | pages each | of these, return lost | wrong causes |\n|---|---:|---:|---:|---:|"
    for kind in HARMLESS:
        total = add_up(results, fault_kind=kind)
        wrong = sum(each.about == kind and not each.misread for _, score in results for each in score.wrong)
        if total.harmless:
            lost = total.harmless_lost_returns
            yield f"| {kind} | {total.harmless} | {with_bounds(total.per_harmless.interval)} | {lost or ''} | {wrong or ''} |"
    stray = sum(score.stray for _, score in results)
    yield f"| (about nothing that happened) | {len(results)} cases | {stray / max(1, len(results)):.3f} | | |"
    yield ""


def _by_dimension(results: Sequence[Result]) -> Iterator[str]:
    had = {name: frozenset(build(name).dimensions) for name, _ in results}
    names = [*SHAPES, *(each for names, _ in GROUPS for each in names), *COMPANY]
    yield "### By dimension: cases that have it\n"
    yield "| | cases | recall | precision | pages per fault |\n|---|---:|---:|---:|---:|"
    for name in (*names, "four or more"):
        found = [each for each in results if (name in had[each[0]] if name in names else len(had[each[0]]) > 3)]
        total = add_up(found)
        if found:
            yield (
                f"| {name} | {len(found) / len(results):.0%} | {with_bounds(wilson(total.found, total.faults))} "
                f"| {with_bounds(precision(total))} | {with_bounds(total.per_case.interval)} |"
            )
    yield ""


def _calibration(results: Sequence[Result]) -> Iterator[str]:
    stated = add_up(results).stated
    yield "### Calibration: of the causes that stated a confidence, how many were right\n"
    for title, found in (
        ("standing at the verdict", [each for each in stated if not each.withdrawn]),
        ("those told and withdrawn counted", stated),
    ):
        yield f"| {title}: stated | causes | mean stated | right |\n|---|---:|---:|---:|"
        for each in reliability(found):
            yield f"| {each.low:.0%} to {each.high:.0%} | {each.count} | {each.stated:.3f} | {with_bounds(each.right)} |"
        score = brier(found)
        yield "" if score is None else f"\nBrier score: {score:.4f} ({len(found)} causes).\n"


def _not_knowable(results: Sequence[Result]) -> Iterator[str]:
    reasons = add_up(results).reasons
    yield "### Not knowable: faults in no other table\n"
    yield "| reason | faults |\n|---|---:|"
    for reason in sorted(reasons, key=lambda each: (-reasons[each], each)):
        yield f"| {reason} | {reasons[reason]} |"
    yield ""


def precision(total: Total) -> Interval | None:
    """Right roots of all that stood at the verdict."""
    return wilson(total.right, total.right + total.wrong)


def told(total: Total) -> Interval | None:
    """Right roots of all that stood at the verdict or of which somebody was told."""
    return wilson(total.right, total.right + total.wrong + total.withdrawn)


def with_bounds(found: Interval | None) -> str:
    """A figure and its bounds: ``0.971 (0.95-0.98)``."""
    return "" if found is None else f"{found.value:.3f} ({found.low:.2f}-{found.high:.2f})"


def messy_json(results: Sequence[Result]) -> dict[str, Any]:
    """What the tables say beyond the totals: calibration, reasons, and intervals by kind of fault."""
    total = add_up(results)
    kinds = dict.fromkeys(fault.kind for _, score in results for fault in score.faults)
    by_kind = {kind: add_up(results, fault_kind=kind) for kind in kinds}
    return {
        "conditions": list(dict.fromkeys(condition_of(name) for name, _ in results)),
        "calibration": list(reliability(total.stated)),
        "brier": brier(total.stated),
        "not_knowable": total.reasons,
        "by_kind_of_fault": {
            kind: {
                "recall": wilson(each.found, each.faults),
                "precision": precision(each),
                "precision_told": told(each),
                "pages_per_fault": each.per_case.interval,
                "called_cut": wilson(each.called_cut, each.power),
                "called_power": wilson(each.called_power, each.cuts),
            }
            for kind, each in by_kind.items()
        },
    }

"""The results as tables (Markdown) and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from faultd.evaluation.cases import KINDS, SINGLE, TOGETHER, condition
from faultd.evaluation.messy_report import messy_compared, messy_json, messy_tables
from faultd.evaluation.totals import Result, Total, add_up, condition_of, failed, kind_of, select

_LISTS = ("seconds", "paged", "stated", "per_case", "per_harmless")
"""Parts of a total that the JSON gives in another form."""
_HEAD = (
    "faults",
    "not knowable",
    "recall",
    "precision",
    "not merged",
    "not split",
    "power is power",
    "p50 s",
    "p95 s",
    "compression",
    "pages",
)


def tables(results: Sequence[Result]) -> str:
    """All tables of a world, for people."""
    if is_messy(results):
        return messy_tables(results)
    conditions = list(dict.fromkeys(condition_of(name) for name, _ in results))
    kinds = [kind for kind in KINDS if any(kind_of(name) == kind for name, _ in results)]
    return "\n".join(_parts(results, conditions, kinds)) + "\n"


def is_messy(results: Sequence[Result]) -> bool:
    """True for cases of the messy world."""
    return any(condition(condition_of(name)).messy for name, _ in results)


def compared(without: Sequence[Result], polled: Sequence[Result]) -> str:
    """The same cases without and with polls: by kind of case and by condition, side by side."""
    if is_messy(without):
        return messy_compared(without, polled)
    kinds = list(dict.fromkeys(kind_of(name) for name, _ in without))
    conditions = list(dict.fromkeys(condition_of(name) for name, _ in without))
    parts = [*_headline(polled, "In short, with polls")]
    parts += _side_by_side("By kind of case", kinds, without, polled, by_kind=True)
    parts += _side_by_side("By condition, all kinds", conditions, without, polled, by_kind=False)
    return "\n".join(parts) + "\n"


def _side_by_side(
    title: str, names: Sequence[str], without: Sequence[Result], polled: Sequence[Result], *, by_kind: bool
) -> Iterator[str]:
    """Each figure without polls and, behind the arrow, with them."""
    columns = ("faults", "not knowable", "recall", "precision", "not split", "power is power", "p95 s", "pages")
    chosen = [_HEAD.index(column) for column in columns]
    yield f"### {title}: without polls → with polls\n"
    yield f"| | {' | '.join(columns)} |"
    yield f"|---|{'---:|' * len(columns)}"
    for name in names:
        before, after = (
            _cells(add_up(select(each, (name,)) if by_kind else select(each, (), name))) for each in (without, polled)
        )
        pairs = ((before[column], after[column]) for column in chosen)
        yield f"| {name} | {' | '.join(one if one == other else f'{one or 0} → {other or 0}' for one, other in pairs)} |"
    yield ""


def _parts(results: Sequence[Result], conditions: list[str], kinds: list[str]) -> Iterator[str]:
    yield from _headline(results)
    yield from _table(
        "One fault at a time, by condition", ((name, add_up(select(results, SINGLE, name))) for name in conditions)
    )
    together = [kind for kind in kinds if kind in TOGETHER]
    if together:
        yield from _table(
            "Two and three at once, by condition", ((name, add_up(select(results, together, name))) for name in conditions)
        )
    for name in conditions:
        rows = ((kind, add_up(select(results, (kind,), name))) for kind in kinds)
        yield from _table(f"By kind of case: {name}", rows)


def _headline(results: Sequence[Result], title: str = "In short") -> Iterator[str]:
    """The targets, and the figures of this run."""
    lossy, single = add_up(select(results, SINGLE, "loss-5")), add_up(select(results, SINGLE))
    two, everything = add_up(select(results, ("two",))), add_up(results)
    full = add_up(
        [each for each in select(results, ("feeder_cut",)) if int(each[0].split("/")[1]) % 4 == 0 and not each[1].quiet]
    )
    held = add_up([each for each in results if each[1].quiet])
    once = full.paged.get(1, 0)
    yield f"### {title}\n"
    yield "| | wanted | here | of |\n|---|---:|---:|---:|"
    for name, wanted, value, of in (
        ("one fault, 5 % of the traps lost: recall", "≥ 0.99", _share(lossy.recall), lossy.faults),
        ("one fault, 5 % of the traps lost: precision", "≥ 0.99", _share(lossy.precision), lossy.right + lossy.wrong),
        ("one fault, all conditions: recall", "", _share(single.recall), single.faults),
        ("one fault, all conditions: precision", "", _share(single.precision), single.right + single.wrong),
        ("two at once stay two, all conditions", "≥ 0.99", _share(two.apart), two.several),
        ("power never called a cut, all cases", "≥ 0.99", _share(everything.power_is_power), everything.power),
        (
            "seconds from the last trap to the right cause, p95, all cases",
            "≤ 2",
            _number(everything.percentile(0.95)),
            everything.found,
        ),
        ("feeder cut on 1:128: compression", "≥ 0.99", _share(full.compression), full.faults),
        ("feeder cut on 1:128: exactly one page", "1", _share(once / full.faults if full.faults else None), full.faults),
        ("in a maintenance window: pages per fault", "0", _number(held.pages_per_fault), held.faults),
    ):
        yield f"| {name} | {wanted} | {value} | {of} |"
    yield ""


def _table(title: str, rows: Iterator[tuple[str, Total]]) -> Iterator[str]:
    yield f"### {title}\n"
    yield f"| | {' | '.join(_HEAD)} |"
    yield f"|---|{'---:|' * len(_HEAD)}"
    for name, total in rows:
        yield f"| {name} | {' | '.join(_cells(total))} |"
    yield ""


def _cells(total: Total) -> tuple[str, ...]:
    return (
        str(total.faults),
        f"{total.unheard or ''}" + (f" ({total.misread} misread)" if total.misread else ""),
        _share(total.recall),
        _share(total.precision),
        _share(total.unmerged),
        _share(total.unsplit),
        _share(total.power_is_power),
        _number(total.percentile(0.5)),
        _number(total.percentile(0.95)),
        _share(total.compression),
        _number(total.pages_per_fault),
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """Totals by kind and condition, and each case with its score and what is wrong with it."""
    totals = [
        {"kind": kind, "condition": name, **_plain(add_up(chosen))}
        for kind in dict.fromkeys(kind_of(each) for each, _ in results)
        for name in dict.fromkeys(condition_of(each) for each, _ in results)
        if (chosen := select(results, (kind,), name))
    ]
    return {
        **(messy_json(results) if is_messy(results) else {}),
        "totals": totals,
        "cases": [{"id": name, "failed": failed(score), "score": score} for name, score in results],
    }


def _plain(total: Total) -> dict[str, Any]:
    kept = {each.name: getattr(total, each.name) for each in fields(total) if each.name not in _LISTS}
    shares = ("recall", "precision", "apart", "unmerged", "unsplit", "power_is_power", "compression", "pages_per_fault")
    return {
        **kept,
        **{name: getattr(total, name) for name in shares},
        "seconds_p50": total.percentile(0.5),
        "seconds_p95": total.percentile(0.95),
        "pages_by_count": {str(count): total.paged[count] for count in sorted(total.paged)},
    }


class Failures(Struct, frozen=True):
    """Cases that went wrong, by what is wrong."""

    results: Sequence[Result]

    def lines(self, most: int) -> Iterator[str]:
        """A line for each of the first ``most``, and how many there are in all."""
        found = [(name, words) for name, score in self.results if (words := failed(score))]
        for name, words in found[:most]:
            yield f"{name}: {words}"
        if found:
            yield f"{len(found)} of {len(self.results)} cases are not perfect; faultd evaluate --case ID --explain tells one"

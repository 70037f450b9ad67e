"""Closed periods recomputed from history, each equal to what was closed, or with its differences."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.books.periods import comparable
from actors.sla_clock.report.recomputation import Recomputation, Recomputed
from actors.store.sla_read import KeptPeriod, SlaHistory
from faultd.sla_history.evidence import state_of
from protocols.decimal_text import decimal, seconds
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval
from protocols.sla.local_time import instant_at, utc_text
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import ReportedOutage, SlaReport

_DURATIONS = ("contract", "up", "down", "excluded", "unknown", "planned", "budget")
_INSTANTS = ("contract_start", "contract_end")


class FigureDifference(Struct, frozen=True):
    """``kept`` and ``recomputed`` as texts with their unit; "" for a figure or an outage that there is not."""

    figure: str
    kept: str
    recomputed: str


class RecomputedPeriod(Struct, frozen=True, kw_only=True):
    """One closed period of one instance. ``differences``: empty when it is proven. ``notes``: why the facts of now may not be
    those of then."""

    instance_id: str
    service_id: str
    period_start: int
    period_end: int
    revision: int
    differences: tuple[FigureDifference, ...]
    notes: tuple[str, ...]
    kept: KeptPeriod
    figures: PeriodFigures
    report: SlaReport


def recompute(history: SlaHistory) -> Iterator[RecomputedPeriod]:
    """Every closed period of the instances of ``history``, by instance and begin: the newest revision is compared."""
    newest: dict[str, dict[int, KeptPeriod]] = defaultdict(dict)
    for kept in history.periods:
        newest[kept.figures.instance_id][kept.figures.start] = kept
    state = state_of(history)
    for instance in history.instances:
        violations = tuple(each for each in history.measurements if each.instance_id == instance.id)
        recomputation = Recomputation(state, instance, violations)
        for _, kept in sorted(newest.get(instance.id, {}).items()):
            known = kept.figures
            versions = history.definitions.get(known.definition_id, ())
            version = next((each for each in versions if each.version == known.definition_version), None)
            if version is None:
                continue
            period = Period(known.start, known.end, version)
            made = recomputation.close(period, known.made_at, known.revision, known.reason if known.revision > 1 else "")
            yield RecomputedPeriod(
                instance_id=instance.id,
                service_id=instance.service_id,
                period_start=known.start,
                period_end=known.end,
                revision=known.revision,
                differences=tuple(differences(kept, made)),
                notes=tuple(_notes(history, instance, kept)),
                kept=kept,
                figures=made.figures,
                report=made.report,
            )


def oldest_whole(now: datetime, keep_days: int) -> int:
    """The instant since which no fact has been deleted for its age: a period that began before cannot be derived anew."""
    return instant_at(now - timedelta(days=keep_days))


def differences(kept: KeptPeriod, made: Recomputed) -> Iterator[FigureDifference]:
    """Each figure that differs, then each outage that counts otherwise."""
    one, other = comparable(kept.figures), comparable(made.figures)
    for name in PeriodFigures.__struct_fields__:
        before, after = getattr(one, name), getattr(other, name)
        if before != after:
            yield FigureDifference(name, figure_text(one, name, before), figure_text(other, name, after))
    if kept.report is None:
        return
    was, now = _within(kept.report), _within(made.report)
    for key in sorted({*was, *now}):
        texts = [_outage_text(found.get(key)) for found in (was, now)]
        if texts[0] != texts[1]:
            yield FigureDifference(f"outage {_time(key[0])} to {_time(key[1])}", *texts)


def _within(report: SlaReport) -> dict[Interval, ReportedOutage]:
    """The outages by the part that lies in the period. What came before it may be forgotten when a revision is made."""
    start, end = report.period_start, report.period_end
    return {(max(start, each.start), end if each.end is None else min(end, each.end)): each for each in report.outages}


def figure_text(figures: PeriodFigures, name: str, value: object) -> str:
    """A figure with its unit."""
    if not isinstance(value, int):
        return "none" if value is None else str(value)
    if name in _DURATIONS:
        return f"{seconds(value)} s"
    if name in _INSTANTS:
        return utc_text(value)
    if name == "availability":
        return decimal(value, 6)
    if name == "credit":
        return f"{decimal(value, figures.minor_digits)} {figures.currency}".rstrip()
    return str(value)


def _outage_text(outage: ReportedOutage | None) -> str:
    if outage is None:
        return ""
    how = "" if outage.treatment == "counted" else f" ({outage.treatment.replace('_', ' ')})"
    return f"{seconds(outage.counted)} s counted{how}"


def _notes(history: SlaHistory, instance: SlaInstance, kept: KeptPeriod) -> Iterator[str]:
    """Rows of contracts and nodes are those of now: the ones that changed since the revision was made."""
    if instant_at(instance.updated_at) > kept.figures.made_at:
        yield f"the contract was changed since then, at {instance.updated_at.isoformat()} by {instance.updated_by}"
    if not kept.offset:
        yield "whether the topology above it has changed since then is not known: the database was filled anew"
        return
    known = {node.id: (node, revision) for node, revision in history.nodes}
    changed, missing = [], []
    for node_id in _above({node.id: node.parents for node, _ in history.nodes}, instance.resources):
        if node_id not in known:
            missing.append(node_id)
        elif known[node_id][1] > kept.offset:
            changed.append(node_id)
    if changed:
        yield f"the topology above it has changed since then: {_few(changed)}"
    if missing:
        yield f"the topology does not have {_few(missing)} (now)"


def _above(parents: dict[str, tuple[str, ...]], resources: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    waiting = list(resources)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found[one] = None
            waiting += parents.get(one, ())
    return list(found)


def _time(instant: int) -> str:
    return utc_text(instant).replace("T", " ").replace("+00:00", "Z")


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

"""Breaches of latency, packet loss and bandwidth: sustained violations, from the first bad interval on."""

from typing import get_args

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.breaches import end_breach, new_breach, put_breach
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.limits.marks import MetricRecord
from actors.sla_clock.performance import SustainedViolation, settle, violations
from actors.sla_clock.run import FoldRun
from protocols.decimal_text import seconds, shortest
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaMeasured
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import utc_text
from protocols.sla.measurement import MeasurementSummary
from protocols.sla.performance_rule import PerformanceMetric, PerformanceRule

METRICS: tuple[PerformanceMetric, ...] = get_args(PerformanceMetric)
LATEST = 24 * 3600 * 1_000_000
"""Age of a measurement that is still taken."""
SETTLE_EVERY = LATEST // 4
_UNITS: dict[PerformanceMetric, tuple[int, str]] = {"latency": (3, "ms"), "packet_loss": (4, "%"), "bandwidth": (6, "Mbit/s")}
"""Decimal digits of the unit in which people read a value, and its name."""


def book_performance(run: FoldRun, instance: SlaInstance, account: Account, period: Period, why: str) -> Account:
    """Bring the breaches of an instance to its sustained violations. Breaches are opened that began in ``period``."""
    for metric in METRICS:
        record = run.state.performance.get((instance.id, metric))
        if record is not None:
            account = _book(run, instance, account, period, metric, record, why)
    return account


def settle_performance(run: FoldRun, name: str) -> None:
    """Decide for good what is older than :data:`LATEST`, and set the next deadline. A record without anything left is
    dropped. ``name`` is that of the deadline."""
    instance_id, _, found = name.partition("/")
    metric: PerformanceMetric = next(each for each in METRICS if each == found)
    state, key = run.state, (instance_id, metric)
    record = state.performance.get(key)
    if record is None:
        return
    kept, over = settle(record.state, record.rule, run.now - LATEST)
    ended = [each.start for each in over]
    record = replace(record, state=kept, breaches=tuple(each for each in record.breaches if each[0] not in ended))
    if not kept.bad and not kept.good and kept.since is None:
        run.journal.drop(state.performance, key)
        return
    run.journal.put(state.performance, key, record)
    await_settling(run, instance_id, metric)


def await_settling(run: FoldRun, instance_id: str, metric: PerformanceMetric) -> None:
    """Set the deadline at which old measurements are settled, unless there is one."""
    name = f"{instance_id}/{metric}"
    if run.state.deadlines.at("performance", name) is None:
        run.state.deadlines.set(run.journal, "performance", name, run.now + SETTLE_EVERY)


def reopen_measurements(run: FoldRun) -> None:
    """The clock was put back: measurements of the last :data:`LATEST` are taken also where later ones were decided for good."""
    for key, record in list(run.state.performance.items()):
        first = (run.now - LATEST) // record.rule.interval
        if record.state.settled is not None and record.state.settled > first:
            run.journal.put(run.state.performance, key, replace(record, state=replace(record.state, settled=first)))


def end_record(run: FoldRun, instance: SlaInstance, record: MetricRecord) -> None:
    """Another limit applies: the breaches of the former one that last end now."""
    for _, breach_id in record.breaches:
        known = run.state.breaches.get(breach_id)
        if known is not None and not known.resolved:
            end_breach(run, instance, replace(known, end=run.now, reason=f"{known.reason}; ended: the limit changed"))


def in_words(rule: PerformanceRule, value: int) -> str:
    """A value of a metric as people read it: ``20.5 ms``."""
    digits, unit = _UNITS[rule.metric]
    return f"{shortest(value, digits)} {unit}"


def _book(
    run: FoldRun,
    instance: SlaInstance,
    account: Account,
    period: Period,
    metric: PerformanceMetric,
    record: MetricRecord,
    why: str,
) -> Account:
    state, left = run.state, list(record.breaches)
    after: list[tuple[int, str]] = []
    for violation in violations(record.state, record.rule):
        if violation.end is None and instance.end is not None and instance.over(run.now):
            violation = violation._replace(end=max(instance.end, violation.start))
        # A later measurement can move the begin of a violation back, and join two; so the first one that begins in it counts.
        mine = [each for each in left if violation.start <= each[0] and (violation.end is None or each[0] < violation.end)]
        left = [each for each in left if each not in mine]
        for start, breach_id in mine[1:]:
            known = state.breaches.get(breach_id)
            if known is not None and not known.withdrawn:
                end_breach(run, instance, replace(known, withdrawn=True, reason=f"withdrawn: joined with {mine[0][1]}"))
            _emit(run, instance, record.rule, start, start, violation.worst)
        breach = state.breaches.get(mine[0][1]) if mine else None
        if mine and mine[0][0] != violation.start:
            _emit(run, instance, record.rule, mine[0][0], mine[0][0], violation.worst)
        if breach is None:
            if mine or instance.suspended or not period.start <= violation.start < period.end:
                after += mine[:1]
                continue
            breach = new_breach(run, instance, period, metric, violation.start, record.rule.limit)
            account = replace(account, breaches=(*account.breaches, breach.id))
        after.append((violation.start, breach.id))
        _put(run, instance, record.rule, breach, violation)
    if tuple(after + left) != record.breaches:
        run.journal.put(state.performance, (instance.id, metric), replace(record, breaches=tuple(after + left)))
    return account


def _put(run: FoldRun, instance: SlaInstance, rule: PerformanceRule, known: SlaBreach, violation: SustainedViolation) -> None:
    lasted = f"{rule.consecutive} intervals of {seconds(rule.interval)} s in succession"
    breach = replace(
        known,
        start=violation.start,
        end=violation.end,
        actual=violation.worst,
        resolved=violation.end is not None,
        withdrawn=False,
        reason=f"{rule.metric.replace('_', ' ')} worse than {in_words(rule, rule.limit)} in {lasted}, from "
        f"{utc_text(violation.start)} on; the worst value is {in_words(rule, violation.worst)}",
    )
    if known.revision == 0 or known.withdrawn:
        run.notify("breach_opened", instance, breach.reason, breach_id=breach.id)
    elif breach.resolved and not known.resolved:
        run.notify("breach_resolved", instance, f"good for {lasted}", breach_id=breach.id)
    if breach != known:
        put_breach(run, breach)
        _emit(run, instance, rule, violation.start, violation.end, violation.worst)


def _emit(run: FoldRun, instance: SlaInstance, rule: PerformanceRule, start: int, end: int | None, worst: int) -> None:
    summary = MeasurementSummary(
        instance_id=instance.id,
        tenant_id=instance.tenant_id,
        metric=rule.metric,
        start=start,
        end=end,
        limit=rule.limit,
        worst=worst,
    )
    run.emit(SlaMeasured(run.offset, summary))

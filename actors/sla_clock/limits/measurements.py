"""Measurements of services: each one is taken by the instances of its service, or refused with its field."""

from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from actors.command_refused import CommandRefused
from actors.sla_clock.books.period_choice import period_of
from actors.sla_clock.limits.marks import MetricRecord
from actors.sla_clock.limits.performance_breaches import LATEST, METRICS, await_settling, end_record
from actors.sla_clock.performance import add_measurement, violations
from actors.sla_clock.run import FoldRun
from actors.sla_clock.work import WalkThese
from protocols.change import Refusal
from protocols.principal import Principal
from protocols.sla.actions import AddMeasurements
from protocols.sla.definition import SlaTerms
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND, utc_text
from protocols.sla.measurement import ServiceMeasurement
from protocols.sla.performance_rule import PerformanceMetric, PerformanceRule

MeasurementOutcome = Literal["taken", "invalid", "unknown", "future", "late"]
"""``unknown``: no instance of this tenant has the service or the resource; ``late``: its time is decided already."""
AHEAD = 60 * SECOND
"""How far the clock of a measuring system may be ahead."""
MOST_ITEMS = 1_000
FIELDS: dict[PerformanceMetric, str] = {
    "latency": "latency_ms",
    "packet_loss": "packet_loss_percent",
    "bandwidth": "bandwidth_mbps",
}
"""Field on the wire of each metric."""
_MILLION = 1_000_000
_SAME, _LATE = -1, -2


def add_measurements(run: FoldRun, by: Principal, action: AddMeasurements) -> None:
    """Take each item, or refuse it with its index: the others are taken all the same."""
    if len(action.items) > MOST_ITEMS:
        text = f"items: has {len(action.items):,} items; at most {MOST_ITEMS:,} are allowed"
        raise CommandRefused(Refusal("", "limit", text))
    if not by.sees(action.tenant_id):
        raise CommandRefused(Refusal("", "not_your_tenant", f"tenant_id: {action.tenant_id!r} is not yours"))
    refusals: list[Refusal] = []
    changed: dict[str, int] = {}
    for index, item in enumerate(action.items):
        refused = _take(run, action.tenant_id, item, changed)
        outcome: MeasurementOutcome = "taken"
        if refused is not None:
            field, outcome, text = refused
            refusals.append(Refusal(f"/items/{index}/{field}", "invalid", f"items[{index}].{field}: {text}"))
        run.state.measured[outcome] += 1
    if changed:
        work = WalkThese(tuple(changed), "measurements came in", since=min(changed.values()))
        run.state.put_work(run.journal, work)
    run.answer(*changed, refusals=tuple(refusals))


def _take(
    run: FoldRun, tenant_id: str, item: ServiceMeasurement, changed: dict[str, int]
) -> tuple[str, MeasurementOutcome, str] | None:
    """The field that is wrong, the kind of the mistake, and the text; None when the measurement was taken. ``changed`` gets the
    instances whose violations differ, each with the begin of the earliest."""
    mistake = next(_mistakes(item), None)
    if mistake is not None:
        return mistake[0], "invalid", mistake[1]
    if item.at > run.now + AHEAD:
        return "at", "future", f"{utc_text(item.at)} is in the future"
    if item.at < run.now - LATEST:
        return "at", "late", f"{utc_text(item.at)} is more than {LATEST // SECOND // 3600} hours ago"
    place = f"service:{item.service_id}" if item.service_id else item.resource_id
    instances = run.state.instances
    held = [one for each in instances.at(place) if (one := instances.get(each)) is not None and one.holds(item.at)]
    found = [one for one in held if one.tenant_id == tenant_id]
    if not found:
        if item.service_id:
            return "service_id", "unknown", f"no SLA instance of service {item.service_id!r} at that time"
        return "resource_id", "unknown", f"no SLA instance of resource {item.resource_id!r} at that time"
    late = False
    for instance in found:
        period = period_of(run.state, instance, run.now)
        if period is None:
            continue
        for metric in METRICS:
            value = getattr(item, metric)
            rule = _rule(period.definition.terms, metric)
            if value is not None and rule is not None:
                began = _add(run, instance, rule, item.at, value)
                late = late or began == _LATE
                if began >= 0:
                    changed[instance.id] = min(changed.get(instance.id, began), began)
    return ("at", "late", f"{utc_text(item.at)} is decided already") if late else None


def _add(run: FoldRun, instance: SlaInstance, rule: PerformanceRule, at: int, value: int) -> int:
    """Keep one value. Returns the begin of the earliest violation when the violations differ now, else ``_SAME`` or
    ``_LATE``."""
    key = instance.id, rule.metric
    record = run.state.performance.get(key)
    if record is not None and record.rule != rule:
        end_record(run, instance, record)
        record = None
    if record is None:
        record = MetricRecord(rule)
    after = add_measurement(record.state, rule, at, value)
    if after is None:
        return _LATE
    if after == record.state:
        return _SAME
    before, now = violations(record.state, rule), violations(after, rule)
    run.journal.put(run.state.performance, key, replace(record, state=after))
    await_settling(run, instance.id, rule.metric)
    return _SAME if before == now else min(each.start for each in (*before, *now))


def _rule(terms: SlaTerms, metric: PerformanceMetric) -> PerformanceRule | None:
    return next((rule for rule in terms.performance if rule.metric == metric), None)


def _mistakes(item: ServiceMeasurement) -> Iterator[tuple[str, str]]:
    if bool(item.service_id) == bool(item.resource_id):
        yield "service_id", "give service_id or resource_id, and not both"
    values = {metric: getattr(item, metric) for metric in METRICS}
    if all(value is None for value in values.values()):
        yield FIELDS["latency"], f"give at least one of {', '.join(FIELDS.values())}"
    for metric, value in values.items():
        if value is not None and value < 0:
            yield FIELDS[metric], "must not be negative"
    if item.packet_loss is not None and item.packet_loss > _MILLION:
        yield FIELDS["packet_loss"], "must be at most 100"

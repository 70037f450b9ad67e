"""The evidence of an instance in a period, node by node on the way up. Pure."""

from collections.abc import Iterable
from typing import Final

from actors.sla_clock.books.figures import figures_of
from actors.sla_clock.books.period_choice import Period, contract_of
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.report.assembly import report_of
from protocols.sla.explanation import NodeEvidence, SlaExplanation
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Timeline, clip, intersection, total, union
from protocols.sla.outage import SlaOutage

MOST_NODES: Final = 200
MOST_OUTAGES: Final = 100
"""Intervals of one node that are shown, the latest."""


def explanation_of(
    reader: EvidenceReader, instance: SlaInstance, period: Period, now: int, breaches: tuple[str, ...]
) -> SlaExplanation:
    """The explanation of ``period`` at ``now``, which is within it."""
    figures = figures_of(reader, instance, period, now)
    report = report_of(reader, instance, period, figures, as_of=now, made_at=now, breaches=breaches)
    base = clip(clip(union([period.interval]), contract_of(instance)), (period.start, now))
    nodes: list[NodeEvidence] = []
    seen: set[str] = set()
    waiting = [(each, "") for each in reversed(instance.resources)]
    while waiting and len(nodes) < MOST_NODES:
        node_id, below = waiting.pop()
        if node_id in seen:
            continue
        seen.add(node_id)
        place = reader.state.plant.places.get(node_id)
        shown = place if place is not None and place.tenant in ("", instance.tenant_id) else None
        nodes.append(
            NodeEvidence(
                node_id=node_id,
                # Another tenant's node has its id alone.
                type=shown.type if shown is not None else "",
                name=shown.name if shown is not None else "",
                below=below,
                known=place is not None,
                down=total(intersection(reader.of_node(node_id, instance.tenant_id).down, base)),
                outages=_within(reader, (node_id,), instance, base),
            )
        )
        waiting += [(each, node_id) for each in reversed(place.parents if place is not None else ())]
    names = f"service:{instance.service_id}", f"customer:{instance.customer_id}"
    return SlaExplanation(
        report=report,
        nodes=tuple(nodes),
        named=_within(reader, names, instance, base),
        everywhere=_within(reader, ("",), instance, base),
        truncated=bool(waiting),
    )


def _within(reader: EvidenceReader, keys: Iterable[str], instance: SlaInstance, base: Timeline) -> tuple[SlaOutage, ...]:
    """The intervals filed under ``keys`` that touch ``base``, the earliest first."""
    if not base:
        return ()
    start, end = base[0][0], base[-1][1]
    found = {
        each.id: each
        for each in reader.filed(keys, instance.tenant_id)
        if each.start < end and (each.end is None or each.end > start)
    }
    return tuple(sorted(found.values(), key=lambda each: (each.start, each.id)))[-MOST_OUTAGES:]

"""An explanation of an instance's figures as lines to read. Pure."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from faultd.sla_report.arithmetic import availability_steps, budget_steps, shares_step
from faultd.sla_report.display import in_seconds
from protocols.printable import counted
from protocols.sla.explanation import NodeEvidence, SlaExplanation
from protocols.sla.local_time import wall_time
from protocols.sla.outage import SlaOutage
from protocols.sla.report import ReportedOutage, SlaReport

MOST_LISTED = 20
"""Outages, exclusions, clocks, breaches and credits, of each kind, and intervals of one node."""


def arithmetic_lines(report: SlaReport) -> list[str]:
    """Every figure from the ones before."""
    return [shares_step(report), *availability_steps(report), *budget_steps(report)]


def explanation_lines(found: SlaExplanation) -> list[str]:
    """An explanation: the evidence from the service up, the part of it that counts, and the arithmetic."""
    return list(_lines(found))


def _lines(found: SlaExplanation) -> Iterator[str]:
    report = found.report
    zone = ZoneInfo(report.zone)
    customer = f", {report.customer_name}" if report.customer_name else ""
    yield f"{report.instance_id}: service {report.service_id} of customer {report.customer_id}{customer}"
    yield f"by {report.definition_name}, version {report.definition_version}; times in {report.zone}"
    yield f"period {_at(report.period_start, zone)} to {_at(report.period_end, zone)}, until {_at(report.as_of, zone)}"
    yield ""
    yield "evidence, from the service up"
    for node in found.nodes:
        yield from _node(node, zone)
    if found.truncated:
        yield "  ... and more nodes above"
    for title, outages in (("named by the alarm", found.named), ("everywhere", found.everywhere)):
        if outages:
            yield f"  {title}"
            yield from _intervals(outages, zone)
    yield from _section("outages", [f"{_outage(each.start, each.end, zone)}  {_counted(each)}" for each in report.outages])
    yield from _section(
        "exclusions",
        [
            f"{_span(each.start, each.end, zone)}  {each.category.replace('_', ' ')}: {each.reason} ({each.author})"
            for each in report.exclusions
        ],
    )
    yield from _section(
        "clocks",
        [
            f"{each.alarm} {each.clock}: {in_seconds(each.elapsed)}"
            + (f" of {in_seconds(each.limit)}" if each.limit is not None else "")
            + f", {each.verdict}"
            + (f"; {each.note}" if each.note else "")
            for each in report.clocks
        ],
    )
    yield ""
    yield "arithmetic"
    yield from (f"  {each}" for each in arithmetic_lines(report))
    yield from _section(
        "breaches",
        [f"{each.id} {each.type.replace('_', ' ')} at {_at(each.start, zone)}: {each.reason}" for each in report.breaches],
    )
    yield from _section("credits", [f"{each.rule}, {each.item}: {each.arithmetic}" for each in report.credits])


def _node(node: NodeEvidence, zone: ZoneInfo) -> Iterator[str]:
    name = f" {node.name}" if node.name and node.name != node.node_id else ""
    below = f", above {node.below}" if node.below else ""
    if not node.known:
        yield f"  {node.node_id}{below}: the topology does not have it"
    else:
        down = f": without service for {in_seconds(node.down)}" if node.down else ": nothing"
        yield f"  {node.type} {node.node_id}{name}{below}{down}"
    yield from _intervals(node.outages, zone)


def _intervals(outages: tuple[SlaOutage, ...], zone: ZoneInfo) -> Iterator[str]:
    for each in outages[-MOST_LISTED:]:
        facts: list[str] = [each.effect]
        facts += ["the customer's own power"] if each.customer_power else []
        facts += ["corrected by an operator"] if each.corrected else []
        yield f"    {_outage(each.start, each.end, zone)}  {each.alarm_name} {each.title} ({', '.join(facts)})"
    if len(outages) > MOST_LISTED:
        yield f"    ... and {counted(len(outages) - MOST_LISTED, 'earlier interval')}"


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield title
    yield from (f"  {each}" for each in lines[-MOST_LISTED:])
    if len(lines) > MOST_LISTED:
        yield f"  ... and {len(lines) - MOST_LISTED} earlier"


def _counted(outage: ReportedOutage) -> str:
    cause = f", {outage.cause}" if outage.cause else ""
    why = f": {outage.reason}" if outage.reason else ""
    return f"{in_seconds(outage.counted)} counted{cause}{why}"


def _outage(start: int, end: int | None, zone: ZoneInfo) -> str:
    return f"{_at(start, zone)} (lasts)" if end is None else _span(start, end, zone)


def _span(start: int, end: int, zone: ZoneInfo) -> str:
    return f"{_at(start, zone)} to {_at(end, zone)}"


def _at(instant: int, zone: ZoneInfo) -> str:
    """``2026-03-01 10:00:00``, with microseconds only where there are any."""
    at: datetime = wall_time(instant, zone).replace(tzinfo=None)
    return at.isoformat(" ")

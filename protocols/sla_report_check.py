"""A report proves itself: figures that contradict one another are found before a customer finds them. Pure."""

from collections.abc import Iterator
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from protocols.decimal_text import decimal, seconds
from protocols.sla_report import BILLION, SlaReport, SlaShare, nearest

_MILLION = 1_000_000
LATEST = 253_370_764_800 * _MILLION
"""The year 9999: behind it there is no local time."""


class ContradictoryReport(ValueError):
    """The report's figures contradict one another; the message names the service, the fields and the values."""


def require_consistent(report: SlaReport) -> None:
    """Raises :class:`ContradictoryReport` with everything that :func:`contradictions` finds."""
    found = list(contradictions(report))
    if found:
        raise ContradictoryReport(f"report of {report.service_id!r}: {'; '.join(found)}")


def contradictions(report: SlaReport) -> Iterator[str]:
    """Each contradiction as a text that names the fields and the values."""
    yield from _times(report)
    yield from _timeline(report)
    yield from _availability(report)
    yield from _budget(report)
    totals = (*report.credit_totals, *(report.previous.credits if report.previous else ()))
    for total in totals:
        if not 0 <= total.minor_digits <= 4:
            yield f"minor_digits {total.minor_digits}: expected 0 to 4"


def _times(report: SlaReport) -> Iterator[str]:
    try:
        ZoneInfo(report.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"zone {report.zone!r}: unknown"
    if not 0 <= report.period_start < report.period_end < LATEST:
        yield f"period_start {report.period_start}, period_end {report.period_end}: expected 0 <= start < end < year 9999"
    if not report.period_start <= report.as_of <= report.period_end:
        yield f"as_of {report.as_of}: is not within the period"
    if report.closed and report.as_of != report.period_end:
        yield f"as_of {report.as_of}: a closed period counts until its end"
    if not 0 < report.target < BILLION:
        yield f"target {report.target}: expected more than 0 and less than {BILLION}"
    if report.previous is not None and report.previous.revision >= report.revision:
        yield f"previous.revision {report.previous.revision}: is not before {report.revision}"
    for name, given in (("made_at", report.made_at), ("contract_start", report.contract_start)):
        if not 0 <= given < LATEST:
            yield f"{name} {given}: expected 0 <= instant < year 9999"
    for what, spans in (("outages", report.outages), ("exclusions", report.exclusions), ("breaches", report.breaches)):
        for span in spans:
            end = span.start if span.end is None else span.end
            if not 0 <= span.start <= end < LATEST:
                yield f"{what}: {span.start} to {span.end} is no interval of the years 1970 to 9999"


def _timeline(report: SlaReport) -> Iterator[str]:
    if not report.timeline:
        return
    found: dict[SlaShare, int] = dict.fromkeys(get_args(SlaShare), 0)
    behind = report.period_start
    for start, end, share in report.timeline:
        if not behind <= start < end <= report.as_of:
            yield f"timeline: {start} to {end} is empty, overlaps, or is outside {report.period_start} to {report.as_of}"
        found[share] += end - start
        behind = end
    for share, length in found.items():
        if length != getattr(report.shares, share):
            yield f"shares.{share} {seconds(getattr(report.shares, share))} s: the timeline has {seconds(length)} s"


def _availability(report: SlaReport) -> Iterator[str]:
    shares = report.shares
    if min(shares.up, shares.down, shares.excluded, shares.unknown) < 0:
        yield f"shares {shares}: a share is negative"
    if shares.elapsed > report.contract_time or (report.closed and shares.elapsed != report.contract_time):
        yield f"contract_time {seconds(report.contract_time)} s: the shares sum to {seconds(shares.elapsed)} s"
    measured = report.measured
    expected = nearest(_MILLION * (measured - report.counted_down), measured) if measured > 0 else None
    if expected != report.availability:
        right = "none" if expected is None else decimal(expected, 6)
        given = "none" if report.availability is None else decimal(report.availability, 6)
        yield f"availability {given}: the shares give {right}"
    listed = sum(outage.counted for outage in report.outages)
    if listed != report.counted_down:
        yield f"outages: {seconds(listed)} s counted, downtime is {seconds(report.counted_down)} s"


def _budget(report: SlaReport) -> Iterator[str]:
    if not 0 <= report.budget_time <= report.contract_time:
        yield f"budget_time {seconds(report.budget_time)} s: expected 0 to contract_time {seconds(report.contract_time)} s"
    allowed = report.budget_time * (BILLION - report.target) // BILLION
    if report.budget != allowed:
        yield f"budget {seconds(report.budget)} s: budget_time and target give {seconds(allowed)} s"
    left = report.budget - report.counted_down
    if report.budget_left != left:
        yield f"budget_left {seconds(report.budget_left)} s: budget and downtime give {seconds(left)} s"

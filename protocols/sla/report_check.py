"""A report proves itself: figures that contradict one another are found before a customer finds them. Pure."""

from collections.abc import Iterator
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from protocols.decimal_text import decimal, seconds
from protocols.sla.report import BILLION, SlaReport, SlaReports, SlaShare, nearest

_MILLION = 1_000_000
LATEST = 253_370_764_800 * _MILLION
"""The year 9999: behind it there is no local time."""


class ContradictoryReport(ValueError):
    """The report's figures contradict one another; the message names the service, the fields and the values."""


def require_consistent(given: SlaReport | SlaReports) -> None:
    """Raises :class:`ContradictoryReport` with everything that :func:`contradictions` finds; of several reports, in the first
    that has any."""
    if isinstance(given, SlaReports):
        found = [*_zone_and_period(given)]
        if found:
            raise ContradictoryReport(f"reports of {given.subject[:60]!r}: {'; '.join(found)}")
        for each in given.items:
            require_consistent(each)
        return
    found = list(contradictions(given))
    if found:
        raise ContradictoryReport(f"report of {given.service_id[:60]!r}: {'; '.join(found)}")


def contradictions(report: SlaReport) -> Iterator[str]:
    """Each contradiction as a text that names the fields and the values."""
    yield from _zone_and_period(report)
    yield from _times(report)
    yield from _timeline(report)
    yield from _shares(report)
    yield from _downtime(report)
    yield from _budget(report)
    if not 0 <= report.minor_digits <= 4:
        yield f"minor_digits {report.minor_digits}: expected 0 to 4"
    if report.previous is not None and report.previous.revision >= report.revision:
        yield f"previous.revision {report.previous.revision}: is not before {report.revision}"


def _zone_and_period(given: SlaReport | SlaReports) -> Iterator[str]:
    try:
        ZoneInfo(given.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"zone {given.zone[:60]!r}: unknown"
    if not 0 <= given.period_start < given.period_end < LATEST:
        yield f"period_start {given.period_start}, period_end {given.period_end}: expected 0 <= start < end < year 9999"
    if not 0 <= given.made_at < LATEST:
        yield f"made_at {given.made_at}: expected 0 <= instant < year 9999"


def _times(report: SlaReport) -> Iterator[str]:
    if not report.period_start <= report.as_of <= report.period_end:
        yield f"as_of {report.as_of}: is not within the period"
    if report.closed and report.as_of != report.period_end:
        yield f"as_of {report.as_of}: a closed period counts until its end"
    for name, given in (("contract_start", report.contract_start), ("contract_end", report.contract_end)):
        if given is not None and not 0 <= given < LATEST:
            yield f"{name} {given}: expected 0 <= instant < year 9999"
    for what, spans in (("outages", report.outages), ("exclusions", report.exclusions), ("breaches", report.breaches)):
        for span in spans:
            end = span.start if span.end is None else span.end
            if not 0 <= span.start <= end < LATEST:
                yield f"{what}: {span.start} to {span.end} is no interval of the years 1970 to 9999"
    for clock in report.clocks:
        for instant in (clock.started, clock.due, clock.stopped):
            if instant is not None and not 0 <= instant < LATEST:
                yield f"clocks: {instant} is no instant of the years 1970 to 9999"


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


def _shares(report: SlaReport) -> Iterator[str]:
    shares = report.shares
    if min(shares.up, shares.down, shares.excluded, shares.unknown) < 0:
        yield f"shares {shares}: a share is negative"
    if not 0 <= report.contract_time <= report.period_end - report.period_start:
        yield f"contract_time {seconds(report.contract_time)} s: is not within the period's length"
    if shares.elapsed > report.contract_time or (report.closed and shares.elapsed != report.contract_time):
        yield f"contract_time {seconds(report.contract_time)} s: the shares sum to {seconds(shares.elapsed)} s"
    expected = nearest(_MILLION * (shares.measured - report.downtime), shares.measured) if shares.measured > 0 else None
    if expected != report.availability:
        right = "none" if expected is None else decimal(expected, 6)
        given = "none" if report.availability is None else decimal(report.availability, 6)
        yield f"availability {given}: the shares give {right}"


def _downtime(report: SlaReport) -> Iterator[str]:
    shares, downtime = report.shares, report.downtime
    if report.unknown_counts_as == "up":
        if downtime != shares.down:
            yield f"downtime {seconds(downtime)} s: shares.down is {seconds(shares.down)} s"
    # With a minimum, down and unknown can be long enough together where neither is alone.
    elif report.outage_minimum and not 0 <= downtime <= shares.measured:
        yield f"downtime {seconds(downtime)} s: is not within the {seconds(shares.measured)} s measured"
    elif not report.outage_minimum and downtime != shares.down + shares.unknown:
        yield f"downtime {seconds(downtime)} s: down and unknown sum to {seconds(shares.down + shares.unknown)} s"
    listed = sum(outage.counted for outage in report.outages)
    if listed != downtime:
        yield f"outages: {seconds(listed)} s counted, downtime is {seconds(downtime)} s"


def _budget(report: SlaReport) -> Iterator[str]:
    target, measurable, allowed, left = report.target, report.budget_time, report.budget, report.budget_left
    if target is None or measurable is None or allowed is None or left is None:
        if not (target is measurable is allowed is left is None):
            yield f"target {target}, budget_time {measurable}, budget {allowed}, budget_left {left}: expected all or none"
        return
    if not 0 < target <= BILLION:
        yield f"target {target}: expected more than 0 and at most {BILLION}"
    if not 0 <= measurable <= report.contract_time:
        yield f"budget_time {seconds(measurable)} s: expected 0 to contract_time {seconds(report.contract_time)} s"
    expected = measurable * (BILLION - target) // BILLION
    if allowed != expected:
        yield f"budget {seconds(allowed)} s: budget_time and target give {seconds(expected)} s"
    if left != allowed - report.downtime:
        yield f"budget_left {seconds(left)} s: budget and downtime give {seconds(allowed - report.downtime)} s"

"""A report as the texts, tables and bars of its printed document: everything that the template sets, and nothing else. Pure.

Every text of a stranger passes through :func:`plain`. Lists are bounded, so a document is too.
"""

from typing import Any, Final
from zoneinfo import ZoneInfo

from faultd.sla_report.arithmetic import availability_steps, budget_steps, shares_step
from faultd.sla_report.bar import bar_parts, bar_ticks, outage_marks
from faultd.sla_report.display import (
    NOTHING,
    availability,
    duration,
    in_seconds,
    local_date,
    local_time,
    money,
    period,
    target_percentage,
    verdict,
)
from faultd.sla_report.plain_text import HEADING_CHARACTERS, plain
from faultd.sla_report.report_tables import report_tables
from faultd.sla_report.revision import revision_rows
from faultd.sla_report.summary import summary_of
from protocols.printable import counted
from protocols.sla.report import SlaReport, SlaReports, SlaShare
from protocols.sla.report_check import require_consistent

MOST_LINES: Final = 500
"""Lines of one table, where the document is one report."""
FEWEST_LINES: Final = 10
"""Lines of one table that a document of many reports still shows."""
MOST_REPORTS: Final = 100
"""Reports that one document shows in full; the table at its beginning has more."""

_SHARES: Final[dict[SlaShare, str]] = {"up": "Up", "down": "Down", "excluded": "Excluded", "unknown": "Unknown"}


def document_of(given: SlaReport | SlaReports) -> dict[str, Any]:
    """The values for the template. Raises :class:`ContradictoryReport` for figures that do not agree."""
    reports = (given,) if isinstance(given, SlaReport) else given.items
    require_consistent(given)
    shown = reports[:MOST_REPORTS]
    lines = max(FEWEST_LINES, MOST_LINES // max(1, len(shown)))
    subject = given.customer_name if isinstance(given, SlaReport) else given.subject
    return {
        "title": f"Service level report: {plain(subject, HEADING_CHARACTERS)}",
        "operator": plain(given.operator, HEADING_CHARACTERS),
        "summary": None if isinstance(given, SlaReport) else summary_of(given, shown=len(shown), most=MOST_LINES),
        "reports": [_report(each, lines) for each in shown],
    }


def _report(report: SlaReport, lines: int) -> dict[str, Any]:
    zone = ZoneInfo(report.zone)
    customer, service = plain(report.customer_name, HEADING_CHARACTERS), plain(report.service_id, HEADING_CHARACTERS)
    dates = f"{local_date(report.period_start, zone)} to {local_date(report.period_end - 1, zone)}"
    until = local_time(report.as_of, zone)
    return {
        "title": f"Service level report: {service}",
        "heading": f"{customer}, {service}",
        "dates": f"{dates}, {_revision(report)}",
        "operator": plain(report.operator),
        "facts": _facts(report, zone),
        "provisional": "" if report.closed else f"Provisional: the period is not closed. Figures count until {until}.",
        "figures": _figures(report),
        "bar": _bar(report),
        "shares": _shares(report),
        "arithmetic": _arithmetic(report),
        "revisions": [f"Revision {report.previous.revision}", f"Revision {report.revision}"] if report.previous else [],
        "changes": revision_rows(report),
        "tables": [table for table in report_tables(report, lines) if table.rows or table.empty],
    }


def _revision(report: SlaReport) -> str:
    """A running period has none yet."""
    return f"revision {report.revision}" if report.closed else "provisional"


def _facts(report: SlaReport, zone: ZoneInfo) -> list[list[str]]:
    end = ", no end" if report.contract_end is None else f" to {local_time(report.contract_end, zone)}"
    target = "no target" if report.target is None else f"{target_percentage(report.target)} available"
    facts = [
        ["Customer", f"{plain(report.customer_name)} ({plain(report.customer_id)})"],
        ["Service", f"{plain(report.service_id)} (SLA instance {plain(report.instance_id)})"],
        ["Agreement", f"{plain(report.definition_name)}, version {report.definition_version}: {target}"],
        ["Contract", f"from {local_time(report.contract_start, zone)}{end}"],
        ["Period", period(report.period_start, report.period_end, zone)],
        ["Time zone", f"{report.zone}; times are local, with their offset from UTC"],
        ["Document", f"{_revision(report)}, made {local_time(report.made_at, zone)}"],
    ]
    if report.revision_reason:
        facts.append(["Revised because", plain(report.revision_reason)])
    return facts


def _figures(report: SlaReport) -> list[list[str]]:
    """Name, figure, and the note below it."""
    outages = sum(outage.counted > 0 for outage in report.outages)
    breaches = f"{len(report.breaches):,} {'breach' if len(report.breaches) == 1 else 'breaches'}"
    target, left = "no target", [NOTHING, "no target"]
    if report.target is not None and report.budget is not None and report.budget_left is not None:
        target = f"target {target_percentage(report.target)}: {verdict(report)}"
        exceeded = ", exceeded" if report.budget_left < 0 else ""
        left = [duration(report.budget_left), f"of {duration(report.budget)}{exceeded}"]
    return [
        ["Availability", availability(report), target],
        ["Downtime", duration(report.downtime), f"in {counted(outages, 'outage')}"],
        ["Error budget left", *left],
        ["Credits", plain(money(report.credit)) if report.credits else NOTHING, breaches],
    ]


def _bar(report: SlaReport) -> dict[str, Any] | None:
    if not report.timeline:
        return None
    return {"parts": bar_parts(report), "ticks": bar_ticks(report), "marks": outage_marks(report)}


def _shares(report: SlaReport) -> list[list[str]]:
    """Share, name, duration, seconds, note; the last row is their sum."""
    elapsed = report.shares.elapsed
    rows = []
    for share, name in _SHARES.items():
        length = getattr(report.shares, share)
        note = f"counts as {report.unknown_counts_as}" if share == "unknown" else ""
        rows.append([share, name, duration(length), in_seconds(length), note])
    return [*rows, ["", "Contract time", duration(elapsed), in_seconds(elapsed), ""]]


def _arithmetic(report: SlaReport) -> list[list[str]]:
    """Name and step of each line; the name stands at the first step of its figure."""
    rows = [["Contract time", shares_step(report)]]
    for name, steps in (("Availability", availability_steps(report)), ("Error budget", budget_steps(report))):
        rows += [[name if number == 0 else "", step] for number, step in enumerate(steps)]
    if report.outage_minimum:
        rows.append(["Minimum", f"an outage shorter than {duration(report.outage_minimum)} counts as up"])
    return rows

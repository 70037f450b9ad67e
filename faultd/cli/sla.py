"""``faultd sla``: service level agreements at a prompt."""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec
import typer
from msgspec import Struct
from rich.cells import set_cell_size

from faultd.cli.client import ConfigOrUrl, TokenFile, Url, rest, told
from faultd.cli.common import EX_CANTCREAT, EX_UNAVAILABLE, EX_USAGE, fail
from faultd.cli.explain import fitted
from faultd.cli.sla_history import backtest_definition, recompute_periods
from faultd.console.rest import Rest
from protocols.printable import counted, printable
from protocols.rest_sla_instances import InstancePage, InstanceShown
from protocols.rest_sla_reports import PeriodReportShown

T = TypeVar("T")

app = typer.Typer(
    help="Service level agreements: list, explain, report; prove figures and try definitions.", no_args_is_help=True
)

InstanceName = Annotated[str, typer.Argument(help="The id of an instance: SI17.", metavar="INSTANCE")]
Json = Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")]
_COLUMNS = (("Instance", 9), ("Service", 20), ("Status", 10), ("Avail.", 9), ("Budget", 10), ("Breaks", 20))


class ExplanationLines(Struct):
    """The part of an explanation that is read aloud."""

    lines: tuple[str, ...]


@app.command("list", short_help="List instances with their figures now.")
def list_instances(
    status: Annotated[
        list[str] | None, typer.Option("--status", help="Only compliant, at_risk, breached or suspended ones.")
    ] = None,
    customer: Annotated[str, typer.Option(help="Only those of this customer.", metavar="ID")] = "",
    next_first: Annotated[
        bool, typer.Option("--next", help="Only services whose budget ends if their outage lasts, the next one first.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="A line of JSON for each instance, as REST shows it.")] = False,
    config: ConfigOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
) -> None:
    """List the contracts that have not ended, each with its status, availability, error budget left, and the instant at which
    the budget ends if things stay as they are.

    On a terminal it prints a table; into a pipe, one line for each instance, columns separated by tabs: id, service, customer,
    status, availability, budget left in seconds, breaks at, reason.
    """
    api = rest(config, url, token_file)
    query: list[tuple[str, str]] = [("status", each) for each in status or ()]
    query += [("customer_id", customer)] if customer else []
    query += [("sort", "time_to_breach")] if next_first else []
    number = 0
    with told():
        for shown in _instances(api, query):
            if json:
                sys.stdout.buffer.write(msgspec.json.encode(shown) + b"\n")
            elif sys.stdout.isatty():
                if not number:
                    sys.stdout.write(_row(name for name, _ in _COLUMNS) + "\n")
                sys.stdout.write(_row(_cells(shown)) + "\n")
            else:
                sys.stdout.write("\t".join(map(printable, _fields(shown))) + "\n")
            number += 1
    sys.stderr.write(f"{counted(number, 'instance')}\n")


@app.command("explain", short_help="Explain how an instance's number comes about.")
def explain_instance(
    instance: InstanceName,
    json: Json = False,
    config: ConfigOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
) -> None:
    """Explain the figures of the running period: the evidence of each node from the service up, with its alarms; the outages
    that count; the exclusions with their authors; the clocks; and the arithmetic.

    Asks the running daemon, also while PostgreSQL is away.
    """
    api = rest(config, url, token_file)
    with told():
        octets = api.get(f"/sla-instances/{quote(instance, safe='')}/explain")
    if json:
        sys.stdout.buffer.write(octets + b"\n")
        return
    _say(_decoded(api, octets, ExplanationLines).lines)


@app.command("report", short_help="Report an instance's period; --pdf writes the document.")
def report_instance(
    instance: InstanceName,
    period: Annotated[
        str, typer.Option(help="The period with this month, day or time: 2026-03. Without it the running one.", metavar="TIME")
    ] = "",
    revision: Annotated[int | None, typer.Option(help="As it was at this revision.", min=1)] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write the PDF here; - is standard output.", metavar="FILE")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the CSV here; - is standard output.", metavar="FILE")] = None,
    json: Json = False,
    config: ConfigOrUrl = None,
    url: Url = "",
    token_file: TokenFile = None,
) -> None:
    """Show the report of a period: figures, arithmetic, outages, exclusions, breaches, credits. --pdf writes the document for
    the customer; the same revision gives the same bytes.

    Exit 1 when the PDF cannot be printed, 66 when there is no such period, 73 when the file cannot be written.
    """
    if sum((pdf is not None, csv is not None, json)) > 1:
        fail("report: choose one of --pdf, --csv and --json", EX_USAGE)
    api = rest(config, url, token_file)
    kind, file = ("pdf", pdf) if pdf is not None else ("csv", csv) if csv is not None else ("json", None)
    query: dict[str, Any] = {"format": kind}
    query |= {"period": period} if period else {}
    query |= {"revision": revision} if revision is not None else {}
    with told():
        octets = api.get(f"/sla-instances/{quote(instance, safe='')}/report?{urlencode(query)}")
    if file is not None:
        _write(file, octets)
    elif json:
        sys.stdout.buffer.write(octets + b"\n")
    else:
        _say(report_lines(_decoded(api, octets, PeriodReportShown)))


app.command("recompute", short_help="Prove closed periods from the history in PostgreSQL.")(recompute_periods)
app.command("backtest", short_help="Try a changed definition on the recorded past.")(backtest_definition)


def report_lines(report: PeriodReportShown) -> Iterator[str]:
    """The report as lines to read. Times in UTC."""
    customer = f", {report.customer_name}" if report.customer_name else ""
    yield f"{report.sla_instance_id}: service {report.service_id} of customer {report.customer_id}{customer}"
    yield f"by {report.definition_name}, version {report.definition_version}; times in UTC"
    state = f"revision {report.revision}" if report.closed else f"not closed, until {_at(report.as_of)}"
    yield f"period {_at(report.period_start)} to {_at(report.period_end)}, {state}"
    if report.revision_reason:
        yield f"revised because: {report.revision_reason}"
    if report.previous is not None and report.previous.availability is not None:
        yield f"revision {report.previous.revision} had an availability of {report.previous.availability:.6f}"
    yield ""
    share = "none" if report.availability is None else f"{report.availability:.6f}"
    target = "" if report.availability_target is None else f" (target {report.availability_target:.9g})"
    yield f"availability {share}{target}"
    yield from (f"  {each}" for each in report.arithmetic)
    yield from _section("outages", (_outage(report, number) for number in range(len(report.outages))))
    yield from _section(
        "exclusions",
        (
            f"{_at(each.start)} to {_at(each.end)} {each.category.replace('_', ' ')}: {each.reason} ({each.author})"
            for each in report.exclusions
        ),
    )
    yield from _section(
        "breaches",
        (
            f"{each.id} {each.breach_type.replace('_', ' ')} at {_at(each.breach_start)}: {each.reason}"
            for each in report.breaches
        ),
    )
    yield from _section("credits", (f"{each.rule}, {each.item}: {each.arithmetic}" for each in report.credits))
    if report.credits:
        yield f"credit {report.credit_amount:.2f} {report.currency}"


def _outage(report: PeriodReportShown, number: int) -> str:
    each = report.outages[number]
    lasts = "(longer than the period)" if report.closed else "(lasts)"
    until = f"to {_at(each.end)}" if each.end is not None else lasts
    cause = f", {each.cause}" if each.cause else ""
    reason = f": {each.reason}" if each.reason else ""
    return f"{_at(each.start)} {until} {each.counted:,.6f}".rstrip("0").rstrip(".") + f" s counted{cause}{reason}"


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield title
        yield from (f"  {each}" for each in found)


def _at(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(" ")


def _instances(api: Rest, query: list[tuple[str, str]]) -> Iterator[InstanceShown]:
    """Page by page."""
    cursor: str | None = None
    while True:
        more = [("cursor", cursor)] if cursor is not None else []
        octets = api.get(f"/sla-instances?{urlencode([*query, ('limit', '500'), *more])}")
        page = _decoded(api, octets, InstancePage)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _decoded(api: Rest, octets: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(octets, type=kind)
    except msgspec.MsgspecError as error:
        fail(f"{api.url} answers what this command cannot read: {error}", EX_UNAVAILABLE)


def _say(lines: Iterator[str] | tuple[str, ...]) -> None:
    width = get_terminal_size().columns if sys.stdout.isatty() else None
    for line in lines:
        for shown in fitted(printable(line), width):
            sys.stdout.write(f"{shown}\n")


def _write(file: Path, octets: bytes) -> None:
    if str(file) == "-":
        sys.stdout.buffer.write(octets)
        return
    try:
        file.write_bytes(octets)
    except OSError as error:
        fail(f"{file}: {error.strerror}", EX_CANTCREAT)


def _fields(shown: InstanceShown) -> list[str]:
    share = "" if shown.current_availability is None else f"{shown.current_availability:.6f}"
    left = "" if shown.error_budget is None else f"{shown.error_budget:.6f}".rstrip("0").rstrip(".")
    breaks = "" if shown.breaches_at is None else shown.breaches_at.isoformat()
    return [shown.id, shown.service_id, shown.customer_id, shown.status, share, left, breaks, shown.reason]


def _cells(shown: InstanceShown) -> list[str]:
    share = "-" if shown.current_availability is None else f"{shown.current_availability:.6f}"
    left = "-" if shown.error_budget is None else str(timedelta(seconds=int(shown.error_budget)))
    breaks = "-" if shown.breaches_at is None else f"{shown.breaches_at:%Y-%m-%d %H:%M:%SZ}"
    return [shown.id, shown.service_id, shown.status, share, left, breaks]


def _row(cells: Any) -> str:
    """One line of at most 80 columns."""
    shown = (set_cell_size(printable(cell), width) for cell, (_, width) in zip(cells, _COLUMNS, strict=True))
    return " ".join(shown).rstrip()

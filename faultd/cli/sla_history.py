"""``faultd sla recompute`` and ``faultd sla backtest``: figures derived from the history in PostgreSQL."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import typer
from msgspec import UNSET
from msgspec.structs import asdict, replace

from actors.api.problems import ProblemError
from actors.api.sla_terms import TermsReader
from actors.sla_clock.terms.mistakes import mistakes_of_terms
from actors.store.schema import SchemaMismatch
from actors.store.sla_read import SlaHistory
from faultd import embedded
from faultd.cli.common import (
    DEFAULT_CONFIG,
    EX_CONFIG,
    EX_NOINPUT,
    EX_UNAVAILABLE,
    EX_USAGE,
    ConfigFile,
    configuration,
    fail,
    url_of,
)
from faultd.config import Config
from faultd.inputs import read_credit_models
from faultd.sla_history.backtest import OutcomeTotals, TriedInstance, try_definition
from faultd.sla_history.read import for_each_portion
from faultd.sla_history.recompute import RecomputedPeriod, oldest_whole, recompute
from protocols.decimal_text import decimal, seconds
from protocols.printable import counted, printable
from protocols.rest_sla_definitions import DefinitionEdit
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.local_time import utc_time, wall_time

EX_DIFFERENT = 1
InstanceNames = Annotated[
    list[str] | None, typer.Option("--instance", help="Ids of instances, such as SI17.", metavar="INSTANCE")
]
MOST_CHANGED = 40
"""Instances that a back-test lists."""


def recompute_periods(
    instance: InstanceNames = None,
    every: Annotated[bool, typer.Option("--all", help="Every instance. Only periods that differ are listed.")] = False,
    period: Annotated[
        str, typer.Option(help="Only periods that begin in this month or on this day: 2026-03, 2026-03-01.", metavar="MONTH")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each period.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Derive the figures of closed periods anew from the rows of PostgreSQL: outages, exclusions, planned work, clocks, fault
    reports. Compare them with the newest revision that was closed. Writes nothing, and works beside a running daemon.

    Contracts and the topology are taken as they are now; a note says where they have changed since. Exit 1 when a period
    differs, 66 when there is none, 69 when the database cannot be reached.
    """
    if bool(instance) == every:
        fail("recompute: say which: --instance INSTANCE, or --all", EX_USAGE)
    if period and not (len(period) in (7, 10) and period.replace("-", "").isdigit()):
        fail(f"period = {period!r}: expected a month (2026-03) or a day (2026-03-01)", EX_USAGE)
    seen: list[int] = []
    settings = configuration(config)
    oldest, gone = oldest_whole(datetime.now(UTC), settings.sla.keep_days), 0

    def take(history: SlaHistory) -> None:
        nonlocal gone
        for found in recompute(history):
            if not _begins_in(history, found, period):
                continue
            if found.period_start < oldest:
                gone += 1
                continue
            seen.append(len(found.differences))
            if json:
                sys.stdout.buffer.write(msgspec.json.encode(_as_json(found)) + b"\n")
            elif found.differences or not every:
                for line in period_lines(found):
                    sys.stdout.write(f"{printable(line)}\n")

    _read(settings, tuple(instance or ()), "", take)
    if gone:
        days = settings.sla.keep_days
        sys.stderr.write(f"{counted(gone, 'period')} not compared: older than keep_days ({days}), so facts are deleted\n")
    if not seen:
        fail("there is no such closed period in PostgreSQL", EX_NOINPUT)
    wrong = sum(1 for differences in seen if differences)
    sys.stderr.write(f"{counted(len(seen), 'period')}: {len(seen) - wrong} equal, {wrong} different\n")
    if wrong:
        raise typer.Exit(EX_DIFFERENT)


def backtest_definition(
    file: Annotated[
        Path, typer.Argument(help="Fields to change, as PATCH /sla-definitions takes them (JSON).", metavar="DEFINITION.json")
    ],
    definition: Annotated[str, typer.Option("--definition", help="The definition that is changed: SD3.", metavar="ID")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Measure the closed periods of a definition's instances by changed terms: what availability, breaches and credits would
    have been. Writes nothing, and works beside a running daemon.

    The past is what PostgreSQL has kept: outages, planned work, exclusions. Alarms that kept their time limits and measurements
    within their limits are not kept, so stricter limits of these may have been missed more often than shown.
    """
    settings = configuration(config)
    found: list[TriedInstance] = []
    tried: list[tuple[SlaDefinition, SlaTerms]] = []

    def take(history: SlaHistory) -> None:
        if not tried:
            before = history.definitions.get(definition, ())
            if not before:
                fail(f"there is no definition {definition!r} in PostgreSQL", EX_NOINPUT)
            tried.append((before[-1], _changed(file, settings, before[-1].terms)))
        found.extend(try_definition(history, *tried[0]))

    _read(settings, (), definition, take)
    if not found:
        fail(f"no instance has a closed period of definition {definition!r} in PostgreSQL", EX_NOINPUT)
    for line in trial_lines(found, *tried[0]):
        sys.stdout.write(f"{printable(line)}\n")


def period_lines(found: RecomputedPeriod) -> Iterator[str]:
    """The result for one period: equal, or each difference on a line."""
    verdict = "differs" if found.differences else "equal"
    begins = utc_time(found.period_start)
    yield f"{found.instance_id}  {found.service_id}  {begins:%Y-%m-%dT%H:%MZ}  revision {found.revision}  {verdict}"
    for each in found.differences:
        yield f"    {each.figure}: {each.kept or 'none'}, recomputed {each.recomputed or 'none'}"
    for note in found.notes:
        yield f"    note: {note}"


def trial_lines(found: list[TriedInstance], definition: SlaDefinition, terms: SlaTerms) -> Iterator[str]:
    """The sums side by side, then the instances with other breaches or credits."""
    recorded, tried = OutcomeTotals(), OutcomeTotals()
    for each in found:
        for figures in each.recorded:
            recorded = recorded.plus(figures)
        for figures in each.tried:
            tried = tried.plus(figures)
    yield f"definition {definition.id} ({definition.terms.name}), {counted(len(found), 'instance')}"
    yield f"{'':<16}{'recorded':>22}{'tried':>22}"
    yield _row("periods", str(recorded.periods), str(tried.periods))
    yield _row("availability", _share(recorded.availability), _share(tried.availability))
    yield _row("down", f"{seconds(recorded.down, grouped=True)} s", f"{seconds(tried.down, grouped=True)} s")
    yield _row("unknown", f"{seconds(recorded.unknown, grouped=True)} s", f"{seconds(tried.unknown, grouped=True)} s")
    yield _row("breaches", str(recorded.breaches), str(tried.breaches))
    for key in sorted({*recorded.credits, *tried.credits}):
        yield _row("credits", *(f"{decimal(each.credits.get(key, 0), key[1])} {key[0]}" for each in (recorded, tried)))
    if terms.performance != definition.terms.performance:
        yield "note: other limits of latency, loss or bandwidth cannot be tried: breaches are those that were recorded"
    changed = [line for each in found if (line := _changed_line(each))]
    if changed:
        yield ""
    yield from changed[:MOST_CHANGED]
    if len(changed) > MOST_CHANGED:
        yield f"... and {len(changed) - MOST_CHANGED} more instances"


def _changed_line(found: TriedInstance) -> str:
    was, now = OutcomeTotals(), OutcomeTotals()
    for figures in found.recorded:
        was = was.plus(figures)
    for figures in found.tried:
        now = now.plus(figures)
    parts = []
    if was.breaches != now.breaches:
        parts.append(f"breaches {was.breaches} -> {now.breaches}")
    for currency, digits in sorted({*was.credits, *now.credits}):
        before, after = (each.credits.get((currency, digits), 0) for each in (was, now))
        if before != after:
            parts.append(f"credits {decimal(before, digits)} -> {decimal(after, digits)} {currency}")
    return f"{found.instance_id}  {found.service_id}  {', '.join(parts)}" if parts else ""


def _row(name: str, recorded: str, tried: str) -> str:
    return f"{name:<16}{recorded:>22}{tried:>22}"


def _share(value: int | None) -> str:
    return "none" if value is None else decimal(value, 6)


def _begins_in(history: SlaHistory, found: RecomputedPeriod, period: str) -> bool:
    """Whether the period begins on a local date that begins with ``period``."""
    if not period:
        return True
    versions = history.definitions[found.figures.definition_id]
    version = next(each for each in versions if each.version == found.figures.definition_version)
    zone = ZoneInfo(version.terms.period.zone)
    return wall_time(found.period_start, zone).date().isoformat().startswith(period)


def _as_json(found: RecomputedPeriod) -> dict[str, object]:
    return {
        "sla_instance_id": found.instance_id,
        "service_id": found.service_id,
        "period_start": utc_time(found.period_start),
        "period_end": utc_time(found.period_end),
        "revision": found.revision,
        "equal": not found.differences,
        "differences": found.differences,
        "notes": found.notes,
    }


def _changed(file: Path, settings: Config, before: SlaTerms) -> SlaTerms:
    """The terms with the fields of a file; a mistake in it ends the command."""
    try:
        body = msgspec.json.decode(file.read_bytes(), type=DefinitionEdit)
        edited = TermsReader(read_credit_models(settings), datetime.now(UTC).year).edit(body, before)
    except OSError as error:
        fail(f"{file}: {error.strerror}", EX_NOINPUT)
    except (msgspec.MsgspecError, ValueError, ProblemError) as error:
        fail(f"{file}: {error}", EX_CONFIG)
    terms = replace(before, **{name: value for name, value in asdict(edited).items() if value is not UNSET})
    if mistakes := list(mistakes_of_terms(terms)):
        fail("\n".join(f"{file}: {field}: {text}" for field, text in mistakes), EX_CONFIG)
    return terms


def _read(settings: Config, ids: tuple[str, ...], definition_id: str, take: Callable[[SlaHistory], None]) -> None:
    try:
        with url_of(settings) as url:
            asyncio.run(for_each_portion(url, ids, definition_id, take))
    except SchemaMismatch as error:
        fail(str(error), EX_CONFIG)
    except msgspec.ValidationError as error:
        fail(f"a row of the database cannot be read: {error}", EX_CONFIG)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, embedded.EmbeddedPostgresError) as error:
        fail(f"the database cannot be reached: {error}", EX_UNAVAILABLE)

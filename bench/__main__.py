"""``python -m bench``: measure, print the table, write ``docs/benchmarks.md``."""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from rich.console import Console

from bench import machine
from bench.children import BenchError, Postgres
from bench.context import Context
from bench.rows.compare import authpriv, cpu, informs
from bench.rows.dispatch import dispatch
from bench.rows.growth import correlation, counted, growth
from bench.rows.pollers import pollers
from bench.rows.polling import polling
from bench.rows.recovery import catch_up, restart
from bench.rows.sla import sla
from bench.rows.soak import soak
from bench.rows.strategies import strategies
from bench.rows.stream import fan_out, latency
from bench.rows.sustained import burst, sustained
from bench.rows.tables import tables
from bench.rows.topology import topology
from bench.table import Group, Row, markdown, measured_again, terminal
from faultd.embedded import EmbeddedPostgresError

GROUPS: dict[str, tuple[str, Callable[[Context], Sequence[Row]]]] = {
    "sustained": ("Sustained rate", sustained),
    "burst": ("Bursts", burst),
    "cpu": ("CPU per trap", cpu),
    "inform": ("INFORM", informs),
    "v3": ("SNMPv3", authpriv),
    "latency": ("Trap to subscriber", latency),
    "fan_out": ("Fan-out", fan_out),
    "catch_up": ("Catch-up", catch_up),
    "growth": ("Growth", growth),
    "correlation": ("Correlation", correlation),
    "instructions": ("Correlation, counted", counted),
    "strategies": ("Correlation in the daemon", strategies),
    "topology": ("Topology", topology),
    "tables": ("SNMP tables", tables),
    "pollers": ("Pollers", pollers),
    "polling": ("Polling", polling),
    "sla": ("Service level agreements", sla),
    "dispatch": ("Dispatch", dispatch),
    "restart": ("Start-up and memory", restart),
    "soak": ("Memory over time", soak),
}
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 s instead of 60 s, a shorter outage, fewer sizes")
    parser.add_argument("--seconds", type=int, help="how long the sustained rate is held")
    parser.add_argument("--outage", type=float, metavar="MINUTES", help="time without PostgreSQL before the catch-up")
    parser.add_argument("--nodes", type=int, help="largest topology")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="how long memory is watched (10; quick: 1)")
    parser.add_argument("--soak-rate", type=int, metavar="RATE", help="traps a second meanwhile (half the sustained rate)")
    parser.add_argument("--only", action="append", choices=GROUPS, help="this group alone (repeatable); writes no page")
    parser.add_argument("--page", action="store_true", help="with --only: put the groups' new sections into the page")
    given = parser.parse_args()
    options = "quick" if given.quick else "full"
    console = Console()
    begun, at = time.monotonic(), datetime.now(UTC)
    groups = []
    with tempfile.TemporaryDirectory(prefix="faultd-bench-") as folder:
        console.print("starting PostgreSQL", style="dim")
        postgres = Postgres(Path(folder) / "postgres")
        try:
            context = Context(
                folder=Path(folder),
                console=console,
                postgres=postgres,
                quick=given.quick,
                seconds=given.seconds or (10 if given.quick else 60),
                outage_seconds=round(60 * given.outage) if given.outage else (15 if given.quick else 60),
                soak_seconds=round(60 * (given.soak or (1 if given.quick else 10))),
                soak_rate=given.soak_rate,
                nodes=tuple(
                    n for n in (10_000, 100_000, 1_000_000) if n <= (given.nodes or (100_000 if given.quick else 10**6))
                ),
            )
            for name in given.only or GROUPS:
                title, measure = GROUPS[name]
                console.print(f"[bold]{title}[/]")
                groups.append(attempt(title, measure, context))
        finally:
            postgres.stop()
    console.print(terminal(groups))
    if given.only:
        if given.page:
            command = f'`make bench BENCH="{shlex.join(sys.argv[1:])}"`'
            PAGE.write_text(measured_again(PAGE.read_text(), groups, at=at, options=f"{options}, by {command}"))
        return
    page = markdown(
        groups,
        at=at,
        machine=machine.description(),
        versions=machine.versions(),
        options=options,
        seconds=time.monotonic() - begun,
    )
    PAGE.write_text(page)
    console.print(f"written to {PAGE}")


def attempt(title: str, measure: Callable[[Context], Sequence[Row]], context: Context) -> Group:
    """The group's rows, or why there are none."""
    try:
        return Group(title, measure(context))
    except (BenchError, EmbeddedPostgresError, OSError, subprocess.SubprocessError, asyncpg.PostgresError) as error:
        context.tell(f"could not run: {error}")
        return Group(title, (), f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()

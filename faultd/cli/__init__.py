"""The command line: each command in a module of its own, put together here."""

from importlib.metadata import version
from platform import python_version
from typing import Annotated

import typer

from faultd.cli import alarms, notify, profile, sla, token
from faultd.cli.backtest import try_on_ledger
from faultd.cli.check import check
from faultd.cli.demo import demo
from faultd.cli.evaluate import evaluate_plants
from faultd.cli.explain import explain
from faultd.cli.migrate import migrate_database
from faultd.cli.replay import replay
from faultd.cli.restore import restore_ledger
from faultd.cli.run import run
from faultd.cli.simulate import simulate_plant
from faultd.cli.status import status
from faultd.native import TRAP_PATH

app = typer.Typer(
    name="faultd",
    help="Fault management for fibre operators: SNMP traps in, durable alarms with their cause out.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"faultd {version('faultd')} (Python {python_version()}, trap path {TRAP_PATH})")
        raise typer.Exit


@app.callback()
def _options(
    wanted: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    pass


# The short texts fit a line of 80 columns; without one the first sentence of the help is cut off there.
app.command("run")(run)
app.command("demo", short_help="Run faultd with a simulated plant, and show the alarms live.")(demo)
app.command("check", short_help="Check a configuration and all files that it names.")(check)
app.command("simulate", short_help="Send the traps of a simulated plant.")(simulate_plant)
app.command("replay", short_help="Print the open alarms that the ledger's Events give.")(replay)
app.command("evaluate", short_help="Score the causes that faultd names, on simulated faults.")(evaluate_plants)
app.command("explain", short_help="Explain an alarm: its cause, its decisions, its notes.")(explain)
app.command("backtest", short_help="Try other rules and notification policies on the ledger's Events.")(try_on_ledger)
app.command("migrate")(migrate_database)
app.command("restore", short_help="Begin a new ledger with what PostgreSQL has.")(restore_ledger)
app.command("status", short_help="Ask the running daemon how it is.")(status)
app.add_typer(alarms.app, name="alarms")
app.add_typer(sla.app, name="sla", short_help="Service level agreements: list, explain, report, prove.")
app.add_typer(notify.app, name="notify", short_help="Notifications: who is told of what, and why.")
app.add_typer(token.app, name="token")
app.add_typer(profile.app, name="profile", short_help="Vendor profiles: list, test, and which OLTs are known.")


def main() -> None:
    """Entry point of the console script."""
    app()

"""The command line: each command in a module of its own, put together here."""

from importlib.metadata import version
from platform import python_version
from typing import Annotated

import typer

from faultd.cli import alarms, profile, token
from faultd.cli.backtest import backtest_rules
from faultd.cli.check import check
from faultd.cli.demo import demo
from faultd.cli.evaluate import evaluate_plants
from faultd.cli.explain import explain
from faultd.cli.migrate import migrate_database
from faultd.cli.replay import replay
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


app.command("run")(run)
app.command("demo")(demo)
app.command("check")(check)
app.command("simulate")(simulate_plant)
app.command("replay")(replay)
app.command("evaluate")(evaluate_plants)
app.command("explain")(explain)
app.command("backtest")(backtest_rules)
app.command("migrate")(migrate_database)
app.command("status")(status)
app.add_typer(alarms.app, name="alarms")
app.add_typer(token.app, name="token")
app.add_typer(profile.app, name="profile")


def main() -> None:
    """Entry point of the console script."""
    app()

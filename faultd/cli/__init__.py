"""The command line: each command in a module of its own, put together here."""

import typer

from faultd.cli import profile, token
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

app = typer.Typer(
    name="faultd",
    help="Fault management for fibre operators: SNMP traps in, durable alarms with their cause out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
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
app.add_typer(token.app, name="token")
app.add_typer(profile.app, name="profile")


def main() -> None:
    """Entry point of the console script."""
    app()

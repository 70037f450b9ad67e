"""The command line: each command in a module of its own, put together here. Only the module of the command that is called is
imported: to import all of them takes a second."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, NamedTuple

import typer


class CommandPlace(NamedTuple):
    """``place``: its module in this package, and the function or the group of commands in that module."""

    place: str
    short_help: str | None = None
    """Fits a line of 80 columns; without one the first sentence of the help is cut off there."""


COMMANDS = {
    "run": CommandPlace("run:run"),
    "demo": CommandPlace("demo:demo", "Run faultd with a simulated plant, and show the alarms live."),
    "check": CommandPlace("check:check", "Check a configuration and all files that it names."),
    "simulate": CommandPlace("simulate:simulate_plant", "Send the traps of a simulated plant."),
    "replay": CommandPlace("replay:replay", "Print the open alarms that the ledger's Events give."),
    "evaluate": CommandPlace("evaluate:evaluate_plants", "Score the causes that faultd names, on simulated faults."),
    "explain": CommandPlace("explain:explain", "Explain an alarm: its cause, its decisions, its notes."),
    "backtest": CommandPlace("backtest:try_on_ledger", "Try other rules and notification policies on the ledger's Events."),
    "migrate": CommandPlace("migrate:migrate_database"),
    "restore": CommandPlace("restore:restore_ledger", "Begin a new ledger with what PostgreSQL has."),
    "status": CommandPlace("status:status", "Ask the running daemon how it is."),
    "alarms": CommandPlace("alarms:app"),
    "poll": CommandPlace("poll:poll", "Ask one device once, without the daemon."),
    "devices": CommandPlace("devices:list_devices", "List the devices that are polled, and their states."),
    "sla": CommandPlace("sla:app", "Service level agreements: list, explain, report, prove."),
    "notify": CommandPlace("notify:app", "Notifications: who is told of what, and why."),
    "token": CommandPlace("token:app"),
    "profile": CommandPlace("profile:app", "Vendor profiles: list, test, and which OLTs are known."),
}


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version
        from platform import python_version

        from faultd.native import TRAP_PATH

        typer.echo(f"faultd {version('faultd')} (Python {python_version()}, trap path {TRAP_PATH})")
        raise typer.Exit


def command_line(names: Sequence[str] = tuple(COMMANDS)) -> typer.Typer:
    """``faultd`` with the commands of these names."""
    line = typer.Typer(
        name="faultd",
        help="Fault management for fibre operators: SNMP traps in, durable alarms with their cause out.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    line.callback()(_options)
    for name in names:
        place, short_help = COMMANDS[name]
        module, _, attribute = place.partition(":")
        made = getattr(import_module(f"faultd.cli.{module}"), attribute)
        if isinstance(made, typer.Typer):
            line.add_typer(made, name=name, short_help=short_help)
        else:
            line.command(name, short_help=short_help)(made)
    return line


def _options(
    wanted: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point of the console script."""
    called = sys.argv[1] if len(sys.argv) > 1 else ""
    command_line([called] if called in COMMANDS else tuple(COMMANDS))()

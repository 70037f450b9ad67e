"""What every command needs: the configuration or a clear refusal, and the exit codes of sysexits.h."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from faultd.config import Config, ConfigError, load

EX_USAGE, EX_NOINPUT, EX_UNAVAILABLE, EX_SOFTWARE, EX_CANTCREAT, EX_NOPERM, EX_CONFIG = 64, 66, 69, 70, 73, 77, 78

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration (TOML).", show_default=True, metavar="FILE")
]
DEFAULT_CONFIG = Path("/etc/faultd/faultd.toml")


def fail(text: str, code: int) -> NoReturn:
    """Say what is wrong on stderr and exit with ``code``."""
    sys.stderr.write(f"faultd: {text}\n")
    raise typer.Exit(code)


def configuration(file: Path) -> Config:
    """The configuration in ``file``; with a mistake in it, every one is shown and the exit code is 78."""
    try:
        return load(file)
    except ConfigError as error:
        refuse(error)


def refuse(error: ConfigError) -> NoReturn:
    """Exit 78 with every mistake on a line of its own."""
    count = len(error.mistakes)
    fail(f"{count} mistake{'s' if count != 1 else ''} in the configuration\n{error}", EX_CONFIG)

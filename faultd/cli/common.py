"""Shared by all commands: reading the configuration, and the exit codes of sysexits.h."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from faultd import embedded
from faultd.config import Config, ConfigError, load
from faultd.security import database_url
from protocols.printable import counted, printable

EX_USAGE, EX_NOINPUT, EX_UNAVAILABLE, EX_SOFTWARE, EX_CANTCREAT, EX_NOPERM, EX_CONFIG = 64, 66, 69, 70, 73, 77, 78
EX_INTERRUPTED = 130
"""The exit code that a shell gives a command ended by SIGINT."""

SHOWN = 8
"""Mistakes that a refusal lists; ``faultd check`` lists all of them."""

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration (TOML).", show_default=True, metavar="FILE")
]
DEFAULT_CONFIG = Path("/etc/faultd/faultd.toml")


def fail(text: str, code: int) -> NoReturn:
    """Say what is wrong on stderr and exit with ``code``."""
    sys.stderr.write("faultd: " + "\n".join(map(printable, text.splitlines())) + "\n")
    raise typer.Exit(code)


def configuration(file: Path) -> Config:
    """The configuration in ``file``; with mistakes in it, the first are shown and the exit code is 78."""
    try:
        return load(file)
    except ConfigError as error:
        refuse(error)


def refuse(error: ConfigError) -> NoReturn:
    """Exit 78 with the first mistakes, each on a line of its own."""
    lines = str(error).splitlines()
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"... and {len(lines) - SHOWN} more: `faultd check FILE` lists all of them"]
    fail("\n".join((f"{counted(len(error.mistakes), 'mistake')} in the configuration", *lines)), EX_CONFIG)


@contextmanager
def url_of(settings: Config) -> Iterator[str]:
    """The configured database, or the embedded one for as long as it is needed."""
    if url := database_url(settings.database):
        yield url
    else:
        server = embedded.start(settings.path())
        try:
            yield server.url
        finally:
            server.stop()


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions inside nested groups."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error

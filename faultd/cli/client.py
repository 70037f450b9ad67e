"""Shared by the commands that ask a running daemon: its address, the token, and the text of a failure."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from faultd.cli.common import (
    DEFAULT_CONFIG,
    EX_INTERRUPTED,
    EX_NOINPUT,
    EX_NOPERM,
    EX_UNAVAILABLE,
    EX_USAGE,
    fail,
    leaves,
    refuse,
)
from faultd.config import ConfigError
from faultd.console import credentials, server
from faultd.console.follow import StreamRefused, StreamUnreachable
from faultd.console.rest import Declined, NotFound, NotLetIn, Rest, Unreachable

EX_DECLINED = 1

ConfigOrUrl = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help=f"The daemon's configuration, for its addresses; without it {DEFAULT_CONFIG}, or the default ports here.",
        metavar="FILE",
    ),
]
Url = Annotated[str, typer.Option("--url", help="The API of the daemon, http://host:port; without it as --config says.")]
StreamUrl = Annotated[
    str,
    typer.Option("--stream-url", help="The stream, ws://host:port/alarms; without it that of --url's host, on port 8163."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        help="A file with a token of the API, - for standard input; without it FAULTD_TOKEN, FAULTD_TOKEN_FILE, "
        "~/.config/faultd/token, or it is asked for.",
        metavar="FILE",
    ),
]


def where(config: Path | None, url: str, stream_url: str = "") -> server.DaemonAddress:
    """The daemon's addresses; 78 for a configuration with a mistake, 64 for a bad URL."""
    try:
        return server.find(url, stream_url, config, DEFAULT_CONFIG, os.environ)
    except server.BadUrl as error:
        fail(str(error), EX_USAGE)
    except ConfigError as error:
        refuse(error)


def token(file: Path | None) -> str:
    """The token; 77 when there is none."""
    try:
        return credentials.find(file, os.environ)
    except credentials.NoToken as error:
        fail(str(error), EX_NOPERM)


def rest(config: Path | None, url: str, token_file: Path | None) -> Rest:
    """The API."""
    return Rest(where(config, url).api, token(token_file))


@contextmanager
def told() -> Iterator[None]:
    """Turns what can go wrong inside into one line and an exit code."""
    try:
        yield
    except BaseException as error:
        for leaf in leaves(error):
            match leaf:
                case NotLetIn() | StreamRefused():
                    fail(str(leaf), EX_NOPERM)
                case NotFound():
                    fail(str(leaf), EX_NOINPUT)
                case Declined():
                    fail(str(leaf), EX_DECLINED)
                case Unreachable() | StreamUnreachable():
                    fail(str(leaf), EX_UNAVAILABLE)
                case KeyboardInterrupt():
                    raise typer.Exit(EX_INTERRUPTED) from None
        raise

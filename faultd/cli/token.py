"""``faultd token``: who may use the API and the stream."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import typer

from actors.tokens import TokenExists, TokenFile, TokenFileError, UnknownToken
from faultd.cli.common import DEFAULT_CONFIG, EX_CANTCREAT, EX_USAGE, ConfigFile, configuration, fail

app = typer.Typer(help="Bearer tokens for the API and the stream.", no_args_is_help=True)

Name = Annotated[str, typer.Option("--name", help="Who it is for: the name that acknowledgements carry.")]


def _book(config: ConfigFile) -> TokenFile:
    settings = configuration(config)
    settings.path().mkdir(mode=0o750, parents=True, exist_ok=True)
    return TokenFile(settings.path("tokens.json"))


@app.command()
def create(
    name: Name,
    role: Annotated[
        Literal["viewer", "operator", "admin"], typer.Option("--role", help="viewer reads, operator acts, admin administers.")
    ],
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="See and act on this tenant only; without it: every one.")
    ] = None,
    days: Annotated[
        float | None, typer.Option("--days", help="Days until it expires; without it: never.", min=0, max=36_500)
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Make a token and print it, alone, on stdout. Only its hash is kept: it cannot be shown again.

    A running daemon takes it at once.
    """
    now = datetime.now(UTC)
    expires = None if days is None else now + timedelta(days=days)
    try:
        token = _book(config).create(name, role, tenant, now, expires)
    except (TokenExists, ValueError) as error:
        fail(str(error), EX_USAGE)
    except (TokenFileError, OSError) as error:
        fail(str(error), EX_CANTCREAT)
    sys.stdout.write(token + "\n")


@app.command("list")
def list_tokens(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """List tokens: name, role, tenant, when made, until when."""
    try:
        records = _book(config).list()
    except TokenFileError as error:
        fail(str(error), EX_CANTCREAT)
    for record in records:
        until = f"until {record.expires_at:%Y-%m-%d %H:%M}" if record.expires_at else "no end"
        state = "revoked" if record.revoked else until
        sys.stdout.write(f"{record.name}\t{record.role}\t{record.tenant or '*'}\t{record.created_at:%Y-%m-%d %H:%M}\t{state}\n")


@app.command()
def revoke(name: Name, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Refuse the token of this name from now on."""
    try:
        _book(config).revoke(name)
    except UnknownToken as error:
        fail(str(error), EX_USAGE)
    except (TokenFileError, OSError) as error:
        fail(str(error), EX_CANTCREAT)

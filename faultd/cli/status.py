"""``faultd status``: what the running daemon says of itself."""

import sys
from http.client import HTTPConnection, HTTPException

import msgspec
import typer

from faultd.cli.common import DEFAULT_CONFIG, EX_UNAVAILABLE, ConfigFile, configuration, fail
from faultd.console.rest import in_words
from protocols.printable import printable
from protocols.rest_daemon import Readiness


def status(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Ask the running daemon how it is: one line per part, and one per consumer of the ledger.

    Exit 0 when it is ready: it takes traps, and a start no longer waits for PostgreSQL. 1 when it is not, 69 when nothing
    answers.
    """
    settings = configuration(config)
    host, _, port = settings.http.bind.rpartition(":")
    connection = HTTPConnection(host.strip("[]"), int(port), timeout=5)
    try:
        connection.request("GET", "/readyz")
        readiness = msgspec.json.decode(connection.getresponse().read(), type=Readiness)
    except (OSError, HTTPException, msgspec.MsgspecError) as error:
        fail(f"no faultd answers at {settings.http.bind}: {in_words(error)}", EX_UNAVAILABLE)
    finally:
        connection.close()
    for name, part in readiness.parts.items():
        sys.stdout.write(printable(f"{name:<12} {part.status:<9} {part.detail}") + "\n")
    for name, lag in readiness.consumers.items():
        batches = "1 batch" if lag.lag_batches == 1 else f"{lag.lag_batches:,} batches"
        behind = f"{batches} behind, for {lag.lag_seconds:.1f} s" if lag.lag_batches else "up to date"
        sys.stdout.write(printable(f"{'consumer':<12} {name:<9} {behind}") + "\n")
    if not readiness.ready:
        raise typer.Exit(1)

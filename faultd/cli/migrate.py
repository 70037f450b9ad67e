"""``faultd migrate``: bring PostgreSQL's schema up to date, and on request hand it over to another ledger."""

import sys
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import asyncpg
import typer

from actors.ledger.database import LedgerFile
from actors.ledger.errors import LedgerError
from actors.ledger.read import read_changes
from actors.ledger.schema import connect_reader
from actors.store.adopt import OperatorDataInTheWay, adopt_now
from actors.store.cursor import Cursor, LedgerRestored, check
from actors.store.schema import SchemaMismatch, migrate
from faultd import embedded
from faultd.cli.common import (
    DEFAULT_CONFIG,
    EX_CANTCREAT,
    EX_CONFIG,
    EX_UNAVAILABLE,
    ConfigFile,
    configuration,
    fail,
    refuse,
    url_of,
)
from faultd.config import ConfigError

_ONE_ROW = 1, 0

AdoptLedger = Annotated[
    bool, typer.Option("--adopt-ledger", help="Let the ledger in state_dir go on with a database that another one filled.")
]


Discard = Annotated[
    bool, typer.Option("--discard", help="With --adopt-ledger: give up the rules, windows and nodes that the ledger lacks.")
]


def migrate_database(config: ConfigFile = DEFAULT_CONFIG, adopt_ledger: AdoptLedger = False, discard: Discard = False) -> None:
    """Bring the database's schema to the newest revision. Doing so again does nothing.

    Use --adopt-ledger, with faultd stopped, when the ledger that filled the database is lost. It also assigns the database to
    the ledger in state_dir, and makes that ledger if there is none. Open alarms are cleared and become history; a problem that
    persists is raised again by its next report. The new ledger lacks the rules, windows and nodes that operators made: if the
    database has any, the command refuses, unless --discard gives them up. `faultd restore --from-database` keeps them.

    Exit 69 when the database cannot be reached. Exit 73 when the ledger is in use or damaged. Exit 78 when the schema is newer
    than this faultd, when the ledger is an older copy of the one that filled the database, or when rules, windows or nodes
    would be lost.
    """
    settings = configuration(config)
    try:
        if adopt_ledger:
            # Held all the while, so that no daemon starts meanwhile.
            with closing(LedgerFile.open(settings.ledger.path(settings.path()))) as ledger, url_of(settings) as url:
                _migrate(url)
                _adopt(url, ledger, discard)
        else:
            with url_of(settings) as url:
                _migrate(url)
    except ConfigError as error:
        refuse(error)
    except LedgerError as error:
        fail(str(error), EX_CANTCREAT)
    except (SchemaMismatch, LedgerRestored, OperatorDataInTheWay) as error:
        fail(str(error), EX_CONFIG)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, embedded.EmbeddedPostgresError) as error:
        fail(f"the database cannot be reached: {error}", EX_UNAVAILABLE)


def _migrate(url: str) -> None:
    done = migrate(url)
    if done.before == done.after:
        sys.stdout.write(f"schema {done.after}: up to date\n")
    else:
        sys.stdout.write(f"schema {done.before or '(empty)'} -> {done.after}\n")


def _adopt(url: str, ledger: LedgerFile, discard: bool) -> None:
    done = adopt_now(url, ledger.ledger_id, datetime.now(UTC), partial(_check, ledger), discard=discard)
    if done is None:
        sys.stdout.write(f"ledger {ledger.ledger_id}: the database is new or this ledger's already; nothing to adopt\n")
    else:
        sys.stdout.write(
            f"ledger {done.before.ledger_id} (up to batch {done.before.seq}) -> {ledger.ledger_id}; "
            f"{done.ended} open alarms became history\n"
        )


def _check(ledger: LedgerFile, cursor: Cursor) -> None:
    """Raise LedgerRestored when ``cursor`` is of this ledger but not of this copy of it."""
    with closing(connect_reader(ledger.path)) as connection:
        found = read_changes(connection, ledger.path, cursor.seq - 1, cursor.seq, *_ONE_ROW)
    check(cursor, ledger.head.seq, found[0] if found else None)

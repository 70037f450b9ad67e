"""``faultd restore``: a new ledger in place of a lost one."""

import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import asyncpg
import msgspec
import typer

from actors.ledger.database import LedgerFile
from actors.ledger.errors import LedgerError
from actors.store.adopt import adopt_restored
from actors.store.operator_read import NothingToRestore, OperatorData, read_operator_data
from actors.store.schema import SchemaMismatch
from faultd import embedded, state_folder
from faultd.cli.common import (
    DEFAULT_CONFIG,
    EX_CANTCREAT,
    EX_CONFIG,
    EX_UNAVAILABLE,
    EX_USAGE,
    ConfigFile,
    configuration,
    fail,
    refuse,
    url_of,
)
from faultd.config import ConfigError
from faultd.new_ledger import BegunLedger, begin_ledger, check_absent, withdraw_ledger
from faultd.state_folder import StateFolderError
from protocols.dispatch.changes import (
    ContactChanged,
    NotificationChanged,
    NotificationPolicyChanged,
    RotaChanged,
    TicketUpdated,
)
from protocols.printable import counted
from protocols.sla.changes import SlaInstanceChanged

FromDatabase = Annotated[
    bool, typer.Option("--from-database", help="Begin a ledger with the rules, windows and nodes that PostgreSQL has.")
]

NOT_RESTORED = """Not restored:
- alarms: they stay as history, and those that were open are cleared by faultd:ledger_replaced. Devices and other systems report
  again what persists.
- the tickets of these alarms stay open until a person closes them. Whoever was told of one hears its end when the same problem
  is reported again and ends, or, when nothing reports it within an hour of the start, that faultd no longer knows of it.
- measurements: a violation of a performance limit that lasts ends now, as do the outages and clocks of the alarms above.
- what the files have: the next start reads profiles, rules, topology and settings again.
- what the lost ledger had and PostgreSQL did not have yet, and Events in quarantine.
"""


def restore_ledger(config: ConfigFile = DEFAULT_CONFIG, from_database: FromDatabase = False) -> None:
    """Begin a new ledger when the old one is lost. It takes from PostgreSQL the rules, maintenance windows and topology nodes
    that operators made, the service level agreements, notification policies, contacts, rotas and open tickets. faultd must be
    stopped, and there must be no ledger.

    Ids stay as they are. The database goes on with the new ledger. Open alarms are cleared and become history; a problem that
    persists is raised again by its next report. If the command is interrupted, run it again.

    Exit 64 without --from-database, 69 when the database cannot be reached, 73 when a ledger exists or cannot be made, 78
    when the database has another schema than this faultd, or was never filled.
    """
    if not from_database:
        fail("restore: say from what: --from-database", EX_USAGE)
    settings = configuration(config)
    path = settings.ledger.path(settings.path())
    try:
        state_folder.make(settings.path())
        # Held all the while, so that no daemon starts meanwhile.
        with closing(LedgerFile.claimed(path)):
            check_absent(path)
            with url_of(settings) as url:
                now = datetime.now(UTC)
                data = read_operator_data(url, now)
                begun = begin_ledger(path, data, now)
                try:
                    ended = adopt_restored(url, begun.ledger_id, begun.begins, now)
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    # The tables still have all of it, so the command can be run again.
                    withdraw_ledger(path)
                    raise
    except ConfigError as error:
        refuse(error)
    except (LedgerError, StateFolderError) as error:
        fail(str(error), EX_CANTCREAT)
    except (SchemaMismatch, NothingToRestore) as error:
        fail(str(error), EX_CONFIG)
    except msgspec.ValidationError as error:
        fail(f"a row of the database cannot be read: {error}", EX_CONFIG)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, embedded.EmbeddedPostgresError) as error:
        fail(f"the database cannot be reached: {error}", EX_UNAVAILABLE)
    sys.stdout.write(_report(data, begun, ended))


def _report(data: OperatorData, begun: BegunLedger, ended: int) -> str:
    instances = sum(isinstance(each, SlaInstanceChanged) for each in data.agreements)
    kinds = Counter(map(type, data.dispatch))
    waiting = sum(isinstance(each, NotificationChanged) and each.notification.waits for each in data.dispatch)
    api_nodes = sum(each.origin == "api" for each in data.nodes)
    return (
        f"ledger {data.ledger_id} (up to batch {data.seq}) -> {begun.ledger_id}, which begins behind offset {begun.begins}\n"
        f"restored: {counted(len(data.rules), 'rule')}, {counted(len(data.windows), 'maintenance window')}, "
        f"{counted(len(data.nodes), 'node')} ({api_nodes} of them from the API)\n"
        f"restored: {counted(instances, 'SLA instance')} with definitions, outages, breaches, credits and closed periods\n"
        f"restored: {counted(kinds[NotificationPolicyChanged], 'notification policy', 'notification policies')}, "
        f"{counted(kinds[ContactChanged], 'contact')}, {counted(kinds[RotaChanged], 'rota')}, "
        f"{counted(kinds[TicketUpdated], 'open ticket')}, {counted(waiting, 'notification')} that wait, "
        f"{counted(kinds[NotificationChanged] - waiting, 'notification')} whose end is owed\n"
        f"{counted(ended, 'open alarm')} became history\n"
        f"{NOT_RESTORED}"
    )

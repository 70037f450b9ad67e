"""``faultd replay``: fold the ledger's Events once more and see what comes of them."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from actors.ledger.errors import LedgerError
from actors.ledger.read import begins, iterate_events, ledger_id, oldest_offset, read_head, read_snapshots
from actors.ledger.schema import connect_reader
from actors.stage import StageFailed
from faultd.cli.common import DEFAULT_CONFIG, EX_NOINPUT, ConfigFile, configuration, fail
from faultd.console.view import line
from faultd.pipe import Stages
from protocols.change import Change


def replay(
    config: ConfigFile = DEFAULT_CONFIG,
    ledger: Annotated[Path | None, typer.Option("--ledger", help="A ledger file, instead of the configured one.")] = None,
    through: Annotated[int | None, typer.Option("--through", help="Stop after this offset.", min=1)] = None,
    changes: Annotated[bool, typer.Option("--changes", help="Print every Change as a line of JSON.")] = False,
) -> None:
    """Fold the ledger's Events again, reading only, and print the open alarms that come of them.

    The fold is deterministic: the same Events, with the profiles, topology and settings that were in force (they are
    Events too), give the same alarms. Where old Events have been pruned it starts from the oldest snapshot kept. Works beside a
    running daemon.
    """
    file = ledger or configuration(config).ledger.path(configuration(config).path())
    if not file.is_file():
        fail(f"{file}: no ledger here", EX_NOINPUT)
    try:
        stages = _start(file)
        state = stages.state
        for made in _fold(file, stages, through):
            if changes:
                sys.stdout.buffer.write(msgspec.json.encode(made) + b"\n")
    except (LedgerError, StageFailed) as error:
        fail(str(error), EX_NOINPUT)
    if not changes:
        for alarm in state.alarms.values():
            if alarm.cleared_at is None:
                sys.stdout.write(line(alarm) + "\n")
        still_open = sum(alarm.cleared_at is None for alarm in state.alarms.values())
        sys.stdout.write(f"{still_open} open alarms after Event {state.offset} ({state.at:%Y-%m-%d %H:%M:%S} UTC)\n")


def _start(file: Path) -> Stages:
    """The stages before the oldest Event kept: empty, or as in the oldest snapshot."""
    with closing(connect_reader(file)) as connection:
        stages = Stages(ledger_id(connection, file))
        oldest = oldest_offset(connection)
        if oldest > begins(connection, file) + 1:
            for snapshot in reversed(list(read_snapshots(connection))):
                if snapshot.through >= oldest - 1:
                    stages.load(snapshot.parts)
                    stages.begin()
                    break
        return stages


def _fold(file: Path, stages: Stages, through: int | None) -> Iterator[Change]:
    with closing(connect_reader(file)) as connection:
        last = read_head(connection, file).offset
        after = max(stages.state.offset, begins(connection, file))
        for batch in iterate_events(connection, file, after, min(through or last, last)):
            yield from stages.fold_batch(batch)

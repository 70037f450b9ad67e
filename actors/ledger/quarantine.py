"""Events in quarantine, in the ledger's file: each once for every stage that could not fold it."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from actors.ledger.checksum import checksum_holds, with_checksum
from actors.ledger.codec import encode_changes, one_event
from actors.ledger.group import SnapshotPiece
from actors.ledger.read import EVENT_COLUMNS
from actors.trusted_clock import micros
from protocols.change import Change, Quarantined, Released
from protocols.command import FIRST_STAGE
from protocols.event import Event, StageQuarantine
from protocols.ledger import ChangeBatch


class Touched(NamedTuple):
    """A Change that puts an Event into quarantine or lets it go, and the other Changes of its batch."""

    change: Quarantined | Released
    batch: Sequence[Change]


def touching_quarantine(folded: Sequence[ChangeBatch | SnapshotPiece]) -> list[Touched]:
    """The Changes that concern the quarantine, in order."""
    return [
        Touched(change, item.changes)
        for item in folded
        if isinstance(item, ChangeBatch)
        for change in item.changes
        if isinstance(change, Quarantined | Released)
    ]


def stage_reports(touched: Sequence[Touched]) -> list[Event]:
    """Events from which the correlator makes the alarms of the stages behind it, to be appended in the same commit."""
    reports: list[Event] = []
    for change, _ in touched:
        if change.stage == FIRST_STAGE:
            continue
        if isinstance(change, Quarantined):
            reports.append(StageQuarantine(change.stage, change.offset, True, change.error))
        else:
            reports.append(
                StageQuarantine(change.stage, change.released, False, change.why, change.by, discarded=change.discarded)
            )
    return reports


def put_quarantined(connection: sqlite3.Connection, touched: Sequence[Touched]) -> int:
    """Bring the table up to date, in the caller's transaction; how many rows there are then."""
    for change, batch in touched:
        if isinstance(change, Quarantined):
            _put(connection, change, batch)
        else:
            connection.execute("DELETE FROM quarantine WHERE offset = ? AND stage = ?", (change.released, change.stage))
    (count,) = connection.execute("SELECT count(*) FROM quarantine").fetchone()
    return int(count)


def _put(connection: sqlite3.Connection, change: Quarantined, batch: Sequence[Change]) -> None:
    known = connection.execute(
        "UPDATE quarantine SET error = ? WHERE offset = ? AND stage = ?", (change.error, change.offset, change.stage)
    )
    if known.rowcount:
        return
    row = connection.execute(
        f"SELECT {EVENT_COLUMNS} FROM events WHERE first <= ? ORDER BY first DESC LIMIT 1", (change.offset,)
    ).fetchone()
    event = b""
    if row is not None and checksum_holds(row) and change.offset <= row[1]:
        event = one_event(row[-1], change.offset - row[0])
    before = encode_changes(_changes_before(change, batch)) if change.stage != FIRST_STAGE else b""
    connection.execute(
        "INSERT INTO quarantine(offset, stage, at, kind, changes, seal, event, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*with_checksum(change.offset, change.stage, micros(change.at), change.kind, before, event), change.error),
    )


def _changes_before(change: Quarantined, batch: Sequence[Change]) -> list[Change]:
    """The Changes of the same Event by the stages before: those that come before it."""
    before: list[Change] = []
    for other in batch:
        if other is change:
            break
        if other.offset == change.offset:
            before.append(other)
    return before

"""Pruning: removing old rows, in steps so small that commits never wait long.

A row is old when it is past its retention, or among the oldest while more bytes are in use than allowed. Old Events go when the
older of the two kept snapshots covers them, so that a start can recover from either. With a single snapshot no Event goes,
since the snapshot may turn out to be unusable. Beside these two, older snapshots stay that lie far enough apart: a
back-test begins from them. Old Changes go when every consumer that bounds pruning has acknowledged them.
The newest row of each table always stays: it says where the ledger ends.
"""

import sqlite3
from collections.abc import Sequence

from msgspec import Struct

_STEP_BYTES = 4 * 1024 * 1024
_STEP_ROWS = 256
_SNAPSHOTS = 2
"""The newest snapshots, from which a start recovers."""
_SHARE = 4
"""Older snapshots take this part of the bytes allowed at most."""


class PruneLimits(Struct, frozen=True):
    """``cutoff`` (microseconds since 1970): older rows are past their retention. ``max_bytes``: the bytes in use to stay below.
    ``changes_through``: the newest batch of Changes that no consumer needs any more. ``apart``: microseconds between two older
    snapshots that stay; 0: none stays."""

    cutoff: int
    max_bytes: int
    changes_through: int = 2**63 - 1
    apart: int = 0


class Pruned(Struct, frozen=True):
    """The numbers of rows that a step removed. ``more``: the next step would remove some too."""

    events: int
    batches: int
    more: bool


def prune(connection: sqlite3.Connection, limits: PruneLimits) -> Pruned:
    """Remove a bounded number of old rows, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    leftover = _prune_snapshots(connection, limits)
    over = max(0, _bytes_in_use(connection) - limits.max_bytes)
    (floor,) = connection.execute(
        "SELECT CASE count(*) WHEN :kept THEN min(through) ELSE 0 END "
        "FROM (SELECT through FROM snapshots ORDER BY through DESC LIMIT :kept)",
        {"kept": _SNAPSHOTS},
    ).fetchone()
    (newest,) = connection.execute("SELECT coalesce(max(first), 0) FROM events").fetchone()
    rows = connection.execute(
        "SELECT first, at, length(body), through - first + 1 FROM events WHERE through <= ? AND first < ? "
        "ORDER BY first LIMIT ?",
        (floor, newest, _STEP_ROWS),
    ).fetchall()
    old, cut = _old(rows, limits.cutoff, over)
    if old:
        connection.execute("DELETE FROM events WHERE first <= ?", (old[-1][0],))

    (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()
    through = min(last - 1, limits.changes_through)
    over -= sum(row[2] for row in old)
    batches = connection.execute(
        "SELECT seq, at, length(body) FROM changes WHERE seq <= ? ORDER BY seq LIMIT ?", (through, _STEP_ROWS)
    ).fetchall()
    old_batches, cut_batches = _old(batches, limits.cutoff, max(0, over))
    if old_batches:
        connection.execute("DELETE FROM changes WHERE seq <= ?", (old_batches[-1][0],))
    connection.execute("COMMIT")
    return Pruned(sum(row[3] for row in old), len(old_batches), leftover or cut or cut_batches)


def _old(rows: Sequence[tuple[int, ...]], cutoff: int, over: int) -> tuple[Sequence[tuple[int, ...]], bool]:
    """The leading rows (key, at, bytes, ...) to remove now, and whether the bound of the step cut them off."""
    freed = 0
    for index, row in enumerate(rows):
        if not (row[1] < cutoff or freed < over):
            return rows[:index], False
        if freed >= _STEP_BYTES:
            return rows[:index], True
        freed += row[2]
    return rows, len(rows) == _STEP_ROWS


def _prune_snapshots(connection: sqlite3.Connection, limits: PruneLimits) -> bool:
    """Remove one piece of a snapshot that newer ones replaced or that was never completed. Returns whether more are left."""
    rows = connection.execute("SELECT through, at FROM snapshots ORDER BY through DESC").fetchall()
    older = rows[_SNAPSHOTS:]
    stay = _older_that_stay(connection, older[::-1], limits) if older and limits.apart else set()
    connection.executemany(
        "DELETE FROM snapshots WHERE through = ?", [(through,) for through, _ in older if through not in stay]
    )
    pieces = connection.execute(
        "SELECT rowid FROM snapshot_pieces WHERE through NOT IN (SELECT through FROM snapshots) "
        "AND through < (SELECT max(through) FROM snapshots) LIMIT 2"
    ).fetchall()
    if pieces:
        connection.execute("DELETE FROM snapshot_pieces WHERE rowid = ?", pieces[0])
    return len(pieces) > 1


def _older_that_stay(connection: sqlite3.Connection, older: Sequence[tuple[int, int]], limits: PruneLimits) -> set[int]:
    """The snapshots (``through``, time), oldest first, whose Events are all there, ``apart`` from one another. Where they take
    too many bytes, the newest of them."""
    (oldest,) = connection.execute("SELECT coalesce(min(first), 0) FROM events").fetchone()
    spaced: list[int] = []
    last = 0
    for through, at in older:
        if through >= oldest - 1 and (not spaced or abs(at - last) >= limits.apart):
            spaced.append(through)
            last = at
    sizes = dict(connection.execute("SELECT through, sum(length(body)) FROM snapshot_pieces GROUP BY through").fetchall())
    stay: set[int] = set()
    room = limits.max_bytes // _SHARE
    for through in reversed(spaced):
        room -= sizes.get(through, 0)
        if room < 0:
            break
        stay.add(through)
    return stay


def _bytes_in_use(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)

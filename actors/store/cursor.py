"""The store's cursor in PostgreSQL: the batch that was applied last, and the ledger that it is of.

The cursor has the ``seq`` of the batch and its mark. A ledger that was restored from an older copy gives the same ``seq`` to
other batches once it has grown. Going on with them would leave out the batches in between.
"""

from datetime import datetime

from msgspec import Struct

from actors.mailbox import Feed, FeedPruned
from actors.postgres import Connection
from actors.supervisor import OperatorNeeded
from protocols.ledger import RecordedBatch

CONSUMER = "store"

SELECT_CURSOR = """
SELECT ledger_id, seq, events_through, recorded_at, (SELECT count(*) FROM store_rejects) AS rejects
FROM faultd_cursor WHERE consumer = $1
"""
BEGIN_CURSOR = """
INSERT INTO faultd_cursor AS c (consumer, ledger_id, seq) VALUES ($1, $2, 0)
ON CONFLICT (consumer) DO UPDATE SET ledger_id = $2 WHERE c.seq = 0 AND c.events_through = 0
"""
MOVE_CURSOR = """
UPDATE faultd_cursor SET seq = $4, events_through = $5, recorded_at = $6 WHERE consumer = $1 AND ledger_id = $2 AND seq = $3
"""


class BatchMark(Struct, frozen=True):
    """The mark of the batch at a cursor: the offset of its last Event, and the time at which the ledger recorded it."""

    events_through: int = 0
    recorded_at: datetime | None = None
    """None: not known, and so equal to no other mark."""

    @classmethod
    def of(cls, batch: RecordedBatch) -> "BatchMark":
        return cls(batch.through, batch.at)


UNMARKED = BatchMark()


class Cursor(Struct, frozen=True):
    """A cursor. ``seq`` is the last batch that the database has, 0 when it has none of this ledger. ``rejects`` counts the rows
    in ``store_rejects``.

    A ledger that was restored from the database has a mark at ``seq`` 0: the offset behind which it begins, and the time of the
    restore."""

    ledger_id: str
    seq: int = 0
    mark: BatchMark = UNMARKED
    rejects: int = 0

    @property
    def unclaimed(self) -> bool:
        """Whether the database is any ledger's: it has no batch of this one, and this one was not restored from it."""
        return self.seq == 0 and self.mark.events_through == 0


class LedgerMismatch(OperatorNeeded):
    """The database was filled from another ledger. The Changes of this one would mix two histories."""

    def __init__(self, found: str, expected: str, seq: int) -> None:
        super().__init__(
            f"the database was filled from ledger {found} (up to batch {seq}), but this is ledger {expected}: use the state "
            "directory or the database that belongs to the other; or, when that ledger is lost, stop faultd, move this ledger "
            "away and begin one with the rules, windows and nodes that the database has: `faultd restore --from-database`; or "
            "let this one go on with the database, without them: `faultd migrate --adopt-ledger`"
        )


class LedgerRestored(OperatorNeeded):
    """The ledger is an older copy of the one that filled the database, unchanged or grown since. The database has batches that
    this ledger does not have, and they cannot be undone."""

    def __init__(self, seq: int, last: int) -> None:
        has = f"ends at batch {last}" if last < seq else "has another batch there"
        super().__init__(
            f"the database has applied batch {seq} of this ledger, but the ledger {has}: it was restored from an older copy. "
            "Use a copy of the database that is not newer than that; or a new, empty database, which is filled from this "
            "ledger; or, to go on with this database, stop faultd, move the ledger away and begin one with the rules, windows "
            "and nodes that the database has: `faultd restore --from-database`"
        )


class CursorMoved(Exception):
    """The cursor is not where this store left it: another faultd writes to the database, or the database was restored from a
    backup. Nothing was applied."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"the store's cursor is no longer at {seq}: the database was restored, or another faultd writes to it")


async def find_cursor(connection: Connection) -> Cursor | None:
    """The cursor, of whatever ledger; None in an empty database."""
    row = await connection.fetchrow(SELECT_CURSOR, CONSUMER)
    if row is None:
        return None
    return Cursor(row["ledger_id"], row["seq"], BatchMark(row["events_through"], row["recorded_at"]), row["rejects"])


async def read_cursor(connection: Connection, ledger_id: str) -> Cursor:
    """The cursor of this ledger. An unclaimed database is this ledger's from here on. Raises :class:`LedgerMismatch`."""
    cursor = await find_cursor(connection)
    if cursor is None or cursor.unclaimed:
        await connection.execute(BEGIN_CURSOR, CONSUMER, ledger_id)
        return Cursor(ledger_id, rejects=cursor.rejects if cursor else 0)
    if cursor.ledger_id != ledger_id:
        raise LedgerMismatch(cursor.ledger_id, ledger_id, cursor.seq)
    return cursor


async def move_cursor(connection: Connection, ledger_id: str, before: int, seq: int, mark: BatchMark) -> None:
    """Move the cursor from ``before`` to ``seq`` within the caller's transaction. Raises :class:`CursorMoved`."""
    moved = await connection.execute(MOVE_CURSOR, CONSUMER, ledger_id, before, seq, mark.events_through, mark.recorded_at)
    if moved != "UPDATE 1":
        raise CursorMoved(before)


def check(cursor: Cursor, last: int, found: RecordedBatch | None) -> None:
    """Raise :class:`LedgerRestored` when the ledger lacks batches that it had when it filled the database. ``last`` is its
    newest batch, ``found`` its batch at the cursor (None: pruned)."""
    if cursor.seq > last:
        raise LedgerRestored(cursor.seq, last)
    if found is not None and None not in (found.at, cursor.mark.recorded_at) and BatchMark.of(found) != cursor.mark:
        raise LedgerRestored(cursor.seq, last)


async def verify(feed: Feed, cursor: Cursor) -> None:
    """:func:`check` with the batch that the feed has at the cursor. The ledger keeps a batch until the store acknowledges it. A
    restored ledger has no acknowledgement of the batches that it lacks, so a wrong batch at the cursor is always still
    there."""
    found: RecordedBatch | None = None
    if cursor.seq and cursor.mark.recorded_at is not None and cursor.seq <= feed.last:
        try:
            found = (await feed.after(cursor.seq - 1, 1))[0]
        except FeedPruned:
            found = None
    check(cursor, feed.last, found)

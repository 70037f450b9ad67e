"""Where a start begins: the newest usable snapshot, and the Events after it.

Three offsets, ``snapshot.through <= events_through <= last_offset``:

- Events in (``snapshot.through``, ``events_through``] have been folded before and their Changes are recorded: the caller
  folds :attr:`Recovery.replay` and drops what comes of it.
- Events in (``events_through``, ``last_offset``] are on disk and their Changes are not: ``Ledger.run`` sends them to the
  fold before anything new, and records what comes of them.

``events_through`` is the offset through which Changes are on disk. A batch without Changes leaves no row of its own: that
it was folded is written with the next batch of Events, so after a crash it may be folded again, which comes to nothing
again. A snapshot's row is written in the commit of the last Changes at or below its ``through``, or in a later one, so it
never is ahead of ``events_through``.
"""

from collections.abc import Callable, Iterator
from contextlib import closing

from msgspec import Struct

from actors.ledger.database import LedgerFile
from actors.ledger.errors import NoUsableSnapshot
from actors.ledger.read import iterate_events, oldest_offset, read_snapshots
from actors.ledger.schema import connect_reader, translated
from protocols.ledger import EventBatch, Snapshot


class Recovery(Struct, frozen=True):
    """``replay`` reads the file as it is consumed; use it once, from one thread, before the ledger runs."""

    snapshot: Snapshot | None
    events_through: int
    last_offset: int
    last_seq: int
    replay: Iterator[EventBatch]


def recover(database: LedgerFile, usable: Callable[[Snapshot], bool] = lambda snapshot: True) -> Recovery:
    """What to start the folds from. A snapshot that ``usable`` declines is passed over for the one before it.

    Raises NoUsableSnapshot when none is left and the first Events have been pruned. Replaying raises LedgerCorrupt when an
    Event is missing or cannot be decoded.
    """
    head = database.head
    with closing(connect_reader(database.path)) as connection, translated(database.path):
        oldest = oldest_offset(connection)
        snapshot = next(
            (
                snapshot
                for snapshot in read_snapshots(connection)
                if oldest - 1 <= snapshot.through <= head.through and usable(snapshot)
            ),
            None,
        )
    if snapshot is None and oldest > 1:
        raise NoUsableSnapshot(database.path, oldest)
    start = snapshot.through if snapshot else 0
    return Recovery(snapshot, head.through, head.offset, head.seq, _replay(database, start, head.through))


def _replay(database: LedgerFile, after: int, through: int) -> Iterator[EventBatch]:
    with closing(connect_reader(database.path)) as connection, translated(database.path):
        yield from iterate_events(connection, database.path, after, through)

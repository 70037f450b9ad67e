"""The beginning of a start: the newest usable snapshot, and the Events after it.

Three offsets, ``snapshot.through <= events_through <= last_offset``:

- The Changes of Events in (``snapshot.through``, ``events_through``] are recorded: the caller folds :attr:`Recovery.replay` and
  drops the Changes.
- The Events in (``events_through``, ``last_offset``] are on disk, and their Changes are not: ``Ledger.run`` sends them to the
  stages before any new Event, and records their Changes.

A batch without Changes has no row of its own. The next batch of Events says that it was folded. So after a crash such a batch
may be folded again, and again has no Changes. The row of a snapshot is written with the last Changes at or below its
``through``, or later, so no snapshot is ahead of ``events_through``.
"""

from collections.abc import Callable, Iterator
from contextlib import closing

from msgspec import Struct

from actors.ledger.database import LedgerFile
from actors.ledger.errors import NoUsableSnapshot
from actors.ledger.read import begins, iterate_events, oldest_offset, read_snapshots
from actors.ledger.schema import connect_reader, translated
from protocols.ledger import EventBatch, Snapshot


class Recovery(Struct, frozen=True):
    """``replay`` reads the file while it is iterated. Iterate it once, in one thread, before the ledger runs."""

    snapshot: Snapshot | None
    events_through: int
    last_offset: int
    last_seq: int
    replay: Iterator[EventBatch]


def recover(database: LedgerFile, usable: Callable[[Snapshot], bool] = lambda snapshot: True) -> Recovery:
    """The newest snapshot for which ``usable`` is true, and the Events to fold after it.

    Raises NoUsableSnapshot when there is none and the first Events were pruned. Iterating ``replay`` raises LedgerCorrupt when
    an Event is missing or cannot be decoded.
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
        first = begins(connection, database.path)
    if snapshot is None and oldest > first + 1:
        raise NoUsableSnapshot(database.path, oldest)
    start = snapshot.through if snapshot else first
    return Recovery(snapshot, head.through, head.offset, head.seq, _replay(database, start, head.through))


def _replay(database: LedgerFile, after: int, through: int) -> Iterator[EventBatch]:
    with closing(connect_reader(database.path)) as connection, translated(database.path):
        yield from iterate_events(connection, database.path, after, through)

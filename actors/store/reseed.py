"""Filling a database from a seed, when the ledger no longer has its next batches.

The alarms are those of one batch of the feed, and the cursor is set before the oldest batch that can still be read. Applying
the batches from there on over these alarms gives the right alarms: the last Change of each alarm counts, and an alarm without
one is right already. Only the timeline, device events and inbox of the pruned batches are missing; a row in ``device_events``
names these batches. Rules, windows and nodes are filled in the same way.
"""

from collections.abc import Sequence

from msgspec import Struct

from actors.mailbox import FeedPruned
from actors.postgres import Connection
from actors.store import encode
from actors.store.apply import Reject, apply_tolerant
from actors.store.cursor import UNMARKED, move_cursor
from actors.store.operator_rows import EMPTY
from protocols.change import AlarmChanged, Change, Quarantined
from protocols.ledger import Seed

BY = "faultd:history_gap"
GAP = "history.gap"

_CHUNK = 2_000

END_UNSEEDED = """
UPDATE alarms SET live = false,
    status = CASE WHEN status IN ('cleared', 'resolved') THEN status ELSE 'cleared' END,
    cleared_at = coalesce(cleared_at, $3, now()), cleared_by = coalesce(cleared_by, $2)
WHERE live AND id NOT IN (SELECT r.id::uuid FROM json_array_elements_text($1) AS r (id)) RETURNING 1
"""
FORGET_QUARANTINE = "DELETE FROM quarantine"
RECORD_GAP = """
INSERT INTO device_events VALUES (0, 0, coalesce($4, now()), '', 'faultd', 'system', 'faultd', $1, 'major', $2, $3)
"""
"""The row has no tenant, since it concerns all."""


class Reseeded(Struct, frozen=True):
    """The result: the cursor is at ``seq``, and the batches ``first`` to ``seq`` are missing. ``ended`` counts the alarms of
    the database that the State no longer holds; they became history."""

    first: int
    seq: int
    ended: int
    rejects: Sequence[Reject]


async def reseed(connection: Connection, ledger_id: str, gap: FeedPruned, seed: Seed) -> Reseeded:
    """Fill the database from ``seed`` and move its cursor over ``gap``: all or nothing.

    Raises ``gap`` when the seed is older than the feed's oldest batch, and CursorMoved when the cursor is not where the gap
    begins.
    """
    seq = gap.oldest - 1
    if seed.seq < seq:
        raise gap
    rejects: list[Reject] = []
    async with connection.transaction():
        await move_cursor(connection, ledger_id, gap.seq, seq, UNMARKED)
        await connection.execute(FORGET_QUARANTINE)
        await connection.execute(EMPTY)
        changes: list[Change] = [AlarmChanged(0, alarm, ()) for alarm in seed.alarms]
        changes += [Quarantined(kept.offset, kept.at, kept.kind, kept.error, kept.stage) for kept in seed.quarantined]
        for start in range(0, len(changes), _CHUNK):
            rejects += await apply_tolerant(connection, seq, changes[start : start + _CHUNK], set(), set())
        for change in seed.made:
            # Each by itself: nodes come by thousands.
            rejects += await apply_tolerant(connection, seq, [change], set(), set())
        ended = await connection.fetch(END_UNSEEDED, encode.rows([alarm.id for alarm in seed.alarms]), BY, seed.at)
        detail = {"first": gap.seq + 1, "last": seq, "ledger_id": ledger_id, "alarms": len(seed.alarms), "ended": len(ended)}
        await connection.execute(RECORD_GAP, GAP, f"History of the batches {gap.seq + 1} to {seq} is missing", detail, seed.at)
    return Reseeded(gap.seq + 1, seq, len(ended), rejects)

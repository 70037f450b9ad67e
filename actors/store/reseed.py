"""Filling a database from a seed, when the ledger no longer has its next batches.

The alarms are those of one batch of the feed, and the cursor is set before the oldest batch that can still be read. Applying
the batches from there on over these alarms gives the right alarms: the last Change of each alarm counts, and an alarm without
one is right already. Only the timeline, device events and inbox of the pruned batches are missing; a row in ``device_events``
names these batches. Rules, windows, nodes and the records of service level agreements and of dispatch are filled in the same
way. Records that the stages no longer hold are history and stay; what was open among them has ended meanwhile.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from actors.mailbox import FeedPruned
from actors.postgres import Connection
from actors.store import encode
from actors.store.apply import Reject, apply_tolerant
from actors.store.cursor import UNMARKED, move_cursor
from actors.store.operator_rows import EMPTY
from protocols.change import AlarmChanged, Change, NodesChanged, Quarantined
from protocols.dispatch.changes import NotificationChanged, TicketUpdated
from protocols.ledger import Seed
from protocols.sla.changes import SlaBreachChanged, SlaClockChanged, SlaOutageChanged

BY = "faultd:history_gap"
GAP = "history.gap"

_CHUNK = 2_000

END_UNSEEDED = """
UPDATE alarms SET live = false,
    status = CASE WHEN status IN ('cleared', 'resolved') THEN status ELSE 'cleared' END,
    cleared_at = coalesce(cleared_at, $3, now()), cleared_by = coalesce(cleared_by, $2)
WHERE live AND id NOT IN (SELECT r.id::uuid FROM json_array_elements_text($1) AS r (id)) RETURNING 1
"""
EMPTY_DISPATCH = "TRUNCATE notification_policies, contacts, rotas"
"""The seed has every row of these tables."""
END_UNSEEDED_RECORDS: dict[str, Callable[[Sequence[Change]], list[str]]] = {
    """
UPDATE sla_breaches SET resolved = true, breach_end = coalesce(breach_end, greatest(breach_start, coalesce($2, now()))),
    reason = reason || '; its end is not known: history is missing'
WHERE NOT resolved AND id NOT IN (SELECT r.id FROM json_array_elements_text($1) AS r (id))
""": lambda made: [each.breach.id for each in made if isinstance(each, SlaBreachChanged)],
    """
UPDATE sla_outages SET end_time = greatest(start_time, coalesce($2, now())), reason = 'its end is not known: history is missing'
WHERE end_time IS NULL AND id NOT IN (SELECT r.id FROM json_array_elements_text($1) AS r (id))
""": lambda made: [each.outage.id for each in made if isinstance(each, SlaOutageChanged)],
    """
UPDATE sla_clocks SET ended_at = greatest(raised_at, coalesce($2, now())), reason = 'its end is not known: history is missing'
WHERE ended_at IS NULL AND alarm_id NOT IN (SELECT r.id::uuid FROM json_array_elements_text($1) AS r (id))
""": lambda made: [each.alarm_id for each in made if isinstance(each, SlaClockChanged)],
    """
UPDATE notifications SET status = 'dead',
    answer = format('its outcome is not known: history is missing before %s', coalesce($2::timestamptz, now()))
WHERE status IN ('pending', 'failed') AND id NOT IN (SELECT r.id FROM json_array_elements_text($1) AS r (id))
""": lambda made: [each.notification.id for each in made if isinstance(each, NotificationChanged)],
    """
UPDATE tickets SET state = 'closed', closed_at = greatest(opened_at, coalesce($2, now()))
WHERE state <> 'closed' AND id NOT IN (SELECT r.id FROM json_array_elements_text($1) AS r (id))
""": lambda made: [each.ticket.id for each in made if isinstance(each, TicketUpdated)],
}
"""Statements that end the rows which the stage no longer holds, each with the ids that the seed has."""
FORGET_QUARANTINE = "DELETE FROM quarantine"
RECORD_GAP = """
INSERT INTO device_events VALUES (0, 0, coalesce($4, now()), '', 'faultd', 'system', 'faultd', $1, 'major', $2, $3)
"""
"""The row has no tenant, since it concerns all."""


def _portions(made: Sequence[Change]) -> Iterator[list[Change]]:
    """Nodes come by thousands in one Change, which is a portion of its own."""
    some: list[Change] = []
    for change in made:
        if isinstance(change, NodesChanged):
            yield [change]
            continue
        some.append(change)
        if len(some) >= _CHUNK:
            yield some
            some = []
    if some:
        yield some


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
        if seed.whole:
            await connection.execute(EMPTY_DISPATCH)
        changes: list[Change] = [AlarmChanged(0, alarm, ()) for alarm in seed.alarms]
        changes += [Quarantined(kept.offset, kept.at, kept.kind, kept.error, kept.stage) for kept in seed.quarantined]
        for start in range(0, len(changes), _CHUNK):
            rejects += await apply_tolerant(connection, seq, changes[start : start + _CHUNK], set(), set())
        for some in _portions(seed.made):
            rejects += await apply_tolerant(connection, seq, some, set(), set())
        for statement, kept in END_UNSEEDED_RECORDS.items() if seed.whole else ():
            await connection.execute(statement, encode.rows(kept(seed.made)), seed.at)
        ended = await connection.fetch(END_UNSEEDED, encode.rows([alarm.id for alarm in seed.alarms]), BY, seed.at)
        detail = {"first": gap.seq + 1, "last": seq, "ledger_id": ledger_id, "alarms": len(seed.alarms), "ended": len(ended)}
        await connection.execute(RECORD_GAP, GAP, f"History of the batches {gap.seq + 1} to {seq} is missing", detail, seed.at)
    return Reseeded(gap.seq + 1, seq, len(ended), rejects)

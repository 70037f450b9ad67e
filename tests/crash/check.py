"""A recovered ledger held against what was promised: acknowledged ⊆ recovered, once each, in order, as it was written."""

from pathlib import Path

from crash.journal import Journal
from crash.workload import Progress, Write, changes, event, quarantined, state

from actors.ledger.consumers import Consumers
from actors.ledger.database import LedgerFile
from actors.ledger.errors import LedgerError
from actors.ledger.feed import LedgerFeed
from actors.ledger.read import Head
from actors.ledger.recovery import recover
from protocols.event import SystemReport
from protocols.ledger import RecordedBatch


class Broken(AssertionError):
    """A promise that the file does not keep."""


class Refused(Exception):
    """The file was refused with a LedgerError: a way out is named, nothing was served."""


def _must(condition: bool, text: str) -> None:
    if not condition:
        raise Broken(text)


def check(file: Path, said: Journal, *, alive: bool, damaged: bool = False) -> Head:
    """Open, recover, compare; with ``alive`` also write on and open once more. Raises Broken, or Refused.

    Of a ``damaged`` file a snapshot may be passed over for an older one, as long as the Events after that are there.
    """
    try:
        database = LedgerFile.open(file)
    except LedgerError as error:
        raise Refused(f"{type(error).__name__}: {error}") from error
    try:
        head = _compare(database, said, damaged)
        if alive:
            _goes_on(database)
    except LedgerError as error:
        raise Refused(f"{type(error).__name__}: {error}") from error
    finally:
        database.close()
    if alive:
        again = LedgerFile.open(file)
        _must(again.head.offset == head.offset + 1, f"written after recovery, and gone: {again.head}")
        again.close()
    return head


def _compare(database: LedgerFile, said: Journal, damaged: bool) -> Head:
    head = database.head
    if said.ledger_id:
        _must(database.ledger_id == said.ledger_id, "another ledger than the one that was opened")
    last = max(said.acknowledged, default=0)
    _must(head.offset >= last, f"Events through {last} were acknowledged, {head.offset} are there")
    _must(head.seq >= said.seq, f"batch {said.seq} was acknowledged, {head.seq} is the newest")
    _must(head.through >= said.through, f"Changes through {said.through} were acknowledged, {head.through} are there")
    _must(head.through <= head.offset, f"Changes of Events that are not there: {head}")
    _must(database.cursors().get("store", 0) >= said.cursor, "a cursor ran back")

    recovery = recover(database)
    start = 0
    if recovery.snapshot is not None:
        start = recovery.snapshot.through
        _must(recovery.snapshot.parts == {"fold": state(start)}, f"the snapshot at {start} is another's")
    _must(said.pruning or recovery.snapshot is not None or start == 0, "pruned unasked")
    _must(damaged or start >= said.snapshot, f"the snapshot at {said.snapshot} was acknowledged, {start} is there")
    expected = start + 1
    batches = [*recovery.replay, *database.read_events(max(head.through, start), head.offset, 1 << 20)]
    for batch in batches:
        _must(batch.first == expected, f"Event {expected} is missing or twice: found {batch.first}")
        for offset, found in enumerate(batch.events, batch.first):
            _event(offset, found, said)
        expected = batch.through + 1
    _must(expected == head.offset + 1, f"Events end at {expected - 1}, not at {head.offset}")
    if not said.pruning:
        _every_event(database, said)
    _changes(database, head, said)
    return head


def _event(offset: int, found: object, said: Journal) -> None:
    if not isinstance(found, SystemReport):
        raise Broken(f"Event {offset} is {found}")
    attempt = int(found.qualifier)
    _must(found == event(offset, attempt, len(found.description) - 1), f"Event {offset} is {str(found)[:200]}")
    _must(attempt in said.begun.get(offset, ()), f"Event {offset} of attempt {attempt} was never written")
    if offset in said.acknowledged:
        _must(attempt == said.acknowledged[offset], f"Event {offset} is of attempt {attempt}, another was acknowledged")


def _every_event(database: LedgerFile, said: Journal) -> None:
    offset = 0
    for batch in database.read_events(0, database.head.offset, 1 << 20):
        for offset, found in enumerate(batch.events, batch.first):
            _event(offset, found, said)
    _must(offset == database.head.offset, f"Events end at {offset}")


def _changes(database: LedgerFile, head: Head, said: Journal) -> None:
    feed = LedgerFeed(database.path, head.seq, Consumers({}, {}, 0, head.seq), batches=1, size=1)
    batches: list[RecordedBatch] = []
    while (seq := batches[-1].seq if batches else 0) < head.seq:
        batches += feed._from_file(seq, head.seq, 1 << 20)
    kept = {each.offset for each in feed._quarantine()}
    numbers = [batch.seq for batch in batches]
    first = numbers[0] if numbers else 1
    _must(numbers == list(range(first, head.seq + 1)), f"batches {numbers}, newest {head.seq}")
    _must(said.pruning or first == 1, f"batches before {first} are gone unasked")
    through = None
    for batch in batches:
        if through is None:
            through = batch.changes[0].offset - 1
        _must(list(batch.changes) == changes(through, batch.through), f"batch {batch.seq} is another's")
        through = batch.through
    recorded = through or 0
    _must(kept == quarantined(recorded), f"in quarantine {kept}, by the Changes {quarantined(recorded)}")


def _goes_on(database: LedgerFile) -> None:
    """The next commit works, and goes to the next offset."""
    progress = Progress(database.head.offset, database.head.offset, database.head.seq)
    first = database.write(progress.group(Write(1), 1 << 30)).firsts
    _must(next(each for each in first if each is not None) == progress.offset + 1, f"{first}")

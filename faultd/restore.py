"""A start: from the ledger's file to the fold's state as it was."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from actors.correlator.actor import NAME, fold_batch
from actors.correlator.state import State
from actors.ledger.database import LedgerFile
from actors.ledger.recovery import recover
from protocols.ledger import Snapshot

log = structlog.get_logger()


class Restored(NamedTuple):
    """``state`` is the fold after the last Event whose Changes are recorded; ``seq`` the last recorded batch."""

    database: LedgerFile
    state: State
    seq: int


def restore(path: Path) -> Restored:
    """Open the ledger at ``path`` and fold what a snapshot does not cover. Blocks: from trio call it in a thread.

    Raises :class:`actors.ledger.errors.LedgerError` when the file cannot be used.
    """
    database = LedgerFile.open(path)
    try:
        loaded: dict[int, State] = {}

        def usable(snapshot: Snapshot) -> bool:
            try:
                loaded[snapshot.through] = State.load(snapshot.parts[NAME])
            except (KeyError, msgspec.MsgspecError) as error:
                log.warning("snapshot passed over", through=snapshot.through, error=str(error))
                return False
            return True

        recovery = recover(database, usable)
        state = loaded[recovery.snapshot.through] if recovery.snapshot else State(database.ledger_id)
        folded = 0
        for batch in recovery.replay:
            fold_batch(state, batch)
            folded += len(batch.events)
        state.tally.clear()  # counted by the run that folded them first
    except BaseException:
        database.close()
        raise
    log.info(
        "ledger recovered",
        snapshot=recovery.snapshot.through if recovery.snapshot else 0,
        folded=folded,
        to_fold=recovery.last_offset - recovery.events_through,
        alarms=len(state.alarms),
    )
    return Restored(database, state, recovery.last_seq)

"""A start: from the ledger's file to the states of all stages as they were."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from actors.ledger.database import LedgerFile
from actors.ledger.group import CommitGroup, pieces_of
from actors.ledger.recovery import recover
from actors.stage import Stage
from actors.trusted_clock import instant
from faultd.pipe import OTHERS, Stages
from protocols.ledger import Snapshot

log = structlog.get_logger()


class Restored(NamedTuple):
    """``stages`` as they are after the last Event whose Changes are recorded; ``seq`` is the last recorded batch."""

    database: LedgerFile
    stages: Stages
    seq: int


def restore(path: Path, others: Sequence[Callable[[], Stage]] = OTHERS) -> Restored:
    """Open the ledger at ``path`` and fold what a snapshot does not cover. ``others`` make the stages behind the correlator.
    Blocks: from trio call it in a thread.

    Where the snapshot has no part of a stage, the stage begins behind the last Event whose Changes are recorded, from what the
    stages before it hold then, and a snapshot with its part is written.

    Raises :class:`actors.ledger.errors.LedgerError` when the file cannot be used.
    """
    database = LedgerFile.open(path)
    try:
        loaded: dict[int, Stages] = {}

        def usable(snapshot: Snapshot) -> bool:
            stages = loaded[snapshot.through] = Stages(database.ledger_id, others)
            try:
                stages.load(snapshot.parts)
            except (KeyError, msgspec.MsgspecError) as error:
                log.warning("snapshot passed over", through=snapshot.through, error=str(error))
                return False
            return True

        recovery = recover(database, usable)
        stages = loaded[recovery.snapshot.through] if recovery.snapshot else Stages(database.ledger_id, others)
        folded = 0
        for batch in recovery.replay:
            stages.fold_batch(batch)
            folded += len(batch.events)
        stages.forget_counts()
        if begun := stages.begin():
            # On disk before any Event is folded: after a crash they begin with the same Event again.
            _write_snapshot(database, stages)
            log.warning("stages begin that this ledger did not have", stages=begun, behind=stages.state.offset)
    except BaseException:
        database.close()
        raise
    log.info(
        "ledger recovered",
        snapshot=recovery.snapshot.through if recovery.snapshot else 0,
        folded=folded,
        to_fold=recovery.last_offset - recovery.events_through,
        alarms=len(stages.state.alarms),
    )
    return Restored(database, stages, recovery.last_seq)


def _write_snapshot(database: LedgerFile, stages: Stages) -> None:
    """In one commit. Raises DiskRefused."""
    through = database.head.through
    pieces = pieces_of(Snapshot(through, stages.save()))
    database.write(CommitGroup(now=instant(database.head.at), through=through, folded=pieces))

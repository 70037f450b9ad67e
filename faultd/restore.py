"""A start: from the ledger's file to the states of all stages as they were."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from actors.ledger.database import LedgerFile
from actors.ledger.errors import LedgerError
from actors.ledger.group import CommitGroup, pieces_of
from actors.ledger.recovery import recover
from actors.stage import Stage, StageFailed
from actors.trusted_clock import instant
from faultd.pipe import OTHERS, Stages
from protocols.ledger import Snapshot

log = structlog.get_logger()


class StageNotBegun(LedgerError):
    """A stage that the snapshots have no part of cannot begin. The file is as before."""

    def __init__(self, path: Path, error: StageFailed) -> None:
        super().__init__(
            path,
            f"a stage that this ledger did not have cannot begin ({error}); nothing was changed: start the faultd version that "
            "wrote it, and please report this",
        )


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

    Raises :class:`actors.ledger.errors.LedgerError` when the file cannot be used, StageNotBegun when a stage cannot begin.
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
        try:
            if begun := stages.begin():
                # On disk before any Event is folded: after a crash they begin with the same Event again.
                _write_snapshot(database, stages)
                log.warning("stages begin that this ledger did not have", stages=begun, behind=stages.state.offset)
        except StageFailed as error:
            raise StageNotBegun(path, error) from error
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
    """In one commit. Raises DiskRefused, StageFailed."""
    through = database.head.through
    pieces = pieces_of(Snapshot(through, stages.save()))
    database.write(CommitGroup(now=instant(database.head.at), through=through, folded=pieces))

"""The state for a consumer whose next batches the ledger no longer has."""

from collections.abc import Callable
from datetime import datetime

import structlog
import trio

from actors.ledger.feed import LedgerFeed
from actors.stage import StageFailed
from actors.stream.board import Board
from faultd.pipe import Stages
from protocols.change import NodesChanged
from protocols.ledger import Seed

log = structlog.get_logger()

_AT_ONCE = 1_000
"""Changes of a seed between two of which nothing else runs."""


async def seed_of(feed: LedgerFeed, board: Board, clock: Callable[[], datetime], stages: Stages) -> Seed:
    """The alarms of the board, the quarantine, and what operators made: rules, windows, nodes, service level agreements and
    dispatch. A seed is not whole when a stage fails to tell what it holds."""
    quarantined = await feed.quarantined()
    seq, alarms, at, made = board.seq, board.alarms(), clock(), []
    try:
        for change in stages.made():
            made.append(change)
            if isinstance(change, NodesChanged) or len(made) % _AT_ONCE == 0:
                # A million nodes take a second, in which traps go on being read and folded.
                await trio.lowlevel.checkpoint()
    except StageFailed as error:
        log.error("a stage does not tell what it holds", stage=error.stage, error=error.error)
        return Seed(seq, alarms, quarantined, at, made, whole=False)
    return Seed(seq, alarms, quarantined, at, made)

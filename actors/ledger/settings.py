"""The ledger's settings."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

_AtLeastOne = Annotated[int, Meta(ge=1)]

FILE_NAME = "ledger.sqlite"


class LedgerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[ledger]``. The file is ``ledger.sqlite`` under ``state_dir``."""

    retention_days: Annotated[float, Meta(gt=0)] = 7.0
    """Days that Events and Changes are kept, and as far back as a back-test goes. Nothing is removed that a restart or a
    consumer still needs."""
    max_bytes: Annotated[int, Meta(ge=16 * 1024 * 1024)] = 4 * 1024**3
    """Bytes in use beyond which the oldest Events and Changes are removed before their retention is over. Snapshots for
    back-tests take a quarter of them at most."""
    snapshot_every_events: _AtLeastOne = 100_000
    """A snapshot of the folds' state is taken after this many Events (a large state: after as many as take its size) ..."""
    snapshot_every_seconds: Annotated[float, Meta(gt=0)] = 600.0
    """... or after this many seconds in which there was at least one. It bounds how long a restart takes."""
    max_batch: _AtLeastOne = 1_000
    """Events that one commit takes at most (one request is never divided, so a large one may exceed it)."""
    pipe_batches: _AtLeastOne = 8
    """Batches of Events on disk whose Changes are not; at this bound no more Events are taken."""
    feed_batches: _AtLeastOne = 4_096
    """Recorded batches held in memory for consumers that are close behind ..."""
    feed_bytes: _AtLeastOne = 64 * 1024 * 1024
    """... and their encoded bytes. A consumer further behind is served from the file."""

    def path(self, state_dir: Path) -> Path:
        """The ledger's file."""
        return state_dir / FILE_NAME

"""The errors of a ledger's file and of its disk. Each message ends with the way out."""

from collections.abc import Iterable
from pathlib import Path


class LedgerError(Exception):
    """An error of the ledger's file at ``path``."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(f"{path}: {text}")
        self.path = path


class NotALedger(LedgerError):
    """The file is no SQLite database, or belongs to another program."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(path, f"not a ledger ({found}); set state_dir to faultd's own directory, or move this file away")


class LedgerNewer(LedgerError):
    """A newer faultd wrote the file."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            path,
            f"has schema version {found}, this faultd knows up to {known}; install the faultd that wrote it (or a later one)",
        )


class LedgerCorrupt(LedgerError):
    """The file is damaged."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(
            path,
            f"damaged ({found}); check the disk, then restore the file from a backup, or move it and its -wal away: faultd "
            "then starts with an empty ledger; before that, `faultd restore --from-database` begins one with the rules, "
            "windows and nodes that PostgreSQL has",
        )


class LedgerLocked(LedgerError):
    """Another process has the ledger open."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(path, f"in use by {holder or 'another process'}; stop that faultd, or give this one its own state_dir")


class NoUsableSnapshot(LedgerError):
    """The Events before ``oldest`` were pruned, and no usable snapshot covers them."""

    def __init__(self, path: Path, oldest: int) -> None:
        super().__init__(
            path,
            f"its oldest Event is {oldest}, and no usable snapshot covers the Events before it; start the faultd version that "
            "wrote it, or move the file and its -wal away and begin a ledger with the rules, windows and nodes that PostgreSQL "
            "has: `faultd restore --from-database`",
        )


class DiskRefused(LedgerError):
    """The disk refused a commit, or the file could not be opened again after that. A later attempt may succeed."""


class FoldOutOfStep(Exception):
    """The stages handed back a message that the ledger did not send or ask for, or out of order. This is a bug."""


class FoldEnded(Exception):
    """The last stage closed its channel while Events were still to be folded."""


class UnknownConsumer(ValueError):
    """The name is not one of the consumers that the ledger was given."""

    def __init__(self, consumer: str, known: Iterable[str]) -> None:
        super().__init__(f"no consumer {consumer!r} is registered with the ledger; registered are {', '.join(known) or 'none'}")


class CursorAhead(ValueError):
    """A cursor is beyond the ledger's newest batch: it is of another ledger, or of a newer copy of this one."""

    def __init__(self, consumer: str, seq: int, last: int) -> None:
        super().__init__(
            f"cursor {seq} of {consumer} is beyond the ledger's newest batch {last}: it is of another ledger, or of a newer "
            "copy of this one"
        )

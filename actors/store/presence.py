"""Whether PostgreSQL answers the store, and if not, why and since when."""

import trio


class Presence:
    """Written by the store, read by whoever tells of it."""

    def __init__(self) -> None:
        self.up = False
        self.reason = ""
        """Why PostgreSQL cannot be used; empty while it can, and before the store has begun."""
        self.away_since: float | None = None
        """When it was last found to be away, on trio's clock; None while it answers."""
        self.schema_checked = False
        """Whether the database was found to have the schema that reads need."""
        self.tried = trio.Event()
        """Set once an attempt to use it has ended, well or not."""
        self.answering = trio.Event()
        """Set once it has answered."""

    def answered(self) -> None:
        """The store follows the ledger again."""
        self.up, self.reason, self.away_since = True, "", None
        self.tried.set()
        self.answering.set()

    def began(self, now: float) -> None:
        """The store makes its first attempt at the time ``now``."""
        self.up, self.reason, self.away_since = False, "not reached yet", now

    def failed(self, reason: str, now: float) -> None:
        """An attempt at the time ``now`` ended with ``reason``."""
        self.up, self.reason = False, reason
        if self.away_since is None:
            self.away_since = now
        self.tried.set()

"""The state of the connection to PostgreSQL: whether it answers, and if not, why and since when."""

import trio


class Presence:
    """Written by the store; read by ``/readyz``, the alarm ``database.away`` and the API."""

    def __init__(self) -> None:
        self.up = False
        self.reason = ""
        """The reason why PostgreSQL cannot be used. Empty while it can, and before the store has begun."""
        self.away_since: float | None = None
        """The time, on trio's clock, since when it is away; None while it answers."""
        self.schema_checked = False
        """Whether the database has the schema that reads need."""
        self.tried = trio.Event()
        """Set once an attempt to use PostgreSQL has ended, with success or not."""
        self.answering = trio.Event()
        """Set once PostgreSQL has answered."""

    def answered(self) -> None:
        """The store follows the ledger again."""
        self.up, self.reason, self.away_since = True, "", None
        self.tried.set()
        self.answering.set()

    def began(self, now: float) -> None:
        """The store makes its first attempt at the time ``now``."""
        self.up, self.reason, self.away_since = False, "not reached yet", now

    def failed(self, reason: str, now: float) -> None:
        """An attempt failed at the time ``now``."""
        self.up, self.reason = False, reason
        if self.away_since is None:
            self.away_since = now
        self.tried.set()

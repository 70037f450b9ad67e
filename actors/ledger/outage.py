"""The disk refuses commits: why, when it is tried again, and what is reported once it is over. Pure."""

from typing import Final

from actors.ledger.errors import DiskRefused
from protocols.event import SystemReport

UNWRITABLE: Final = "ledger.unwritable"
"""Alarm type of the report that the disk refused commits for a while, on the ledger once it takes them again."""

_RETRY_FIRST, _RETRY_LAST = 0.1, 5.0


class Outage:
    """From the first refusal to the first commit, again and again. Times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self.reason: str | None = None
        """Why the disk refuses at present, None while it takes commits."""
        self.attempts = 0
        """How often it has refused since it last took one."""
        self.retry_at = 0.0
        self._pause = _RETRY_FIRST

    def refused(self, error: DiskRefused, now: float) -> None:
        """The disk refused, for the first time or again: later and later it is tried anew."""
        self.reason = str(error)
        self.retry_at = now + self._pause
        self._pause = min(_RETRY_LAST, 2 * self._pause)
        self.attempts += 1

    def end(self) -> list[SystemReport]:
        """The disk takes commits again. The alarm that says that it did not, raised and cleared."""
        raised = SystemReport(
            alarm_type=UNWRITABLE,
            active=True,
            severity="critical",
            title="The ledger could not write",
            description=self.reason or "",
        )
        self.reason, self.attempts, self._pause = None, 0, _RETRY_FIRST
        return [raised, SystemReport(alarm_type=UNWRITABLE, active=False)]

"""The time in which the disk refuses commits: its reason, the retries, and the report at its end. Pure."""

from typing import Final

from actors.ledger.errors import DiskRefused
from protocols.event import SystemReport

UNWRITABLE: Final = "ledger.unwritable"
"""The alarm type of the report. It is on the ledger only once the disk takes commits again."""

_RETRY_FIRST, _RETRY_LAST = 0.1, 5.0


class Outage:
    """An outage lasts from the first refusal to the next commit. Times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self.reason: str | None = None
        """The reason why the disk refuses commits now; None while it takes them."""
        self.attempts = 0
        """The number of refusals in this outage."""
        self.retry_at = 0.0
        self._pause = _RETRY_FIRST

    def refused(self, error: DiskRefused, now: float) -> None:
        """The disk refused a commit. The pause before the next try doubles, up to a bound."""
        self.reason = str(error)
        self.retry_at = now + self._pause
        self._pause = min(_RETRY_LAST, 2 * self._pause)
        self.attempts += 1

    def end(self) -> list[SystemReport]:
        """The disk takes commits again. Returns the alarm about the outage, raised and cleared."""
        raised = SystemReport(
            alarm_type=UNWRITABLE,
            active=True,
            severity="critical",
            title="The ledger could not write",
            description=self.reason or "",
        )
        self.reason, self.attempts, self._pause = None, 0, _RETRY_FIRST
        return [raised, SystemReport(alarm_type=UNWRITABLE, active=False)]

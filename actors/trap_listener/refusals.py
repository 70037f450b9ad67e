"""Rates of refused or lost datagrams: when a rate raises an alarm, and when that alarm clears."""

from collections import deque

from protocols.event import SystemReport
from protocols.severity import Severity

WINDOW = 60.0
QUIET = 300.0


class RateWatch:
    """Counts by key over the last minute. One alarm per key: raised at ``per_minute``, cleared after five minutes below.

    ``per_minute`` of 0 never raises. Times are seconds of any one monotonic clock.
    """

    def __init__(self, alarm_type: str, per_minute: int, severity: Severity, title: str) -> None:
        self.per_minute = per_minute
        self._alarm_type, self._severity, self._title = alarm_type, severity, title
        self._counts: dict[str, deque[tuple[float, int]]] = {}
        self._last_high: dict[str, float] = {}
        self._examples: dict[str, str] = {}

    def add(self, key: str, count: int, now: float, example: str = "") -> None:
        """``count`` more of ``key``; ``example`` (a source address) is shown in the alarm."""
        counts = self._counts.setdefault(key, deque())
        if counts and now - counts[-1][0] < 1:
            counts[-1] = (counts[-1][0], counts[-1][1] + count)
        else:
            counts.append((now, count))
        if example:
            self._examples[key] = example

    def due(self, now: float) -> list[SystemReport]:
        """The alarms to raise or clear now; each raise and each clear is reported once."""
        reports: list[SystemReport] = []
        for key, counts in self._counts.items():
            while counts and counts[0][0] <= now - WINDOW:
                counts.popleft()
            seen = sum(count for _, count in counts)
            if self.per_minute and seen >= self.per_minute:
                if key not in self._last_high:
                    reports.append(self._report(key, active=True, seen=seen))
                self._last_high[key] = now
            elif key in self._last_high and now - self._last_high[key] >= QUIET:
                del self._last_high[key]
                reports.append(self._report(key, active=False, seen=seen))
        return reports

    def _report(self, key: str, *, active: bool, seen: int) -> SystemReport:
        description = f"{seen} in the last minute"
        if active and (example := self._examples.get(key)):
            description += f", the latest from {example}"
        return SystemReport(
            alarm_type=self._alarm_type,
            active=active,
            severity=self._severity,
            qualifier=key,
            title=f"{self._title}: {key}",
            description=description,
        )

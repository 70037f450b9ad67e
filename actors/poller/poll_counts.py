"""Metrics of polls, looked up once for all devices."""

from typing import Final, Literal

from actors.metrics import Metrics

POLL_ENDS: Final = ("answered", "missed", "refused", "skipped")


class PollCounts:
    """Counts polls by their outcome."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._polls = {outcome: metrics.polls.labels(outcome) for outcome in POLL_ENDS}

    def answered(self, varbinds: int, seconds: float) -> None:
        """A poll was answered within ``seconds``; ``varbinds`` came since the one before."""
        self._polls["answered"].inc()
        self._metrics.poll_varbinds.inc(varbinds)
        self._metrics.poll_seconds.observe(seconds)

    def ended(self, outcome: Literal["missed", "refused", "skipped"]) -> None:
        """A poll was not answered."""
        self._polls[outcome].inc()

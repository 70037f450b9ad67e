"""The gauges of the stage, read from its state when somebody asks for the metrics, at most every few seconds."""

from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Final

from actors.metrics import Metrics
from actors.sla_clock.state import SlaState
from protocols.sla.instance import INSTANCE_STATUSES
from protocols.sla.local_time import SECOND

MOST_DEFINITIONS: Final = 100
"""Definitions with a gauge of their own: the oldest ones."""
KEPT_SECONDS: Final = 10.0


class SlaGauges:
    """Instances by status, deadlines, and the least budget left among the instances of each definition."""

    def __init__(self, metrics: Metrics, state: Callable[[], SlaState], now: Callable[[], int]) -> None:
        """``state``: the stage's. ``now`` in microseconds since 1970 UTC."""
        self._metrics, self._state, self._now = metrics, state, now
        self._read_at = -KEPT_SECONDS
        self._statuses: Counter[str] = Counter()
        self._left: dict[str, float] = {}
        for status in INSTANCE_STATUSES:
            metrics.sla_instances.labels(status).set_function(lambda status=status: self._status(status))  # type: ignore[misc]
        metrics.sla_deadlines.set_function(lambda: len(self._state().deadlines))

    def _status(self, status: str) -> float:
        self._read()
        return self._statuses[status]

    def _read(self) -> None:
        if monotonic() - self._read_at < KEPT_SECONDS:
            return
        state, now = self._state(), self._now()
        self._read_at = monotonic()
        self._statuses = Counter(account.status for account in state.accounts.values())
        self._statuses["compliant"] += len(state.instances) - len(state.accounts)
        least: dict[str, int] = {}
        for account in state.accounts.values():
            if account.left is not None:
                left = max(0, account.left - (now - account.booked if account.lasts else 0))
                least[account.definition_id] = min(left, least.get(account.definition_id, left))
        for definition_id in list(state.definitions)[:MOST_DEFINITIONS]:
            if definition_id in least:
                self._metrics.sla_budget_left.labels(definition_id).set(least[definition_id] / SECOND)
                self._left[definition_id] = least[definition_id]
            elif definition_id in self._left:
                del self._left[definition_id]
                self._metrics.sla_budget_left.remove(definition_id)

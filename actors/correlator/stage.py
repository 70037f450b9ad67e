"""The correlator as the first stage: alarms, their causes, and the notification requests."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from prometheus_client import Counter

from actors.correlator.fold import fold
from actors.correlator.operator_tables import operator_data
from actors.correlator.plant.prepared import first_large, prepare
from actors.correlator.rules.plugins import installed
from actors.correlator.state import State
from actors.metrics import Metrics
from actors.stage import Stage
from actors.state_encoding import Piece
from protocols.change import AlarmChanged, Change
from protocols.event import Event
from protocols.ledger import EventBatch

_COUNTERS: Final[Mapping[str, Callable[[Metrics, str], Counter]]] = {
    "unknown": lambda metrics, _: metrics.traps_unknown,
    "informs_repeated": lambda metrics, _: metrics.informs_merged,
    "repeated_by_design": lambda metrics, _: metrics.traps_merged,
    "sequence_missing": lambda metrics, _: metrics.sequence_gaps,
    "refused": lambda metrics, limit: metrics.alarms_refused.labels(limit),
    "plugin_failed": lambda metrics, plugin: metrics.plugin_failures.labels(plugin),
    "rule_overflow": lambda metrics, _: metrics.rules_overflow,
    "flapping_overflow": lambda metrics, _: metrics.rules_overflow,
    "poll_of_no_node": lambda metrics, _: metrics.poll_reports_dropped,
    "poll_not_requested": lambda metrics, _: metrics.poll_reads_withheld,
    "agent_times_odd": lambda metrics, _: metrics.agent_times_odd,
    "onts_added": lambda metrics, _: metrics.onts_added,
    "noise": lambda metrics, rule: metrics.traps_noise.labels(rule),
}
"""The metric of each word with which a draft notes something, for the label behind its colon."""


class Correlator(Stage):
    """Owns the alarm state, which others may read between two Events."""

    name = "correlator"

    def __init__(self, ledger_id: str) -> None:
        """``ledger_id`` is the ledger's UUID, from which the ids of alarms derive."""
        self.state = State(ledger_id)

    def load(self, octets: bytes) -> None:
        self.state = State.load(octets)

    def fold(self, offset: int, at: datetime, event: Event, changes_before: Sequence[Change]) -> list[Change]:
        """Never raises: see :func:`actors.correlator.fold.fold`."""
        return fold(self.state, offset, at, event)

    def saving(self) -> Iterable[Piece]:
        return self.state.saving()

    def held(self) -> list[Change]:
        """Every alarm, cleared ones that are still within reach included, and every rule, window and node."""
        alarms = [AlarmChanged(0, alarm, ()) for alarm in self.state.alarms.values()]
        return [*alarms, *operator_data(self.state)]

    def preparing(self, batch: EventBatch) -> Callable[[], None] | None:
        """A first large plant is made in a thread, so that traps are read and recorded meanwhile."""
        state = self.state
        if state.plant.nodes:
            return None
        offset = first_large(batch)
        if offset is None:
            return None

        def make() -> None:
            state.prepared = prepare(offset, batch.events[offset - batch.first])

        return make

    def report(self, append: Callable[[list[Event]], bool]) -> None:
        """The measured times of plugins."""
        host = installed()
        reports = host.take_reports()
        if reports and not append(reports):
            host.put_back(reports)

    def count(self, metrics: Metrics | None) -> None:
        tally = self.state.tally
        if metrics is None or not tally:
            tally.clear()
            return
        for name, count in tally.items():
            kind, _, label = name.partition(":")
            counter = _COUNTERS.get(kind)
            if counter is not None:
                counter(metrics, label).inc(count)
        tally.clear()

"""The SLA clock as the second stage: it books the correlator's alarms into the accounts of the instances."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from actors.metrics import Metrics
from actors.sla_clock.fold import fold_change, fold_event, folds_quickly
from actors.sla_clock.held import held_changes
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from actors.stage import Stage
from actors.state_encoding import Piece
from protocols.change import Change
from protocols.event import Event, SlaWork
from protocols.ledger import EventBatch
from protocols.sla.local_time import SECOND, instant_at

WORK = SlaWork()


class SlaClock(Stage):
    """Owns the SLA state, which others may read between two Events."""

    name = "sla_clock"

    def __init__(self) -> None:
        self.state = SlaState()
        self._asked = False
        """An SlaWork is on its way."""
        self._stamp: datetime | None = None
        self._now = 0

    def load(self, octets: bytes) -> None:
        self.state = SlaState.load(octets)

    def fold(self, offset: int, at: datetime, event: Event, changes_before: Sequence[Change]) -> list[Change]:
        """Raises whatever goes wrong, with the state as before."""
        state, now = self.state, self._instant(at)
        if folds_quickly(state, (event,), at, now, changes_before):
            state.offset, state.at = offset, at
            return []
        if type(event) is SlaWork:
            self._asked = False
        run = FoldRun(state, offset, at, now)
        try:
            fold_event(run, event, changes_before)
        except BaseException:
            run.journal.rollback()
            raise
        state.offset, state.at = offset, at
        return run.changes

    def folds_quickly(self, batch: EventBatch) -> bool:
        """Every alarm of the batch is set aside: none concerns an instance."""
        state = self.state
        if not folds_quickly(state, batch.events, batch.at, self._instant(batch.at), batch.changes):
            return False
        state.offset, state.at = batch.through, batch.at
        return True

    def _instant(self, at: datetime) -> int:
        if at is not self._stamp:
            # The Events of a batch have one stamp.
            self._stamp, self._now = at, instant_at(at)
        return self._now

    def saving(self) -> Iterable[Piece]:
        return self.state.saving()

    def held(self) -> Iterable[Change]:
        return held_changes(self.state)

    def begin(self, offset: int, at: datetime, held: Sequence[Change]) -> None:
        """With the plant, the windows and the open alarms of the correlator; nothing else is known."""
        self.state = SlaState()
        run = FoldRun(self.state, offset, at, instant_at(at))
        for change in held:
            fold_change(run, change)
        self.state.work.clear()
        self.state.offset, self.state.at = offset, at

    def count(self, metrics: Metrics | None) -> None:
        state = self.state
        if metrics is not None:
            metrics.sla_examined.inc(state.examined)
            for kind, latency in state.opened:
                metrics.sla_breaches.labels(kind).inc()
                metrics.sla_breach_latency.observe(latency / SECOND)
            for outcome, number in state.measured.items():
                metrics.sla_measurements.labels(outcome).inc(number)
        state.examined = 0
        state.opened.clear()
        state.measured.clear()

    def report(self, append: Callable[[list[Event]], bool]) -> None:
        """Ask for another Event while work waits."""
        if self.state.pending and not self._asked:
            self._asked = append([WORK])

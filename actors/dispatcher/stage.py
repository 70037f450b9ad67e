"""The dispatcher as the third stage: it decides who is told of which cause, how and when, and which ticket is wanted."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from actors.dispatcher.fold import concerns_nobody, fold_change, fold_event
from actors.dispatcher.held import held_changes
from actors.dispatcher.messages.delivery_alarms import DeliveryReporter
from actors.dispatcher.people.gaps import GapReporter
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from actors.dispatcher.tally import DispatchTally
from actors.dispatcher.tickets.resolving import TicketResolver
from actors.metrics import Metrics
from actors.stage import Stage
from actors.state_encoding import Piece
from protocols.change import Change
from protocols.event import Event
from protocols.ledger import EventBatch
from protocols.sla.local_time import instant_at


class Dispatcher(Stage):
    """Owns the dispatch state, which others may read between two Events."""

    name = "dispatcher"

    def __init__(self) -> None:
        self.state = DispatchState()
        self._gaps = GapReporter()
        self._resolver = TicketResolver()
        self._deliveries = DeliveryReporter()
        self._tally = DispatchTally()

    def load(self, octets: bytes) -> None:
        self.state = DispatchState.load(octets)

    def fold(self, offset: int, at: datetime, event: Event, changes_before: Sequence[Change]) -> list[Change]:
        """Raises whatever goes wrong, with the state as before."""
        state, now = self.state, instant_at(at)
        run = DispatchRun(state, offset, at, now)
        if not concerns_nobody(state, (event,), now, changes_before):
            try:
                fold_event(run, event, changes_before)
            except BaseException:
                run.journal.rollback()
                raise
        state.offset, state.at = offset, at
        if run.changes:
            self._tally.take(state, run.changes)
        return run.changes

    def folds_quickly(self, batch: EventBatch) -> bool:
        """No Event of the batch concerns anybody."""
        state = self.state
        if not concerns_nobody(state, batch.events, instant_at(batch.at), batch.changes):
            return False
        state.offset, state.at = batch.through, batch.at
        return True

    def saving(self) -> Iterable[Piece]:
        return self.state.saving()

    def held(self) -> Iterable[Change]:
        return held_changes(self.state)

    def count(self, metrics: Metrics | None) -> None:
        self._tally.move(metrics)

    def report(self, append: Callable[[list[Event]], bool]) -> None:
        """Have alarms raised and cleared for the gaps of rotas, and for notifications that are late or were given up; have
        those resolved whose ticket a person closed."""
        self._gaps.report(self.state, append)
        self._deliveries.report(self.state, append)
        self._resolver.report(self.state, append)

    def begin(self, offset: int, at: datetime, held: Sequence[Change]) -> None:
        """Empty: causes that are open already are told of when they change, are escalated, or end."""
        self.state = DispatchState()
        run = DispatchRun(self.state, offset, at, instant_at(at))
        for change in held:
            fold_change(run, change)
        self.state.offset, self.state.at = offset, at

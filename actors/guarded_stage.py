"""The guard around a stage behind the correlator: whatever the stage raises, the other stages and the pipe go on.

An Event that makes ``fold`` raise is set aside for that stage alone (docs/decisions/0053-quarantine-by-stage.md). Failures of
the other methods: docs/decisions/0073-failures-outside-the-fold.md.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog

from actors.error_text import error_text
from actors.metrics import Metrics
from actors.stage import Stage, StageFailed
from actors.state_encoding import Piece
from protocols.change import Answer, Change, Quarantined, Refusal, Released
from protocols.command import Command, DiscardQuarantined, RetryQuarantined
from protocols.event import Event, SystemReport, kind
from protocols.ledger import EventBatch

log = structlog.get_logger()

FAILED: Final = "stage.failed"
"""The alarm type of a failure outside the fold. Its qualifier is the stage and the method."""
MAX_QUARANTINED = 100_000
"""Quarantined Events within reach of a retry. Beyond this the oldest are only listed and kept."""
_SIZE = 8
"""Octets of the length that stands before the quarantine in a snapshot."""

_event = msgspec.msgpack.Decoder(Event)
_changes = msgspec.msgpack.Decoder(list[Change])
_offsets = msgspec.msgpack.Decoder(list[int])
_encode = msgspec.msgpack.Encoder().encode


class GuardedStage(Stage):
    """``stage``, which may raise, as a stage that raises nothing but :class:`StageFailed`, and that only where it says so. When
    ``fold`` of ``stage`` raises, its state has to be as before: it drafts, and writes once nothing can fail.

    The answer to such an Event is :class:`Quarantined` alone. The ledger keeps the Event with the Changes of the stages before,
    and appends a StageQuarantine, from which the correlator makes the alarm. Commands to retry and to discard that name this
    stage are folded here.

    A failure of ``preparing``, ``count`` or ``report`` is counted. The first of a kind (method and type of exception) in a run
    is also logged, and raises the alarm :data:`FAILED`.

    While an Event that ``stage`` itself appended is in its quarantine, ``report`` is not asked: a stage that works in slices
    would append the next one, which fails too, after every batch. A retry that succeeds, a discard or a start lets it go on.
    """

    def __init__(self, stage: Stage) -> None:
        self.name, self.stage = stage.name, stage
        self.quarantined: dict[int, None] = {}
        """Offsets, oldest first."""
        self._failures: Counter[str] = Counter()
        """Failures by method since the last count."""
        self._known: set[tuple[str, str]] = set()
        """Kinds of failure that were logged in this run."""
        self._alarms: list[Event] = []
        """Alarms that the ledger has not taken yet."""
        self._appended: set[type[Event]] = set()
        """The types of Event that the stage has appended in this run."""
        self._stuck: int | None = None
        """The newest Event of such a type that the stage could not fold in this run."""

    def load(self, octets: bytes) -> None:
        """Raises ``msgspec.MsgspecError`` whatever ``stage`` raises; if that is one too, the state is as before."""
        size = int.from_bytes(octets[:_SIZE], "big")
        quarantined = dict.fromkeys(_offsets.decode(octets[_SIZE : _SIZE + size]))
        try:
            self.stage.load(octets[_SIZE + size :])
        except Exception as error:
            raise msgspec.ValidationError(f"stage {self.name}: {error_text(error)}") from error
        self.quarantined = quarantined

    def saving(self) -> Iterable[Piece]:
        """Raises nothing; asking for a piece raises StageFailed."""
        quarantined = _encode(list(self.quarantined))
        pieces: Iterable[Piece] | Exception
        try:
            pieces = self.stage.saving()
        except Exception as error:  # noqa: BLE001 - the ledger keeps the older snapshot
            pieces = error
        return self._pieces(len(quarantined).to_bytes(_SIZE, "big") + quarantined, pieces)

    def _pieces(self, first: Piece, others: Iterable[Piece] | Exception) -> Iterable[Piece]:
        yield first
        try:
            if isinstance(others, Exception):
                raise others
            yield from others
        except Exception as error:
            raise StageFailed(self.name, "saving", error_text(error)) from error

    def begin(self, offset: int, at: datetime, held: Sequence[Change]) -> None:
        """Raises StageFailed."""
        try:
            self.stage.begin(offset, at, held)
        except Exception as error:
            raise StageFailed(self.name, "begin", error_text(error)) from error

    def held(self) -> Iterator[Change]:
        """Iterating raises StageFailed."""
        try:
            yield from self.stage.held()
        except Exception as error:
            raise StageFailed(self.name, "held", error_text(error)) from error

    def fold(self, offset: int, at: datetime, event: Event, changes_before: Sequence[Change]) -> list[Change]:
        """Never raises."""
        if type(event) is Command:
            action = event.action
            if isinstance(action, RetryQuarantined | DiscardQuarantined) and action.stage == self.name:
                return self._release(offset, at, event.by.name, action)
        folded = self._attempt(offset, at, event, changes_before)
        if isinstance(folded, list):
            return folded
        self.quarantined[offset] = None
        if type(event) in self._appended:
            self._stuck = offset
        if len(self.quarantined) > MAX_QUARANTINED:
            del self.quarantined[next(iter(self.quarantined))]
        return [Quarantined(offset, at, kind(event), folded, self.name)]

    def folds_quickly(self, batch: EventBatch) -> bool:
        """Never raises: what went wrong is found again Event by Event."""
        try:
            return self.stage.folds_quickly(batch)
        except Exception:  # noqa: BLE001 - fold meets it again, and has the quarantine
            return False

    def preparing(self, batch: EventBatch) -> Callable[[], None] | None:
        """Never raises, and neither does the work: a fold without it comes to the same Changes."""
        try:
            prepare = self.stage.preparing(batch)
        except Exception as error:  # noqa: BLE001 - the fold does without
            self._failed("preparing", error)
            return None
        if prepare is None:
            return None

        def guarded() -> None:
            try:
                prepare()
            except Exception as error:  # noqa: BLE001 - the fold does without
                self._failed("preparing", error)

        return guarded

    def count(self, metrics: Metrics | None) -> None:
        """Never raises."""
        try:
            self.stage.count(metrics)
        except Exception as error:  # noqa: BLE001 - metrics are worth less than the fold
            self._failed("count", error)
        if metrics is not None and self._failures:
            for method, failures in self._failures.items():
                metrics.stage_failures.labels(self.name, method).inc(failures)
            self._failures.clear()

    def report(self, append: Callable[[list[Event]], bool]) -> None:
        """Never raises."""

        def noted(events: list[Event]) -> bool:
            self._appended.update(map(type, events))
            return append(events)

        if self._stuck not in self.quarantined:
            try:
                self.stage.report(noted)
            except Exception as error:  # noqa: BLE001 - the stage is asked again after the next batch
                self._failed("report", error)
        if self._alarms and append(self._alarms):
            self._alarms = []

    def _failed(self, method: str, error: Exception) -> None:
        self._failures[method] += 1
        if (known := (method, type(error).__name__)) in self._known:
            return
        self._known.add(known)
        log.error("a stage failed outside its fold", stage=self.name, method=method, exc_info=error)
        alarm = SystemReport(
            alarm_type=FAILED,
            active=True,
            severity="major",
            qualifier=f"{self.name} {method}",
            title=f"Stage {self.name} failed in {method}; the pipe goes on",
            description=error_text(error),
        )
        self._alarms.append(alarm)

    def _attempt(self, offset: int, at: datetime, event: Event, changes_before: Sequence[Change]) -> list[Change] | str:
        """The Changes, or the error."""
        try:
            return self.stage.fold(offset, at, event, changes_before)
        except Exception as error:  # noqa: BLE001 - whatever a stage trips over, the Events behind and the other stages go on
            return error_text(error)

    def _release(self, offset: int, at: datetime, by: str, action: RetryQuarantined | DiscardQuarantined) -> list[Change]:
        """Fold once more, or give up. Two who ask at the same time both saw the Event, and it must not count twice."""
        if action.offset not in self.quarantined:
            return _refused(offset, action.offset, "wrong_state", f"is not in the quarantine of {self.name}")
        if isinstance(action, DiscardQuarantined):
            del self.quarantined[action.offset]
            released = Released(offset, action.offset, self.name, f"user:{by}", action.reason, discarded=True)
            return [Answer(offset=offset), released]
        try:
            event, before = _event.decode(action.event), _changes.decode(action.changes) if action.changes else []
        except msgspec.MsgspecError as error:
            return _refused(offset, action.offset, "invalid", f"can no longer be read: {error}")
        folded = self._attempt(offset, at, event, before)
        if isinstance(folded, str):
            return _refused(offset, action.offset, "invalid", f"still cannot be folded by {self.name}: {folded}")
        del self.quarantined[action.offset]
        if not any(isinstance(change, Answer) for change in folded):
            folded.append(Answer(offset=offset))
        return [*folded, Released(offset, action.offset, self.name, why="folded by a retry")]


def _refused(offset: int, quarantined: int, reason: str, text: str) -> list[Change]:
    refusal = Refusal(str(quarantined), reason, f"Event {quarantined} {text}")  # type: ignore[arg-type]
    return [Answer(offset=offset, refusals=(refusal,))]

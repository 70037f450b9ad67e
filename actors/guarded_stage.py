"""The quarantine of a stage behind the correlator: an Event that makes it raise is set aside for that stage alone."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from actors.error_text import error_text
from actors.metrics import Metrics
from actors.stage import Stage
from actors.state_encoding import Piece
from protocols.change import Answer, Change, Quarantined, Refusal, Released
from protocols.command import Command, DiscardQuarantined, RetryQuarantined
from protocols.event import Event, kind
from protocols.ledger import EventBatch

MAX_QUARANTINED = 100_000
"""Quarantined Events within reach of a retry. Beyond this the oldest are only listed and kept."""
_SIZE = 8
"""Octets of the length that stands before the quarantine in a snapshot."""

_event = msgspec.msgpack.Decoder(Event)
_changes = msgspec.msgpack.Decoder(list[Change])
_offsets = msgspec.msgpack.Decoder(list[int])
_encode = msgspec.msgpack.Encoder().encode


class GuardedStage(Stage):
    """``stage``, which may raise, as a stage that does not. When ``stage`` raises, its state has to be as before: it drafts,
    and writes once nothing can fail.

    Its answer to such an Event is :class:`Quarantined` alone. The ledger keeps the Event with the Changes of the stages before,
    and appends a StageQuarantine, from which the correlator makes the alarm. Commands to retry and to discard that name this
    stage are folded here.
    """

    def __init__(self, stage: Stage) -> None:
        self.name, self.stage = stage.name, stage
        self.quarantined: dict[int, None] = {}
        """Offsets, oldest first."""

    def load(self, octets: bytes) -> None:
        """Raises ``msgspec.MsgspecError``, with the state as before."""
        size = int.from_bytes(octets[:_SIZE], "big")
        quarantined = dict.fromkeys(_offsets.decode(octets[_SIZE : _SIZE + size]))
        self.stage.load(octets[_SIZE + size :])
        self.quarantined = quarantined

    def saving(self) -> Iterable[Piece]:
        quarantined = _encode(list(self.quarantined))
        return _behind(len(quarantined).to_bytes(_SIZE, "big") + quarantined, self.stage.saving())

    def begin(self, offset: int, at: datetime, held: Sequence[Change]) -> None:
        self.stage.begin(offset, at, held)

    def held(self) -> list[Change]:
        return self.stage.held()

    def fold(self, offset: int, at: datetime, event: Event, changes_before: Sequence[Change]) -> list[Change]:
        """Never raises."""
        action = event.action if type(event) is Command else None
        if isinstance(action, RetryQuarantined | DiscardQuarantined) and action.stage == self.name:
            assert type(event) is Command
            return self._release(offset, at, event.by.name, action)
        folded = self._attempt(offset, at, event, changes_before)
        if isinstance(folded, list):
            return folded
        self.quarantined[offset] = None
        if len(self.quarantined) > MAX_QUARANTINED:
            del self.quarantined[next(iter(self.quarantined))]
        return [Quarantined(offset, at, kind(event), folded, self.name)]

    def preparing(self, batch: EventBatch) -> Callable[[], None] | None:
        return self.stage.preparing(batch)

    def count(self, metrics: Metrics | None) -> None:
        self.stage.count(metrics)

    def report(self, append: Callable[[list[Event]], bool]) -> None:
        self.stage.report(append)

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


def _behind(first: Piece, others: Iterable[Piece]) -> Iterable[Piece]:
    yield first
    yield from others

"""The board: every alarm that the correlator's State holds, as of one ``seq``, and the latest changes.

The board outlives a restart of the actor. Nothing in here blocks or waits: between two calls the board is exactly the state
after batch :attr:`Board.seq`.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from protocols.alarm import Alarm
from protocols.change import AlarmChanged, AlarmForgotten, AlarmRepeated
from protocols.ledger import RecordedBatch

_MOST_MARKS = 100_000
"""The most changed alarms that the board remembers, in however many batches. This bounds the memory in a storm."""


class AlarmMark(NamedTuple):
    """The last change of an alarm, at batch ``seq``. ``axes`` is the batch that last changed a field on which filters depend
    (0: none in the window). ``gone`` is the last version of an alarm that became history."""

    seq: int
    axes: int
    gone: Alarm | None


class BoardSnapshot:
    """Every alarm as of ``seq``, while the board goes on."""

    def __init__(self, seq: int, alarms: Sequence[Alarm], repeats: Mapping[str, AlarmRepeated]) -> None:
        self.seq = seq
        self._alarms = alarms
        self._repeats = repeats

    def __len__(self) -> int:
        return len(self._alarms)

    def alarms(self, start: int, stop: int) -> list[Alarm]:
        """The alarms from index ``start`` up to ``stop``, in the board's order."""
        stretch: list[Alarm] = []
        for alarm in self._alarms[start:stop]:
            repeat = self._repeats.get(alarm.id)
            stretch.append(alarm if repeat is None else repeat.apply(alarm))
        return stretch


class BatchMissing(Exception):
    """A batch does not follow the board's last one: folding it would lose a change."""

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(f"batch {got} cannot follow: the board needs batch {expected}")
        self.expected, self.got = expected, got


class Board:
    """Folds recorded batches. ``alarms`` are the State's as of batch ``seq``.

    ``window`` is how many batches back :meth:`since` can answer for.
    """

    def __init__(self, seq: int = 0, alarms: Iterable[Alarm] = (), window: int = 4096) -> None:
        self.seq = seq
        self.window = window
        self._alarms = {alarm.id: alarm for alarm in alarms}
        self._repeats: dict[str, AlarmRepeated] = {}
        self._marks: OrderedDict[str, AlarmMark] = OrderedDict()
        self._floor = seq
        self._active = Counter(alarm.severity for alarm in self._alarms.values() if _is_active(alarm))

    def __len__(self) -> int:
        return len(self._alarms)

    def get(self, id: str) -> Alarm | None:
        """The alarm with this ``id`` (UUID) as of :attr:`seq`; None when it is unknown or already history."""
        alarm = self._alarms.get(id)
        repeat = self._repeats.pop(id, None)
        if alarm is not None and repeat is not None:
            # A storm repeats an alarm thousands of times between two reads. So the copy is made by the read.
            alarm = self._alarms[id] = repeat.apply(alarm)
        return alarm

    def alarms(self) -> list[Alarm]:
        """Every alarm as of :attr:`seq`."""
        moment = self.moment()
        return moment.alarms(0, len(moment))

    def moment(self) -> "BoardSnapshot":
        """The board as it is now, for a reader that takes it in pieces while the board goes on. Fast, also with many alarms."""
        return BoardSnapshot(self.seq, list(self._alarms.values()), dict(self._repeats))

    def active(self) -> dict[str, int]:
        """The number of alarms that are neither cleared nor resolved, by severity. A severity without any may be missing."""
        return {str(severity): count for severity, count in self._active.items()}

    def fold(self, batch: RecordedBatch) -> None:
        """Apply the next batch. A batch that was applied before is ignored.

        Raises BatchMissing, and changes nothing, when batches between :attr:`seq` and this one were left out.
        """
        if batch.seq <= self.seq:
            return
        if batch.seq != self.seq + 1:
            raise BatchMissing(self.seq + 1, batch.seq)
        self.seq = batch.seq
        for change in batch.changes:
            if isinstance(change, AlarmRepeated):
                # An alarm that the board does not have: its next AlarmChanged has all of it.
                if change.id in self._alarms:
                    self._repeats[change.id] = change
                    self._mark(change.id, moved=False)
            elif isinstance(change, AlarmChanged):
                self._put(change.alarm)
            elif isinstance(change, AlarmForgotten):
                self._forget(change.id)
        self._trim()

    def follows(self, seq: int) -> bool:
        """Whether :meth:`since` knows every change after ``seq``."""
        return self._floor <= seq <= self.seq

    def since(self, seq: int) -> list[tuple[str, AlarmMark]]:
        """The ids of the alarms that changed after ``seq``, each once, by their last change, oldest first. :meth:`follows`
        must be true of ``seq``."""
        changed: list[tuple[str, AlarmMark]] = []
        for id in reversed(self._marks):
            mark = self._marks[id]
            if mark.seq <= seq:
                break
            changed.append((id, mark))
        changed.reverse()
        return changed

    def _put(self, alarm: Alarm) -> None:
        old = self._alarms.get(alarm.id)
        if old is not None and _is_active(old):
            self._active[old.severity] -= 1
        if _is_active(alarm):
            self._active[alarm.severity] += 1
        self._alarms[alarm.id] = alarm
        self._repeats.pop(alarm.id, None)
        # An alarm may return from history before a reader has learned that it went there.
        known = _filtered_alike(old, alarm) if old else alarm.id not in self._marks
        self._mark(alarm.id, moved=not known)

    def _forget(self, id: str) -> None:
        alarm = self.get(id)
        if alarm is None:
            return
        if _is_active(alarm):
            self._active[alarm.severity] -= 1
        del self._alarms[id]
        self._mark(id, moved=False, gone=alarm)

    def _mark(self, id: str, *, moved: bool, gone: Alarm | None = None) -> None:
        before = self._marks.get(id)
        axes = self.seq if moved else before.axes if before is not None else 0
        self._marks[id] = AlarmMark(self.seq, axes, gone)
        self._marks.move_to_end(id)

    def _trim(self) -> None:
        self._floor = max(self._floor, self.seq - self.window)
        while self._marks:
            id, mark = next(iter(self._marks.items()))
            if mark.seq > self._floor and len(self._marks) <= _MOST_MARKS:
                break
            del self._marks[id]
            self._floor = max(self._floor, mark.seq)


def _is_active(alarm: Alarm) -> bool:
    return alarm.status not in ("cleared", "resolved")


def _filtered_alike(one: Alarm, other: Alarm) -> bool:
    """Whether every filter admits both versions or neither."""
    return (
        one.severity == other.severity
        and one.status == other.status
        and one.parent_alarm_id == other.parent_alarm_id
        and one.tags == other.tags
        and one.assigned_to == other.assigned_to
        and one.ticket_id == other.ticket_id
        and (one.acknowledged_at is None) == (other.acknowledged_at is None)
        and one.is_root_cause == other.is_root_cause
        and one.correlation_id == other.correlation_id
        and one.affected_customers == other.affected_customers
        and one.affected_services == other.affected_services
        and one.device_id == other.device_id
        and (one.source, one.alarm_type, one.resource_type, one.resource_id)
        == (other.source, other.alarm_type, other.resource_type, other.resource_id)
    )

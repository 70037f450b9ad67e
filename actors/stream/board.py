"""The board: every alarm that the correlator's State holds, as of one ``seq``, and the latest changes.

The board outlives a restart of the actor. Nothing in here blocks or waits: between two calls the board is exactly the state
after batch :attr:`Board.seq`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from actors.stream.change_window import ChangeWindow
from actors.stream.sla_board import SlaBoard, SlaSubject
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, AlarmForgotten, AlarmRepeated, Change
from protocols.ledger import RecordedBatch
from protocols.sla.changes import SlaBreachChanged, SlaInstanceChanged, SlaNotificationRequested
from protocols.stream import ALARMS, Topic


class AlarmMark(NamedTuple):
    """The last change of an alarm, at batch ``seq``. ``axes`` is the batch that last changed a field on which filters depend
    (0: none in the window). ``gone`` is the last version of an alarm that became history."""

    seq: int
    axes: int
    gone: Alarm | None


class BoardSnapshot:
    """Every alarm as of ``seq``, and what the SLA board has then, while the board goes on."""

    def __init__(
        self,
        seq: int,
        alarms: Sequence[Alarm],
        repeats: Mapping[str, AlarmRepeated],
        agreements: Mapping[Topic, Sequence[SlaSubject]],
    ) -> None:
        self.seq = seq
        self.agreements = agreements
        """Instances and breaches, by topic."""
        self._alarms = alarms
        self._repeats = repeats

    def __len__(self) -> int:
        """The number of alarms, instances and breaches."""
        return len(self._alarms) + sum(map(len, self.agreements.values()))

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


class Board(ChangeWindow[AlarmMark]):
    """Folds recorded batches. ``alarms`` are the State's as of batch ``seq``, ``agreements`` what the SLA clock holds then.

    ``window`` is how many batches back :meth:`since` can answer for.
    """

    def __init__(
        self, seq: int = 0, alarms: Iterable[Alarm] = (), window: int = 4096, agreements: Iterable[Change] = ()
    ) -> None:
        super().__init__(seq, window)
        self.sla = SlaBoard(seq, window, agreements)
        self._alarms = {alarm.id: alarm for alarm in alarms}
        self._repeats: dict[str, AlarmRepeated] = {}
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

    def moment(self, topics: Collection[Topic] = ALARMS) -> "BoardSnapshot":
        """The board as it is now, for a reader that takes it in pieces while the board goes on. Fast, also with many alarms."""
        agreements: dict[Topic, Sequence[SlaSubject]] = {}
        if "sla_instances" in topics:
            agreements["sla_instances"] = self.sla.instances()
        if "sla_breaches" in topics:
            agreements["sla_breaches"] = self.sla.breaches()
        alarms = list(self._alarms.values()) if "alarms" in topics else []
        return BoardSnapshot(self.seq, alarms, dict(self._repeats), agreements)

    def knows(self, seq: int, topics: Collection[Topic]) -> bool:
        """Whether the changes of ``topics`` after ``seq`` are all in memory."""
        return ("alarms" not in topics or self.follows(seq)) and (
            not any(topic != "alarms" for topic in topics) or self.sla.follows(seq)
        )

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
            elif isinstance(change, (SlaInstanceChanged, SlaBreachChanged, SlaNotificationRequested)):
                self.sla.put(change, batch.seq)
        self._trim()
        self.sla.seq = batch.seq

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

"""What a run of Changes comes to: for each row its last state, so that a storm on one alarm is one row written.

Pure. Applying the steps of ``[*a, *b]`` gives the same tables as applying those of ``a`` and then those of ``b``.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from protocols.alarm import Alarm, TimelineEntry
from protocols.change import (
    AlarmChanged,
    AlarmForgotten,
    AlarmRepeated,
    Answer,
    ArchiveDue,
    Change,
    DeviceEvent,
    HistoryChanged,
    NotificationRequested,
    Quarantined,
    Released,
    UnknownTrap,
)

MOST_REPEATS = 10
"""Repeats of an alarm whose Events are remembered: the newest."""


class Effects(Struct):
    """Rows to write, by table; the keys of the dicts are the tables' keys."""

    alarms: dict[str, Alarm] = {}
    """Whole rows, to insert or overwrite; alive unless also in ``forgotten``."""
    repeats: dict[str, list[AlarmRepeated]] = {}
    """Each alarm's repeats since it came into ``alarms``; the row of one that is not there is in the table already."""
    repeated_first: dict[str, list[int]] = {}
    """Offsets of the newest repeats before the alarm came into ``alarms``: for the row that is in the table already, if any."""
    repeated_between: dict[str, list[int]] = {}
    """Offsets of the newest repeats since it first came into ``alarms``, until it last did."""
    forgotten: set[str] = set()
    history: list[HistoryChanged] = []
    entries: list[TimelineEntry] = []
    device_events: list[DeviceEvent] = []
    unknown_traps: list[UnknownTrap] = []
    quarantined: dict[tuple[int, str], Quarantined] = {}
    """By offset and stage."""
    released: set[tuple[int, str]] = set()

    def add(self, change: Change) -> None:
        """Take in the next Change; ArchiveDue is no effect of this kind, and Answer leaves no row."""
        match change:
            case AlarmRepeated():
                known = self.repeats.get(change.id)
                if known is None:
                    self.repeats[change.id] = [change]
                else:
                    known.append(change)
            case AlarmChanged():
                name = change.alarm.id
                if (repeats := self.repeats.pop(name, None)) is not None:
                    (self.repeated_between if name in self.alarms else self.repeated_first)[name] = self._offsets(name, repeats)
                if change.repeats:
                    self.repeated_between[name] = [change.offset, *self.repeated_between.get(name, ())][:MOST_REPEATS]
                self.alarms[name] = change.alarm
                self.forgotten.discard(name)
                self.entries.extend(change.entries)
            case AlarmForgotten():
                self.forgotten.add(change.id)
            case HistoryChanged():
                self.history.append(change)
                self.entries.extend(change.entries)
            case DeviceEvent():
                self.device_events.append(change)
            case UnknownTrap():
                self.unknown_traps.append(change)
            case Quarantined():
                self.quarantined[change.offset, change.stage] = change
                self.released.discard((change.offset, change.stage))
            case Released():
                self.quarantined.pop((change.released, change.stage), None)
                self.released.add((change.released, change.stage))
            case Answer() | ArchiveDue() | NotificationRequested():
                pass

    def rows(self) -> list[Alarm]:
        """``alarms``, with the counts of what repeated since."""
        return [
            alarm if (repeats := self.repeats.get(name)) is None else repeats[-1].apply(alarm)
            for name, alarm in self.alarms.items()
        ]

    def counts(self) -> list[tuple[AlarmRepeated, list[int]]]:
        """The last counts of the alarms that are not in ``alarms``, and the offsets of their newest repeats, latest first."""
        return [
            (repeats[-1], self._offsets(name, repeats)) for name, repeats in self.repeats.items() if name not in self.alarms
        ]

    def repeat_offsets(self) -> dict[str, list[int]]:
        """Of the alarms that are in ``alarms``: the offsets of their newest repeats since they are, latest first."""
        names = {name: None for name in (*self.repeats, *self.repeated_between) if name in self.alarms}
        return {name: self._offsets(name, self.repeats.get(name, ())) for name in names}

    def _offsets(self, name: str, repeats: Sequence[AlarmRepeated]) -> list[int]:
        newest = [repeat.offset for repeat in repeats[-MOST_REPEATS:]]
        newest.reverse()
        return [*newest, *self.repeated_between.get(name, ())][:MOST_REPEATS]


def steps(changes: Iterable[Change]) -> Iterable[Effects | ArchiveDue]:
    """What to do, in order. Archiving moves rows as they are at that point, so it parts what is before from what is after."""
    effects: Effects | None = None
    for change in changes:
        if isinstance(change, ArchiveDue):
            if effects is not None:
                yield effects
                effects = None
            yield change
        elif not isinstance(change, Answer):
            effects = effects or Effects()
            effects.add(change)
    if effects is not None:
        yield effects

"""The rows that a sequence of Changes writes: the last version of each, so that a storm on one alarm writes one row.

Pure. Applying the steps of ``[*a, *b]`` gives the same tables as applying those of ``a`` and then those of ``b``.
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from actors.store.change_rows import ChangeRows
from actors.store.operator_rows import OperatorRows
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
    NodesChanged,
    NotificationRequested,
    Quarantined,
    Released,
    RuleChanged,
    UnknownTrap,
    WindowChanged,
)
from protocols.poll.request import PollRequested
from protocols.poll.sight import SightChanged

MOST_REPEATS = 10
"""The most repeats of an alarm whose offsets are kept: the newest."""


class Effects(Struct):
    """The rows to write, by table. The keys of the dicts are the tables' keys."""

    alarms: dict[str, Alarm] = {}
    """Whole rows, to insert or overwrite. They are live unless also in ``forgotten``."""
    repeats: dict[str, list[AlarmRepeated]] = {}
    """The repeats of each alarm since its last AlarmChanged. The row of an alarm that is not in ``alarms`` is in the table."""
    repeated_first: dict[str, list[int]] = {}
    """The offsets of the newest repeats before the first AlarmChanged of an alarm: for the row in the table, if there is
    one."""
    repeated_between: dict[str, list[int]] = {}
    """The offsets of the newest repeats between the first and the last AlarmChanged of an alarm."""
    forgotten: set[str] = set()
    history: list[HistoryChanged] = []
    entries: list[TimelineEntry] = []
    device_events: list[DeviceEvent] = []
    unknown_traps: list[UnknownTrap] = []
    quarantined: dict[tuple[int, str], Quarantined] = {}
    """By offset and stage."""
    released: set[tuple[int, str]] = set()
    made: OperatorRows = msgspec.field(default_factory=OperatorRows)
    """Changes of rules, maintenance windows and topology nodes."""
    tabled: ChangeRows = msgspec.field(default_factory=ChangeRows)
    """Changes of service level agreements and of dispatch."""

    def add(self, change: Change) -> None:
        """Add the next Change. ArchiveDue is a step of its own (:func:`steps`); Answer, NotificationRequested,
        PollRequested and SightChanged write no row."""
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
            case RuleChanged() | WindowChanged() | NodesChanged():
                self.made.add(change)
            case Answer() | ArchiveDue() | NotificationRequested() | PollRequested() | SightChanged():
                pass
            case _:
                self.tabled.add(change)

    def rows(self) -> list[Alarm]:
        """``alarms``, each after its repeats."""
        return [
            alarm if (repeats := self.repeats.get(name)) is None else repeats[-1].apply(alarm)
            for name, alarm in self.alarms.items()
        ]

    def counts(self) -> list[tuple[AlarmRepeated, list[int]]]:
        """The last repeat of each alarm that is not in ``alarms``, and the offsets of its newest repeats, latest first."""
        return [
            (repeats[-1], self._offsets(name, repeats)) for name, repeats in self.repeats.items() if name not in self.alarms
        ]

    def repeat_offsets(self) -> dict[str, list[int]]:
        """The offsets of the newest repeats of each alarm in ``alarms``, since its first AlarmChanged, latest first."""
        names = {name: None for name in (*self.repeats, *self.repeated_between) if name in self.alarms}
        return {name: self._offsets(name, self.repeats.get(name, ())) for name in names}

    def _offsets(self, name: str, repeats: Sequence[AlarmRepeated]) -> list[int]:
        newest = [repeat.offset for repeat in repeats[-MOST_REPEATS:]]
        newest.reverse()
        return [*newest, *self.repeated_between.get(name, ())][:MOST_REPEATS]


def steps(changes: Iterable[Change]) -> Iterable[Effects | ArchiveDue]:
    """The steps, in order. Archiving moves rows as they are at that point, so it separates the Changes before from those
    after."""
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

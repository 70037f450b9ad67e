"""One of the two folds: its stages, and what became of each alarm in them."""

from collections import Counter
from collections.abc import Collection, Hashable
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from faultd.backtest.dispatch_notes import DispatchNotes
from faultd.pipe import Stages
from protocols.alarm import Alarm, Identity
from protocols.backtest import Figures
from protocols.change import (
    AlarmChanged,
    AlarmForgotten,
    Change,
    NotificationKind,
    NotificationRequested,
    Quarantined,
)
from protocols.command import FIRST_STAGE
from protocols.dispatch.changes import NotificationChanged, NotificationPolicyChanged, TicketUpdated
from protocols.dispatch.channel import Channel
from protocols.event import Event

REQUEST = "notification_requested"
"""The timeline action about notifications, not about rules."""


class AlarmKey(NamedTuple):
    """An alarm by what it is about and the offset at which it was raised: its ids may differ from one fold to the other.
    ``id`` and offset 0 for those from before the period, whose ids are the same."""

    identity: Identity
    offset: int
    id: str = ""


PAGES: tuple[NotificationKind, ...] = ("raised", "worsened", "escalated", "flapping")
"""Notices that wake somebody; the others say that it is over."""


class Fate(Struct):
    """The end state of an alarm. It refers to other alarms by names that mean the same in both folds."""

    alarm_id: str = ""
    """External name."""
    title: str = ""
    inferred: bool = False
    """Raised by faultd, not by a device or person."""
    root: bool = False
    """It was a root cause at some time."""
    parent: AlarmKey | None = None
    """The last alarm to which it was attributed."""
    group: AlarmKey | None = None
    """The first alarm of its last correlation."""
    severity: str = ""
    held: dict[str, None] = {}
    """Everything that held the alarm back at some time: ``rule NAME``, ``window ID``, ``parent`` or ``flapping``."""
    pages: list[str] = []
    """Notices, in order."""


class Side:
    """Stages that go their own way from a given moment."""

    def __init__(self, name: str, stages: Stages, waking: Collection[Channel] = ()) -> None:
        self.name, self.stages, self.state = name, stages, stages.state
        self.dispatch = DispatchNotes(lambda: stages.dispatch, self.shared_subject, waking)
        self.figures = Figures()
        self.fates: dict[AlarmKey, Fate] = {}
        self.gone: list[AlarmKey] = []
        """Alarms that the fold has forgotten, kept until they are compared."""
        self._keys: dict[str, AlarmKey] = {}
        self._ids: dict[AlarmKey, str] = {}
        self._first: dict[str, AlarmKey] = {}
        self._last: dict[str, str] = {}
        self._rules: dict[str, str] = {}
        for alarm in self.state.alarms.values():
            self._learn(alarm, AlarmKey(alarm.identity, 0, alarm.id))
        for alarm in self.state.alarms.values():
            self._take(alarm)

    def feed(self, offset: int, at: datetime, event: Event) -> list[Change]:
        """Fold one Event and take notes."""
        changes = self.stages.fold(offset, at, event)
        self.note(changes)
        return changes

    def note(self, changes: list[Change]) -> None:
        """Take notes of Changes."""
        for change in changes:
            if isinstance(change, AlarmChanged):
                self._changed(change)
            elif isinstance(change, NotificationRequested):
                self._notice(change)
            elif isinstance(change, AlarmForgotten):
                self._forget(change.id)
            elif isinstance(change, NotificationChanged | NotificationPolicyChanged | TicketUpdated):
                self.dispatch.take(change)
            elif isinstance(change, Quarantined) and change.stage != FIRST_STAGE:
                self.figures.failed += 1

    def key(self, alarm_id: str) -> AlarmKey | None:
        """The key of an alarm, by its id or external name."""
        found = self.state.named(alarm_id, None)
        return self._keys.get(found[0].id if found else alarm_id)

    def alarm_id(self, key: AlarmKey) -> str | None:
        """The id under which this fold has an alarm."""
        return self._ids.get(key)

    def own_subject(self, subject: str, of: "Side") -> str:
        """The key in this fold of a subject of the dispatcher, by its key in another one."""
        kind, _, name = subject.partition(":")
        key = of.key(name) if kind == "alarm" else None
        return f"alarm:{self.alarm_id(key) or name}" if key is not None else subject

    def shared_subject(self, subject: str) -> Hashable:
        """A subject of the dispatcher by a name that both folds share."""
        kind, _, name = subject.partition(":")
        return self._keys.get(name, subject) if kind == "alarm" else subject

    def name_rules(self, names: dict[str, str]) -> None:
        """Ids of rules and their names."""
        self._rules.update(names)

    def _changed(self, change: AlarmChanged) -> None:
        alarm = change.alarm
        if alarm.id not in self._keys:
            self._learn(alarm, AlarmKey(alarm.identity, change.offset))
            self.fates[self._keys[alarm.id]].inferred = change.entries[0].actor.startswith("faultd:")
        if alarm.alarm_type in ("correlation.failed", "event.quarantined") and alarm.source == "system":
            self.figures.failed += 1
        for entry in change.entries:
            if entry.actor.startswith("faultd:") and entry.action != REQUEST:
                rule = entry.actor.removeprefix("faultd:")
                self._last[alarm.id] = rule
                done = self.figures.by_rule.setdefault(rule, {})
                done[entry.action] = done.get(entry.action, 0) + 1
        self._take(alarm)

    def _learn(self, alarm: Alarm, key: AlarmKey) -> None:
        self._keys[alarm.id] = key
        self._ids[key] = alarm.id
        self.fates[key] = Fate(alarm_id=alarm.alarm_id, title=alarm.title)
        self.figures.alarms += 1

    def _take(self, alarm: Alarm) -> None:
        fate = self.fates[self._keys[alarm.id]]
        fate.severity, fate.title = alarm.severity, alarm.title
        if alarm.is_root_cause and not fate.root:
            fate.root = True
            self.figures.roots += 1
        if alarm.parent_alarm_id is not None:
            fate.parent = self._keys.get(alarm.parent_alarm_id)
        if alarm.correlation_id is not None:
            fate.group = self._first.setdefault(alarm.correlation_id, self._keys[alarm.id])
        if alarm.suppressed_by and not fate.held:
            self.figures.suppressed += 1
        for held in alarm.suppressed_by:
            by = {"rule": f"rule {self._rules.get(held.by, held.by)}", "window": f"window {held.by}"}
            fate.held[by.get(held.kind, held.kind)] = None

    def _notice(self, notice: NotificationRequested) -> None:
        figures = self.figures
        figures.notices[notice.kind] = figures.notices.get(notice.kind, 0) + 1
        key = self._keys.get(notice.alarm_id)
        if key is not None:
            self.fates[key].pages.append(notice.kind)
        if notice.kind in PAGES:
            figures.pages += 1
            done = figures.by_rule.setdefault(self._last.get(notice.alarm_id, "devices"), {})
            done["paged"] = done.get("paged", 0) + 1

    def _forget(self, alarm_id: str) -> None:
        key = self._keys.pop(alarm_id, None)
        if key is not None:
            self.gone.append(key)
            del self._ids[key]
            self._last.pop(alarm_id, None)


def counted(words: list[str]) -> str:
    """``raised, worsened 2x``: how often each is there, in the order in which they first are."""
    found = Counter(words)
    return ", ".join(word if count == 1 else f"{word} {count}x" for word, count in found.items())

"""What one Event is about to change. Nothing reaches the State before :meth:`Draft.commit`, so a fold that raises
half-way leaves the State as it was and its Event can be quarantined."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from actors.correlator.identifiers import alarm_name, alarm_uuid
from actors.correlator.state import State
from protocols.alarm import Alarm, Identity, TimelineEntry
from protocols.change import AlarmChanged, AlarmRepeated, Change


class Draft:
    """An overlay on the State for the Event at ``offset``, stamped ``at`` by the ledger."""

    __slots__ = ("_alarms", "_entries", "_later", "_names", "_number", "_others", "_raised", "at", "offset", "state")

    def __init__(self, state: State, offset: int, at: datetime) -> None:
        self.state, self.offset, self.at = state, offset, at
        self._alarms: dict[str, Alarm] = {}
        self._entries: dict[str, list[TimelineEntry]] = {}
        self._names: dict[Identity, str] = {}
        self._others: list[Change] = []
        self._later: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self._number = 0
        self._raised = 0

    # --- reading: what this Event has already drafted comes before what the State holds ---------------------------

    def get(self, alarm_id: str) -> Alarm | None:
        """An alarm by its id or its external name."""
        found = self._alarms.get(alarm_id) or self.state.alarms.get(alarm_id)
        if found is None:
            named = self.state.names.get(alarm_id)
            found = self.get(named) if named is not None else None
        return found

    def current(self, identity: Identity) -> Alarm | None:
        """The alarm that a raise of ``identity`` would repeat or re-open; never a resolved one."""
        alarm_id = self._names.get(identity) or self.state.current.get(identity)
        if alarm_id is None:
            return None
        alarm = self._alarms.get(alarm_id) or self.state.alarms[alarm_id]
        return None if alarm.resolved_at is not None else alarm

    def open_of(self, tenant_id: str, resource_id: str, alarm_type: str) -> list[Alarm]:
        """Alarms of this kind that are not cleared, by qualifier: an order that does not depend on how they came about."""
        known = self.state.open.get((tenant_id, resource_id, alarm_type), {})
        found = [self._alarms.get(alarm_id) or self.state.alarms[alarm_id] for alarm_id in known.values()]
        for alarm in self._alarms.values():
            if known.get(alarm.qualifier) != alarm.id and (alarm.tenant_id, alarm.resource_id, alarm.alarm_type) == (
                tenant_id,
                resource_id,
                alarm_type,
            ):
                found.append(alarm)
        return sorted((alarm for alarm in found if alarm.cleared_at is None), key=lambda alarm: alarm.qualifier)

    # --- writing --------------------------------------------------------------------------------------------------

    def new_ids(self) -> tuple[str, str]:
        """``id`` and ``alarm_id`` of an alarm that this Event raises."""
        number, self._raised = self._raised, self._raised + 1
        return alarm_uuid(self.state.ledger_id, self.offset, number), alarm_name(self.offset, number)

    @property
    def raised(self) -> int:
        """How many alarms this Event has raised so far."""
        return self._raised

    def next_number(self) -> int:
        """A number unique among this Event's timeline entries and device events."""
        number, self._number = self._number, self._number + 1
        return number

    def put(self, alarm: Alarm, action: str, actor: str, text: str = "", **detail: Any) -> Alarm:
        """The alarm as it now is, with the line of its timeline that says why."""
        entry = TimelineEntry(
            alarm_id=alarm.id,
            tenant_id=alarm.tenant_id,
            offset=self.offset,
            number=self.next_number(),
            at=self.at,
            action=action,
            actor=actor,
            text=text,
            detail=detail,
        )
        self._entries.setdefault(alarm.id, []).append(entry)
        self._alarms[alarm.id] = alarm
        if alarm.resolved_at is None:
            self._names[alarm.identity] = alarm.id
        return alarm

    def repeat(self, alarm: Alarm) -> Alarm:
        """The alarm with only its count and times moved: no line in the timeline."""
        self._alarms[alarm.id] = alarm
        if alarm.id not in self.state.alarms:
            self._names[alarm.identity] = alarm.id
        return alarm

    def emit(self, change: Change) -> None:
        """A Change that is no alarm's."""
        self._others.append(change)

    def later(self, action: Callable[..., Any], *args: Any) -> None:
        """Do this to the State on commit."""
        self._later.append((action, args))

    def commit(self) -> list[Change]:
        """Write the State; give the Changes, alarms first, in the order in which they were touched."""
        changes: list[Change] = []
        for alarm_id, alarm in self._alarms.items():
            entries = self._entries.get(alarm_id)
            if entries is None:
                changes.append(
                    AlarmRepeated(self.offset, alarm_id, alarm.last_occurrence, alarm.occurrence_count, alarm.revision)
                )
                # Nothing that an index is by has moved.
                self.state.alarms[alarm_id] = alarm
            else:
                changes.append(AlarmChanged(self.offset, alarm, tuple(entries)))
                self.state.put(alarm, self.at)
        for action, args in self._later:
            action(*args)
        changes.extend(self._others)
        return changes

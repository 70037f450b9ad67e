"""The changes that one Event makes. Nothing reaches the State before :meth:`Draft.commit`. A draft that is not committed
leaves no trace, so an Event whose fold raises half-way can be quarantined, and a strategy that raises can be left out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from actors.correlator.alarms.tables import age
from actors.correlator.identifiers import alarm_uuid, counted_name, offset_name
from actors.correlator.staging import Staging
from actors.correlator.state import State
from protocols.alarm import Alarm, Identity, TimelineEntry
from protocols.change import AlarmChanged, AlarmRepeated, Change, DeviceEvent
from protocols.severity import Severity


class Numbers:
    """The numbers that one Event has given out. All drafts of the Event count on with the same."""

    __slots__ = ("entries", "raised")

    def __init__(self) -> None:
        self.entries = 0
        self.raised = 0


class Draft(Staging):
    """The staged changes of the Event at ``offset``, which the ledger stamped ``at``: alarms, Changes, and what
    :class:`Staging` has."""

    __slots__ = (
        "_entries",
        "_named",
        "_names",
        "_numbers",
        "_others",
        "_raised",
        "_shown",
        "alarms",
        "at",
        "offset",
    )

    def __init__(self, state: State, offset: int, at: datetime, numbers: Numbers | None = None) -> None:
        # As Staging.__init__ does, without the cost of another call: one or two drafts are made for each Event.
        self.state, self.offset, self.at = state, offset, at
        self._writes = []
        self._read = 0
        self._staged = self._inside = self._timers = self._acts = None
        self._numbers = numbers
        self._named = 0
        self._shown: dict[str, Alarm | None] | None = None
        """The alarms that :meth:`touched` has returned, by id."""
        self._raised: dict[str, str] | None = None
        """Resources of alarms that were not open before this Event, by id."""
        self.alarms: dict[str, Alarm] = {}
        """The changed alarms by id, as they are now. Only to be read."""
        self._entries: dict[str, list[TimelineEntry]] = {}
        self._names: dict[Identity, str] | None = None
        self._others: list[Change] | None = None

    @property
    def numbers(self) -> Numbers:
        """The numbers of the Event, for the draft that follows this one."""
        if self._numbers is None:
            self._numbers = Numbers()
        return self._numbers

    @property
    def untouched(self) -> bool:
        """True while the draft changes no alarm."""
        return not self.alarms

    # --- reading: changes of this draft come before the State -----------------------------------------------------

    def named(self, name: str, tenant_id: str | None) -> list[Alarm]:
        """The alarms with this id or external name: at most one of each tenant. ``tenant_id`` None: of all tenants."""
        return [self.latest(alarm) for alarm in self.state.named(name, tenant_id)]

    def get(self, alarm_id: str) -> Alarm | None:
        """The alarm with this id, or with this external name given by faultd."""
        found = self.alarms.get(alarm_id) or self.state.alarms.get(alarm_id)
        if found is None:
            named = self.state.names.get(alarm_id)
            found = self.get(named) if named is not None else None
        return found

    def alarm(self, alarm_id: str) -> Alarm:
        """The alarm with this id. Raises KeyError when there is none."""
        return self.alarms.get(alarm_id) or self.state.alarms[alarm_id]

    def current(self, identity: Identity) -> Alarm | None:
        """The unresolved alarm that a raise of ``identity`` would repeat or re-open."""
        names = self._names
        alarm_id = (names.get(identity) if names is not None else None) or self.state.current.get(identity)
        if alarm_id is None:
            return None
        alarm = self.alarms.get(alarm_id) or self.state.alarms[alarm_id]
        return None if alarm.resolved_at is not None else alarm

    def latest(self, alarm: Alarm) -> Alarm:
        """The same alarm with all changes of this draft."""
        return self.alarms.get(alarm.id) or self.state.alarms.get(alarm.id) or alarm

    def at_resource(self, resource_id: str) -> list[Alarm]:
        """Open alarms of a resource, those of this draft included, oldest first. The order does not depend on how they came."""
        if not self.alarms:
            return self.state.at_resource(resource_id)
        filed = self.state.by_resource.get(resource_id, ())
        if not filed and self._raised is None:
            return []
        found = [self.alarms.get(each) or self.state.alarms[each] for each in filed]
        if self._raised is not None:
            found += [self.alarms[each] for each, at in self._raised.items() if at == resource_id]
        found = [alarm for alarm in found if alarm.cleared_at is None]
        if len(found) > 1:
            found.sort(key=age)
        return found

    def touched(self) -> list[tuple[Alarm | None, Alarm]]:
        """Alarms put (not merely repeated) since the last call: as they were then, and as they are now."""
        found: list[tuple[Alarm | None, Alarm]] = []
        if not self._entries:
            return found
        shown = self._shown
        if shown is None:
            shown = self._shown = {}
        for alarm_id in self._entries:
            alarm = self.alarms[alarm_id]
            before = shown[alarm_id] if alarm_id in shown else self.state.alarms.get(alarm_id)
            if before is not alarm:
                found.append((before, alarm))
                shown[alarm_id] = alarm
        return found

    def repeated(self) -> list[tuple[Alarm, Alarm]]:
        """Alarms that were only repeated: as they were, and as they are now."""
        if len(self.alarms) == len(self._entries):
            return []
        known, entries = self.state.alarms, self._entries
        return [(known[name], alarm) for name, alarm in self.alarms.items() if name not in entries and name in known]

    def open_of(self, tenant_id: str, resource_id: str, alarm_type: str) -> list[Alarm]:
        """Open alarms of this kind in the order of their qualifiers, which does not depend on how they came."""
        known = self.state.open.get((tenant_id, resource_id, alarm_type), {})
        if not self.alarms and len(known) < 2:
            return [self.state.alarms[alarm_id] for alarm_id in known.values()]
        found = [self.alarms.get(alarm_id) or self.state.alarms[alarm_id] for alarm_id in known.values()]
        for alarm in self.alarms.values():
            if known.get(alarm.qualifier) != alarm.id and (alarm.tenant_id, alarm.resource_id, alarm.alarm_type) == (
                tenant_id,
                resource_id,
                alarm_type,
            ):
                found.append(alarm)
        return sorted((alarm for alarm in found if alarm.cleared_at is None), key=lambda alarm: alarm.qualifier)

    # --- writing --------------------------------------------------------------------------------------------------

    def new_ids(self) -> tuple[str, str]:
        """A new ``id`` and ``alarm_id`` for an alarm that this Event raises."""
        numbers = self.numbers
        number, numbers.raised = numbers.raised, numbers.raised + 1
        self._named += 1
        counted = self.state.counted
        name = offset_name(self.offset, number) if counted is None else counted_name(counted + self._named)
        return alarm_uuid(self.state.ledger_id, self.offset, number), name

    @property
    def raised(self) -> int:
        """Number of alarms that this Event has raised so far."""
        return self.numbers.raised

    def next_number(self) -> int:
        """A number unique among this Event's timeline entries and device events."""
        numbers = self.numbers
        number, numbers.entries = numbers.entries, numbers.entries + 1
        return number

    def put(self, alarm: Alarm, action: str, actor: str, text: str = "", **detail: Any) -> Alarm:
        """Stage the alarm as it is now, with a timeline entry that gives the reason."""
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
        if alarm.id not in self.alarms:
            before = self.state.alarms.get(alarm.id)
            if before is None or before.cleared_at is not None:
                if self._raised is None:
                    self._raised = {}
                self._raised[alarm.id] = alarm.resource_id
                if before is None or alarm.cleared_at is None:
                    self._name(alarm)
        self.alarms[alarm.id] = alarm
        return alarm

    def last_entry(self, alarm_id: str) -> TimelineEntry:
        """The newest entry that this Event has added to the timeline of an alarm. Raises KeyError when there is none."""
        return self._entries[alarm_id][-1]

    def entries_of(self, alarm_id: str) -> Sequence[TimelineEntry]:
        """The entries that this Event has added to the timeline of an alarm, oldest first."""
        return self._entries.get(alarm_id, ())

    def amend(self, alarm: Alarm) -> Alarm:
        """Stage a known alarm as it is now, without a timeline entry."""
        self._entries.setdefault(alarm.id, [])
        self.alarms[alarm.id] = alarm
        return alarm

    def repeat(self, alarm: Alarm) -> Alarm:
        """Stage a repeat: only the count and the times of the alarm differ, and there is no timeline entry."""
        self.alarms[alarm.id] = alarm
        return alarm

    def emit(self, change: Change) -> None:
        """Stage a Change that belongs to no alarm."""
        if self._others is None:
            self._others = []
        self._others.append(change)

    def device_event(
        self,
        tenant_id: str,
        device_id: str,
        event_name: str,
        title: str,
        detail: dict[str, Any],
        *,
        severity: Severity = "warning",
        resource_type: str = "olt",
        resource_id: str = "",
    ) -> None:
        """Stage a device event. ``resource_id``: a part of the device; empty: the device itself."""
        self.emit(
            DeviceEvent(
                offset=self.offset,
                number=self.next_number(),
                at=self.at,
                tenant_id=tenant_id,
                device_id=device_id,
                resource_type=resource_type,
                resource_id=resource_id or device_id,
                event_name=event_name,
                severity=severity,
                title=title,
                detail=detail,
            )
        )

    def commit(self) -> list[Change]:
        """Write the State. Returns the Changes: alarms first, in the order in which they were touched."""
        changes: list[Change] = []
        state, offset, lines = self.state, self.offset, self._entries
        if self._named and state.counted is not None:
            state.counted += self._named
        for alarm_id, alarm in self.alarms.items():
            entries = lines.get(alarm_id)
            if entries is None:
                changes.append(AlarmRepeated(offset, alarm_id, alarm.last_occurrence, alarm.occurrence_count, alarm.revision))
                # Nothing that an index is by has moved.
                state.alarms[alarm_id] = alarm
            else:
                changes.append(AlarmChanged(offset, alarm, tuple(entries)))
                state.put(alarm, self.at)
        self.write()
        if self._others is not None:
            changes += self._others
        return changes

    def _name(self, alarm: Alarm) -> None:
        if self._names is None:
            self._names = {}
        self._names[alarm.identity] = alarm.id

"""Open alarms that concern no instance: set aside at the cost of a dict entry, until an instance comes that they concern."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from actors.journal import Journal
from protocols.alarm import Alarm
from protocols.service_effect import ServiceEffect
from protocols.severity import Severity
from protocols.symptom import Symptom

V = TypeVar("V")


class AlarmAside(Struct, frozen=True, array_like=True, gc=False):
    """The fields of such an alarm that this stage needs, on disk."""

    id: str
    alarm_id: str
    tenant_id: str
    alarm_type: str
    severity: Severity
    title: str
    resource_id: str
    affected_services: tuple[str, ...]
    affected_customers: tuple[str, ...]
    parent_alarm_id: str | None
    is_root_cause: bool
    first_occurrence: datetime
    last_occurrence: datetime
    reopened_at: datetime | None
    acknowledged_at: datetime | None
    ticket_id: str | None
    service_effect: ServiceEffect
    symptom: Symptom
    places: tuple[str, ...]
    moved: int = 0
    """Jumps of the clock since it was opened, in microseconds."""


class AlarmsAside:
    """Such alarms by id, and by the places under which an instance looks for them.

    A write without a journal cannot be taken back: it is for a fold that does nothing else.
    """

    def __init__(self) -> None:
        self.by_id: dict[str, Alarm] = {}
        self._places: dict[str, tuple[str, ...]] = {}
        self._at: dict[str, tuple[str, ...]] = {}
        self._moved: dict[str, int] = {}

    def put(self, journal: Journal | None, alarm: Alarm, places: tuple[str, ...], moved: int = 0) -> None:
        """Set an alarm aside, or replace it. ``places``: its resource; and ``service:ID`` or ``customer:ID`` of those that it
        names, where the resource is no node of the topology. ``moved``: as :meth:`moved` is to answer from now on."""
        known = self._places.get(alarm.id)
        if known != places:
            if known is not None:
                self._unfile(journal, alarm.id, known)
            _write(journal, self._places, alarm.id, places)
            for place in places:
                _write(journal, self._at, place, (*self._at.get(place, ()), alarm.id))
        _write(journal, self.by_id, alarm.id, alarm)
        if moved != self.moved(alarm.id):
            _write(journal, self._moved, alarm.id, moved or None)

    def drop(self, journal: Journal | None, alarm_id: str) -> None:
        """Forget an alarm, if it is set aside."""
        known = self._places.get(alarm_id)
        if known is not None:
            self._unfile(journal, alarm_id, known)
            _write(journal, self._places, alarm_id, None)
            _write(journal, self.by_id, alarm_id, None)
            if alarm_id in self._moved:
                _write(journal, self._moved, alarm_id, None)

    def moved(self, alarm_id: str) -> int:
        """The jumps of the clock (microseconds) since the alarm was opened, as far as its date does not have them."""
        return self._moved.get(alarm_id, 0)

    def move(self, journal: Journal, by: int) -> None:
        """The clock has jumped ``by`` so many microseconds."""
        for alarm_id in self.by_id:
            _write(journal, self._moved, alarm_id, self.moved(alarm_id) + by or None)

    def at(self, place: str) -> tuple[str, ...]:
        """Ids of the alarms of a resource, of ``service:ID`` or ``customer:ID``."""
        return self._at.get(place, ())

    def saving(self) -> Callable[[], list[AlarmAside]]:
        """They are brought into form for a snapshot when this is called, in any thread; as they are now."""
        alarms, places, moved = list(self.by_id.values()), dict(self._places), dict(self._moved)
        return lambda: [_aside(alarm, places[alarm.id], moved.get(alarm.id, 0)) for alarm in alarms]

    @classmethod
    def load(cls, saved: Iterable[AlarmAside]) -> "AlarmsAside":
        """The alarms of a snapshot."""
        found = cls()
        for each in saved:
            found.put(None, _alarm_of(each), each.places, each.moved)
        return found

    def _unfile(self, journal: Journal | None, alarm_id: str, places: tuple[str, ...]) -> None:
        for place in places:
            _write(journal, self._at, place, tuple(each for each in self._at[place] if each != alarm_id) or None)


def _write(journal: Journal | None, table: dict[str, V], key: str, value: V | None) -> None:
    """Put a value, or take the key out for None."""
    if value is None:
        if journal is None:
            table.pop(key, None)
        else:
            journal.drop(table, key)
    elif journal is None:
        table[key] = value
    else:
        journal.put(table, key, value)


def _aside(alarm: Alarm, places: tuple[str, ...], moved: int) -> AlarmAside:
    placed = len(places) == 1
    return AlarmAside(
        id=alarm.id,
        alarm_id=alarm.alarm_id,
        tenant_id=alarm.tenant_id,
        alarm_type=alarm.alarm_type,
        severity=alarm.severity,
        title=alarm.title,
        resource_id=alarm.resource_id,
        # Below a node of the topology these are many, and the topology says so too.
        affected_services=() if placed else alarm.affected_services,
        affected_customers=() if placed else alarm.affected_customers,
        parent_alarm_id=alarm.parent_alarm_id,
        is_root_cause=alarm.is_root_cause,
        first_occurrence=alarm.first_occurrence,
        last_occurrence=alarm.last_occurrence,
        reopened_at=alarm.reopened_at,
        acknowledged_at=alarm.acknowledged_at,
        ticket_id=alarm.ticket_id,
        service_effect=alarm.service_effect,
        symptom=alarm.symptom,
        places=places,
        moved=moved,
    )


def _alarm_of(saved: AlarmAside) -> Alarm:
    """The alarm as far as this stage needs it."""
    known = {name: getattr(saved, name) for name in AlarmAside.__struct_fields__ if name not in ("places", "moved")}
    return Alarm(**known, source="system", resource_type="", received_at=saved.first_occurrence)

"""Open alarms that concern no instance: set aside at the cost of two dict entries, until one comes that they concern."""

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from actors.journal import Journal
from protocols.alarm import Alarm
from protocols.service_effect import ServiceEffect
from protocols.severity import Severity
from protocols.symptom import Symptom


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
    """Such alarms by id. The index of the places under which an instance looks for them is brought up to date when it is asked:
    most alarms are cleared before.

    A write without a journal cannot be taken back: it is for a fold that does nothing else.
    """

    def __init__(self) -> None:
        self.by_id: dict[str, Alarm] = {}
        self._named: dict[str, tuple[str, ...]] = {}
        """Keys of the services or customers under which an alarm is found besides its resource, where there are any."""
        self._filed: dict[str, tuple[str, ...]] = {}
        """The places under which the index has an alarm."""
        self._at: dict[str, tuple[str, ...]] = {}
        self._moved: dict[str, int] = {}
        self._late: dict[str, None] = {}
        """Every alarm of which the index may be wrong."""

    def put(self, journal: Journal | None, alarm: Alarm, named: tuple[str, ...], moved: int = 0) -> None:
        """Set an alarm aside, or replace it. ``named``: ``service:ID`` or ``customer:ID`` of those that it names, where the
        resource is no node of the topology. ``moved``: as :meth:`moved` is to answer from now on."""
        alarm_id = alarm.id
        if journal is not None:
            self._remember(journal, alarm_id)
        self.by_id[alarm_id] = alarm
        self._late[alarm_id] = None
        if named:
            self._named[alarm_id] = named
        elif self._named:
            self._named.pop(alarm_id, None)
        if moved:
            self._moved[alarm_id] = moved
        elif self._moved:
            self._moved.pop(alarm_id, None)

    def drop(self, journal: Journal | None, alarm_id: str) -> None:
        """Forget an alarm, if it is set aside."""
        if alarm_id not in self.by_id:
            return
        if journal is not None:
            self._remember(journal, alarm_id)
        del self.by_id[alarm_id]
        self._named.pop(alarm_id, None)
        self._moved.pop(alarm_id, None)
        if alarm_id in self._filed:
            self._late[alarm_id] = None
        else:
            self._late.pop(alarm_id, None)

    def moved(self, alarm_id: str) -> int:
        """The jumps of the clock (microseconds) since the alarm was opened, as far as its date does not have them."""
        return self._moved.get(alarm_id, 0)

    def move(self, journal: Journal, by: int) -> None:
        """The clock has jumped ``by`` so many microseconds."""
        for alarm in list(self.by_id.values()):
            self.put(journal, alarm, self._named.get(alarm.id, ()), self.moved(alarm.id) + by)

    def at(self, place: str) -> tuple[str, ...]:
        """Ids of the alarms of a resource, of ``service:ID`` or ``customer:ID``, in the order of their letters."""
        for alarm_id in self._late:
            self._file(alarm_id)
        self._late.clear()
        return tuple(sorted(self._at.get(place, ())))

    def saving(self) -> Callable[[], list[AlarmAside]]:
        """They are brought into form for a snapshot when this is called, in any thread; as they are now."""
        alarms, named, moved = list(self.by_id.values()), dict(self._named), dict(self._moved)
        return lambda: [_aside(one, (one.resource_id, *named.get(one.id, ())), moved.get(one.id, 0)) for one in alarms]

    @classmethod
    def load(cls, saved: Iterable[AlarmAside]) -> "AlarmsAside":
        """The alarms of a snapshot."""
        found = cls()
        for each in saved:
            found.put(None, _alarm_of(each), each.places[1:], each.moved)
        return found

    def _remember(self, journal: Journal, alarm_id: str) -> None:
        journal.undo(self._put_back, alarm_id, self.by_id.get(alarm_id), self._named.get(alarm_id, ()))

    def _put_back(self, alarm_id: str, alarm: Alarm | None, named: tuple[str, ...]) -> None:
        if alarm is None:
            self.drop(None, alarm_id)
        else:
            self.put(None, alarm, named)

    def _file(self, alarm_id: str) -> None:
        """Bring the index up to date for one alarm."""
        alarm = self.by_id.get(alarm_id)
        places = () if alarm is None else (alarm.resource_id, *self._named.get(alarm_id, ()))
        before = self._filed.pop(alarm_id, ())
        if places:
            self._filed[alarm_id] = places
        if places == before:
            return
        for place in before:
            left = tuple(each for each in self._at.pop(place) if each != alarm_id)
            if left:
                self._at[place] = left
        for place in places:
            self._at[place] = (*self._at.get(place, ()), alarm_id)


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

"""The facts of alarms from which their time limits are derived, and which alarm is attached to which."""

from bisect import bisect_left
from collections.abc import Iterator

from msgspec import Struct

from actors.journal import Journal
from protocols.sla.clock_facts import AlarmTimes

POWER_OUTAGE = "power.outage"
"""The type of the conclusion that an area has no mains: no fault of the network."""
DEEPEST = 256
"""Generations of alarms that are followed upward."""


class AlarmFacts(Struct, frozen=True, array_like=True, gc=False):
    """The ``times`` of one alarm, and what a breach shows of it: ``name`` is its external name. ``recorded``: it concerns an
    instance with time limits, so its times have been emitted."""

    times: AlarmTimes
    tenant_id: str
    name: str
    ticket_id: str = ""
    recorded: bool = False
    is_power_outage: bool = False
    """The conclusion that an area has no mains."""

    @property
    def parent(self) -> str:
        """``id`` of the alarm that it is attached to, "" for none."""
        attached = self.times.attached
        return attached[-1].parent_id if attached and attached[-1].end is None else ""

    @property
    def ended(self) -> int | None:
        """The instant since which the alarm has been cleared; None while it is open."""
        spans = self.times.ended
        return spans[-1].start if spans and spans[-1].end is None else None


class AlarmFactTable:
    """Facts by alarm: of alarms with an effect on service, and of root causes."""

    def __init__(self) -> None:
        self.by_id: dict[str, AlarmFacts] = {}
        self._below: dict[str, tuple[str, ...]] = {}
        """Ids of the alarms that were attached to an alarm at any time, sorted: instances are examined in this order, which has
        to be the same after a restart."""

    def __len__(self) -> int:
        return len(self.by_id)

    def get(self, alarm_id: str) -> AlarmFacts | None:
        """The facts of an alarm."""
        return self.by_id.get(alarm_id)

    def put(self, journal: Journal, alarm_id: str, facts: AlarmFacts) -> None:
        """Add the facts of an alarm, or replace them."""
        before = self.by_id.get(alarm_id)
        journal.put(self.by_id, alarm_id, facts)
        if before is None or before.times.attached != facts.times.attached:
            for span in facts.times.attached:
                below = self._below.get(span.parent_id, ())
                place = bisect_left(below, alarm_id)
                if below[place : place + 1] != (alarm_id,):
                    journal.put(self._below, span.parent_id, (*below[:place], alarm_id, *below[place:]))

    def drop(self, journal: Journal, alarm_id: str) -> None:
        """Forget an alarm."""
        facts = self.by_id.get(alarm_id)
        if facts is None:
            return
        journal.drop(self.by_id, alarm_id)
        for parent_id in dict.fromkeys(span.parent_id for span in facts.times.attached):
            left = tuple(each for each in self._below.get(parent_id, ()) if each != alarm_id)
            if left:
                journal.put(self._below, parent_id, left)
            else:
                journal.drop(self._below, parent_id)

    def top_of(self, alarm_id: str) -> str:
        """``id`` of the alarm that people work on: the last one upward whose facts are known."""
        for _ in range(DEEPEST):
            facts = self.by_id.get(alarm_id)
            parent = facts.parent if facts is not None else ""
            if not parent or parent not in self.by_id:
                return alarm_id
            alarm_id = parent
        return alarm_id

    def has_below(self, alarm_id: str) -> bool:
        """True when an alarm was attached to this one at any time."""
        return alarm_id in self._below

    def below(self, alarm_id: str) -> list[str]:
        """All that were attached below an alarm at any time, without itself."""
        return [each for each in self.family(alarm_id) if each != alarm_id]

    def family(self, alarm_id: str) -> Iterator[str]:
        """The alarm, and all that were attached below it at any time; each once."""
        seen, waiting = {alarm_id}, [alarm_id]
        while waiting:
            one = waiting.pop()
            yield one
            for each in self._below.get(one, ()):
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)

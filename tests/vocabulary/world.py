"""The stages with a clock of their own: Events go in one by one at stated times; alarms, timelines and Changes are read."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

import msgspec

from actors.correlator.settings import CorrelatorSettings
from actors.correlator.stage import Correlator
from actors.correlator.state import State
from faultd.pipe import Stages
from protocols.alarm import Alarm, TimelineEntry
from protocols.change import AlarmChanged, Answer, Change, NotificationRequested
from protocols.command import Acknowledge, Action, Clear, Command, Raise
from protocols.event import Event, NetworkEvent, PolicyLoaded, Tick, TopologyLoaded
from protocols.principal import Principal
from protocols.topology import Node

LEDGER_ID = "6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11"
START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
OPERATOR = Principal("ada", "operator")
ADMIN = Principal("ada", "admin")

C = TypeVar("C")


def moment(seconds: float) -> datetime:
    """So many seconds after the start of every World."""
    return START + timedelta(seconds=seconds)


class World:
    """All stages and their time. ``world(event)`` folds an Event now; :meth:`at` and :meth:`run_to` move the clock."""

    operator = OPERATOR
    """Who gives commands, where a test does not say."""

    def __init__(self, settings: CorrelatorSettings | None = None, nodes: Sequence[Node] = ()) -> None:
        self.begin(settings, nodes)

    def begin(self, settings: CorrelatorSettings | None = None, nodes: Sequence[Node] = ()) -> None:
        """Forget everything and begin anew, at the start."""
        self.stages = Stages(LEDGER_ID)
        self.now = START
        self.offset = 0
        self.changes: list[Change] = []
        """Those of the last Event."""
        self.history: list[Change] = []
        """Those of all Events."""
        self.notified: list[tuple[str, str]] = []
        """Kind and alarm type of every notification that was requested."""
        self._types: dict[str, str] = {}
        self.folded: list[tuple[datetime, Event]] = []
        """All Events, and when."""
        self.restarts = False
        """Whether the state is saved and loaded again after each Event."""
        if settings is not None:
            self(PolicyLoaded("p", msgspec.msgpack.encode(settings)))
        if nodes:
            self(TopologyLoaded("t", tuple(nodes)))

    @property
    def state(self) -> State:
        """The correlator's state."""
        return self.stages.state

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        """Now, in seconds after the start."""
        return (self.now - START).total_seconds()

    def at(self, seconds: float) -> Self:
        """Move the clock there, whatever would have been due on the way."""
        self.now = moment(seconds)
        return self

    def run_to(self, seconds: float) -> Self:
        """Move the clock there, with a tick at each time at which something is due."""
        end = moment(seconds)
        while (waiting := self.state.timers.entries()) and waiting[0][0] <= end:
            # Not ``timers.first``, which may be the time of a timer that was called off.
            self.now = max(self.now, waiting[0][0])
            self.tick()
        self.now = end
        return self

    # --- what happens -----------------------------------------------------------------------------------------------

    def __call__(self, event: Event) -> list[Change]:
        """Fold an Event; its Changes."""
        self.offset += 1
        self.folded.append((self.now, event))
        self.changes = self.stages.fold(self.offset, self.now, event)
        self.history += self.changes
        self._types |= {change.alarm.id: change.alarm.alarm_type for change in self.all(AlarmChanged)}
        self.notified += [(change.kind, self._types[change.alarm_id]) for change in self.all(NotificationRequested)]
        if self.restarts:
            self.restart()
        return self.changes

    def restart(self, correlator: bytes | None = None) -> None:
        """Save the states of all stages and load them into new ones; ``correlator``: what the snapshot has in place of its
        state."""
        parts = self.stages.save()
        if correlator is not None:
            parts[Correlator.name] = correlator
        self.stages = Stages(LEDGER_ID)
        self.stages.load(parts)

    def go_on_from(self, other: "World") -> None:
        """Take the time and the saved states of another World."""
        self.stages.load(other.stages.save())
        self.now, self.offset = other.now, other.offset

    def tick(self) -> list[Change]:
        """Let the fold know the time."""
        return self(Tick())

    def topology(self, *nodes: Node) -> list[Change]:
        """Load a topology of these nodes."""
        return self(TopologyLoaded(str(self.offset), nodes))

    def network(self, type: str, resource: str = "olt-1", **fields: Any) -> Answer:
        """Report a network event."""
        fields.setdefault("tenant_id", "t")
        fields.setdefault("reported_by", "probe")
        self(NetworkEvent(type=type, resource_type="olt", resource_id=resource, **fields))  # type: ignore[arg-type]
        return self.only(Answer)

    def command(self, action: Action, *alarm_ids: str, by: Principal | None = None) -> Answer:
        """Give a command."""
        self(Command(by or self.operator, action, alarm_ids))
        return self.only(Answer)

    def raise_alarm(self, alarm_type: str, resource_id: str, resource_type: str = "ont", **fields: Any) -> str:
        """Raise an alarm as an operator does; its id."""
        fields = {"tenant_id": "t", "severity": "major", "title": alarm_type, **fields}
        action = Raise(alarm_type=alarm_type, resource_id=resource_id, resource_type=resource_type, **fields)
        return self.command(action).accepted[0]

    def clear_alarm(self, alarm_id: str) -> None:
        """Clear an alarm as an operator does."""
        assert self.command(Clear(), alarm_id).accepted

    def acknowledge(self, alarm_id: str) -> None:
        """Acknowledge an alarm."""
        assert self.command(Acknowledge(), alarm_id).accepted

    # --- what came of it --------------------------------------------------------------------------------------------

    def only(self, kind: type[C]) -> C:
        """The one Change of this kind that the last Event made."""
        (found,) = self.all(kind)
        return found

    def all(self, kind: type[C]) -> list[C]:
        """The Changes of this kind that the last Event made."""
        return [change for change in self.changes if isinstance(change, kind)]

    @property
    def alarms(self) -> list[Alarm]:
        """All that the fold holds."""
        return list(self.state.alarms.values())

    @property
    def alarm(self) -> Alarm:
        """The one that the fold holds."""
        (alarm,) = self.alarms
        return alarm

    def get(self, alarm_id: str) -> Alarm:
        """An alarm as it is now."""
        return self.state.alarms[alarm_id]

    def of_type(self, alarm_type: str) -> list[Alarm]:
        """The alarms of this type."""
        return [alarm for alarm in self.alarms if alarm.alarm_type == alarm_type]

    @property
    def entries(self) -> list[TimelineEntry]:
        """The timelines of all alarms, in the order in which they were written."""
        return [entry for change in self.history if isinstance(change, AlarmChanged) for entry in change.entries]

    def timeline(self, alarm_id: str) -> list[TimelineEntry]:
        """An alarm's timeline from the beginning on."""
        changed = [change for change in self.history if isinstance(change, AlarmChanged) and change.alarm.id == alarm_id]
        return [entry for change in changed for entry in change.entries]

    def actions(self, alarm_id: str) -> list[str]:
        """The actions of an alarm's timeline."""
        return [entry.action for entry in self.timeline(alarm_id)]

    def notifications(self, alarm_id: str) -> list[str]:
        """The kinds of notifications that were requested for an alarm."""
        return [each.kind for each in self.history if isinstance(each, NotificationRequested) and each.alarm_id == alarm_id]

    def failures(self) -> list[str]:
        """What faultd says about itself: strategies that failed, Events in quarantine."""
        return [a.description for a in self.alarms if a.alarm_type in ("correlation.failed", "event.quarantined")]

"""A fold with rules: written as an operator writes them, alarms raised by hand, notices and timelines read back."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from actors.correlator.fold import fold
from actors.correlator.rules.rule_registry import rule_records
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from protocols.alarm import Alarm, TimelineEntry
from protocols.change import AlarmChanged, Answer, Change, NotificationRequested
from protocols.command import (
    Acknowledge,
    Action,
    Clear,
    Command,
    CreateRule,
    DeleteRule,
    EditRule,
    Raise,
)
from protocols.event import Event, PolicyLoaded, Tick, TopologyLoaded
from protocols.principal import Principal
from protocols.rule import Rule, RuleEdited, RuleRecord
from protocols.topology import Node

START = datetime.fromisoformat("2026-03-01T03:00:00+00:00")
ADMIN = Principal("ada", "admin")
PLANT = (
    Node(id="site-1", type="site"),
    Node(id="olt-1", type="olt", parents=("site-1",), address="10.0.0.1", area="north"),
    Node(id="olt-1/0/1", type="card", parents=("olt-1",)),
    Node(id="olt-1/0/1/5", type="pon", parents=("olt-1/0/1",)),
    *(Node(id=f"olt-1/0/1/5/{n}", type="ont", parents=("olt-1/0/1/5",), customer_id=f"c{n}") for n in range(1, 9)),
    Node(id="olt-1/0/2", type="card", parents=("olt-1",)),
    Node(id="olt-1/0/2/1", type="pon", parents=("olt-1/0/2",)),
    Node(id="olt-1/0/2/1/1", type="ont", parents=("olt-1/0/2/1",)),
    Node(id="olt-2", type="olt", parents=("site-1",), address="10.0.0.2"),
    Node(id="ont-9", type="ont", parents=("olt-2",)),
)


class RuleWorld:
    """A State, the time, and everything that came of it. Alarm types are ones that nothing but rules speaks of."""

    def __init__(self, plant: tuple[Node, ...] = PLANT, settings: CorrelatorSettings | None = None) -> None:
        self.state = State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")
        self.now = START
        self.offset = 0
        self.saved_after_each = False
        self.all: list[Change] = []
        self.log: list[tuple[datetime, Event]] = []
        self(PolicyLoaded("p", msgspec.msgpack.encode(settings or CorrelatorSettings())))
        if plant:
            self(TopologyLoaded("t", plant))

    def at(self, seconds: float) -> "RuleWorld":
        """Move the clock there; a tick comes with each timer on the way."""
        end = START + timedelta(seconds=seconds)
        while (due := self.state.timers.entries()) and due[0][0] <= end:
            # Not ``timers.first``, which may be the time of a timer that was called off.
            self.now = max(self.now, due[0][0])
            self(Tick())
        self.now = end
        return self

    def __call__(self, event: Event) -> list[Change]:
        self.offset += 1
        self.log.append((self.now, event))
        changes = fold(self.state, self.offset, self.now, event)
        self.all += changes
        if self.saved_after_each:
            self.state = State.load(self.state.save())
        return changes

    def command(self, action: Action, *names: str, by: Principal = ADMIN) -> Answer:
        (answer,) = (change for change in self(Command(by, action, names)) if isinstance(change, Answer))
        return answer

    def write(self, by: Principal = ADMIN, **rule: Any) -> str:
        """Write a rule; its id."""
        rule.setdefault("name", rule.get("type"))
        answer = self.command(CreateRule(msgspec.convert(rule, Rule)), by=by)
        assert not answer.refusals, answer.refusals
        return answer.accepted[0]

    def refuse(self, by: Principal = ADMIN, **rule: Any) -> dict[str, str]:
        """Write a rule that is refused; its mistakes by place."""
        rule.setdefault("name", "r")
        answer = self.command(CreateRule(msgspec.convert(rule, Rule)), by=by)
        assert not answer.accepted
        return {refusal.alarm_id: refusal.text for refusal in answer.refusals}

    def edit(self, rule_id: str, by: Principal = ADMIN, **fields: Any) -> Answer:
        return self.command(EditRule(rule_id, msgspec.convert(fields, RuleEdited)), by=by)

    def delete(self, rule_id: str, by: Principal = ADMIN) -> Answer:
        return self.command(DeleteRule(rule_id), by=by)

    def up(self, alarm_type: str, resource_id: str, resource_type: str = "ont", **fields: Any) -> str:
        """Raise an alarm; its id."""
        fields = {"tenant_id": "t", "severity": "major", "title": alarm_type, **fields}
        action = Raise(alarm_type=alarm_type, resource_id=resource_id, resource_type=resource_type, **fields)
        return self.command(action).accepted[0]

    def down(self, name: str) -> None:
        assert self.command(Clear(), name).accepted

    def acknowledge(self, name: str) -> None:
        assert self.command(Acknowledge(), name).accepted

    def alarm(self, name: str) -> Alarm:
        return self.state.alarms[name]

    def of_type(self, alarm_type: str) -> list[Alarm]:
        return [alarm for alarm in self.state.alarms.values() if alarm.alarm_type == alarm_type]

    def lines(self, name: str) -> list[TimelineEntry]:
        return [e for c in self.all if isinstance(c, AlarmChanged) and c.alarm.id == name for e in c.entries]

    def words(self, name: str) -> list[str]:
        return [entry.action for entry in self.lines(name)]

    def notices(self, name: str) -> list[str]:
        return [change.kind for change in self.all if isinstance(change, NotificationRequested) and change.alarm_id == name]

    def records(self) -> list[RuleRecord]:
        return rule_records(self.state)

    def failed(self) -> list[str]:
        return [
            a.description for a in self.state.alarms.values() if a.alarm_type in ("correlation.failed", "event.quarantined")
        ]

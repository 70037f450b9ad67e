"""A World with maintenance windows: the notifications and timelines of all alarms are gathered as they come."""

from typing import Any, Self

from actors.correlator.settings import CorrelatorSettings
from actors.correlator.windows.memory import WindowMemory
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, Answer, Change, NotificationRequested
from protocols.command import Command, PutWindow
from protocols.event import Event
from protocols.maintenance import WindowPlan, WindowScope
from protocols.principal import Principal
from vocabulary.world import ADMIN, World, moment


class WindowWorld(World):
    """``requested`` and ``story`` are in seconds after the start."""

    operator = ADMIN

    def __init__(self, **policy: Any) -> None:
        self.requested: list[tuple[float, str, str]] = []
        """When, about which resource, of which kind: each notification that was requested."""
        self.story: list[tuple[float, str, str, str]] = []
        """When, resource, action, text: each timeline entry."""
        self.answer = Answer(offset=0)
        """That of the last command."""
        self.says_nothing_of_itself = True
        """Whether faultd must raise no alarm about itself, such as that correlation failed."""
        super().__init__(CorrelatorSettings(**policy))

    def __call__(self, event: Event) -> list[Change]:
        changes = super().__call__(event)
        requests = self.all(NotificationRequested)
        self.requested += [(self.seconds, self.get(each.alarm_id).resource_id, each.kind) for each in requests]
        self.requested.sort()
        for change in self.all(AlarmChanged):
            resource = change.alarm.resource_id
            self.story += [(self.seconds, resource, entry.action, entry.text) for entry in change.entries]
        self.answer = next(iter(self.all(Answer)), self.answer)
        assert len(requests) == len({each.alarm_id for each in requests}), "two notifications of one alarm by one Event"
        if self.says_nothing_of_itself:
            assert not any(entry[1] == "faultd" for entry in self.story), self.story
        return changes

    def run_to(self, seconds: float) -> Self:
        """As in any World, and a tick at the end."""
        super().run_to(seconds)
        self.tick()
        return self

    def window(self, scope: WindowScope, begin: float, end: float, by: Principal = ADMIN, **more: Any) -> str:
        """Plan a window; its id."""
        plan = WindowPlan(title="splicing", scope=scope, start=moment(begin), end=moment(end), **more)
        self(Command(by, PutWindow(plan)))
        assert not self.answer.refusals, self.answer
        return self.answer.accepted[0]

    def raise_on(self, resource: str = "olt-1", severity: str = "critical", tenant: str = "north", **more: Any) -> Alarm:
        """Raise an alarm about a resource, as it is then."""
        fields: dict[str, Any] = {"alarm_type": "x.down", "title": "down", "resource_type": "olt"} | more
        return self.get(self.raise_alarm(resource_id=resource, severity=severity, tenant_id=tenant, **fields))

    def suppressors(self, alarm: Alarm) -> list[str]:
        """The ids of what suppresses the alarm now."""
        return [each.by for each in self.get(alarm.id).suppressed_by]

    @property
    def memory(self) -> WindowMemory:
        """What the strategy of windows remembers."""
        return self.state.memory(WindowMemory)

    @property
    def refusal(self) -> tuple[str, str]:
        """Reason and text of the last command's one refusal."""
        (refusal,) = self.answer.refusals
        return refusal.reason, refusal.text

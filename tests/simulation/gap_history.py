"""Alarms about gaps of rotas in the simulation, over all processes."""

from collections.abc import Callable
from datetime import datetime

from actors.dispatcher.people.gaps import ALARM, GapReporter
from faultd.pipe import Stages
from protocols.event import Event, SystemReport


class GapHistory:
    """Reports about gaps of rotas, as they were folded over all processes."""

    def __init__(self, violate: Callable[[str], None]) -> None:
        self._violate = violate
        self._last: dict[str, SystemReport] = {}

    def follow(self, event: Event) -> None:
        """No report says again what the one before it said."""
        if isinstance(event, SystemReport) and event.alarm_type == ALARM:
            if self._last.get(event.qualifier) == event:
                self._violate(f"the gap of {event.qualifier} was reported again: {event.description}")
            self._last[event.qualifier] = event

    def settle(self, stages: Stages, at: datetime) -> None:
        """What a crash kept from being reported is reported by the next process; then the alarms say what is wrong."""
        reports: list[Event] = []

        def take(events: list[Event]) -> bool:
            reports.extend(events)
            return True

        GapReporter().report(stages.dispatch, take)
        for event in reports:
            self.follow(event)
            stages.fold(stages.state.offset + 1, at, event)
        if stages.dispatch.rota_problems != stages.dispatch.rota_alarms:
            self._violate(f"alarms say {stages.dispatch.rota_alarms} of {stages.dispatch.rota_problems}")

"""Clocks of alarms and fault reports as the REST API reads them, between two Events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from protocols.severity import Severity
from protocols.sla.clock_facts import ClockKind, ClockPause, ClockState, PauseReason
from protocols.sla.fault_report import FaultReport
from protocols.sla.instance import SlaInstance


class LiveClock(Struct, frozen=True, kw_only=True):
    """A clock of one instance now. Instants and durations in microseconds. ``alarm_id`` is the alarm that people work on: the
    cause. The others are as in ``ClockResult`` of the SLA clock."""

    instance: SlaInstance
    definition_id: str
    definition_version: int
    alarm_id: str
    alarm_name: str
    kind: ClockKind
    state: ClockState
    severity: Severity
    raised: int
    elapsed: int
    limit: int | None
    due_at: int | None
    warning_at: int | None
    breach_at: int | None
    stopped_at: int | None
    paused_by: tuple[PauseReason, ...]
    breach_id: str


class ClockedAlarm(Struct, frozen=True, kw_only=True):
    """An alarm whose clocks are known. ``cause_id``: the alarm above it that people work on, or itself."""

    id: str
    name: str
    tenant_id: str
    cause_id: str
    pauses: tuple[ClockPause, ...]


class LimitsView(Protocol):
    """Reads of clocks and fault reports."""

    def alarm(self, alarm_id: str) -> ClockedAlarm | None:
        """An alarm by its id; None when it has no effect on service, or ended before the previous period."""
        ...

    def instance(self, instance_id: str) -> SlaInstance | None:
        """An instance by its id."""
        ...

    def instances_of(self, alarm_id: str) -> Sequence[str]:
        """Ids of the instances that an alarm or one below it concerns, sorted; at most 20,000."""
        ...

    def clocks(self, instance_id: str, now: datetime, alarm_id: str = "") -> Sequence[LiveClock]:
        """The clocks of an instance, the earliest first; with ``alarm_id`` those to which this alarm belongs."""
        ...

    def reports(self) -> Sequence[FaultReport]:
        """Fault reports of the running and the previous periods, the oldest first."""
        ...

    def report(self, report_id: str) -> FaultReport | None:
        """A fault report by its id."""
        ...

"""The SLA clock's state as the REST API reads it, between two Events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from protocols.sla.definition import SlaDefinition
from protocols.sla.exclusion import SlaExclusion
from protocols.sla.instance import InstanceStatus, SlaInstance
from protocols.sla.outage import SlaOutage


class LiveInstance(Struct, frozen=True, kw_only=True):
    """An instance with its figures now. Instants and durations in microseconds, money in minor units. Everything about the
    period is None or 0 when the contract holds at no time of the period that is running."""

    instance: SlaInstance
    definition: SlaDefinition
    """The version that applies to the running period, or else the newest."""
    status: InstanceStatus
    reason: str
    placed: bool
    period_start: int | None = None
    period_end: int | None = None
    availability: int | None = None
    """Parts of a million; None before any time was measured."""
    unplanned: int = 0
    """Downtime that counts."""
    planned: int = 0
    """Downtime within exclusions."""
    unknown: int = 0
    budget_left: int | None = None
    """None without a target."""
    breaches: int = 0
    breaches_at: int | None = None
    credit: int = 0
    uncapped: int = 0
    """The credit without the lines that lower it to a cap."""
    credit_digits: int = 2
    """Digits of the minor unit of both."""


class SlaView(Protocol):
    """Reads of definitions, instances and exclusions."""

    def definitions(self) -> Sequence[SlaDefinition]:
        """The newest version of each, the oldest definition first; also deleted ones that an instance refers to."""
        ...

    def definition(self, definition_id: str, version: int | None = None) -> SlaDefinition | None:
        """One version; the newest without ``version``."""
        ...

    def count(self, place: str) -> int:
        """The number of instances of a place, as :meth:`behind` has them; of ``definition:ID`` also those that used it in an
        earlier period."""
        ...

    def instance(self, instance_id: str) -> SlaInstance | None:
        """An instance by its id."""
        ...

    def behind(self, after: str, most: int, place: str = "") -> list[SlaInstance]:
        """Up to ``most`` instances behind the one with id ``after`` ("": from the first) in the order in which they were made:
        those of ``service:ID``, ``customer:ID``, ``definition:ID``, ``tenant:ID``, ``suspended:`` or of a node; all for ""."""
        ...

    def age(self, instance_id: str) -> int:
        """The order in which instances were made."""
        ...

    def named(self, age: int) -> str:
        """The id of this age."""
        ...

    def status(self, instance: SlaInstance) -> InstanceStatus:
        """As it was decided last."""
        ...

    def decided(self, instance_id: str) -> InstanceStatus:
        """As :meth:`status`, of one that is not suspended."""
        ...

    def touched(self) -> Sequence[str]:
        """Ids of the instances that evidence concerns in their running period, in any order: no other is at risk, breached or
        down."""
        ...

    def breaches_at(self, instance_id: str) -> int | None:
        """The instant at which the budget ended, or ends if the outage under way lasts; as it was decided last."""
        ...

    def show(self, instances: Sequence[SlaInstance], now: datetime) -> list[LiveInstance]:
        """Instances with their figures at ``now``."""
        ...

    def outage(self, outage_id: str) -> SlaOutage | None:
        """An outage interval by its id; None also for one that is behind the period before the running one."""
        ...

    def exclusion(self, exclusion_id: str) -> SlaExclusion | None:
        """An exclusion by its id."""
        ...

    def exclusions(self) -> Sequence[SlaExclusion]:
        """All of them, the oldest first."""
        ...

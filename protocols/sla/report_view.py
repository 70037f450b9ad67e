"""Read-only view of what the SLA clock holds of breaches and running periods."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from protocols.sla.breach import SlaBreach
from protocols.sla.explanation import SlaExplanation
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.period_revision import PeriodRevision
from protocols.sla.report import SlaReport


class PeriodChoice(Struct, frozen=True, kw_only=True):
    """Instances whose periods are wanted: all the criteria given must hold. None is no criterion."""

    tenant_id: str | None = None
    instance_id: str | None = None
    customer_id: str | None = None
    service_id: str | None = None
    definition_id: str | None = None


class SlaReportView(Protocol):
    """Breaches of the running period and the one before, and figures of running periods. Never older than the stream."""

    @property
    def settled(self) -> bool:
        """True when no work waits: every period that has ended is closed."""
        ...

    def breach(self, breach_id: str) -> SlaBreach | None:
        """The breach of this id."""
        ...

    def breaches(self) -> Sequence[SlaBreach]:
        """All of them as of this moment."""
        ...

    def running(self, wanted: PeriodChoice, now: int) -> Iterator[list[PeriodFigures]]:
        """The figures of the running period of each chosen instance until ``now`` (microseconds), with revision 0, the oldest
        instance first. They come in portions, each as of the moment at which it is asked for: other tasks may run in between. A
        portion may be empty."""
        ...

    def report(self, instance_id: str, now: int) -> SlaReport | None:
        """The report of the running period until ``now``; None when there is none."""
        ...

    def explain(self, instance_id: str, now: int) -> SlaExplanation | None:
        """How the figures of the running period come about; None when there is none."""
        ...


class HistoryGone(Exception):
    """The period began before ``[sla] keep_days``: facts of it are deleted already; the message says so."""


class SlaHistoryReader(Protocol):
    """Figures of closed periods derived anew from PostgreSQL."""

    async def revision(self, instance_id: str, period_start: int) -> PeriodRevision | None:
        """The closed period as the facts give it now; None when PostgreSQL has no such period. Raises DatabaseUnavailable, and
        :class:`HistoryGone`."""
        ...

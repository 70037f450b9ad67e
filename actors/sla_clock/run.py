"""One Event in the fold of the stage: its time, its journal, and the Changes so far."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

from actors.journal import Journal
from actors.sla_clock.books.period_choice import RunningPeriods
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.state import SlaState
from protocols.change import Answer, Change, Refusal
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaNoticeKind, SlaNotificationRequested
from protocols.sla.credit import SlaCredit
from protocols.sla.instance import SlaInstance

SLICE = 1_000
"""Instances that one Event examines at most; the others follow with the next Events."""


class FoldRun:
    """Given to every function of the stage that changes the state. ``now`` is the Event's time in microseconds since 1970."""

    __slots__ = (
        "_breaches",
        "_ids",
        "_notices",
        "at",
        "budget",
        "changes",
        "evidence",
        "journal",
        "now",
        "offset",
        "periods",
        "readings",
        "state",
    )

    def __init__(self, state: SlaState, offset: int, at: datetime, now: int) -> None:
        self.state, self.offset, self.at, self.now = state, offset, at, now
        self.journal = Journal()
        self.changes: list[Change] = []
        self.budget = SLICE
        """Instances that this Event may still examine."""
        self.evidence = EvidenceReader(state)
        self.periods = RunningPeriods(state, now)
        self.readings: dict[Any, Any] = {}
        """Clocks as they are now, by their facts and terms: instances below one cause share them."""
        self._breaches: dict[tuple[str, int], list[str]] | None = None
        """Ids of breaches by instance and begin of the period, once they were asked for."""
        self._ids: dict[str, int] = {}
        self._notices = 0

    def new_id(self, prefix: Literal["SD", "SI", "SX", "SB", "FR", "CP"]) -> str:
        """An id of this Event: ``SB17``, then ``SB17.1``, ``SB17.2`` …"""
        number = self._ids.get(prefix, 0)
        self._ids[prefix] = number + 1
        return f"{prefix}{self.offset}.{number}" if number else f"{prefix}{self.offset}"

    def breaches_of(self, instance_id: str, period_start: int) -> list[str]:
        """Ids of the breaches of an instance in one period, the oldest first. Those that this Event opened and took back
        are among them."""
        if self._breaches is None:
            self._breaches = {}
            for each in self.state.breaches.values():
                self._breaches.setdefault((each.instance_id, each.period_start), []).append(each.id)
        return self._breaches.get((instance_id, period_start), [])

    def note_breach(self, breach: SlaBreach) -> None:
        """Have :meth:`breaches_of` know a new breach."""
        if self._breaches is not None:
            self._breaches.setdefault((breach.instance_id, breach.period_start), []).append(breach.id)

    def emit(self, change: Change) -> None:
        """Add a Change."""
        self.changes.append(change)

    def answer(
        self, *accepted: str, duplicate: bool = False, refusals: tuple[Refusal, ...] = (), warnings: tuple[str, ...] = ()
    ) -> None:
        """Answer the command."""
        self.changes.append(
            Answer(offset=self.offset, accepted=accepted, duplicate=duplicate, refusals=refusals, warnings=warnings)
        )

    def refuse(self, refusal: Refusal) -> None:
        """Refuse the command."""
        self.changes.append(Answer(offset=self.offset, refusals=(refusal,)))

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Writes and Changes of this context are taken back when it raises."""
        written, emitted = self.journal.mark(), len(self.changes)
        try:
            yield
        except BaseException:
            self.journal.rollback(written)
            del self.changes[emitted:]
            self.evidence.forget()
            raise

    def notify(
        self,
        kind: SlaNoticeKind,
        instance: SlaInstance,
        reason: str,
        *,
        breach_id: str = "",
        alarm_id: str = "",
        credit: SlaCredit | None = None,
    ) -> None:
        """Request that people hear of an instance. ``credit``: of the kind ``credit``."""
        number, self._notices = self._notices, self._notices + 1
        definition = self.state.definition(instance.definition_id)
        self.changes.append(
            SlaNotificationRequested(
                offset=self.offset,
                number=number,
                at=self.at,
                tenant_id=instance.tenant_id,
                kind=kind,
                instance_id=instance.id,
                customer_id=instance.customer_id,
                service_id=instance.service_id,
                breach_id=breach_id,
                alarm_id=alarm_id,
                reason=reason,
                account_manager=instance.account_manager,
                customer_name=instance.customer_name,
                service_type="" if definition is None else definition.terms.service_type,
                sla_class="" if definition is None else definition.terms.sla_class,
                credit=credit,
            )
        )

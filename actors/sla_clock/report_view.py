"""Breaches and running periods for the API: read between Events."""

from collections.abc import Iterator, Sequence

from actors.sla_clock.books.figures import figures_of
from actors.sla_clock.books.period_choice import period_of
from actors.sla_clock.books.periods import figures_shown
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.stage import SlaClock
from actors.sla_clock.state import SlaState
from protocols.sla.breach import SlaBreach
from protocols.sla.instance import SlaInstance
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report_view import PeriodChoice

_AT_ONCE = 200
"""Instances of one portion: they share a reader of the evidence, which is old once the fold goes on."""


class HeldReports:
    """A :class:`protocols.sla.report_view.SlaReportView` of the stage ``clock``."""

    def __init__(self, clock: SlaClock) -> None:
        self._clock = clock

    @property
    def _state(self) -> SlaState:
        return self._clock.state

    @property
    def settled(self) -> bool:
        return not self._state.pending

    def breach(self, breach_id: str) -> SlaBreach | None:
        return self._state.breaches.get(breach_id)

    def breaches(self) -> Sequence[SlaBreach]:
        return list(self._state.breaches.values())

    def running(self, wanted: PeriodChoice, now: int) -> Iterator[list[PeriodFigures]]:
        ids = self._ids(wanted)
        for start in range(0, len(ids), _AT_ONCE):
            state = self._state
            reader = EvidenceReader(state)
            found = [state.instances.get(each) for each in ids[start : start + _AT_ONCE]]
            chosen = [each for each in found if each is not None and _is_chosen(each, wanted)]
            yield [figures for each in chosen if (figures := _running(state, reader, each, now)) is not None]

    def _ids(self, wanted: PeriodChoice) -> Sequence[str]:
        """Ids of at least the chosen instances."""
        instances = self._state.instances
        if wanted.instance_id is not None:
            return (wanted.instance_id,)
        if wanted.service_id is not None:
            return instances.at(f"service:{wanted.service_id}")
        if wanted.customer_id is not None:
            return instances.at(f"customer:{wanted.customer_id}")
        return [each.id for each in instances]


def _is_chosen(instance: SlaInstance, wanted: PeriodChoice) -> bool:
    return (
        wanted.tenant_id in (None, instance.tenant_id)
        and wanted.customer_id in (None, instance.customer_id)
        and wanted.service_id in (None, instance.service_id)
        and wanted.definition_id in (None, instance.definition_id)
    )


def _running(state: SlaState, reader: EvidenceReader, instance: SlaInstance, now: int) -> PeriodFigures | None:
    period = period_of(state, instance, now)
    if period is None or now < instance.start:
        return None
    account = state.accounts.get(instance.id)
    breaches = account.breaches if account is not None and account.period_start == period.start else ()
    return figures_shown(state, instance, period, figures_of(reader, instance, period, now), breaches, revision=0)

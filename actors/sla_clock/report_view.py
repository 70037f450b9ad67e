"""Breaches and running periods for the API: read between Events."""

from collections.abc import Iterator, Sequence

from actors.sla_clock.books.figures import figures_of
from actors.sla_clock.books.period_choice import Period, period_of
from actors.sla_clock.books.periods import figures_shown
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.report.assembly import report_of
from actors.sla_clock.report.explanation import explanation_of
from actors.sla_clock.state import SlaState
from protocols.sla.breach import SlaBreach
from protocols.sla.explanation import SlaExplanation
from protocols.sla.instance import SlaInstance
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import SlaReport
from protocols.sla.report_view import PeriodChoice

_AT_ONCE = 200
"""Instances of one portion: they share a reader of the evidence, which is old once the fold goes on."""


class HeldReports:
    """A :class:`protocols.sla.report_view.SlaReportView` of ``state``."""

    def __init__(self, state: SlaState) -> None:
        self._state = state

    @property
    def settled(self) -> bool:
        return not self._state.pending

    def breach(self, breach_id: str) -> SlaBreach | None:
        return self._state.breaches.get(breach_id)

    def breaches(self) -> Sequence[SlaBreach]:
        return list(self._state.breaches.values())

    def running(self, wanted: PeriodChoice, now: int) -> Iterator[list[PeriodFigures]]:
        for some in self._portions(wanted):
            reader = EvidenceReader(self._state)
            found = [_running(self._state, reader, each, now) for each in some if _is_chosen(each, wanted)]
            # A period keeps its definition when the instance gets another one.
            yield [each for each in found if each is not None and wanted.definition_id in (None, each.definition_id)]

    def report(self, instance_id: str, now: int) -> SlaReport | None:
        found = self._running_period(instance_id, now)
        if found is None:
            return None
        instance, period, breaches = found
        reader = EvidenceReader(self._state)
        figures = figures_of(reader, instance, period, now)
        return report_of(reader, instance, period, figures, as_of=now, made_at=now, breaches=breaches)

    def explain(self, instance_id: str, now: int) -> SlaExplanation | None:
        found = self._running_period(instance_id, now)
        return None if found is None else explanation_of(EvidenceReader(self._state), found[0], found[1], now, found[2])

    def _running_period(self, instance_id: str, now: int) -> tuple[SlaInstance, Period, tuple[str, ...]] | None:
        """The instance, its running period and the ids of the period's breaches."""
        instance = self._state.instances.get(instance_id)
        period = None if instance is None else period_of(self._state, instance, now)
        if instance is None or period is None or now < instance.start:
            return None
        return instance, period, _breaches_in(self._state, instance, period)

    def _portions(self, wanted: PeriodChoice) -> Iterator[list[SlaInstance]]:
        """At least the chosen instances."""
        instances = self._state.instances
        if wanted.instance_id is not None:
            one = instances.get(wanted.instance_id)
            yield [] if one is None else [one]
            return
        place = _place_of(wanted)
        some = instances.behind("", _AT_ONCE, place)
        while some:
            yield some
            some = instances.behind(some[-1].id, _AT_ONCE, place)


def _place_of(wanted: PeriodChoice) -> str:
    """The place under which the table finds the fewest of them; "" where it has no index."""
    for kind, name in (("service", wanted.service_id), ("customer", wanted.customer_id), ("definition", wanted.definition_id)):
        if name is not None:
            return f"{kind}:{name}"
    return ""


def _is_chosen(instance: SlaInstance, wanted: PeriodChoice) -> bool:
    return (
        wanted.tenant_id in (None, instance.tenant_id)
        and wanted.customer_id in (None, instance.customer_id)
        and wanted.service_id in (None, instance.service_id)
    )


def _running(state: SlaState, reader: EvidenceReader, instance: SlaInstance, now: int) -> PeriodFigures | None:
    period = period_of(state, instance, now)
    if period is None or now < instance.start:
        return None
    breaches = _breaches_in(state, instance, period)
    return figures_shown(state, instance, period, figures_of(reader, instance, period, now), breaches, now, revision=0)


def _breaches_in(state: SlaState, instance: SlaInstance, period: Period) -> tuple[str, ...]:
    account = state.accounts.get(instance.id)
    return account.breaches if account is not None and account.period_start == period.start else ()

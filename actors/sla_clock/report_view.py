"""Breaches and running periods for the API: read between Events."""

from collections.abc import Iterator, Sequence

from actors.sla_clock.books.figures import figures_of
from actors.sla_clock.books.period_choice import period_of
from actors.sla_clock.books.periods import figures_shown
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.state import SlaState
from protocols.sla.breach import SlaBreach
from protocols.sla.instance import SlaInstance
from protocols.sla.period_figures import PeriodFigures
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
    account = state.accounts.get(instance.id)
    breaches = account.breaches if account is not None and account.period_start == period.start else ()
    return figures_shown(state, instance, period, figures_of(reader, instance, period, now), breaches, now, revision=0)

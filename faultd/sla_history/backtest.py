"""A changed definition on the recorded past: the availability, breaches and credits that there would have been. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from actors.sla_clock.books.period_choice import Period, contract_of
from actors.sla_clock.report.recomputation import Recomputation
from actors.store.sla_read import SlaHistory
from faultd.sla_history.evidence import state_of, with_definition
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.periods import period_at
from protocols.sla.report import nearest

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


class OutcomeTotals(Struct, frozen=True):
    """Sums over periods. ``availabilities``: of those ``measured``, in parts of a million. ``down`` and ``unknown`` in
    microseconds. ``credits`` in minor units, by currency and its digits."""

    periods: int = 0
    measured: int = 0
    availabilities: int = 0
    down: int = 0
    unknown: int = 0
    breaches: int = 0
    credits: dict[tuple[str, int], int] = {}

    @property
    def availability(self) -> int | None:
        """The mean, each period alike."""
        return nearest(self.availabilities, self.measured) if self.measured else None

    def plus(self, figures: PeriodFigures) -> "OutcomeTotals":
        """With one more period."""
        credits = dict(self.credits)
        if figures.credit:
            key = figures.currency, figures.minor_digits
            credits[key] = credits.get(key, 0) + figures.credit
        return OutcomeTotals(
            periods=self.periods + 1,
            measured=self.measured + (figures.availability is not None),
            availabilities=self.availabilities + (figures.availability or 0),
            down=self.down + figures.down,
            unknown=self.unknown + figures.unknown,
            breaches=self.breaches + figures.breaches,
            credits=credits,
        )


class TriedInstance(Struct, frozen=True):
    """One instance: its closed periods as they were recorded, and as the changed definition makes them."""

    instance_id: str
    service_id: str
    recorded: tuple[PeriodFigures, ...]
    tried: tuple[PeriodFigures, ...]


def try_definition(history: SlaHistory, definition: SlaDefinition, terms: SlaTerms) -> Iterator[TriedInstance]:
    """Every instance of ``history`` with a closed period of ``definition``, measured by ``terms`` instead."""
    version = replace(definition, version=1, terms=terms, since=_ALWAYS)
    state = state_of(with_definition(history, version))
    for instance in history.instances:
        newest: dict[int, PeriodFigures] = {}
        for kept in history.periods:
            if (kept.figures.instance_id, kept.figures.definition_id) == (instance.id, definition.id):
                newest[kept.figures.start] = kept.figures
        if not newest:
            continue
        recorded = tuple(newest[start] for start in sorted(newest))
        violations = tuple(each for each in history.measurements if each.instance_id == instance.id)
        recomputation = Recomputation(state, instance, violations)
        same = _same_periods(history, recorded, definition, terms)
        spans = [(each.start, each.end) for each in recorded] if same else _periods(recorded, instance, terms)
        tried = tuple(recomputation.close(Period(*span, version), span[1]).figures for span in spans)
        yield TriedInstance(instance.id, instance.service_id, recorded, tried)


def _same_periods(history: SlaHistory, recorded: Sequence[PeriodFigures], definition: SlaDefinition, terms: SlaTerms) -> bool:
    """True when the terms leave every recorded period as long as it was."""
    versions = {each.version: each for each in history.definitions.get(definition.id, ())}
    used = [versions[each.definition_version] for each in recorded if each.definition_version in versions]
    return all(each.terms.period == terms.period for each in used)


def _periods(recorded: Sequence[PeriodFigures], instance: SlaInstance, terms: SlaTerms) -> Iterator[Interval]:
    """The whole periods of ``terms`` within the recorded time and the contract."""
    at, last = recorded[0].start, recorded[-1].end
    start, end = contract_of(instance)
    while at < last:
        period = period_at(terms.period, at)
        if period[0] >= recorded[0].start and period[1] <= last and period[0] < end and start < period[1]:
            yield period
        at = period[1]

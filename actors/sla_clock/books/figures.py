"""The figures of one instance in one period at one instant. Derived from evidence and definition alone."""

from typing import NamedTuple

from actors.sla_clock.availability import BILLION, Shares, availability, breached_at, budget, lasting, shares
from actors.sla_clock.books.burn import WINDOWS, burns_at
from actors.sla_clock.books.period_choice import Period, contract_of
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.evidence.exclusions import exclusions_of
from actors.sla_clock.evidence.timelines import EvidenceReader, ServiceEvidence, blind_only
from protocols.decimal_text import shortest
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval, Timeline, difference, total, union


class SlaFigures(NamedTuple):
    """Durations in microseconds. ``shares`` show unknown time as unknown; ``down`` and ``availability`` (parts of a million)
    count it as the definition says. ``budget`` is None without a target; so are the instants, which may lie in the future."""

    shares: Shares
    counted: Timeline
    """Downtime as it counts: ``down`` is its length."""
    outages: Timeline
    """Outages with their whole length, also outside the period; one that lasts ends at ``NEVER``."""
    exclusions: Timeline
    budget: int | None
    down: int
    lasts: bool
    """An outage is under way, whether it counts or not."""
    availability: int | None
    burning: str
    """The burn rate that is exceeded, for a text; "" for none."""
    at_risk_at: int | None
    """Downtime exceeded, or will exceed, ``at_risk_percent`` of the budget; or the budget is used too fast."""
    breached_at: int | None
    """Downtime has exceeded the budget."""
    breaches_at: int | None
    """Downtime exceeded the budget, or will if the outage under way lasts."""

    @property
    def left(self) -> int | None:
        """Budget left, never below 0."""
        return None if self.budget is None else max(0, self.budget - self.down)

    @property
    def touched(self) -> bool:
        """True when evidence or an exclusion concerns the period."""
        return bool(self.shares.outages or self.shares.unknown or self.exclusions or self.lasts)

    @property
    def measured(self) -> int:
        """The denominator of the availability."""
        return total(self.shares.contract) - total(self.shares.excluded)

    @property
    def actual(self) -> int:
        """The availability in parts of a billion, rounded down; a whole billion before any time was measured."""
        return BILLION if self.measured <= 0 else (self.measured - self.down) * BILLION // self.measured


FiguresBasis = tuple[ServiceEvidence, Timeline, int, int]
"""Figures follow from it, the period and the time: the evidence, the exclusions, begin and end of the contract within the
period."""


def figures_of(
    reader: EvidenceReader,
    instance: SlaInstance,
    period: Period,
    now: int,
    assumed: tuple[int, Timeline] | None = None,
) -> SlaFigures:
    """Of ``period`` until ``now``. Instances with the same evidence, exclusions, terms and contract time in the period share
    one value. ``assumed``: an instant at which an outage under way is taken to end, and further time in which the service is
    taken to be down."""
    return figures_on(reader, basis_of(reader, instance, period, assumed), period, now)


def basis_of(
    reader: EvidenceReader, instance: SlaInstance, period: Period, assumed: tuple[int, Timeline] | None = None
) -> FiguresBasis:
    """The basis of an instance's figures in ``period``. ``assumed``: as for :func:`figures_of`."""
    evidence = reader.of(instance)
    if assumed is not None:
        evidence = evidence.supposing(*assumed)
    exclusions = exclusions_of(reader, instance, period, evidence)
    start, end = contract_of(instance)
    return evidence, exclusions, max(start, period.start), min(end, period.end)


def figures_on(reader: EvidenceReader, basis: FiguresBasis, period: Period, now: int) -> SlaFigures:
    """The figures on this basis."""
    evidence, exclusions, start, end = basis
    # By identity: the memory keeps both alive.
    key = id(evidence), id(period.definition), period.start, period.end, start, end, exclusions, now
    known = reader.figures.get(key)
    if known is None:
        found = _figures_of(evidence, exclusions, (start, end), period, now)
        known = reader.figures[key] = found, evidence, period.definition
    return known[0]


def _figures_of(evidence: ServiceEvidence, exclusions: Timeline, contract: Interval, period: Period, now: int) -> SlaFigures:
    terms, interval = period.definition.terms, period.interval
    hidden, minimum, until = blind_only(evidence), terms.outage_minimum, min(now, period.end)
    shown = shares(interval, contract, evidence.down, exclusions, hidden, now=until, minimum=minimum)
    outages, counted = evidence.down, shown
    if hidden and terms.unknown_counts_as == "down":
        outages = union([*evidence.down, *hidden])
        counted = shares(interval, contract, outages, exclusions, now=until, minimum=minimum)
    down, value = total(counted.down), availability(counted)
    lasts = bool(outages) and now < period.end and outages[-1][0] <= now < outages[-1][1]
    # The customer's own power can come back at any time: what lasts excludes no future.
    so_far = tuple(
        (start, min(end, until) if end >= NEVER else end) for start, end in exclusions if start < until or end < NEVER
    )
    if terms.availability_target is None:
        return SlaFigures(shown, counted.down, evidence.down, so_far, None, down, lasts, value, "", None, None, None)
    allowed = budget(interval, contract, so_far, terms.availability_target)

    ahead = lasting(interval, contract, outages, exclusions, now=until, minimum=minimum) if lasts else None

    def exceeds_at(amount: int) -> int | None:
        past = breached_at(counted.down, amount)
        return past if past is not None or ahead is None else ahead.exceeds_at(amount)

    broken, risk_at = breached_at(counted.down, allowed), exceeds_at(allowed * terms.at_risk_percent // 100)
    burning = ""
    if terms.at_risk_burn_rates and now < period.end and (risk_at is None or risk_at > now):
        running = difference(outages, exclusions)
        for window, limit in terms.at_risk_burn_rates.items():
            burns = burns_at(running, now, WINDOWS[window], terms.availability_target, limit)
            if burns == now:
                burning = f", more than {shortest(limit, 3)} times as fast as allowed within the last {window}"
            risk_at = burns if risk_at is None or (burns is not None and burns < risk_at) else risk_at
    breaks_at = exceeds_at(allowed)
    if so_far != exclusions and broken is None and now < contract[1]:
        used_up = _used_up_at(now, allowed - down, terms.availability_target)
        if used_up is not None and used_up < contract[1]:
            breaks_at = used_up if breaks_at is None else min(breaks_at, used_up)
    instants = risk_at, broken, breaks_at
    return SlaFigures(shown, counted.down, evidence.down, so_far, allowed, down, lasts, value, burning, *instants)


def _used_up_at(now: int, left: int, target: int) -> int | None:
    """The instant at which the budget is less than the downtime, while an exclusion lasts that makes the budget smaller."""
    share = BILLION - target
    return None if share == 0 else now + left * BILLION // share + 1

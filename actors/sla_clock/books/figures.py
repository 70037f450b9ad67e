"""The figures of one instance in one period at one instant. Derived from evidence and definition alone."""

from typing import NamedTuple

from actors.sla_clock.availability import BILLION, Shares, availability, breached_at, breaches_at, budget, shares
from actors.sla_clock.books.period_choice import Period, contract_of
from actors.sla_clock.evidence.exclusions import exclusions_of
from actors.sla_clock.evidence.timelines import ServiceEvidence, blind_only, excluded_power
from actors.sla_clock.run import FoldRun
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Timeline, difference, total, union


class SlaFigures(NamedTuple):
    """Durations in microseconds. ``budget`` is None without a target; so are the instants, which may lie in the future.
    ``availability`` in parts of a million counts unknown time as the definition says."""

    shares: Shares
    exclusions: Timeline
    budget: int | None
    down: int
    unknown: int
    availability: int | None
    breached_at: int | None
    at_risk_at: int | None
    breaches_at: int | None
    risk_text: str

    @property
    def left(self) -> int | None:
        """Budget left, never below 0."""
        return None if self.budget is None else max(0, self.budget - self.down)


def figures_of(run: FoldRun, instance: SlaInstance, period: Period, evidence: ServiceEvidence, now: int) -> SlaFigures:
    """Of ``period`` until ``now``."""
    terms = period.definition.terms
    contract = contract_of(instance)
    until = min(now, period.end)
    exclusions = union([*exclusions_of(run, instance, period), *excluded_power(terms, evidence)])
    outages, blind = evidence.down, blind_only(evidence)
    if terms.unknown_counts_as == "down":
        outages, blind = union([*outages, *blind]), ()
    found = shares(period.interval, contract, outages, exclusions, blind, now=until, minimum=terms.outage_minimum)
    # The share that was not seen is shown as what it is, also where it counts as down.
    hidden = blind_only(evidence)
    seen = shares(period.interval, contract, evidence.down, exclusions, hidden, now=until, minimum=terms.outage_minimum)
    down = total(found.down)
    value = availability(found, "up")
    if terms.availability_target is None:
        return SlaFigures(seen, exclusions, None, down, total(seen.unknown), value, None, None, None, "")
    allowed = budget(period.interval, contract, exclusions, terms.availability_target)
    percent = allowed * terms.at_risk_percent // 100
    broken = breached_at(found.down, allowed)
    after = breaches_at(period.interval, contract, outages, exclusions, allowed, now=until, minimum=terms.outage_minimum)
    risk = breached_at(found.down, percent)
    if risk is None:
        risk = breaches_at(period.interval, contract, outages, exclusions, percent, now=until, minimum=terms.outage_minimum)
    text = f"more than {terms.at_risk_percent} % of the budget of {allowed / 1e6:.6f} s is used" if risk is not None else ""
    return SlaFigures(seen, exclusions, allowed, down, total(seen.unknown), value, broken, risk, after, text)


def actual_of(figures: SlaFigures) -> int:
    """The availability in parts of a billion, rounded down; a whole billion before any time was measured."""
    measured = total(figures.shares.contract) - total(figures.shares.excluded)
    up = measured - figures.down
    return BILLION if measured <= 0 else max(0, up) * BILLION // measured


def unplanned(figures: SlaFigures) -> int:
    """Downtime that counts."""
    return total(difference(figures.shares.down, ()))

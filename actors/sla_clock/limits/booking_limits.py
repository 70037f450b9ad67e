"""The limits of an instance in its account: clocks of alarms, and performance."""

from collections.abc import Hashable

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.limits.clock_breaches import book_clocks
from actors.sla_clock.limits.clock_facts import EFFECTS, has_limits
from actors.sla_clock.limits.limits_standing import LimitsStanding
from actors.sla_clock.limits.performance_breaches import METRICS, book_performance
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from protocols.sla.instance import SlaInstance


def book_limits(
    run: FoldRun, instance: SlaInstance, account: Account, period: Period, why: str
) -> tuple[Account, LimitsStanding]:
    """Open, change, resolve or withdraw the breaches of limits that began in ``period``, which is the account's. Breaches of
    earlier periods are changed too, but none is opened there."""
    standing = LimitsStanding()
    state = run.state
    if has_clocks(state, instance, period):
        account = book_clocks(run, instance, account, period, standing, why)
    if state.performance:
        account = book_performance(run, instance, account, period, why)
    return account, standing


def limits_kind(evidence: EvidenceReader, instance: SlaInstance, period: Period) -> Hashable:
    """The key under which the limits of instances come to the same; None for one with something of its own: measurements, a
    breach or a warning of its own, or exclusions."""
    state = evidence.state
    if state.performance and any((instance.id, metric) in state.performance for metric in METRICS):
        return None
    if not has_clocks(state, instance, period):
        return ()
    if instance.id in state.clock_marks or state.exclusions or state.maintenance.histories:
        return None
    concerning = tuple(each.id for each in evidence.concerning(instance) if each.effect in EFFECTS)
    return concerning, period.definition.id, period.definition.version, instance.start, instance.end


def has_clocks(state: SlaState, instance: SlaInstance, period: Period) -> bool:
    """Whether clocks of alarms may count for an instance, or did."""
    return (
        instance.id in state.clock_marks
        or has_limits(period.definition)
        or len(state.definitions.get(instance.definition_id, ())) > 1
    )

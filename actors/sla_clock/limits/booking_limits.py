"""The limits of an instance in its account: clocks of alarms, and performance."""

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.limits.clock_breaches import book_clocks
from actors.sla_clock.limits.instance_clocks import has_limits
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
    if _has_clocks(state, instance, period):
        account = book_clocks(run, instance, account, period, standing, why)
    if state.performance:
        account = book_performance(run, instance, account, period, why)
    return account, standing


def has_own_limits(state: SlaState, instance: SlaInstance, period: Period) -> bool:
    """Whether :func:`book_limits` looks at anything of this instance."""
    measured = state.performance and any((instance.id, metric) in state.performance for metric in METRICS)
    return bool(measured) or _has_clocks(state, instance, period)


def _has_clocks(state: SlaState, instance: SlaInstance, period: Period) -> bool:
    return (
        instance.id in state.clock_marks
        or has_limits(period.definition)
        or len(state.definitions.get(instance.definition_id, ())) > 1
    )

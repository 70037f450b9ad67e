"""The limits of an instance in its account: clocks of alarms, and performance."""

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.limits.clock_breaches import book_clocks
from actors.sla_clock.limits.instance_clocks import has_limits
from actors.sla_clock.limits.limits_standing import LimitsStanding
from actors.sla_clock.limits.performance_breaches import book_performance
from actors.sla_clock.run import FoldRun
from protocols.sla.instance import SlaInstance


def book_limits(
    run: FoldRun, instance: SlaInstance, account: Account, period: Period, why: str
) -> tuple[Account, LimitsStanding]:
    """Open, change, resolve or withdraw the breaches of limits that began in ``period``, which is the account's. Breaches of
    earlier periods are changed too, but none is opened there."""
    standing = LimitsStanding()
    state = run.state
    if (
        instance.id in state.clock_marks
        or has_limits(period.definition)
        or len(state.definitions.get(instance.definition_id, ())) > 1
    ):
        account = book_clocks(run, instance, account, period, standing, why)
    if state.performance:
        account = book_performance(run, instance, account, period, why)
    return account, standing

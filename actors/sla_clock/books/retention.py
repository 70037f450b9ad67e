"""Retention: the stage forgets the time behind every running and previous period. PostgreSQL has it."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final, get_args

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.breaches import put_breach
from actors.sla_clock.evidence.planned_work import over_before
from actors.sla_clock.instance_table import ENDING
from actors.sla_clock.limits.clock_facts import forget_clocks
from actors.sla_clock.limits.fault_reports import forget_reports
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from actors.sla_clock.terms.answers import forget_key
from actors.sla_clock.terms.definitions import forget_unused
from actors.sla_clock.work import ForgetPast, PastTable
from protocols.sla.breach import SlaBreach
from protocols.sla.business_time import DAY
from protocols.sla.credit import SlaCredit
from protocols.sla.local_time import SECOND, instant_at
from protocols.sla.outage import SlaOutage
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.periods import period_at

UNDONE_WITHIN: Final = 31 * DAY * SECOND
"""For so long after a jump of the clock (microseconds) everything is kept that is needed if the clock is put right."""
LOOKS: Final = 8
"""Entries of a table that cost as much of an Event's budget as one instance."""


def horizon_of(state: SlaState, now: int) -> int:
    """The begin of the earliest period that the definitions have within reach: the one before the running one, of any."""
    found = now
    for versions in state.definitions.values():
        then = [each for each in versions if instant_at(each.since) <= now]
        for version in {each.version: each for each in (versions[0], *then[-2:], versions[-1])}.values():
            running = period_at(version.terms.period, now)
            found = min(found, period_at(version.terms.period, running[0] - 1)[0])
    return found


def forget_past(run: FoldRun) -> None:
    """Forget outages, breaches, credits, closed periods, exclusions and contracts that ended before the horizon, in this Event
    and later ones. Fault reports are kept as long as an outage to which they can belong."""
    work = run.state.work
    for number in [number for number, item in work.items() if type(item) is ForgetPast]:
        run.journal.drop(work, number)
    state = run.state
    reach = min(horizon_of(state, at) for at in _possible_times(state, run.now))
    state.put_work(run.journal, ForgetPast(reach, reach=reach))


def _possible_times(state: SlaState, now: int) -> Iterator[int]:
    """``now``, and the instants from which the clock jumped less than :data:`UNDONE_WITHIN` ago: it may be put back to them."""
    yield now
    passed = 0
    for after, by in reversed(state.jumps):
        passed += now - after
        if passed >= UNDONE_WITHIN:
            return
        now = after - by
        yield now


def forget_slice(run: FoldRun, item: ForgetPast) -> ForgetPast | None:
    """Forget as much as this Event may. Returns the rest; None when all is forgotten."""
    if item.table == "horizon":
        item = _put_back_horizon(run, item)
        if item.table == "horizon":
            return item
    # Periods go before their evidence, so that none is revised without it.
    while item.table != "contracts":
        left = _forget_table(run, item)
        if left is not None:
            return left
        item = ForgetPast(item.horizon, _TABLES[_TABLES.index(item.table) + 1])
    left = _forget_contracts(run, item)
    if left is None:
        _forget_rest(run, item.horizon)
    return left


def _put_back_horizon(run: FoldRun, item: ForgetPast) -> ForgetPast:
    """Look at as many closed accounts as this Event may. A contract may have a longer period than its definition has now."""
    closed, looked = run.state.closed, item.kept
    found = list(islice(closed.values(), looked, looked + run.budget * LOOKS))
    run.budget -= len(found) // LOOKS
    looked += len(found)
    horizon = min([item.horizon, *(each.period_start for each in found if each.period_end > item.reach)])
    if looked < len(closed):
        return replace(item, horizon=horizon, kept=looked)
    return ForgetPast(horizon, _TABLES[1])


def _forget_table(run: FoldRun, item: ForgetPast) -> ForgetPast | None:
    state, horizon, kept = run.state, item.horizon, item.kept
    table: dict[Any, Any] = getattr(state, item.table)
    forget = _FORGET[item.table]
    most = max(0, run.budget) * LOOKS
    found = list(islice(table.items(), kept, kept + most))
    paid = run.budget - len(found) // LOOKS
    for key, value in found:
        if run.budget <= 0:
            return replace(item, kept=kept)
        if not forget(run, horizon, key, value):
            kept += 1
    run.budget = min(run.budget, paid)
    return replace(item, kept=kept) if len(found) == most else None


def _forget_breach(run: FoldRun, horizon: int, breach_id: str, breach: SlaBreach) -> bool:
    state = run.state
    if breach.period_start >= horizon:
        return False
    for account in (state.accounts.get(breach.instance_id), state.closed.get(breach.instance_id)):
        if account is not None and breach_id in account.breaches:
            return False
    # One that lasts has to be resolved yet: an alarm can be open for several periods.
    if not breach.resolved and breach.instance_id in state.instances:
        return False
    if not breach.resolved or breach.end is None:
        run.budget -= 1
        put_breach(run, replace(breach, resolved=True, end=run.now if breach.end is None else breach.end))
    run.journal.drop(state.breaches, breach_id)
    return True


def _forget_closed(run: FoldRun, horizon: int, instance_id: str, account: Account) -> bool:
    if account.period_end > horizon:
        return False
    run.journal.drop(run.state.closed, instance_id)
    return True


def _forget_through(run: FoldRun, horizon: int, instance_id: str, through: int) -> bool:
    if through > horizon and instance_id in run.state.instances:
        return False
    run.journal.drop(run.state.closed_through, instance_id)
    return True


def _forget_period(run: FoldRun, horizon: int, key: tuple[str, int], _: PeriodFigures) -> bool:
    if key[1] >= horizon:
        return False
    run.journal.drop(run.state.periods, key)
    return True


def _forget_credit(run: FoldRun, horizon: int, key: tuple[str, int], _: SlaCredit) -> bool:
    if key[1] >= horizon:
        return False
    run.journal.drop(run.state.credits, key)
    return True


def _forget_outage(run: FoldRun, horizon: int, outage_id: str, outage: SlaOutage) -> bool:
    if outage.end is None or outage.end >= horizon:
        return False
    run.budget -= 1
    run.state.drop_outage(run.journal, outage_id)
    run.evidence.forget()
    return True


_TABLES: Final[tuple[PastTable, ...]] = get_args(PastTable)
_FORGET: Final[dict[str, Callable[[FoldRun, int, Any, Any], bool]]] = {
    "breaches": _forget_breach,
    "closed": _forget_closed,
    "closed_through": _forget_through,
    "periods": _forget_period,
    "credits": _forget_credit,
    "outages": _forget_outage,
}


def _forget_contracts(run: FoldRun, item: ForgetPast) -> ForgetPast | None:
    state, after = run.state, item.after
    while found := state.instances.behind(after, max(1, run.budget), ENDING):
        for instance in found:
            if run.budget <= 0:
                return replace(item, after=after)
            run.budget -= 1
            after = instance.id
            # A contract of a node that is still there says that the node is to have no other.
            over = instance.end is not None and instance.end < item.horizon and instance.node_id not in state.plant.places
            if over and instance.id not in state.accounts:  # its last period is to be closed first
                state.instances.remove(run.journal, instance.id)
                forget_key(run, "instance", instance.key)
    return None


def _forget_rest(run: FoldRun, horizon: int) -> None:
    """Forget what is few: exclusions, reports, the facts of alarms, definitions, windows."""
    state, journal = run.state, run.journal
    for exclusion in [each for each in state.exclusions.values() if not each.rrule and each.end < horizon]:
        state.drop_exclusion(journal, exclusion.id)
        forget_key(run, "exclusion", exclusion.key)
    forget_reports(run, min([horizon, *(each.start for each in state.outages.values())]))
    forget_clocks(run, horizon)
    forget_unused(run)
    for window_id in [each for each, history in state.maintenance.histories.items() if over_before(history, horizon)]:
        state.maintenance.drop(journal, window_id)
    run.evidence.forget()

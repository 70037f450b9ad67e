"""The account of a period that was closed: the clock can be put back into it, and a later fact can change it."""

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from protocols.sla.instance import SlaInstance


def _is_of(state: SlaState, breach_id: str, period: Period) -> bool:
    """False for a breach that a jump of the clock moved into another period."""
    breach = state.breaches.get(breach_id)
    return breach is None or breach.period_start == period.start


def keep_closed(run: FoldRun, instance_id: str, account: Account) -> None:
    """Keep the account of the period that was closed last. Where the clock was put back it takes the place of a later period's:
    how far the contract was closed is kept then."""
    state, journal = run.state, run.journal
    through = closed_through(state, instance_id)
    journal.put(state.closed, instance_id, account)
    if through > account.period_end:
        journal.put(state.closed_through, instance_id, through)
    elif instance_id in state.closed_through:
        journal.drop(state.closed_through, instance_id)


def closed_through(state: SlaState, instance_id: str) -> int:
    """The end of the latest period of an instance that was closed with an account; 0 for none."""
    last = state.closed.get(instance_id)
    return max(0 if last is None else last.period_end, state.closed_through.get(instance_id, 0))


def begins_anew(run: FoldRun, instance_id: str, period: Period) -> bool:
    """True when the books of ``period`` were never begun: no clock was put back into it, and it was not closed."""
    state = run.state
    if state.furthest > period.start or state.closed_until.get(period.definition.id, 0) > min(period.end, run.now):
        return False
    if not state.closed and not state.closed_through:
        return True
    last = state.closed.get(instance_id)
    return (last is None or last.period_start != period.start) and closed_through(state, instance_id) <= period.end


def past_account(run: FoldRun, instance: SlaInstance, period: Period) -> Account | None:
    """The account with which the books of ``period`` go on; None where they begin anew. The account of the period that was
    closed last is kept. For one before it, which the clock reaches again after a jump ahead and back, the breaches are looked
    up: a budget has one breach."""
    state = run.state
    if begins_anew(run, instance.id, period):
        return None
    last = state.closed.get(instance.id)
    if last is not None and last.period_start == period.start:
        return replace(last, breaches=tuple(each for each in last.breaches if _is_of(state, each, period)))
    breaches = [state.breaches[each] for each in run.breaches_of(instance.id, period.start) if each in state.breaches]
    if not breaches:
        return None
    standing = [each.type for each in breaches if not each.withdrawn]
    return Account(
        period.start,
        period.end,
        period.definition.id,
        period.definition.version,
        availability_breach=next((each.id for each in breaches if each.type == "availability"), ""),
        at_risk="availability" in standing,
        breaches=tuple(each.id for each in breaches),
        standing=len(standing),
    )

"""The account of a period that was closed: the clock can be put back into it, and a later fact can change it."""

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.run import FoldRun
from protocols.sla.instance import SlaInstance


def begins_anew(run: FoldRun, instance_id: str, period: Period) -> bool:
    """True when no look at the breaches is needed to know that the books of ``period`` begin anew."""
    state = run.state
    if state.closed and (last := state.closed.get(instance_id)) is not None and last.period_start >= period.start:
        return False
    return not state.closed_until or state.closed_until.get(period.definition.id, 0) <= min(period.end, run.now)


def past_account(run: FoldRun, instance: SlaInstance, period: Period) -> Account | None:
    """The account with which the books of ``period`` go on; None where they begin anew. The account of the period that was
    closed last is kept. For one before it, which the clock reaches again after a jump ahead and back, the breaches are looked
    up: a budget has one breach."""
    state = run.state
    if begins_anew(run, instance.id, period):
        return None
    last = state.closed.get(instance.id)
    if last is not None and last.period_start == period.start:
        return last
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

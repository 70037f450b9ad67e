"""Retention: the stage forgets the time behind every running and previous period. PostgreSQL has it."""

from msgspec.structs import replace

from actors.sla_clock.books.breaches import put_breach
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.evidence.planned_work import over_before
from actors.sla_clock.instance_table import ENDING
from actors.sla_clock.limits.clock_facts import forget_clocks
from actors.sla_clock.limits.fault_reports import forget_reports
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from actors.sla_clock.terms.answers import forget_key
from actors.sla_clock.terms.definitions import forget_unused
from protocols.sla.local_time import instant_at
from protocols.sla.periods import period_at


def horizon_of(state: SlaState, now: int) -> int:
    """The begin of the earliest period that is still within reach: the one before the running one, of any definition in use."""
    found = now
    for versions in state.definitions.values():
        then = [each for each in versions if instant_at(each.since) <= now]
        for version in {each.version: each for each in (versions[0], *then[-2:], versions[-1])}.values():
            running = period_at(version.terms.period, now)
            found = min(found, period_at(version.terms.period, running[0] - 1)[0])
    return min([found, *(each.period_start for each in state.closed.values() if each.period_end > found)])


def forget_past(run: FoldRun) -> None:
    """Drop outages, breaches, credits, closed periods, exclusions and contracts that ended before the horizon. Fault reports
    are kept as long as an outage to which they can belong."""
    state, journal = run.state, run.journal
    horizon = horizon_of(state, run.now)
    for outage in [each for each in state.outages.values() if (NEVER if each.end is None else each.end) < horizon]:
        state.drop_outage(journal, outage.id)
    kept = {each for account in (*state.accounts.values(), *state.closed.values()) for each in account.breaches}
    for instance_id in [each for each, account in state.closed.items() if account.period_end <= horizon]:
        journal.drop(state.closed, instance_id)
    for breach in [each for each in state.breaches.values() if each.period_start < horizon and each.id not in kept]:
        # One that lasts has to be resolved yet: an alarm can be open for several periods.
        if not breach.resolved and breach.instance_id in state.instances:
            continue
        if not breach.resolved or breach.end is None:
            put_breach(run, replace(breach, resolved=True, end=run.now if breach.end is None else breach.end))
        journal.drop(state.breaches, breach.id)
    for key in [key for key in state.periods if key[1] < horizon]:
        journal.drop(state.periods, key)
    for key in [key for key in state.credits if key[1] < horizon]:
        journal.drop(state.credits, key)
    for exclusion in [each for each in state.exclusions.values() if not each.rrule and each.end < horizon]:
        state.drop_exclusion(journal, exclusion.id)
        forget_key(run, "exclusion", exclusion.key)
    forget_reports(run, min([horizon, *(each.start for each in state.outages.values())]))
    forget_clocks(run, horizon)
    # A contract of a node that is still there says that the node is to have no other.
    ended = [each for each in state.instances.found_at(ENDING) if each.end is not None and each.end < horizon]
    for instance in [each for each in ended if each.node_id not in state.plant.places]:
        if instance.id not in state.accounts:  # its last period is to be closed first
            state.instances.remove(journal, instance.id)
            forget_key(run, "instance", instance.key)
    forget_unused(run)
    for window_id in [each for each, history in state.maintenance.histories.items() if over_before(history, horizon)]:
        state.maintenance.drop(journal, window_id)
    run.evidence.forget()

"""The records of a lost ledger, which PostgreSQL kept, become the state of this one.

Evidence and decisions come back exactly: definitions with all versions, contracts, exclusions, windows with their histories,
outage intervals, the facts of alarms, fault reports, breaches, credits and closed periods. Figures follow from them.

Alarms are not restored; those that were open are cleared at this Event's time (``faultd restore``). So their outage intervals
and clocks end there as well. Measurements are not kept as such: a violation that lasts ends with the ledger.
"""

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.alarm_facts import AlarmFacts
from actors.sla_clock.books.breaches import put_breach
from actors.sla_clock.books.credits import STATUTE
from actors.sla_clock.books.period_choice import next_period_end
from actors.sla_clock.evidence.outages import BLIND_AFTER, note_gap
from actors.sla_clock.limits.clock_facts import clock_changed
from actors.sla_clock.limits.marks import ClockMark
from actors.sla_clock.limits.performance_breaches import METRICS
from actors.sla_clock.run import FoldRun
from actors.sla_clock.terms.answers import keep_key
from actors.sla_clock.time_limit import end
from actors.sla_clock.work import CloseAll, FollowNodes, WalkAll
from protocols.event import SlaDataRestored
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import (
    FaultReported,
    SlaBreachChanged,
    SlaChange,
    SlaClockChanged,
    SlaCreditChanged,
    SlaDefinitionChanged,
    SlaExclusionChanged,
    SlaInstanceChanged,
    SlaMeasured,
    SlaOutageChanged,
    SlaPeriodClosed,
    SlaWindowChanged,
)
from protocols.sla.local_time import utc_time
from protocols.sla.outage import SlaOutage
from protocols.sla.period_figures import PeriodFigures

WHY = "the ledger was replaced"


def fold_restored(run: FoldRun, event: SlaDataRestored) -> None:
    """Take the records. With the last of them periods that ended meanwhile are closed, and every instance is examined."""
    state = run.state
    for number in [number for number, item in state.work.items() if isinstance(item, FollowNodes)]:
        # The contracts that follow the restored topology are among the records.
        state.drop_work(run.journal, number)
    for record in event.records:
        _take(run, record)
    if event.until is None:
        return
    if len(state.instances) and run.at - utc_time(event.until) > BLIND_AFTER:
        note_gap(run, utc_time(event.until), run.at)
    for definition_id in state.definitions:
        if not state.instances.count(f"definition:{definition_id}"):
            continue
        ends = next_period_end(state, definition_id, event.until)
        while ends <= run.now:
            state.put_work(run.journal, CloseAll(definition_id, ends))
            ends = next_period_end(state, definition_id, ends)
        state.deadlines.set(run.journal, "period", definition_id, ends)
    _drop_old_accounts(run, event.until)
    run.evidence.forget()
    state.put_work(run.journal, WalkAll(WHY))


def _drop_old_accounts(run: FoldRun, until: int) -> None:
    """An account whose period was closed without anything to tell was not emitted again."""
    for instance_id, account in run.state.accounts.items():
        if account.period_end <= until and account.status == "compliant":
            run.state.accounts.set(run.journal, instance_id, None)


def _take(run: FoldRun, record: SlaChange) -> None:
    state, journal = run.state, run.journal
    match record:
        case SlaDefinitionChanged(definition=definition):
            journal.put(state.definitions, definition.id, (*state.definitions.get(definition.id, ()), definition))
            keep_key(run, "definition", definition.key, definition.id)
        case SlaInstanceChanged():
            _take_instance(run, record)
        case SlaExclusionChanged(exclusion=exclusion):
            state.put_exclusion(journal, exclusion)
            keep_key(run, "exclusion", exclusion.key, exclusion.id)
        case SlaWindowChanged():
            state.maintenance.restore(journal, record.window_id, record.history)
            run.emit(replace(record, offset=run.offset))
        case SlaOutageChanged(outage=outage):
            _take_outage(run, outage)
        case SlaClockChanged():
            _take_clock(run, record)
        case FaultReported(report=report):
            state.put_report(journal, report)
            keep_key(run, f"fault_report {report.tenant_id}", report.key, report.id)
        case SlaPeriodClosed(figures=figures):
            _take_period(run, figures)
        case SlaBreachChanged(breach=breach):
            _take_breach(run, breach)
        case SlaCreditChanged(credit=credit):
            journal.put(state.credits, (credit.instance_id, credit.period_start), credit)
        case SlaMeasured(summary=summary):
            if summary.end is None:
                run.emit(SlaMeasured(run.offset, replace(summary, end=run.now)))
        case _:
            pass


def _take_instance(run: FoldRun, record: SlaInstanceChanged) -> None:
    """The account comes back with the status; its breaches follow."""
    run.state.instances.put(run.journal, record.instance)
    keep_key(run, "instance", record.instance.key, record.instance.id)
    if record.period_start is None or record.period_end is None:
        return
    account = Account(
        record.period_start,
        record.period_end,
        record.period_definition_id,
        record.period_definition_version,
        status=record.status,
        reason=record.reason,
        at_risk=record.status in ("at_risk", "breached"),
        breaches_at=record.breaches_at,
    )
    run.state.accounts.set(run.journal, record.instance.id, account)


def _take_outage(run: FoldRun, outage: SlaOutage) -> None:
    if outage.end is None:
        outage = replace(outage, end=max(outage.start, run.now))
        run.emit(SlaOutageChanged(run.offset, outage, WHY))
    run.state.put_outage(run.journal, outage)
    run.journal.put(run.state.recorded, outage.id, None)


def _take_clock(run: FoldRun, record: SlaClockChanged) -> None:
    facts = AlarmFacts(record.times, record.tenant_id, record.alarm_name, record.ticket_id, recorded=True)
    if facts.ended is None:
        facts = replace(facts, times=end(facts.times, max(facts.times.raised, run.now)))
        run.emit(clock_changed(run.offset, record.alarm_id, facts, WHY))
    run.state.clocks.put(run.journal, record.alarm_id, facts)


def _take_period(run: FoldRun, figures: PeriodFigures) -> None:
    """The period before the running one has an account, too."""
    state, journal = run.state, run.journal
    journal.put(state.periods, (figures.instance_id, figures.start), figures)
    known = state.closed.get(figures.instance_id)
    if known is None or known.period_start < figures.start:
        closed = Account(figures.start, figures.end, figures.definition_id, figures.definition_version)
        journal.put(state.closed, figures.instance_id, closed)


def _take_breach(run: FoldRun, breach: SlaBreach) -> None:
    state, journal = run.state, run.journal
    journal.put(state.breaches, breach.id, breach)
    running, closed = state.accounts.get(breach.instance_id), state.closed.get(breach.instance_id)
    if running is not None and running.period_start == breach.period_start:
        state.accounts.set(journal, breach.instance_id, _with_breach(running, breach))
    if closed is not None and closed.period_start == breach.period_start:
        journal.put(state.closed, breach.instance_id, _with_breach(closed, breach))
    if breach.type in ("response_time", "resolution_time") and not breach.reason.startswith(STATUTE):
        _mark(run, breach)
    elif breach.type in METRICS and not breach.resolved:
        put_breach(run, replace(breach, end=max(breach.start, run.now), resolved=True, reason=f"{breach.reason}; ended: {WHY}"))


def _with_breach(account: Account, breach: SlaBreach) -> Account:
    first = breach.id if breach.type == "availability" else account.availability_breach
    return replace(account, breaches=(*account.breaches, breach.id), availability_breach=first)


def _mark(run: FoldRun, breach: SlaBreach) -> None:
    """The clock of the alarm has this breach."""
    state = run.state
    marks = {mark.alarm_id: mark for mark in state.clock_marks.get(breach.instance_id, ())}
    mark = marks.get(breach.alarm_id, ClockMark(breach.alarm_id))
    mark = replace(mark, response=breach.id) if breach.type == "response_time" else replace(mark, resolution=breach.id)
    marks[breach.alarm_id] = mark
    run.journal.put(state.clock_marks, breach.instance_id, tuple(marks.values()))

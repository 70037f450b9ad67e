"""Breaches of response and resolution times: opened at the true instant, resolved at acknowledgement or clear, withdrawn when a
correction or a pause shows that the limit was kept."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.breaches import MOST_ALARMS, new_breach, put_breach
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.limits.clock_facts import record_clock
from actors.sla_clock.limits.instance_clocks import InstanceClock, clocks_of
from actors.sla_clock.limits.limits_standing import LimitsStanding
from actors.sla_clock.limits.marks import ClockMark
from actors.sla_clock.run import FoldRun
from actors.sla_clock.time_limit import ClockResult, ClockTerms, read_clock
from protocols.decimal_text import seconds
from protocols.severity import Severity
from protocols.sla.breach import BreachType, SlaBreach
from protocols.sla.clock_facts import ClockKind
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import utc_text

KINDS: Final[tuple[ClockKind, ...]] = ("response", "resolution")
TYPES: Final[Mapping[ClockKind, BreachType]] = {"response": "response_time", "resolution": "resolution_time"}
_MISSED: Final[Mapping[ClockKind, str]] = {"response": "was not acknowledged", "resolution": "was not cleared"}


class TimeLimitReading(NamedTuple):
    """A clock now, and as it was when it was breached."""

    result: ClockResult
    breached: ClockResult | None


def book_clocks(
    run: FoldRun, instance: SlaInstance, account: Account, period: Period, standing: LimitsStanding, why: str
) -> Account:
    """Bring the breaches of the clocks of an instance to what the facts say. Breaches are opened that began in ``period``, and
    counted in ``account``, which is the period's."""
    state = run.state
    before = {mark.alarm_id: mark for mark in state.clock_marks.get(instance.id, ())}
    clocks = clocks_of(run.evidence, instance, period, run.now)
    marks = _taken_over(run, before, clocks, why)
    for clock in clocks:
        mark = marks.get(clock.alarm_id, ClockMark(clock.alarm_id))
        if mark == ClockMark(clock.alarm_id) and _kept_both(clock):
            continue
        for alarm_id in clock.alarms:
            record_clock(run, alarm_id)
        for kind in KINDS:
            if limits_of(clock, kind):
                account, mark = _book(run, instance, account, period, standing, clock, mark, kind, why)
        if mark != ClockMark(clock.alarm_id):
            marks[clock.alarm_id] = mark
    after = tuple(marks.values())
    if after != tuple(before.values()):
        if after:
            run.journal.put(state.clock_marks, instance.id, after)
        else:
            run.journal.drop(state.clock_marks, instance.id)
    return account


def read(run: FoldRun, clock: InstanceClock, kind: ClockKind) -> TimeLimitReading:
    """The clock at the Event's time. Instances with the same facts and terms share it."""
    key = kind, clock.times, clock.definition.id, clock.definition.version
    found: TimeLimitReading | None = run.readings.get(key)
    if found is None:
        terms = terms_of(clock, kind)
        result = read_clock(kind, clock.times, terms, run.now)
        breached = None
        if result.breach_at is not None and result.breach_at <= run.now:
            breached = read_clock(kind, clock.times, terms, result.breach_at)
        found = run.readings[key] = TimeLimitReading(result, breached)
    return found


def limits_of(clock: InstanceClock, kind: ClockKind) -> Mapping[Severity, int]:
    """Limits by severity; empty when the definition promises nothing."""
    terms = clock.definition.terms
    return terms.response if kind == "response" else terms.resolution


def terms_of(clock: InstanceClock, kind: ClockKind) -> ClockTerms:
    """The terms of one of the clocks."""
    terms = clock.definition.terms
    return ClockTerms(limits_of(clock, kind), terms.calendar, terms.at_risk_percent)


def _book(
    run: FoldRun,
    instance: SlaInstance,
    account: Account,
    period: Period,
    standing: LimitsStanding,
    clock: InstanceClock,
    mark: ClockMark,
    kind: ClockKind,
    why: str,
) -> tuple[Account, ClockMark]:
    state, (result, breached) = run.state, read(run, clock, kind)
    known = state.breaches.get(mark.response if kind == "response" else mark.resolution)
    if breached is not None and breached.breach_at is not None and not (known is None and instance.suspended):
        if known is None:
            if not period.start <= breached.breach_at < period.end:
                return account, mark
            version = Period(period.start, period.end, clock.definition)
            known = new_breach(run, instance, version, TYPES[kind], breached.breach_at, breached.limit or 0)
            account = replace(account, breaches=(*account.breaches, known.id))
            mark = replace(mark, response=known.id) if kind == "response" else replace(mark, resolution=known.id)
        _put(run, instance, clock, kind, known, result, breached)
        return account, mark
    if known is not None and not known.withdrawn:
        withdraw(run, known, why)
    if result.breach_at is not None:
        standing.await_instant(result.breach_at)
    return account, _warned(run, instance, standing, clock, mark, kind, result)


def _put(
    run: FoldRun,
    instance: SlaInstance,
    clock: InstanceClock,
    kind: ClockKind,
    known: SlaBreach,
    result: ClockResult,
    breached: ClockResult,
) -> None:
    facts = run.state.clocks.by_id[clock.alarm_id]
    start, ended = breached.breach_at or 0, result.stopped_at
    if ended is not None and ended < start:
        ended = start
    limit = breached.limit or 0
    due = f"; it was due at {utc_text(breached.due_at)}" if breached.due_at is not None else ""
    breach = replace(
        known,
        start=start,
        end=ended,
        target=limit,
        actual=breached.elapsed if ended is None else max(result.elapsed, breached.elapsed),
        alarm_id=clock.alarm_id,
        alarm_name=facts.name,
        alarms=clock.alarms[:MOST_ALARMS],
        ticket_id=facts.ticket_id,
        resolved=ended is not None,
        withdrawn=False,
        reason=f"{facts.name} {_MISSED[kind]} within {seconds(limit)} s{due}",
    )
    if known.revision == 0 or known.withdrawn:
        run.notify("breach_opened", instance, breach.reason, breach_id=breach.id, alarm_id=breach.alarm_id)
        if kind == "resolution" and not breach.resolved:
            run.notify("escalation", instance, breach.reason, breach_id=breach.id, alarm_id=breach.alarm_id)
    elif breach.resolved and not known.resolved:
        ending = f"{facts.name} was {'acknowledged or cleared' if kind == 'response' else 'cleared'}"
        run.notify("breach_resolved", instance, ending, breach_id=breach.id, alarm_id=breach.alarm_id)
    put_breach(run, breach)


def _warned(
    run: FoldRun,
    instance: SlaInstance,
    standing: LimitsStanding,
    clock: InstanceClock,
    mark: ClockMark,
    kind: ClockKind,
    result: ClockResult,
) -> ClockMark:
    """Warn once when the clock is at risk, and again only after it was not."""
    at = result.warning_at
    if at is None or at > run.now:
        if at is not None:
            standing.await_instant(at)
        return replace(mark, warned=tuple(each for each in mark.warned if each != kind))
    if result.state not in ("running", "paused") or instance.suspended:
        return mark
    facts = run.state.clocks.by_id[clock.alarm_id]
    due = f", due at {utc_text(result.due_at)}" if result.due_at is not None else ""
    text = f"{clock.definition.terms.at_risk_percent} % of the {kind} time of {facts.name} have elapsed{due}"
    standing.at_risk(text)
    if kind in mark.warned:
        return mark
    run.notify("at_risk", instance, text, alarm_id=clock.alarm_id)
    return replace(mark, warned=(*mark.warned, kind))


def withdraw(run: FoldRun, breach: SlaBreach, why: str) -> None:
    """The promise was kept after all."""
    put_breach(run, replace(breach, withdrawn=True, resolved=True, reason=f"withdrawn: {why}"))


def _taken_over(run: FoldRun, before: Mapping[str, ClockMark], clocks: list[InstanceClock], why: str) -> dict[str, ClockMark]:
    """The marks under the causes that alarms have now. A breach goes along when its alarm is attached to another one, or
    detached; the second one of the same clock is withdrawn."""
    table = run.state.clocks
    present = {clock.alarm_id for clock in clocks}
    marks = {alarm_id: mark for alarm_id, mark in before.items() if alarm_id in present}
    for alarm_id, mark in before.items():
        if alarm_id in present:
            continue
        heirs = [
            clock
            for clock in clocks
            if alarm_id in clock.alarms
            or any(span.parent_id == alarm_id for each in clock.alarms for span in table.by_id[each].times.attached)
        ]
        if not heirs:
            _end_orphan(run, mark, why)
            if alarm_id in table.by_id:
                marks[alarm_id] = mark
            continue
        heir = next((clock for clock in heirs if clock.alarm_id not in marks), None)
        if heir is not None:
            marks[heir.alarm_id] = replace(mark, alarm_id=heir.alarm_id)
            continue
        for breach_id in (mark.response, mark.resolution):
            known = run.state.breaches.get(breach_id)
            if known is not None and not known.withdrawn:
                withdraw(run, known, f"the clock of {table.by_id[heirs[0].alarm_id].name} counts")
    return marks


def _end_orphan(run: FoldRun, mark: ClockMark, why: str) -> None:
    """The alarm does not concern the instance any more: what it breached ends now."""
    for breach_id in (mark.response, mark.resolution):
        known = run.state.breaches.get(breach_id)
        if known is not None and not known.resolved:
            put_breach(
                run, replace(known, end=max(run.now, known.start), resolved=True, reason=f"{known.reason}; ended: {why}")
            )


def _kept_both(clock: InstanceClock) -> bool:
    """True when so little time has passed from raise to end that no limit can be exceeded."""
    times, terms = clock.times, clock.definition.terms
    if not times.ended or times.ended[-1].end is not None:
        return False
    limits = [*terms.response.values(), *terms.resolution.values()]
    return times.ended[-1].start - times.raised <= min(limits)

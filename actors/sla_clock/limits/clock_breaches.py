"""Breaches of response and resolution times: opened at the true instant, resolved at acknowledgement or clear, withdrawn when a
correction or a pause shows that the limit was kept."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.alarm_facts import AlarmFactTable
from actors.sla_clock.books.breaches import MOST_ALARMS, end_breach, new_breach, put_breach
from actors.sla_clock.books.period_choice import Period, period_of
from actors.sla_clock.limits.clock_facts import record_clock
from actors.sla_clock.limits.instance_clocks import InstanceClock, clocks_of
from actors.sla_clock.limits.limits_standing import LimitsStanding
from actors.sla_clock.limits.marks import ClockMark
from actors.sla_clock.run import FoldRun
from actors.sla_clock.time_limit import ClockResult, ClockTerms, read_clock
from protocols.decimal_text import seconds
from protocols.severity import Severity
from protocols.sla.breach import BreachType, SlaBreach
from protocols.sla.changes import SlaNoticeKind
from protocols.sla.clock_facts import ClockKind
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import utc_text

KINDS: Final[tuple[ClockKind, ...]] = ("response", "resolution")
TYPES: Final[Mapping[ClockKind, BreachType]] = {"response": "response_time", "resolution": "resolution_time"}
_MISSED: Final[Mapping[ClockKind, str]] = {"response": "was not acknowledged", "resolution": "was not cleared"}
_ENDED: Final[Mapping[ClockKind, str]] = {"response": "was acknowledged or cleared", "resolution": "was cleared"}


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
    clocks = clocks_of(run.evidence, instance, period, run.now, before.keys())
    booking = _ClockBooking(run, instance, account, period, standing, why)
    marks = booking.taken_over(before, clocks)
    for clock in clocks:
        for alarm_id in clock.alarms:
            record_clock(run, alarm_id)
        mark = marks.get(clock.alarm_id, ClockMark(clock.alarm_id))
        for kind in KINDS:
            if limits_of(clock, kind):
                mark = booking.book(clock, mark, kind)
        if mark != ClockMark(clock.alarm_id):
            marks[clock.alarm_id] = mark
    after = tuple(marks.values())
    if after != tuple(before.values()):
        if after:
            run.journal.put(state.clock_marks, instance.id, after)
        else:
            run.journal.drop(state.clock_marks, instance.id)
    return booking.account


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


class _ClockBooking:
    """One examination of the clocks of an instance. ``account`` gets the breaches that are opened."""

    def __init__(
        self, run: FoldRun, instance: SlaInstance, account: Account, period: Period, standing: LimitsStanding, why: str
    ) -> None:
        self._run, self._instance, self.account = run, instance, account
        self._period, self._standing, self._why = period, standing, why

    def book(self, clock: InstanceClock, mark: ClockMark, kind: ClockKind) -> ClockMark:
        """Open, change, resolve or withdraw the breach of one clock, or warn of it. Returns the mark as it is then."""
        run, (result, breached) = self._run, read(self._run, clock, kind)
        known = run.state.breaches.get(mark.response if kind == "response" else mark.resolution)
        if breached is not None and breached.breach_at is not None and not (known is None and self._instance.suspended):
            if known is None:
                if not self._period.start <= breached.breach_at < self._period.end:
                    return mark
                known = self._open(clock, kind, breached.breach_at, breached.limit or 0)
                mark = replace(mark, response=known.id) if kind == "response" else replace(mark, resolution=known.id)
            self._put(clock, kind, known, result, breached)
            return mark
        if known is not None and not known.withdrawn:
            end_breach(run, self._instance, replace(known, withdrawn=True, reason=f"withdrawn: {self._why}"))
        if result.breach_at is not None:
            self._standing.await_instant(result.breach_at)
        return self._warned(clock, mark, kind, result)

    def taken_over(self, before: Mapping[str, ClockMark], clocks: list[InstanceClock]) -> dict[str, ClockMark]:
        """The marks under the causes that alarms have now. A breach goes along when its alarm is attached to another one, or
        detached; the second one of the same clock is withdrawn."""
        table, breaches = self._run.state.clocks, self._run.state.breaches
        present = {clock.alarm_id for clock in clocks}
        marks = {alarm_id: mark for alarm_id, mark in before.items() if alarm_id in present}
        for alarm_id, mark in before.items():
            if alarm_id in present:
                continue
            opened = [known for each in (mark.response, mark.resolution) if (known := breaches.get(each)) is not None]
            heirs = [clock for clock in clocks if _follows(table, clock, alarm_id)]
            heir = next((clock for clock in heirs if clock.alarm_id not in marks), None)
            if heir is not None:
                marks[heir.alarm_id] = replace(mark, alarm_id=heir.alarm_id)
            elif heirs:
                counts = f"withdrawn: the clock of {table.by_id[heirs[0].alarm_id].name} counts"
                for known in opened:
                    if not known.withdrawn:
                        end_breach(self._run, self._instance, replace(known, withdrawn=True, reason=counts))
            else:
                # The alarm does not concern the instance any more: what it breached ends now.
                for known in opened:
                    if not known.resolved:
                        end, reason = max(self._run.now, known.start), f"{known.reason}; ended: {self._why}"
                        end_breach(self._run, self._instance, replace(known, end=end, reason=reason))
                if alarm_id in table.by_id:
                    marks[alarm_id] = mark
        return marks

    def _open(self, clock: InstanceClock, kind: ClockKind, at: int, limit: int) -> SlaBreach:
        version = Period(self._period.start, self._period.end, clock.definition)
        made = new_breach(self._run, self._instance, version, TYPES[kind], at, limit)
        self.account = replace(self.account, breaches=(*self.account.breaches, made.id))
        return made

    def _put(self, clock: InstanceClock, kind: ClockKind, known: SlaBreach, result: ClockResult, breached: ClockResult) -> None:
        facts = self._run.state.clocks.by_id[clock.alarm_id]
        start, ended, limit = breached.breach_at or 0, result.stopped_at, breached.limit or 0
        if ended is not None and ended < start:
            ended = start
        due = f"; it was due at {utc_text(breached.due_at)}" if breached.due_at is not None else ""
        breach = replace(
            known,
            period_start=self._home(known, start),
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
            self._notify("breach_opened", breach, breach.reason)
            if kind == "resolution" and not breach.resolved:
                self._notify("escalation", breach, breach.reason)
        elif breach.resolved and not known.resolved:
            self._notify("breach_resolved", breach, f"{facts.name} {_ENDED[kind]}")
        put_breach(self._run, breach)

    def _home(self, known: SlaBreach, start: int) -> int:
        """The begin of the period to which a breach belongs that begins at ``start``: a jump of the clock moves it with its
        alarm."""
        state, period = self._run.state, self._period
        if not state.last_jump[1]:
            return known.period_start
        if not period.start <= start < period.end:
            return (period_of(state, self._instance, start) or period).start
        if known.id not in self.account.breaches:
            self.account = replace(self.account, breaches=(*self.account.breaches, known.id))
        return period.start

    def _warned(self, clock: InstanceClock, mark: ClockMark, kind: ClockKind, result: ClockResult) -> ClockMark:
        """Warn once when the clock is at risk, and again only after it was not."""
        at = result.warning_at
        if at is None or at > self._run.now:
            if at is not None:
                self._standing.await_instant(at)
            return replace(mark, warned=tuple(each for each in mark.warned if each != kind))
        if result.state not in ("running", "paused") or self._instance.suspended:
            return mark
        facts = self._run.state.clocks.by_id[clock.alarm_id]
        due = f", due at {utc_text(result.due_at)}" if result.due_at is not None else ""
        text = f"{clock.definition.terms.at_risk_percent} % of the {kind} time of {facts.name} have elapsed{due}"
        self._standing.at_risk(text)
        if kind in mark.warned:
            return mark
        self._run.notify("at_risk", self._instance, text, alarm_id=clock.alarm_id)
        return replace(mark, warned=(*mark.warned, kind))

    def _notify(self, kind: SlaNoticeKind, breach: SlaBreach, text: str) -> None:
        self._run.notify(kind, self._instance, text, breach_id=breach.id, alarm_id=breach.alarm_id)


def _follows(table: AlarmFactTable, clock: InstanceClock, alarm_id: str) -> bool:
    """True when ``alarm_id`` belongs to the clock, or one of the clock's alarms was attached to it."""
    if alarm_id in clock.alarms:
        return True
    return any(span.parent_id == alarm_id for each in clock.alarms for span in table.by_id[each].times.attached)

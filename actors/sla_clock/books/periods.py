"""Closing of periods, and revisions of closed ones."""

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.breaches import book_availability
from actors.sla_clock.books.credits import book_credits
from actors.sla_clock.books.figures import SlaFigures, figures_of
from actors.sla_clock.books.past_accounts import closed_through, keep_closed, past_account
from actors.sla_clock.books.period_choice import Period, contract_of, next_period_end, period_of, period_of_account
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.limits.booking_limits import book_limits
from actors.sla_clock.limits.limits_standing import LimitsStanding
from actors.sla_clock.report.assembly import report_of
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from actors.sla_clock.work import CloseAll
from protocols.sla.changes import SlaPeriodClosed
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import total
from protocols.sla.local_time import instant_at
from protocols.sla.period_figures import PeriodFigures

BY_CALENDAR = "faultd:sla_clock"
ENDED = "the period ended"
REPORT_COST = 4
"""A report takes the time in which as many instances are examined."""


def book_figures(
    run: FoldRun, instance: SlaInstance, account: Account, period: Period, figures: SlaFigures, why: str
) -> tuple[Account, LimitsStanding]:
    """Bring the breaches and the credits of the account's period to what its figures and the limits say. Returns the account,
    and what the limits come to."""
    account = book_availability(run, instance, account, period, figures, why)
    account, limits = book_limits(run, instance, account, period, why)
    return book_credits(run, instance, account, period, figures, why), limits


def close_period(run: FoldRun, instance: SlaInstance, account: Account) -> None:
    """Fix the figures of the account's period, which has ended."""
    period = period_of_account(run.state, account)
    figures = figures_of(run.evidence, instance, period, period.end)
    account, _ = book_figures(run, instance, account, period, figures, ENDED)
    _close(run, instance, period, figures, account.breaches)
    keep_closed(run, instance.id, account)


def close_untouched(run: FoldRun, instance: SlaInstance, definition_id: str, ended: int) -> bool:
    """Fix the figures of the definition's period that ended at ``ended``, of an instance without an account in it. False when
    that is done already, or there is no such period, or the instance was made later."""
    period = period_of(run.state, instance, ended - 1)
    if period is None or period.end != ended or closed_through(run.state, instance.id) >= ended:
        return False
    if period.definition.id != definition_id or instant_at(instance.created_at) >= ended:
        return False
    figures = figures_of(run.evidence, instance, period, period.end)
    if figures.touched:
        # Time in which faultd did not run concerns every instance, and gives none an account.
        account = past_account(run, instance, period)
        if account is None:
            account = Account(period.start, period.end, period.definition.id, period.definition.version)
        close_period(run, instance, account)
    else:
        _close(run, instance, period, figures, ())
    return True


def close_waiting(run: FoldRun, instance: SlaInstance) -> None:
    """Fix the figures of the periods that have ended and that :class:`~actors.sla_clock.work.CloseAll` has not reached, of an
    instance without an account: before anything is booked on a later one."""
    state = run.state
    for definition_id in dict.fromkeys((*(each.definition_id for each in instance.former), instance.definition_id)):
        ended = [
            item.ended
            for item in state.work.values()
            if isinstance(item, CloseAll)
            and item.definition_id == definition_id
            and item.ended <= run.now
            and state.instances.is_behind(instance.id, item.after)
        ]
        due = state.deadlines.at("period", definition_id) or NEVER
        while due <= run.now:
            ended.append(due)
            due = next_period_end(state, definition_id, due)
        for each in ended:
            if close_untouched(run, instance, definition_id, each):
                period = period_of(state, instance, each - 1)
                assert period is not None
                if (last := state.closed.get(instance.id)) is not None and last.period_end == period.end:
                    continue  # it has breaches
                account = Account(period.start, period.end, period.definition.id, period.definition.version)
                keep_closed(run, instance.id, account)


def revise_period(run: FoldRun, instance: SlaInstance, ended: int, why: str, by: str = BY_CALENDAR) -> None:
    """Book the period that ended at ``ended`` anew, and make a new revision of its figures if they differ now."""
    state = run.state
    period = period_of(state, instance, ended - 1)
    if period is None or period.end > run.now:
        return
    account = past_account(run, instance, period)
    if account is None:
        account = Account(period.start, period.end, period.definition.id, period.definition.version)
    figures = figures_of(run.evidence, instance, period, period.end)
    account, _ = book_figures(run, instance, account, period, figures, why)
    now = figures_shown(state, instance, period, figures, account.breaches, run.now)
    # An instance that was made later had no first revision.
    known = _last_revision(state, instance, period, now) or replace(_untouched(now), revision=0)
    if comparable(now) != comparable(known) or (not known.revision and figures.touched):
        keep_closed(run, instance.id, account)
        made = replace(now, revision=known.revision + 1, reason=why, closed_by=by)
        _put(run, instance, period, figures, account.breaches, made, known)


def keep_first_revision(run: FoldRun, before: SlaInstance, after: SlaInstance) -> None:
    """Keep the figures of the period that ended last, which are not kept where nothing has happened in it. It has to be done
    before the contract is changed, so that a revision can be compared with them. A period that the contract did not have before
    was not closed: revision 0."""
    state = run.state
    if before.id not in state.accounts:
        close_waiting(run, before)
    for instance in (before, after):
        running = period_of(state, instance, run.now)
        until = min(run.now, contract_of(instance)[1]) if running is None else running.start
        period = period_of(state, instance, until - 1)
        if period is None or period.end > run.now or (instance.id, period.start) in state.periods:
            continue
        closed, last, known = period_of(state, before, period.end - 1), state.closed.get(before.id), None
        if closed is None and last is not None:
            closed = period_of_account(state, last)  # the contract begins later by now
        if closed is not None and closed.start == period.start:
            known = _last_revision(state, before, closed, _shown_without_breaches(run, before, closed))
        first = known or replace(_untouched(_shown_without_breaches(run, instance, period)), revision=0)
        run.journal.put(state.periods, (instance.id, period.start), first)
    expect_first_revision(run, after, before)


def expect_first_revision(run: FoldRun, instance: SlaInstance, before: SlaInstance | None = None) -> None:
    """The running period of a new instance and later ones have no revision yet, also where the clock was put back into or over
    periods that were closed for the other instances of the definition: revision 0. Of a changed instance (``before``: as it
    was) this holds for the periods that it did not have."""
    state, period = run.state, period_of(run.state, instance, run.now)
    while period is not None and run.now < period.end <= state.closed_until.get(period.definition.id, 0):
        closed = None if before is None else period_of(state, before, period.end - 1)
        if (closed is None or closed.start != period.start) and (instance.id, period.start) not in state.periods:
            first = replace(_untouched(_shown_without_breaches(run, instance, period)), revision=0)
            run.journal.put(state.periods, (instance.id, period.start), first)
        period = period_of(state, instance, period.end)


def _shown_without_breaches(run: FoldRun, instance: SlaInstance, period: Period) -> PeriodFigures:
    figures = figures_of(run.evidence, instance, period, period.end)
    return figures_shown(run.state, instance, period, figures, (), run.now)


def comparable(figures: PeriodFigures) -> PeriodFigures:
    """The figures without what does not make a new revision: when, why and by whom they were made, the customer's name, and
    the contract outside of the period."""
    start, end = max(figures.contract_start, figures.start), figures.contract_end
    return replace(
        figures,
        revision=1,
        reason="",
        closed_by="",
        made_at=0,
        customer_name="",
        contract_start=start,
        contract_end=None if end is None or end >= figures.end else end,
    )


def _untouched(figures: PeriodFigures) -> PeriodFigures:
    """The first revision, which was not kept since nothing had happened in the period."""
    value = 1_000_000 if figures.contract else None
    return replace(
        figures,
        up=figures.contract,
        down=0,
        excluded=0,
        unknown=0,
        planned=0,
        availability=value,
        breaches=0,
        credit=0,
        reason=ENDED,
    )


def _close(run: FoldRun, instance: SlaInstance, period: Period, figures: SlaFigures, breaches: tuple[str, ...]) -> None:
    """Make the first revision; or the next one, where the clock was put back over the end of a period that was closed."""
    made = replace(figures_shown(run.state, instance, period, figures, breaches, run.now), reason=ENDED)
    known = _last_revision(run.state, instance, period, made)
    if known is not None:
        if not known.revision or comparable(made) != comparable(known):
            _put(run, instance, period, figures, breaches, replace(made, revision=known.revision + 1), known)
    elif breaches or figures.touched or _made_later(instance, period):
        _put(run, instance, period, figures, breaches, made)
    else:
        run.emit(SlaPeriodClosed(run.offset, made))


def _last_revision(state: SlaState, instance: SlaInstance, period: Period, now: PeriodFigures) -> PeriodFigures | None:
    """The last revision of a period; None when it was not closed yet. ``now``: its figures as they are now."""
    known = state.periods.get((instance.id, period.start))
    if known is not None:
        return known
    last = state.closed.get(instance.id)
    if last is not None and last.period_start == period.start:
        return _untouched(now)
    if _made_later(instance, period):
        return None
    booked = period.end <= closed_through(state, instance.id) or _walked(state, instance, period)
    return _untouched(now) if booked else None


def _made_later(instance: SlaInstance, period: Period) -> bool:
    """True for a period that had ended when the contract was entered: it is closed only where the clock is wrong, or was then.
    Its figures are kept, so that this is known."""
    return instant_at(instance.created_at) >= period.end


def _walked(state: SlaState, instance: SlaInstance, period: Period) -> bool:
    """Whether the walk that closes this period has been at the instance, or has ended."""
    name = period.definition.id
    return period.end <= state.closed_until.get(name, 0) or any(
        isinstance(item, CloseAll)
        and (item.definition_id, item.ended) == (name, period.end)
        and not state.instances.is_behind(instance.id, item.after)
        for item in state.work.values()
    )


def figures_shown(
    state: SlaState,
    instance: SlaInstance,
    period: Period,
    figures: SlaFigures,
    breaches: tuple[str, ...],
    made_at: int,
    revision: int = 1,
) -> PeriodFigures:
    """``figures`` of a period, made at the instant ``made_at``, with the breaches and the credit that ``state`` has."""
    found = figures.shares
    credit = state.credits.get((instance.id, period.start))
    return PeriodFigures(
        instance_id=instance.id,
        tenant_id=instance.tenant_id,
        customer_id=instance.customer_id,
        service_id=instance.service_id,
        definition_id=period.definition.id,
        definition_version=period.definition.version,
        start=period.start,
        end=period.end,
        revision=revision,
        contract=total(found.contract),
        up=found.time_up,
        down=total(found.down),
        excluded=total(found.excluded),
        unknown=total(found.unknown),
        planned=found.planned,
        budget=figures.budget,
        availability=figures.availability,
        breaches=sum(not state.breaches[each].withdrawn for each in breaches),
        credit=0 if credit is None else credit.amount,
        currency=instance.currency if credit is None else credit.currency,
        minor_digits=instance.minor_digits if credit is None else credit.minor_digits,
        closed_by=BY_CALENDAR,
        made_at=made_at,
        customer_name=instance.customer_name,
        contract_start=instance.start,
        contract_end=instance.end,
    )


def _put(
    run: FoldRun,
    instance: SlaInstance,
    period: Period,
    figures: SlaFigures,
    breaches: tuple[str, ...],
    made: PeriodFigures,
    previous: PeriodFigures | None = None,
) -> None:
    """Keep a revision and emit it with its report."""
    run.budget -= REPORT_COST
    run.journal.put(run.state.periods, (made.instance_id, made.start), made)
    report = report_of(
        run.evidence,
        instance,
        period,
        figures,
        as_of=period.end,
        made_at=made.made_at,
        breaches=breaches,
        revision=made.revision,
        reason=made.reason if previous is not None else "",
        # 0: the contract was made after the period's end, so nothing was closed before.
        previous=previous if previous is not None and previous.revision else None,
    )
    run.emit(SlaPeriodClosed(run.offset, made, report))

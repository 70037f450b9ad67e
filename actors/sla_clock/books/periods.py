"""Closing of periods, and revisions of closed ones."""

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.breaches import book_availability
from actors.sla_clock.books.credits import book_credits
from actors.sla_clock.books.figures import SlaFigures, figures_of
from actors.sla_clock.books.period_choice import Period, period_of, period_of_account
from actors.sla_clock.limits.booking_limits import book_limits
from actors.sla_clock.limits.limits_standing import LimitsStanding
from actors.sla_clock.report.assembly import report_of
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from protocols.sla.changes import SlaPeriodClosed
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import total
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
    run.journal.put(run.state.closed, instance.id, account)
    _close(run, instance, period, figures, account.breaches)


def close_untouched(run: FoldRun, instance: SlaInstance, ended: int) -> None:
    """Fix the figures of the period that ended at ``ended``, of an instance that had no account in it."""
    period = period_of(run.state, instance, ended - 1)
    if period is None or period.end != ended or (instance.id, period.start) in run.state.periods:
        return
    figures = figures_of(run.evidence, instance, period, period.end)
    if figures.touched:
        # Time in which faultd did not run concerns every instance, and gives none an account.
        close_period(run, instance, Account(period.start, period.end, period.definition.id, period.definition.version))
    else:
        _close(run, instance, period, figures, ())


def revise_period(run: FoldRun, instance: SlaInstance, ended: int, why: str, by: str = BY_CALENDAR) -> None:
    """Book the period that ended at ``ended`` anew, and make a new revision of its figures if they differ now."""
    state = run.state
    period = period_of(state, instance, ended - 1)
    if period is None or period.end > run.now:
        return
    account = state.closed.get(instance.id)
    if account is None or account.period_start != period.start:
        account = Account(period.start, period.end, period.definition.id, period.definition.version)
    known = state.periods.get((instance.id, period.start))
    figures = figures_of(run.evidence, instance, period, period.end)
    account, _ = book_figures(run, instance, account, period, figures, why)
    if known is None:
        known = _untouched(figures_shown(run.state, instance, period, figures, (), run.now))
    now = figures_shown(run.state, instance, period, figures, account.breaches, run.now)
    if comparable(now) != comparable(known):
        run.journal.put(state.closed, instance.id, account)
        made = replace(now, revision=known.revision + 1, reason=why, closed_by=by)
        _put(run, instance, period, figures, account.breaches, made, known)


def comparable(figures: PeriodFigures) -> PeriodFigures:
    """The figures without what does not make a new revision: when, why and by whom they were made, and the customer's name."""
    return replace(figures, revision=1, reason="", closed_by="", made_at=0, customer_name="")


def _untouched(figures: PeriodFigures) -> PeriodFigures:
    """The first revision, which was not kept since nothing had happened in the period."""
    value = 1_000_000 if figures.contract else None
    return replace(figures, up=figures.contract, down=0, excluded=0, unknown=0, planned=0, availability=value, credit=0)


def _close(run: FoldRun, instance: SlaInstance, period: Period, figures: SlaFigures, breaches: tuple[str, ...]) -> None:
    closed = replace(figures_shown(run.state, instance, period, figures, breaches, run.now), reason=ENDED)
    if breaches or figures.touched:
        _put(run, instance, period, figures, breaches, closed)
    else:
        run.emit(SlaPeriodClosed(run.offset, closed))


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
        up=total(found.up),
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
        previous=previous,
    )
    run.emit(SlaPeriodClosed(run.offset, made, report))

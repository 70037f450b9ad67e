"""Booking: bring the account of one instance to what the evidence says now, and set its next deadline.

Every figure is derived from the evidence, so a late clear, a correction or a withdrawn exclusion gives the figures that would
have been there without the mistake. The account keeps only what was decided: its period, its breaches, who was to hear of it.
"""

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.breaches import risk_text
from actors.sla_clock.books.burn import burnt_down_at
from actors.sla_clock.books.credits import next_credit_at
from actors.sla_clock.books.figures import SlaFigures
from actors.sla_clock.books.period_choice import Period, period_of, period_of_account
from actors.sla_clock.books.periods import book_period, close_period, revise_period
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.limits.booking_limits import book_limits
from actors.sla_clock.limits.limits_standing import LimitsStanding
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from protocols.sla.changes import SlaInstanceChanged
from protocols.sla.instance import InstanceStatus, SlaInstance


def book(run: FoldRun, instance: SlaInstance, why: str, since: int = NEVER) -> None:
    """Examine an instance at the Event's time. ``why``: the reason for a change. ``since``: the earliest instant at which a
    figure can differ from what was booked before."""
    state = run.state
    state.examined += 1
    account = state.accounts.get(instance.id)
    if account is not None and run.now < account.period_start:
        # The clock was put back over the begin of the period: it goes on when time has caught up.
        state.deadlines.set(run.journal, "instance", instance.id, account.period_start)
        return
    period = period_of(state, instance, run.now)
    while account is not None and (period is None or account.period_start < period.start):
        account = _close(run, instance, account)
    if since < (run.now if period is None else period.start):
        revise_period(run, instance, run.now if period is None else period.start, why)
    if period is None:
        starts = instance.start if run.now < instance.start else None
        state.deadlines.set(run.journal, "instance", instance.id, starts)
        if (last := state.closed.get(instance.id)) is not None:
            book_limits(run, instance, last, period_of_account(state, last), why)  # what was breached before may end
        return
    await_period_end(run, period)
    if account is None:
        account = Account(period.start, period.end, period.definition.id, period.definition.version)
    account, figures, limits = book_period(run, instance, account, period, why)
    _settle(run, instance, account, period, figures, limits)


def await_period_end(run: FoldRun, period: Period) -> None:
    """All instances of a definition are examined when the earliest of their running periods ends."""
    deadlines, name = run.state.deadlines, period.definition.id
    if period.end < deadlines.due.get(("period", name), NEVER):
        deadlines.set(run.journal, "period", name, period.end)


def instance_changed(run: FoldRun, instance: SlaInstance) -> SlaInstanceChanged:
    """The instance as it is now."""
    return instance_shown(run.state, run.offset, instance)


def instance_shown(state: SlaState, offset: int, instance: SlaInstance) -> SlaInstanceChanged:
    """The instance as ``state`` has it, in a Change of the Event at ``offset``."""
    account = state.accounts.get(instance.id)
    placed = any(resource in state.plant.places for resource in instance.resources)
    if account is None:
        status: InstanceStatus = "suspended" if instance.suspended else "compliant"
        return SlaInstanceChanged(offset, instance, status, placed=placed)
    return SlaInstanceChanged(
        offset,
        instance,
        account.status,
        account.reason,
        sum(not state.breaches[each].withdrawn for each in account.breaches),
        account.breaches_at,
        placed,
        account.period_start,
        account.period_end,
        account.definition_id,
        account.definition_version,
    )


def _close(run: FoldRun, instance: SlaInstance, account: Account) -> Account | None:
    """Close the account's period, and open the account of the next one that has ended or runs; None: the contract is over, or
    nothing has happened since."""
    state = run.state
    close_period(run, instance, account)
    run.journal.drop(state.accounts, instance.id)
    if account.status != "compliant":
        run.emit(instance_changed(run, instance))
    following = period_of(state, instance, account.period_end)
    if following is None or following.end > run.now:
        return None
    return Account(following.start, following.end, following.definition.id, following.definition.version)


def _settle(
    run: FoldRun, instance: SlaInstance, account: Account, period: Period, figures: SlaFigures, limits: LimitsStanding
) -> None:
    """Status, deadline, and the Change where something that is shown differs."""
    state, journal = run.state, run.journal
    status, reason = _status(run, instance, account, figures, limits)
    due = (
        figures.at_risk_at,
        figures.breaches_at,
        next_credit_at(state, instance, period, figures, run.now),
        burnt_down_at(period.definition.terms, figures.shares.down, figures.lasts, run.now),
        *limits.due,
    )
    ahead = [at for at in due if at is not None and at > run.now]
    state.deadlines.set(journal, "instance", instance.id, min(ahead, default=None) if not instance.suspended else None)
    before = state.accounts.get(instance.id)
    after = replace(
        account,
        status=status,
        reason=reason,
        breaches_at=figures.breaches_at,
        left=figures.left,
        booked=run.now,
        lasts=figures.lasts,
    )
    if before is None and not figures.touched and not after.breaches and not limits.risk:
        return  # nothing has happened to it
    journal.put(state.accounts, instance.id, after)
    shown = (status, after.breaches, after.breaches_at)
    if shown != (("compliant", (), None) if before is None else (before.status, before.breaches, before.breaches_at)):
        run.emit(instance_changed(run, instance))


def _status(
    run: FoldRun, instance: SlaInstance, account: Account, figures: SlaFigures, limits: LimitsStanding
) -> tuple[InstanceStatus, str]:
    if instance.suspended:
        return "suspended", "an operator suspended it"
    standing = [breach for each in account.breaches if not (breach := run.state.breaches[each]).withdrawn]
    if standing:
        return "breached", standing[0].reason
    if account.at_risk:
        return "at_risk", risk_text(figures)
    if limits.risk:
        return "at_risk", limits.risk
    return "compliant", ""

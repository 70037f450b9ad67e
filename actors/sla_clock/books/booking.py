"""Booking: bring the account of one instance to what the evidence says now, and set its next deadline.

Every figure is derived from the evidence, so a late clear, a correction or a withdrawn exclusion gives the figures that would
have been there without the mistake. The account keeps only what was decided: its period, its breaches, who was to hear of it.
"""

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.breaches import book_availability
from actors.sla_clock.books.figures import SlaFigures, figures_of
from actors.sla_clock.books.period_choice import Period, period_of
from actors.sla_clock.books.periods import close_period, revise_period
from actors.sla_clock.evidence.timelines import NOTHING, evidence_of
from actors.sla_clock.run import FoldRun
from protocols.sla.changes import SlaInstanceChanged
from protocols.sla.instance import InstanceStatus, SlaInstance


def book(run: FoldRun, instance: SlaInstance, why: str) -> None:
    """Examine an instance at the Event's time. ``why``: the reason for a change."""
    state = run.state
    period = period_of(state, instance, run.now)
    if period is None:
        _without_period(run, instance)
        return
    account = state.accounts.get(instance.id)
    if account is None or account.period_start != period.start:
        account = _next_account(run, instance, account, period)
    revise_period(run, instance, account, why)
    evidence = evidence_of(run, instance)
    figures = figures_of(run, instance, period, evidence, run.now)
    account = book_availability(run, instance, account, period, figures, why)
    _settle(run, instance, account, period, figures, why)


def _next_account(run: FoldRun, instance: SlaInstance, account: Account | None, period: Period) -> Account:
    """Close the periods that ended, and begin the running one."""
    while account is not None and account.period_start < period.start:
        close_period(run, instance, account, "faultd:sla_clock", "the period ended")
        following = period_of(run.state, instance, account.period_end)
        if following is None or following.start >= period.start:
            break
        account = _account(following)
    return _account(period)


def _account(period: Period) -> Account:
    return Account(period.start, period.end, period.definition.id, period.definition.version)


def _without_period(run: FoldRun, instance: SlaInstance) -> None:
    """Before the contract begins nothing is due but its begin; after its end the last period is closed."""
    state = run.state
    account = state.accounts.get(instance.id)
    if account is not None and run.now >= account.period_end:
        close_period(run, instance, account, "faultd:sla_clock", "the contract ended")
        run.journal.drop(state.accounts, instance.id)
    waits = instance.start if run.now < instance.start else None
    state.deadlines.set(run.journal, "instance", instance.id, waits)


def _settle(run: FoldRun, instance: SlaInstance, account: Account, period: Period, figures: SlaFigures, why: str) -> None:
    """Status, deadline, and the Change where something that is shown differs."""
    state = run.state
    status, reason = _status(run, instance, account, figures)
    due = [period.end]
    if not instance.suspended:
        due += [at for at in (figures.at_risk_at, figures.breaches_at) if at is not None and at > run.now]
    state.deadlines.set(run.journal, "instance", instance.id, min(due))
    after = replace(account, status=status, reason=reason, breaches_at=figures.breaches_at)
    before = state.accounts.get(instance.id)
    if after == before:
        return
    journal = run.journal
    journal.put(state.accounts, instance.id, after)
    if before is None or _shown(before) != _shown(after):
        run.emit(instance_changed(run, instance, after))


def _shown(account: Account) -> tuple[object, ...]:
    """The part of an account that an :class:`SlaInstanceChanged` shows."""
    return account.status, account.breaches, account.breaches_at, account.period_start, account.definition_version


def instance_changed(run: FoldRun, instance: SlaInstance, account: Account | None) -> SlaInstanceChanged:
    """The instance as it is now."""
    state = run.state
    placed = any(resource in state.plant.places for resource in instance.resources)
    if account is None:
        status: InstanceStatus = "suspended" if instance.suspended else "compliant"
        return SlaInstanceChanged(run.offset, instance, status, placed=placed)
    standing = sum(not state.breaches[each].withdrawn for each in account.breaches if each in state.breaches)
    return SlaInstanceChanged(
        run.offset,
        instance,
        account.status,
        account.reason,
        standing,
        account.breaches_at,
        placed,
        account.period_start,
        account.period_end,
        account.definition_id,
        account.definition_version,
    )


def _status(run: FoldRun, instance: SlaInstance, account: Account, figures: SlaFigures) -> tuple[InstanceStatus, str]:
    if instance.suspended:
        return "suspended", "an operator suspended it"
    standing = [run.state.breaches[each] for each in account.breaches if each in run.state.breaches]
    standing = [each for each in standing if not each.withdrawn]
    if standing:
        return "breached", standing[0].reason
    if figures.at_risk_at is not None and figures.at_risk_at <= run.now:
        return "at_risk", figures.risk_text
    return "compliant", ""


def untouched(run: FoldRun, instance: SlaInstance) -> bool:
    """True when nothing was ever decided about the instance and no evidence concerns it."""
    return instance.id not in run.state.accounts and evidence_of(run, instance) is NOTHING

"""Booking: bring the account of one instance to what the evidence says now, and set its next deadline.

Every figure is derived from the evidence, so a late clear, a correction or a withdrawn exclusion gives the figures that would
have been there without the mistake. The account keeps only what was decided: its period, its breaches, who was to hear of it.
"""

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.common_outcome import CommonOutcome, common_key, keep_common
from actors.sla_clock.books.figures import basis_of, figures_of, figures_on
from actors.sla_clock.books.outcomes import BookedOutcome, kind_of, outcome_of, shared_outcome, take_over
from actors.sla_clock.books.past_accounts import past_account
from actors.sla_clock.books.period_choice import Period, contract_of, period_of, period_of_account
from actors.sla_clock.books.periods import book_figures, close_period, close_waiting, revise_period
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.limits.booking_limits import book_limits
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from actors.sla_clock.work import CloseAll
from protocols.sla.changes import SlaInstanceChanged
from protocols.sla.instance import InstanceStatus, SlaInstance
from protocols.sla.periods import period_at


def book(run: FoldRun, instance: SlaInstance, why: str, since: int = NEVER, *, closed: bool = False) -> None:
    """Examine an instance at the Event's time. ``why``: the reason for a change. ``since``: the earliest instant at which a
    figure can differ from what was booked before. ``closed``: the walk that closes periods is at this instance."""
    state = run.state
    state.examined += 1
    row = state.instances.row_of(instance.id)
    assert row is not None
    account, left = state.accounts.at(row), False
    if run.evidence.common and (closed or account is not None or not _closing(run)):
        common: CommonOutcome | None = run.evidence.common.get(common_key(instance, account, run.evidence.of(instance)))
        if common is not None and common.is_of(run, instance, since):
            if common.is_told:
                _keep(run, instance, row, take_over(run, instance, account, common.outcome))
            else:
                common.keep(run, instance, row)
            return
    in_table = account
    if account is not None and run.now < account.period_start:
        left = True
        _leave(run, instance, account, why)
        state.accounts.put(run.journal, row, None)
        account = None
    if account is None and not closed and _closing(run):
        close_waiting(run, instance)
    # The version in force when the contract begins applies to it: there is no account before.
    begun = account is not None or instance.start <= run.now
    period = run.periods.of(instance, account) if begun else None
    # Where the begin of the contract was changed, another version applies, whose period can have begun earlier.
    while account is not None and (period is None or account.period_start < period.start or account.period_end <= run.now):
        account = _close(run, instance, row, account)
    last = state.closed.get(instance.id)
    shown = account
    if account is None and period is not None:
        account = past_account(run, instance, period)
    if period is None:
        _revise_last(run, instance, why, since)
        starts = instance.start if run.now < instance.start else None
        if starts is not None and (first := period_of(state, instance, starts)) is not None:
            await_period_end(run, first)  # it may begin and end before the next Event
        state.deadlines.set_row(run.journal, row, starts)
        if left:
            run.emit(instance_changed(run, instance))
        if last is not None:
            book_limits(run, instance, last, period_of_account(state, last), why)  # what was breached before may end
        return
    if since < period.start:
        revise_period(run, instance, period.start, why)
    await_period_end(run, period)
    outcome = _examined(run, instance, account, period, why, plain=account is in_table)
    # The account of a period that the clock comes to again was not the instance's before.
    _keep(run, instance, row, outcome if shown is account and not left else outcome._replace(shown=True))


def _leave(run: FoldRun, instance: SlaInstance, account: Account, why: str) -> None:
    """The clock was put back over the begin of the account's period: it is booked as one of which no time has passed, so that
    its breach of availability is withdrawn."""
    period = period_of_account(run.state, account)
    book_figures(run, instance, account, period, figures_of(run.evidence, instance, period, run.now), why)


def book_again(run: FoldRun, instance: SlaInstance, start: int, why: str) -> None:
    """Book the period that begins at ``start``, which was closed at a wrong time: it has not begun any more, or ended long
    ago."""
    period = period_of(run.state, instance, start)
    if period is None or period.start != start:
        return
    if period.end <= run.now:
        revise_period(run, instance, period.end, why)
    elif run.now < start and (account := past_account(run, instance, period)) is not None:
        _leave(run, instance, account, why)


def _revise_last(run: FoldRun, instance: SlaInstance, why: str, since: int) -> None:
    """Revise the last period of a contract that is over, if it is the period before the running one: of an older one the stage
    no longer has the evidence."""
    over = min(run.now, contract_of(instance)[1])
    last = period_of(run.state, instance, over - 1)
    if since < over and last is not None and last.end == period_at(last.definition.terms.period, run.now)[0]:
        revise_period(run, instance, over, why)


def _closing(run: FoldRun) -> bool:
    """Whether there may be instances with a period that has ended and is not closed."""
    if run.state.deadlines.first <= run.now:
        return True
    for item in run.state.work.values():  # noqa: SIM110 - it is asked for each contract, and compiled
        if type(item) is CloseAll:
            return True
    return False


def _examined(
    run: FoldRun, instance: SlaInstance, before: Account | None, period: Period, why: str, *, plain: bool
) -> BookedOutcome:
    """Bring breaches and credits to what the evidence says now, or take over the outcome of an instance of the same kind.
    ``plain``: ``before`` is the account that the instance has in the table."""
    basis = basis_of(run.evidence, instance, period)
    kind = kind_of(run.evidence, instance, before, period, basis, why)
    known: BookedOutcome | None = None if kind is None else run.evidence.outcomes.get(kind)
    if known is not None:
        return take_over(run, instance, before, known)
    emitted = len(run.changes)
    figures = figures_on(run.evidence, basis, period, run.now)
    account = before or Account(period.start, period.end, period.definition.id, period.definition.version)
    account, limits = book_figures(run, instance, account, period, figures, why)
    outcome = outcome_of(run, instance, before, account, period, figures, limits)
    shared = None if kind is None else shared_outcome(outcome, run.changes[emitted:], limits)
    if shared is not None:
        shared = shared._replace(kept=(basis[0], period.definition))
        run.evidence.outcomes[kind] = shared
        if plain:
            keep_common(run, instance, before, period, basis, shared)
    return outcome


def _keep(run: FoldRun, instance: SlaInstance, row: int, outcome: BookedOutcome) -> None:
    run.state.deadlines.set_row(run.journal, row, outcome.deadline)
    if outcome.account is not None:
        run.state.accounts.put(run.journal, row, outcome.account)
    if outcome.shown:
        run.changes.append(_shown(run.state, run.offset, instance, outcome.account))


def await_period_end(run: FoldRun, period: Period) -> None:
    """All instances of a definition are examined when the earliest of their running periods ends."""
    deadlines, name = run.state.deadlines, period.definition.id
    if period.end < (deadlines.at("period", name) or NEVER):
        deadlines.set(run.journal, "period", name, period.end)


def instance_changed(run: FoldRun, instance: SlaInstance) -> SlaInstanceChanged:
    """The instance as it is now."""
    return instance_shown(run.state, run.offset, instance)


def instance_shown(state: SlaState, offset: int, instance: SlaInstance) -> SlaInstanceChanged:
    """The instance as ``state`` has it, in a Change of the Event at ``offset``."""
    return _shown(state, offset, instance, state.accounts.get(instance.id))


def _shown(state: SlaState, offset: int, instance: SlaInstance, account: Account | None) -> SlaInstanceChanged:
    placed = not state.plant.places.keys().isdisjoint(instance.resources)
    if account is None:
        status: InstanceStatus = "suspended" if instance.suspended else "compliant"
        return SlaInstanceChanged(offset, instance, status, placed=placed)
    return SlaInstanceChanged(
        offset,
        instance,
        account.status,
        account.reason,
        sum(not state.breaches[each].withdrawn for each in account.breaches) if account.breaches else 0,
        account.breaches_at,
        placed,
        account.period_start,
        account.period_end,
        account.definition_id,
        account.definition_version,
    )


def _close(run: FoldRun, instance: SlaInstance, row: int, account: Account) -> Account | None:
    """Close the account's period, and open the account of the next one that has ended or runs; None: the contract is over, or
    nothing has happened since."""
    state = run.state
    close_period(run, instance, account)
    state.accounts.put(run.journal, row, None)
    if account.status != "compliant" or account.breaches_at is not None:
        run.emit(instance_changed(run, instance))
    following = period_of(state, instance, account.period_end)
    if following is None or following.end > run.now:
        return None
    known = past_account(run, instance, following)
    return known or Account(following.start, following.end, following.definition.id, following.definition.version)

"""The outcome of an examination, which instances with the same figures share.

A cut above 200,000 services gives most of them the same timelines. The first of each kind in an Event is examined in full; the
others take over its outcome, as long as nothing of their own (credits, fault reports, clocks) is part of it. The breach of
availability of each is the same but for its id and its contract.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.breaches import breach_like, breach_too, keep_breach, risk_text
from actors.sla_clock.books.burn import burnt_down_at
from actors.sla_clock.books.credits import next_credit_at
from actors.sla_clock.books.figures import FiguresBasis, SlaFigures
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.limits.booking_limits import limits_kind
from actors.sla_clock.limits.limits_standing import LimitsStanding
from actors.sla_clock.run import FoldRun
from protocols.change import Change
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaBreachChanged, SlaNotificationRequested
from protocols.sla.instance import InstanceStatus, SlaInstance


class BookedOutcome(NamedTuple):
    """``account`` takes the place of ``before``; None: the instance needs none. ``deadline``: when to examine it again.
    ``shown``: something that is shown differs. ``notice`` and ``breach``: what the examination told of its instance, and the
    breach of availability that it opened or changed."""

    before: Account | None
    account: Account | None
    deadline: int | None
    shown: bool
    notice: SlaNotificationRequested | None = None
    breach: SlaBreach | None = None
    kept: tuple[object, ...] = ()
    """The key of a kind names evidence and definition by their identity: kept, so that nothing else has it."""


def shared_outcome(outcome: BookedOutcome, changes: Sequence[Change], limits: LimitsStanding) -> BookedOutcome | None:
    """The outcome as instances of the same kind may take it over, by the Changes of the first one's examination. None: they
    tell something else than the budget at risk, and the one breach of availability."""
    notice: SlaNotificationRequested | None = None
    breach: SlaBreach | None = None
    for change in changes:
        if type(change) is SlaNotificationRequested and notice is None and breach is None:
            notice = change
        elif type(change) is SlaBreachChanged and breach is None:
            breach = change.breach
        else:
            return None
    account = outcome.account
    if breach is not None and (account is None or account.breaches != (breach.id,) or account.availability_breach != breach.id):
        return None
    if notice is not None and breach is None and (notice.kind != "at_risk" or limits.risk):  # a clock's
        return None
    return outcome._replace(notice=notice, breach=breach)


def take_over(run: FoldRun, instance: SlaInstance, before: Account | None, outcome: BookedOutcome) -> BookedOutcome:
    """The outcome for a further instance of the kind. Its breach is like that of the first, with its own id and contract."""
    account, breach, notice, own = outcome.account, outcome.breach, outcome.notice, ""
    if before is not None and before.breaches:
        own = before.availability_breach
        if breach is not None:
            breach = breach_like(breach, run.state.breaches[own])
    elif breach is not None:
        breach = breach_too(run, breach, instance)
        own = breach.id
    if notice is not None:
        run.notify(notice.kind, instance, notice.reason, breach_id=own if notice.breach_id else "", alarm_id=notice.alarm_id)
    if breach is not None:
        keep_breach(run, breach)
    if account is None or not own:
        return outcome
    return outcome._replace(account=replace(account, availability_breach=own, breaches=(own,)))


def kind_of(
    evidence: EvidenceReader, instance: SlaInstance, before: Account | None, period: Period, basis: FiguresBasis, why: str
) -> Hashable:
    """The key under which instances come to the same outcome; None for one with something of its own."""
    if instance.suspended:
        return None
    same: Hashable = id(before)
    if before is not None and before.breaches:
        if before.breaches != (before.availability_breach,):
            return None
        # The reason why it is withdrawn or ends is part of a breach.
        known = evidence.state.breaches[before.availability_breach]
        same = why, replace(before, availability_breach="", breaches=()), breach_like(known)
    limits = limits_kind(evidence, instance, period)
    if limits is None:
        return None
    state, definition = evidence.state, period.definition
    fee: Hashable = 0
    if definition.terms.credits is not None:
        closed = state.closed.get(instance.id)
        if (instance.id, period.start) in state.credits or state.reports_of.get(instance.id) or (closed and closed.breaches):
            return None
        fee = instance.monthly_fee, instance.currency
    found, exclusions, start, end = basis
    return id(found), exclusions, start, end, same, id(definition), period.start, period.end, limits, fee


def outcome_of(
    run: FoldRun,
    instance: SlaInstance,
    before: Account | None,
    account: Account,
    period: Period,
    figures: SlaFigures,
    limits: LimitsStanding,
) -> BookedOutcome:
    """Status and deadline of an instance whose breaches and credits are booked in ``account``."""
    status, reason = _status(run, instance, account, figures, limits)
    after = replace(
        account,
        status=status,
        reason=reason,
        breaches_at=figures.breaches_at,
        left=figures.left,
        booked=run.now,
        lasts=figures.lasts,
        standing=sum(not run.state.breaches[each].withdrawn for each in account.breaches),
    )
    due = (
        figures.at_risk_at,
        figures.breaches_at,
        next_credit_at(run.state, instance, period, figures, run.now),
        burnt_down_at(period.definition.terms, figures.shares.down, figures.lasts, run.now),
        *limits.due,
    )
    ahead = [at for at in due if at is not None and at > run.now]
    deadline = None if instance.suspended else min(ahead, default=None)
    if before is None and not figures.touched and not after.breaches and not limits.risk:  # nothing has happened to it
        return BookedOutcome(None, None, deadline, False)
    shown = _shown(after) != (("compliant", (), 0, None) if before is None else _shown(before))
    return BookedOutcome(before, after, deadline, shown)


def _shown(account: Account) -> tuple[InstanceStatus, tuple[str, ...], int, int | None]:
    return account.status, account.breaches, account.standing, account.breaches_at


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

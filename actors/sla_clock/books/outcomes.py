"""The outcome of an examination, which instances with the same figures share.

A cut above 200,000 services gives most of them the same timelines. The first of each kind in an Event is examined in full; the
others take over its outcome, as long as nothing of their own (breaches, credits, fault reports) is part of it.
"""

from collections.abc import Hashable
from typing import NamedTuple

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.breaches import risk_text
from actors.sla_clock.books.burn import burnt_down_at
from actors.sla_clock.books.credits import next_credit_at
from actors.sla_clock.books.figures import FiguresBasis, SlaFigures
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.limits.booking_limits import limits_kind
from actors.sla_clock.limits.limits_standing import LimitsStanding
from actors.sla_clock.run import FoldRun
from protocols.sla.instance import InstanceStatus, SlaInstance


class BookedOutcome(NamedTuple):
    """``account`` takes the place of ``before``; None: the instance needs none. ``deadline``: when to examine it again.
    ``shown``: something that is shown differs. ``at_risk``: the reason of the notification that it is at risk; "" for none."""

    before: Account | None
    account: Account | None
    deadline: int | None
    shown: bool
    at_risk: str
    kept: tuple[object, ...] = ()
    """The key of a kind names evidence and definition by their identity: kept, so that nothing else has it."""


def kind_of(
    evidence: EvidenceReader, instance: SlaInstance, before: Account | None, period: Period, basis: FiguresBasis
) -> Hashable:
    """The key under which instances come to the same outcome; None for one with something of its own."""
    if instance.suspended or (before is not None and before.breaches):
        return None
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
    return id(found), exclusions, start, end, id(before), id(definition), period.start, period.end, limits, fee


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
        return BookedOutcome(None, None, deadline, False, "")
    shown = _shown(after) != (("compliant", (), 0, None) if before is None else _shown(before))
    at_risk = risk_text(figures) if after.at_risk and not (before is not None and before.at_risk) else ""
    return BookedOutcome(before, after, deadline, shown, at_risk)


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

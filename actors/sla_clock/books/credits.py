"""The credits of one instance in one period, by the model of its definition. Derived from evidence, as every figure is."""

from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.breaches import put_breach, root_of
from actors.sla_clock.books.figures import SlaFigures
from actors.sla_clock.books.period_choice import Period, contract_of
from actors.sla_clock.credits import capped, free_until, next_unit, outage_credits, tier_credits
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from protocols.decimal_text import decimal
from protocols.sla.breach import SlaBreach
from protocols.sla.business_time import DAY, BusinessCalendar, Hours
from protocols.sla.changes import SlaCreditChanged
from protocols.sla.credit import CreditLine, SlaCredit
from protocols.sla.credit_models import OutageCredits, TierCredits
from protocols.sla.definition import SlaTerms
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval, clip, difference, total, union

STATUTE = "by the rule "
"""The reason of a breach of a resolution time that a credit model promises begins so."""


class _Owed(NamedTuple):
    """An outage and the instant at which its free time starts: the customer's fault report, or its begin."""

    outage: Interval
    reported: int


def book_credits(
    run: FoldRun, instance: SlaInstance, account: Account, period: Period, figures: SlaFigures, why: str
) -> Account:
    """Bring the credit lines of the account's period to what the evidence says. Returns the account."""
    model = period.definition.terms.credits
    if model is None or instance.suspended:
        return account
    if isinstance(model, TierCredits):
        lines = _by_tier(run, instance, account, period, figures, model)
    else:
        account, lines = _by_outage(run, instance, account, period, figures, model, why)
    lines = capped(model, lines, instance.monthly_fee)
    _put(run, instance, account, period, model.currency, model.minor_digits, tuple(lines))
    return account


def next_credit_at(state: SlaState, instance: SlaInstance, period: Period, figures: SlaFigures, now: int) -> int | None:
    """The next instant at which a further hour or day can be owed for an outage that lasts."""
    model = period.definition.terms.credits
    if not isinstance(model, OutageCredits) or not figures.lasts:
        return None
    zone = ZoneInfo(calendar_of(period.definition.terms).zone)
    owed = _owed(state, instance, figures, model, now)
    return min((next_unit(model, each.reported, now, zone) for each in owed if each.outage[1] >= now), default=None)


def calendar_of(terms: SlaTerms) -> BusinessCalendar:
    """The definition's calendar; without one, all hours of its zone, and Monday to Friday as working days."""
    if terms.calendar is not None:
        return terms.calendar
    return BusinessCalendar(terms.period.zone, ((Hours(0, DAY),),) * 5 + ((), ()))


def _by_tier(
    run: FoldRun, instance: SlaInstance, account: Account, period: Period, figures: SlaFigures, model: TierCredits
) -> list[CreditLine]:
    """By the availability that the whole period has if there is no more downtime: no credit is announced that time takes
    back."""
    whole = clip(union([period.interval]), contract_of(instance))
    measured = total(difference(whole, figures.exclusions))
    breach = run.state.breaches.get(account.availability_breach)
    named = "" if breach is None or breach.withdrawn else breach.id
    lines = tier_credits(model, measured - figures.down, measured, instance.monthly_fee)
    return [replace(line, breach_id=named) for line in lines]


def _by_outage(
    run: FoldRun,
    instance: SlaInstance,
    account: Account,
    period: Period,
    figures: SlaFigures,
    model: OutageCredits,
    why: str,
) -> tuple[Account, list[CreditLine]]:
    calendar = calendar_of(period.definition.terms)
    lines: list[CreditLine] = []
    until = min(run.now, period.end)
    for owed in _owed(run.state, instance, figures, model, run.now):
        outage = owed.outage[0], min(owed.outage[1], until)
        found = outage_credits(model, outage, owed.reported, instance.monthly_fee, calendar, figures.exclusions)
        if not found:
            continue
        free = free_until(model, owed.reported, outage[1], calendar)
        assert free is not None
        breach, account = _breach(run, instance, account, period, owed, free, model, why)
        lines += [replace(line, breach_id=breach.id) for line in found if period.start <= (line.at or 0) < period.end]
    return account, lines


def _owed(state: SlaState, instance: SlaInstance, figures: SlaFigures, model: OutageCredits, now: int) -> list[_Owed]:
    """The outages for which a credit can be owed."""
    found = []
    for outage in figures.outages:
        if outage[0] >= now:
            continue
        reported: int | None = outage[0]
        if model.starts == "report":
            made = [state.reports[each].reported_at for each in state.reports_of.get(instance.id, ())]
            reported = min((at for at in made if outage[0] <= at < outage[1]), default=None)
        if reported is not None:
            found.append(_Owed(outage, reported))
    return found


def _breach(
    run: FoldRun,
    instance: SlaInstance,
    account: Account,
    period: Period,
    owed: _Owed,
    free: int,
    model: OutageCredits,
    why: str,
) -> tuple[SlaBreach, Account]:
    """The breach for which the lines of an outage are paid: the service was not repaired within the free time."""
    state, closed = run.state, run.state.closed.get(instance.id)
    known = next(
        (
            breach
            for each in (*account.breaches, *(closed.breaches if closed is not None else ()))
            if (breach := state.breaches[each]).start == free and breach.reason.startswith(STATUTE)
        ),
        None,
    )
    end = None if owed.outage[1] == NEVER else owed.outage[1]
    if known is None:
        cause = root_of(state, run.evidence.outages_of(instance, owed.outage), owed.reported)
        known = SlaBreach(
            id=run.new_id("SB"),
            instance_id=instance.id,
            tenant_id=instance.tenant_id,
            definition_id=period.definition.id,
            definition_version=period.definition.version,
            customer_id=instance.customer_id,
            service_id=instance.service_id,
            type="resolution_time",
            period_start=period.start,
            start=free,
            target=free - owed.reported,
            actual=0,
            alarm_id="" if cause is None else cause.alarm_id,
            alarm_name="" if cause is None else cause.alarm_name,
            currency=model.currency,
            minor_digits=model.minor_digits,
            reason=f"{STATUTE}{model.rule}",
            revision=0,
        )
        account = replace(account, breaches=(*account.breaches, known.id))
        run.notify("breach_opened", instance, known.reason, breach_id=known.id, alarm_id=known.alarm_id)
    actual = min(run.now, owed.outage[1]) - owed.reported
    breach = replace(known, end=end, resolved=end is not None, actual=actual, withdrawn=False)
    return put_breach(run, breach), account


def _put(
    run: FoldRun,
    instance: SlaInstance,
    account: Account,
    period: Period,
    currency: str,
    minor_digits: int,
    lines: tuple[CreditLine, ...],
) -> None:
    state, key = run.state, (instance.id, period.start)
    known = state.credits.get(key)
    credit = SlaCredit(
        instance_id=instance.id,
        tenant_id=instance.tenant_id,
        customer_id=instance.customer_id,
        period_start=period.start,
        currency=currency,
        minor_digits=minor_digits,
        lines=lines,
        final=run.now >= period.end,
    )
    if credit == known or (known is None and not lines):
        return
    run.journal.put(state.credits, key, credit)
    run.emit(SlaCreditChanged(run.offset, credit))
    before = 0 if known is None else known.amount
    if credit.amount != before:
        text = (
            f"{decimal(credit.amount, minor_digits)} {currency} are owed for the period, {decimal(before, minor_digits)} before"
        )
        run.notify("credit", instance, text, breach_id=next((each.breach_id for each in lines if each.breach_id), ""))
    for breach_id in dict.fromkeys(each.breach_id for each in (*lines, *(known.lines if known is not None else ()))):
        if (breach := state.breaches.get(breach_id)) is not None:
            paid = _paid_for(state, instance, account, breach_id)
            put_breach(run, replace(breach, credit=paid, currency=currency, minor_digits=minor_digits))


def _paid_for(state: SlaState, instance: SlaInstance, account: Account, breach_id: str) -> int:
    """Sum of the lines that name a breach, in the account's period, the one before, and the running one."""
    accounts = account, state.closed.get(instance.id), state.accounts.get(instance.id)
    starts = {each.period_start for each in accounts if each is not None}
    found = [state.credits[instance.id, start] for start in sorted(starts) if (instance.id, start) in state.credits]
    return sum(line.amount for credit in found for line in credit.lines if line.breach_id == breach_id)

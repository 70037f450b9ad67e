"""The credits of one instance in one period, by the model of its definition. Derived from evidence, as every figure is."""

from collections.abc import Mapping
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
from protocols.sla.credit_models import CreditModel, OutageCredits, TierCredits
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
    fee = fee_of(instance, model)
    if isinstance(model, TierCredits):
        lines = _by_tier(run, instance, account, period, figures, model, fee)
    else:
        account, lines = _by_outage(run, instance, account, period, figures, model, fee, why)
    lines = capped(model, lines, fee)
    _put(run, instance, period, model.currency, model.minor_digits, tuple(lines))
    return account


def fee_of(instance: SlaInstance, model: CreditModel) -> int:
    """The monthly fee in minor units of the model's currency. 0 for a fee in another one, which a later version of the
    definition can bring about: a percentage of it is no amount of the model's currency."""
    return instance.monthly_fee if instance.currency == model.currency else 0


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
    run: FoldRun,
    instance: SlaInstance,
    account: Account,
    period: Period,
    figures: SlaFigures,
    model: TierCredits,
    fee: int,
) -> list[CreditLine]:
    """By the availability that the whole period has if there is no more downtime: no credit is announced that time takes
    back."""
    whole = clip(union([period.interval]), contract_of(instance))
    measured = total(difference(whole, figures.exclusions))
    breach = run.state.breaches.get(account.availability_breach)
    named = "" if breach is None or breach.withdrawn else breach.id
    lines = tier_credits(model, measured - figures.down, measured, fee)
    return [replace(line, breach_id=named) for line in lines]


def _by_outage(
    run: FoldRun,
    instance: SlaInstance,
    account: Account,
    period: Period,
    figures: SlaFigures,
    model: OutageCredits,
    fee: int,
    why: str,
) -> tuple[Account, list[CreditLine]]:
    calendar = calendar_of(period.definition.terms)
    lines: list[CreditLine] = []
    known = _statutory(run.state, instance, account, period)
    until = min(run.now, period.end)
    for owed in _owed(run.state, instance, figures, model, run.now):
        if owed.outage[1] <= period.start:
            continue
        outage = owed.outage[0], min(owed.outage[1], until)
        found = outage_credits(model, outage, owed.reported, fee, calendar, figures.exclusions)
        if not found:
            continue
        free = free_until(model, owed.reported, outage[1], calendar)
        assert free is not None
        breach, account = _breach(run, instance, account, period, owed, free, model, known)
        known.pop(breach.id, None)
        lines += [replace(line, breach_id=breach.id) for line in found if period.start <= (line.at or 0) < period.end]
    for breach in known.values():
        # Repaired in time, as is known now, or for the same outage as another one.
        if breach.id in account.breaches and not breach.withdrawn:
            put_breach(run, replace(breach, withdrawn=True, resolved=True, reason=f"{STATUTE}{model.rule}; withdrawn: {why}"))
    return account, lines


def _statutory(state: SlaState, instance: SlaInstance, account: Account, period: Period) -> dict[str, SlaBreach]:
    """Breaches by statute, by id: of the account's period, of the one before, and of earlier ones for which a line of one of
    these is paid."""
    before = state.closed.get(instance.id)
    names = [*account.breaches, *(before.breaches if before is not None else ())]
    for start in (before.period_start if before is not None else period.start, period.start):
        credit = state.credits.get((instance.id, start))
        names += [line.breach_id for line in credit.lines] if credit is not None else []
    found = (state.breaches.get(name) for name in dict.fromkeys(names))
    return {each.id: each for each in found if each is not None and each.reason.startswith(STATUTE)}


def _owed(state: SlaState, instance: SlaInstance, figures: SlaFigures, model: OutageCredits, now: int) -> list[_Owed]:
    """The outages for which a credit can be owed."""
    found = []
    for outage in figures.outages:
        if outage[0] > now:
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
    others: Mapping[str, SlaBreach],
) -> tuple[SlaBreach, Account]:
    """The breach for which the lines of an outage are paid: the service was not repaired within the free time. One of
    ``others`` is of the same outage when its free time started within it."""
    state, outage = run.state, owed.outage
    found = [each for each in others.values() if outage[0] <= each.start - each.target < outage[1] or each.start == free]
    known = min(found, key=lambda each: (each.start != free, each.id), default=None)
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
            revision=0,
        )
        account = replace(account, breaches=(*account.breaches, known.id))
    breach = replace(
        known,
        start=free,
        end=end,
        target=free - owed.reported,
        actual=min(run.now, owed.outage[1]) - owed.reported,
        resolved=end is not None,
        withdrawn=False,
        reason=f"{STATUTE}{model.rule}",
    )
    if known.revision == 0 or known.withdrawn:
        run.notify("breach_opened", instance, breach.reason, breach_id=breach.id, alarm_id=breach.alarm_id)
    elif breach.resolved and not known.resolved:
        run.notify("breach_resolved", instance, "the outage ended", breach_id=breach.id, alarm_id=breach.alarm_id)
    return put_breach(run, breach), account


def _put(
    run: FoldRun,
    instance: SlaInstance,
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
    becomes_final = credit.final and known is not None and not known.final
    if credit.amount != before or (credit.amount and becomes_final):
        text = (
            f"{decimal(credit.amount, minor_digits)} {currency} are owed for the period, {decimal(before, minor_digits)} before"
        )
        if credit.final:
            text += "; the period is closed"
        breach_id = next((each.breach_id for each in lines if each.breach_id), "")
        run.notify("credit", instance, text, breach_id=breach_id, credit=credit)
    changed: dict[str, int] = {}
    for line in lines:
        changed[line.breach_id] = changed.get(line.breach_id, 0) + line.amount
    for line in known.lines if known is not None else ():
        changed[line.breach_id] = changed.get(line.breach_id, 0) - line.amount
    for breach_id, amount in changed.items():
        # The lines of other periods may be forgotten already, so the sum goes on from what the breach had.
        if (breach := state.breaches.get(breach_id)) is not None:
            paid = breach.credit + amount
            put_breach(run, replace(breach, credit=paid, currency=currency, minor_digits=minor_digits))

"""The breach of availability: opened once a period, at the instant at which downtime exceeded the budget."""

from typing import Final

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.figures import SlaFigures
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from protocols.decimal_text import seconds
from protocols.sla.breach import BreachType, SlaBreach
from protocols.sla.changes import SlaBreachChanged
from protocols.sla.instance import SlaInstance
from protocols.sla.outage import SlaOutage

MOST_ALARMS = 20


def book_availability(
    run: FoldRun, instance: SlaInstance, account: Account, period: Period, figures: SlaFigures, why: str
) -> Account:
    """Open, change, resolve or withdraw the breach of availability, and warn before it. Returns the account."""
    state = run.state
    known = state.breaches.get(account.availability_breach)
    broken = figures.breached_at if not instance.suspended else None
    if broken is not None and broken <= run.now:
        return _breached(run, instance, account, period, figures, known, broken, why)
    if known is not None and not known.withdrawn:
        end_breach(run, instance, replace(known, withdrawn=True, reason=f"withdrawn: {why}"))
    risk = figures.at_risk_at
    at_risk = risk is not None and risk <= run.now and not instance.suspended
    if at_risk and not account.at_risk:
        run.notify("at_risk", instance, risk_text(figures), alarm_id=_cause_now(run, instance, period, figures))
    return replace(account, at_risk=at_risk)


def _cause_now(run: FoldRun, instance: SlaInstance, period: Period, figures: SlaFigures) -> str:
    """The alarm at the root of the outage that uses the budget now; "" when none lasts."""
    if not figures.lasts:
        return ""
    alarms = run.evidence.outages_of(instance, (period.start, min(run.now + 1, period.end)))
    cause = root_of(run.state, alarms, run.now)
    return "" if cause is None else cause.alarm_id


def _breached(
    run: FoldRun,
    instance: SlaInstance,
    account: Account,
    period: Period,
    figures: SlaFigures,
    known: SlaBreach | None,
    broken: int,
    why: str,
) -> Account:
    down = figures.shares.down
    ended = None if figures.lasts else max(broken, down[-1][1]) if down else broken
    alarms = run.evidence.outages_of(instance, (period.start, min(run.now + 1, period.end)))
    cause = root_of(run.state, alarms, broken)
    facts = None if cause is None else run.state.clocks.get(cause.alarm_id)
    target = period.definition.terms.availability_target or 0
    if known is None:
        known = new_breach(run, instance, period, "availability", broken, target)
        account = replace(account, availability_breach=known.id, breaches=(*account.breaches, known.id))
    breach = replace(
        known,
        start=broken,
        end=ended,
        actual=figures.actual,
        alarm_id=cause.alarm_id if cause is not None else "",
        alarm_name=cause.alarm_name if cause is not None else "",
        alarms=tuple(dict.fromkeys(each.alarm_id for each in alarms))[-MOST_ALARMS:],
        ticket_id=known.ticket_id if facts is None else facts.ticket_id,
        resolved=ended is not None,
        withdrawn=False,
        reason=f"{seconds(figures.down)} s down, the budget is {seconds(figures.budget or 0)} s",
    )
    if known.revision == 0 or known.withdrawn:
        run.notify("breach_opened", instance, breach.reason, breach_id=breach.id, alarm_id=breach.alarm_id)
    elif breach.resolved and not known.resolved:
        run.notify("breach_resolved", instance, "the outage ended", breach_id=breach.id, alarm_id=breach.alarm_id)
    put_breach(run, breach)
    return replace(account, at_risk=True)


_NOBODY: Final = SlaBreach(
    id="",
    instance_id="",
    tenant_id="",
    definition_id="",
    definition_version=0,
    customer_id="",
    service_id="",
    type="availability",
    period_start=0,
    start=0,
    target=0,
    actual=0,
)


def breach_like(breach: SlaBreach, known: SlaBreach = _NOBODY) -> SlaBreach:
    """``breach`` as the instance of ``known`` has it; without ``known``: as it compares with those of other instances."""
    return replace(
        breach,
        id=known.id,
        instance_id=known.instance_id,
        tenant_id=known.tenant_id,
        customer_id=known.customer_id,
        service_id=known.service_id,
        currency=known.currency,
        minor_digits=known.minor_digits,
    )


def breach_too(run: FoldRun, breach: SlaBreach, instance: SlaInstance) -> SlaBreach:
    """``breach``, which was opened for another instance, for this one."""
    return replace(
        breach,
        id=run.new_id("SB"),
        instance_id=instance.id,
        tenant_id=instance.tenant_id,
        customer_id=instance.customer_id,
        service_id=instance.service_id,
        currency=instance.currency,
        minor_digits=instance.minor_digits,
    )


def risk_text(figures: SlaFigures) -> str:
    """Why the budget is at risk."""
    return f"{seconds(figures.down)} s of the budget of {seconds(figures.budget or 0)} s are used{figures.burning}"


def root_of(state: SlaState, alarms: list[SlaOutage], at: int) -> SlaOutage | None:
    """The outage interval of the root cause: of those that lasted at ``at``, the earliest, and its parents up to the top."""
    lasting = [each for each in alarms if each.start <= at and (each.end is None or each.end >= at)]
    found = next(iter(lasting or alarms), None)
    seen: set[str] = set()
    while found is not None and found.parent_alarm_id and found.parent_alarm_id not in seen:
        seen.add(found.parent_alarm_id)
        above = state.outages_of.get(found.parent_alarm_id)
        if not above:
            # The cause is a conclusion that is no outage itself.
            facts = state.clocks.get(found.parent_alarm_id)
            return replace(found, alarm_id=found.parent_alarm_id, alarm_name="" if facts is None else facts.name)
        found = state.outages[above[-1]]
    return found


def new_breach(run: FoldRun, instance: SlaInstance, period: Period, type: BreachType, start: int, target: int) -> SlaBreach:
    """A breach that is not kept yet: its revision is 0."""
    return SlaBreach(
        id=run.new_id("SB"),
        instance_id=instance.id,
        tenant_id=instance.tenant_id,
        definition_id=period.definition.id,
        definition_version=period.definition.version,
        customer_id=instance.customer_id,
        service_id=instance.service_id,
        type=type,
        period_start=period.start,
        start=start,
        target=target,
        actual=target,
        currency=instance.currency,
        minor_digits=instance.minor_digits,
        revision=0,
    )


def put_breach(run: FoldRun, breach: SlaBreach) -> SlaBreach:
    """Keep a breach and emit it, if it differs. Returns it with its revision."""
    if breach == run.state.breaches.get(breach.id):
        return breach
    breach = replace(breach, revision=breach.revision + 1)
    keep_breach(run, breach)
    return breach


def keep_breach(run: FoldRun, breach: SlaBreach) -> None:
    """Keep this revision of a breach and emit it."""
    if breach.revision == 1:
        run.note_breach(breach)
        run.state.opened.append((breach.type, run.now - breach.start))
    run.journal.put(run.state.breaches, breach.id, breach)
    run.emit(SlaBreachChanged(run.offset, breach))


def end_breach(run: FoldRun, instance: SlaInstance, breach: SlaBreach) -> None:
    """Keep a breach that is over or withdrawn for the ``reason`` that it has now. Who heard that it was opened hears it."""
    known = run.state.breaches[breach.id]
    if not known.resolved:
        run.notify("breach_resolved", instance, breach.reason, breach_id=breach.id, alarm_id=breach.alarm_id)
    put_breach(run, replace(breach, resolved=True))

"""Closing of periods, and revisions of closed ones."""

from actors.sla_clock.accounts import Account
from actors.sla_clock.availability import BILLION
from actors.sla_clock.books.figures import SlaFigures, figures_of
from actors.sla_clock.books.period_choice import Period, version_of
from actors.sla_clock.evidence.timelines import evidence_of
from actors.sla_clock.run import FoldRun
from protocols.sla.changes import SlaPeriodClosed
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import total
from protocols.sla.period_figures import PeriodFigures


def close_period(run: FoldRun, instance: SlaInstance, account: Account, by: str, why: str) -> None:
    """Fix the figures of the account's period, which has ended."""
    period = Period(
        account.period_start,
        account.period_end,
        version_of(run.state, account.definition_id, account.definition_version),
    )
    figures = figures_of(run, instance, period, evidence_of(run, instance), period.end)
    _put(run, _figures(run, instance, account, period, figures, 1, why, by))


def revise_period(run: FoldRun, instance: SlaInstance, account: Account, why: str) -> None:
    """Compare the period before the running one with its figures, and make a new revision where they differ."""


def _figures(
    run: FoldRun, instance: SlaInstance, account: Account, period: Period, figures: SlaFigures, revision: int, why: str, by: str
) -> PeriodFigures:
    found = figures.shares
    credit = run.state.credits.get((instance.id, period.start))
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
        budget=BILLION if figures.budget is None else figures.budget,
        availability=figures.availability,
        breaches=sum(not run.state.breaches[each].withdrawn for each in account.breaches if each in run.state.breaches),
        credit=0 if credit is None else credit.amount,
        currency=instance.currency,
        minor_digits=instance.minor_digits,
        reason=why,
        closed_by=by,
    )


def _put(run: FoldRun, figures: PeriodFigures) -> None:
    run.journal.put(run.state.periods, (figures.instance_id, figures.start), figures)
    run.emit(SlaPeriodClosed(run.offset, figures))

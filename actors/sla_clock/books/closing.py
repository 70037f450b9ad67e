"""An operator closes a period, or has a closed one revised."""

from msgspec.structs import replace

from actors.command_checks import sees
from actors.command_refused import CommandRefused
from actors.sla_clock.books.booking import book
from actors.sla_clock.books.period_choice import period_of
from actors.sla_clock.books.periods import comparable, revise_period
from actors.sla_clock.run import FoldRun
from actors.sla_clock.terms.answers import instance_seen
from protocols.change import Refusal
from protocols.principal import Principal
from protocols.sla.actions import ClosePeriod
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaBreachChanged, SlaCreditChanged, SlaPeriodClosed
from protocols.sla.local_time import utc_text
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.period_revision import NEW, PeriodRevision


def close_by_command(run: FoldRun, by: Principal, action: ClosePeriod) -> None:
    """Close or revise the period that begins at ``action.period_start``, and answer the instance. The answer is a duplicate
    when the figures stay as they are. Raises CommandRefused; ``out_of_reach``: only PostgreSQL has the facts."""
    if not action.reason.strip():
        raise CommandRefused(Refusal("", "invalid", "reason: is missing"))
    why = f"{by.name}: {action.reason}"
    if action.recomputed is not None:
        _revise_by_history(run, by, action, action.recomputed, why)
        return
    state, instance = run.state, run.state.instances.get(action.instance_id)
    if instance is None:
        raise CommandRefused(_behind(action))
    instance_seen(run, by, action.instance_id)
    period = period_of(state, instance, action.period_start)
    if period is None or period.start != action.period_start:
        text = f"no period of instance {instance.id} begins at {utc_text(action.period_start)}"
        raise CommandRefused(Refusal(instance.id, "unknown_period", text))
    if period.end > run.now:
        text = f"the period ends at {utc_text(period.end)}: it cannot be closed before"
        raise CommandRefused(Refusal(instance.id, "wrong_state", text))
    running, last = period_of(state, instance, run.now), state.closed.get(instance.id)
    if period.end != (None if running is None else running.start) and (last is None or last.period_start != period.start):
        raise CommandRefused(_behind(action))
    before = len(run.changes)
    # The periods that have ended are closed first, in their order.
    book(run, instance, why)
    revise_period(run, instance, period.end, why, f"user:{by.name}")
    closed = any(isinstance(each, SlaPeriodClosed) and each.figures.start == period.start for each in run.changes[before:])
    run.answer(instance.id, duplicate=not closed)


def _behind(action: ClosePeriod) -> Refusal:
    text = "the period is behind what the SLA clock holds, the running one and the one before: PostgreSQL has its facts"
    return Refusal(action.instance_id, "out_of_reach", text)


def _revise_by_history(run: FoldRun, by: Principal, action: ClosePeriod, found: PeriodRevision, why: str) -> None:
    """Emit what the history gives: the facts are not in the state."""
    if not sees(by, found.figures.tenant_id):
        raise CommandRefused(Refusal(action.instance_id, "unknown_instance", f"no instance {action.instance_id!r}"))
    known = run.state.periods.get((action.instance_id, action.period_start))
    if known is not None and known.revision != found.previous.revision:
        text = f"revision {known.revision} was made meanwhile: try again"
        raise CommandRefused(Refusal(action.instance_id, "wrong_state", text))
    if comparable(found.figures) == comparable(found.previous):
        run.answer(action.instance_id, duplicate=True)
        return
    ids = {each.id: run.new_id("SB") for each in found.breaches if each.id.startswith(NEW)}

    def named(breach: SlaBreach) -> SlaBreach:
        return replace(breach, id=ids.get(breach.id, breach.id))

    for breach in found.breaches:
        run.emit(SlaBreachChanged(run.offset, named(breach)))
    lines = tuple(replace(each, breach_id=ids.get(each.breach_id, each.breach_id)) for each in found.report.credits)
    if found.credit is not None:
        run.emit(SlaCreditChanged(run.offset, replace(found.credit, lines=lines, final=True)))
    made: PeriodFigures = replace(
        found.figures, revision=found.previous.revision + 1, reason=why, closed_by=f"user:{by.name}", made_at=run.now
    )
    report = replace(
        found.report,
        revision=made.revision,
        revision_reason=why,
        made_at=run.now,
        previous=found.previous,
        credits=lines,
        breaches=tuple(map(named, found.report.breaches)),
    )
    run.journal.put(run.state.periods, (action.instance_id, action.period_start), made)
    run.emit(SlaPeriodClosed(run.offset, made, report))
    run.answer(action.instance_id)

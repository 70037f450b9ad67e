"""Commands about exclusions: times that count on neither side of the availability, stated with a reason, also for the past."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from actors.command_checks import Mistake, changeable, refuse_foreign, refuse_mistakes
from actors.command_refused import CommandRefused
from actors.sla_clock.run import FoldRun
from actors.sla_clock.terms.answers import forget_key, keep_key, known_key
from actors.sla_clock.terms.mistakes import mistakes_of_span
from actors.sla_clock.work import WalkAll, WalkBelow, WalkThese
from protocols.change import Refusal
from protocols.principal import Principal
from protocols.sla.actions import CreateExclusion, WithdrawExclusion
from protocols.sla.changes import SlaExclusionChanged
from protocols.sla.exclusion import ExclusionPlan, SlaExclusion

MOST_EXCLUSIONS = 10_000


def create_exclusion(run: FoldRun, by: Principal, action: CreateExclusion) -> None:
    """State an exclusion, and have the instances examined that it covers."""
    plan = action.plan
    refuse_foreign(by, plan.tenant_id, "an exclusion")
    known = known_key(run, "exclusion", plan.key)
    if known is not None:
        run.answer(known, duplicate=True)
        return
    refuse_mistakes([*mistakes_of_span(plan), *_unknown_names(run, plan)])
    _make_room(run)
    made = SlaExclusion(
        id=run.new_id("SX"),
        tenant_id=plan.tenant_id,
        category=plan.category,
        scope=plan.scope,
        start=plan.start,
        end=plan.end,
        reason=plan.reason,
        rrule=plan.rrule,
        time_zone=plan.time_zone,
        created_at=run.at,
        created_by=by.name,
        key=plan.key,
    )
    keep_key(run, "exclusion", plan.key, made.id)
    _put(run, made, f"{by.name} excluded this time: {plan.reason}")
    run.answer(made.id)


def withdraw_exclusion(run: FoldRun, by: Principal, action: WithdrawExclusion, expected: Mapping[str, int]) -> None:
    """The exclusion counts no more, also for the past."""
    unknown = Refusal(action.exclusion_id, "unknown_exclusion", f"no exclusion {action.exclusion_id!r} is within reach")
    before = changeable(by, run.state.exclusions.get(action.exclusion_id), "exclusion", unknown, expected)
    if before.withdrawn_at is None:
        after = replace(before, withdrawn_at=run.at, withdrawn_by=by.name, revision=before.revision + 1)
        _put(run, after, f"{by.name} withdrew exclusion {before.id}")
    run.answer(before.id, duplicate=before.withdrawn_at is not None)


def _put(run: FoldRun, exclusion: SlaExclusion, why: str) -> None:
    state, scope, since = run.state, exclusion.scope, exclusion.start
    state.put_exclusion(run.journal, exclusion)
    run.evidence.forget()
    run.emit(SlaExclusionChanged(run.offset, exclusion))
    if scope.everything:
        state.put_work(run.journal, WalkAll(why, since=since))
        return
    for definition_id in scope.definitions:
        state.put_work(run.journal, WalkAll(why, definition_id, since=since))
    if scope.resources:
        state.put_work(run.journal, WalkBelow(scope.resources[::-1], why, since=since))
    named = dict.fromkeys(scope.instances)
    for place in (*(f"service:{each}" for each in scope.services), *(f"customer:{each}" for each in scope.customers)):
        named |= dict.fromkeys(state.instances.at(place))
    if named:
        state.put_work(run.journal, WalkThese(tuple(named), why, since=since))


def _unknown_names(run: FoldRun, plan: ExclusionPlan) -> Iterator[Mistake]:
    """Instances and definitions are made here, so a name that is none is a slip. Services, customers and nodes may come."""
    for number, name in enumerate(plan.scope.instances):
        instance = run.state.instances.get(name)
        if instance is None or plan.tenant_id not in (None, instance.tenant_id):
            yield f"scope.instances[{number}]", f"there is no instance {name[:60]!r}"
    for number, name in enumerate(plan.scope.definitions):
        definition = run.state.definition(name)
        if definition is None or (plan.tenant_id is not None and definition.tenant_id not in (None, plan.tenant_id)):
            yield f"scope.definitions[{number}]", f"there is no definition {name[:60]!r}"


def _make_room(run: FoldRun) -> None:
    state = run.state
    if len(state.exclusions) < MOST_EXCLUSIONS:
        return
    oldest = next((each for each in state.exclusions.values() if each.withdrawn_at is not None), None)
    if oldest is None:
        raise CommandRefused(Refusal("", "limit", f"there are {MOST_EXCLUSIONS:,} exclusions: withdraw some"))
    state.drop_exclusion(run.journal, oldest.id)
    forget_key(run, "exclusion", oldest.key)

"""Commands about instances: contracts of one service each, measured by a definition."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import UNSET
from msgspec.structs import asdict, replace

from actors.command_checks import refuse_foreign, refuse_mistakes, refuse_outdated
from actors.command_refused import CommandRefused
from actors.sla_clock.books.booking import instance_changed
from actors.sla_clock.books.period_choice import contract_of, period_of, period_of_account
from actors.sla_clock.books.periods import expect_first_revision, keep_first_revision
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from actors.sla_clock.terms.answers import instance_seen, keep_key, known_key
from actors.sla_clock.terms.mistakes import mistakes_of_contract
from actors.sla_clock.work import WalkThese
from protocols.change import Refusal
from protocols.principal import Principal
from protocols.sla.actions import CreateInstance, CreateInstances, DeleteInstance, EditInstance
from protocols.sla.definition import SlaDefinition
from protocols.sla.instance import FormerDefinition, InstancePlan, SlaInstance

MOST_INSTANCES = 2_000_000
MOST_AT_ONCE = 1_000
"""Instances of one command: an Event must not hold up the traps behind it."""
MOST_OF_SERVICE = 200
"""Instances of one service, also ended ones: each new one is compared with these."""
_ONE_TIME = timedelta(milliseconds=1)
"""Versions that are made at one time, at most a thousand, have times within it."""


def create_instance(run: FoldRun, by: Principal, action: CreateInstance) -> None:
    """Make one instance."""
    _create(run, by, (action.plan,), many=False)


def create_instances(run: FoldRun, by: Principal, action: CreateInstances) -> None:
    """Make many instances, or none."""
    if len(action.plans) > MOST_AT_ONCE:
        text = f"items: has {len(action.plans):,} items; at most {MOST_AT_ONCE:,} are allowed"
        raise CommandRefused(Refusal("", "invalid", text))
    _create(run, by, action.plans, many=True)


def edit_instance(run: FoldRun, by: Principal, action: EditInstance, expected: Mapping[str, int]) -> None:
    """Change some fields. Another definition applies from the end of the running period on."""
    before = instance_seen(run, by, action.instance_id)
    refuse_outdated(expected, before.id, before.revision, f"instance {before.id}")
    given: dict[str, Any] = {name: value for name, value in asdict(action.fields).items() if value is not UNSET}
    if given.get("resources") == ():
        given["resources"] = (before.service_id,)
    after = replace(before, **given)
    if before.node_id:
        after = replace(after, edited=tuple(dict.fromkeys((*before.edited, *given))))
    if after == before:
        run.answer(before.id, duplicate=True)
        return
    definition = _usable(run, after.definition_id, after.tenant_id, "", deleted=after.definition_id == before.definition_id)
    refuse_mistakes(mistakes_of_contract(after, definition))
    _refuse_double(run, after, "")
    if after.definition_id != before.definition_id:
        after = change_definition(run, before, after)
    put_instance(run, replace(after, revision=before.revision + 1, updated_at=run.at, updated_by=by.name))
    since = min(before.start, after.start) if contract_of(before) != contract_of(after) else run.now
    examine(run, (before.id,), f"{by.name} changed the contract", since)
    run.answer(before.id)


def delete_instance(run: FoldRun, by: Principal, action: DeleteInstance, expected: Mapping[str, int]) -> None:
    """End the contract now; one that has not begun holds at no time."""
    before = instance_seen(run, by, action.instance_id)
    refuse_outdated(expected, before.id, before.revision, f"instance {before.id}")
    if before.over(run.now):
        run.answer(before.id, duplicate=True)
        return
    end_contract(run, before, by.name)
    examine(run, (before.id,), f"{by.name} ended the contract", run.now)
    run.answer(before.id)


def end_contract(run: FoldRun, instance: SlaInstance, by: str) -> None:
    """The contract ends at the Event's time."""
    end = max(instance.start, run.now)
    put_instance(run, replace(instance, end=end, revision=instance.revision + 1, updated_at=run.at, updated_by=by))


def put_instance(run: FoldRun, instance: SlaInstance) -> None:
    """Keep an instance and emit it."""
    before = run.state.instances.get(instance.id)
    if before is not None and contract_of(before) != contract_of(instance):
        keep_first_revision(run, before, instance)
    run.state.instances.put(run.journal, instance)
    if before is None:
        expect_first_revision(run, instance)
    run.emit(instance_changed(run, instance))


def examine(run: FoldRun, ids: tuple[str, ...], why: str, since: int) -> None:
    """Have instances examined. ``since``: the earliest instant at which a figure can differ."""
    run.state.put_work(run.journal, WalkThese(ids, why, since=since, adopts=True))


def _create(run: FoldRun, by: Principal, plans: tuple[InstancePlan, ...], *, many: bool) -> None:
    """Answer the ids in the order of ``plans``."""
    state = run.state
    ids: list[str] = []
    made: list[str] = []
    refusals: list[Refusal] = []
    for number, plan in enumerate(plans):
        known = known_key(run, "instance", plan.key)
        if known is not None:
            ids.append(known)
            continue
        try:
            if len(state.instances) >= MOST_INSTANCES:
                raise CommandRefused(Refusal("", "limit", f"there are {MOST_INSTANCES:,} instances"))
            instance = _make(run, by, plan, f"items[{number}]." if many else "")
        except CommandRefused as refused:
            refusals += refused.refusals
            if len(refusals) >= 100:
                break
            continue
        ids.append(instance.id)
        made.append(instance.id)
    if refusals:
        raise CommandRefused(*refusals)
    if made:
        examine(run, tuple(made), f"{by.name} made the instance", run.now)
    run.answer(*ids, duplicate=bool(ids) and not made)


def _make(run: FoldRun, by: Principal, plan: InstancePlan, place: str) -> SlaInstance:
    refuse_foreign(by, plan.tenant_id, "an instance")
    definition = _usable(run, plan.definition_id, plan.tenant_id, place)
    instance = new_instance(run, by.name, plan)
    refuse_mistakes(mistakes_of_contract(instance, definition), place)
    _refuse_double(run, instance, place)
    put_instance(run, instance)
    keep_key(run, "instance", plan.key, instance.id)
    return instance


def new_instance(run: FoldRun, by: str, plan: InstancePlan, **fields: Any) -> SlaInstance:
    """An instance with an id of this Event; nothing is checked or kept."""
    given = {**asdict(plan), **fields}
    definition, made_at = run.state.definition(plan.definition_id), run.at
    if definition is not None and timedelta(0) < definition.since - run.at <= _ONE_TIME:
        made_at = definition.since  # the version was made at this time too, and before
    return SlaInstance(
        **{**given, "resources": plan.resources or (plan.service_id,)},
        id=run.new_id("SI"),
        created_at=made_at,
        created_by=by,
        updated_at=run.at,
        updated_by=by,
    )


def _usable(run: FoldRun, definition_id: str, tenant_id: str, place: str, *, deleted: bool = False) -> SlaDefinition:
    """The definition, which an instance of this tenant may use. ``deleted``: also one that is deleted."""
    found = run.state.definition(definition_id)
    if found is None or found.tenant_id not in (None, tenant_id) or (found.deleted_at is not None and not deleted):
        text = f"{place}sla_definition_id: there is no definition {definition_id[:60]!r} for tenant {tenant_id!r}"
        raise CommandRefused(Refusal("", "invalid", text))
    return found


def _refuse_double(run: FoldRun, instance: SlaInstance, place: str) -> None:
    """A service has one contract at a time by one definition."""
    key = f"service:{instance.service_id}"
    if run.state.instances.count(key) >= MOST_OF_SERVICE and instance.id not in run.state.instances:
        text = f"{place}service_id: service {instance.service_id[:60]!r} has {MOST_OF_SERVICE:,} instances, which is the most"
        raise CommandRefused(Refusal("", "limit", text))
    other = double_of(run.state, instance)
    if other is not None:
        text = f"{place}service_id: instance {other.id} has a contract of this service and definition at the same time"
        raise CommandRefused(Refusal("", "invalid", text))


def double_of(state: SlaState, instance: SlaInstance) -> SlaInstance | None:
    """Another instance with a contract of the same service by the same definition at the same time."""
    start, end = contract_of(instance)
    for other in state.instances.found_at(f"service:{instance.service_id}"):
        same = (other.tenant_id, other.definition_id) == (instance.tenant_id, instance.definition_id)
        since, until = contract_of(other)
        if same and other.id != instance.id and since < end and start < until:
            return other
    return None


def change_definition(run: FoldRun, before: SlaInstance, after: SlaInstance) -> SlaInstance:
    """``after`` with a note of the definition of the running period, which keeps it; of a contract that is over, of its last
    period."""
    state, account = run.state, run.state.accounts.get(before.id)
    if before.start > run.now and account is None:
        return after
    running = period_of(state, before, run.now)
    if running is None and account is not None:
        running = period_of_account(state, account)
    elif running is None:
        running = period_of(state, before, max(before.start, contract_of(before)[1] - 1))
    if running is None:
        return after
    kept = tuple(each for each in before.former if each.until < running.end)
    if running.definition.id == after.definition_id:
        return replace(after, former=kept)
    return replace(after, former=(*kept, FormerDefinition(running.definition.id, running.end)))

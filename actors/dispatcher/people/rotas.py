"""Commands about rotas. A rota keeps its contacts by their ids, so that another name changes nothing."""

from collections.abc import Mapping

from msgspec import UNSET
from msgspec.structs import asdict, replace

from actors.command_checks import changeable, refuse_foreign, refuse_mistakes
from actors.command_refused import CommandRefused
from actors.dispatcher.people.gaps import forget_rota, look_ahead
from actors.dispatcher.people.mistakes import contact_named, mistakes_of_rota
from actors.dispatcher.people.uses import policies_naming, uses_of
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from protocols.change import Refusal
from protocols.dispatch.actions import CreateRota, DeleteRota, EditRota
from protocols.dispatch.rota import RotaPlan, RotaRecord
from protocols.principal import Principal

MOST_ROTAS = 1_000


def create_rota(run: DispatchRun, by: Principal, action: CreateRota) -> None:
    """Make a rota, and look for its gaps."""
    plan, state = action.plan, run.state
    refuse_foreign(by, plan.tenant_id, "a rota")
    if run.made_before("rota", action.key):
        return
    if len(state.rotas) >= MOST_ROTAS:
        raise CommandRefused(Refusal("", "limit", f"there are {MOST_ROTAS:,} rotas: delete some"))
    refuse_mistakes(mistakes_of_rota(state, plan))
    made = RotaRecord(
        id=run.new_id("RO"),
        plan=_with_ids(state, plan),
        created_at=run.at,
        updated_at=run.at,
        updated_by=by.name,
        key=action.key,
    )
    run.put_rota(made.id, made)
    run.keep_key("rota", action.key, made.id)
    look_ahead(run, made.id)
    run.answer(made.id)


def edit_rota(run: DispatchRun, by: Principal, action: EditRota, expected: Mapping[str, int]) -> None:
    """Change fields of a rota, and look for its gaps again."""
    before = _writable(run, by, action.rota_id, expected)
    given = {name: value for name, value in asdict(action.fields).items() if value is not UNSET}
    plan: RotaPlan = replace(before.plan, **given)
    refuse_mistakes(mistakes_of_rota(run.state, plan))
    plan = _with_ids(run.state, plan)
    if plan == before.plan:
        run.answer(before.id, duplicate=True)
        return
    if plan.name != before.plan.name and (uses := list(policies_naming(run.state, before, by_id=False))):
        refuse_mistakes([("name", f"is what {', '.join(uses[:5])} calls it: name the id {before.id} there first")])
    after = replace(before, plan=plan, updated_at=run.at, updated_by=by.name, revision=before.revision + 1)
    run.put_rota(before.id, after)
    look_ahead(run, before.id)
    run.answer(before.id)


def delete_rota(run: DispatchRun, by: Principal, action: DeleteRota, expected: Mapping[str, int]) -> None:
    """Take a rota away that no policy names."""
    before = _writable(run, by, action.rota_id, expected)
    if uses := list(uses_of(run.state, before)):
        text = f"rota {before.id} is in use by {', '.join(uses[:5])}: take it out there first"
        raise CommandRefused(Refusal(before.id, "wrong_state", text))
    run.put_rota(before.id, None)
    run.forget_key("rota", before.key)
    forget_rota(run, before.id)
    run.answer(before.id)


def _with_ids(state: DispatchState, plan: RotaPlan) -> RotaPlan:
    """The plan with the ids of its contacts, each of which is known."""

    def named(contact: str) -> str:
        return contact_named(state, contact, plan.tenant_id) or contact

    return replace(
        plan,
        layers=tuple(replace(each, contacts=tuple(map(named, each.contacts))) for each in plan.layers),
        overrides=tuple(replace(each, contact=named(each.contact)) for each in plan.overrides),
    )


def _writable(run: DispatchRun, by: Principal, rota_id: str, expected: Mapping[str, int]) -> RotaRecord:
    unknown = Refusal(rota_id, "unknown_rota", f"no rota {rota_id!r}")
    return changeable(by, run.state.rotas.get(rota_id), "rota", unknown, expected)

"""Commands about contacts."""

from collections.abc import Mapping

from msgspec import UNSET
from msgspec.structs import asdict, replace

from actors.command_checks import changeable, refuse_foreign, refuse_mistakes
from actors.command_refused import CommandRefused
from actors.dispatcher.people.gaps import look_ahead
from actors.dispatcher.people.mistakes import mistakes_of_contact
from actors.dispatcher.people.uses import policies_naming, rotas_naming, uses_of
from actors.dispatcher.run import DispatchRun
from protocols.change import Refusal
from protocols.dispatch.actions import CreateContact, DeleteContact, EditContact
from protocols.dispatch.contact import ContactPlan, ContactRecord
from protocols.principal import Principal

MOST_CONTACTS = 10_000


def create_contact(run: DispatchRun, by: Principal, action: CreateContact) -> None:
    """Make a contact."""
    plan, state = action.plan, run.state
    refuse_foreign(by, plan.tenant_id, "a contact")
    if run.made_before("contact", action.key):
        return
    if len(state.contacts) >= MOST_CONTACTS:
        raise CommandRefused(Refusal("", "limit", f"there are {MOST_CONTACTS:,} contacts: delete some"))
    refuse_mistakes(mistakes_of_contact(state, plan, ""))
    made = ContactRecord(
        id=run.new_id("CT"), plan=plan, created_at=run.at, updated_at=run.at, updated_by=by.name, key=action.key
    )
    run.put_contact(made.id, made)
    run.keep_key("contact", action.key, made.id)
    run.answer(made.id)


def edit_contact(run: DispatchRun, by: Principal, action: EditContact, expected: Mapping[str, int]) -> None:
    """Change fields of a contact. Its rotas are looked at again."""
    before = _writable(run, by, action.contact_id, expected)
    given = {name: value for name, value in asdict(action.fields).items() if value is not UNSET}
    plan: ContactPlan = replace(before.plan, **given)
    if plan == before.plan:
        run.answer(before.id, duplicate=True)
        return
    refuse_mistakes(mistakes_of_contact(run.state, plan, before.id))
    if plan.name != before.plan.name and (uses := list(policies_naming(run.state, before, by_id=False))):
        refuse_mistakes([("name", f"is what {', '.join(uses[:5])} calls it: name the id {before.id} there first")])
    after = replace(before, plan=plan, updated_at=run.at, updated_by=by.name, revision=before.revision + 1)
    run.put_contact(before.id, after)
    for rota in list(rotas_naming(run.state, before.id)):
        look_ahead(run, rota.id)
    run.answer(before.id)


def delete_contact(run: DispatchRun, by: Principal, action: DeleteContact, expected: Mapping[str, int]) -> None:
    """Take a contact away that nothing names."""
    before = _writable(run, by, action.contact_id, expected)
    if uses := list(uses_of(run.state, before)):
        text = f"contact {before.id} is in use by {', '.join(uses[:5])}: take it out there first"
        raise CommandRefused(Refusal(before.id, "wrong_state", text))
    run.put_contact(before.id, None)
    run.forget_key("contact", before.key)
    run.answer(before.id)


def _writable(run: DispatchRun, by: Principal, contact_id: str, expected: Mapping[str, int]) -> ContactRecord:
    unknown = Refusal(contact_id, "unknown_contact", f"no contact {contact_id!r}")
    return changeable(by, run.state.contacts.get(contact_id), "contact", unknown, expected)

"""Commands about definitions. Each change makes another version, which applies from the next period of an instance on."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import UNSET
from msgspec.structs import asdict, replace

from actors.command_checks import Mistake, changeable, refuse_foreign, refuse_mistakes
from actors.command_refused import CommandRefused
from actors.sla_clock.run import FoldRun
from actors.sla_clock.terms.answers import (
    forget_key,
    keep_key,
    known_key,
)
from actors.sla_clock.terms.followed import follow_class
from actors.sla_clock.terms.mistakes import mistakes_of_terms
from protocols.change import Refusal
from protocols.principal import Principal
from protocols.sla.actions import CreateDefinition, DeleteDefinition, EditDefinition
from protocols.sla.changes import SlaDefinitionChanged
from protocols.sla.definition import SlaDefinition, SlaTerms

MOST_DEFINITIONS = 10_000
MOST_VERSIONS = 1_000
"""Versions of one definition: each is kept, since closed periods refer to it."""


def create_definition(run: FoldRun, by: Principal, action: CreateDefinition) -> None:
    """Make the first version."""
    state = run.state
    refuse_foreign(by, action.tenant_id, "a definition")
    known = known_key(run, "definition", action.key)
    if known is not None:
        run.answer(known, duplicate=True)
        return
    if len(state.definitions) >= MOST_DEFINITIONS:
        raise CommandRefused(Refusal("", "limit", f"there are {MOST_DEFINITIONS:,} definitions: delete some"))
    refuse_mistakes([*mistakes_of_terms(action.terms), *_class_mistakes(run, "", action.tenant_id, action.terms)])
    made = SlaDefinition(
        id=run.new_id("SD"),
        version=1,
        tenant_id=action.tenant_id,
        terms=action.terms,
        since=run.at,
        by=by.name,
        created_at=run.at,
        created_by=by.name,
        key=action.key,
    )
    _put(run, made)
    keep_key(run, "definition", action.key, made.id)
    follow_class(run, made.terms.sla_class)
    run.answer(made.id)


def edit_definition(run: FoldRun, by: Principal, action: EditDefinition, expected: Mapping[str, int]) -> None:
    """Make another version. Running periods keep theirs, so no instance has to be examined."""
    before = _writable(run, by, action.definition_id, expected)
    if before.deleted_at is not None:
        raise CommandRefused(Refusal(before.id, "wrong_state", f"definition {before.id} is deleted"))
    given = {name: value for name, value in asdict(action.fields).items() if value is not UNSET}
    terms = replace(before.terms, **given)
    if terms == before.terms:
        run.answer(before.id, duplicate=True)
        return
    if before.version >= MOST_VERSIONS:
        text = f"definition {before.id} has {MOST_VERSIONS:,} versions, and all are kept: make a new definition"
        raise CommandRefused(Refusal(before.id, "limit", text))
    refuse_mistakes([*mistakes_of_terms(terms), *_class_mistakes(run, before.id, before.tenant_id, terms)])
    _put(run, replace(before, version=before.version + 1, terms=terms, since=_begin(run, before), by=by.name))
    if terms.sla_class != before.terms.sla_class:
        follow_class(run, terms.sla_class)
    run.answer(before.id)


def delete_definition(run: FoldRun, by: Principal, action: DeleteDefinition, expected: Mapping[str, int]) -> None:
    """Take a definition out of use. It is kept as long as an instance refers to it."""
    state = run.state
    before = _writable(run, by, action.definition_id, expected)
    if before.deleted_at is not None:
        run.answer(before.id, duplicate=True)
        return
    references = state.instances.count(f"definition:{before.id}")
    if _in_use(run, before.id):
        text = f"definition {before.id} is in use, and {references:,} instances refer to it: end their contracts, or give them "
        raise CommandRefused(Refusal(before.id, "wrong_state", f"{text}another definition"))
    _put(run, replace(before, version=before.version + 1, since=_begin(run, before), by=by.name, deleted_at=run.at))
    if not references:
        _forget(run, before)
    run.answer(before.id)


def forget_unused(run: FoldRun) -> None:
    """Drop deleted definitions to which no contract refers any more."""
    state = run.state
    deleted = [versions[-1] for versions in state.definitions.values() if versions[-1].deleted_at is not None]
    for definition in deleted:
        if not state.instances.count(f"definition:{definition.id}"):
            _forget(run, definition)


def _forget(run: FoldRun, definition: SlaDefinition) -> None:
    run.journal.drop(run.state.definitions, definition.id)
    forget_key(run, "definition", definition.key)
    run.state.deadlines.set(run.journal, "period", definition.id, None)


def _begin(run: FoldRun, before: SlaDefinition) -> datetime:
    """The time of the version that follows ``before``. Versions are in the order of their time also where the clock was put
    back. Several Events have one time, and a period or a contract may have begun at it with ``before``: so it is later."""
    return max(run.at, before.since) + timedelta(microseconds=1)


def _writable(run: FoldRun, by: Principal, definition_id: str, expected: Mapping[str, int]) -> SlaDefinition:
    """The newest version of a definition that the caller may change."""
    unknown = Refusal(definition_id, "unknown_definition", f"no definition {definition_id!r}")
    return changeable(by, run.state.definition(definition_id), "definition", unknown, expected)


def _in_use(run: FoldRun, definition_id: str) -> bool:
    """True when a contract by it has not ended."""
    after = ""
    while found := run.state.instances.behind(after, 100, f"definition:{definition_id}"):
        if any(each.definition_id == definition_id and not each.over(run.now) for each in found):
            return True
        after = found[-1].id
    return False


def _class_mistakes(run: FoldRun, own_id: str, tenant_id: str | None, terms: SlaTerms) -> Iterator[Mistake]:
    if not terms.sla_class:
        return
    for versions in run.state.definitions.values():
        other = versions[-1]
        if other.id == own_id or other.deleted_at is not None or other.tenant_id != tenant_id:
            continue
        if other.terms.sla_class == terms.sla_class:
            yield "sla_class", f"definition {other.id} ({other.terms.name}) has the class {terms.sla_class!r} already"


def _put(run: FoldRun, definition: SlaDefinition) -> None:
    versions = run.state.definitions.get(definition.id, ())
    run.journal.put(run.state.definitions, definition.id, (*versions, definition))
    run.emit(SlaDefinitionChanged(run.offset, definition))

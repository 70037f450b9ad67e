"""Commands about definitions: made, edited, deleted, and refused."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace
from vocabulary.sla import THREE_NINES, SlaWorld, us
from vocabulary.world import moment

from actors.sla_clock.books.period_choice import period_of
from protocols.change import Answer, Refusal
from protocols.command import Command
from protocols.principal import Principal
from protocols.sla.actions import (
    CreateDefinition,
    CreateExclusion,
    CreateInstance,
    DeleteDefinition,
    DeleteInstance,
    EditDefinition,
)
from protocols.sla.changes import SlaDefinitionChanged
from protocols.sla.definition import SlaTerms, SlaTermsEdited
from protocols.sla.exclusion import ExclusionPlan, ExclusionScope
from protocols.sla.instance import InstancePlan
from protocols.sla.periods import PeriodRule

MONTH = PeriodRule("UTC", date(2026, 1, 1))
DAYS = PeriodRule("UTC", date(2026, 1, 1), "days", 1)
MIDNIGHT = 21 * 3600
GOLD = SlaTerms(name="gold", period=MONTH, availability_target=THREE_NINES)
ADMIN = Principal("ada", "admin")
OF_T = Principal("tom", "admin", "t")
OF_U = Principal("uma", "admin", "u")


@pytest.fixture
def world() -> SlaWorld:
    made = SlaWorld()
    made.operator = ADMIN
    made.restarts = True
    return made


def create(world: SlaWorld, terms: SlaTerms = GOLD, tenant: str | None = None, **given: Any) -> str:
    by = given.pop("by", ADMIN)
    answer = world.command(CreateDefinition(tenant, terms, **given), by=by)
    assert not answer.refusals
    return answer.accepted[0]


def edit(world: SlaWorld, definition: str, by: Principal = ADMIN, expected: int | None = None, **fields: Any) -> Answer:
    known = {} if expected is None else {definition: expected}
    world(Command(by, EditDefinition(definition, SlaTermsEdited(**fields)), (), (), known))
    return world.only(Answer)


def later(seconds: float) -> datetime:
    """The time of a version that was made then."""
    return moment(seconds) + timedelta(microseconds=1)


def refusal(answer: Answer) -> tuple[str, str]:
    """Reason and text of the only refusal."""
    (one,) = answer.refusals
    assert isinstance(one, Refusal)
    return one.reason, one.text


def serve(world: SlaWorld, definition: str, tenant: str = "t", start: int = 0) -> Answer:
    plan = InstancePlan(tenant_id=tenant, definition_id=definition, customer_id="c", service_id="svc-1", start=us(start))
    return world.command(CreateInstance(plan))


def test_a_definition_is_made_edited_and_deleted(world: SlaWorld) -> None:
    made = create(world)
    assert made == f"SD{world.offset}"
    shown = world.only(SlaDefinitionChanged).definition
    assert (shown.version, shown.terms, shown.since, shown.by, shown.created_by) == (1, GOLD, world.now, "ada", "ada")
    world.at(10)
    assert edit(world, made, name="platinum", availability_target=None).accepted == (made,)
    second = world.only(SlaDefinitionChanged).definition
    assert (second.version, second.since, second.created_at) == (2, later(10), moment(0))
    assert second.terms == replace(GOLD, name="platinum", availability_target=None)
    assert [each.version for each in world.sla.definitions[made]] == [1, 2]
    assert world.command(DeleteDefinition(made)).accepted == (made,)
    assert world.only(SlaDefinitionChanged).definition.deleted_at == world.now
    assert world.sla.definition(made) is None
    assert refusal(world.command(DeleteDefinition(made))) == ("unknown_definition", f"no definition '{made}'")


def test_an_edit_that_changes_nothing_makes_no_version(world: SlaWorld) -> None:
    made = create(world)
    assert edit(world, made, name="gold", description=UNSET) == Answer(offset=world.offset, accepted=(made,), duplicate=True)
    assert [type(change) for change in world.changes] == [Answer]


def test_versions_are_in_order_also_where_the_clock_was_put_back(world: SlaWorld) -> None:
    made = create(world.at(100))
    world.at(50)
    edit(world, made, name="b")
    assert world.sla.definitions[made][1].since == later(100)


@pytest.mark.parametrize(("edited", "first"), [("after", ("daily", 1)), ("before", ("monthly", 3))])
def test_a_contract_keeps_the_version_with_which_it_began_also_at_one_time(
    world: SlaWorld, edited: str, first: tuple[str, int]
) -> None:
    made = create(world, replace(GOLD, name="daily", period=DAYS))
    if edited == "after":
        serve(world, made)
    edit(world, made, period=MONTH)
    edit(world, made, name="monthly")
    if edited == "before":
        serve(world, made)
    world.raise_alarm("ont.los", "olt-1/1/1/1")
    assert version_at(world, 0) == first
    world.run_to(MIDNIGHT)
    edit(world, made, name="made at the first instant of a period")
    world.run_to(MIDNIGHT + 10)
    plan = ExclusionPlan(
        tenant_id="t", category="agreed", scope=ExclusionScope(everything=True), start=us(0), end=us(60), reason="agreed"
    )
    assert not world.command(CreateExclusion(plan)).refusals
    assert version_at(world, 0) == first
    assert version_at(world, MIDNIGHT) == ("monthly", 3)
    closed = [(each.definition_version, each.revision) for each in world.closed if each.start == us(MIDNIGHT - 86_400)]
    assert closed == ([(1, 1), (1, 2)] if edited == "after" else [])
    assert len(world.closed) == len(closed)


@pytest.mark.parametrize("down", [False, True])
def test_a_contract_that_begins_later_has_the_version_that_is_in_force_then(world: SlaWorld, *, down: bool) -> None:
    """Also where an alarm that concerns it lasts when it is made."""
    made = create(world, replace(GOLD, name="monthly"))
    if down:
        world.raise_alarm("ont.los", "olt-1/1/1/1")
    serve(world, made, start=100)
    assert not world.sla.accounts
    world.run_to(50)
    edit(world, made, period=DAYS, name="daily")
    world.run_to(110)
    assert version_at(world, 110) == ("daily", 2)
    assert bool(world.sla.accounts) is down


def version_at(world: SlaWorld, seconds: float) -> tuple[str, int]:
    """Name and version of the terms that apply to the only contract."""
    (instance,) = world.sla.instances
    period = period_of(world.sla, instance, us(seconds))
    assert period is not None
    return period.definition.terms.name, period.definition.version


def test_every_mistake_is_named_and_nothing_is_kept(world: SlaWorld) -> None:
    answer = world.command(CreateDefinition(None, replace(GOLD, name="", availability_target=0)))
    assert [each.text.partition(":")[0] for each in answer.refusals] == ["name", "availability_target"]
    assert not world.sla.definitions
    made = create(world)
    assert refusal(edit(world, made, at_risk_percent=0)) == ("invalid", "at_risk_percent: must be 1 to 99")
    assert world.sla.definition(made).version == 1  # type: ignore[union-attr]


def test_an_idempotency_key_makes_one_definition(world: SlaWorld) -> None:
    made = create(world, key="ada/1")
    again = world.command(CreateDefinition(None, GOLD, "ada/1"))
    assert (again.accepted, again.duplicate) == ((made,), True)
    assert create(world, key="ada/2") != made


@pytest.mark.parametrize(
    ("tenant", "by", "reason"),
    [
        pytest.param(None, OF_T, "not_your_tenant", id="of every tenant"),
        pytest.param("u", OF_T, "not_your_tenant", id="of another tenant"),
        pytest.param("t", OF_T, "", id="own"),
        pytest.param("t", ADMIN, "", id="of one tenant by a caller without one"),
    ],
)
def test_who_makes_a_definition(world: SlaWorld, tenant: str | None, by: Principal, reason: str) -> None:
    answer = world.command(CreateDefinition(tenant, GOLD), by=by)
    assert "".join(each.reason for each in answer.refusals) == reason


def test_another_tenants_definition_is_like_none(world: SlaWorld) -> None:
    made = create(world, tenant="t")
    for answer in (edit(world, made, OF_U, name="x"), world.command(DeleteDefinition(made), by=OF_U)):
        assert refusal(answer) == ("unknown_definition", f"no definition '{made}'")


def test_a_tenant_does_not_change_a_definition_of_every_tenant(world: SlaWorld) -> None:
    made = create(world)
    assert refusal(edit(world, made, OF_T, name="x"))[0] == "not_your_tenant"
    assert refusal(world.command(DeleteDefinition(made), by=OF_T))[0] == "not_your_tenant"


def test_an_expected_version(world: SlaWorld) -> None:
    made = create(world)
    assert edit(world, made, expected=1, name="b").accepted
    (refused,) = edit(world, made, expected=1, name="c").refusals
    assert (refused.reason, refused.revision) == ("wrong_revision", 2)


def test_a_definition_in_use_is_not_deleted(world: SlaWorld) -> None:
    made = create(world)
    (instance,) = serve(world, made).accepted
    text = f"definition {made} is in use, and 1 instances refer to it: end their contracts, or give them another definition"
    assert refusal(world.command(DeleteDefinition(made))) == ("wrong_state", text)
    world.at(60)
    world.command(DeleteInstance(instance))
    assert world.command(DeleteDefinition(made)).accepted == (made,)
    # The ended contract refers to it.
    kept = world.sla.definition(made)
    assert kept is not None
    assert kept.deleted_at == world.now
    assert world.command(DeleteDefinition(made)).duplicate
    assert refusal(edit(world, made, name="x")) == ("wrong_state", f"definition {made} is deleted")
    assert refusal(serve(world, made))[1].startswith("sla_definition_id: there is no definition")


def test_a_class_stands_for_one_definition_of_a_tenant(world: SlaWorld) -> None:
    silver = replace(GOLD, sla_class="silver")
    made = create(world, silver)
    create(world, silver, tenant="t")
    answer = world.command(CreateDefinition(None, silver))
    assert refusal(answer) == ("invalid", f"sla_class: definition {made} (gold) has the class 'silver' already")
    other = create(world)
    assert refusal(edit(world, other, sla_class="silver"))[0] == "invalid"
    assert edit(world, made, name="silver").accepted
    world.command(DeleteDefinition(made))
    assert edit(world, other, sla_class="silver").accepted


def test_what_is_behind_every_period_is_forgotten_with_its_keys(world: SlaWorld) -> None:
    made = create(world, key="d")
    plan = InstancePlan(tenant_id="t", definition_id=made, customer_id="c", service_id="svc-1", start=us(0), key="i")
    (instance,) = world.command(CreateInstance(plan)).accepted
    world.at(60)
    world.command(DeleteInstance(instance))
    world.command(DeleteDefinition(made))
    assert sorted(world.sla.keys) == ["definition d", "instance i"]
    other = create(world)
    serve(world, other)
    world.run_to(200 * 86_400)
    assert list(world.sla.definitions) == [other]
    assert [each.definition_id for each in world.sla.instances] == [other]
    assert world.sla.keys == {}
    assert world.sla.deadlines.at("period", made) is None

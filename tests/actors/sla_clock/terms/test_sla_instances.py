"""Commands about instances: made, edited, ended, and refused."""

from datetime import date
from typing import Any

import pytest
from vocabulary.sla import THREE_NINES, SlaWorld, plant, us
from vocabulary.world import moment

from protocols.change import Answer
from protocols.command import Command
from protocols.principal import Principal
from protocols.sla.actions import CreateDefinition, CreateInstance, CreateInstances, DeleteInstance, EditInstance
from protocols.sla.changes import SlaInstanceChanged
from protocols.sla.definition import SlaTerms
from protocols.sla.instance import FormerDefinition, InstanceEdited, InstancePlan, SlaInstance
from protocols.sla.local_time import SECOND
from protocols.sla.periods import PeriodRule
from protocols.topology import Node

ADMIN = Principal("ada", "admin")
OF_T = Principal("tom", "operator", "t")
OF_U = Principal("uma", "operator", "u")
DAY = 86_400
MONTH = PeriodRule("UTC", date(2026, 1, 1))


class ContractsWorld(SlaWorld):
    """With a definition of every tenant (``gold``) and one of tenant t."""

    operator = ADMIN

    def begin(self, settings: Any = None, nodes: Any = ()) -> None:
        super().begin(settings, nodes)
        self.gold, self.own = (self.made(name, tenant) for name, tenant in (("gold", None), ("own", "t")))

    def made(self, name: str, tenant: str | None, **terms: Any) -> str:
        wanted = SlaTerms(**{"name": name, "period": MONTH, "availability_target": THREE_NINES, **terms})
        return self.command(CreateDefinition(tenant, wanted)).accepted[0]

    def plan(self, **fields: Any) -> InstancePlan:
        return InstancePlan(
            **{
                "tenant_id": "t",
                "definition_id": self.gold,
                "customer_id": "c-1",
                "service_id": "svc-1",
                "start": us(0),
                **fields,
            }
        )

    def create(self, **fields: Any) -> SlaInstance:
        answer = self.command(CreateInstance(self.plan(**fields)))
        assert not answer.refusals
        return self.held(answer.accepted[0])

    def held(self, name: str) -> SlaInstance:
        found = self.sla.instances.get(name)
        assert found is not None
        return found

    def edit(self, name: str, by: Principal = ADMIN, expected: int | None = None, **fields: Any) -> Answer:
        known = {} if expected is None else {name: expected}
        self(Command(by, EditInstance(name, InstanceEdited(**fields)), (), (), known))
        return next(change for change in self.changes if isinstance(change, Answer))


@pytest.fixture
def world() -> ContractsWorld:
    made = ContractsWorld()
    made.restarts = True
    return made


def reasons(answer: Answer) -> list[tuple[str, str]]:
    """Reason and field of each refusal."""
    return [(each.reason, each.text.partition(":")[0] if each.reason == "invalid" else "") for each in answer.refusals]


def test_an_instance_is_made(world: ContractsWorld) -> None:
    instance = world.create(monthly_fee=5_995, currency="EUR", customer_name="Müller")
    assert instance.id == f"SI{world.offset}"
    assert instance.resources == ("svc-1",)
    assert (instance.created_by, instance.created_at, instance.revision, instance.origin) == ("ada", world.now, 1, "api")
    change = world.only(SlaInstanceChanged)
    assert (change.instance, change.status, change.placed) == (instance, "compliant", True)
    assert world.sla.instances.at("svc-1") == (instance.id,)
    assert world.sla.instances.at("customer:c-1") == (instance.id,)
    assert world.sla.instances.at(f"definition:{world.gold}") == (instance.id,)


def test_an_instance_of_unknown_nodes_is_kept_and_unplaced(world: ContractsWorld) -> None:
    world.create(resources=("nowhere-1", "nowhere-2"))
    assert not world.only(SlaInstanceChanged).placed


@pytest.mark.parametrize(
    ("by", "fields", "found"),
    [
        pytest.param(ADMIN, {"definition_id": "SD999"}, [("invalid", "sla_definition_id")], id="unknown definition"),
        pytest.param(ADMIN, {"definition_id": "own", "tenant_id": "u"}, [("invalid", "sla_definition_id")], id="of another"),
        pytest.param(OF_U, {"definition_id": "own", "tenant_id": "u"}, [("invalid", "sla_definition_id")], id="hidden"),
        pytest.param(OF_U, {}, [("not_your_tenant", "")], id="in another tenant"),
        pytest.param(OF_T, {"definition_id": "own"}, [], id="own"),
        pytest.param(ADMIN, {"end": us(0)}, [("invalid", "end_date")], id="end before begin"),
        pytest.param(ADMIN, {"monthly_fee": -1}, [("invalid", "monthly_fee")], id="negative fee"),
        pytest.param(
            ADMIN, {"end": us(-1), "monthly_fee": 1}, [("invalid", "end_date"), ("invalid", "currency")], id="every mistake"
        ),
    ],
)
def test_refused_contracts(world: ContractsWorld, by: Principal, fields: dict[str, Any], found: list[tuple[str, str]]) -> None:
    if fields.get("definition_id") == "own":
        fields = {**fields, "definition_id": world.own}
    answer = world.command(CreateInstance(world.plan(**fields)), by=by)
    assert reasons(answer) == found
    assert len(world.sla.instances) == (0 if found else 1)


def test_a_hidden_definition_is_refused_like_an_unknown_one(world: ContractsWorld) -> None:
    texts = []
    for name in (world.own, "SD999"):
        answer = world.command(CreateInstance(world.plan(definition_id=name, tenant_id="u")), by=OF_U)
        texts.append(answer.refusals[0].text.replace(name, "X"))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("fields", "doubled"),
    [
        pytest.param({}, True, id="the same"),
        pytest.param({"start": us(50)}, True, id="within"),
        pytest.param({"start": us(100)}, False, id="behind"),
        pytest.param({"start": us(-100), "end": us(0)}, False, id="before"),
        pytest.param({"start": us(-100), "end": us(1)}, True, id="into"),
        pytest.param({"definition_id": "own"}, False, id="another definition"),
        pytest.param({"service_id": "svc-2"}, False, id="another service"),
        pytest.param({"tenant_id": "u"}, False, id="another tenant"),
    ],
)
def test_a_service_has_one_contract_at_a_time_by_one_definition(
    world: ContractsWorld, fields: dict[str, Any], doubled: bool
) -> None:
    first = world.create(end=us(100))
    if fields.get("definition_id") == "own":
        fields = {"definition_id": world.own}
    answer = world.command(CreateInstance(world.plan(**fields)))
    assert reasons(answer) == ([("invalid", "service_id")] if doubled else [])
    assert not doubled or first.id in answer.refusals[0].text


def test_an_edit_into_a_double_contract_is_refused(world: ContractsWorld) -> None:
    first = world.create(end=us(100))
    second = world.create(start=us(100))
    assert reasons(world.edit(second.id, start=us(99))) == [("invalid", "service_id")]
    assert reasons(world.edit(first.id, end=None)) == [("invalid", "service_id")]
    assert world.held(first.id) == first


def test_an_edit(world: ContractsWorld) -> None:
    instance = world.create(resources=("olt-1/1/1/1", "olt-1/1/2/1"))
    world.at(60)
    assert world.edit(instance.id, OF_T, account_manager="Kim", resources=()).accepted == (instance.id,)
    after = world.held(instance.id)
    assert (after.account_manager, after.resources) == ("Kim", ("svc-1",))
    assert (after.revision, after.updated_by, after.updated_at, after.created_by) == (2, "tom", moment(60), "ada")
    assert not world.sla.instances.at("olt-1/1/2/1")
    again = world.edit(instance.id, account_manager="Kim")
    assert again.duplicate
    assert world.held(instance.id) == after


def test_an_expected_revision(world: ContractsWorld) -> None:
    instance = world.create()
    world.edit(instance.id, expected=1, account_manager="Kim")
    (refused,) = world.edit(instance.id, expected=1, account_manager="Lee").refusals
    assert (refused.reason, refused.revision) == ("wrong_revision", 2)
    world(Command(ADMIN, DeleteInstance(instance.id), (), (), {instance.id: 1}))
    assert world.only(Answer).refusals[0].reason == "wrong_revision"


def test_another_tenants_instance_is_like_none(world: ContractsWorld) -> None:
    instance = world.create()
    for answer in (world.edit(instance.id, OF_U, account_manager="x"), world.command(DeleteInstance(instance.id), by=OF_U)):
        assert [(each.reason, each.text) for each in answer.refusals] == [("unknown_instance", f"no instance '{instance.id}'")]


def test_a_contract_ends(world: ContractsWorld) -> None:
    instance = world.create()
    world.at(60)
    assert world.command(DeleteInstance(instance.id)).accepted == (instance.id,)
    assert (world.held(instance.id).end, world.held(instance.id).revision) == (us(60), 2)
    world.at(70)
    assert world.command(DeleteInstance(instance.id)).duplicate
    assert world.held(instance.id).end == us(60)


def test_a_contract_that_has_not_begun_never_holds(world: ContractsWorld) -> None:
    instance = world.create(start=us(DAY))
    world.command(DeleteInstance(instance.id))
    assert world.held(instance.id).end == us(DAY)


def test_another_definition_applies_from_the_next_period_on(world: ContractsWorld) -> None:
    instance = world.create()
    world.at(60)
    world.edit(instance.id, definition_id=world.own)
    april = us(31 * DAY - 3 * 3600)
    assert world.held(instance.id).former == (FormerDefinition(world.gold, april),)
    assert world.figures(instance).budget == world.figures(world.held(instance.id)).budget
    world.edit(instance.id, definition_id=world.gold)
    assert world.held(instance.id).former == ()


def test_a_contract_that_has_not_begun_has_no_former_definition(world: ContractsWorld) -> None:
    instance = world.create(start=us(DAY))
    world.edit(instance.id, definition_id=world.own)
    assert world.held(instance.id).former == ()


def test_many_or_none(world: ContractsWorld) -> None:
    plans = tuple(world.plan(service_id=f"svc-{number}", key=f"k:{number}") for number in range(3))
    answer = world.command(CreateInstances(plans))
    assert len(answer.accepted) == 3
    assert answer.accepted[1:] == (f"{answer.accepted[0]}.1", f"{answer.accepted[0]}.2")
    again = world.command(CreateInstances(plans))
    assert (again.accepted, again.duplicate) == (answer.accepted, True)
    wrong = (world.plan(service_id="svc-9"), world.plan(service_id="svc-1"), world.plan(service_id="svc-8", end=us(-1)))
    refused = world.command(CreateInstances(wrong))
    assert [each.text.partition(":")[0] for each in refused.refusals] == ["items[1].service_id", "items[2].end_date"]
    assert len(world.sla.instances) == 3
    assert [type(change) for change in world.changes] == [Answer]
    # A double within one command is one too.
    twice = world.command(CreateInstances((world.plan(service_id="svc-7"),) * 2))
    assert [each.text.partition(":")[0] for each in twice.refusals] == ["items[1].service_id"]


def test_an_outage_under_way_counts_from_the_begin_of_the_contract(world: ContractsWorld) -> None:
    world.network("device.down", "olt-1")
    world.at(60)
    instance = world.create(start=us(60))
    world.at(120).tick()
    assert world.figures(instance).down == 60 * SECOND
    assert world.sla.accounts[instance.id].breaches_at is not None


def test_a_suspended_instance_is_shown_so(world: ContractsWorld) -> None:
    instance = world.create()
    world.edit(instance.id, suspended=True)
    assert world.all(SlaInstanceChanged)[-1].status == "suspended"


def test_a_node_that_comes_or_goes_places_its_instances(world: ContractsWorld) -> None:
    instance = world.create(resources=("new-1", "new-2"))
    nodes = plant()

    def told() -> list[bool]:
        found = [each for each in world.history if isinstance(each, SlaInstanceChanged) and each.instance.id == instance.id]
        return [each.placed for each in found]

    world.topology(*nodes, Node(id="new-1", type="ont", parents=("olt-1",)))
    assert told() == [False, True]
    world.topology(*nodes, Node(id="new-1", type="ont", parents=("olt-1",), name="renamed"))
    assert told() == [False, True]
    world.topology(*nodes)
    assert told() == [False, True, False]


def test_the_instances_of_one_node_are_told_in_slices(world: ContractsWorld) -> None:
    world.restarts = False
    for part in range(3):
        plans = tuple(world.plan(service_id=f"s-{part}-{number}", resources=("hub",)) for number in range(900))
        world(Command(ADMIN, CreateInstances(plans)))
    before = len(world.history)
    world.topology(*plant(), Node(id="hub", type="olt", address="192.0.2.9"))
    told = [each.instance.id for each in world.history[before:] if isinstance(each, SlaInstanceChanged)]
    assert told == [each.id for each in world.sla.instances]
    assert all(each.placed for each in world.history[before:] if isinstance(each, SlaInstanceChanged))

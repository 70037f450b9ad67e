"""Instances that follow from the topology: made, kept in step, ended; what an operator edited stays."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.sla import MONTH, THREE_NINES, SlaWorld, us
from vocabulary.world import World

from actors.correlator.settings import CorrelatorSettings
from protocols.change import Answer
from protocols.command import Command
from protocols.event import NetworkEvent, PolicyLoaded, SlaWork
from protocols.principal import Principal
from protocols.sla.actions import CreateDefinition, CreateInstance, DeleteInstance, EditDefinition, EditInstance
from protocols.sla.changes import SlaInstanceChanged
from protocols.sla.definition import SlaTerms, SlaTermsEdited
from protocols.sla.instance import InstanceEdited, InstancePlan, SlaInstance
from protocols.topology import Node

ADMIN = Principal("ada", "admin")
DAY = 86_400
ONT = Node(id="ont-1", type="ont", parents=("olt-1",))
OLT = Node(id="olt-1", type="olt", address="192.0.2.1")
SERVICE = Node(id="svc-1", type="service", parents=("ont-1",), sla_class="gold", tenant="t")
CUSTOMER = Node(id="c-1", type="customer", parents=("svc-1",), name="Müller KG", tenant="t")


class Followed(SlaWorld):
    """A plant with a service of class gold."""

    operator = ADMIN

    def begin(self, settings: Any = None, nodes: Any = ()) -> None:
        super().begin(settings, nodes or (OLT, ONT, SERVICE))

    def offer(self, name: str = "gold", tenant: str | None = None) -> str:
        """A definition for the nodes of a class."""
        terms = SlaTerms(name=name, period=MONTH, availability_target=THREE_NINES, sla_class=name)
        self(Command(self.operator, CreateDefinition(tenant, terms)))
        return [each for each in self.history if isinstance(each, Answer)][-1].accepted[0]

    @property
    def contracts(self) -> list[SlaInstance]:
        return list(self.sla.instances)

    @property
    def running(self) -> list[SlaInstance]:
        return [each for each in self.contracts if not each.over(us(self.seconds))]


@pytest.fixture
def world() -> Followed:
    made = Followed()
    made.restarts = True
    return made


def test_a_definition_with_a_class_makes_contracts_of_the_nodes_that_there_are(world: Followed) -> None:
    assert world.contracts == []
    gold = world.offer()
    (made,) = world.contracts
    assert (made.definition_id, made.tenant_id, made.customer_id, made.service_id) == (gold, "t", "svc-1", "svc-1")
    assert (made.resources, made.node_id, made.origin, made.start) == (("svc-1",), "svc-1", "file", us(0))
    assert made.created_by == "faultd:topology"
    assert [each.instance.id for each in world.history if isinstance(each, SlaInstanceChanged)] == [made.id]


def test_a_node_that_comes_later_gets_its_contract(world: Followed) -> None:
    gold = world.offer()
    world.at(60)
    world.topology(OLT, ONT, SERVICE, replace(SERVICE, id="svc-2"), replace(SERVICE, id="svc-3", sla_class="bronze"))
    assert [(each.service_id, each.start) for each in world.contracts] == [("svc-1", us(0)), ("svc-2", us(60))]
    bronze = world.offer("bronze")
    assert [each.definition_id for each in world.contracts] == [gold, gold, bronze]


def test_only_services_and_customers_have_contracts(world: Followed) -> None:
    world.offer()
    world.topology(OLT, replace(ONT, sla_class="gold"), SERVICE)
    assert [each.service_id for each in world.contracts] == ["svc-1"]


def test_the_customer_is_that_of_the_node_or_of_one_beside_it(world: Followed) -> None:
    world.offer()
    assert world.contracts[0].customer_id == "svc-1"
    world.topology(OLT, ONT, SERVICE, CUSTOMER)
    assert world.contracts[0].customer_id == "c-1"
    world.topology(OLT, ONT, replace(SERVICE, customer_id="c-9"), CUSTOMER)
    assert world.contracts[0].customer_id == "c-9"
    assert len(world.contracts) == 1


def test_a_customer_node_stands_for_its_contract_too(world: Followed) -> None:
    world.offer()
    world.topology(OLT, ONT, replace(CUSTOMER, parents=("ont-1",), service_id="ftth-42", sla_class="gold"))
    made = world.contracts[-1]
    assert (made.customer_id, made.service_id, made.customer_name, made.resources) == (
        "c-1",
        "ftth-42",
        "Müller KG",
        ("c-1",),
    )


def test_a_node_that_is_gone_ends_its_contract(world: Followed) -> None:
    world.offer()
    world.at(60)
    world.topology(OLT, ONT)
    (made,) = world.contracts
    assert (made.end, made.updated_by, made.revision) == (us(60), "faultd:topology", 2)


def test_a_node_without_a_class_has_no_contract_and_an_unknown_class_changes_nothing(world: Followed) -> None:
    world.offer()
    world.topology(OLT, ONT, replace(SERVICE, sla_class="unheard of"))
    assert len(world.running) == 1
    world.at(60)
    world.topology(OLT, ONT, replace(SERVICE, sla_class=""))
    assert world.running == []


def test_a_node_that_comes_back_in_the_same_period_goes_on_with_its_contract(world: Followed) -> None:
    world.offer()
    world.at(60)
    world.topology(OLT, ONT)
    world.at(120)
    world.topology(OLT, ONT, SERVICE)
    (made,) = world.contracts
    assert (made.end, made.start, made.revision) == (None, us(0), 3)
    world.at(180)
    world.topology(OLT, ONT)
    world.run_to(40 * DAY)
    world.topology(OLT, ONT, SERVICE)
    assert [(each.start, each.end) for each in world.contracts] == [(us(0), us(180)), (us(40 * DAY), None)]


def test_another_class_brings_another_definition_from_the_next_period_on(world: Followed) -> None:
    gold, silver = world.offer(), world.offer("silver")
    world.topology(OLT, ONT, replace(SERVICE, sla_class="silver"))
    (made,) = world.contracts
    assert made.definition_id == silver
    assert [each.definition_id for each in made.former] == [gold]


def test_another_service_is_another_contract(world: Followed) -> None:
    world.offer()
    world.at(60)
    world.topology(OLT, ONT, replace(SERVICE, service_id="ftth-42"))
    assert [(each.service_id, each.end) for each in world.contracts] == [("svc-1", us(60)), ("ftth-42", None)]


def test_what_an_operator_edited_stays(world: Followed) -> None:
    world.offer()
    silver, own = world.offer("silver"), world.offer("own")
    (made,) = world.contracts
    world.command(EditInstance(made.id, InstanceEdited(customer_name="Meyer", monthly_fee=100, currency="EUR")))
    named = replace(SERVICE, type="customer", customer_id="c-9", service_id="svc-1", name="Müller KG", sla_class="silver")
    world.topology(OLT, ONT, named)
    (made,) = world.contracts
    assert (made.customer_id, made.customer_name, made.monthly_fee, made.definition_id) == ("c-9", "Meyer", 100, silver)
    world.command(EditInstance(made.id, InstanceEdited(definition_id=own)))
    world.topology(OLT, ONT, replace(named, sla_class="gold"))
    assert world.contracts[0].definition_id == own
    world.at(60)
    world.topology(OLT, ONT)
    assert world.running == []


def test_a_contract_that_an_operator_ended_stays_so(world: Followed) -> None:
    world.offer()
    world.at(60)
    world.command(DeleteInstance(world.contracts[0].id))
    world.at(120)
    world.topology(OLT, ONT, replace(SERVICE, name="other"))
    world.topology(OLT, ONT)
    world.topology(OLT, ONT, SERVICE)
    assert world.running == []
    assert len(world.contracts) == 1
    world.serve(world.define(), "svc-9", start=us(0))
    world.run_to(200 * DAY)
    world.topology(OLT, ONT, replace(SERVICE, name="another"))
    assert [each.service_id for each in world.running] == ["svc-9"]


def test_a_contract_that_an_operator_made_goes_first(world: Followed) -> None:
    terms = SlaTerms(name="gold", period=MONTH)
    gold = world.command(CreateDefinition(None, terms)).accepted[0]
    plan = InstancePlan(tenant_id="t", definition_id=gold, customer_id="c", service_id="svc-1", start=us(0))
    world.command(CreateInstance(plan))
    world.command(EditDefinition(gold, SlaTermsEdited(sla_class="gold")))
    assert [each.node_id for each in world.contracts] == [""]


def test_the_definition_of_the_tenant_goes_before_that_of_every_tenant(world: Followed) -> None:
    world.offer("gold", "u")
    assert world.contracts == []
    own = world.offer("gold", "t")
    world.offer("gold")
    assert [each.definition_id for each in world.contracts] == [own]


def test_the_contract_of_a_shared_node_is_the_default_tenants() -> None:
    world = Followed(CorrelatorSettings(default_tenant="stadtnetz"), (OLT, ONT, replace(SERVICE, tenant="")))
    world.restarts = True
    world.offer()
    assert [each.tenant_id for each in world.contracts] == ["stadtnetz"]
    world(PolicyLoaded("odd", msgspec.msgpack.encode({"default_tenant": 7})))
    assert world.sla.default_tenant == "stadtnetz"


def test_many_nodes_come_in_slices() -> None:
    services = [replace(SERVICE, id=f"svc-{number}") for number in range(1_500)]
    world = Followed(nodes=(OLT, ONT, *services))
    first = len(world.folded)
    world.offer()
    assert len(world.contracts) == 1_500
    # 1,000 units of work an Event: four for a node, and one to examine its instance.
    assert [type(event) for _, event in world.folded[first + 1 :]] == [SlaWork] * 7
    assert [each.service_id for each in world.contracts] == sorted(each.id for each in services)


def test_an_outage_does_not_wait_for_them() -> None:
    services = [replace(SERVICE, id=f"svc-{number}") for number in range(1_500)]
    world = Followed(nodes=(OLT, ONT, *services))
    definition = world.define()
    instance = world.serve(definition, "svc-0")
    terms = SlaTerms(name="gold", period=MONTH, sla_class="gold")
    World.__call__(world, Command(ADMIN, CreateDefinition(None, terms)))
    assert world.sla.pending
    cut = NetworkEvent(type="device.down", tenant_id="t", reported_by="p", resource_type="olt", resource_id="olt-1")
    World.__call__(world, cut)
    assert instance.id in world.sla.accounts
    assert world.sla.pending


STEPS = st.lists(st.sampled_from(["", "gold", "silver", "gone", "edit", "end", "period"]), max_size=8)


@settings(deadline=None, max_examples=40)
@given(STEPS)
def test_a_node_never_has_two_contracts_at_a_time_and_restarts_change_nothing(steps: list[str]) -> None:
    worlds = (Followed(), Followed())
    worlds[1].restarts = True
    for world in worlds:
        world.offer()
        world.offer("silver")
        for number, step in enumerate(steps, 1):
            world.at(max(world.seconds, 0) + 60)
            running = world.running
            match step:
                case "gone":
                    world.topology(OLT, ONT)
                    assert world.running == []
                case "edit" if running:
                    world.command(EditInstance(running[0].id, InstanceEdited(account_manager=f"Kim {number}")))
                case "end" if running:
                    world.command(DeleteInstance(running[0].id))
                case "period":
                    world.run_to(world.seconds + 32 * DAY)
                case "edit" | "end":
                    pass
                case sla_class:
                    world.topology(OLT, ONT, replace(SERVICE, sla_class=sla_class))
            assert len(world.running) <= 1
    assert worlds[0].history == worlds[1].history

"""Commands about exclusions: stated, withdrawn, refused; the figures follow."""

from typing import Any

import pytest
from simulation.sla_oracle import shares_of
from vocabulary.sla import SlaWorld, us

from actors.sla_clock.books.period_choice import period_of
from protocols.change import Answer
from protocols.command import Command
from protocols.principal import Principal
from protocols.sla.actions import CreateExclusion, EditInstance, WithdrawExclusion
from protocols.sla.changes import SlaExclusionChanged
from protocols.sla.exclusion import ExclusionPlan, ExclusionScope
from protocols.sla.instance import InstanceEdited, SlaInstance
from protocols.sla.local_time import SECOND

ADMIN = Principal("ada", "admin")
OF_T = Principal("tom", "operator", "t")
OF_U = Principal("uma", "operator", "u")
HOUR = 3600


def plan(**fields: Any) -> ExclusionPlan:
    return ExclusionPlan(
        **{
            "tenant_id": "t",
            "category": "customer",
            "scope": ExclusionScope(services=("svc-1",)),
            "start": us(0),
            "end": us(HOUR),
            "reason": "the customer asked for it",
            **fields,
        }
    )


@pytest.fixture
def world() -> SlaWorld:
    made = SlaWorld()
    made.restarts = True
    made.operator = ADMIN
    return made


@pytest.fixture
def instance(world: SlaWorld) -> SlaInstance:
    return world.serve(world.define(), "svc-1")


def excluded(world: SlaWorld, instance: SlaInstance) -> int:
    """Excluded seconds of the running period, future ones included."""
    return sum(end - start for start, end in world.figures(instance).exclusions) // SECOND


def test_an_exclusion_is_stated_and_withdrawn(world: SlaWorld, instance: SlaInstance) -> None:
    answer = world.command(CreateExclusion(plan()))
    (made,) = answer.accepted
    shown = world.only(SlaExclusionChanged).exclusion
    assert (shown.id, shown.created_by, shown.created_at, shown.revision) == (made, "ada", world.now, 1)
    assert excluded(world, instance) == HOUR
    world.at(60)
    assert world.command(WithdrawExclusion(made)).accepted == (made,)
    withdrawn = world.only(SlaExclusionChanged).exclusion
    assert (withdrawn.withdrawn_at, withdrawn.withdrawn_by, withdrawn.revision) == (world.now, "ada", 2)
    assert excluded(world, instance) == 0
    assert world.command(WithdrawExclusion(made)).duplicate
    assert [type(change) for change in world.changes] == [Answer]


def test_an_exclusion_of_the_past_takes_a_breach_back_and_its_withdrawal_restores_it(
    world: SlaWorld, instance: SlaInstance
) -> None:
    world.network("device.down", "olt-1")
    world.run_to(HOUR)
    (breach,) = world.breaches.values()
    assert not breach.withdrawn
    made = world.command(CreateExclusion(plan(end=us(2 * HOUR)))).accepted[0]
    assert world.breaches[breach.id].withdrawn
    assert world.sla.accounts[instance.id].status == "compliant"
    world.command(WithdrawExclusion(made))
    assert not world.breaches[breach.id].withdrawn
    assert world.breaches[breach.id].start == breach.start


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        pytest.param({"services": ("svc-1",)}, True, id="service"),
        pytest.param({"services": ("svc-2",)}, False, id="another service"),
        pytest.param({"customers": ("c-svc-1",)}, True, id="customer"),
        pytest.param({"resources": ("olt-1",)}, True, id="a node above"),
        pytest.param({"resources": ("olt-1/1/2",)}, False, id="a node beside"),
        pytest.param({"instances": ("SI1",)}, True, id="instance"),
        pytest.param({"definitions": ("SD1",)}, True, id="definition"),
        pytest.param({"everything": True}, True, id="everything"),
    ],
)
def test_scopes(world: SlaWorld, instance: SlaInstance, scope: dict[str, Any], covered: bool) -> None:
    world.network("device.down", "olt-1")
    world.run_to(HOUR)
    world.command(CreateExclusion(plan(scope=ExclusionScope(**scope), end=us(2 * HOUR))))
    assert excluded(world, instance) == (2 * HOUR if covered else 0)
    assert world.sla.accounts[instance.id].status == ("compliant" if covered else "breached")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        pytest.param({"reason": " "}, ["reason"], id="no reason"),
        pytest.param({"scope": ExclusionScope()}, ["scope"], id="no scope"),
        pytest.param({"end": us(0)}, ["end_time"], id="empty"),
        pytest.param({"end": us(-1)}, ["end_time"], id="ends before it begins"),
        pytest.param({"start": -1}, ["start_time", "end_time"], id="before 1970"),
        pytest.param({"end": 1 << 60}, ["end_time", "end_time"], id="too late"),
        pytest.param({"end": us(4_000 * 86_400)}, ["end_time"], id="too long"),
        pytest.param({"time_zone": "Europe/Bonn"}, ["time_zone"], id="zone"),
        pytest.param({"rrule": "FREQ=HOURLY"}, ["rrule"], id="too often"),
        pytest.param({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, ["rrule"], id="never"),
        pytest.param({"rrule": "every day"}, ["rrule"], id="no rule"),
        pytest.param({"rrule": "FREQ=WEEKLY;BYDAY=SU"}, [], id="weekly"),
        pytest.param({"scope": ExclusionScope(instances=("SI9",))}, ["scope.instances[0]"], id="unknown instance"),
        pytest.param({"scope": ExclusionScope(definitions=("SD1", "SD9"))}, ["scope.definitions[1]"], id="definition"),
        pytest.param({"scope": ExclusionScope(services=("nobody",))}, [], id="a service that may come"),
    ],
)
def test_mistakes(world: SlaWorld, instance: SlaInstance, fields: dict[str, Any], found: list[str]) -> None:
    answer = world.command(CreateExclusion(plan(**fields)))
    assert [each.text.partition(":")[0] for each in answer.refusals] == found
    assert len(world.sla.exclusions) == (0 if found else 1)


def test_a_recurring_exclusion_counts_on_every_date(world: SlaWorld, instance: SlaInstance) -> None:
    # Sundays in March 2026 from 1 March 03:00 UTC on: the 1st, 8th, 15th, 22nd and 29th.
    world.command(CreateExclusion(plan(rrule="FREQ=WEEKLY;BYDAY=SU")))
    assert excluded(world, instance) == 5 * HOUR


def test_an_exclusion_of_a_definition_covers_the_periods_that_it_measures(world: SlaWorld) -> None:
    gold, silver = world.define("gold"), world.define("silver")
    instance = world.serve(gold, "svc-1")
    scope = ExclusionScope(definitions=(gold.id,))
    world.command(CreateExclusion(plan(scope=scope, end=us(40 * 24 * HOUR))))
    world.run_to(HOUR)
    world(Command(ADMIN, EditInstance(instance.id, InstanceEdited(definition_id=silver.id)), (), (), {}))
    moved = world.sla.instances.get(instance.id)
    assert moved is not None
    assert moved.definition_id == silver.id
    march = period_of(world.sla, moved, us(0))
    assert march is not None
    assert excluded(world, moved) == 40 * 24 * HOUR
    world.run_to((march.end - us(0)) // SECOND + HOUR)
    assert excluded(world, moved) == 0
    (closed,) = (each for each in world.closed if each.end == march.end)
    assert closed.excluded == march.end - us(0)
    facts = shares_of(world.sla, moved, march, march.end)
    assert facts is not None
    assert facts.excluded == closed.excluded


def test_walls_between_tenants(world: SlaWorld, instance: SlaInstance) -> None:
    everywhere = plan(tenant_id=None)
    assert [each.reason for each in world.command(CreateExclusion(everywhere), by=OF_T).refusals] == ["not_your_tenant"]
    assert [each.reason for each in world.command(CreateExclusion(plan()), by=OF_U).refusals] == ["not_your_tenant"]
    other = world.command(CreateExclusion(plan(tenant_id="u", scope=ExclusionScope(everything=True))), by=OF_U)
    assert excluded(world, instance) == 0
    hidden = plan(tenant_id="u", scope=ExclusionScope(instances=(instance.id,)))
    assert [each.text for each in world.command(CreateExclusion(hidden), by=OF_U).refusals] == [
        f"scope.instances[0]: there is no instance '{instance.id}'"
    ]
    assert [each.reason for each in world.command(WithdrawExclusion(other.accepted[0]), by=OF_T).refusals] == [
        "unknown_exclusion"
    ]
    shared = world.command(CreateExclusion(everywhere)).accepted[0]
    assert [each.reason for each in world.command(WithdrawExclusion(shared), by=OF_T).refusals] == ["not_your_tenant"]
    assert excluded(world, instance) == HOUR


def test_an_idempotency_key_and_an_expected_revision(world: SlaWorld, instance: SlaInstance) -> None:
    first = world.command(CreateExclusion(plan(key="ada/1")))
    again = world.command(CreateExclusion(plan(key="ada/1")))
    assert (again.accepted, again.duplicate, len(world.sla.exclusions)) == (first.accepted, True, 1)
    (name,) = first.accepted
    world(Command(ADMIN, WithdrawExclusion(name), (), (), {name: 2}))
    assert [each.reason for each in world.only(Answer).refusals] == ["wrong_revision"]


def test_withdrawn_exclusions_make_room(world: SlaWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.sla_clock.terms.exclusions.MOST_EXCLUSIONS", 2)
    first, _ = (world.command(CreateExclusion(plan(key=f"k{number}"))).accepted[0] for number in range(2))
    assert [each.reason for each in world.command(CreateExclusion(plan())).refusals] == ["limit"]
    world.command(WithdrawExclusion(first))
    made = world.command(CreateExclusion(plan())).accepted[0]
    assert first not in world.sla.exclusions
    assert made in world.sla.exclusions
    assert len(world.sla.keys) == 1

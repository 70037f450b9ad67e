"""Measurements through all stages: violations, late ones, refused ones. Times in seconds after the start of a World."""

from typing import Any

import pytest
from msgspec.structs import replace
from vocabulary.sla import SlaWorld, us

from protocols.change import Answer
from protocols.principal import Principal
from protocols.sla.actions import AddMeasurements
from protocols.sla.changes import SlaMeasured
from protocols.sla.local_time import SECOND
from protocols.sla.measurement import ServiceMeasurement
from protocols.sla.performance_rule import PerformanceRule

MINUTE = 60
LATENCY = PerformanceRule("latency", 20_000, MINUTE * SECOND, 3 * MINUTE * SECOND)
"""More than 20 ms for three minutes."""
SPEED = PerformanceRule("bandwidth", 50_000_000, MINUTE * SECOND, 2 * MINUTE * SECOND)
TERMS: dict[str, Any] = {"availability_target": None, "performance": (LATENCY, SPEED)}


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> SlaWorld:
    world = SlaWorld()
    world.restarts = request.param
    return world


def measure(world: SlaWorld, *values: tuple[float, int], by: Principal | None = None, **fields: Any) -> Answer:
    """Latency of svc-1 at these seconds, in microseconds."""
    fields = {"service_id": "svc-1", **fields}
    items = tuple(ServiceMeasurement(at=us(at), latency=value, **fields) for at, value in values)
    return world.command(AddMeasurements("t", items), by=by)


def test_a_sustained_violation_breaches_from_its_first_interval_and_ends_with_the_first_good_one(world: SlaWorld) -> None:
    instance = world.serve(world.define(**TERMS), "svc-1")
    for minute in range(3):
        assert not world.breaches
        world.at(MINUTE * minute + 30)
        measure(world, (MINUTE * minute + 30, 20_001 + minute))
    (breach,) = world.breaches.values()
    assert (breach.type, breach.start, breach.end, breach.resolved) == ("latency", us(0), None, False)
    assert (breach.target, breach.actual) == (20_000, 20_003)
    assert world.sla.accounts[instance.id].breaches == (breach.id,)
    assert world.notices == [("breach_opened", instance.id)]
    for minute in range(3, 6):
        world.at(MINUTE * minute + 30)
        measure(world, (MINUTE * minute + 30, 20_000))
    (breach,) = world.breaches.values()
    assert (breach.end, breach.resolved) == (us(3 * MINUTE), True)
    assert world.notices[-1] == ("breach_resolved", instance.id)
    summaries = [each.summary for each in world.history if isinstance(each, SlaMeasured)]
    assert [(each.start, each.end, each.worst) for each in summaries] == [
        (us(0), None, 20_003),
        (us(0), us(3 * MINUTE), 20_003),
    ]


def test_short_spikes_and_the_limit_itself_breach_nothing(world: SlaWorld) -> None:
    world.serve(world.define(**TERMS), "svc-1")
    world.at(3600)
    measure(world, (30, 99_000), (90, 99_000), (150, 20_000), (210, 99_000), (270, 99_000))
    assert not world.breaches


def test_a_late_measurement_joins_two_violations(world: SlaWorld) -> None:
    world.serve(world.define(**TERMS), "svc-1")
    world.at(3600)
    bad = [30, 90, 150, 390, 450, 510]
    measure(
        world, *((at, 30_000) for at in bad[:3]), *((at, 1_000) for at in (210, 270, 330)), *((at, 40_000) for at in bad[3:])
    )
    first, second = world.breaches.values()
    assert (first.start, first.end, second.start, second.end) == (us(0), us(180), us(360), None)
    measure(world, (215, 50_000))
    first, second = world.breaches.values()
    assert (first.start, first.end, first.resolved, first.actual) == (us(0), None, False, 50_000)
    assert second.withdrawn
    assert first.id in second.reason


def test_less_bandwidth_is_worse(world: SlaWorld) -> None:
    world.serve(world.define(**TERMS), "svc-1")
    world.at(120)
    items = tuple(ServiceMeasurement(resource_id="svc-1", at=us(at), bandwidth=49_999_999) for at in (10, 70))
    assert world.command(AddMeasurements("t", items)).accepted
    (breach,) = world.breaches.values()
    assert (breach.type, breach.target, breach.actual) == ("bandwidth", 50_000_000, 49_999_999)


def test_every_item_is_taken_or_refused_with_its_field(world: SlaWorld) -> None:
    instance = world.serve(world.define(**TERMS), "svc-1")
    world.at(100_000)
    at = us(99_000)
    items = (
        ServiceMeasurement(service_id="svc-1", at=us(100_061), latency=1),
        ServiceMeasurement(service_id="svc-1", at=us(100_000 - 86_401), latency=1),
        ServiceMeasurement(service_id="svc-1", at=at, latency=-1),
        ServiceMeasurement(service_id="svc-1", at=at, packet_loss=1_000_001),
        ServiceMeasurement(service_id="svc-1", at=at),
        ServiceMeasurement(service_id="svc-1", resource_id="svc-1", at=at, latency=1),
        ServiceMeasurement(service_id="svc-7", at=at, latency=1),
        ServiceMeasurement(resource_id="olt-7", at=at, latency=1),
        ServiceMeasurement(service_id="svc-1", at=at, latency=1),
    )
    answer = world.command(AddMeasurements("t", items))
    assert [(each.alarm_id, each.text.partition(": ")[2]) for each in answer.refusals] == [
        ("/items/0/at", "2026-03-02T06:47:41+00:00 is in the future"),
        ("/items/1/at", "2026-03-01T06:46:39+00:00 is more than 24 hours ago"),
        ("/items/2/latency_ms", "must not be negative"),
        ("/items/3/packet_loss_percent", "must be at most 100"),
        ("/items/4/latency_ms", "give at least one of latency_ms, packet_loss_percent, bandwidth_mbps"),
        ("/items/5/service_id", "give service_id or resource_id, and not both"),
        ("/items/6/service_id", "no SLA instance of service 'svc-7' at that time"),
        ("/items/7/resource_id", "no SLA instance of resource 'olt-7' at that time"),
    ]
    assert world.sla.performance[instance.id, "latency"].state.good
    if not world.restarts:
        assert world.sla.measured == {"future": 1, "late": 1, "invalid": 4, "unknown": 2, "taken": 1}


def test_a_service_of_another_tenant_is_unknown(world: SlaWorld) -> None:
    world.serve(world.define(**TERMS), "svc-1", tenant_id="north")
    world.at(100)
    (refusal,) = measure(world, (50, 1)).refusals
    assert refusal.text == "items[0].service_id: no SLA instance of service 'svc-1' at that time"
    (refusal,) = measure(world, (50, 1), by=Principal("eve", "operator", "north")).refusals
    assert refusal.reason == "not_your_tenant"


def test_old_measurements_are_settled_and_leave_nothing_behind(world: SlaWorld) -> None:
    instance = world.serve(world.define(**TERMS), "svc-1")
    world.at(300)
    measure(world, *((at, 30_000) for at in (30, 90, 150)), *((at, 1_000) for at in (210, 270)))
    world.run_to(2 * 86_400)
    record = world.sla.performance[instance.id, "latency"]
    assert (record.state.bad, record.state.since) == ((), us(0) // (MINUTE * SECOND))
    assert [each for _, each in record.breaches] == list(world.breaches)
    now = 2 * 86_400
    measure(world, *((now - at, 1_000) for at in (30, 90, 150)))
    (breach,) = world.breaches.values()
    assert breach.resolved
    world.run_to(5 * 86_400)
    assert not world.sla.performance


def test_a_suspended_instance_is_not_breached(world: SlaWorld) -> None:
    world.serve(world.define(**TERMS), "svc-1", suspended=True)
    world.at(300)
    measure(world, *((at, 30_000) for at in (30, 90, 150)))
    assert not world.breaches


def test_a_violation_over_the_end_of_a_period_belongs_to_the_one_in_which_it_began(world: SlaWorld) -> None:
    world.serve(world.define(**TERMS), "svc-1")
    april = 31 * 86_400 - 3 * 3600
    world.at(april - 100)
    measure(world, (april - 90, 30_000))
    world.run_to(april + 200)
    measure(world, (april - 30, 30_000), (april + 30, 30_000), (april + 90, 30_000))
    (breach,) = world.breaches.values()
    assert (breach.start, breach.period_start) == (us(april - 120), us(-3 * 3600))
    first, second = world.closed
    assert (first.breaches, second.breaches, second.revision) == (0, 1, 2)


def test_another_limit_ends_the_breach_of_the_former_one(world: SlaWorld) -> None:
    instance = world.serve(world.define(**TERMS), "svc-1")
    april = 31 * 86_400 - 3 * 3600
    world.at(april - 600)
    measure(world, *((april - at, 30_000) for at in (30 + 660, 30 + 720, 30 + 780)))
    (version,) = world.sla.definitions["SD1"]
    lenient = replace(LATENCY, limit=40_000)
    terms = replace(version.terms, performance=(lenient,))
    world.sla.definitions["SD1"] = (version, replace(version, version=2, since=world.now, terms=terms))
    world.run_to(april + 60)
    measure(world, (april + 30, 30_000))
    (breach,) = world.breaches.values()
    assert (breach.resolved, breach.end) == (True, us(april + 60))
    assert breach.reason.endswith("ended: the limit changed")
    assert world.sla.performance[instance.id, "latency"].rule == lenient


def test_a_measurement_outside_of_the_contract_is_refused(world: SlaWorld) -> None:
    world.serve(world.define(**TERMS), "svc-1", start=us(100), end=us(200))
    world.at(300)
    answer = measure(world, (99, 1), (100, 1), (199, 1), (200, 1))
    assert [each.alarm_id for each in answer.refusals] == ["/items/0/service_id", "/items/3/service_id"]


def test_the_end_of_the_contract_ends_a_violation(world: SlaWorld) -> None:
    april = 31 * 86_400 - 3 * 3600
    world.serve(world.define(**TERMS), "svc-1", end=us(april - 600))
    world.at(april - 700)
    measure(world, *((april - at, 30_000) for at in (30 + 720, 30 + 780, 30 + 840)))
    (breach,) = world.breaches.values()
    assert not breach.resolved
    world.run_to(april + 10)
    (breach,) = world.breaches.values()
    assert (breach.end, breach.resolved) == (us(april - 600), True)

"""A feeder cut over 128 services, which the correlator finds from the reports of single ONTs: one cause, 128 breaches."""

from collections.abc import Iterator
from typing import Any

from vocabulary.outages import Olt
from vocabulary.sla import SlaWorld, us
from vocabulary.world import moment

from protocols.alarm import Alarm
from protocols.command import Acknowledge
from protocols.sla.breach import SlaBreach
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND
from protocols.topology import Node

LEGS, ONTS = 4, 32
HOUR = 3600
TERMS: dict[str, Any] = {
    "availability_target": None,
    "response": {"critical": 900 * SECOND},
    "resolution": {"critical": HOUR * SECOND},
}


def feeder() -> Iterator[Node]:
    """One PON port with 128 ONTs behind two stages of splitters."""
    yield Node(id="olt", type="olt", name="Mill Lane", address="192.0.2.1")
    yield Node(id="olt/1", type="card", parents=("olt",))
    yield Node(id="olt/1/0", type="pon", parents=("olt/1",), name="PON 0")
    yield Node(id="olt/1/0/s", type="splitter", parents=("olt/1/0",))
    for leg in range(LEGS):
        yield Node(id=f"olt/1/0/s.{leg}", type="splitter", parents=("olt/1/0/s",))
        for number in range(ONTS):
            ont = leg * ONTS + number
            yield Node(id=f"olt/1/0/{ont}", type="ont", parents=(f"olt/1/0/s.{leg}",), customer_id=f"C{ont}")


ALL = [f"olt/1/0/{ont}" for ont in range(LEGS * ONTS)]


def cut_feeder() -> tuple[Olt, dict[str, SlaInstance], Alarm]:
    """The plant after the reports of all ONTs, its instances by resource, and the cause."""
    nodes = tuple(feeder())
    world = SlaWorld(nodes=nodes)
    definition = world.define(**TERMS)
    served = {
        ont: world.serve(definition, f"S{number}", ont, customer_id=f"C{number}", tenant_id="default")
        for number, ont in enumerate(ALL)
    }
    olt = Olt(world, nodes)
    olt.reports("ont.los", *ALL)
    olt.waits(30)
    (cause,) = world.of_type("fibre.cut")
    return olt, served, cause


def breaches_of(world: Any, kind: str) -> dict[str, SlaBreach]:
    """By instance."""
    return {each.instance_id: each for each in world.breaches.values() if each.type == kind}


def test_a_feeder_cut_breaches_each_service_with_the_one_cause_linked_from_all() -> None:
    olt, served, cause = cut_feeder()
    world = olt.world
    assert isinstance(world, SlaWorld)
    world.restart()
    world.run_to(HOUR + 10)
    response, resolution = breaches_of(world, "response_time"), breaches_of(world, "resolution_time")
    assert len(response) == len(resolution) == len(served) == 128
    assert len(world.breaches) == 256
    for number, ont in enumerate(ALL):
        first = us(number * 0.003)
        (own,) = (alarm for alarm in world.alarms if (alarm.alarm_type, alarm.resource_id) == ("ont.los", ont))
        for found, limit in ((response, 900), (resolution, HOUR)):
            breach = found[served[ont].id]
            assert (breach.alarm_id, breach.alarm_name) == (cause.id, cause.alarm_id)
            assert breach.alarms == (cause.id, own.id)
            assert breach.start == first + limit * SECOND + 1
    kinds = [kind for kind, _ in world.notices]
    assert (kinds.count("breach_opened"), kinds.count("escalation"), kinds.count("at_risk")) == (256, 128, 256)


def test_one_acknowledgement_of_the_cause_answers_all_customers_and_each_repair_ends_its_own() -> None:
    olt, served, cause = cut_feeder()
    world = olt.world
    assert isinstance(world, SlaWorld)
    world.at(120).command(Acknowledge(), cause.id)
    world.run_to(1800)
    olt.seconds = 1800
    olt.clears("ont.los", *ALL[:100])
    world.run_to(2 * HOUR)
    assert not breaches_of(world, "response_time")
    late = breaches_of(world, "resolution_time")
    assert sorted(late) == sorted(served[ont].id for ont in ALL[100:])
    # A quarter of its ONTs is still out: the cause that was acknowledged lasts.
    (alarm_id,) = {each.alarm_id for each in late.values()}
    assert alarm_id == cause.id
    assert (world.get(alarm_id).cleared_at, world.get(alarm_id).acknowledged_at) == (None, moment(120))


def test_a_withdrawn_conclusion_leaves_each_customer_with_the_own_alarm_and_what_was_acknowledged() -> None:
    olt, served, cause = cut_feeder()
    world = olt.world
    assert isinstance(world, SlaWorld)
    world.at(120).command(Acknowledge(), cause.id)
    world.run_to(HOUR + 10)
    before = breaches_of(world, "resolution_time")
    # Ports that come back one by one contradict the cut, or end it: what is still dark goes on.
    olt.seconds = HOUR + 10
    olt.clears("ont.los", *ALL[:127])
    olt.waits(1200)
    (own,) = (alarm for alarm in world.alarms if alarm.resource_id == ALL[127] and alarm.cleared_at is None)
    assert own.parent_alarm_id is None
    after = breaches_of(world, "resolution_time")
    left = after[served[ALL[127]].id]
    assert left.id == before[served[ALL[127]].id].id
    assert (left.resolved, left.withdrawn, left.alarm_id, left.start) == (
        False,
        False,
        own.id,
        before[served[ALL[127]].id].start,
    )
    assert not breaches_of(world, "response_time")
    assert sum(each.resolved for each in after.values()) == 127

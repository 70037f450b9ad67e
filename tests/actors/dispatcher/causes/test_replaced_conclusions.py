"""A conclusion that was told is withdrawn, since another cause explains its evidence: its page says so, its ticket goes on.
Times in seconds."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from vocabulary.dispatch_world import HOLD, mail
from vocabulary.ticket_world import TICKET, TicketWorld

from protocols.alarm import Alarm
from protocols.command import Resolve
from protocols.event import PolicyLoaded
from protocols.topology import Node

PORT = "olt-0/1"
ONTS = [f"{PORT}/{number}" for number in range(20)]


def plant() -> list[Node]:
    return [
        Node(id="olt-0", type="olt", tenant="t"),
        Node(id=PORT, type="pon", parents=("olt-0",), tenant="t"),
        *(Node(id=ont, type="ont", parents=(PORT,), tenant="t", customer_id=f"C-{ont}", service_id=f"S-{ont}") for ont in ONTS),
    ]


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> TicketWorld:
    """The feeder of a port is cut: one page and one ticket."""
    world = TicketWorld(HOLD, plant())
    world.restarts = request.param
    return world


def cut(world: TicketWorld) -> Alarm:
    """The conclusion, told."""
    for number, ont in enumerate(ONTS):
        world.run_to(number * 0.01)
        world.raise_alarm("ont.los", ont)
    world.run_to(20)
    (found,) = [each for each in world.alarms if each.alarm_type == "fibre.cut"]
    return found


def pages(world: TicketWorld) -> list[tuple[int, str, str, Any, Any]]:
    """Second, kind, alarm type, and what each says of other alarms."""
    found = []
    for (seconds, kind, _), each in zip(world.said, world.sent, strict=True):
        (cause,) = each.facts["causes"]
        found.append((int(seconds), kind, cause["alarm_type"], cause.get("goes_on_as"), cause.get("explains")))
    return found


def test_its_page_names_the_new_cause_whose_page_names_it_and_which_has_its_ticket(world: TicketWorld) -> None:
    world.policy("all", mail(), TICKET)
    concluded = cut(world)
    assert [kind for _, kind, _ in world.desk()] == ["create"]
    world.network("device.down", "olt-0")
    world.tick()
    world.run_to(60)
    (down,) = [each for each in world.alarms if each.alarm_type == "device.down"]
    assert pages(world) == [
        (5, "raised", "fibre.cut", None, None),
        (20, "recovered", "fibre.cut", f"{down.alarm_id} olt-0 is down", None),
        (25, "raised", "device.down", None, [concluded.alarm_id]),
    ]
    assert world.sent[1].reason.startswith("olt-0 is gone (device.down): that explains it")
    assert world.ticket.subject == f"alarm:{down.id}"
    assert world.ticket.alarm_ids == (down.id, concluded.id)
    assert [kind for _, kind, _ in world.desk()] == ["link"]
    world.network("device.up", "olt-0")
    world.run_to(200)
    assert [each[:3] for each in pages(world)[3:]] == [(60, "recovered", "device.down")]
    assert world.desk()[-1][1] == "close"


def test_a_new_cause_that_is_over_before_its_hold_leaves_no_ticket_open(world: TicketWorld) -> None:
    world.policy("all", mail(), TICKET)
    cut(world)
    world.desk()
    world.network("device.down", "olt-0")
    world.tick()
    world.run_to(22)
    for alarm in [each for each in world.alarms if each.cleared_at is None]:
        world.command(Resolve(), alarm.id)
    world.run_to(79)
    assert world.desk() == []
    world.run_to(90)
    (task,) = world.desk()
    assert task == ("D1", "close", "Over: olt-0 is gone (device.down): that explains it")
    assert [each[:3] for each in pages(world)] == [(5, "raised", "fibre.cut"), (20, "recovered", "fibre.cut")]
    assert not world.dispatch.tickets_for


def test_a_new_cause_that_had_a_ticket_before_goes_on_with_the_open_one(world: TicketWorld) -> None:
    """The OLT was down and back, and has settled: its ticket is closed when the conclusion gets one."""
    world(PolicyLoaded("q", msgspec.msgpack.encode(replace(HOLD, reopen_within_seconds=2_000))))
    world.policy("all", mail(), TICKET)
    world.network("device.down", "olt-0")
    world.run_to(10)
    world.network("device.up", "olt-0")
    world.run_to(700)
    start = world.seconds
    for number, ont in enumerate(ONTS):
        world.run_to(start + number * 0.01)
        world.raise_alarm("ont.los", ont)
    world.run_to(740)
    world.desk()
    world.network("device.down", "olt-0")
    world.tick()
    world.run_to(820)
    world.desk()
    assert [each.state for each in world.tickets] == ["closed", "open"]
    assert world.tickets[1].subject == next(f"alarm:{each.id}" for each in world.alarms if each.alarm_type == "device.down")


def test_without_tickets_the_page_of_the_new_cause_names_it_too(world: TicketWorld) -> None:
    world.policy("all", mail())
    concluded = cut(world)
    world.network("device.down", "olt-0")
    world.tick()
    world.run_to(60)
    assert pages(world)[-1] == (25, "raised", "device.down", None, [concluded.alarm_id])
    assert world.tickets == []

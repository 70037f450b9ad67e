"""People who were told out of a ledger that is lost: they hear the end all the same. Times in seconds; the restore is at 0."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from vocabulary.agreement_world import AgreementWorld
from vocabulary.dispatch_world import mail
from vocabulary.sla import plan_window
from vocabulary.ticket_world import outcome_of
from vocabulary.ticketing import ticket
from vocabulary.world import ADMIN, START

from actors.dispatcher.cause import DispatchSubject, WantedTicket
from actors.dispatcher.outlook import outlook_of
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.own import stand_alone
from protocols.command import CancelWindow
from protocols.dispatch.changes import NotificationChanged, TicketUpdated
from protocols.dispatch.lost_alarm import LostAlarm
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.outcomes import TicketChanged
from protocols.dispatch.ticket import Ticket
from protocols.event import DispatchDataRestored
from protocols.sla.local_time import instant_at

OLD = "11111111-0000-4000-8000-000000000001"
KEY = f"alarm:{OLD}"
ANN, BEN = "ann@example.net", "ben@example.net"
LOST = LostAlarm(
    id=OLD,
    alarm_id="A17",
    tenant_id="t",
    alarm_type="device.down",
    severity="critical",
    title="olt-1 is down",
    resource_type="olt",
    resource_id="olt-1",
)


def told(number: int, to: str, *subjects: str, over: tuple[str, ...] = (), **fields: Any) -> DispatchedNotification:
    """A notification of the lost ledger that was sent."""
    sent = DispatchedNotification(
        id=f"N{number}",
        tenant_id="t",
        subject=subjects[0],
        channel="email",
        to=to,
        address=to,
        kind="raised",
        policy="file:all",
        facts={"subjects": list(subjects), "over": list(over), "causes": [{"subject": subjects[0], "title": "told"}]},
        thread=f"N{number}",
        created_at=START - timedelta(hours=1) + timedelta(seconds=number),
        status="sent",
    )
    return replace(sent, **fields)


@pytest.fixture(params=[False, True], ids=["", "restarts"])
def world(request: pytest.FixtureRequest) -> AgreementWorld:
    world = AgreementWorld()
    world.restarts = request.param
    return world


def restore(world: AgreementWorld, *notifications: DispatchedNotification, lost: tuple[LostAlarm, ...] = (LOST,)) -> None:
    """The restore, and a start with a policy that tells Ann and Ben."""
    world(DispatchDataRestored("old", lost=lost))
    world(DispatchDataRestored("old", tuple(NotificationChanged(0, each) for each in notifications)))
    world.policy("all", mail(ANN), mail(BEN), match={"subject": "alarm"})


def test_a_problem_that_is_reported_again_pages_nobody_twice_and_its_end_is_told_to_all(world: AgreementWorld) -> None:
    restore(world, told(1, ANN, KEY), told(2, ANN, KEY, kind="reminder", thread="N1"))
    world.at(100).network("device.down", "olt-1")
    world.run_to(5000)
    assert [each[:3] for each in world.said if each[0] > 0] == [(105, "raised", BEN)]
    assert any(
        "goes on from alarm A17 of a ledger that was lost; told of that one: email to " + ANN in each for each in world.notes
    )
    assert any(each == f"email to {ANN}: was told already by N2" for each in world.notes)
    world.network("device.up", "olt-1")
    world.run_to(5010)
    ends = world.sent[-2:]
    assert {(each.kind, each.address) for each in ends} == {("recovered", ANN), ("recovered", BEN)}
    assert next(each for each in ends if each.address == ANN).thread == "N1"
    assert world.dispatch.lost == {}


def test_those_told_of_a_problem_that_nothing_reports_hear_that_faultd_does_not_know(world: AgreementWorld) -> None:
    restore(world, told(1, ANN, KEY), told(2, BEN, KEY), told(3, BEN, KEY, over=(KEY,), kind="recovered"))
    world.run_to(3599)
    assert world.said[3:] == []
    world.run_to(3700)
    assert world.said[3:] == [(3600, "recovered", ANN)]
    last = world.sent[-1]
    assert (last.thread, last.alarm_ids) == ("N1", (OLD,))
    (cause,) = last.facts["causes"]
    assert (cause["lost"], cause["alarm_id"], cause["title"], cause["severity"]) == (True, "A17", "olt-1 is down", "critical")
    assert last.reason == (
        "the ledger was lost, and a new one began at 2026-03-01 03:00:00 UTC; no report of it has come since, so faultd cannot "
        "say whether it is over; was told by N1"
    )
    world.run_to(200_000)
    assert KEY not in world.dispatch.subjects
    assert "N1" not in world.dispatch.notifications


def test_one_that_comes_back_and_ends_before_its_hold_has_ended(world: AgreementWorld) -> None:
    restore(world, told(1, ANN, KEY))
    world.at(100).network("device.down", "olt-1")
    world.run_to(102)
    world.network("device.up", "olt-1")
    world.run_to(9000)
    assert [each[1:] for each in world.said[1:]] == [("recovered", ANN)]
    (cause,) = world.sent[-1].facts["causes"]
    assert "lost" not in cause


def test_another_problem_of_the_same_device_does_not_stand_for_it(world: AgreementWorld) -> None:
    restore(world, told(1, ANN, KEY))
    world.at(100).network("device.degraded", "olt-1")
    world.run_to(9000)
    assert ("recovered", ANN) in [each[1:] for each in world.said if each[0] == 3600]


def test_a_page_that_still_waited_counts_once_it_has_arrived(world: AgreementWorld) -> None:
    waits = told(1, ANN, KEY, status="pending")
    restore(world, waits)
    world.at(10).arrives(waits)
    outlook = outlook_of(world.dispatch, KEY)
    assert outlook is not None
    assert outlook.owed == (f"email to {ANN}",)
    world.run_to(3700)
    assert [each[1:] for each in world.said[1:]] == [("recovered", ANN)]


def test_who_was_told_of_a_breach_hears_when_it_is_resolved(world: AgreementWorld) -> None:
    instance = world.serve(world.define(), "svc-1")
    key = f"sla:{instance.id}"
    restore(world, told(1, ANN, key, kind="breach_opened", breach_id="SB9", instance_id=instance.id), lost=())
    subject = world.dispatch.subjects[key]
    assert (subject.breaches, [each.address for each in subject.told]) == (("SB9",), [ANN])


def test_customers_are_not_told_of_planned_work_twice_and_hear_that_it_is_cancelled(world: AgreementWorld) -> None:
    window = plan_window(world, 20 * 3600, 21 * 3600, "olt-1/1/1")
    customer = world.contact("Customer 1", ("email", "c1@example.net"), customer_id="c-svc-1")
    told_before = told(1, customer, f"window:{window}", kind="maintenance", address="c1@example.net")
    restore(world, told_before, lost=())
    world.policy("customers", {"channel": "email", "to": "customer"}, match={"subject": "maintenance"})
    world.run_to(3600)
    assert world.said[1:] == []
    world.command(CancelWindow(window), by=ADMIN)
    assert [each[1:] for each in world.said[1:]] == [("maintenance", "c1@example.net")]
    assert "cancelled" in world.sent[-1].reason


def lost_ticket(world: AgreementWorld, *notifications: DispatchedNotification) -> None:
    """The restore of an open ticket, and a start with a policy that wants one."""
    wanted = ticket(900, subject=KEY, alarm_ids=(OLD,), key="17", state="open", tasks=(), tenant_id="t")
    world(DispatchDataRestored("old", lost=(LOST,)))
    world(DispatchDataRestored("old", (TicketUpdated(0, wanted), *(NotificationChanged(0, each) for each in notifications))))
    world.policy("all", {"ticket": {}}, match={"subject": "alarm"})


def the_ticket(world: AgreementWorld) -> Ticket:
    (found,) = world.dispatch.tickets.values()
    return found


def test_a_problem_that_is_reported_again_takes_its_ticket(world: AgreementWorld) -> None:
    lost_ticket(world)
    world.at(100).network("device.down", "olt-1")
    world.run_to(200)
    (alarm,) = (each for each in world.alarms if each.alarm_type == "device.down")
    found = the_ticket(world)
    assert (found.key, found.subject, found.alarm_ids) == ("17", f"alarm:{alarm.id}", (alarm.id, OLD))
    assert found.tasks[0].text.startswith(f"Goes on as alarm {alarm.alarm_id}: faultd lost its ledger")
    assert "create" not in [each.kind for each in found.tasks]
    world(outcome_of(found, found.tasks[0]))
    assert world.get(alarm.id).ticket_id == "17"
    world.network("device.up", "olt-1")
    world.run_to(300)
    assert the_ticket(world).tasks[-1].kind == "close"


def test_a_problem_that_comes_back_and_ends_before_its_hold_closes_the_ticket(world: AgreementWorld) -> None:
    lost_ticket(world)
    world.at(100).network("device.down", "olt-1")
    world.run_to(102)
    world.network("device.up", "olt-1")
    world.run_to(200)
    assert [each.kind for each in the_ticket(world).tasks] == ["close"]


def test_a_ticket_of_a_problem_that_nothing_reports_is_for_a_person(world: AgreementWorld) -> None:
    lost_ticket(world)
    world.run_to(3_700)
    (task,) = the_ticket(world).tasks
    assert (task.kind, task.text.endswith("A person is to close this ticket")) == ("comment", True)
    assert any("ticket 17 stays open until a person closes it" in each for each in world.notes)
    world.run_to(200_000)
    found = the_ticket(world)
    world(TicketChanged(ticket_id=found.id, tenant_id="t", task=task.number, key="17"))
    world(TicketChanged(ticket_id=found.id, tenant_id="t", key="17", state="closed", author="bob", remote_id="r"))
    assert not world.dispatch.tickets


def test_an_agreement_goes_on_with_its_own_ticket(world: AgreementWorld) -> None:
    instance = world.serve(world.define(), "svc-1")
    key = f"sla:{instance.id}"
    wanted = ticket(900, subject=key, alarm_ids=(), key="17", state="open", tasks=(), tenant_id="t")
    world(DispatchDataRestored("old", (TicketUpdated(0, wanted),)))
    run = DispatchRun(world.dispatch, 999, world.now, instant_at(world.now))
    run.put_subject(DispatchSubject(key=key, tenant_id="t", since=0, wanted_ticket=WantedTicket("file:all")))
    stand_alone(run, key)
    assert world.dispatch.subjects[key].ticket_id == "TK900"
    assert list(world.dispatch.tickets) == ["TK900"]
    assert world.dispatch.restored_tickets == {}

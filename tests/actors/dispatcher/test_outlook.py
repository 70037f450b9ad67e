"""The outlook of a cause: what is still to come, and who is owed its end. In seconds."""

from vocabulary.dispatch_world import DispatchWorld, mail
from vocabulary.world import moment

from actors.dispatcher.view import DispatchCatalogue
from protocols.dispatch.view import DispatchOutlook

NOC = "noc@example.net"


def outlook(world: DispatchWorld) -> DispatchOutlook:
    found = DispatchCatalogue(lambda: world.dispatch).outlook(world.alarms[0].id)
    assert found is not None
    return found


def planned(world: DispatchWorld) -> list[tuple[float | None, str]]:
    start = moment(0)
    return [(None if each.at is None else (each.at - start).total_seconds(), each.text) for each in outlook(world).planned]


def test_the_first_message_a_reminder_and_the_end() -> None:
    world = DispatchWorld()
    world.policy("all", mail(), group_wait=30, repeat_interval=600)
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    assert planned(world) == [(35, f"raised by email to {NOC}")]
    assert outlook(world).owed == ()
    world.run_to(40)
    assert planned(world) == [(635, f"reminder by email to {NOC}")]
    assert outlook(world).owed == (f"email to {NOC}",)
    world.acknowledge(world.alarms[0].id)
    held = "ada has acknowledged it"
    assert planned(world) == [(None, f"reminder by email to {NOC}; held back now: {held}")]
    assert outlook(world).held_by == held
    world.at(100).network("device.up", "olt-1")
    assert (outlook(world).open, planned(world), outlook(world).owed) == (False, [], ())


def test_no_reminder_is_planned_by_a_repeat_interval_of_0() -> None:
    world = DispatchWorld()
    world.policy("all", mail(), repeat_interval=0)
    world.at(0).network("device.down", "olt-1")
    world.run_to(10)
    assert (planned(world), outlook(world).owed) == ([], (f"email to {NOC}",))


def test_the_next_step_of_an_escalation() -> None:
    world = DispatchWorld()
    steps = [
        {"after_seconds": 300, "to": NOC, "channel": "email"},
        {"after_seconds": 900, "to": "boss@example.net", "channel": "email", "until": "resolved"},
    ]
    world.policy("up", {"escalate": steps})
    world.at(0).network("device.down", "olt-1")
    world.run_to(6)
    first = f"step 1 of the escalation, unless acknowledged: email to {NOC}"
    second = "step 2 of the escalation, unless resolved: email to boss@example.net"
    assert planned(world) == [(305, first)]
    world.run_to(310)
    assert planned(world) == [(905, second)]
    world.run_to(910)
    assert planned(world) == []


def test_an_alarm_of_which_nobody_hears_has_none() -> None:
    world = DispatchWorld()
    world.at(0).network("device.down", "olt-1")
    assert DispatchCatalogue(lambda: world.dispatch).outlook(world.alarms[0].id) is None

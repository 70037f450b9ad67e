"""The stage as a whole: what it costs nobody, what a failure leaves, and a storm of alarms of few causes."""

from collections import Counter
from typing import Any
from unittest.mock import patch

import pytest
from vocabulary.dispatch_world import HOLD, DispatchWorld, mail, text
from vocabulary.ticket_world import TICKET, TicketWorld
from vocabulary.world import OPERATOR

import actors.dispatcher.causes.subjects as subjects_module
import actors.dispatcher.stage as stage_module
from actors.dispatcher.fold import concerns_nobody, fold_event
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.tasks import is_live
from protocols.change import AlarmChanged, Change
from protocols.command import Clear, Command
from protocols.event import Event, NetworkEvent, Tick
from protocols.sla.local_time import instant_at
from protocols.topology import Node

OLTS, ONTS = 40, 124


def _storm_plant() -> list[Node]:
    nodes = []
    for olt in range(OLTS):
        nodes.append(Node(id=f"olt-{olt}", type="olt", tenant="t"))
        nodes.append(Node(id=f"olt-{olt}/1", type="pon", parents=(f"olt-{olt}",), tenant="t"))
        for ont in range(ONTS):
            node = Node(id=f"olt-{olt}/1/{ont}", type="ont", parents=(f"olt-{olt}/1",), tenant="t", customer_id=f"C{olt}-{ont}")
            nodes.append(node)
    return nodes


@pytest.mark.parametrize("late", [0, 20])
def test_five_thousand_alarms_of_forty_causes_are_forty_tickets_and_few_messages_a_person(late: int) -> None:
    """All ONTs of 40 OLTs within a minute. ``late``: of every second OLT it becomes known only so many seconds after its page
    and its ticket that it is the OLT, and not the feeder fibre of its port."""
    world = TicketWorld(HOLD, _storm_plant())
    world.contact("Ann", ("email", "ann@example.net"), ("sms", "+491511111111"))
    world.policy("all", mail("Ann"), text("Ann"), TICKET)
    losses = [(olt * 1.5 + ont * 0.01, f"olt-{olt}/1/{ont}") for olt in range(OLTS) for ont in range(ONTS)]
    downs = [(olt * 1.5 + 1.3 + late * (olt % 2), f"olt-{olt}") for olt in range(OLTS)]
    for seconds, resource in sorted(losses + downs):
        world.run_to(seconds)
        if "/" in resource:
            world.raise_alarm("ont.los", resource)
        else:
            world.network("device.down", resource)
    world.run_to(300)
    open_alarms = [alarm for alarm in world.alarms if alarm.cleared_at is None]
    roots = [alarm for alarm in open_alarms if alarm.parent_alarm_id is None]
    assert (len(open_alarms), len(roots)) == (OLTS * (ONTS + 1), OLTS)
    assert Counter(each.alarm_type for each in roots) == {"device.down": OLTS}
    counted = Counter(each.channel for each in world.sent)
    assert counted["email"] <= 10
    assert counted["sms"] <= 3
    assert len(world.tickets) == OLTS
    assert {each.subject for each in world.tickets if is_live(each)} == {f"alarm:{alarm.id}" for alarm in roots}
    world.run_to(700)
    for channel in ("email", "sms"):
        told = {key for each in world.sent if each.channel == channel for key in each.facts["subjects"]}
        assert told >= {f"alarm:{alarm.id}" for alarm in roots}


def test_an_alarm_of_no_subject_is_not_looked_at_twice() -> None:
    world = DispatchWorld()
    world.policy("all", mail())
    world.at(0).network("device.down", "olt-1")
    now = instant_at(world.now)
    changes = world.all(AlarmChanged)
    assert concerns_nobody(world.dispatch, (Tick(),), now, changes)
    world.run_to(10)
    assert not concerns_nobody(world.dispatch, (Tick(),), instant_at(world.now), changes)
    assert not concerns_nobody(world.dispatch, (Command(OPERATOR, Clear(), ()),), instant_at(world.now), ())


def test_an_event_that_fails_leaves_the_state_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    world = DispatchWorld()
    world.policy("all", mail(), group_wait=3)
    world.contact("Ann", ("email", "ann@example.net"))
    fold = fold_event
    failed: list[Any] = []

    def failing(run: Any, event: Event, changes_before: list[Change]) -> None:
        before = _saved(world)
        fold(run, event, changes_before)
        run.journal.rollback()
        assert _saved(world) == before
        fresh = DispatchRun(run.state, run.offset, run.at, run.now)
        fold(fresh, event, changes_before)
        run.changes[:] = fresh.changes
        failed.append(event)

    with patch.object(stage_module, "fold_event", failing):
        for number in range(20):
            world.run_to(number * 2)
            world.network("device.down", f"olt-{number % 12}")
            if number % 3 == 0:
                world.network("device.up", f"olt-{number % 7}")
            for each in [each for each in world.dispatch.notifications.values() if each.waits][:1]:
                world.fails(each, dead=number % 2 == 0)
        world.run_to(500)
    assert any(isinstance(event, NetworkEvent) for event in failed)
    assert any(isinstance(event, Tick) for event in failed)
    assert {each.kind for each in world.sent} >= {"raised", "recovered", "storm"}
    assert not world.failures()


def _saved(world: DispatchWorld) -> dict[str, Any]:
    """The tables, without the order of what has none."""
    state = world.dispatch
    timers = {kind: dict(table) for kind, table in state.timers.due.items() if table}
    return {
        "subjects": dict(state.subjects),
        "groups": {key: group.copied() for key, group in state.groups.items()},
        "recipients": {key: recipient.copied() for key, recipient in state.recipients.items()},
        "notifications": dict(state.notifications),
        "timers": timers,
    }


def test_subjects_that_have_ended_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects_module, "MOST_ENDED", 5)
    world = DispatchWorld()
    world.policy("machines", {"channel": "webhook", "to": "erp"})
    for number in range(12):
        world.at(number * 20).network("device.down", f"olt-{number}")
        world.run_to(number * 20 + 10)
        world.network("device.up", f"olt-{number}")
    assert len(world.dispatch.subjects) == 5
    assert len(world.said) == 24

"""Outcomes of notifications and tickets in the timelines of alarms, and the ticket of an alarm."""

from typing import Any
from uuid import UUID

import pytest
from vocabulary.world import World

from protocols.change import AlarmChanged, HistoryChanged
from protocols.command import Clear, Edit, Edited
from protocols.dispatch.outcomes import MessageFailed, MessageSent, TicketChanged, TicketFailed, TicketOpened

PAST = str(UUID(int=7))


@pytest.fixture
def world() -> World:
    world = World()
    world.network("device.down", "olt-1")
    return world


def message(made: Any, *alarm_ids: str, **fields: Any) -> Any:
    values = {"notification_id": "N1", "tenant_id": "t", "channel": "email", "to": "Ann <ann@x.example>", "kind": "raised"}
    return made(**values | {"alarm_ids": alarm_ids, "policy": "NP3"} | fields)


def opened(*alarm_ids: str, **fields: Any) -> TicketOpened:
    return TicketOpened(**{"ticket_id": "TK9", "tenant_id": "t", "alarm_ids": alarm_ids, "desk": "rt", "key": "17"} | fields)


def changed(*alarm_ids: str, **fields: Any) -> TicketChanged:
    return TicketChanged(**{"ticket_id": "TK9", "tenant_id": "t", "alarm_ids": alarm_ids, "key": "17"} | fields)


def lines(world: World) -> list[tuple[str, str, str]]:
    """Action, actor and text of what the last Event added to timelines."""
    changes = [each for each in world.changes if isinstance(each, AlarmChanged | HistoryChanged)]
    return [(entry.action, entry.actor, entry.text) for change in changes for entry in change.entries]


def test_the_timeline_says_who_was_told_how_by_which_policy_and_what_the_far_end_answered(world: World) -> None:
    world(message(MessageSent, world.alarm.id, answer="250 2.0.0 queued"))
    text = "email to Ann <ann@x.example> (raised) by policy NP3: 250 2.0.0 queued"
    assert lines(world) == [("notified", "faultd:notifier", text)]
    assert world.timeline(world.alarm.id)[-1].detail == {
        "notification": "N1",
        "channel": "email",
        "to": "Ann <ann@x.example>",
        "notice": "raised",
        "policy": "NP3",
        "attempts": 1,
        "answer": "250 2.0.0 queued",
    }


@pytest.mark.parametrize(
    ("attempts", "dead", "said"),
    [
        (1, False, "failed, and is tried again: refused"),
        (2, False, None),
        (9, True, "was given up after 9 attempts: refused"),
        (1, True, "was given up after 1 attempt: refused"),
    ],
)
def test_the_first_failure_and_the_last_have_a_line(world: World, attempts: int, dead: bool, said: str | None) -> None:
    world(message(MessageFailed, world.alarm.id, error="refused", attempts=attempts, dead=dead))
    text = f"email to Ann <ann@x.example> (raised) by policy NP3 {said}"
    assert lines(world) == ([] if said is None else [("notification_failed", "faultd:notifier", text)])


def test_the_desks_key_is_the_ticket_of_the_alarm(world: World) -> None:
    world(opened(world.alarm.id))
    assert lines(world) == [("ticket_opened", "faultd:ticketer", "ticket 17 in rt")]
    assert world.alarm.ticket_id == "17"
    world(opened(world.alarm.id, found=True))
    assert lines(world) == []


def test_the_ticket_that_an_operator_gave_the_alarm_stays(world: World) -> None:
    world.command(Edit(Edited(ticket_id="OWN-1")), world.alarm.id)
    world(opened(world.alarm.id))
    assert (world.alarm.ticket_id, lines(world)[0][0]) == ("OWN-1", "ticket_opened")


def test_the_ticket_of_an_agreement_is_a_line_and_not_the_alarms_ticket(world: World) -> None:
    world(opened(world.alarm.id))
    world(opened(world.alarm.id, key="18", subject="sla:SI1"))
    world(changed(world.alarm.id, key="19", state="merged", subject="sla:SI1"))
    assert world.alarm.ticket_id == "17"
    assert world.actions(world.alarm.id)[-3:] == ["ticket_opened", "ticket_opened", "ticket_changed"]


@pytest.mark.parametrize(
    ("fields", "actor", "text"),
    [
        ({"task": 3, "state": "closed"}, "faultd:ticketer", "ticket 17 is closed"),
        ({"state": "closed", "author": "bob"}, "user:bob", "ticket 17 is closed"),
        ({"comment": "splice\nwas wet", "author": "bob"}, "user:bob", r"ticket 17 got the comment: splice\x0awas wet"),
        (
            {"state": "merged", "key": "12", "author": "bob", "comment": "same cut"},
            "user:bob",
            "the ticket was merged into 12 (same cut)",
        ),
    ],
)
def test_what_becomes_of_the_ticket_is_said(world: World, fields: dict[str, Any], actor: str, text: str) -> None:
    world(opened(world.alarm.id))
    world(changed(world.alarm.id, **fields))
    assert lines(world) == [("ticket_changed", actor, text)]
    assert world.alarm.ticket_id == fields.get("key", "17")


def test_a_change_that_is_reported_again_is_one_line(world: World) -> None:
    world(opened(world.alarm.id))
    for number, said in (("c1", True), ("c1", False), ("c2", True)):
        world(changed(world.alarm.id, comment="wet", author="bob", remote_id=number))
        assert bool(lines(world)) is said


def test_a_comment_of_faultd_itself_is_no_line(world: World) -> None:
    world(opened(world.alarm.id))
    world(changed(world.alarm.id, task=2))
    assert world.changes == []


def test_an_alarm_that_joins_the_ticket_of_its_cause_has_that_one(world: World) -> None:
    cause = world.alarm.id
    world(opened(cause))
    child = world.raise_alarm("ups.alarm", "ups-1")
    world(changed(cause, child, task=2))
    assert lines(world) == [("ticket_changed", "faultd:ticketer", "ticket 17")]
    assert world.get(child).ticket_id == "17"


def test_only_a_task_that_was_given_up_is_said(world: World) -> None:
    failed = TicketFailed(ticket_id="TK9", tenant_id="t", alarm_ids=(world.alarm.id,), task=1, error="503")
    world(failed)
    assert world.changes == []
    world(TicketFailed(ticket_id="TK9", tenant_id="t", alarm_ids=(world.alarm.id,), task=1, error="503", attempts=8, dead=True))
    assert lines(world) == [("ticket_failed", "faultd:ticketer", "ticket TK9: task 1 was given up after 8 attempts: 503")]


def test_history_gets_its_lines_and_its_ticket(world: World) -> None:
    world(message(MessageSent, PAST))
    assert world.only(HistoryChanged).fields == {}
    world(opened(PAST))
    assert world.only(HistoryChanged).fields == {"ticket_id": "17"}
    world(changed(PAST, task=4, state="closed"))
    assert lines(world) == [("ticket_changed", "faultd:ticketer", "ticket 17 is closed")]


def test_nothing_of_another_tenant_is_touched_and_a_cleared_alarm_stays_cleared(world: World) -> None:
    world(message(MessageSent, world.alarm.id, tenant_id="u"))
    assert world.changes == []
    world.command(Clear(), world.alarm.id)
    world(opened(world.alarm.id))
    assert (world.alarm.status, world.alarm.ticket_id) == ("cleared", "17")


def test_a_huge_answer_about_a_thousand_alarms_is_bounded(world: World) -> None:
    world(message(MessageSent, *(str(UUID(int=each)) for each in range(1_000)), answer="x" * 1_000_000))
    said = lines(world)
    assert (len(said), max(len(text) for *_, text in said) < 700) == (100, True)

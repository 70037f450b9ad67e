"""The ticketer in virtual time: exactly one ticket, tasks in order, and what comes back from the desk."""

import pytest
from trio.testing import MockClock
from vocabulary.ticketing import MARK, MemoryDesk, TicketHouse, task, ticket

from actors.ticketer.desk import DeskNote, DeskTicket, holds
from actors.ticketer.embedded import EmbeddedDesk
from actors.ticketer.failures import ToldFailures
from actors.ticketer.settings import TicketerSettings
from protocols.dispatch.outcomes import TicketChanged, TicketFailed, TicketOpened


@pytest.mark.parametrize("lag", [0.0, 29.0])
@pytest.mark.parametrize("step", ["", "fail", "lose", "hang"])
async def test_one_ticket_whatever_becomes_of_the_answer(autojump_clock: MockClock, step: str, lag: float) -> None:
    """operations.md C 1: the desk made it and the answer was lost, also where its search lags by half a minute."""
    desk = MemoryDesk(step, lag=lag)
    house = TicketHouse(desk)
    house.want(ticket())
    await house.live(300)
    assert [mark for _, mark in desk.made] == [MARK]
    opened = [each for each in house.outcomes if isinstance(each, TicketOpened)]
    assert [(each.key, each.found) for each in opened] == [("1", step in ("lose", "hang"))]
    assert house.tickets["TK1"].tasks == ()


@pytest.mark.parametrize("lag", [0.0, 29.0])
async def test_one_ticket_when_faultd_ends_between_the_making_and_the_record(autojump_clock: MockClock, lag: float) -> None:
    desk = MemoryDesk(lag=lag)
    house = TicketHouse(desk)
    house.want(ticket())
    house.deaf = True
    await house.live(60)
    assert len(desk.made) == 1
    assert house.outcomes == []
    house.deaf = False
    await house.live(60)
    assert len(desk.made) == 1
    assert [type(each) for each in house.outcomes] == [TicketOpened]


async def test_a_ticket_wanted_now_is_made_at_once_and_one_of_an_earlier_run_after_the_lag(autojump_clock: MockClock) -> None:
    desk = MemoryDesk()
    house = TicketHouse(desk)
    house.want(ticket(1))
    await house.live(100)
    assert [31 < at < 40 for at, _ in desk.made] == [True]
    assert desk.calls[-2:] == ["find", "create"]


async def test_tasks_of_a_ticket_in_their_order_and_each_comment_once(autojump_clock: MockClock) -> None:
    desk = MemoryDesk("", "lose", "fail", "hang")
    house = TicketHouse(desk)
    house.want(ticket(1, task(1, "create"), task(2), task(3, "priority"), task(4, "close"), task(5, "reopen")))
    await house.live(600)
    assert [kind for _, kind, _ in desk.done] == ["comment", "priority", "close", "reopen"]
    assert desk.done[0] == ("1", "comment", f"comment 2\n\n[faultd {MARK}.2]")
    states = [each.state for each in house.outcomes if isinstance(each, TicketChanged)]
    assert states == [None, None, "closed", "open"]
    assert desk.most_at_once == 1


async def test_the_desk_is_given_the_key_of_the_ticket_to_link(autojump_clock: MockClock) -> None:
    desk = MemoryDesk()
    house = TicketHouse(desk)
    house.want(
        ticket(1, task(2, "close", related="TK2"), task(3, related="TK3"), task(4, related="TK1"), key="7", state="open"),
        ticket(2, key="8", state="open", tasks=()),
        ticket(3, key="", state="wanted", desk="rt"),
    )
    await house.live(60)
    assert desk.linked == [("7", "8"), ("7", ""), ("7", "")]


async def test_tickets_side_by_side_but_few_at_a_time(autojump_clock: MockClock) -> None:
    desk = MemoryDesk()
    house = TicketHouse(desk, TicketerSettings(poll_seconds=0, concurrency=3, search_lag_seconds=0))
    house.want(*(ticket(number) for number in range(1, 41)))
    await house.live(30)
    assert len(desk.made) == 40
    assert desk.most_at_once == 3


async def test_what_the_desk_refuses_for_good_is_given_up_and_the_rest_goes_on(autojump_clock: MockClock) -> None:
    desk = MemoryDesk("refuse")
    house = TicketHouse(desk)
    house.want(ticket(1, task(2), task(3, "close"), key="7", state="open"))
    await house.live(60)
    failed, closed = house.outcomes
    assert isinstance(failed, TicketFailed)
    assert (failed.task, failed.dead, failed.error) == (2, True, "422 no such queue: ***")
    assert isinstance(closed, TicketChanged)
    assert closed.task == 3


async def test_a_ticket_that_cannot_be_made_waits_for_a_command(autojump_clock: MockClock) -> None:
    desk = MemoryDesk("refuse")
    house = TicketHouse(desk, TicketerSettings(poll_seconds=0, search_lag_seconds=0))
    house.want(ticket(1, task(1, "create"), task(2)))
    await house.live(60)
    assert house.tickets["TK1"].tasks[0].dead
    assert desk.done == []
    house.want(ticket(1, task(1, "create"), task(2), revision=9))
    await house.live(60)
    assert house.tickets["TK1"].tasks == ()
    assert len(desk.made) == 1


async def test_attempts_are_counted_over_runs_and_end(autojump_clock: MockClock) -> None:
    desk = MemoryDesk(*["fail"] * 9)
    house = TicketHouse(desk, TicketerSettings(poll_seconds=0, attempts=5, search_lag_seconds=0))
    house.want(ticket())
    await house.live(4)
    await house.live(3_600)
    failed = [(each.attempts, each.dead) for each in house.outcomes if isinstance(each, TicketFailed)]
    # The first run had two attempts, of which one was told. Each run tells its first one, and the last one is told.
    assert failed == [(1, False), (2, False), (5, True)]
    assert house.tickets["TK1"].tasks[0].dead
    assert desk.made == []


async def test_a_desk_that_is_away_for_a_day_is_told_of_once_an_hour(autojump_clock: MockClock) -> None:
    desk = MemoryDesk(*["fail"] * 400)
    house = TicketHouse(desk, TicketerSettings(poll_seconds=0, attempts=1_000, search_lag_seconds=0))
    house.want(ticket())
    await house.live(86_400)
    failed = [each for each in house.outcomes if isinstance(each, TicketFailed)]
    assert desk.calls.count("create") > 300
    assert 20 < len(failed) <= 25
    assert failed[0].attempts == 1
    assert failed[-1].attempts > 250


def test_another_answer_is_told_at_once_and_one_that_differs_in_numbers_is_not_another() -> None:
    told = ToldFailures()
    answers = ["503 busy", "503 busy", "500 request 1f3a9c77", "500 request 77ab01ce", "503 busy", "401 no"]
    assert [told.is_new(each, at) for at, each in enumerate(answers)] == [True, False, True, False, False, True]
    assert told.is_new("503 busy", 3_600)
    # An answer that is another one each time is told ten times an hour.
    new = sum(told.is_new("x" * length, 3_700) for length in range(1, 100))
    assert 7 <= new <= 10


async def test_a_desk_that_is_not_configured_is_said_at_once(autojump_clock: MockClock) -> None:
    house = TicketHouse(MemoryDesk())
    house.want(ticket(desk="rt"))
    await house.live(1)
    (failed,) = house.outcomes
    assert isinstance(failed, TicketFailed)
    assert (failed.dead, failed.error) == (True, "the desk rt is not configured")


async def test_the_embedded_desk_answers_from_the_ticket(autojump_clock: MockClock) -> None:
    house = TicketHouse(EmbeddedDesk())
    house.want(ticket(12, task(1, "create"), task(2, "close")))
    await house.live(1)
    assert house.tickets["TK12"].key == "T12"
    assert house.tickets["TK12"].state == "closed"


async def test_comments_status_and_merges_of_people_come_back_once(autojump_clock: MockClock) -> None:
    desk = MemoryDesk()
    house = TicketHouse(desk, TicketerSettings(desk="rest", url="http://desk", poll_seconds=10, rest=_REST))
    house.want(*(ticket(number, key=str(number), state="open", tasks=()) for number in (1, 2, 3)))
    own = DeskNote(id="1", text=f"closed\n\n[faultd {MARK}.1]", author="faultd")
    desk.changes["1"] = DeskTicket(key="1", state="closed", notes=(own, DeskNote(id="2", text="splice done", author="ann")))
    desk.changes["2"] = DeskTicket(key="1", url="http://desk/1", state="open")
    await house.live(100)
    told = [(each.ticket_id, each.key, each.state, each.comment, each.author) for each in house.outcomes]  # type: ignore[union-attr]
    assert told == [
        ("TK1", "1", None, "splice done", "ann"),
        ("TK1", "1", "closed", "", ""),
        ("TK2", "1", "merged", "", ""),
        # It follows the one into which it was merged.
        ("TK2", "1", None, "splice done", "ann"),
        ("TK2", "1", "closed", "", ""),
    ]


def test_a_mark_is_found_as_a_whole() -> None:
    assert holds([{"a": {"b": ["x 01234567-TK1, y"]}}], MARK)
    assert not holds({"a": "01234567-TK17"}, MARK)
    assert not holds({"a": "901234567-TK1"}, MARK)


_REST = TicketerSettings().rest.__class__(preset="tmf621")

"""Requests that wait for their commit: in order, up to a limit, and all of them told when the ledger leaves."""

import pytest
import trio
import trio.testing

from actors.ledger.requests import Requests
from actors.mailbox import Abandoned, Append, Reply
from protocols.event import Tick


def append(events: int = 1, committed: Reply[int] | None = None) -> Append:
    return Append([Tick()] * events, committed=committed)


class Desk:
    """Requests with their receiving task, and how often they called."""

    def __init__(self, nursery: trio.Nursery, room: int = 10) -> None:
        self.send, inbox = trio.open_memory_channel[Append](room)
        self.called = 0
        self.requests = Requests(inbox, self._call)
        nursery.start_soon(self.requests.receive)

    def _call(self) -> None:
        self.called += 1


async def test_they_are_taken_in_the_order_in_which_they_came_and_the_ledgers_own_first(nursery: trio.Nursery) -> None:
    desk = Desk(nursery)
    sent = [append() for _ in range(3)]
    for each in sent:
        await desk.send.send(each)
    await trio.testing.wait_all_tasks_blocked()
    assert desk.called == 1
    own = append()
    desk.requests.put_first(own)
    assert desk.requests.take(limit=None) == [own, *sent]
    assert desk.requests.take_others(limit=None) == []
    assert desk.requests.take(limit=None) == [own], "not on disk yet"
    second = append(2)
    desk.requests.put_first(second)
    desk.requests.committed([own])
    assert desk.requests.take(limit=None) == [second]


async def test_the_last_one_taken_may_exceed_the_limit_and_what_comes_after_waits(nursery: trio.Nursery) -> None:
    desk = Desk(nursery)
    for events in (4, 4, 4, 4):
        await desk.send.send(append(events))
    await trio.testing.wait_all_tasks_blocked()
    assert [len(each.events) for each in desk.requests.take(limit=10)] == [4, 4, 4]
    await trio.testing.wait_all_tasks_blocked()
    assert [len(each.events) for each in desk.requests.take(limit=10)] == [4]


async def test_they_have_ended_when_the_channel_has_and_none_waits(nursery: trio.Nursery) -> None:
    desk = Desk(nursery)
    await desk.send.send(append())
    await desk.send.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert not desk.requests.ended
    desk.requests.take(limit=None)
    await trio.testing.wait_all_tasks_blocked()
    assert desk.requests.ended
    assert desk.called == 2
    desk.requests.put_first(append())
    assert not desk.requests.ended


async def test_whoever_waits_and_whoever_would_come_learns_that_the_ledger_left() -> None:
    replies: list[Reply[int]] = [Reply() for _ in range(3)]
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery)
        for reply in replies[:2]:
            await desk.send.send(append(committed=reply))
        await trio.testing.wait_all_tasks_blocked()
        desk.requests.put_first(append(committed=replies[2]))
        nursery.cancel_scope.cancel()
    desk.requests.abandon()
    for reply in replies:
        with pytest.raises(Abandoned):
            await reply.wait()
    with pytest.raises(trio.BrokenResourceError):
        await desk.send.send(append())

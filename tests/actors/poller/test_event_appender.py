"""Events of pollers on their way to the ledger."""

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.mailbox import Append, EventRefused, LedgerUnavailable
from actors.poller.event_appender import EventAppender
from protocols.poll.contact import PollStopped

EVENT = PollStopped(device="olt-1", reason="switched off")


async def test_an_event_is_offered_until_it_is_on_disk(autojump_clock: MockClock) -> None:
    send, receive = trio.open_memory_channel[Append](0)
    counted: list[str] = []
    appender = EventAppender(send, counted.append)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(appender.append, EVENT)
        for _ in range(5):
            asked = await receive.receive()
            assert asked.committed is not None
            asked.committed.fail(LedgerUnavailable("disk full"))
        asked = await receive.receive()
        assert (list(asked.events), counted) == ([EVENT], [])
        assert asked.committed is not None
        asked.committed.give(7)
    assert counted == ["PollStopped"]


async def test_an_event_that_is_refused_for_good_is_not_offered_again() -> None:
    send, receive = trio.open_memory_channel[Append](1)
    counted: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(EventAppender(send, counted.append).append, EVENT)
        asked = await receive.receive()
        assert asked.committed is not None
        asked.committed.fail(EventRefused("too large"))
    assert counted == []


async def test_while_the_ledger_is_busy_the_device_waits_and_one_event_of_it_is_in_memory() -> None:
    send, receive = trio.open_memory_channel[Append](0)
    appender = EventAppender(send, lambda _: None)
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(appender.append, EVENT)
        await wait_all_tasks_blocked()
        assert send.statistics().tasks_waiting_send == 10
        nursery.cancel_scope.cancel()
    receive.close()


async def test_a_ledger_that_is_gone_ends_no_poller(autojump_clock: MockClock) -> None:
    send, receive = trio.open_memory_channel[Append](0)
    receive.close()
    with trio.move_on_after(1_000) as scope:
        await EventAppender(send, lambda _: None).append(EVENT)
    assert scope.cancelled_caught

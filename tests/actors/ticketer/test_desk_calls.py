"""A desk that calls: its ticket is read at once, and nothing of the call is believed but the key."""

from datetime import timedelta

import pytest
import trio
from trio.testing import MockClock
from vocabulary.ticketing import AT, MemoryDesk, TicketHouse, task, ticket

from actors.ticketer.desk import DeskNote, DeskTicket
from actors.ticketer.settings import RestDeskSettings, TicketerSettings
from actors.ticketer.webhook import DeskWebhook
from protocols.dispatch.desk_call import DeskCall, DeskCallRefused
from protocols.dispatch.outcomes import TicketChanged
from protocols.webhook_signature import signature

KEY = b"k" * 24
SETTINGS = TicketerSettings(desk="rest", url="http://desk", poll_seconds=600, rest=RestDeskSettings(preset="tmf621"))


def signed(body: bytes, call_id: str = "c1") -> dict[str, str]:
    seconds = int((AT + timedelta(seconds=trio.current_time())).timestamp())
    return {
        "webhook-id": call_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(call_id, seconds, body, KEY),
    }


def house_with(desk: MemoryDesk) -> TicketHouse:
    house = TicketHouse(desk, SETTINGS)
    house.webhook = DeskWebhook((KEY,))
    house.ticketer = house.another()
    return house


async def test_a_comment_and_a_closing_come_back_within_a_second(autojump_clock: MockClock) -> None:
    desk = MemoryDesk()
    house = house_with(desk)
    house.want(ticket(1, key="17", state="open", tasks=()))
    desk.shown["17"] = DeskTicket(key="17", state="closed", notes=(DeskNote(id="9", text="splice done", author="ann"),))
    async with trio.open_nursery() as nursery:
        await nursery.start(house.start, nursery)
        for number in range(3):
            body = b'{"key": "17", "state": "merged", "comment": "forged"}'
            assert house.ticketer.call(signed(body, f"c{number}"), body) == DeskCall("17", known=True)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    told = [(each.state, each.comment, each.author) for each in house.outcomes if isinstance(each, TicketChanged)]
    assert told == [(None, "splice done", "ann"), ("closed", "", "")]
    assert desk.calls == ["read"], "three calls about one ticket are one read"


async def test_calls_are_counted_and_a_desk_that_fails_is_asked_by_the_next_poll(autojump_clock: MockClock) -> None:
    desk = MemoryDesk()
    house = house_with(desk)
    house.want(ticket(1, key="17", state="open", tasks=()))
    async with trio.open_nursery() as nursery:
        await nursery.start(house.start, nursery)
        body = b'{"key": "17"}'
        call = signed(body)
        house.ticketer.call(call, body)
        for headers in (call, call | {"webhook-signature": "v1,x"}):
            with pytest.raises(DeskCallRefused):
                house.ticketer.call(headers, body)
        assert not house.ticketer.call(signed(b'{"key": "5"}', "c5"), b'{"key": "5"}').known
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    for outcome in ("accepted", "unknown", "replayed", "forged"):
        assert house.metrics.registry.get_sample_value("faultd_desk_calls_total", {"outcome": outcome}) == 1


async def test_a_status_read_while_faultd_changed_the_ticket_is_none_of_a_person(autojump_clock: MockClock) -> None:
    desk = MemoryDesk()
    house = house_with(desk)
    house.want(ticket(1, task(2, "close"), key="17", state="open"))
    async with trio.open_nursery() as nursery:
        await nursery.start(house.start, nursery)
        await trio.sleep(0.5)
        body = b'{"key": "17"}'
        house.ticketer.call(signed(body), body)
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert [each.task for each in house.outcomes if isinstance(each, TicketChanged)] == [2]


async def test_ids_are_remembered_as_long_as_their_calls_are_good() -> None:
    webhook, body, start = DeskWebhook((KEY,)), b'{"key": "17"}', 1_700_000_000

    def call(call_id: str, at: int, now: int) -> str:
        by = signature(call_id, at, body, KEY)
        return webhook.key_of({"webhook-id": call_id, "webhook-timestamp": str(at), "webhook-signature": by}, body, now)

    assert call("a", start + 300, start) == "17"
    for number in range(50):
        call(f"b{number}", start + number * 12, start + number * 12)
    with pytest.raises(DeskCallRefused, match="came before"):
        call("a", start + 300, start + 599)
    call("c", start + 700, start + 700)
    assert len(webhook._seen) < 52

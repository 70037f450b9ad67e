"""The delivery engine in virtual time: who is tried when, and what becomes of it."""

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock
from vocabulary.delivery import AT, PERMANENT, TEMPORARY, DeliveryHouse, ScriptedChannel, dispatched, hangs

from actors.delivery_failed import DeliveryFailed
from actors.notifier.channel import Delivered, OutgoingMessage
from actors.notifier.settings import NotifierSettings
from protocols.dispatch.outcomes import MessageFailed, MessageSent


async def live(house: DeliveryHouse, seconds: float, nursery: trio.Nursery) -> None:
    """Let the notifier run for ``seconds``, in a nursery that the test cancels."""
    nursery.start_soon(house.ledger)
    await nursery.start(house.notifier.run)
    await trio.sleep(seconds)


def webhook(number: int, name: str, **fields: object) -> object:
    return dispatched(number, channel="webhook", address=name, **fields)


async def test_what_waits_at_the_start_and_what_comes_later_is_sent_once(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel()
    house = DeliveryHouse({"email": mail})
    house.decide(dispatched(1), dispatched(2, status="failed", attempts=3), dispatched(3, status="sent"))
    async with trio.open_nursery() as nursery:
        await live(house, 1, nursery)
        assert sorted(mail.ids) == ["N1", "N2"]
        house.decide(dispatched(4))
        # The Change of the first one comes once more, as after a restart of the feed.
        house.publish(dispatched(1), dispatched(4))
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert sorted(mail.ids) == ["N1", "N2", "N4"]
    by_id = {outcome.notification_id: outcome for outcome in house.outcomes}
    assert by_id["N2"].attempts == 4
    assert by_id["N4"] == MessageSent(
        notification_id="N4",
        tenant_id="isp",
        alarm_ids=("00000000-0000-0000-0000-000000000017",),
        channel="email",
        to="Ann <ann@example.net>",
        kind="raised",
        policy="file:default",
        attempts=1,
        answer="250 ok",
    )
    assert house.acknowledged == sorted(house.acknowledged)


async def test_failures_are_tried_again_ever_later_and_the_outcome_counts_them(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel(TEMPORARY, TEMPORARY, TEMPORARY, Delivered("250 ok"))
    house = DeliveryHouse({"email": mail})
    house.decide(dispatched())
    async with trio.open_nursery() as nursery:
        await live(house, 60, nursery)
        nursery.cancel_scope.cancel()
    gaps = [later - earlier for earlier, later in zip(mail.times, mail.times[1:], strict=False)]
    assert [1 <= gaps[0] <= 2, 2 <= gaps[1] <= 4, 4 <= gaps[2] <= 8] == [True] * 3
    assert [(type(each), each.attempts) for each in house.outcomes] == [
        (MessageFailed, 1),
        (MessageFailed, 2),
        (MessageFailed, 3),
        (MessageSent, 4),
    ]
    assert all(not each.dead for each in house.outcomes if isinstance(each, MessageFailed))


async def test_retry_after_of_30_seconds_is_heard_and_moves_no_other(autojump_clock: MockClock) -> None:
    """operations.md C 6: the next attempt 30 to 33 s later."""
    limited = ScriptedChannel(DeliveryFailed("429", retry_after=30.0), Delivered("204"))
    other = ScriptedChannel()
    house = DeliveryHouse({"webhook:noc": limited, "webhook:erp": other})
    house.decide(webhook(1, "noc"), webhook(2, "erp"))  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        await live(house, 10, nursery)
        house.decide(webhook(3, "noc"), webhook(4, "erp"))  # type: ignore[arg-type]
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert sorted(limited.ids) == ["N1", "N1", "N3"]
    assert limited.times[0] == 0
    assert 30 <= limited.times[1] <= 33
    assert other.times == [0, 10]
    assert sorted(house.sent()) == ["N1", "N2", "N3", "N4"]


@pytest.mark.parametrize("hanging", [True, False])
async def test_a_channel_that_hangs_delays_no_other(autojump_clock: MockClock, hanging: bool) -> None:
    slow = ScriptedChannel(hangs(30.0) if hanging else Delivered("at once"))
    mail = ScriptedChannel(hangs(0.2))
    house = DeliveryHouse({"webhook:slow": slow, "email": mail}, NotifierSettings(attempt_seconds=20.0))
    async with trio.open_nursery() as nursery:
        await live(house, 0, nursery)
        for number in range(100):
            house.decide(webhook(1_000 + number, "slow"), dispatched(number))  # type: ignore[arg-type]
            await trio.sleep(0.5)
        nursery.cancel_scope.cancel()
    assert mail.times == [number * 0.5 for number in range(100)]
    assert slow.most_at_once <= 4


async def test_a_permanent_error_ends_it_at_once_and_the_channel_stays_in_use(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel(*[PERMANENT] * 10, Delivered("250 ok"))
    house = DeliveryHouse({"email": mail})
    house.decide(*(dispatched(number) for number in range(11)))
    async with trio.open_nursery() as nursery:
        await live(house, 1, nursery)
        nursery.cancel_scope.cancel()
    assert len(mail.seen) == 11
    assert len(house.dead()) == 10
    assert house.metrics.registry.get_sample_value("faultd_notifier_breaker", {"channel": "email"}) == 0


async def test_given_up_after_the_time_limit_and_resent_by_command(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel(TEMPORARY)
    house = DeliveryHouse({"email": mail}, NotifierSettings(give_up_seconds=600.0))
    house.decide(dispatched())
    async with trio.open_nursery() as nursery:
        await live(house, 1_000, nursery)
        assert house.dead() == ["N17"]
        last = house.outcomes[-1]
        assert isinstance(last, MessageFailed)
        assert last.error == "451 try later"
        tried = len(mail.seen)
        await trio.sleep(4_000)
        assert len(mail.seen) == tried
        # ResendNotification: it waits again, with all its time.
        now = house.table["N17"]
        house.decide(replace(now, status="pending", attempts=0, revision=now.revision + 1))
        await trio.sleep(400)
        assert len(mail.seen) > tried + 1
        nursery.cancel_scope.cancel()
    assert house.dead() == ["N17"]


async def test_the_breaker_leaves_a_dead_channel_alone_and_tries_it_with_one_message(autojump_clock: MockClock) -> None:
    async def down_for_an_hour(_message: OutgoingMessage) -> Delivered:
        if trio.current_time() < 3_600:
            raise TEMPORARY
        return Delivered("250 ok")

    mail = ScriptedChannel(down_for_an_hour)
    house = DeliveryHouse({"email": mail})
    house.decide(*(dispatched(number) for number in range(100)))
    async with trio.open_nursery() as nursery:
        await live(house, 1_800, nursery)
        assert house.metrics.registry.get_sample_value("faultd_notifier_breaker", {"channel": "email"}) == 2
        assert house.metrics.registry.get_sample_value("faultd_notifications_waiting", {"channel": "email"}) == 100
        oldest = house.metrics.registry.get_sample_value("faultd_notifications_oldest_seconds", {"channel": "email"})
        assert oldest == pytest.approx(1_800)
        assert len(mail.seen) < 30
        await trio.sleep(1_800 + 310)
        assert sorted(house.sent()) == sorted(f"N{number}" for number in range(100))
        assert house.metrics.registry.get_sample_value("faultd_notifier_breaker", {"channel": "email"}) == 0
        nursery.cancel_scope.cancel()
    assert house.dead() == []


async def test_with_the_breaker_open_those_past_their_time_are_given_up_untried(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel(TEMPORARY)
    house = DeliveryHouse({"email": mail}, NotifierSettings(give_up_seconds=1_000.0))
    house.decide(*(dispatched(number) for number in range(50)))
    async with trio.open_nursery() as nursery:
        await live(house, 1_400, nursery)
        nursery.cancel_scope.cancel()
    assert sorted(house.dead()) == sorted(f"N{number}" for number in range(50))
    assert len(mail.seen) < 30


async def test_the_order_within_a_thread_is_kept_across_a_retry(autojump_clock: MockClock) -> None:
    first_fails = ScriptedChannel(TEMPORARY, Delivered("250 ok"))
    house = DeliveryHouse({"email": first_fails})
    raised, recovered = dispatched(1, thread="N1"), dispatched(2, thread="N1", kind="recovered")
    house.decide(recovered, raised)
    async with trio.open_nursery() as nursery:
        await live(house, 30, nursery)
        nursery.cancel_scope.cancel()
    assert first_fails.ids == ["N1", "N1", "N2"]


async def test_a_later_message_of_a_thread_gets_what_the_first_one_left(autojump_clock: MockClock) -> None:
    chat = ScriptedChannel(Delivered("ok", {"ts": "1.5"}))
    house = DeliveryHouse({"slack": chat})
    house.decide(dispatched(1, channel="slack", thread="N1"))
    async with trio.open_nursery() as nursery:
        await live(house, 1, nursery)
        house.decide(dispatched(2, channel="slack", thread="N1"))
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert [message.thread_detail for _, message in chat.seen] == [{}, {"ts": "1.5"}]


async def test_a_paced_channel_takes_one_message_a_second_to_each_address(autojump_clock: MockClock) -> None:
    chat = ScriptedChannel(pace_seconds=1.0)
    house = DeliveryHouse({"slack": chat})
    house.decide(*(dispatched(number, channel="slack", address=f"#{number % 2}") for number in range(6)))
    async with trio.open_nursery() as nursery:
        await live(house, 10, nursery)
        nursery.cancel_scope.cancel()
    assert chat.times == [0, 0, 1, 1, 2, 2]


async def test_nothing_is_sent_again_while_the_ledger_refuses_the_outcome(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel()
    house = DeliveryHouse({"email": mail})
    house.refuses = True
    house.decide(dispatched())
    async with trio.open_nursery() as nursery:
        await live(house, 3_600, nursery)
        house.publish(dispatched())
        await trio.sleep(10)
        assert house.outcomes == []
        house.refuses = False
        await trio.sleep(31)
        nursery.cancel_scope.cancel()
    assert mail.ids == ["N17"]
    assert house.sent() == ["N17"]


async def test_an_outcome_that_no_fold_takes_in_is_not_sent_again_by_this_process(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel()
    house = DeliveryHouse({"email": mail})
    house.folds = False
    house.decide(dispatched())
    async with trio.open_nursery() as nursery:
        await live(house, 10, nursery)
        house.publish(dispatched())
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert mail.ids == ["N17"]


async def test_after_a_kill_between_the_answer_and_the_record_it_is_sent_again_with_the_same_id(
    autojump_clock: MockClock,
) -> None:
    mail = ScriptedChannel()
    house = DeliveryHouse({"email": mail})
    house.refuses = True
    house.decide(dispatched())
    async with trio.open_nursery() as nursery:
        await live(house, 1, nursery)
        nursery.cancel_scope.cancel()
    house.refuses = False
    house.notifier = house.another()
    async with trio.open_nursery() as nursery:
        await live(house, 1, nursery)
        nursery.cancel_scope.cancel()
    assert mail.ids == ["N17", "N17"]
    assert house.sent() == ["N17"]


async def test_when_it_ends_attempts_under_way_are_finished_and_recorded(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel(hangs(4.0))
    house = DeliveryHouse({"email": mail})
    house.decide(dispatched())
    async with trio.open_nursery() as ledger:
        ledger.start_soon(house.ledger)
        async with trio.open_nursery() as nursery:
            await nursery.start(house.notifier.run)
            await trio.sleep(1)
            nursery.cancel_scope.cancel()
        assert house.sent() == ["N17"]
        assert trio.current_time() == pytest.approx(4.0)
        ledger.cancel_scope.cancel()


async def test_when_it_ends_an_attempt_that_hangs_is_cut_short_and_follows_at_the_next_start(
    autojump_clock: MockClock,
) -> None:
    mail = ScriptedChannel(hangs(), Delivered("250 ok"))
    house = DeliveryHouse({"email": mail})
    house.decide(dispatched())
    async with trio.open_nursery() as nursery:
        await live(house, 1, nursery)
        nursery.cancel_scope.cancel()
    assert trio.current_time() == pytest.approx(6.0)
    assert house.outcomes == []
    house.notifier = house.another()
    async with trio.open_nursery() as nursery:
        await live(house, 1, nursery)
        nursery.cancel_scope.cancel()
    assert house.sent() == ["N17"]


async def test_an_attempt_has_a_time_limit(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel(hangs(), Delivered("250 ok"))
    house = DeliveryHouse({"email": mail}, NotifierSettings(attempt_seconds=20.0))
    house.decide(dispatched())
    async with trio.open_nursery() as nursery:
        await live(house, 60, nursery)
        nursery.cancel_scope.cancel()
    failed, sent = house.outcomes
    assert isinstance(failed, MessageFailed)
    assert failed.error == "no answer within 20 s"
    assert isinstance(sent, MessageSent)
    assert 21 <= mail.times[1] <= 22


async def test_a_lane_holds_so_many_and_takes_the_others_later(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel(hangs(1.0))
    house = DeliveryHouse({"email": mail}, NotifierSettings(queue=10, concurrency=2))
    house.decide(*(dispatched(number) for number in range(100)))
    async with trio.open_nursery() as nursery:
        await live(house, 0.5, nursery)
        assert house.metrics.registry.get_sample_value("faultd_notifications_waiting", {"channel": "email"}) == 10
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert mail.ids == [f"N{number}" for number in range(100)]
    assert mail.times[-1] == 49


async def test_a_channel_that_is_not_configured_gives_up_at_once(autojump_clock: MockClock) -> None:
    house = DeliveryHouse({})
    house.decide(webhook(1, "noc"), dispatched(2))  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        await live(house, 1, nursery)
        nursery.cancel_scope.cancel()
    assert {each.notification_id: each.error for each in house.outcomes if isinstance(each, MessageFailed) and each.dead} == {
        "N1": "webhook:noc is not configured",
        "N2": "email is not configured",
    }


async def test_a_notification_that_the_stage_takes_back_is_not_sent(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel(TEMPORARY, Delivered("250 ok"))
    house = DeliveryHouse({"email": mail})
    house.decide(dispatched())
    async with trio.open_nursery() as nursery:
        await live(house, 0.5, nursery)
        now = house.table["N17"]
        house.decide(replace(now, status="dead", revision=now.revision + 1))
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert len(mail.seen) == 1


async def test_an_error_in_a_channel_stops_no_other_message_and_repeats_no_secret(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel(ZeroDivisionError("s3cret"), DeliveryFailed("echo s3cret\r\nX: y", permanent=True))
    mail.secrets = ("s3cret",)
    house = DeliveryHouse({"email": mail})
    house.decide(dispatched())
    async with trio.open_nursery() as nursery:
        await live(house, 60, nursery)
        nursery.cancel_scope.cancel()
    assert [each.error for each in house.outcomes if isinstance(each, MessageFailed)] == [
        "an error in faultd: ZeroDivisionError",
        "echo *** X: y",
    ]


async def test_a_reload_takes_new_channels_and_drops_old_ones(autojump_clock: MockClock) -> None:
    before, after, fresh = ScriptedChannel(TEMPORARY), ScriptedChannel(), ScriptedChannel()
    gone = ScriptedChannel(TEMPORARY)
    house = DeliveryHouse({"email": before, "webhook:gone": gone})
    house.decide(dispatched(1), webhook(2, "gone"), webhook(3, "new"))  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        await live(house, 0.5, nursery)
        house.notifier.reconfigure(house.settings, {"email": after, "webhook:new": fresh})
        house.decide(webhook(4, "new"), webhook(5, "gone"))  # type: ignore[arg-type]
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert after.ids == ["N1"]
    assert fresh.ids == ["N4"]
    assert sorted(house.dead()) == ["N2", "N3", "N5"]


async def test_decisions_before_a_restart_have_what_is_left_of_their_time(autojump_clock: MockClock) -> None:
    mail = ScriptedChannel(TEMPORARY)
    house = DeliveryHouse({"email": mail}, NotifierSettings(give_up_seconds=600.0))
    house.decide(dispatched(1, status="failed", attempts=9, created_at=AT.replace(hour=2, minute=51)))
    async with trio.open_nursery() as nursery:
        await live(house, 61, nursery)
        nursery.cancel_scope.cancel()
    assert house.dead() == ["N1"]

"""The clock's beat, in virtual time."""

from datetime import UTC, datetime

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.clock.actor import Clock
from actors.clock.settings import ClockSettings
from actors.clock.watch import ClockWatch
from actors.mailbox import Append
from actors.metrics import Metrics
from actors.trusted_clock import TrustedClock
from actors.trusted_time import DAY, SECOND, ClockReading
from protocols.event import SystemReport, Tick


class Host:
    """Two clocks; ``ahead`` is by how much the wall is wrong."""

    def __init__(self) -> None:
        self.boot = self.ahead = 0

    def __call__(self) -> ClockReading:
        return ClockReading(self.boot, 1_772_334_000 * SECOND + self.boot + self.ahead)


def test_the_alarm_is_raised_once_and_cleared_with_what_came_of_it() -> None:
    host = Host()
    clock = TrustedClock(host)
    watch = ClockWatch(clock)
    assert watch.look() == (None, {"believed": 0, "returned": 0})
    host.ahead = 400 * DAY
    report, _ = watch.look()
    assert report is not None
    assert (report.alarm_type, report.active, report.severity) == ("clock.jumped", True, "major")
    assert "+34560000 s" in report.title
    assert "2026-03-01 03:00:00 UTC" in report.description
    assert watch.look()[0] is None
    host.ahead = 0
    report, outcomes = watch.look()
    assert report is not None
    assert (report.active, outcomes) == (False, {"believed": 0, "returned": 1})
    assert "right again" in report.description
    host.ahead = -3600 * SECOND
    assert watch.look()[0] is not None
    host.boot += 61 * SECOND
    assert watch.look()[0] is None, "it is believed once the ledger has it"
    jump = clock.due()
    assert jump is not None
    clock.step(jump)
    report, outcomes = watch.look()
    assert report is not None
    assert (report.active, outcomes) == (False, {"believed": 1, "returned": 0})
    assert "believed" in report.description
    assert watch.look() == (None, {"believed": 0, "returned": 0})


async def test_a_wall_that_is_wrong_at_the_start_is_told_before_the_first_beat(mock_clock: MockClock) -> None:
    host, metrics = Host(), Metrics()
    send, receive = trio.open_memory_channel[Append](8)
    clock = TrustedClock(host, last=datetime(2027, 1, 1, tzinfo=UTC))
    async with trio.open_nursery() as nursery:
        await nursery.start(Clock(ClockSettings(), send, clock, metrics).run)
        await wait_all_tasks_blocked()
        (report,) = receive.receive_nowait().events
        assert isinstance(report, SystemReport)
        assert report.active
        assert metrics.registry.get_sample_value("faultd_clock_offset_seconds") == -(306 * 86_400 - 3 * 3600)
        nursery.cancel_scope.cancel()


@pytest.fixture
def mock_clock() -> MockClock:
    return MockClock()


async def test_a_busy_ledger_gets_one_late_beat_and_the_rhythm_goes_on(mock_clock: MockClock) -> None:
    send, receive = trio.open_memory_channel[Append](1)
    traps = Append(())
    send.send_nowait(traps)
    async with trio.open_nursery() as nursery:
        await nursery.start(Clock(ClockSettings(tick_seconds=2), send, TrustedClock(), Metrics()).run)
        for _ in range(5):
            mock_clock.jump(2)
            await wait_all_tasks_blocked()
        assert receive.receive_nowait() is traps
        await wait_all_tasks_blocked()
        late = receive.receive_nowait()
        assert late.events == (Tick(),)
        await wait_all_tasks_blocked()
        with pytest.raises(trio.WouldBlock):
            receive.receive_nowait()
        mock_clock.jump(2)
        await wait_all_tasks_blocked()
        assert receive.receive_nowait().events == (Tick(),)
        nursery.cancel_scope.cancel()

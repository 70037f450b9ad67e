"""The clock's beat, in virtual time."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.clock.actor import Clock
from actors.clock.settings import ClockSettings
from actors.mailbox import Append
from actors.metrics import Metrics
from actors.trusted_clock import TrustedClock
from protocols.event import Tick


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

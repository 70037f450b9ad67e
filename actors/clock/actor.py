"""Sends Ticks to the ledger at a fixed interval, and reports a wall clock that is not believed.

A Tick waits for a busy ledger. The next interval begins when the ledger has taken it.
"""

import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.clock.settings import ClockSettings
from actors.clock.watch import ClockWatch
from actors.mailbox import Append, AppendSender
from actors.metrics import Metrics
from actors.trusted_clock import TrustedClock
from protocols.event import Tick

TICK = Append((Tick(),))


class Clock:
    """A source of Ticks. The time itself is the ledger's stamp, so late beats do no harm."""

    def __init__(self, settings: ClockSettings, ledger: AppendSender, clock: TrustedClock, metrics: Metrics) -> None:
        self._settings, self._ledger = settings, ledger
        self._watch = ClockWatch(clock)
        metrics.clock_offset.set_function(lambda: clock.offset)
        self._jumps = metrics.clock_jumps

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Beat until cancelled."""
        task_status.started()
        while True:
            report, outcomes = self._watch.look()
            for outcome, count in outcomes.items():
                self._jumps.labels(outcome).inc(count)
            if report is not None:
                await self._ledger.send(Append((report,), keep=True))
            await trio.sleep(self._settings.tick_seconds)
            # Not skipped: under a load that never leaves room, shelves would not end and no memory would fade.
            await self._ledger.send(TICK)

"""Sends a Tick to the ledger at a steady beat; one that finds the ledger busy waits, and the next is counted from there."""

import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.clock.settings import ClockSettings
from actors.mailbox import Append, AppendSender
from protocols.event import Tick

TICK = Append((Tick(),))


class Clock:
    """A source of Ticks. The time itself is the ledger's stamp, so late beats do no harm."""

    def __init__(self, settings: ClockSettings, ledger: AppendSender) -> None:
        self._settings, self._ledger = settings, ledger

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Beat until cancelled."""
        task_status.started()
        while True:
            await trio.sleep(self._settings.tick_seconds)
            # Not skipped: under a load that never leaves room, shelves would not end and no memory would fade.
            await self._ledger.send(TICK)

"""The alarm that PostgreSQL is away: raised once it has been for a while, cleared when it answers."""

from collections.abc import Callable

import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.mailbox import Append, AppendSender
from actors.store.presence import Presence
from protocols.event import SystemReport

ALARM = "database.away"
CHECK_SECONDS = 1.0


class DatabaseAlarm:
    """A source of Events beside the trap listener. ``appends`` leads to the ledger and stays open."""

    def __init__(
        self,
        presence: Presence,
        appends: AppendSender,
        after_seconds: float,
        trouble: Callable[[], str],
        given_up: Callable[[], bool],
    ) -> None:
        """Raises the alarm after ``after_seconds`` without PostgreSQL, with the reason from ``trouble``. While ``given_up`` is
        true the store is parked, and the alarm about the parked store says so instead."""
        self._presence, self._appends, self._after_seconds = presence, appends, after_seconds
        self._trouble, self._given_up = trouble, given_up
        self._raised = False

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Check every ``CHECK_SECONDS`` and report, until cancelled."""
        task_status.started()
        while True:
            for report in self.due(trio.current_time()):
                await self._appends.send(Append([report], keep=True))
            await trio.sleep(CHECK_SECONDS)

    def due(self, now: float) -> list[SystemReport]:
        """The reports due at ``now`` (trio's clock). Each absence is raised once and cleared once."""
        since = self._presence.away_since
        away = since is not None and now - since >= self._after_seconds and not self._given_up()
        back = since is None or self._given_up()
        if away and not self._raised:
            self._raised = True
            return [
                SystemReport(
                    alarm_type=ALARM,
                    active=True,
                    severity="major",
                    title="PostgreSQL is away: history cannot be read",
                    description=self._trouble(),
                )
            ]
        if back and self._raised:
            self._raised = False
            why = "the store is stopped: see the alarm actor.parked" if self._given_up() else "PostgreSQL answers again"
            return [SystemReport(alarm_type=ALARM, active=False, description=why)]
        return []

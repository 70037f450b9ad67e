"""Figures of closed periods derived anew while the daemon runs (:class:`protocols.sla.report_view.SlaHistoryReader`)."""

from collections.abc import Callable, Sequence
from datetime import datetime

import trio

from actors.api.stored import Stored
from actors.postgres import Connection
from actors.store.sla_read import SlaHistory, read_history
from faultd.sla_history.recompute import oldest_whole, recompute
from faultd.sla_history.revision import revision_of
from protocols.sla.period_revision import PeriodRevision
from protocols.sla.report_view import HistoryGone


class SlaHistoryService:
    """Reads the database of ``stored``, which keeps its history for ``keep_days``."""

    def __init__(self, stored: Stored, keep_days: int, clock: Callable[[], datetime]) -> None:
        self._stored, self._keep_days, self._clock = stored, keep_days, clock

    async def revision(self, instance_id: str, period_start: int) -> PeriodRevision | None:
        if period_start < oldest_whole(self._clock(), self._keep_days):
            raise HistoryGone(f"the period began more than {self._keep_days} days ago ([sla] keep_days): its facts are deleted")
        history = await self._stored.database.run(_read, [instance_id])
        # Years of days take a while, and traps come first.
        return await trio.to_thread.run_sync(_revised, history, period_start)


def _revised(history: SlaHistory, period_start: int) -> PeriodRevision | None:
    for found in recompute(history):
        if found.period_start == period_start:
            return revision_of(found, history.breaches)
    return None


async def _read(connection: Connection, ids: Sequence[str]) -> SlaHistory:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await read_history(connection, ids)

"""The reports behind alarms: read from the ledger, put into words by the fold's profiles and plant."""

from collections.abc import Collection, Sequence

from actors.correlator.events.event_reports import report_of
from actors.correlator.state import State
from actors.ledger.errors import LedgerError
from actors.ledger.feed import LedgerFeed
from protocols.ledger import QuarantinedEvent
from protocols.report import EventReport, LedgerUnreadable


async def quarantined_event(feed: LedgerFeed, offset: int) -> list[QuarantinedEvent]:
    """The Event in quarantine at ``offset``, once for each stage that could not fold it."""
    return [kept for kept in await feed.quarantined() if kept.offset == offset]


class LedgerReports:
    """A :class:`protocols.report.Reports`."""

    def __init__(self, feed: LedgerFeed, state: State) -> None:
        self._feed, self._state = feed, state

    async def at(self, offsets: Collection[int]) -> Sequence[EventReport]:
        try:
            events = await self._feed.events_at(offsets)
        except LedgerError as error:
            raise LedgerUnreadable(str(error)) from error
        found = (report_of(self._state, stamped) for stamped in events)
        return [report for report in found if report is not None]

"""One read of some columns of a table, by walks and GETs that stay within the budget of the line cards."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Final

import trio

from actors.poller.device_link import DeviceLink
from actors.poller.second_way import SILENT
from protocols.poll.plan.column_plan import ColumnPlan
from protocols.poll.plan.table_plan import Rows, TablePlan, walked
from protocols.snmp.manager.errors import RequestError
from protocols.snmp.manager.value import is_missing
from protocols.snmp.manager.walk import Walk

SLICE: Final = 64
"""Variable bindings of one answer about a line card at most: so many have to be left before it is asked for."""
_CARD_SLICE: Final = 2 * SLICE
"""Variable bindings about line cards between two looks at their budgets: the next card may be another one."""
_AT_ONCE: Final = 32
"""Names of one GET."""


class TableRead:
    """Walks ``columns`` of ``table``, below ``prefix`` alone where one is given. ``rows`` have whole indexes."""

    __slots__ = ("_card", "_link", "_prefix", "_walk", "error", "silent", "table")

    def __init__(self, table: TablePlan, columns: Sequence[ColumnPlan], link: DeviceLink, prefix: bytes = b"") -> None:
        self.table, self._link, self._prefix = table, link, prefix
        rows = max(1, min(SLICE, int(link.budget.least_burst)) // max(1, len(columns))) if table.has_cards else None
        self._walk = Walk(walked(table, columns, prefix), rows, link.agent.walk_size)
        self._card = ""
        self.error = ""
        """Why the table is not whole; empty while nothing has failed."""
        self.silent = False
        """True when that is that the device no longer answers."""

    @property
    def finished(self) -> bool:
        """The walk has ended, or cannot go on."""
        return self._walk.finished or bool(self.error)

    @property
    def rows(self) -> Rows:
        """What was read so far."""
        rows, prefix = self._walk.table.rows, self._prefix
        return {prefix + index: row for index, row in rows.items()} if prefix else rows

    def wait(self, reserve: float) -> float:
        """Seconds until the next slice may be asked for; ``reserve``: variable bindings that have to be left for others."""
        # Who waits for the read overdraws the budget by one answer at most; a read in the background does not.
        return self._link.budget.wait(trio.current_time(), self._card, reserve + SLICE if reserve else 1)

    async def slice(self) -> None:
        """Ask for as much as the budget has now. A failure ends the read and is in ``error``."""
        link, table = self._link, self._walk.table
        known = len(table.rows)
        most = max(1, int(link.budget.left(trio.current_time(), self._card)))
        if self.table.has_cards:
            most = min(most, _CARD_SLICE if self._card else SLICE)
        before = table.varbinds
        try:
            await link.slice(self._walk, most)
        except RequestError as error:
            self.error, self.silent = str(error), isinstance(error, SILENT)
        finally:
            self._pay(table.varbinds - before, known)
        if not self.error and self._walk.finished:
            self.error = table.incomplete

    def _pay(self, varbinds: int, known: int) -> None:
        """Each card pays for its rows; what belongs to none of the new rows is paid by the latest card."""
        link, card_of = self._link, self.table.card
        cards: dict[str, int] = {}
        width = len(self._walk.table.columns)
        for index in islice(self._walk.table.rows, known, None):
            self._card = card_of(self._prefix + index)
            cards[self._card] = cards.get(self._card, 0) + width
        for card, owed in cards.items():
            paid = min(owed, varbinds)
            varbinds -= paid
            link.paid(paid, card)
        if varbinds > 0:
            link.paid(varbinds, self._card)


async def run_read(read: TableRead, between: Callable[[], Awaitable[None]]) -> None:
    """Read to the end, waiting for the budget; ``between`` is awaited before each slice."""
    while not read.finished:
        await between()
        wait = read.wait(0)
        if wait > 0:
            await trio.sleep(wait)
            continue
        await read.slice()


async def get_rows(table: TablePlan, columns: Sequence[ColumnPlan], indexes: Sequence[bytes], link: DeviceLink) -> Rows:
    """The rows of these indexes by GET, without those that the agent does not have. Raises RequestError."""
    rows: Rows = {}
    step = max(1, _AT_ONCE // max(1, len(columns)))
    for first in range(0, len(indexes), step):
        part = indexes[first : first + step]
        card = table.card(part[0])
        await link.until_affordable(card, 1)
        values, _ = await link.get([column.oid + index for index in part for column in columns], card)
        for number, index in enumerate(part):
            found = values[number * len(columns) : (number + 1) * len(columns)]
            if any(value and not is_missing(value) for value in found):
                rows[index] = [None if not value or is_missing(value) else value for value in found]
    return rows

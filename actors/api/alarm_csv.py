"""Alarms as a CSV file: every alarm that passes the filter, page by page, at most ``MOST``; a header tells of more."""

from collections.abc import AsyncIterator, Sequence

from litestar.response import Stream

from actors.api.sql.alarms import count_alarms, list_alarms
from actors.postgres import Postgres
from protocols.alarm import Alarm
from protocols.csv_cells import cell, lines
from protocols.query import AlarmFilter, AlarmSort

CSV = "text/csv"
MOST = 100_000
"""Alarms in one file."""
TRUNCATED = "Faultd-Truncated"
"""Response header: the filter found more alarms than the file has."""
_PAGE = 500
COLUMNS = tuple(Alarm.__struct_fields__)


async def exported(database: Postgres, wanted: AlarmFilter, sort: AlarmSort, tenant: str | None) -> Stream:
    """The file. Its first page is read before the answer begins, so that a database that is away is a 503."""
    counted = await count_alarms(database, wanted, tenant=tenant, most=MOST + 1)
    first = await list_alarms(database, wanted, sort=sort, limit=_PAGE, tenant=tenant)

    async def pages() -> AsyncIterator[str]:
        page, sent = first, 0
        yield lines([COLUMNS])
        while True:
            yield _rows(page.items[: MOST - sent])
            sent += len(page.items)
            if page.next_cursor is None or sent >= MOST:
                return
            page = await list_alarms(database, wanted, sort=sort, limit=_PAGE, cursor=page.next_cursor, tenant=tenant)

    headers = {"Content-Disposition": 'attachment; filename="alarms.csv"'}
    if counted > MOST:
        headers[TRUNCATED] = str(MOST)
    return Stream(pages(), media_type=CSV, headers=headers)


def _rows(alarms: Sequence[Alarm]) -> str:
    return lines([cell(getattr(alarm, name)) for name in COLUMNS] for alarm in alarms)

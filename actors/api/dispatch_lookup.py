"""Notifications or tickets by name and by filter: from the dispatcher while it holds them, else from PostgreSQL; within the
caller's tenant."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

from litestar import Response

from actors.api.alarm_lookup import AlarmLookup, answer
from actors.api.alarm_reads import DEGRADED
from actors.api.keyset import Order
from actors.api.problems import ProblemError
from actors.postgres import DatabaseUnavailable, Postgres
from protocols.principal import Principal
from protocols.query import Page


class DispatchRow(Protocol):
    """A notification or a ticket."""

    @property
    def tenant_id(self) -> str: ...


class DispatchQuery(Protocol):
    """The parameters that both lists have."""

    @property
    def alarm_id(self) -> str | None: ...
    @property
    def limit(self) -> int: ...
    @property
    def cursor(self) -> str | None: ...


RowT = TypeVar("RowT", bound=DispatchRow)
QueryT = TypeVar("QueryT", bound=DispatchQuery)
PageT = TypeVar("PageT")


class DispatchLookup(Generic[RowT, QueryT]):
    """A subclass says where the rows are, and how a row that the dispatcher holds is chosen as PostgreSQL chooses."""

    noun: str
    """``ticket``."""
    latest: Order
    """The order of the list."""
    held_only: str
    """Text for a list without PostgreSQL."""

    def __init__(self, alarms: AlarmLookup) -> None:
        self.alarms = alarms

    async def answered(self, by: Principal, query: QueryT, page: Callable[[Page[RowT], str | None], PageT]) -> Response[PageT]:
        """The answer to a list: ``page`` makes its body from the rows and, while PostgreSQL is away, the text that older
        history is missing. Raises ``BadCursor``."""
        try:
            database = self.alarms.stored.database
            # Rows that wait are of the newest batches.
            fresh = await self.alarms.stored.caught_up(by, newest=True)
            alarm_id = await self.alarms.id_of(by, query.alarm_id)
            rows = await self.stored_page(database, query, alarm_id, by.tenant)
        except DatabaseUnavailable:
            return Response(page(self._held_page(by, query), self.held_only), headers={DEGRADED: "true"})
        return answer(page(rows, None), fresh)

    async def one(self, by: Principal, name: str) -> tuple[RowT, bool]:
        """The row of this id, and whether it is as the caller's own writes left it. ProblemError 404 when the caller sees
        none."""
        held = self.held(name)
        if held is not None and by.sees(held.tenant_id):
            return held, True
        database = self.alarms.database
        fresh = await self.alarms.stored.caught_up(by)
        found = await self.stored_one(database, name, by.tenant)
        if found is None:
            raise ProblemError(404, f"unknown_{self.noun}", f"no {self.noun} {name!r}")
        return found, fresh

    def _held_page(self, by: Principal, query: QueryT) -> Page[RowT]:
        """A page of what the dispatcher holds, in the order and with the cursors of PostgreSQL."""
        alarm = None if query.alarm_id is None else self.alarms.held(by, query.alarm_id)
        alarm_id = query.alarm_id if alarm is None else alarm.id
        found = [each for each in self.all_held() if by.sees(each.tenant_id) and self.meets(each, query, alarm_id)]
        found.sort(key=self.place, reverse=True)
        return self.latest.page(found, self.place, query.limit, query.cursor)

    def held(self, name: str) -> RowT | None:
        """The row of this id that the dispatcher holds."""
        raise NotImplementedError

    def all_held(self) -> Iterable[RowT]:
        """Every row that the dispatcher holds."""
        raise NotImplementedError

    async def stored_page(self, database: Postgres, query: QueryT, alarm_id: str | None, tenant: str | None) -> Page[RowT]:
        """A page of PostgreSQL. ``alarm_id``: ``id`` of the alarm that the query names."""
        raise NotImplementedError

    async def stored_one(self, database: Postgres, name: str, tenant: str | None) -> RowT | None:
        """The row of this id in PostgreSQL."""
        raise NotImplementedError

    def meets(self, found: RowT, query: QueryT, alarm_id: str | None) -> bool:
        """True when the query chooses the row, as PostgreSQL does."""
        raise NotImplementedError

    def place(self, found: RowT) -> tuple[Any, ...]:
        """The keys of ``latest``."""
        raise NotImplementedError

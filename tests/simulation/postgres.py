"""PostgreSQL in memory: the store's own statements on tables that are dicts, with transactions, savepoints and a server that
can be away, lose a connection at any statement, or commit without the client hearing of it.

``Server.tables`` is what is committed. ``on_commit`` is called after each commit with the tables.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import copy
from datetime import UTC, datetime
from random import Random
from typing import Any

import asyncpg
import msgspec
import trio
from simulation.violation import Violation

from actors.postgres import DatabaseUnavailable
from actors.store import apply, change_rows, operator_rows, reseed, trim
from actors.store.change_table import ChangeTable
from actors.store.schema import newest
from actors.store.settings import StoreSettings

UNSTORABLE = "unstorable"
"""A title that the server refuses."""

Row = dict[str, Any]


class Tables:
    """Every table by its key; rows are never changed in place."""

    def __init__(self) -> None:
        self.cursor: tuple[str, int] | None = None
        self.mark: tuple[Any, ...] = (0, None)
        self.alarms: dict[str, Row] = {}
        self.archive: dict[str, Row] = {}
        self.timeline: dict[tuple[int, int], Row] = {}
        self.device_events: dict[tuple[int, int], Row] = {}
        self.unknown_traps: dict[int, Row] = {}
        self.unknown_counts: dict[tuple[str, str], int] = {}
        self.quarantine: dict[tuple[int, str], Row] = {}
        self.rules: dict[str, Row] = {}
        self.maintenance_windows: dict[str, Row] = {}
        self.topology_nodes: dict[str, Row] = {}
        self.records: dict[tuple[str, ...], Row] = {}
        """Rows of the tables of service level agreements and of dispatch, by table and key."""
        self.rejects: tuple[tuple[int, str], ...] = ()
        self.gaps: tuple[tuple[int, int], ...] = ()
        """First and last batch of each stretch that was bridged because the ledger no longer has it."""
        self.partitions: frozenset[str] = frozenset()

    def copy(self) -> "Tables":
        other = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict):
                setattr(other, name, dict(value))
        return other


class Server:
    """The one server. ``violate`` is told what must never happen."""

    def __init__(
        self,
        rng: Random,
        violate: Callable[[str], None],
        on_commit: Callable[[Tables], None],
        spawn: Callable[..., None],
    ) -> None:
        self._rng, self._violate, self._on_commit, self._spawn = rng, violate, on_commit, spawn
        self.tables = Tables()
        self.down = False
        self.flaky = 0.0
        """Chance that a statement loses the connection."""
        self.slow = 0.0
        """Seconds that a statement takes at most."""
        self.commit_fails = ""
        """The next commit loses its connection, ``before`` or ``after`` the server has carried it out; "": it does not."""
        self.generation = 0
        """Connections of an earlier one are gone: the tables have been restored from a backup since."""
        self.zombies = 0
        """Transactions whose client is gone and whose commit is still to come; they hold the cursor's lock."""
        self._settled = trio.Event()

    def calm(self) -> None:
        self.down, self.flaky, self.slow, self.commit_fails = False, 0.0, 0.0, ""

    async def statement(self) -> None:
        """The time of one statement. Raises ConnectionResetError."""
        await trio.sleep(self._rng.uniform(0, self.slow) if self.slow else self._rng.expovariate(3000))
        if self.down or self._rng.random() < self.flaky:
            raise ConnectionResetError("connection was closed in the middle of operation")

    def lose(self, when: str) -> None:
        """Raises ConnectionResetError when the commit is to be lost at this side of it."""
        if self.commit_fails == when:
            self.commit_fails = ""
            raise ConnectionResetError(f"connection was lost {when} the commit")

    def restore(self, tables: Tables) -> None:
        """The tables are as they once were; no connection and no transaction outlives that."""
        self.generation += 1
        self.tables = tables.copy()

    async def locked(self) -> None:
        """Wait for the cursor's lock."""
        while self.zombies:
            await self._settled.wait()

    def commit(self, tables: Tables) -> None:
        self.tables = tables
        self._on_commit(tables)

    def bequeath(self, tables: Tables, begun_at: tuple[str, int] | None) -> None:
        """The client died after it had sent its commit: the server carries it out a little later."""
        self.zombies += 1
        self._spawn(self._commit_later, tables, begun_at, self._rng.uniform(0, 5), self.generation)

    async def _commit_later(self, tables: Tables, begun_at: tuple[str, int] | None, seconds: float, generation: int) -> None:
        await trio.sleep(seconds)
        self.zombies -= 1
        if self.tables.cursor == begun_at and self.generation == generation:
            self.commit(tables)
        settled, self._settled = self._settled, trio.Event()
        settled.set()


class Client:
    """Stands for ``actors.postgres.Postgres``. ``point`` names a moment at which the process may die; ``dead`` says
    that it did."""

    def __init__(self, server: Server, rng: Random, point: Callable[[str], Awaitable[None]], dead: Callable[[], bool]) -> None:
        self._server, self._rng, self.point, self.dead = server, rng, point, dead

    async def run(self, function: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        try:
            await self._server.statement()
            return await function(Connection(self._server, self._rng, self), *args)
        except OSError as error:
            raise DatabaseUnavailable(str(error)) from error

    async def fetchval(self, sql: str) -> Any:
        async def fetch(_connection: Connection) -> Any:
            return True if "to_regclass" in sql else newest()

        return await self.run(fetch)

    async def execute(self, sql: str, *args: object) -> str:
        async def nothing(_connection: Connection) -> str:
            return sql

        return str(await self.run(nothing))


class Connection:
    """One connection: statements outside a transaction commit by themselves."""

    def __init__(self, server: Server, rng: Random, client: Client) -> None:
        self._server, self._rng, self._client = server, rng, client
        self._work: Tables | None = None
        self._begun: tuple[str, int] | None = None
        self._inside = False
        self._generation = server.generation

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        if self._inside:
            saved = self._work.copy() if self._work is not None else None
            try:
                yield
            except asyncpg.PostgresError:
                self._work = saved
                raise
            return
        self._inside = True
        try:
            yield
        except BaseException:
            self._work = None
            raise
        else:
            await self._commit()
        finally:
            self._inside = False

    async def _statement(self) -> None:
        await self._server.statement()
        if self._server.generation != self._generation:
            raise ConnectionResetError("terminating connection due to administrator command")

    async def _commit(self) -> None:
        await self._statement()
        work, self._work = self._work, None
        if work is None:
            return
        try:
            await self._client.point("a commit sent to PostgreSQL")
        except trio.Cancelled:
            if self._client.dead() and self._rng.random() < 0.5:
                self._server.bequeath(work, self._begun)
            raise
        self._server.lose("before")
        if self._server.generation != self._generation:
            raise ConnectionResetError("terminating connection due to administrator command")
        self._server.commit(work)
        self._server.lose("after")
        await self._client.point("a commit carried out by PostgreSQL")
        # The commit stands; whether the client hears of it is another matter.
        await self._server.statement()

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        await self._statement()
        if self._work is None or sql != reseed.END_UNSEEDED:
            raise Violation(f"the virtual PostgreSQL does not know {sql!r}")
        return _end_unseeded(self._work, args)

    async def fetchrow(self, sql: str, *_args: Any) -> Row | None:
        await self._statement()
        if not sql.strip().startswith("SELECT ledger_id, seq"):
            raise Violation(f"the virtual PostgreSQL does not know {sql!r}")
        tables = self._work or self._server.tables
        if tables.cursor is None:
            return None
        (ledger_id, seq), (through, at) = tables.cursor, tables.mark
        return {
            "ledger_id": ledger_id,
            "seq": seq,
            "events_through": through,
            "recorded_at": at,
            "rejects": len(tables.rejects),
        }

    async def execute(self, sql: str, *args: Any) -> str:
        await self._statement()
        if self._work is None:
            await self._server.locked()
            if self._server.generation != self._generation:
                raise ConnectionResetError("terminating connection due to administrator command")
            self._begun = self._server.tables.cursor
            self._work = self._server.tables.copy()
        tag = _run(self._work, sql.strip(), args, self._server._violate)
        if not self._inside:
            work, self._work = self._work, None
            self._server.commit(work)
        return tag


def _run(tables: Tables, sql: str, args: tuple[Any, ...], violate: Callable[[str], None]) -> str:
    known = _STATEMENTS.get(sql)
    if known is not None:
        known(tables, args, violate)
        return "OK"
    if sql.startswith("UPDATE faultd_cursor"):
        _consumer, ledger_id, before, seq, *mark = args
        if tables.cursor != (ledger_id, before):
            return "UPDATE 0"
        tables.cursor, tables.mark = (ledger_id, seq), tuple(mark)
        return "UPDATE 1"
    if sql.startswith("INSERT INTO faultd_cursor"):
        if tables.cursor is None or tables.cursor[1] == 0:
            tables.cursor = (args[1], 0)
        return "INSERT 0 1"
    if sql in apply.EXPIRE:
        expire(getattr(tables, sql.split()[2]), args[0])
        return "DELETE"
    if sql in _TRIMS_BY_AGE:
        return "DELETE 0"
    if sql in _TRIMS:
        # No life comes near the bounds: tests/actors/store/test_store_trim.py tries them on the real one.
        if max(len(tables.unknown_traps), len(tables.device_events), len(tables.timeline)) > _FEW:
            raise Violation("the virtual PostgreSQL trims nothing, and there would be something to trim")
        return "DELETE 0"
    if sql.startswith("CREATE TABLE IF NOT EXISTS alarm_timeline_"):
        tables.partitions |= {sql.split()[5]}
        return "CREATE TABLE"
    raise Violation(f"the virtual PostgreSQL does not know {sql!r}")


_FEW = StoreSettings().timeline_lines
_TRIMS = {
    sql.strip()
    for sql in (trim.TRAPS_BY_ROWS, trim.TRAPS_BY_BYTES, trim.COUNTS_BY_ROWS, trim.EVENTS_BY_ROWS, trim.TIMELINE_OF_ONE)
}
_TRIMS_BY_AGE = {sql.strip() for by_age in (trim.SLA_BY_AGE, trim.DISPATCH_BY_AGE) for sql in by_age.values()}
"""No life is years long."""


def _decode(value: Any) -> Any:
    return msgspec.json.decode(bytes(value))


def _refuse(row: Row) -> None:
    if UNSTORABLE in str(row.get("title", "")):
        raise asyncpg.DataError("the virtual PostgreSQL cannot store this")


def _upsert_alarms(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
    for row in _decode(args[0]):
        _refuse(row)
        tables.alarms[row["id"]] = row | {"live": True}


def _update_counts(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
    for row in _decode(args[0]):
        # Which Events repeated it is no part of the alarm.
        row.pop("offsets")
        if row["id"] in tables.alarms:
            tables.alarms[row["id"]] = tables.alarms[row["id"]] | row


def _forget(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
    for name in _decode(args[0]):
        if name in tables.alarms:
            tables.alarms[name] = tables.alarms[name] | {"live": False}


def _update_history(rows: dict[Any, Row], args: tuple[Any, ...]) -> None:
    name, sets, ticket = str(args[0]), args[1], args[2]
    if name in rows:
        row = rows[name]
        rows[name] = row | {"revision": row["revision"] + 1} | ({"ticket_id": ticket} if sets else {})


def archive(tables: Tables, before: datetime) -> None:
    """Move what was cleared before that and is no longer alive."""
    for name, row in list(tables.alarms.items()):
        cleared = row["cleared_at"]
        if not row["live"] and cleared is not None and datetime.fromisoformat(cleared).astimezone(UTC) < before:
            tables.archive[name] = tables.alarms.pop(name)


def expire(rows: dict[Any, Row], before: datetime) -> None:
    """Let go of what happened before that."""
    for key, row in list(rows.items()):
        if datetime.fromisoformat(row["at"]).astimezone(UTC) < before:
            del rows[key]


def _insert_entries(tables: Tables, args: tuple[Any, ...], violate: Callable[[str], None]) -> None:
    for row in _decode(args[0]):
        key = row["offset"], row["number"]
        if key in tables.timeline:
            violate(f"timeline entry {key} is applied to PostgreSQL twice")
        month = f"alarm_timeline_{row['at'][:4]}_{row['at'][5:7]}"
        if month not in tables.partitions:
            violate(f"timeline entry {key} has no partition {month}")
        tables.timeline.setdefault(key, row)


def _insert_device_events(tables: Tables, args: tuple[Any, ...], violate: Callable[[str], None]) -> None:
    for row in _decode(args[0]):
        _refuse(row)
        key = row["offset"], row["number"]
        if key in tables.device_events:
            violate(f"device event {key} is applied to PostgreSQL twice")
        tables.device_events.setdefault(key, row)


def _insert_unknown(tables: Tables, args: tuple[Any, ...], violate: Callable[[str], None]) -> None:
    for row in _decode(args[0]):
        if row["offset"] in tables.unknown_traps:
            violate(f"unknown trap {row['offset']} is applied to PostgreSQL twice")
        tables.unknown_traps.setdefault(row["offset"], {name: row[name] for name in ("tenant_id", "trap_oid", "at")})


def _count_unknown(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
    for row in _decode(args[0]):
        key = row["tenant_id"], row["trap_oid"]
        tables.unknown_counts[key] = tables.unknown_counts.get(key, 0) + row["traps"]


def _upsert_quarantine(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
    for row in _decode(args[0]):
        tables.quarantine[row["offset"], row["stage"]] = {"kind": row["kind"], "error": row["error"]}


def _release(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
    for released in zip(*args, strict=True):
        tables.quarantine.pop(released, None)


def _reject(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
    tables.rejects = (*tables.rejects, (args[1], args[2]))


def _end_unseeded(tables: Tables, args: tuple[Any, ...]) -> list[str]:
    kept, by = set(_decode(args[0])), args[1]
    ended = [name for name, row in tables.alarms.items() if row["live"] and name not in kept]
    for name in ended:
        row = tables.alarms[name]
        status = row["status"] if row["status"] in ("cleared", "resolved") else "cleared"
        # Years from now, so that it stays where the oracle can see it.
        cleared = row["cleared_at"] or "2100-01-01T00:00:00Z"
        ending = {"live": False, "status": status, "cleared_at": cleared, "cleared_by": row["cleared_by"] or by}
        tables.alarms[name] = row | ending
    return ended


def _record_gap(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
    tables.gaps = (*tables.gaps, (args[2]["first"], args[2]["last"]))


def _forget_quarantine(tables: Tables, _args: tuple[Any, ...], _violate: Any) -> None:
    tables.quarantine = {}


def _put_rows(table: str) -> Callable[[Tables, tuple[Any, ...], Any], None]:
    def put(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
        rows: dict[str, Row] = getattr(tables, table)
        rows.update((row["id"], row) for row in _decode(args[0]))

    return put


def _drop_rows(table: str) -> Callable[[Tables, tuple[Any, ...], Any], None]:
    def drop(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
        for name in _decode(args[0]):
            getattr(tables, table).pop(name, None)

    return drop


def _put_records(table: ChangeTable) -> Callable[[Tables, tuple[Any, ...], Any], None]:
    def put(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
        rows = _decode(args[0])
        tables.records.update(((table.name, *(str(row[name]) for name in table.key)), row) for row in rows)

    return put


def _drop_records(table: str) -> Callable[[Tables, tuple[Any, ...], Any], None]:
    def drop(tables: Tables, args: tuple[Any, ...], _violate: Any) -> None:
        for name in _decode(args[0]):
            tables.records.pop((table, name), None)

    return drop


def _empty_dispatch(tables: Tables, _args: tuple[Any, ...], _violate: Any) -> None:
    emptied = ("notification_policies", "contacts", "rotas")
    tables.records = {key: row for key, row in tables.records.items() if key[0] not in emptied}


def _empty(tables: Tables, _args: tuple[Any, ...], _violate: Any) -> None:
    for table in operator_rows.UPSERT:
        setattr(tables, table, {})


_STATEMENTS: dict[str, Callable[[Tables, tuple[Any, ...], Callable[[str], None]], None]] = {
    apply.UPSERT_ALARMS.strip(): _upsert_alarms,
    apply.UPDATE_COUNTS.strip(): _update_counts,
    apply.UPDATE_REPEATS.strip(): lambda _tables, _args, _violate: None,
    apply.FORGET.strip(): _forget,
    apply.UPDATE_HISTORY[0]: lambda tables, args, _violate: _update_history(tables.alarms, args),
    apply.UPDATE_HISTORY[1]: lambda tables, args, _violate: _update_history(tables.archive, args),
    apply.ARCHIVE.strip(): lambda tables, args, _violate: archive(tables, args[0]),
    apply.INSERT_ENTRIES.strip(): _insert_entries,
    apply.INSERT_DEVICE_EVENTS.strip(): _insert_device_events,
    apply.INSERT_UNKNOWN.strip(): _insert_unknown,
    apply.COUNT_UNKNOWN.strip(): _count_unknown,
    apply.UPSERT_QUARANTINE.strip(): _upsert_quarantine,
    apply.RELEASE.strip(): _release,
    apply.REJECT.strip(): _reject,
    reseed.RECORD_GAP.strip(): _record_gap,
    reseed.FORGET_QUARANTINE.strip(): _forget_quarantine,
    operator_rows.EMPTY: _empty,
    **{sql: _put_rows(table) for table, sql in operator_rows.UPSERT.items()},
    **{sql: _drop_rows(table) for table, sql in operator_rows.DELETE.items()},
    reseed.EMPTY_DISPATCH: _empty_dispatch,
    **{change_rows.UPSERT[table.name]: _put_records(table) for table in change_rows.TABLES.values()},
    **{sql: _drop_records(table) for table, sql in change_rows.DELETE.items()},
    # tests/actors/store/test_store_reseed.py tries them on the real one.
    **{sql.strip(): lambda _tables, _args, _violate: None for sql in reseed.END_UNSEEDED_RECORDS},
}

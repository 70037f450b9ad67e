"""PostgreSQL for trio: asyncpg, which speaks asyncio only, on one dedicated thread behind :class:`Postgres`.

A coroutine handed to :meth:`Postgres.run` runs on that thread with a connection of its pool, and its result comes back
to the trio task that asked. Cancelling the trio task cancels the asyncio task and waits until that has really
ended, so nothing is ever still running on a connection that its asker believes to be free.
"""

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, TypeAlias, TypeVar, cast

import asyncpg
import msgspec
import outcome
import trio
from asyncpg.pool import PoolConnectionProxy
from asyncpg.protocol import Record

from actors.asyncio_loop import Loop

T = TypeVar("T")
Connection: TypeAlias = "PoolConnectionProxy[Record]"
Connect: TypeAlias = Callable[[], "Awaitable[asyncpg.Connection[Record]]"]

RELEASE_SECONDS = 2.0
"""Seconds that a silent server may keep a connection that is to be closed; then the connection is cut."""
APART_SECONDS = 600.0
"""Seconds for one statement outside the pool. A migration that rewrites a large table needs time."""
LOCK_SECONDS = 10.0
"""Seconds for which such a statement waits for another session's lock. Meanwhile all other sessions wait behind it."""


class DatabaseUnavailable(Exception):
    """PostgreSQL cannot be used now: unreachable, starting, stopping, full, out of connections, or too slow.

    Whether a transaction under way was committed is unknown. The cause is in ``__cause__``.
    """


class Postgres:
    """One PostgreSQL database. Made by :meth:`open`; safe to use from every task of the trio run that opened it."""

    def __init__(self, url: str, *, size: int, command_timeout: float, connect_timeout: float) -> None:
        self._url = url
        self._size = size
        self._command_timeout = command_timeout
        self._connect_timeout = connect_timeout
        self._answer_within = math.inf
        self.refusal: Callable[[], str] = lambda: ""
        """The reason for which no function may run now; empty when functions may run. Checked before each :meth:`run`."""
        self._jobs: set[asyncio.Task[Any]] = set()
        self._open = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        size: int = 4,
        command_timeout: float = 30.0,
        connect_timeout: float = 5.0,
        answer_within: float = math.inf,
    ) -> "AsyncIterator[Postgres]":
        """Start the thread and a pool of at most ``size`` connections to ``url`` (``postgresql://...``).

        Nothing is connected yet, so this works while PostgreSQL is away; a lost connection is replaced by the next call.
        Times are seconds: ``command_timeout`` bounds one statement, ``connect_timeout`` getting a connection, ``answer_within``
        both and all statements of one call of :meth:`run`. Leaving the
        context cancels what is still running, closes the connections and ends the thread.
        """
        database = cls(url, size=size, command_timeout=command_timeout, connect_timeout=connect_timeout)
        database._answer_within = answer_within
        database._token = trio.lowlevel.current_trio_token()
        ready, ended = trio.Event(), trio.Event()
        thread = threading.Thread(target=database._thread, args=(ready, ended), name="postgres", daemon=True)
        thread.start()
        with trio.CancelScope(shield=True):
            await ready.wait()
        database._open = True
        try:
            yield database
        finally:
            database._open = False
            database._loop.call_soon_threadsafe(database._stop.set)
            with trio.CancelScope(shield=True):
                await ended.wait()
            thread.join()

    async def run(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """``await function(connection, *args)`` on the asyncio thread. The function has the connection for itself until it
        ends.

        Raises :class:`DatabaseUnavailable`, or the exception of ``function`` (asyncpg's errors for wrong SQL or data). When the
        caller is cancelled, the function is cancelled where it is and its transaction is rolled back; then the cancellation
        goes on.
        """
        if why := self.refusal():
            raise DatabaseUnavailable(why)
        with trio.move_on_after(self._answer_within):
            return await self._call(partial(self._with_connection, function, args))
        raise DatabaseUnavailable(f"no answer within {self._answer_within:g} s")

    async def apart(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """``await function(connect, *args)`` on the asyncio thread; each ``await connect()`` gives a connection outside the
        pool, for statements that take long. Those still open at the end are cut.

        Raises as :meth:`run` does, and DatabaseUnavailable also for a lock that another session holds. When the caller is
        cancelled the connections are cut at once.
        """
        return await self._call(partial(self._apart, function, args))

    async def fetch(self, sql: str, *args: object) -> Sequence[Record]:
        """The rows of one query. Raises as :meth:`run` does."""
        return await self.run(partial(_fetch, sql, args))

    async def fetchrow(self, sql: str, *args: object) -> Record | None:
        """The first row of one query, None when there is none. Raises as :meth:`run` does."""
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    async def fetchval(self, sql: str, *args: object) -> Any:
        """The first column of the first row, None when there is none. Raises as :meth:`run` does."""
        row = await self.fetchrow(sql, *args)
        return None if row is None else row[0]

    async def execute(self, sql: str, *args: object) -> str:
        """Run one statement (or several without ``args``); the command tag. Raises as :meth:`run` does."""
        return await self.run(partial(_execute, sql, args))

    # What follows runs on the asyncio thread, except _call.

    def _thread(self, ready: trio.Event, ended: trio.Event) -> None:
        try:
            with asyncio.Runner(loop_factory=Loop) as runner:
                runner.run(self._serve(ready))
        finally:
            self._token.run_sync_soon(ended.set)

    async def _serve(self, ready: trio.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        on_server = f"{math.ceil(self._command_timeout) + 5}s"
        self._pool = asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._size,
            init=_set_codecs,
            timeout=self._connect_timeout,
            command_timeout=self._command_timeout,
            server_settings={
                "application_name": "faultd",
                "timezone": "UTC",
                "jit": "off",
                # The server ends the statement too, and releases its locks, when this end can no longer cancel it.
                "statement_timeout": on_server,
                "idle_in_transaction_session_timeout": on_server,
            },
        )
        await self._pool
        self._token.run_sync_soon(ready.set)
        await self._stop.wait()
        for job in self._jobs:
            job.cancel()
        if self._jobs:
            await asyncio.wait(self._jobs)
        try:
            await asyncio.wait_for(self._pool.close(), RELEASE_SECONDS)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._pool.terminate()

    async def _with_connection(self, function: Callable[..., Awaitable[T]], args: tuple[Any, ...]) -> T:
        try:
            connection = await self._pool.acquire(timeout=self._connect_timeout)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            # Without a connection the database is unavailable, whatever the reason. A wrong URL, version or TLS setting is for
            # the operator to mend while faultd goes on.
            raise DatabaseUnavailable(describe(error)) from error
        with _translated():
            try:
                return await function(connection, *args)
            finally:
                await self._pool.release(connection, timeout=RELEASE_SECONDS)

    async def _apart(self, function: Callable[..., Awaitable[T]], args: tuple[Any, ...]) -> T:
        opened: list[asyncpg.Connection[Record]] = []

        async def connect() -> "asyncpg.Connection[Record]":
            opened.append(await connect_apart(self._url, self._connect_timeout))
            return opened[-1]

        work = asyncio.ensure_future(function(connect, *args))
        with _translated():
            try:
                return await asyncio.shield(work)
            finally:
                # First of all, or the roll-back of work that is cancelled would wait for a server that says nothing.
                for connection in opened:
                    connection.terminate()
                if not work.done():
                    work.cancel()
                    await asyncio.wait([work])

    async def _call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        await trio.lowlevel.checkpoint_if_cancelled()
        if not self._open:
            raise trio.ClosedResourceError("this Database has been closed")
        asker = trio.lowlevel.current_task()
        job: asyncio.Task[T] | None = None
        cancelled: Callable[[], Any] | None = None

        def start() -> None:
            nonlocal job
            job = self._loop.create_task(work())
            self._jobs.add(job)
            job.add_done_callback(ended)
            if self._stop.is_set():
                job.cancel()

        def ended(done: "asyncio.Task[T]") -> None:
            self._jobs.discard(done)
            self._token.run_sync_soon(hand_over, done)

        def hand_over(done: "asyncio.Task[T]") -> None:
            trio.lowlevel.reschedule(asker, outcome.capture(result, done))

        def result(done: "asyncio.Task[T]") -> T:
            try:
                return done.result()
            except (asyncio.CancelledError, DatabaseUnavailable):
                # A connection that did not heed the cancellation in time was given up: that is its end too.
                if cancelled is not None:
                    cancelled()
                if self._open and not done.cancelled():
                    raise
            raise trio.ClosedResourceError("this Database was closed while the call was under way")

        def abort(raise_cancel: Callable[[], Any]) -> trio.lowlevel.Abort:
            nonlocal cancelled
            cancelled = raise_cancel
            # Behind start() in the loop's queue, so the job exists by then.
            self._loop.call_soon_threadsafe(lambda: job is not None and job.cancel())
            return trio.lowlevel.Abort.FAILED

        self._loop.call_soon_threadsafe(start)
        return await trio.lowlevel.wait_task_rescheduled(abort)  # type: ignore[no-any-return]

    _token: trio.lowlevel.TrioToken
    _loop: asyncio.AbstractEventLoop
    _stop: asyncio.Event
    _pool: "asyncpg.Pool[Record]"


async def connect_apart(url: str, seconds: float) -> "asyncpg.Connection[Record]":
    """A connection outside any pool, made within ``seconds``: for statements that may take long, but wait for no lock long.
    Raises OSError or asyncpg's errors."""
    settings = {"application_name": "faultd", "lock_timeout": f"{LOCK_SECONDS:.0f}s"}
    return await asyncpg.connect(url, timeout=seconds, command_timeout=APART_SECONDS, server_settings=settings)


@asynccontextmanager
async def connected_apart(url: str, seconds: float) -> AsyncIterator[Connection]:
    """:func:`connect_apart`, closed at the end; for a command without a :class:`Postgres`."""
    connection = await connect_apart(url, seconds)
    try:
        yield cast(Connection, connection)
    finally:
        await connection.close(timeout=RELEASE_SECONDS)


_UNAVAILABLE = (
    OSError,  # refused, no such socket, reset; TimeoutError too
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, statement_timeout
    asyncpg.InsufficientResourcesError,  # disk full, out of memory, too many connections
    asyncpg.PostgresSystemError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,  # not created yet, or being restored
    asyncpg.ReadOnlySQLTransactionError,  # a standby, until the fail-over has ended
    asyncpg.InternalClientError,  # the server's farewell came in while the statement went out
    asyncpg.LockNotAvailableError,  # another session holds a lock for longer than lock_timeout
    asyncpg.TransactionRollbackError,  # deadlock, serialization: the next attempt may succeed
)


@contextmanager
def _translated() -> Iterator[None]:
    """Raise DatabaseUnavailable for the errors that are the database's and not the caller's."""
    try:
        yield
    except _UNAVAILABLE as error:
        raise DatabaseUnavailable(describe(error)) from error
    except asyncpg.InterfaceError as error:
        # asyncpg says "connection is closed" with the same class that it uses for misuse.
        if isinstance(error, ValueError) or "clos" not in str(error):
            raise
        raise DatabaseUnavailable(describe(error)) from error


def describe(error: BaseException) -> str:
    """One line for people. Some of asyncpg's errors and all timeouts have no text of their own."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def _fetch(sql: str, args: tuple[object, ...], connection: Connection) -> Sequence[Record]:
    return await connection.fetch(sql, *args)


async def _execute(sql: str, args: tuple[object, ...], connection: Connection) -> str:
    return await connection.execute(sql, *args)


async def _set_codecs(connection: "Connection | asyncpg.Connection[Record]") -> None:
    """JSON and JSONB travel as Python values through msgspec; ``msgspec.Raw`` passes ready-made JSON."""
    encode, decode = msgspec.json.encode, msgspec.json.decode
    await connection.set_type_codec("json", schema="pg_catalog", encoder=encode, decoder=decode, format="binary")
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        # PostgreSQL's binary jsonb is the text behind a version octet.
        encoder=lambda value: b"\x01" + encode(value),
        decoder=lambda data: decode(data[1:]),
        format="binary",
    )

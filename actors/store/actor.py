"""The store's trio shell: it reads the recorded Changes and applies each to PostgreSQL exactly once."""

import math
from collections.abc import Awaitable, Callable, Sequence
from random import random as random_fraction
from typing import Any

import outcome
import structlog
import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.mailbox import EndOfFeed, Feed, FeedPruned, Progress
from actors.metrics import Metrics
from actors.postgres import DatabaseUnavailable, Postgres
from actors.store.apply import Reject, apply
from actors.store.cursor import CONSUMER, BatchMark, Cursor, CursorMoved, read_cursor, verify
from actors.store.pace import Pending, TransactionPace, weight
from actors.store.presence import Presence
from actors.store.reseed import reseed
from actors.store.schema import SchemaOlder, bring_up_to_date, check_schema
from actors.store.settings import StoreSettings
from actors.store.trim import Trimming, trim
from protocols.ledger import Seed

log = structlog.get_logger()

_BATCHES = 4_096
"""The most batches of one read; the feed bounds their bytes."""
LOG_AGAIN_SECONDS = 60.0
"""The same reason why PostgreSQL is away is logged again after this many seconds."""


class Store:
    """The one writer of a database. Its cursor is in PostgreSQL and moves in the transaction that applies the Changes."""

    def __init__(
        self,
        database: Postgres,
        feed: Feed,
        ledger_id: str,
        progress: Progress,
        metrics: Metrics,
        settings: StoreSettings | None = None,
        random: Callable[[], float] = random_fraction,
        seed: Callable[[], Awaitable[Seed]] | None = None,
        *,
        migrates: bool = False,
        sla_keep_days: int = 1_100,
    ) -> None:
        """``progress`` is advanced to each batch that is visible in PostgreSQL. ``random`` gives fractions in [0, 1). ``seed``
        gives the beginning for a database whose next batches the feed no longer has; None: such a database ends the run.
        ``migrates``: an older schema is brought up to date; else it ends the run. ``sla_keep_days``: the history of service
        level agreements is kept for as many days."""
        self._database = database
        self._feed = feed
        self._ledger_id = ledger_id
        self._progress = progress
        self._metrics = metrics
        self._settings = settings or StoreSettings()
        self._random = random
        self._seed = seed
        self._migrates = migrates
        self._sla_keep_days = sla_keep_days
        self.presence = Presence()
        self._pace = TransactionPace(self._settings)
        self._pending = Pending()
        self._trimming = Trimming()
        self._unread: outcome.Error | None = None
        self._months: set[str] = set()
        self._logged = ("", 0.0)
        self._failures = 0
        self._begun = self._looked = -math.inf

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Apply batches until the feed has ended and all of them are in PostgreSQL.

        Waits for a database that is away, however long. Raises SchemaNewer, SchemaOlder unless it migrates, LedgerMismatch,
        LedgerRestored, and FeedPruned without a seed. Can be cancelled at any point: a transaction is applied whole or not.
        """
        self._metrics.store_up.set(0)
        self.presence.began(trio.current_time())
        task_status.started()
        with self._feed.reading(CONSUMER):
            while True:
                try:
                    await self._follow()
                except EndOfFeed:
                    return
                except (DatabaseUnavailable, CursorMoved) as error:
                    await self._pause(error)

    async def _follow(self) -> None:
        # A database that was away may have been restored from a backup that lacks the newest months' partitions.
        self._months.clear()
        await self._check_schema()
        cursor = await self._look()
        await verify(self._feed, cursor)
        seq = cursor.seq
        log.info("store_follows", seq=seq, behind=self._feed.last - seq)
        self._metrics.store_up.set(1)
        self.presence.answered()
        await self._applied(seq)
        self._pending, self._unread = Pending(), None
        while True:
            await self._gather()
            try:
                await self._read(seq)
            except FeedPruned as gap:
                seq = await self._bridge(gap)
                continue
            due = not self._pending or trio.current_time() - self._looked >= self._settings.probe_seconds
            if due and (await self._look()).seq != seq:
                # Restored from a backup, for example: it is filled up now, not with the next batch.
                raise CursorMoved(seq)
            if self._pending:
                seq = await self._apply(seq)
                await self._applied(seq)
            if self._trimming.due(trio.current_time()):
                await self._trim()
            self._failures = 0

    async def _check_schema(self) -> None:
        try:
            await check_schema(self._database)
        except SchemaOlder:
            if not self._migrates:
                raise
            migrated = await bring_up_to_date(self._database)
            log.info("schema migrated", before=migrated.before, after=migrated.after)
        self.presence.schema_checked = True

    async def _gather(self) -> None:
        """Wait for more Changes, unless some are pending already or a request waits to read one of them."""
        if self._pending:
            return
        await trio.sleep_until(self._begun + self._settings.min_interval_seconds)
        with trio.move_on_at(self._begun + self._settings.interval_seconds):
            await self._progress.asked()

    async def _read(self, seq: int) -> None:
        """Read the batches after ``seq`` into :attr:`_pending` when that is empty; waits for them for a while."""
        if self._unread is None and not self._pending:
            with trio.move_on_after(self._settings.probe_seconds):
                self._pending.extend(await self._feed.after(seq, _BATCHES))
        if self._unread is not None and not self._pending:
            unread, self._unread = self._unread, None
            unread.unwrap()

    def _lacking(self, seq: int) -> bool:
        """Whether less is pending than a transaction takes, and the feed has more."""
        return self._pending.size < self._pace.size and self._pending.last(seq) < self._feed.last

    async def _apply(self, seq: int) -> int:
        """Apply one transaction, and read the batches after it meanwhile. Returns the ``seq`` of its last batch."""
        last, changes = self._pending.take(self._pace.size)
        self._begun = trio.current_time()
        arguments = self._ledger_id, seq, last.seq, changes, self._months, BatchMark.of(last)
        with self._metrics.store_apply.time():
            try:
                if self._unread is None and self._lacking(last.seq):
                    rejects = await self._reading_ahead(last.seq, *arguments)
                else:
                    rejects = await self._database.run(apply, *arguments)
            except DatabaseUnavailable:
                self._pace.failed()
                raise
        self._pace.took(weight(changes), trio.current_time() - self._begun)
        self._trimming.wrote(changes)
        self._rejected(rejects)
        return last.seq

    async def _trim(self) -> None:
        wanted = self._trimming.take(trio.current_time())
        deleted = await self._database.run(trim, self._settings, self._sla_keep_days, *wanted)
        self._trimming.deleted(deleted)
        for table, rows in deleted.items():
            self._metrics.store_trimmed.labels(table).inc(rows)
            log.info("store_trims", table=table, rows=rows)

    async def _reading_ahead(self, seq: int, *arguments: Any) -> list[Reject]:
        """Apply a transaction, and read the batches after ``seq``. An error of one does not end the other."""

        async def read() -> None:
            read = await outcome.acapture(self._feed.after, self._pending.last(seq), _BATCHES)
            if isinstance(read, outcome.Value):
                self._pending.extend(read.unwrap())
            elif isinstance(read.error, Exception):
                # Raised once the batches before it have been applied.
                self._unread = read
            else:
                read.unwrap()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            applied = await outcome.acapture(self._database.run, apply, *arguments)
        return applied.unwrap()

    async def _look(self) -> Cursor:
        """Read the cursor: a sign of life of PostgreSQL, and the number of rejects that are left."""
        self._looked = trio.current_time()
        cursor = await self._database.run(read_cursor, self._ledger_id)
        self._metrics.store_rejected.set(cursor.rejects)
        return cursor

    async def _bridge(self, gap: FeedPruned) -> int:
        """Fill PostgreSQL from a seed in place of pruned batches. Returns the ``seq`` after which to go on."""
        if self._seed is None:
            raise gap
        done = await self._database.run(reseed, self._ledger_id, gap, await self._seed())
        self._metrics.store_reseeds.inc()
        log.error("store_reseeded", missing_from=done.first, missing_through=done.seq, alarms_ended=done.ended)
        self._rejected(done.rejects)
        return done.seq

    def _rejected(self, rejects: Sequence[Reject]) -> None:
        for reject in rejects:
            self._metrics.store_rejects.inc()
            self._metrics.store_rejected.inc()
            log.error("store_rejects_change", offset=reject.offset, kind=reject.kind, error=reject.error)

    async def _applied(self, seq: int) -> None:
        self._progress.advance(seq)
        await self._feed.acknowledge(CONSUMER, seq)

    async def _pause(self, error: Exception) -> None:
        seconds = backoff(self._failures, self._settings, self._random)
        self._failures += 1
        self._metrics.store_up.set(0)
        self.presence.failed(str(error), trio.current_time())
        self._metrics.store_reconnects.inc()
        self._log_reason(str(error))
        await trio.sleep(seconds)

    def _log_reason(self, error: str) -> None:
        """Log each reason once, and again every minute: the attempts follow each other by two seconds, however long it
        takes."""
        now = trio.current_time()
        if self._failures > 1 and self._logged[0] == error and now - self._logged[1] < LOG_AGAIN_SECONDS:
            return
        self._logged = error, now
        log.warning("store_waits", error=error, attempts=self._failures, behind=self._feed.last - self._progress.seq)


def backoff(failures: int, settings: StoreSettings, random: Callable[[], float]) -> float:
    """The seconds to wait after ``failures`` earlier failures in a row: doubling between the bounds, half of it random."""
    full = min(settings.reconnect_max_seconds, settings.reconnect_min_seconds * 2.0 ** min(failures, 30))
    return full * (0.5 + 0.5 * random())

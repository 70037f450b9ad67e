"""The store: follows the ledger's recorded Changes and keeps PostgreSQL level with them, exactly once."""

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
from actors.store.pace import Pending, TransactionPace
from actors.store.presence import Presence
from actors.store.reseed import reseed
from actors.store.schema import SchemaOlder, bring_up_to_date, check_schema
from actors.store.settings import StoreSettings
from actors.store.trim import Trimming, trim
from protocols.ledger import Seed

log = structlog.get_logger()

_BATCHES = 4_096
SAY_AGAIN_SECONDS = 60.0
"""Read at once; the feed bounds their bytes."""


class Store:
    """One writer of one database. The cursor lives in PostgreSQL and moves in the transaction that applies the Changes."""

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
    ) -> None:
        """``progress`` is advanced to each batch that is visible in PostgreSQL; ``random`` gives fractions in [0, 1). ``seed``
        gives what the fold holds now, for a database that is too old for the feed; None: such a database ends the run.
        ``migrates``: an older schema is brought up to date; else it ends the run."""
        self._database = database
        self._feed = feed
        self._ledger_id = ledger_id
        self._progress = progress
        self._metrics = metrics
        self._settings = settings or StoreSettings()
        self._random = random
        self._seed = seed
        self._migrates = migrates
        self.presence = Presence()
        self._pace = TransactionPace(self._settings)
        self._pending = Pending()
        self._trimming = Trimming()
        self._unread: outcome.Error | None = None
        self._months: set[str] = set()
        self._said = ("", 0.0)
        self._failures = 0
        self._begun = self._looked = -math.inf

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Apply until the feed has ended and all of it is in PostgreSQL.

        Waits, however long, for a database that is away. Raises SchemaNewer, SchemaOlder unless it migrates, LedgerMismatch,
        LedgerRestored, and FeedPruned without a seed. May be cancelled at any point: a transaction is applied whole or not.
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
        # Whoever was away may come back as another: restored from a backup that lacks the newest months' partitions.
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
                # Restored from a backup, say: to be filled up now, not when something next happens in the plant.
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
        """Let Changes come together, unless some are left already or somebody waits for one of them."""
        if self._pending:
            return
        await trio.sleep_until(self._begun + self._settings.min_interval_seconds)
        with trio.move_on_at(self._begun + self._settings.interval_seconds):
            await self._progress.asked()

    async def _read(self, seq: int) -> None:
        """More for :attr:`_pending`, of which ``seq`` is what came before; for a while it waits when that is empty."""
        if self._unread is None and not self._pending:
            with trio.move_on_after(self._settings.probe_seconds):
                self._pending.extend(await self._feed.after(seq, _BATCHES))
        if self._unread is not None and not self._pending:
            unread, self._unread = self._unread, None
            unread.unwrap()

    def _lacking(self, seq: int) -> bool:
        """Whether there is less than a transaction takes, and more to read."""
        return self._pending.changes < self._pace.size and self._pending.last(seq) < self._feed.last

    async def _apply(self, seq: int) -> int:
        """One transaction, and what follows is read meanwhile. ``seq`` of its last batch."""
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
        self._pace.took(len(changes), trio.current_time() - self._begun)
        self._trimming.wrote(changes)
        self._rejected(rejects)
        return last.seq

    async def _trim(self) -> None:
        wanted = self._trimming.take(trio.current_time())
        for table, rows in (await self._database.run(trim, self._settings, *wanted)).items():
            self._metrics.store_trimmed.labels(table).inc(rows)
            log.info("store_trims", table=table, rows=rows)

    async def _reading_ahead(self, seq: int, *arguments: Any) -> list[Reject]:
        """Apply, and read what follows ``seq``. Neither's error ends the other."""

        async def read() -> None:
            read = await outcome.acapture(self._feed.after, self._pending.last(seq), _BATCHES)
            if isinstance(read, outcome.Value):
                self._pending.extend(read.unwrap())
            elif isinstance(read.error, Exception):
                # Raised once what comes before it has been applied.
                self._unread = read
            else:
                read.unwrap()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            applied = await outcome.acapture(self._database.run, apply, *arguments)
        return applied.unwrap()

    async def _look(self) -> Cursor:
        """A sign of life of PostgreSQL, and whether an operator has dealt with what it refused."""
        self._looked = trio.current_time()
        cursor = await self._database.run(read_cursor, self._ledger_id)
        self._metrics.store_rejected.set(cursor.rejects)
        return cursor

    async def _bridge(self, gap: FeedPruned) -> int:
        """Where to go on behind a gap, with PostgreSQL made to hold what the fold holds."""
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
        self._say_why(str(error))
        await trio.sleep(seconds)

    def _say_why(self, error: str) -> None:
        """Once for each reason, and again every minute: the attempts come every two seconds, for as long as it takes."""
        now = trio.current_time()
        if self._failures > 1 and self._said[0] == error and now - self._said[1] < SAY_AGAIN_SECONDS:
            return
        self._said = error, now
        log.warning("store_waits", error=error, attempts=self._failures, behind=self._feed.last - self._progress.seq)


def backoff(failures: int, settings: StoreSettings, random: Callable[[], float]) -> float:
    """Seconds to wait after ``failures`` earlier ones in a row: doubling between the bounds, and half of it by chance."""
    full = min(settings.reconnect_max_seconds, settings.reconnect_min_seconds * 2.0 ** min(failures, 30))
    return full * (0.5 + 0.5 * random())

"""Runs the embedded PostgreSQL beside the daemon: starts it, checks it, and restarts it when it is gone or hangs.

Only the store and the reads wait for it. :attr:`PostgresKeeper.trouble` gives them the reason.
"""

import os
import struct
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from random import Random

import structlog
import trio

from actors.metrics import Metrics
from actors.supervisor import delay
from faultd import embedded
from faultd.embedded import EmbeddedPostgres, EmbeddedPostgresError

START_SECONDS = 3_600.0
"""For a start: recovery after a crash may take long, and traps do not wait for it."""
STOP_SECONDS = 60.0
"""For an orderly stop, checkpoint included."""
PROBE_SECONDS = 5.0
HUNG_SECONDS = 60.0
"""A server that has answered nobody for this long hangs, and is ended by force."""

_SSL_REQUEST = struct.pack("!II", 8, 80877103)
"""The shortest question that a server answers before it knows who asks: "may we use TLS?" """

log = structlog.get_logger()


class PostgresKeeper:
    """The embedded PostgreSQL under ``state_dir``, from :meth:`run` until its cancellation."""

    def __init__(
        self,
        state_dir: Path,
        metrics: Metrics,
        *,
        hung_seconds: float = HUNG_SECONDS,
        start: Callable[..., EmbeddedPostgres] = embedded.start,
        random: Random | None = None,
    ) -> None:
        self.url = embedded.url_of(state_dir)
        self.trouble = "the embedded PostgreSQL is being started"
        """The reason for which it does not serve; empty while it serves."""
        self.failed = trio.Event()
        """Set once a start has failed."""
        self._state_dir, self._metrics = state_dir, metrics
        self._hung_seconds, self._start = hung_seconds, start
        self._random = random or Random()

    async def run(self) -> None:
        """Until cancelled; then the server is stopped, in order if it serves. A start under way is given up."""
        failures = 0
        while True:
            try:
                begin = partial(self._start, self._state_dir, seconds=START_SECONDS, check=trio.from_thread.check_cancelled)
                server = await trio.to_thread.run_sync(begin)
            except EmbeddedPostgresError as error:
                self.trouble = f"the embedded PostgreSQL cannot be started: {error}"
                self.failed.set()
                log.error("embedded_postgres_start_failed", error=str(error), failures=failures)
            else:
                failures = await self._attend(server, failures)
            await trio.sleep(delay(failures, self._random))
            failures += 1

    async def _attend(self, server: EmbeddedPostgres, failures: int) -> int:
        """Watch a server that serves until it no longer does. The number of failures to count from: 0 once it has held out."""
        began = trio.current_time()
        log.info("embedded_postgres_up", process=server.process, owner=server.owner)
        self.trouble = ""
        why = ""
        try:
            why = await self._until_it_fails(server)
        finally:
            if not why:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(server.stop, STOP_SECONDS)
        self.trouble = f"the embedded PostgreSQL {why} and is being started again"
        self._metrics.embedded_restarts.inc()
        log.error("embedded_postgres_failed", why=why)
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(_end_by_force, server)
        return 0 if trio.current_time() - began > self._hung_seconds else failures

    async def _until_it_fails(self, server: EmbeddedPostgres) -> str:
        """Its fault, returned as soon as there is one."""
        found = ""

        async def watch(look: Callable[[EmbeddedPostgres], Awaitable[str]]) -> None:
            nonlocal found
            found = await look(server)
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch, _until_it_ends)
            nursery.start_soon(watch, self._until_it_is_silent)
        return found

    async def _until_it_is_silent(self, server: EmbeddedPostgres) -> str:
        heard = trio.current_time()
        while (silent := trio.current_time() - heard) < self._hung_seconds:
            with trio.move_on_after(self._hung_seconds - silent):
                if await _answers(server.socket):
                    heard = trio.current_time()
            await trio.sleep(min(PROBE_SECONDS, self._hung_seconds))
        return f"has answered nobody for {silent:.0f} s"


async def _until_it_ends(server: EmbeddedPostgres) -> str:
    if pid := server.process:
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            return "has ended"
        try:
            await trio.lowlevel.wait_readable(process)
        finally:
            os.close(process)
    return "has ended"


async def _answers(path: Path) -> bool:
    """True when a server accepts connections on ``path``, can start backends, and these answer. Waits for the answer."""
    try:
        async with await trio.open_unix_socket(path) as stream:
            await stream.send_all(_SSL_REQUEST)
            return bool(await stream.receive_some(1))
    except (OSError, trio.BrokenResourceError):
        return False


def _end_by_force(server: EmbeddedPostgres) -> None:
    try:
        server.kill()
    except EmbeddedPostgresError as error:
        log.error("embedded_postgres_does_not_end", error=str(error))
    finally:
        server.release()

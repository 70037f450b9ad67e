"""Enough descriptors for every connection that strangers may open: traps, ledger and PostgreSQL must not compete with them."""

import logging
import resource
import time
from collections.abc import Callable

import structlog

from actors.metrics import Metrics
from faultd.config import Config

OWN = 256
"""For sockets, files, pipes and the library's own, with room to spare."""
HANDSHAKES = 64
"""Stream connections beyond ``max_clients`` that may be in their handshake."""
SAY_AGAIN_SECONDS = 60.0

log = structlog.get_logger()


def needed(config: Config) -> int:
    """The limit of open file descriptors."""
    return OWN + config.http.max_connections + config.stream.max_clients + HANDSHAKES + config.database.pool_size


def provide(config: Config) -> int:
    """Raise the process's soft limit as far as is needed and allowed; the limit that then holds. A hard limit below the need is
    warned about: with it, connections alone can use up all descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = needed(config)
    if soft == resource.RLIM_INFINITY or soft >= need:
        return soft
    granted = need if hard == resource.RLIM_INFINITY else min(need, hard)
    if granted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    if granted < need:
        log.warning(
            "connections can use up all descriptors: raise the limit (LimitNOFILE=, ulimit -n) or lower max_connections",
            limit=granted,
            needed=need,
        )
    return granted


class Seldom(logging.Filter):
    """Lets the first record pass, then one a minute, without its traceback: accept() fails ten times a second meanwhile. All of
    them are counted."""

    def __init__(self, metrics: Metrics, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._metrics, self._now = metrics, now
        self._said: float | None = None
        self._failed_at: float | None = None

    @property
    def short(self) -> bool:
        """True when accepting a connection failed within the last minute."""
        return self._failed_at is not None and self._now() - self._failed_at < SAY_AGAIN_SECONDS

    def filter(self, record: logging.LogRecord) -> bool:
        """True when ``record`` is to be logged. The time is the record's own."""
        self._failed_at = self._now()
        self._metrics.accept_failures.inc()
        if self._said is not None and 0 <= record.created - self._said < SAY_AGAIN_SECONDS:
            return False
        self._said = record.created
        record.exc_info = record.exc_text = None
        return True


def seldom_about_accept(metrics: Metrics) -> Seldom:
    """Have trio's complaints about accept() pass through one Seldom, this one."""
    logger = logging.getLogger("trio.serve_listeners")
    for earlier in [each for each in logger.filters if isinstance(each, Seldom)]:
        logger.removeFilter(earlier)
    seldom = Seldom(metrics)
    logger.addFilter(seldom)
    return seldom

"""``faultd run``: the daemon."""

import gc
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import structlog
import trio

from actors.addresses import AddressError
from actors.ledger.errors import LedgerError
from actors.supervisor import ActorFailed
from actors.trap_listener.engine_state import EngineStateError
from faultd import descriptors, logs
from faultd.app import serve
from faultd.cli.common import (
    DEFAULT_CONFIG,
    EX_CANTCREAT,
    EX_INTERRUPTED,
    EX_SOFTWARE,
    EX_UNAVAILABLE,
    ConfigFile,
    fail,
    leaves,
    refuse,
)
from faultd.config import Config, ConfigError, ConfigErrors, load
from faultd.embedded import EmbeddedPostgresError
from faultd.state_folder import UMASK, StateFolderError
from faultd.survey import of_files

SWITCH_SECONDS = 0.0005
"""Seconds for which a busy thread keeps the interpreter. A commit of the ledger needs the interpreter a few times; with
Python's default of 5 ms each of them can wait that long while the listener decodes traps."""

COLLECTOR = (20_000, 20, 20)
"""Thresholds of the garbage collector. The fold's Structs cannot be part of a cycle (``gc=False``), and reference counting
frees the objects of a batch. With Python's defaults the collector ran every ten batches and found nothing."""


def run(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Run the daemon until SIGTERM or SIGINT.

    SIGTERM drains: every received trap reaches the ledger and, within drain_seconds, PostgreSQL. SIGHUP reads profiles,
    topology, trap communities and users, and the settings and credentials of polling again; a file with a mistake changes
    nothing. Exit codes: 0 stopped, 69 an address or the database refuses, 70 a core part crashed, 73 the ledger or state_dir
    cannot be used, 78 a mistake in the configuration, 130 interrupted before it was ready.
    """
    settings = _settings(config)
    logs.configure(settings.log)
    descriptors.provide(settings)
    os.umask(UMASK)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECTOR)
    serve_until_told(partial(serve, settings, Path(config)))


def _settings(file: Path) -> Config:
    """The configuration. When it has mistakes, the error also lists the mistakes in the files that it names."""
    try:
        return load(file)
    except ConfigError:
        refuse(ConfigErrors(of_files(file, os.environ).mistakes))


def serve_until_told(main: Callable[[], Awaitable[None]]) -> None:
    """Run ``main`` under trio and turn what can end it into an exit code and one line that says why."""
    try:
        trio.run(main)
    except BaseException as error:
        for leaf in leaves(error):
            match leaf:
                case ConfigError():
                    refuse(leaf)
                case LedgerError():
                    fail(str(leaf), EX_CANTCREAT)
                case StateFolderError() | EngineStateError():
                    fail(str(leaf), EX_CANTCREAT)
                case AddressError() | EmbeddedPostgresError() | OSError():
                    fail(str(leaf), EX_UNAVAILABLE)
                case KeyboardInterrupt():
                    fail("interrupted", EX_INTERRUPTED)
                case ActorFailed():
                    structlog.get_logger().error("a core part crashed", exc_info=error)
                    fail(str(leaf), EX_SOFTWARE)
        raise

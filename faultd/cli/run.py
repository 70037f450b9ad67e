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
"""How long a busy thread may keep the interpreter from another: a commit of the ledger takes it back a few times, and with the
default of 5 ms each of them can cost that much while traps are being decoded."""

COLLECTOR = (20_000, 20, 20)
"""Thresholds of the garbage collector. What the fold keeps cannot be part of a cycle and is not looked at (``gc=False``), what
a batch of Events makes goes by itself: with the defaults the collector came by every ten batches to find nothing."""


def run(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Run the daemon until SIGTERM or SIGINT.

    SIGTERM drains: what was received reaches the ledger and, within drain_seconds, PostgreSQL. SIGHUP reads profiles,
    topology, trap communities and users anew; a file with a mistake changes nothing. Exit codes: 0 stopped, 69 an
    address or the database refuses, 70 a core part crashed, 73 the ledger or state_dir cannot be used, 78 a mistake in
    the configuration, 130 interrupted before it was ready.
    """
    settings = _settings(config)
    logs.configure(settings.log)
    descriptors.provide(settings)
    os.umask(UMASK)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECTOR)
    serve_until_told(partial(serve, settings, Path(config)))


def _settings(file: Path) -> Config:
    """The configuration; with a mistake in it, those in the files that it names are told beside it."""
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

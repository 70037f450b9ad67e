"""Shared fixtures: one embedded PostgreSQL for each process that runs tests, one fresh, migrated database for each test that
asks."""

import asyncio
import itertools
import os
import shutil
import sqlite3
import sys
import tempfile
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from compiled_once import compiled_once
from hypothesis import HealthCheck, settings

from actors.store.schema import migrate
from faultd import embedded
from faultd.native import TRAP_PATH

# How fast an example comes, or is tried, is a matter of the machine: other processes may have the processor.
settings.register_profile("on any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What continuous integration says of a change must not hang on the draw: with SAME_EXAMPLES they follow from the test itself.
settings.register_profile("the same examples", settings.get_profile("on any machine"), derandomize=True)
settings.load_profile("the same examples" if os.environ.get("SAME_EXAMPLES") else "on any machine")

_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "32MB"}
_STRATEGY = "STRATEGY FILE_COPY"  # without fsync the faster one: 30 instead of 200 ms
_names = itertools.count(1)


class TellingConnection(sqlite3.Connection):
    """Warns when it is left open, as Python itself does from 3.13 on: a file must not stay open until a collection comes."""

    def __del__(self) -> None:
        try:
            self.total_changes  # noqa: B018 - raises when it is closed
        except sqlite3.ProgrammingError:
            return
        warnings.warn(f"unclosed database in {self!r}", ResourceWarning, source=self, stacklevel=1)
        self.close()


if sys.version_info < (3, 13):
    sqlite3.connect = partial(sqlite3.connect, factory=TellingConnection)  # type: ignore[assignment]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if TRAP_PATH == "compiled":
        for item in items:
            if item.get_closest_marker("interpreted"):
                item.add_marker(pytest.mark.skip(reason="of the interpreted trap path"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """``-n auto``: one more than there are cores, since a test of the real daemon spends half of its time waiting for it."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.fixture(scope="module")
def profiles_compiled_once() -> Iterator[None]:
    """For tests that start a fold thousands of times."""
    with compiled_once():
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[embedded.EmbeddedPostgres]:
    """The server. A test that stops servers starts one of its own."""
    # Not under pytest's own directory: that one is closed to the user that PostgreSQL runs as when the tests run as root.
    directory = Path(tempfile.mkdtemp(prefix="faultd-tests-"))
    try:
        server = embedded.start(directory, settings=_FAST)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: embedded.EmbeddedPostgres) -> str:
    """Name of a migrated database to copy."""
    asyncio.run(_execute(postgres_server.url_of("postgres"), "CREATE DATABASE faultd_template"))
    migrate(postgres_server.url_of("faultd_template"))
    return "faultd_template"


@pytest.fixture
def database_url(postgres_server: embedded.EmbeddedPostgres, postgres_template: str) -> Iterator[str]:
    """URL of a fresh database with the newest schema, dropped after the test."""
    name = f"test_{next(_names)}"
    yield from _database(postgres_server, name, f"CREATE DATABASE {name} TEMPLATE {postgres_template} {_STRATEGY}")


@pytest.fixture
def empty_database_url(postgres_server: embedded.EmbeddedPostgres) -> Iterator[str]:
    """URL of a fresh database without any schema, dropped after the test."""
    name = f"test_{next(_names)}"
    yield from _database(postgres_server, name, f"CREATE DATABASE {name} {_STRATEGY}")


def _database(server: embedded.EmbeddedPostgres, name: str, create: str) -> Iterator[str]:
    admin = server.url_of("postgres")
    asyncio.run(_execute(admin, create))
    yield server.url_of(name)
    asyncio.run(_execute(admin, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()

"""The start looks at the schema and goes on without PostgreSQL when it is not there."""

import socket

import pytest

from actors.store import schema
from faultd.schema import prepare


async def test_a_server_that_says_nothing_holds_up_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "CONNECT_SECONDS", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert not await prepare(f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/x")


async def test_a_server_that_is_not_there_holds_up_no_start() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert not await prepare(f"postgresql://u@127.0.0.1:{closed.getsockname()[1]}/x")


async def test_an_empty_database_is_migrated_once(empty_database_url: str) -> None:
    assert await prepare(empty_database_url)
    assert schema.migrate(empty_database_url).before == schema.newest()

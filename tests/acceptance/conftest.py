"""A running daemon for each test that asks for one."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from acceptance.harness import Daemon, kill_left

TRAPS = '[traps]\ncommunities = ["public"]\n'


@pytest.fixture
async def place() -> AsyncIterator[Path]:
    """A folder of its own, open to the account that an embedded PostgreSQL runs under."""
    folder = Path(tempfile.mkdtemp(prefix="faultd-acceptance-"))
    os.chmod(folder, 0o755)
    yield folder
    await kill_left()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def daemon(place: Path, database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Daemon]:
    """A running daemon. ``@pytest.mark.parametrize("daemon", [CONFIG], indirect=True)`` gives it more configuration."""
    daemon = Daemon(place, database_url, getattr(request, "param", TRAPS))
    await daemon.start()
    yield daemon
    if daemon.process is not None and daemon.process.poll() is None:
        assert await daemon.stop() == 0, daemon.last_words()
    words = daemon.log.read_text(errors="replace")
    assert "Traceback" not in words, words[-4000:]

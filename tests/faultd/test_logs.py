"""Logs: what must never be in them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from faultd import logs
from faultd.settings import LogSettings


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def crash(settings: LogSettings) -> str:
    written = io.StringIO()
    logs.configure(settings, written)
    secret = "-".join(("not", "for", "logs"))
    try:
        raise ValueError(f"a secret of {len(secret)} letters")
    except ValueError as error:
        structlog.get_logger().error("actor crashed", exc_info=error)
    return written.getvalue()


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_traceback_does_not_show_the_variables_of_its_frames(format: Any) -> None:
    written = crash(LogSettings(format=format))
    assert "ValueError" in written
    assert "not-for-logs" not in written


def test_a_traceback_in_json_names_its_frames() -> None:
    record = json.loads(crash(LogSettings(format="json")))
    assert record["event"] == "actor crashed"
    (raised,) = record["exception"]
    assert (raised["exc_type"], raised["frames"][-1]["name"]) == ("ValueError", "crash")


@pytest.mark.parametrize("format", ["json", "console"])
def test_what_a_peer_sent_does_not_steer_the_terminal(format: Any) -> None:
    written = io.StringIO()
    logs.configure(LogSettings(format=format), written)
    structlog.get_logger().warning("refused", user="a\x1b[2J\x9b31m\u202eb")
    logging.getLogger("any").warning("user %s", "\x1b[2J\x9b31m\u202e")
    assert not set("\x1b\x9b\u202e") & set(written.getvalue().replace("\x1b[0m", "")), written.getvalue()
    assert "31m" in written.getvalue()

"""Logs: JSON lines for machines, readable colours on a terminal; the standard library's records join the same stream."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from faultd.settings import LogSettings
from protocols.printable import printable

_NOISY = ("anycorn", "alembic", "sqlalchemy", "asyncio", "trio-websocket", "httpx")

# Never the variables of a frame: among them are the database's URL, tokens and SNMPv3 keys.
_ON_TERMINAL = structlog.dev.RichTracebackFormatter(show_locals=False)
_AS_DATA = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


def _printable(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Control characters from a trap or a peer never reach the terminal. JSON escapes them anyway."""
    return {key: printable(value) if isinstance(value, str) else value for key, value in event.items()}


def configure(settings: LogSettings, stream: Any = None) -> None:
    """Set up structlog and logging for the process, to ``stream`` (stderr: stdout is for results)."""
    target = stream or sys.stderr
    on_terminal = settings.format == "console" or (settings.format == "auto" and target.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S.%f" if on_terminal else "iso", utc=not on_terminal),
    ]
    last: list[Any] = (
        [_printable, structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=_ON_TERMINAL)]
        if on_terminal
        else [_AS_DATA, structlog.processors.JSONRenderer(sort_keys=False)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(settings.level.upper()),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))

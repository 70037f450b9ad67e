"""Where the real code touches the real world, and what stands there in the virtual one.

Everything here is put back when the context ends. The seams are few on purpose: threads, the readiness of sockets, random
identifiers, logging, the choice of the ledger's database class, and trio's own shuffling of tasks.
"""

import uuid
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import structlog
import trio
import trio._core._run as scheduler

import actors.correlator.operator_tables as operator_tables
import actors.ledger.actor as ledger_actor
import actors.ledger.group as ledger_group
import actors.ledger.schema as ledger_schema
import actors.trap_listener.actor as listener_actor
import actors.trap_listener.drain as drain
import actors.trusted_time as trusted_time
import faultd.restore
from actors.ledger.database import LedgerFile

RunSync = Callable[..., Any]
WaitReadable = Callable[[Any], Any]


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Trio's batches of tasks in an order that follows from ``seed``."""
    shuffle = scheduler._r
    before = shuffle.getstate()
    with patch.object(scheduler, "_ALLOW_DETERMINISTIC_SCHEDULING", True):
        shuffle.seed(seed)
        try:
            yield
        finally:
            shuffle.setstate(before)


@contextmanager
def logged(note: Callable[[str], None]) -> Iterator[None]:
    """What the daemon logs goes to the timeline."""

    def capture(_logger: Any, level: str, entry: MutableMapping[str, Any]) -> Any:
        entry.pop("exc_info", None)
        entry.pop("hex", None)  # ciphers are salted
        event = entry.pop("event", "")
        note(f"log {level}: {event}" + "".join(f" {key}={value!s:.120}" for key, value in entry.items()))
        raise structlog.DropEvent

    processors = structlog.get_config()["processors"]
    before = list(processors)
    processors[:] = [capture]
    try:
        yield
    finally:
        processors[:] = before


@contextmanager
def virtual(
    rng: Random,
    run_sync: RunSync,
    readable: WaitReadable,
    database: type[LedgerFile],
    note: Callable[[str], None],
    *,
    piece_bytes: int,
    drain_limit: int,
    receive_most: int,
    unsettled: int,
    prune_seconds: float,
    believed_seconds: float,
    node_piece: int,
) -> Iterator[None]:
    """The whole virtual world's seams."""
    real_wait = trio.lowlevel.wait_readable

    async def wait_readable(sock: Any) -> None:
        await (readable(sock) if hasattr(sock, "virtual") else real_wait(sock))

    identifiers = SimpleNamespace(uuid4=lambda: uuid.UUID(int=rng.getrandbits(128), version=4))
    with ExitStack() as stack:
        for target, name, value in (
            (trio.to_thread, "run_sync", run_sync),
            (trio.lowlevel, "wait_readable", wait_readable),
            (ledger_schema, "uuid", identifiers),
            (faultd.restore, "LedgerFile", database),
            (ledger_group, "_PIECE_BYTES", piece_bytes),
            (ledger_actor, "_PRUNE_SECONDS", prune_seconds),
            (trusted_time, "BELIEVED", round(believed_seconds * trusted_time.SECOND)),
            (drain, "DRAIN_LIMIT", drain_limit),
            (listener_actor, "DRAIN_LIMIT", drain_limit),
            (drain, "MOST", receive_most),
            (listener_actor, "UNSETTLED_LIMIT", unsettled),
            (operator_tables, "AT_MOST", node_piece),
        ):
            stack.enter_context(patch.object(target, name, value))
        stack.enter_context(logged(note))
        yield

"""The period of a backtest: its first Event, and the rules in force at its end."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from actors.correlator.rules.memories import RuleMemory
from actors.ledger.read import begins, iterate_events, ledger_id, oldest_offset, read_head, read_snapshots, snapshot_times
from actors.trusted_clock import instant
from faultd.pipe import Stages
from protocols.command import Command, RuleAction
from protocols.event import Event, RulesLoaded

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class BadPeriod(ValueError):
    """Text that is neither a length (``7d``) nor a time (``2026-03-01T03:00:00Z``)."""

    def __init__(self, text: str) -> None:
        super().__init__(f"since = {text!r}: neither a length such as 30m, 12h, 7d nor a time such as 2026-03-01T03:00:00Z")


class Beginning(NamedTuple):
    """``parts`` are the states of all stages as they were at ``at``, after the Event ``offset``; ``last`` is the ledger's
    newest Event. ``at`` is later than ``asked`` when the ledger does not go back so far."""

    parts: dict[str, bytes]
    offset: int
    at: datetime
    last: int
    asked: datetime


def since_when(text: str, head: datetime) -> datetime:
    """A length back from ``head``, or a time (UTC when it does not say). Raises BadPeriod."""
    amount, unit = text[:-1], text[-1:]
    if unit in _UNITS and amount.isdigit() and len(amount) < 10:
        return head - timedelta(seconds=int(amount) * _UNITS[unit])
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadPeriod(text) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def begin(connection: sqlite3.Connection, path: Path, since: str) -> Beginning:
    """The state at ``since``: from the newest snapshot before it, and the Events between. Where the ledger has neither, the
    oldest that it has. Raises LedgerError and BadPeriod."""
    head = read_head(connection, path)
    wanted = since_when(since, instant(head.at))
    stages = _before(connection, path, wanted)
    offset = max(stages.state.offset, begins(connection, path))
    at = max(wanted, stages.state.at)
    for batch in iterate_events(connection, path, offset, head.offset):
        if batch.at >= wanted:
            # An empty state begins with the ledger's first Event.
            at = at if stages.state.offset else batch.at
            break
        for offset, event in enumerate(batch.events, batch.first):
            stages.fold(offset, batch.at, event)
    stages.forget_counts()
    return Beginning(stages.save(), offset, at, head.offset, wanted)


def _before(connection: sqlite3.Connection, path: Path, wanted: datetime) -> Stages:
    oldest, ledger = oldest_offset(connection), ledger_id(connection, path)
    usable = [(through, instant(at)) for through, at in snapshot_times(connection) if through >= oldest - 1]
    before = [through for through, at in usable if at <= wanted]
    after = [through for through, at in reversed(usable) if at > wanted]
    whole = oldest <= begins(connection, path) + 1
    for snapshot in read_snapshots(connection, before if whole else before + after):
        stages = Stages(ledger)
        try:
            stages.load(snapshot.parts)
            stages.begin()
        except (KeyError, msgspec.MsgspecError):
            continue
        return stages
    return Stages(ledger)


def of_rules(event: Event) -> bool:
    """True for an Event that changes rules."""
    return isinstance(event, RulesLoaded) or (isinstance(event, Command) and isinstance(event.action, RuleAction))


class PeriodRules(NamedTuple):
    """Rules in force at the end, and whether they were others at some time since the beginning."""

    memory: bytes
    changed: bool


def rules_today(connection: sqlite3.Connection, path: Path, beginning: Beginning) -> PeriodRules:
    """The rules in force after the Events of the period."""
    stages = Stages(ledger_id(connection, path))
    stages.load(beginning.parts)
    began = stages.state.memory(RuleMemory)
    stages = Stages(ledger_id(connection, path))
    own = stages.state.memory(RuleMemory)
    own.records, own.overrides, own.digest, own.plugins = began.records, began.overrides, began.digest, began.plugins
    was = _essence(own)
    changed = False
    for batch in iterate_events(connection, path, beginning.offset, beginning.last):
        for offset, event in enumerate(batch.events, batch.first):
            if of_rules(event):
                stages.fold(offset, batch.at, event)
                changed = changed or _essence(stages.state.memory(RuleMemory)) != was
    return PeriodRules(msgspec.msgpack.encode(stages.state.memory(RuleMemory)), changed)


def _essence(memory: RuleMemory) -> list[tuple[str, bytes]]:
    return sorted((record.id, msgspec.msgpack.encode(record.rule)) for record in memory.records.values())

"""A new ledger with the rules, windows, nodes, service level agreements and dispatch of a lost one, as PostgreSQL has them."""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path

import structlog
from msgspec import Struct

from actors.correlator.memories import TablesMemory
from actors.correlator.rules.memories import RuleMemory
from actors.correlator.rules.rule_registry import file_rule_id
from actors.correlator.state import State
from actors.correlator.windows.memory import WindowMemory
from actors.dispatcher.held import held_changes
from actors.ledger.database import LedgerFile
from actors.ledger.errors import LedgerError
from actors.ledger.group import CommitGroup
from actors.ledger.schema import DIRECTORY, make, sync
from actors.store import change_rows
from actors.store.operator_read import OperatorData
from faultd.pipe import Stages
from protocols.change import Quarantined
from protocols.dispatch.changes import NotificationChanged, TicketUpdated
from protocols.event import DispatchDataRestored, Event, OperatorDataRestored, SlaDataRestored, Tick
from protocols.ledger import ChangeBatch
from protocols.rule import RuleRecord
from protocols.sla.changes import SlaInstanceChanged
from protocols.sla.local_time import instant_at
from protocols.topology import TopologyNode

log = structlog.get_logger()

NODES_AT_ONCE = 20_000
"""Nodes in one Event."""
RECORDS_AT_ONCE = 5_000
"""Records of service level agreements, or of dispatch, in one Event."""
SPARE = 100_000
"""Offsets left free behind the last one of the lost ledger that is known, and again for each second since then: no ledger takes
as many Events in a second."""
UNKNOWN_SECONDS = 366 * 86_400
"""Seconds that are assumed where the database does not say when that was."""
_SUFFIXES = ("", "-wal", "-shm")


class LedgerThere(LedgerError):
    """There is a ledger, or what is left of one, where a new one is to be."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "is there: a new ledger is begun only where there is none. Move it, its -wal and its -shm away")


class NotRestored(LedgerError):
    """The new ledger does not hold what PostgreSQL has. It was not put in place."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(path, f"{text}; nothing was changed, please report this")


class BegunLedger(Struct, frozen=True):
    """The new ledger's id, and the offset behind which it begins."""

    ledger_id: str
    begins: int


def check_absent(path: Path) -> None:
    """Raise LedgerThere when there is a ledger at ``path``, or a log of one."""
    if any(Path(f"{path}{suffix}").exists() for suffix in _SUFFIXES):
        raise LedgerThere(path)


def begin_ledger(path: Path, data: OperatorData, now: datetime) -> BegunLedger:
    """Make a ledger at ``path`` whose first Events are ``data``. It is there whole or not at all. The caller holds the lock of
    ``path``. Blocks. Raises LedgerThere, NotRestored, DiskRefused, OSError."""
    check_absent(path)
    unborn = path.with_name(f"restoring-{path.name}")
    _remove(unborn)
    begins = beginning(data, now)
    try:
        make(unborn, begins)
        with closing(LedgerFile.open(unborn)) as ledger:
            stages = Stages(ledger.ledger_id)
            for event in events_of(data):
                _append(ledger, stages, event, now)
            while stages.state.memory(TablesMemory).pending:
                # The SLA clock has the whole plant before it has services.
                _append(ledger, stages, Tick(), now)
            # Before the agreements: an outage that ends now may resolve a breach that somebody was told of.
            for dispatched in dispatch_of(data):
                _append(ledger, stages, dispatched, now)
            for restored in agreements_of(data, now):
                _append(ledger, stages, restored, now)
            _verify(stages, data, unborn)
            found = BegunLedger(ledger.ledger_id, begins)
        os.rename(unborn, path)
        sync(path.parent, DIRECTORY)
    finally:
        _remove(unborn)
    return found


def beginning(data: OperatorData, now: datetime) -> int:
    """The offset behind which a ledger made of ``data`` at the time ``now`` begins: above all that the lost ledger gave.

    Ids of windows, names of alarms and revisions are made from offsets. PostgreSQL may lack the newest ones: it was away, or
    has no batch yet of a ledger that was restored before."""
    since = UNKNOWN_SECONDS if data.known_at is None else max(0, math.ceil((now - data.known_at).total_seconds()))
    return data.offset + SPARE + SPARE * since


def withdraw_ledger(path: Path) -> None:
    """Remove the ledger that :func:`begin_ledger` made: the database was not given to it. The caller still holds the lock."""
    for suffix in _SUFFIXES:
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    sync(path.parent, DIRECTORY)


def events_of(data: OperatorData) -> Iterator[Event]:
    """Rules and windows, then the nodes in pieces of one origin: those of the file first, which have no others above them."""
    yield OperatorDataRestored(from_ledger=data.ledger_id, rules=tuple(data.rules), windows=tuple(data.windows))
    ordered = parents_first(data.nodes)
    for origin, nodes in groupby(sorted(ordered, key=lambda each: each.origin == "api"), lambda each: each.origin):
        while piece := tuple(each.node for each in islice(nodes, NODES_AT_ONCE)):
            yield OperatorDataRestored(from_ledger=data.ledger_id, nodes=piece, origin=origin)


def agreements_of(data: OperatorData, now: datetime) -> Iterator[Event]:
    """The records in pieces; the last one has the time up to which PostgreSQL had everything. None without any."""
    starts = range(0, len(data.agreements), RECORDS_AT_ONCE)
    pieces = [tuple(data.agreements[start : start + RECORDS_AT_ONCE]) for start in starts]
    until = instant_at(min(now, data.known_at or now))
    for number, records in enumerate(pieces, 1):
        yield SlaDataRestored(from_ledger=data.ledger_id, records=records, until=until if number == len(pieces) else None)


def dispatch_of(data: OperatorData) -> Iterator[Event]:
    """The lost alarms, then the records of dispatch, in pieces. None without any."""
    for start in range(0, len(data.lost), RECORDS_AT_ONCE):
        yield DispatchDataRestored(data.ledger_id, lost=tuple(data.lost[start : start + RECORDS_AT_ONCE]))
    for start in range(0, len(data.dispatch), RECORDS_AT_ONCE):
        yield DispatchDataRestored(data.ledger_id, tuple(data.dispatch[start : start + RECORDS_AT_ONCE]))


def parents_first(nodes: Sequence[TopologyNode]) -> list[TopologyNode]:
    """The nodes in an order in which each comes behind its parents. Nodes on a ring, which there are none of, come last."""
    by_id = {each.node.id: each for each in nodes}
    children: dict[str, list[str]] = {}
    waiting: dict[str, int] = {}
    for each in nodes:
        above = [parent for parent in dict.fromkeys(each.node.parents) if parent in by_id]
        waiting[each.node.id] = len(above)
        for parent in above:
            children.setdefault(parent, []).append(each.node.id)
    ready = [one for one, count in waiting.items() if not count]
    for one in ready:
        for child in children.get(one, ()):
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    placed = set(ready)
    return [by_id[one] for one in ready] + [each for each in nodes if each.node.id not in placed]


def _append(ledger: LedgerFile, stages: Stages, event: Event, now: datetime) -> None:
    """Write an Event and its Changes. Since these are recorded, a start has all of it in its state before it compares that
    with the files. Raises NotRestored."""
    batch = ledger.write(CommitGroup(now=now, through=ledger.head.through, appends=[[event]])).batch
    assert batch is not None
    changes = stages.fold_batch(batch)
    for change in changes:
        if isinstance(change, Quarantined):
            raise NotRestored(ledger.path, f"Event {change.offset} cannot be folded: {change.error}")
    ledger.write(CommitGroup(now=now, through=batch.through, folded=[ChangeBatch(batch.through, changes)]))


def _verify(stages: Stages, data: OperatorData, path: Path) -> None:
    """Compare the new ledger's state with the data. Raises NotRestored."""
    state, agreements = stages.state, stages.sla
    contracts = [each.instance for each in data.agreements if isinstance(each, SlaInstanceChanged)]
    rules = state.memory(RuleMemory).records
    windows = state.memory(WindowMemory).windows
    nodes = state.plant.nodes
    held = {
        "rules": len(rules) == len(data.rules) and all(_same_rule(state, record) for record in data.rules),
        "maintenance windows": len(windows) == len(data.windows) and all(windows.get(each.id) == each for each in data.windows),
        "nodes": len(nodes) == len(data.nodes) and all(nodes.get(each.node.id) == each.node for each in data.nodes),
        "origins of nodes": state.api_nodes.keys() == {each.node.id for each in data.nodes if each.origin == "api"},
    }
    held["SLA instances"] = len(agreements.instances) == len(contracts) and all(
        agreements.instances.get(each.id) == each for each in contracts
    )
    held["notification policies, contacts, rotas, tickets and notifications"] = _same_dispatch(stages, data)
    for what, equal in held.items():
        if not equal:
            raise NotRestored(path, f"the {what} of the new ledger are not those of the database")


def _same_dispatch(stages: Stages, data: OperatorData) -> bool:
    """True when the dispatcher holds every record. A ticket may have a new task by then, and there are messages about what ends
    now."""
    held = {change_rows.key_of(change): change for change in held_changes(stages.dispatch)}
    wanted = {change_rows.key_of(change): change for change in data.dispatch}
    same = all(held.get(key) == change for key, change in wanted.items() if not isinstance(change, TicketUpdated))
    more = [held[key] for key in held.keys() - wanted.keys()]
    return wanted.keys() <= held.keys() and same and all(isinstance(each, NotificationChanged) for each in more)


def _same_rule(state: State, record: RuleRecord) -> bool:
    rule_id = file_rule_id(state, record.rule.name) if record.origin == "file" else record.id
    held = state.memory(RuleMemory).records.get(rule_id)
    return held is not None and held.rule == record.rule and held.switched == record.switched


def _remove(path: Path) -> None:
    for suffix in (*_SUFFIXES, "-journal", ".lock", ".new"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)

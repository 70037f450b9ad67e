"""Rules, maintenance windows and topology nodes as Changes: PostgreSQL has a table of each.

A Change of a rule or a window is emitted where the rule or window changes. Changes of nodes are emitted here, on commit. A
large change of the topology is emitted in pieces, one with each tick, so that no batch of Changes holds a whole topology.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from actors.correlator.draft import Draft
from actors.correlator.memories import TablesMemory
from actors.correlator.rules.memories import RuleMemory
from actors.correlator.state import State
from actors.correlator.windows.scope import customers_in
from actors.correlator.windows.views import WindowCatalogue
from protocols.change import Change, NodesChanged, RuleChanged, WindowChanged
from protocols.rule import RuleRecord
from protocols.topology import Node, TopologyNode

AT_MOST = 10_000
"""Nodes in the Changes of one Event; the others follow with the next ticks. Not Final, which compiled code would have built in:
the simulation takes a smaller number."""


def emit_rules(draft: Draft, before: dict[str, RuleRecord], after: dict[str, RuleRecord]) -> None:
    """Emit a Change for each rule that differs."""
    for rule_id in before:
        if rule_id not in after:
            draft.emit(RuleChanged(draft.offset, rule_id))
    for rule_id, record in after.items():
        if before.get(rule_id) != record:
            draft.emit(RuleChanged(draft.offset, rule_id, record))


def emit_nodes(draft: Draft, ids: Iterable[str]) -> None:
    """Emit the nodes of these ids as they are after the commit: put, or removed."""
    draft.on_commit(_emit_first, draft, list(dict.fromkeys(ids)))


def emit_pending_nodes(draft: Draft) -> None:
    """Emit the next piece of a large change of the topology."""
    memory = draft.state.memory(TablesMemory)
    if memory.pending:
        draft.on_commit(_emit_pending, draft, memory)


def fold_seed_tables(draft: Draft) -> None:
    """Emit every rule, window and node of the State, once in the life of a ledger."""
    memory = draft.state.memory(TablesMemory)
    if memory.seeded:
        return
    for change in (*_rules(draft.state, draft.offset), *_windows(draft.state, draft.offset)):
        draft.emit(change)
    emit_nodes(draft, draft.state.plant.nodes)
    draft.on_commit(setattr, memory, "seeded", True)


def operator_data(state: State) -> Iterator[Change]:
    """Every rule, window and node of the State, as Changes with offset 0. Begin it between two Events. The fold may go on
    between two pieces of the nodes: a node that changes meanwhile has a Change of its own."""
    yield from _rules(state, 0)
    yield from _windows(state, 0)
    waiting = iter(list(state.plant.nodes.values()))
    while piece := list(islice(waiting, AT_MOST)):
        yield NodesChanged(0, tuple(_shown(state, node) for node in piece))


def _emit_first(draft: Draft, ids: list[str]) -> None:
    if len(ids) > AT_MOST:
        memory = draft.state.memory(TablesMemory)
        memory.pending = [*memory.pending, *ids[AT_MOST:]]
    _emit(draft, ids[:AT_MOST])


def _emit_pending(draft: Draft, memory: TablesMemory) -> None:
    _emit(draft, memory.pending[:AT_MOST])
    memory.pending = memory.pending[AT_MOST:]


def _emit(draft: Draft, ids: list[str]) -> None:
    """A node that was put, and removed before its piece was emitted, is emitted as removed."""
    nodes = draft.state.plant.nodes
    puts = tuple(_shown(draft.state, nodes[one]) for one in ids if one in nodes)
    removes = tuple(one for one in ids if one not in nodes)
    if ids:
        draft.emit(NodesChanged(draft.offset, puts, removes))


def _shown(state: State, node: Node) -> TopologyNode:
    return TopologyNode(node, "api" if node.id in state.api_nodes else "file", state.plant.revision(node.id) or 0)


def _rules(state: State, offset: int) -> list[Change]:
    return [RuleChanged(offset, record.id, record) for record in state.memory(RuleMemory).records.values()]


def _windows(state: State, offset: int) -> list[Change]:
    windows = WindowCatalogue(state)
    views = [windows.show(window) for window in windows.all()]
    return [
        WindowChanged(offset, each.window.id, each.window, each.phase, each.occurrence, customers_in(state.plant, each.window))
        for each in views
    ]

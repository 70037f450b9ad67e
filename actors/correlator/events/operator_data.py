"""The Event that gives a new ledger the rules, windows and nodes of a lost one."""

from actors.correlator.draft import Draft
from actors.correlator.events.topology_changes import take_nodes
from actors.correlator.rules.rule_changes import restore_rules
from actors.correlator.windows.strategy import refresh
from protocols.event import OperatorDataRestored

UNKNOWN_FILE = ""
"""Digest of the topology file that the lost ledger read last: the next start compares the nodes with the file that there is."""


def fold_operator_data_restored(draft: Draft, event: OperatorDataRestored) -> None:
    """Take rules, windows and nodes as they were. A window opens or closes by the time of this Event."""
    if event.rules:
        restore_rules(draft, event.rules)
    for window in event.windows:
        refresh(draft, window, "was restored")
    take_nodes(draft, event.nodes, (), digest=UNKNOWN_FILE, by_file=event.origin == "file")

"""How much a transaction takes, and which batches those are."""

from collections.abc import Sequence

from actors.store.pace import FIRST, Pending, TransactionPace, weight
from actors.store.settings import StoreSettings
from protocols.change import AlarmRepeated, NodesChanged
from protocols.ledger import RecordedBatch
from protocols.topology import Node, TopologyNode


def batch(seq: int, size: int) -> RecordedBatch:
    return RecordedBatch(seq, seq, [AlarmRepeated(seq, "x", None, n, n) for n in range(size)])  # type: ignore[arg-type]


def shape(sizes: Sequence[int], size: int) -> list[tuple[int, int, int]]:
    """Of each group its last batch, its Changes, and how many stay behind."""
    pending = Pending()
    pending.extend(batch(number, changes) for number, changes in enumerate(sizes, start=1))
    groups = []
    while pending:
        last, changes = pending.take(size)
        groups.append((last.seq, len(changes), pending.size))
    return groups


def test_groups_take_whole_batches() -> None:
    assert shape([1, 1, 1, 1, 1], 2) == [(2, 2, 3), (4, 2, 1), (5, 1, 0)]
    assert shape([5, 0, 0], 2) == [(1, 5, 0), (3, 0, 0)]
    assert shape([0, 0], 2) == [(2, 0, 0)]
    assert shape([2, 2], 2) == [(1, 2, 2), (2, 2, 0)]


def test_what_is_pending_ends_with_the_last_batch_read() -> None:
    pending = Pending()
    assert (pending.last(7), bool(pending)) == (7, False)
    pending.extend([batch(8, 1), batch(9, 1)])
    assert (pending.last(7), pending.size, bool(pending)) == (9, 2, True)
    pending.take(1)
    assert (pending.last(7), pending.size) == (9, 1)


def test_transactions_grow_while_they_are_quick_and_full() -> None:
    pace = TransactionPace(StoreSettings(group_changes=10_000, group_seconds=1.0))
    sizes = []
    for _ in range(4):
        sizes.append(pace.size)
        pace.took(pace.size, 0.1)
    assert sizes == [FIRST, 2 * FIRST, 4 * FIRST, 10_000]
    pace.took(10_000, 2.0)
    assert pace.size == 5_000, "as many as take a second"
    pace.took(40, 0.001)
    assert pace.size == 5_000, "there was no more to take"
    pace.took(40, 4.0)
    assert pace.size == 10, "few, and yet too slow"
    pace.took(10, 0.0)
    assert pace.size == 20


def test_what_is_not_applied_is_tried_in_halves() -> None:
    pace = TransactionPace(StoreSettings(group_changes=5))
    sizes = []
    for _ in range(4):
        sizes.append(pace.size)
        pace.failed()
    assert sizes == [5, 2, 1, 1]


def test_a_change_of_many_nodes_weighs_as_many() -> None:
    nodes = tuple(TopologyNode(Node(id=f"n{number}", type="ont"), "file", 1) for number in range(900))
    changes = [NodesChanged(1, nodes, ("a", "b")), NodesChanged(1), *batch(1, 3).changes]
    assert weight(changes) == 902 + 0 + 3
    pending = Pending()
    pending.extend(RecordedBatch(seq, seq, [NodesChanged(1, nodes)]) for seq in range(1, 6))
    assert pending.size == 4_500
    assert [(pending.take(2_000)[0].seq, pending.size) for _ in range(2)] == [(3, 1_800), (5, 0)]

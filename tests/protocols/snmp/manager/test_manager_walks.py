"""Walks: a table comes whole whatever the agent's limits, a looping agent is stopped, and the trap path's caches stay."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.snmp_agent import MemoryAgent, table_mib
from vocabulary.snmp_transactions import carry_out

from protocols.snmp import ber, encode, oid, varbinds
from protocols.snmp.errors import BadOid
from protocols.snmp.manager import errors
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.name_order import follows
from protocols.snmp.manager.response_pdu import read_response_pdu, split_varbinds
from protocols.snmp.manager.table import Table
from protocols.snmp.manager.transaction import Transaction
from protocols.snmp.manager.value import decode_index, decode_value
from protocols.snmp.manager.walk import Walk, walk_of
from protocols.snmp.manager.walk_size import WalkSize
from protocols.snmp.message import decode
from protocols.snmp.notification import VarBind
from protocols.snmp.oid import decode_oid, encode_oid

ENTRY = "1.3.6.1.4.1.9.1"
BEHIND = {encode_oid("1.3.6.1.4.1.9.2.0"): b"\x05\x00"}
subids = st.one_of(st.integers(0, 300), st.integers(16_000, 17_000), st.integers(0, 2**32 - 1))
indexes = st.lists(st.lists(subids, min_size=1, max_size=3).map(tuple), max_size=25, unique=True)


def columns(count: int) -> list[bytes]:
    return [encode_oid(f"{ENTRY}.{column}") for column in range(1, count + 1)]


def session(version: Any = "2c") -> CommunitySession:
    return CommunitySession(version, b"public", 1)


def cells(walk: Walk) -> dict[tuple[int, ...], list[Any]]:
    return {
        decode_index(index): [None if value is None else decode_value(value).value for value in row]
        for index, row in walk.table.rows.items()
    }


@given(indexes, st.integers(1, 4), st.integers(0, 7), st.integers(20, 400), st.sampled_from(["1", "2c"]), st.data())
def test_a_table_comes_whole(
    rows: list[tuple[int, ...]], count: int, repetitions: int, largest: int, version: str, data: st.DataObject
) -> None:
    rows.sort()
    mib = table_mib(ENTRY, count, rows)
    holes = data.draw(st.sets(st.sampled_from(sorted(mib)), max_size=5)) if mib else set()
    mib = {name: value for name, value in mib.items() if name not in holes}
    expected: dict[tuple[int, ...], list[Any]] = {}
    for number, index in enumerate(rows):
        row = [
            None if encode_oid(f"{ENTRY}.{c}.{'.'.join(map(str, index))}") in holes else 1_000 * number + c
            for c in range(1, count + 1)
        ]
        if any(each is not None for each in row):
            expected[index] = row
    behind = data.draw(st.sampled_from([{}, BEHIND]))
    device = MemoryAgent({**mib, **behind}, largest=max(largest, 60))
    walk = walk_of(columns(count), repetitions)
    transaction = carry_out(device, session(version), walk)
    assert transaction.error is None
    assert walk.table.incomplete == ""
    assert cells(walk) == expected


@given(st.lists(subids, max_size=4), st.lists(subids, max_size=4))
def test_oids_are_in_the_order_of_their_numbers(one: list[int], other: list[int]) -> None:
    first, second = ([1, 3, *each] for each in (one, other))
    octets = [encode_oid(".".join(map(str, each))) for each in (first, second)]
    assert follows(octets[1], octets[0]) == (second > first)


@given(st.lists(subids, max_size=6))
def test_an_index_is_read_back(numbers: list[int]) -> None:
    assert decode_index(encode_oid(".".join(map(str, (1, 3, *numbers))))[1:]) == tuple(numbers)


@given(st.binary(max_size=30))
def test_any_octets_are_an_index_or_refused(octets: bytes) -> None:
    try:
        numbers = decode_index(octets)
    except BadOid:
        return
    assert all(0 <= number < 2**32 for number in numbers)


class Looping(MemoryAgent):
    """Goes from each of ``steps`` to the one after it, and from the last one to the first."""

    def __init__(self, steps: Iterable[str]) -> None:
        super().__init__({})
        self.steps = [encode_oid(f"{ENTRY}.1.{step}") for step in steps]

    def following(self, name: bytes) -> tuple[bytes, bytes]:
        place = self.steps.index(name) + 1 if name in self.steps else 0
        return self.steps[place % len(self.steps)], b"\x02\x01\x05"


LOOPS = {
    "stands still": ["1"],
    "two in turn": ["1", "2"],
    "octets rise where numbers fall": ["16384", "16383"],
    "numbers rise where octets fall, then back": ["16383", "16384", "1.2.3"],
    "numbers fall where as many octets rise": ["16384", "16383.5"],
    "a long round": [str(number) for number in range(1, 300)],
}


@pytest.mark.parametrize("repetitions", [0, 1, 2, 3, 10])
@pytest.mark.parametrize("steps", LOOPS.values(), ids=LOOPS)
def test_an_agent_that_loops_is_stopped(steps: list[str], repetitions: int) -> None:
    device = Looping(steps)
    walk = walk_of(columns(1), repetitions)
    transaction = carry_out(device, session(), walk)
    if transaction.error is None:
        assert walk.table.incomplete == "oid_not_increasing"
        assert walk.finished
    else:
        assert isinstance(transaction.error, errors.BadAnswer)
        assert walk.table.incomplete == "unfinished"
        assert steps[-1] == "16383.5"
    assert device.received <= len(steps) + 2  # one GETBULK, then GETNEXT


def test_an_agent_that_answers_an_instance_with_itself_is_stopped() -> None:
    class Itself(MemoryAgent):
        def following(self, name: bytes) -> tuple[bytes, bytes]:
            return name, b"\x05\x00"

    walk = walk_of(columns(2))
    assert carry_out(Itself({}), session(), walk).error is None
    assert walk.table.incomplete == "oid_not_increasing"


def test_an_answer_without_bindings_ends_the_walk() -> None:
    device = MemoryAgent(table_mib(ENTRY, 2, [(1,), (2,)]), largest=3)
    transaction = carry_out(device, session(), walk_of(columns(2)))
    assert isinstance(transaction.error, errors.AnswerTooBig)  # of GETNEXT, by which it was asked then


@pytest.mark.parametrize("version", ["1", "2c"])
def test_an_agent_for_which_a_row_is_too_big_is_asked_by_column(version: str) -> None:
    rows = [(number,) for number in range(1, 9)]
    device = MemoryAgent({**table_mib(ENTRY, 4, rows), **BEHIND}, largest=45)
    walk = walk_of(columns(4), 0)
    assert carry_out(device, session(version), walk).error is None
    assert list(cells(walk)) == rows
    assert all(None not in row for row in cells(walk).values())


def test_columns_come_on_together_when_answers_are_cut() -> None:
    rows = [(number,) for number in range(1, 40)]
    device = MemoryAgent({**table_mib(ENTRY, 4, rows), **BEHIND}, largest=60)
    walk = walk_of(columns(4), 2)
    transaction = Transaction(session(), walk)
    octets = transaction.start(0.0)
    while octets is not None:
        answer = device.answer(octets)
        assert answer
        octets = transaction.receive(answer, 0.0)
        came = [sum(row[column] is not None for row in walk.table.rows.values()) for column in range(4)]
        assert max(came) - min(came) <= 3
    assert list(cells(walk)) == rows


@pytest.mark.parametrize("bounds", [{"max_rows": 50}, {"max_octets": 1_000}, {"max_varbinds": 120}], ids=str)
def test_a_table_has_bounds(bounds: dict[str, Any]) -> None:
    device = MemoryAgent(table_mib(ENTRY, 2, [(number,) for number in range(1, 200)]))
    walk = Walk(Table(columns(2), **bounds), 10)
    transaction = carry_out(device, session(), walk)
    assert transaction.error is None
    assert walk.table.incomplete == "table_too_large"
    assert len(walk.table.rows) <= 60


def test_a_walk_that_takes_too_long_is_given_up() -> None:
    device = MemoryAgent(table_mib(ENTRY, 1, [(number,) for number in range(1, 200)]))
    transaction = Transaction(session(), walk_of(columns(1), 1), timeout=2.0, longest=60.0)
    now, octets = 5.0, transaction.start(5.0)
    while octets is not None:
        now += 1.5
        answer = device.answer(octets)
        assert answer
        octets = transaction.receive(answer, now)
    assert isinstance(transaction.error, errors.TooSlow)
    assert now == 66.5
    assert transaction.sent == 41


def test_a_long_way_costs_few_requests() -> None:
    device = MemoryAgent(table_mib(ENTRY, 8, [(number,) for number in range(1, 513)]))
    walk = walk_of(columns(8))
    transaction = carry_out(device, session(), walk)
    assert len(walk.table.rows) == 512
    assert transaction.sent == 512 * 8 // 256 + 1


class TooBig(MemoryAgent):
    """Answers tooBig with an empty list when more than ``limit`` variable bindings are asked for, as some agents do."""

    limit = 6

    def __init__(self, mib: dict[bytes, bytes]) -> None:
        super().__init__(mib)
        self.asked: list[int] = []

    def _bulk(self, names: list[bytes], non_repeaters: int, repetitions: int) -> list[tuple[bytes, bytes]]:
        self.asked.append(repetitions)
        return super()._bulk(names, non_repeaters, repetitions)

    def answer(self, datagram: bytes, now: float = 0.0) -> bytes | None:
        answer = super().answer(datagram, now)
        return too_big(datagram) if self.asked[-1] > self.limit else answer


def too_big(request: bytes) -> bytes:
    _, start, end = ber.read_header(request, 0, len(request), set())
    _, pos = ber.read_integer(request, start, end, set(), "version")
    _, pos = ber.read_octets(request, pos, end, set(), "community")
    _, pdu, stop = ber.read_header(request, pos, end, set())
    number, _ = ber.read_integer(request, pdu, stop, set(), "request-id")
    head = ber.integer(number) + ber.integer(1) + ber.integer(0)
    return ber.element(ber.SEQUENCE, request[start:pos] + ber.element(0xA2, head + ber.element(ber.SEQUENCE, b"")))


def test_too_big_halves_the_rows_and_the_size_is_remembered() -> None:
    rows = [(number,) for number in range(1, 31)]
    device, size, manager = TooBig({**table_mib(ENTRY, 1, rows), **BEHIND}), WalkSize(), session()
    walk = walk_of(columns(1), 50, size)
    assert carry_out(device, manager, walk).error is None
    assert list(cells(walk)) == rows
    assert device.asked == [50, 25, 12, 6, 6, 6, 6, 6, 6]
    device.asked.clear()
    assert carry_out(device, manager, walk_of(columns(1), 50, size)).error is None
    assert set(device.asked) == {6}


def test_a_larger_size_is_tried_again_seldom() -> None:
    size = WalkSize(50)
    for asked in (50, 25, 12):
        size.halve(asked)
    assert size.varbinds == 6
    tries = []
    for answer in range(1, 3_000):
        if size.varbinds > 6:
            tries.append(answer)
            size.halve(size.varbinds)
        size.answered(100)
    assert tries == [257, 769, 1793]
    for _ in range(10_000):
        size.answered(100)
    assert size.varbinds == 50


def test_fewer_rows_than_asked_for_go_on() -> None:
    rows = [(number,) for number in range(1, 60)]
    device = MemoryAgent({**table_mib(ENTRY, 1, rows), **BEHIND}, largest=170)
    walk = walk_of(columns(1), 25)
    transaction = carry_out(device, session(), walk)
    assert transaction.error is None
    assert list(cells(walk)) == rows
    assert transaction.sent == 7


def test_a_walk_that_loops_keeps_its_rows_and_is_incomplete() -> None:
    walk = walk_of(columns(1), 10)
    assert walk.table.incomplete == "unfinished"
    assert carry_out(Looping(["1", "2", "3"]), session(), walk).error is None
    assert list(cells(walk)) == [(1,), (2,), (3,)]
    assert walk.table.incomplete == "oid_not_increasing"


def test_an_answer_that_does_not_come_is_asked_for_in_half_the_rows() -> None:
    """Larger answers are lost on the way: a path that drops fragments."""
    rows = [(number,) for number in range(1, 60)]
    device = MemoryAgent({**table_mib(ENTRY, 1, rows), **BEHIND})
    walk = walk_of(columns(1), 40)
    transaction = carry_out(device, session(), walk, spoil=lambda octets: [octets] if len(octets) < 300 else [])
    assert transaction.error is None
    assert list(cells(walk)) == rows
    assert transaction.sent - transaction.answers == 2


def test_an_answer_to_the_larger_request_is_taken_after_the_smaller_one_was_sent() -> None:
    rows = [(number,) for number in range(1, 30)]
    device = MemoryAgent({**table_mib(ENTRY, 1, rows), **BEHIND})
    walk = walk_of(columns(1), 40)
    transaction = Transaction(session(), walk)
    larger = transaction.start(0.0)
    assert larger
    assert transaction.expire(2.0)
    answer = device.answer(larger)
    assert answer
    assert transaction.receive(answer, 2.5) is None
    assert transaction.error is None
    assert list(cells(walk)) == rows


class NoBulk(MemoryAgent):
    """Answers GETBULK as ``fault`` says, and all else rightly."""

    def __init__(self, mib: dict[bytes, bytes], fault: str) -> None:
        super().__init__(mib)
        self.fault, self.bulks = fault, 0

    def answer(self, datagram: bytes, now: float = 0.0) -> bytes | None:
        _, start, end = ber.read_header(datagram, 0, len(datagram), set())
        _, pos = ber.read_integer(datagram, start, end, set(), "version")
        _, pos = ber.read_octets(datagram, pos, end, set(), "community")
        tag, pdu, stop = ber.read_header(datagram, pos, end, set())
        if tag != 0xA5:
            return super().answer(datagram, now)
        self.bulks += 1
        number, after = ber.read_integer(datagram, pdu, stop, set(), "request-id")
        _, after = ber.read_integer(datagram, after, stop, set(), "non-repeaters")
        _, after = ber.read_integer(datagram, after, stop, set(), "max-repetitions")
        found = {"silent": None, "error": b"", "nothing": b"", "itself": datagram[after + 2 : stop]}[self.fault]
        if found is None:
            return None
        head = ber.integer(number) + ber.integer(5 if self.fault == "error" else 0) + ber.integer(0)
        return ber.element(ber.SEQUENCE, datagram[start:pos] + ber.element(0xA2, head + ber.element(ber.SEQUENCE, found)))


@pytest.mark.parametrize("fault", ["silent", "error", "nothing", "itself"])
def test_an_agent_that_cannot_answer_getbulk_is_asked_by_getnext(fault: str) -> None:
    """Huawei MDUs, Emerson power supplies and some UPS: no answer, genErr, an empty list, or the OID that was asked for."""
    rows = [(number,) for number in range(1, 30)]
    device, size, manager = NoBulk({**table_mib(ENTRY, 2, rows), **BEHIND}, fault), WalkSize(), session()
    walk = walk_of(columns(2), 20, size)
    assert carry_out(device, manager, walk).error is None
    assert (list(cells(walk)), walk.table.incomplete) == (rows, "")
    assert device.bulks == (2 if fault == "silent" else 1)
    for _ in range(3):
        assert carry_out(device, manager, walk_of(columns(2), 20, size)).error is None
    assert device.bulks == (2 if fault == "silent" else 1), "the next walks know it"


class ByColumn(MemoryAgent):
    """Answers GETBULK with all rows of the first column, then all rows of the second one."""

    def answer(self, datagram: bytes, now: float = 0.0) -> bytes | None:
        answer = super().answer(datagram, now)
        assert answer is not None
        _, start, end = ber.read_header(answer, 0, len(answer), set())
        _, pos = ber.read_integer(answer, start, end, set(), "version")
        _, pos = ber.read_octets(answer, pos, end, set(), "community")
        pdu = read_response_pdu(answer, pos, end)
        found = split_varbinds(pdu, 1_000)
        bindings = [
            ber.element(0x30, ber.element(6, name) + value) for name, value in zip(found[::2], found[1::2], strict=True)
        ]
        sorted_ones = b"".join(bindings[::2] + bindings[1::2])
        head = ber.integer(pdu.request_id) + ber.integer(0) * 2
        return ber.element(0x30, answer[start:pos] + ber.element(0xA2, head + ber.element(0x30, sorted_ones)))


@pytest.mark.parametrize("known", [False, True])
def test_an_agent_that_answers_getbulk_column_by_column_gives_no_table_that_seems_whole(known: bool) -> None:
    rows = [(number,) for number in range(1, 30)]
    size = WalkSize()
    size.bulk_known = known
    walk = walk_of(columns(2), 10, size)
    assert carry_out(ByColumn({**table_mib(ENTRY, 2, rows), **BEHIND}), session(), walk).error is None
    if known:
        assert walk.table.incomplete == "oid_not_increasing"
    else:
        assert (list(cells(walk)), walk.table.incomplete) == (rows, "")
        assert all(None not in row for row in walk.table.rows.values())


def test_getbulk_is_tried_again_seldom_where_it_failed() -> None:
    size = WalkSize()
    size.bulk_failed()
    tries = []
    for answer in range(1, 3_000):
        size.answered(100)
        if size.bulk:
            tries.append(answer)
            size.bulk_failed()
    assert tries == [256, 768, 1792]


def test_an_agent_that_answered_a_getbulk_once_is_not_asked_by_getnext_after_losses() -> None:
    rows = [(number,) for number in range(1, 60)]
    device, size = NoBulk({**table_mib(ENTRY, 1, rows), **BEHIND}, "silent"), WalkSize()
    size.bulk_known = True
    transaction = carry_out(device, session(), walk_of(columns(1), 20, size))
    assert isinstance(transaction.error, errors.NoAnswer)
    assert size.bulk


@pytest.mark.parametrize("repetitions", [0, 1, 3, 10])
def test_a_table_without_order_is_read_to_its_end(repetitions: int) -> None:
    """Raisecom RAX721: the management port, which has the lowest ifIndex, is the last row."""
    steps = ["272646331", "272646335", "268435456"]

    class Unordered(Looping):
        def following(self, name: bytes) -> tuple[bytes, bytes]:
            return next(iter(BEHIND.items())) if name == self.steps[-1] else super().following(name)

    ordered = walk_of(columns(1), repetitions)
    assert carry_out(Unordered(steps), session(), ordered).error is None
    assert (len(ordered.table.rows), ordered.table.incomplete) == (2, "oid_not_increasing")
    walk = Walk(Table(columns(1), unordered=True), repetitions)
    assert carry_out(Unordered(steps), session(), walk).error is None
    assert list(cells(walk)) == [(int(step),) for step in steps]
    assert walk.table.incomplete == ""


@pytest.mark.parametrize("repetitions", [0, 1, 2, 3, 10])
@pytest.mark.parametrize("steps", LOOPS.values(), ids=LOOPS)
def test_an_agent_that_loops_is_stopped_in_a_table_without_order_too(steps: list[str], repetitions: int) -> None:
    device = Looping(steps)
    walk = Walk(Table(columns(1), unordered=True), repetitions)
    assert carry_out(device, session(), walk).error is None
    assert walk.table.incomplete == "oid_not_increasing"
    assert len(walk.table.rows) == len(steps)
    assert device.received <= len(steps) + 2  # one GETBULK, then GETNEXT


def trap_path_caches() -> tuple[int, ...]:
    return len(oid.KNOWN), len(oid._OLD), len(varbinds.SEEN), len(varbinds._older), encode_oid.cache_info().currsize


def test_a_table_leaves_the_caches_of_the_trap_path_as_they_are() -> None:
    rows = [(number, 7) for number in range(1, 400)]
    mib = table_mib(ENTRY, 2, rows)
    # A value that is an OID, and one that is text, are what the trap path caches too.
    for number, name in enumerate(sorted(mib)):
        if number % 2:
            mib[name] = ber.element(ber.OBJECT_IDENTIFIER, b"\x2b" + bytes((number % 128, 5)))
    device, prefixes = MemoryAgent(mib), columns(2)
    decode(encode.trap_v2c(community="public", trap_oid="1.3.6.1.6.3.1.1.5.3", uptime=1))
    before = trap_path_caches()
    assert before[0] > 0
    walk = walk_of(prefixes)
    assert carry_out(device, session(), walk).error is None
    assert len(cells(walk)) == 399
    assert trap_path_caches() == before
    decode_oid(b"\x2b\x06\x7f\x7f\x7e", set())
    decode(encode.trap_v2c(community="p", trap_oid=ENTRY, uptime=1, varbinds=[VarBind(f"{ENTRY}.77", "INTEGER", 1)]))
    assert trap_path_caches() != before, "the count must see a trap"

"""Whatever octets arrive, a transaction takes an answer, ignores it by reason, or ends with a typed error."""

import random
from pathlib import Path

import pytest
from fuzzing.manager_entry import ENTRY, PAIRS, offered, recorded, seeds, take
from fuzzing.mutator import mutate
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.snmp_agent import MemoryAgent

from protocols.snmp import ber
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.get import Get
from protocols.snmp.manager.response_pdu import read_response_pdu, split_varbinds
from protocols.snmp.manager.transaction import Transaction
from protocols.snmp.manager.value import decode_value
from protocols.snmp.notification import ValueType, VarBind
from protocols.snmp.oid import encode_oid
from protocols.snmp.values import encode_value

SEEDS = list(seeds())
FOUND = sorted((Path(__file__).parents[3] / "fuzzing" / "found").glob("manager*.hex"))
choices = st.sampled_from(PAIRS)


@pytest.mark.parametrize(("session", "operation"), PAIRS)
def test_every_truncation(session: str, operation: str) -> None:
    for place, answer in enumerate(recorded(session, operation)):
        for length in range(len(answer)):
            transaction = offered(session, operation, place, answer[:length])
            assert transaction.error is None
            assert not transaction.done
            assert sum(transaction.session.ignored.values()) == 1


@given(choices, st.integers(0, 5), st.data())
def test_spoiled_octets(choice: tuple[str, str], place: int, data: st.DataObject) -> None:
    answers = recorded(*choice)
    place %= len(answers)
    spoiled = bytearray(answers[place])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(spoiled) - 1))
        spoiled[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    offered(*choice, place, bytes(spoiled))


@given(choices, st.integers(0, 5), st.binary(max_size=120))
def test_any_octets(choice: tuple[str, str], place: int, octets: bytes) -> None:
    transaction = offered(*choice, place % len(recorded(*choice)), octets)
    assert transaction.error is None


@settings(max_examples=300)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_a_spoiled_answer_also_inside_of_an_authentic_message(seed: bytes, rng: random.Random) -> None:
    take(seed[:2] + mutate(seed[2:], rng))


def test_what_a_fuzzer_once_found() -> None:
    for file in FOUND:
        take(bytes.fromhex(file.read_text()))


@given(st.binary(max_size=80))
def test_any_response_pdu(octets: bytes) -> None:
    pdu = ber.element(0xA2, b"\x02\x01\x07\x02\x01\x00\x02\x01\x00" + ber.element(ber.SEQUENCE, octets))
    try:
        found = split_varbinds(read_response_pdu(pdu, 0, len(pdu)), 4)
    except SnmpRefusal:
        return
    assert len(found) <= 8
    assert len(found) % 2 == 0


def dotted(numbers: list[int]) -> str:
    return ".".join(map(str, (1, 3, *numbers)))


VALUES: st.SearchStrategy[tuple[ValueType, object]] = st.one_of(
    st.tuples(st.just("INTEGER"), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just("Counter64"), st.integers(0, 2**64 - 1)),
    st.tuples(st.just("Gauge32"), st.integers(0, 2**32 - 1)),
    st.tuples(st.just("OCTET STRING"), st.binary(max_size=300)),
    st.tuples(st.just("OBJECT IDENTIFIER"), st.lists(st.integers(0, 2**32 - 1), max_size=9).map(dotted)),
    st.tuples(st.just("IpAddress"), st.sampled_from(["0.0.0.0", "192.0.2.255"])),
    st.tuples(st.just("noSuchObject"), st.none()),
)  # fmt: skip


@given(st.lists(VALUES, min_size=1, max_size=6))
def test_what_an_agent_holds_is_what_get_returns(values: list[tuple[ValueType, object]]) -> None:
    names = [encode_oid(f"{ENTRY}.3.{number}") for number in range(len(values))]
    device = MemoryAgent({name: encode_value(*value) for name, value in zip(names, values, strict=True)})
    get = Get(names)
    transaction = Transaction(CommunitySession("2c", b"public", 1), get)
    request = transaction.start(0.0)
    assert request
    answer = device.answer(request)
    assert answer
    transaction.receive(answer, 0.0)
    assert [decode_value(each) for each in get.values] == [VarBind("", *value) for value in values]

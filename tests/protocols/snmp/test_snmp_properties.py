"""Properties of the codec: round trips of every type and message, and only typed refusals whatever the octets."""

import contextlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from protocols.snmp import encode
from protocols.snmp.errors import REASONS, SnmpRefusal
from protocols.snmp.irregular import IRREGULARITIES, TEXT_NOT_UTF8, WIDE_INTEGER
from protocols.snmp.message import decode, decode_pdu, decode_scoped_pdu, peek
from protocols.snmp.notification import Notification, VarBind
from protocols.snmp.oid import decode_oid, encode_oid
from protocols.snmp.pdu import SNMP_TRAP_ENTERPRISE
from protocols.snmp.response import decode_response, inform_response

DATAGRAMS = [
    bytes.fromhex(json.loads(line)["hex"])
    for line in (Path(__file__).parents[2] / "data" / "datagrams.jsonl").read_text().splitlines()
]

sub_ids = st.integers(0, 2**32 - 1) | st.integers(0, 300)
roots = st.tuples(st.integers(0, 1), st.integers(0, 39)) | st.tuples(st.just(2), sub_ids)
oids = st.builds(lambda root, rest: ".".join(map(str, (*root, *rest))), roots, st.lists(sub_ids, max_size=20))
uint32 = st.integers(0, 2**32 - 1)
int32 = st.integers(-(2**31), 2**31 - 1)
ip_addresses = st.builds(lambda octets: ".".join(map(str, octets)), st.binary(min_size=4, max_size=4))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "INTEGER": int32,
    "OCTET STRING": st.binary(max_size=300),
    "NULL": st.none(),
    "OBJECT IDENTIFIER": oids,
    "IpAddress": ip_addresses,
    "Counter32": uint32,
    "Gauge32": uint32,
    "TimeTicks": uint32,
    "Opaque": st.binary(max_size=20).filter(lambda octets: not octets.startswith(b"\x9f")),
    "Opaque Float": st.floats(width=32, allow_nan=False),
    "Opaque Double": st.floats(allow_nan=False),
    "NsapAddress": st.binary(max_size=20),
    "Counter64": st.integers(0, 2**64 - 1),
    "UInteger32": uint32,
    "noSuchObject": st.none(),
    "noSuchInstance": st.none(),
    "endOfMibView": st.none(),
}
varbinds = st.one_of([st.builds(VarBind, oids, st.just(kind), values) for kind, values in VALUES.items()])
bindings = st.lists(varbinds, max_size=8).map(tuple)
communities = st.binary(max_size=40)


@pytest.mark.parametrize("kind", VALUES)
def test_every_type_comes_back(kind: str) -> None:
    @hypothesis_settings(max_examples=60, deadline=None)
    @given(oids, VALUES[kind])
    def check(oid: str, value: Any) -> None:
        binding = VarBind(oid, kind, value)  # type: ignore[arg-type]
        notification = decode(encode.trap_v2c(community="c", trap_oid="1.3.6", uptime=1, varbinds=[binding]))
        assert notification.varbinds == (binding,)
        assert set(notification.irregular) <= {TEXT_NOT_UTF8}

    check()


@pytest.mark.parametrize(("kind", "value"), [("Opaque Float", math.nan), ("Opaque Double", math.nan)])
def test_not_a_number_comes_back(kind: Any, value: float) -> None:
    datagram = encode.trap_v2c(community="c", trap_oid="1.3.6", uptime=1, varbinds=[VarBind("1.3", kind, value)])
    assert math.isnan(decode(datagram).varbinds[0].value)


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.integers(-(2**63), 2**64 - 1))
def test_an_integer_of_64_bits_comes_back_and_is_flagged_beyond_32(value: int) -> None:
    datagram = encode.trap_v2c(community="c", trap_oid="1.3.6", uptime=1, varbinds=[VarBind("1.3", "INTEGER", value)])
    notification = decode(datagram)
    assert notification.varbinds[0].value == value
    assert notification.irregular == (() if -(2**31) <= value < 2**31 else (WIDE_INTEGER,))


@hypothesis_settings(max_examples=200, deadline=None)
@given(oids)
def test_an_oid_comes_back(dotted: str) -> None:
    assert decode_oid(encode_oid(dotted), set()) == dotted


def enterprise_of(varbinds: tuple[VarBind, ...]) -> str:
    found = [each.value for each in varbinds if each.oid == SNMP_TRAP_ENTERPRISE and each.type == "OBJECT IDENTIFIER"]
    return found[-1] if found else ""


@pytest.mark.parametrize("kind", ["trap", "inform"])
def test_a_v2c_notification_comes_back(kind: str) -> None:
    @hypothesis_settings(max_examples=80, deadline=None)
    @given(communities, oids, uint32, bindings, int32)
    def check(community: bytes, trap_oid: str, uptime: int, varbinds: tuple[VarBind, ...], request_id: int) -> None:
        build = encode.trap_v2c if kind == "trap" else encode.inform
        datagram = build(community=community, trap_oid=trap_oid, uptime=uptime, varbinds=varbinds, request_id=request_id)
        found = decode(datagram)
        assert found == Notification(
            version="2c",
            kind="trap" if kind == "trap" else "inform",
            security=community.decode("latin-1"),
            trap_oid=trap_oid,
            uptime=uptime,
            varbinds=varbinds,
            request_id=request_id,
            enterprise=enterprise_of(varbinds),
            irregular=found.irregular,
        )
        assert set(found.irregular) <= {TEXT_NOT_UTF8}
        assert peek(datagram).community == community
        if kind == "inform":
            answer = decode_response(inform_response(datagram))
            assert (answer.request_id, answer.community) == (request_id, community)
            assert answer.varbinds[2:] == varbinds

    check()


@hypothesis_settings(max_examples=80, deadline=None)
@given(oids, ip_addresses, st.integers(0, 6), st.integers(0, 2**31 - 1), uint32, bindings)
def test_a_v1_trap_comes_back(
    enterprise: str, agent: str, generic: int, specific: int, uptime: int, varbinds: tuple[VarBind, ...]
) -> None:
    found = decode(
        encode.trap_v1(
            community="public",
            enterprise=enterprise,
            agent_address=agent,
            generic=generic,
            specific=specific,
            uptime=uptime,
            varbinds=varbinds,
        )
    )
    assert (found.version, found.kind, found.enterprise, found.uptime) == ("1", "trap", enterprise, uptime)
    assert found.agent_address == (None if agent == "0.0.0.0" else agent)
    assert (found.generic, found.specific, found.varbinds) == (generic, specific, varbinds)


@hypothesis_settings(max_examples=60, deadline=None)
@given(communities, int32, int32, int32, bindings, st.sampled_from(["1", "2c"]))
def test_a_response_comes_back(
    community: bytes, request_id: int, status: int, index: int, varbinds: tuple[VarBind, ...], version: Any
) -> None:
    found = decode_response(
        encode.response(
            community=community,
            request_id=request_id,
            varbinds=varbinds,
            error_status=status,
            error_index=index,
            version=version,
        )
    )
    assert (found.version, found.community, found.request_id) == (version, community, request_id)
    assert (found.error_status, found.error_index, found.varbinds) == (status, index, varbinds)


def scoped(octets: bytes) -> object:
    return decode_scoped_pdu(octets, user="noc", engine_id=b"\x80")


def pdu_alone(octets: bytes) -> object:
    return decode_pdu(octets, version="2c", security="")


DECODERS: tuple[Callable[[bytes], object], ...] = (decode, peek, decode_response, inform_response, scoped, pdu_alone)


def check_only_refuses(octets: bytes) -> None:
    """Every decoder takes the octets or raises a SnmpRefusal with a known reason; what it takes names known irregularities."""
    for decoder in DECODERS:
        try:
            found = decoder(octets)
        except SnmpRefusal as refusal:
            reason = refusal.reason
        else:
            reason = ""
            if isinstance(found, Notification):
                assert set(found.irregular) <= set(IRREGULARITIES)
        assert reason in ("", *REASONS)


@hypothesis_settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
@example(b"\x30\x80")
def test_any_octets_are_taken_or_refused(octets: bytes) -> None:
    check_only_refuses(octets)


def wrap(tag: int, content: bytes) -> bytes:
    size = len(content)
    return bytes((tag,)) + (bytes((size,)) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + content


trees = st.recursive(
    st.binary(max_size=8),
    lambda inner: st.builds(wrap, st.integers(0, 255), inner | st.lists(inner, max_size=4).map(b"".join)),
)


@hypothesis_settings(max_examples=200, deadline=None)
@given(trees)
def test_any_tree_of_elements_is_taken_or_refused(octets: bytes) -> None:
    check_only_refuses(octets)
    check_only_refuses(wrap(0x30, b"\x02\x01\x01\x04\x00" + octets))
    check_only_refuses(encode.trap_v2c(community="", trap_oid="1.3", uptime=1, varbinds=[VarBind("", "undecoded", octets)]))


@hypothesis_settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(DATAGRAMS),
    st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255) | st.sampled_from((0x30, 0x80, 0x82, 0xFF))), max_size=6),
    st.integers(0, 2**16),
    st.binary(max_size=4),
)
def test_a_mutated_real_datagram_is_taken_or_refused(
    datagram: bytes, changes: list[tuple[int, int]], place: int, inserted: bytes
) -> None:
    mutated = bytearray(datagram)
    for position, octet in changes:
        mutated[position % len(mutated)] = octet
    place %= len(mutated)
    check_only_refuses(bytes(mutated))
    check_only_refuses(bytes(mutated[:place]) + inserted + bytes(mutated[place:]))


def test_every_real_datagram_truncated_anywhere_is_refused() -> None:
    for datagram in DATAGRAMS:
        for size in range(len(datagram)):
            with pytest.raises(SnmpRefusal):
                decode(datagram[:size])
            with pytest.raises(SnmpRefusal):
                peek(datagram[:size])


def test_every_octet_of_a_real_datagram_may_be_wrong() -> None:
    for datagram in DATAGRAMS[:3]:
        for place in range(len(datagram)):
            for octet in (0x00, 0x1F, 0x30, 0x7F, 0x80, 0x84, 0xFF):
                with contextlib.suppress(SnmpRefusal):
                    decode(datagram[:place] + bytes((octet,)) + datagram[place + 1 :])

"""Bindings that are remembered by their octets: the same reading each time, bounded, and never one that was forgiven."""

from collections.abc import Iterator

import pytest

from protocols.snmp import encode, varbinds
from protocols.snmp.errors import Truncated
from protocols.snmp.message import decode
from protocols.snmp.notification import Notification, VarBind

OID = "1.3.6.1.4.1.99999.1"


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    varbinds.SEEN.clear()
    varbinds._older.clear()
    yield
    varbinds.SEEN.clear()
    varbinds._older.clear()


def trap(*bindings: VarBind, uptime: int = 1) -> bytes:
    return encode.trap_v2c(community="public", trap_oid=f"{OID}.0.1", uptime=uptime, varbinds=bindings)


def twice(datagram: bytes) -> Notification:
    """Read until its OIDs and its bindings are known, and once more."""
    first = decode(datagram)
    assert decode(datagram) == first
    assert decode(datagram) == first
    return first


def test_the_same_binding_is_one_value() -> None:
    datagram = trap(VarBind(f"{OID}.2", "INTEGER", 7), VarBind(f"{OID}.3", "OCTET STRING", b"PON"))
    twice(datagram)
    one, other = decode(datagram), decode(datagram)
    assert all(a is b for a, b in zip(one.varbinds, other.varbinds, strict=True))


def test_another_value_of_the_same_length_is_another_binding() -> None:
    for value in (7, 8, 7):
        assert twice(trap(VarBind(f"{OID}.2", "INTEGER", value))).varbinds == (VarBind(f"{OID}.2", "INTEGER", value),)


def test_what_was_forgiven_is_flagged_each_time() -> None:
    datagram = trap(VarBind(f"{OID}.2", "INTEGER", 0x0101))
    padded = datagram.replace(bytes.fromhex("02020101"), bytes.fromhex("02020001"))
    for _ in range(3):
        assert decode(padded).irregular == ("non_minimal_integer",)


def test_a_binding_that_runs_past_its_list_is_refused_although_its_octets_are_known() -> None:
    datagram = trap(VarBind(f"{OID}.2", "INTEGER", 7))
    twice(datagram)
    # The list ends two octets early; the message is as long as before.
    at = datagram.index(bytes.fromhex("020100020100020100")) + 9
    shorter = datagram[: at + 1] + bytes((datagram[at + 1] - 2,)) + datagram[at + 2 :]
    with pytest.raises(Truncated):
        decode(shorter)


def test_times_and_counters_and_long_ones_are_not_kept() -> None:
    for uptime in range(5):
        twice(
            trap(
                VarBind(f"{OID}.2", "Counter64", uptime),
                VarBind(f"{OID}.3", "OCTET STRING", bytes(200)),
                uptime=uptime,
            )
        )
    assert {binding.type for binding in varbinds.SEEN.values()} == {"OBJECT IDENTIFIER"}


def test_memory_is_bounded_and_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(varbinds, "REMEMBERED", 10)
    for value in range(100):
        twice(trap(VarBind(f"{OID}.2", "INTEGER", value)))
        assert len(varbinds.SEEN) <= 21
    kept = {binding.value for binding in varbinds.SEEN.values() if binding.type == "INTEGER"}
    assert 99 in kept
    assert 0 not in kept

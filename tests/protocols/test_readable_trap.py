"""A trap is the same when it has been stored readable and read again, but for its community and its octets."""

from datetime import UTC, datetime

import msgspec
from fuzzing.corpus import datagrams
from hypothesis import given
from hypothesis import strategies as st

from actors.store import encode
from protocols.event import Trap
from protocols.readable_trap import trap_of
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.message import decode
from protocols.snmp.notification import Notification, VarBind

AT = datetime(2026, 3, 1, tzinfo=UTC)
OCTETS = st.binary(max_size=40)
VARBINDS = st.one_of(
    st.builds(
        VarBind, st.just("1.3.6.1.4.1.9"), st.sampled_from(["OCTET STRING", "Opaque", "NsapAddress", "undecoded"]), OCTETS
    ),
    st.builds(VarBind, st.just("1.3.6.1.4.1.9"), st.just("INTEGER"), st.one_of(st.integers(-(2**63), 2**63 - 1), OCTETS)),
    st.builds(VarBind, st.just("1.3.6.1.4.1.9"), st.just("OBJECT IDENTIFIER"), st.just("1.3.6.1")),
    st.builds(VarBind, st.just("1.3.6.1.4.1.9"), st.just("IpAddress"), st.just("192.0.2.1")),
    st.builds(VarBind, st.just("1.3.6.1.4.1.9"), st.just("Counter64"), st.integers(0, 2**64 - 1)),
    st.builds(VarBind, st.just("1.3.6.1.4.1.9"), st.just("NULL"), st.none()),
)


def stored(notification: Notification) -> Notification:
    row = encode.trap(Trap("192.0.2.1", AT, notification))
    return trap_of(msgspec.json.decode(msgspec.json.encode(row)), AT).notification


@given(st.lists(VARBINDS, max_size=6).map(tuple))
def test_every_type_of_value_comes_back(varbinds: tuple[VarBind, ...]) -> None:
    notification = Notification(
        version="2c", kind="trap", security="*", trap_oid="1.3.6.1.4.1.9.0.1", uptime=1, varbinds=varbinds, irregular=("x",)
    )
    assert stored(notification) == notification


def test_traps_of_real_devices_come_back() -> None:
    read = 0
    for datagram in datagrams():
        try:
            notification = decode(datagram)
        except SnmpRefusal:
            continue
        read += 1
        assert stored(notification) == notification
    assert read > 20

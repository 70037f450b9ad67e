"""The traps of two vendors as datagrams: v2c, 7 variable bindings (the first two being time and OID).

A problem's number decides its OLT (one source address in 127.0.0.0/8 each), the OLT's vendor, and slot, port and ONT. One OLT
in three is an Adtran, whose traps carry a running number; the others are Huawei's.
"""

from struct import Struct as Layout

from msgspec import Struct

from protocols.snmp import encode
from protocols.snmp.notification import VarBind

SOURCES = 120
"""OLTs, each with its own address."""
COMMUNITY = "public"
ONTS = 64
"""ONTs of a PON port."""
_PORTS, _SLOTS = 16, 16
_HUAWEI = "1.3.6.1.4.1.2011.6"
_XPON = f"{_HUAWEI}.128.1.1"
_ADTRAN = "1.3.6.1.4.1.664"
_GENGPON = f"{_ADTRAN}.6.10000.76.1.1"
_IF_TABLE = "1.3.6.1.2.1.2.2.1"
_UPTIME, _REQUEST, _SEQUENCE = 0x12345678, 0x23456789, 0x3456789A
_UINT32 = Layout(">I")


class Place(Struct, frozen=True):
    """Where a problem is. ``vendor`` 0 and 1 are Huawei (an ONT's LOS, its dying gasp), 2 is Adtran (an ONT's LOS)."""

    source: int
    vendor: int
    slot: int
    port: int
    ont: int


class Template(Struct, frozen=True):
    """A datagram but for its request id, its uptime and, where it has one, its running number."""

    head: bytes
    middle: bytes
    tail: bytes
    end: bytes = b""

    def fill(self, request_id: int, uptime: int, sequence: int) -> bytes:
        """The datagram. The numbers are from 2^23 to 2^31 - 1, ``uptime`` in 1/100 s."""
        datagram = self.head + _UINT32.pack(request_id) + self.middle + _UINT32.pack(uptime) + self.tail
        return datagram + _UINT32.pack(sequence) + self.end if self.end else datagram


def place(number: int) -> Place:
    """Where problem ``number`` is; numbers up to 1.9 million are distinct."""
    rest, source = divmod(number, SOURCES)
    rest, ont = divmod(rest, ONTS)
    slot, port = divmod(rest, _PORTS)
    return Place(source, source % 3, 1 + slot % _SLOTS, port, ont)


def port(number: int) -> list[int]:
    """The problems of PON port ``number``: of all OLTs the first, then the second."""
    index, source = divmod(number, SOURCES)
    return [source + SOURCES * (index * ONTS + ont) for ont in range(ONTS)]


def address(block: int, source: int) -> str:
    """The address of OLT ``source``; each ``block`` (0 to 200) is another plant."""
    return f"127.{20 + block}.{source // 250}.{1 + source % 250}"


def resource_id(block: int, number: int) -> str:
    """What faultd calls the resource of problem ``number``."""
    at = place(number)
    return f"{address(block, at.source)}/{'1' if at.vendor == 2 else '0'}/{at.slot}/{at.port}/{at.ont}"


def varbinds(at: Place) -> tuple[VarBind, ...]:
    """The variable bindings behind time and OID."""
    if at.vendor == 2:
        index = 200_000 + (at.slot << 12 | at.port << 7 | at.ont)
        return (
            VarBind(f"{_ADTRAN}.5.16.1.2.0", "INTEGER", _SEQUENCE),
            VarBind("1.3.6.1.2.1.1.5.0", "OCTET STRING", f"TA5000-{at.source}".encode()),
            VarBind(f"{_IF_TABLE}.2.{index}", "OCTET STRING", f"ont {at.ont}@1/{at.slot}/{at.port}.gpon".encode()),
            VarBind(f"{_IF_TABLE}.1.{index}", "INTEGER", index),
            VarBind(f"{_GENGPON}.2.1.1.8.{index}", "INTEGER", 5),
        )
    index = 125 << 25 | at.slot << 13 | at.port << 8
    instance = f"{index}.{at.ont}"
    return (
        VarBind(f"{_HUAWEI}.3.3.1.1.1.0", "INTEGER", 0),
        VarBind(f"{_HUAWEI}.3.3.2.1.1.0.{at.slot}", "INTEGER", at.slot),
        VarBind(f"{_HUAWEI}.3.3.4.1.1.0.{at.slot}.0.{at.port}", "INTEGER", at.port),
        VarBind(f"{_XPON}.2.43.1.1.{instance}", "INTEGER", at.ont),
        VarBind(f"{_XPON}.2.45.1.4.{instance}", "OCTET STRING", b"HG8245H"),
    )


def trap_oid(at: Place, raised: bool) -> str:
    """The problem's trap, or that of its end."""
    if at.vendor == 2:
        return f"{_GENGPON}.5.1.0.{2 if raised else 1}"
    return f"{_XPON}.12.2.2.0.{(12, 18)[at.vendor] + (not raised)}"


def template(number: int, raised: bool, kind: str = "trap", community: str = COMMUNITY) -> Template:
    """The datagram of problem ``number``; ``kind`` is trap or inform."""
    at = place(number)
    make = encode.trap_v2c if kind == "trap" else encode.inform
    datagram = make(
        community=community,
        trap_oid=trap_oid(at, raised),
        uptime=_UPTIME,
        varbinds=varbinds(at),
        request_id=_REQUEST,
    )
    head, rest = datagram.split(_UINT32.pack(_REQUEST), 1)
    middle, tail = rest.split(_UINT32.pack(_UPTIME), 1)
    return Template(head, middle, *tail.split(_UINT32.pack(_SEQUENCE), 1))

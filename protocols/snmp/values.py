"""The values of the SMI: one reader a tag, one table for writing (RFC 2578 section 7.1, RFC 3416 section 3).

A reader takes the binding's OID, the content octets and the set of irregularities, and returns the ``VarBind``. It raises
``Malformed`` when the content does not fit the type.
"""

import re
import struct
from collections.abc import Callable
from typing import Any, NoReturn

from protocols.snmp import ber
from protocols.snmp.errors import BadInteger, BadValue, Unencodable
from protocols.snmp.irregular import NEGATIVE_UNSIGNED, NON_MINIMAL_INTEGER, TEXT_NOT_UTF8, WIDE_INTEGER
from protocols.snmp.notification import ValueType, VarBind
from protocols.snmp.oid import decode_oid, encode_oid

Reader = Callable[[str, bytes, set[str]], VarBind]

IP_ADDRESS = 0x40
COUNTER32 = 0x41
GAUGE32 = 0x42
TIME_TICKS = 0x43
OPAQUE = 0x44
NSAP_ADDRESS = 0x45
COUNTER64 = 0x46
UINTEGER32 = 0x47
NO_SUCH_OBJECT = 0x80
NO_SUCH_INSTANCE = 0x81
END_OF_MIB_VIEW = 0x82

# Net-SNMP's wrapping of a float in an Opaque: context tag 0x9f78 or 0x9f79, length, IEEE 754 big-endian.
_FLOAT = b"\x9f\x78\x04"
_DOUBLE = b"\x9f\x79\x08"

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BINARY_SIZES = frozenset((4, 6, 8, 16))
"""InetAddress, MacAddress, GPON serial or EUI-64, IPv6: octets of these sizes need not be text."""


def octet_string(oid: str, content: bytes, odd: set[str]) -> VarBind:
    if not content.isascii() and _is_other_text(content):
        odd.add(TEXT_NOT_UTF8)
    return VarBind(oid, "OCTET STRING", content)


def _is_other_text(content: bytes) -> bool:
    """True for text in a code page: no control octets, not the size of a binary convention, and not UTF-8."""
    text = content.rstrip(b"\x00")
    if len(text) in _BINARY_SIZES or _CONTROL.search(text):
        return False
    try:
        text.decode()
    except UnicodeDecodeError:
        return True
    return False


def integer(oid: str, content: bytes, odd: set[str]) -> VarBind:
    value = ber.signed(content, odd)
    if not -(2**31) <= value < 2**31:
        odd.add(WIDE_INTEGER)
        if not -(2**63) <= value < 2**64:
            return VarBind(oid, "INTEGER", content)
    return VarBind(oid, "INTEGER", value)


def object_identifier(oid: str, content: bytes, odd: set[str]) -> VarBind:
    return VarBind(oid, "OBJECT IDENTIFIER", decode_oid(content, odd))


def ip_address(oid: str, content: bytes, odd: set[str]) -> VarBind:
    return VarBind(oid, "IpAddress", dotted_quad(content))


def dotted_quad(content: bytes) -> str:
    """Dotted text of four octets, else BadValue."""
    if len(content) != 4:
        raise BadValue(f"an IpAddress has 4 octets, got {len(content)}")
    return "{}.{}.{}.{}".format(*content)


def opaque(oid: str, content: bytes, odd: set[str]) -> VarBind:
    if len(content) == 7 and content.startswith(_FLOAT):
        return VarBind(oid, "Opaque Float", struct.unpack(">f", content[3:])[0])
    if len(content) == 11 and content.startswith(_DOUBLE):
        return VarBind(oid, "Opaque Double", struct.unpack(">d", content[3:])[0])
    return VarBind(oid, "Opaque", content)


def nsap_address(oid: str, content: bytes, odd: set[str]) -> VarBind:
    return VarBind(oid, "NsapAddress", content)


def unsigned(content: bytes, odd: set[str], limit: int) -> int:
    """Unsigned integer; beyond ``limit`` it is kept and flagged, beyond 64 bits BadInteger."""
    if not content:
        raise BadInteger("an integer without content")
    value = int.from_bytes(content, "big")
    if value > limit:
        if value >= 2**64:
            raise BadInteger("an unsigned integer beyond 64 bits")
        odd.add(WIDE_INTEGER)
    first = content[0]
    if first > 127:
        odd.add(NEGATIVE_UNSIGNED)
    elif first == 0 and len(content) > 1 and content[1] < 128:
        odd.add(NON_MINIMAL_INTEGER)
    return value


def _unsigned_type(name: ValueType, limit: int) -> Reader:
    def read(oid: str, content: bytes, odd: set[str]) -> VarBind:
        return VarBind(oid, name, unsigned(content, odd, limit))

    return read


def _empty_type(name: ValueType) -> Reader:
    def read(oid: str, content: bytes, odd: set[str]) -> VarBind:
        if content:
            raise BadValue(f"{name} has no content, got {len(content)} octets")
        return VarBind(oid, name, None)

    return read


READERS: dict[int, Reader] = {
    ber.INTEGER: integer,
    ber.OCTET_STRING: octet_string,
    ber.NULL: _empty_type("NULL"),
    ber.OBJECT_IDENTIFIER: object_identifier,
    IP_ADDRESS: ip_address,
    COUNTER32: _unsigned_type("Counter32", 2**32 - 1),
    GAUGE32: _unsigned_type("Gauge32", 2**32 - 1),
    TIME_TICKS: _unsigned_type("TimeTicks", 2**32 - 1),
    OPAQUE: opaque,
    NSAP_ADDRESS: nsap_address,
    COUNTER64: _unsigned_type("Counter64", 2**64 - 1),
    UINTEGER32: _unsigned_type("UInteger32", 2**32 - 1),
    NO_SUCH_OBJECT: _empty_type("noSuchObject"),
    NO_SUCH_INSTANCE: _empty_type("noSuchInstance"),
    END_OF_MIB_VIEW: _empty_type("endOfMibView"),
}
"""By tag octet."""

_UNSIGNED: dict[str, tuple[int, int]] = {
    "Counter32": (COUNTER32, 2**32 - 1),
    "Gauge32": (GAUGE32, 2**32 - 1),
    "TimeTicks": (TIME_TICKS, 2**32 - 1),
    "UInteger32": (UINTEGER32, 2**32 - 1),
    "Counter64": (COUNTER64, 2**64 - 1),
}
_OCTETS: dict[str, int] = {"OCTET STRING": ber.OCTET_STRING, "Opaque": OPAQUE, "NsapAddress": NSAP_ADDRESS}
_EMPTY: dict[str, int] = {
    "NULL": ber.NULL,
    "noSuchObject": NO_SUCH_OBJECT,
    "noSuchInstance": NO_SUCH_INSTANCE,
    "endOfMibView": END_OF_MIB_VIEW,
}
_REAL: dict[str, tuple[bytes, str]] = {"Opaque Float": (_FLOAT, ">f"), "Opaque Double": (_DOUBLE, ">d")}


def encode_value(type_: ValueType, value: Any) -> bytes:
    """One value as an element. Raises Unencodable when ``value`` does not fit ``type_``."""
    if type_ in _UNSIGNED:
        tag, limit = _UNSIGNED[type_]
        if type(value) is not int or not 0 <= value <= limit:
            _refuse(type_, value, f"must be an int from 0 to {limit}")
        return ber.element(tag, ber.signed_content(value))
    if type_ == "INTEGER":
        if isinstance(value, bytes) and len(value) > 8:
            return ber.element(ber.INTEGER, value)
        if type(value) is not int or not -(2**63) <= value < 2**64:
            _refuse(type_, value, "must be an int of 64 bits, or the content octets of a wider one")
        return ber.integer(value)
    if type_ in _OCTETS:
        if not isinstance(value, bytes):
            _refuse(type_, value, "must be bytes")
        return ber.element(_OCTETS[type_], value)
    if type_ in _EMPTY:
        if value is not None:
            _refuse(type_, value, "must be None")
        return ber.element(_EMPTY[type_], b"")
    if type_ in _REAL:
        return _encode_real(type_, value)
    if type_ == "OBJECT IDENTIFIER":
        if not isinstance(value, str):
            _refuse(type_, value, "must be a dotted str")
        return ber.element(ber.OBJECT_IDENTIFIER, encode_oid(value))
    if type_ == "IpAddress":
        return ber.element(IP_ADDRESS, quad_octets("IpAddress", value))
    _refuse(type_, value, "is no SMI type")


def _encode_real(type_: ValueType, value: Any) -> bytes:
    head, layout = _REAL[type_]
    if not isinstance(value, int | float):
        _refuse(type_, value, "must be a float")
    try:
        return ber.element(OPAQUE, head + struct.pack(layout, value))
    except OverflowError:
        _refuse(type_, value, "must fit the format")


def quad_octets(field: str, value: Any) -> bytes:
    """Four octets of a dotted IPv4 address. Raises Unencodable naming ``field``."""
    parts = value.split(".") if isinstance(value, str) else []
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts):
        raise Unencodable(field, value, "must be a dotted IPv4 address")
    return bytes(map(int, parts))


def _refuse(field: str, value: object, why: str) -> NoReturn:
    raise Unencodable(field, value, why)

"""The content of a trap or INFORM, in the same form for every SNMP version."""

from typing import Any, Literal

from msgspec import Struct

ValueType = Literal[
    "INTEGER",
    "OCTET STRING",
    "NULL",
    "OBJECT IDENTIFIER",
    "IpAddress",
    "Counter32",
    "Gauge32",
    "TimeTicks",
    "Opaque",
    "Opaque Float",
    "Opaque Double",
    "NsapAddress",
    "Counter64",
    "UInteger32",
    "noSuchObject",
    "noSuchInstance",
    "endOfMibView",
    "undecoded",
]
"""SMI application types by name. ``undecoded`` keeps one odd varbind's raw octets (tag and length included)."""


class VarBind(Struct, frozen=True, array_like=True, gc=False):
    """One variable binding: dotted ``oid``, its type's name, and its value.

    ``value`` is an int for the integer types; bytes for OCTET STRING, Opaque, NsapAddress and undecoded (and for an
    INTEGER wider than 64 bits: its content octets); dotted str for OBJECT IDENTIFIER and IpAddress; float for Opaque
    Float and Double; None for the rest. (``Any`` because msgspec's unions cannot hold both bytes and str.)
    """

    oid: str
    type: ValueType
    value: Any


class Notification(Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """A trap or INFORM after decoding; a v1 Trap-PDU is mapped to v2 form as RFC 3584 section 3.1 says.

    ``varbinds`` leaves out the leading sysUpTime.0 and snmpTrapOID.0: they are ``uptime`` (hundredths of a
    second, None when absent) and ``trap_oid`` (empty when absent). ``security`` is the community (latin-1
    decoded, whole, ZTE's decoration included) or the SNMPv3 user name. ``irregular`` lists the accepted irregularities.
    """

    version: Literal["1", "2c", "3"]
    kind: Literal["trap", "inform"]
    security: str
    trap_oid: str
    uptime: int | None
    varbinds: tuple[VarBind, ...]
    request_id: int = 0
    agent_address: str | None = None
    """v1 agent-addr, None when absent or 0.0.0.0."""
    enterprise: str = ""
    """v1 enterprise, or snmpTrapEnterprise.0 where a v2 trap carries it."""
    generic: int | None = None
    specific: int | None = None
    engine_id: str = ""
    """SNMPv3: hexadecimal authoritative engine id."""
    context: str = ""
    """SNMPv3 context name."""
    irregular: tuple[str, ...] = ()

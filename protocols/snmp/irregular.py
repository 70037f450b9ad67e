"""Irregularities that the codec accepts: the names in ``Notification.irregular``, a fixed set fit for a metric label."""

NON_MINIMAL_LENGTH = "non_minimal_length"
"""A length with leading zero octets, or in the long form where the short one would do."""
NON_MINIMAL_INTEGER = "non_minimal_integer"
"""An integer with a redundant leading octet."""
NON_MINIMAL_OID = "non_minimal_oid"
"""A sub-identifier with leading 0x80 octets."""
WIDE_INTEGER = "wide_integer"
"""An INTEGER beyond 32 bits, or a 32-bit unsigned type that holds more."""
NEGATIVE_UNSIGNED = "negative_unsigned"
"""An unsigned type sent without the leading zero octet that its top bit asks for; read as unsigned."""
TRAILING_OCTETS = "trailing_octets"
"""Octets after the end of the message, or after the last element of a structure inside it."""
NO_UPTIME = "no_uptime"
"""No sysUpTime.0 at all."""
NO_TRAP_OID = "no_trap_oid"
"""No snmpTrapOID.0 that holds an OBJECT IDENTIFIER."""
MISPLACED_UPTIME = "misplaced_uptime"
"""sysUpTime.0 is there, but not first."""
MISPLACED_TRAP_OID = "misplaced_trap_oid"
"""snmpTrapOID.0 is there, but not second."""
MISTYPED_UPTIME = "mistyped_uptime"
"""sysUpTime.0 is a number of another type than TimeTicks."""
ENTERPRISE_ENDS_IN_ZERO = "enterprise_ends_in_zero"
"""A v1 enterprise X.0 whose traps are X.0.n, not X.0.0.n."""
BAD_SPECIFIC = "bad_specific"
"""A v1 specific-trap that is negative or beyond 32 bits, and so no sub-identifier."""
BAD_GENERIC = "bad_generic"
"""A v1 generic-trap outside 0..6, read as enterprise-specific."""
BAD_AGENT_ADDRESS = "bad_agent_address"
"""A v1 agent-addr that is not four octets, read as absent."""
TEXT_NOT_UTF8 = "text_not_utf8"
"""An OCTET STRING that looks like text, in another encoding than UTF-8."""
UNDECODED_VARBIND = "undecoded_varbind"
"""A variable binding that does not decode, kept as its octets."""
ENGINE_CLOCK = "engine_clock"
"""An SNMPv3 engine that restarts without raising its boots, or whose time stands still."""

IRREGULARITIES: tuple[str, ...] = (
    NON_MINIMAL_LENGTH,
    NON_MINIMAL_INTEGER,
    NON_MINIMAL_OID,
    WIDE_INTEGER,
    NEGATIVE_UNSIGNED,
    TRAILING_OCTETS,
    NO_UPTIME,
    NO_TRAP_OID,
    MISPLACED_UPTIME,
    MISPLACED_TRAP_OID,
    MISTYPED_UPTIME,
    ENTERPRISE_ENDS_IN_ZERO,
    BAD_SPECIFIC,
    BAD_GENERIC,
    BAD_AGENT_ADDRESS,
    TEXT_NOT_UTF8,
    UNDECODED_VARBIND,
    ENGINE_CLOCK,
)

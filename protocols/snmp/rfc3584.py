"""From SNMPv1 to SNMPv2 trap identity (RFC 3584 section 3.1), forgiving what equipment makes of it."""

from protocols.snmp.irregular import BAD_GENERIC, BAD_SPECIFIC, ENTERPRISE_ENDS_IN_ZERO
from protocols.snmp.oid import MAX_SUBID

SNMP_TRAPS = "1.3.6.1.6.3.1.1.5"
"""snmpTraps: generic trap n is ``SNMP_TRAPS.(n+1)``, coldStart .1 to egpNeighborLoss .6."""
ENTERPRISE_SPECIFIC = 6


def trap_oid_of(enterprise: str, generic: int, specific: int, odd: set[str]) -> str:
    """snmpTrapOID for a v1 Trap-PDU.

    An enterprise X.0 is taken for the notification prefix that it is: specific n is X.0.n (the RFC's text gives X.0.0.n).
    A specific-trap that cannot be a sub-identifier leaves the prefix alone, X.0, and a generic-trap outside 0..6 counts as
    enterprise-specific; both are flagged.
    """
    if 0 <= generic < ENTERPRISE_SPECIFIC:
        return f"{SNMP_TRAPS}.{generic + 1}"
    if generic != ENTERPRISE_SPECIFIC:
        odd.add(BAD_GENERIC)
    prefix = f"{enterprise}.0"
    if enterprise.endswith(".0"):
        odd.add(ENTERPRISE_ENDS_IN_ZERO)
        prefix = enterprise
    if not 0 <= specific <= MAX_SUBID:
        odd.add(BAD_SPECIFIC)
        return prefix
    return f"{prefix}.{specific}"

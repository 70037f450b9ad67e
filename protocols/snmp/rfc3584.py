"""The SNMPv2 identity of an SNMPv1 trap (RFC 3584 section 3.1), also for equipment that deviates from it."""

from protocols.snmp.irregular import BAD_GENERIC, BAD_SPECIFIC, ENTERPRISE_ENDS_IN_ZERO
from protocols.snmp.oid import MAX_SUBID

SNMP_TRAPS = "1.3.6.1.6.3.1.1.5"
"""snmpTraps: generic trap n is ``SNMP_TRAPS.(n+1)``, coldStart .1 to egpNeighborLoss .6."""
ENTERPRISE_SPECIFIC = 6


def trap_oid_of(enterprise: str, generic: int, specific: int, odd: set[str]) -> str:
    """snmpTrapOID for a v1 Trap-PDU.

    An enterprise X.0 is the notification prefix already: specific n is X.0.n (by the RFC's text it would be X.0.0.n).
    A specific-trap that cannot be a sub-identifier gives the prefix X.0. A generic-trap outside 0..6 counts as
    enterprise-specific. Both are irregularities.
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

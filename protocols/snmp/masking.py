"""Communities are passwords in clear: whatever leaves the trap listener has ``***`` in their place.

Some makers write fields of the event behind the community (``public@eventId=17@level=major``). They are no secret and stay,
where a profile names them; else an ``@`` is a character of the community as any other.
RFC 3584 section 3.1 lets a proxy append the community of a v1 trap as the variable snmpTrapCommunity.0; it is masked too.
"""

from msgspec.structs import replace

from protocols.snmp import ber
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.notification import Notification, VarBind
from protocols.snmp.oid import encode_oid
from protocols.snmp.peek import read_version

MASK = "***"
SNMP_TRAP_COMMUNITY = "1.3.6.1.6.3.18.1.4.0"
_TRAP_COMMUNITY = encode_oid(SNMP_TRAP_COMMUNITY)
_LONGEST_HEADER = 16


def community_base(community: str, fields: frozenset[str]) -> str:
    """The community without the fields behind it: the part before the first ``@`` when ``NAME=`` follows behind one, with a
    NAME in ``fields`` (in lower case), else all of it."""
    base, at, rest = community.partition("@")
    if at and fields and any(item.partition("=")[0].strip().lower() in fields for item in rest.split("@") if "=" in item):
        return base
    return community


def masked_community(community: str, fields: frozenset[str]) -> str:
    """``***``, and the fields of the event where the community has them."""
    return MASK if "@" not in community else MASK + community[len(community_base(community, fields)) :]


def masked(notification: Notification, datagram: bytes, fields: frozenset[str] = frozenset()) -> Notification:
    """The notification in ``datagram`` without a community. A user name of SNMPv3 is no secret and stays. ``fields``: see
    :func:`community_base`."""
    if notification.version != "3":
        notification = replace(notification, security=masked_community(notification.security, fields))
    if _TRAP_COMMUNITY not in datagram:
        return notification
    return replace(notification, varbinds=tuple([_masked_varbind(each) for each in notification.varbinds]))


def masked_datagram(datagram: bytes) -> bytes:
    """The datagram with ``*`` for each octet of a community, so that its structure can still be inspected. Empty when the
    place of a community is uncertain, since no octet of a community may be shown."""
    try:
        odd: set[str] = set()
        version, pos, end = read_version(datagram, odd)
        if version == 3:
            return datagram
        start, stop = ber.read_element(datagram, pos, end, odd, ber.OCTET_STRING, "community")
    except SnmpRefusal:
        return b""
    if _TRAP_COMMUNITY in datagram:
        return b""
    return datagram[:start] + b"*" * (stop - start) + datagram[stop:]


def header(datagram: bytes) -> str:
    """Hexadecimal octets of a datagram up to where its community or its SNMPv3 header begins; empty when it does not begin as
    an SNMP message does."""
    try:
        _, pos, end = read_version(datagram, set())
        _, start, _ = ber.read_header(datagram, pos, end, set())
    except SnmpRefusal:
        return ""
    return datagram[: min(start, _LONGEST_HEADER)].hex()


def _masked_varbind(varbind: VarBind) -> VarBind:
    if varbind.oid != SNMP_TRAP_COMMUNITY:
        return varbind
    return VarBind(varbind.oid, "OCTET STRING", MASK.encode())

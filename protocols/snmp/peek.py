"""The header of a message: enough to route a datagram, and to refuse an unknown sender before any costly step."""

from typing import Literal

from msgspec import Struct

from protocols.snmp import ber
from protocols.snmp.errors import BadInteger, BadSecurityModel, BadValue, BadVersion, Oversize
from protocols.snmp.irregular import TRAILING_OCTETS

MAX_DATAGRAM = 8192
"""Octets of one datagram."""

USM = 3
"""msgSecurityModel of the User-based Security Model (RFC 3414), the only one in use."""

_MAX_ENGINE_ID = 32
_MAX_USER = 32
_AUTH, _PRIV, _REPORTABLE = 1, 2, 4

Level = Literal["noAuthNoPriv", "authNoPriv", "authPriv"]


class Peek(Struct, frozen=True, kw_only=True):
    """A message's header. ``version`` is the number on the wire: 0 is v1, 1 is v2c, 3 is v3.

    v1 and v2c fill ``community`` alone; v3 the rest: msgID, msgFlags, and of the security parameters the authoritative
    engine's id (empty in a discovery), boots and time (seconds), and the user's name.
    """

    version: Literal[0, 1, 3]
    community: bytes = b""
    msg_id: int = 0
    flags: int = 0
    engine_id: bytes = b""
    boots: int = 0
    time: int = 0
    user: str = ""

    @property
    def reportable(self) -> bool:
        """True when the sender asks for a Report: a request or an INFORM, never a trap."""
        return bool(self.flags & _REPORTABLE)

    @property
    def level(self) -> Level:
        """The security level that the flags claim."""
        if self.flags & _PRIV:
            return "authPriv"
        return "authNoPriv" if self.flags & _AUTH else "noAuthNoPriv"


def peek(datagram: bytes) -> Peek:
    """Read the header of an SNMP message of any version. Raises SnmpRefusal."""
    version, pos, end = read_version(datagram, set())
    if version != 3:
        community, _ = ber.read_octets(datagram, pos, end, set(), "community")
        return Peek(version=version, community=community)
    return _peek_v3(datagram, pos, end)


def read_version(datagram: bytes, odd: set[str], most: int = MAX_DATAGRAM) -> tuple[Literal[0, 1, 3], int, int]:
    """Version number, the position behind it, and the end of the message, which has at most ``most`` octets. Raises Oversize,
    BadVersion and others."""
    size = len(datagram)
    if size > most:
        raise Oversize(f"a datagram of {size} octets, at most {most} are accepted", most)
    pos, end = ber.read_element(datagram, 0, size, odd, ber.SEQUENCE, "an SNMP message")
    if end != size:
        odd.add(TRAILING_OCTETS)
    version, after = ber.read_integer(datagram, pos, end, odd, "version")
    if version == 1:
        return 1, after, end
    if version == 0:
        return 0, after, end
    if version == 3:
        return 3, after, end
    raise BadVersion(f"version {version} is none of 0, 1, 3", pos)


def _peek_v3(data: bytes, pos: int, end: int) -> Peek:
    """RFC 3412 section 6 (HeaderData) and RFC 3414 section 2.4 (UsmSecurityParameters)."""
    odd: set[str] = set()
    header, header_end = ber.read_element(data, pos, end, odd, ber.SEQUENCE, "msgGlobalData")
    msg_id, header = _number(data, header, header_end, "msgID")
    _, header = _number(data, header, header_end, "msgMaxSize")
    flags, header = ber.read_octets(data, header, header_end, odd, "msgFlags")
    if len(flags) != 1:
        raise BadValue(f"msgFlags is one octet, got {len(flags)}", header)
    if flags[0] & _PRIV and not flags[0] & _AUTH:
        raise BadValue("msgFlags asks for privacy without authentication", header)
    model, _ = _number(data, header, header_end, "msgSecurityModel")
    if model != USM:
        raise BadSecurityModel(f"msgSecurityModel {model} is not USM ({USM})", header)
    outer, outer_end = ber.read_element(data, header_end, end, odd, ber.OCTET_STRING, "msgSecurityParameters")
    inner, inner_end = ber.read_element(data, outer, outer_end, odd, ber.SEQUENCE, "UsmSecurityParameters")
    engine_id, inner = ber.read_octets(data, inner, inner_end, odd, "msgAuthoritativeEngineID")
    if len(engine_id) > _MAX_ENGINE_ID:
        raise BadValue(f"an engine id has at most {_MAX_ENGINE_ID} octets, got {len(engine_id)}", inner)
    boots, inner = _number(data, inner, inner_end, "msgAuthoritativeEngineBoots")
    seconds, inner = _number(data, inner, inner_end, "msgAuthoritativeEngineTime")
    user, inner = ber.read_octets(data, inner, inner_end, odd, "msgUserName")
    if len(user) > _MAX_USER:
        raise BadValue(f"a user name has at most {_MAX_USER} octets, got {len(user)}", inner)
    _, inner = ber.read_octets(data, inner, inner_end, odd, "msgAuthenticationParameters")
    ber.read_octets(data, inner, inner_end, odd, "msgPrivacyParameters")
    # What follows must at least be there: a plaintext ScopedPDU or the encrypted one.
    ber.read_header(data, outer_end, end, odd)
    return Peek(
        version=3,
        msg_id=msg_id,
        flags=flags[0],
        engine_id=engine_id,
        boots=boots,
        time=seconds,
        # No user has a name that is not UTF-8, but people want to see it.
        user=user.decode("utf-8", "backslashreplace"),
    )


def _number(data: bytes, pos: int, end: int, what: str) -> tuple[int, int]:
    value, after = ber.read_integer(data, pos, end, set(), what)
    if not 0 <= value < 2**31:
        raise BadInteger(f"{what} is {value}, not in 0..2^31-1", pos)
    return value, after

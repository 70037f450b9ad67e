"""The SNMPv3 message around the ScopedPDU (RFC 3412 section 6, RFC 3414 section 2.4): reading it and composing it."""

from typing import Final

from protocols.snmp import ber
from protocols.snmp.errors import BadInteger, BadSecurityModel, BadValue, BadVersion
from protocols.snmp.peek import MAX_DATAGRAM, USM, Level, read_version
from protocols.snmp.usm.usm_message import UsmMessage

_AUTH, _PRIV, _REPORTABLE = 1, 2, 4
_FLAGS: Final[dict[Level, int]] = {"noAuthNoPriv": 0, "authNoPriv": _AUTH, "authPriv": _AUTH | _PRIV}


def parse(datagram: bytes, most: int = MAX_DATAGRAM) -> UsmMessage:
    """Read an SNMPv3 message of at most ``most`` octets. Raises SnmpRefusal (BadVersion for another version)."""
    odd: set[str] = set()
    version, pos, end = read_version(datagram, odd, most)
    if version != 3:
        raise BadVersion("not SNMPv3")
    header, header_end = ber.read_element(datagram, pos, end, odd, ber.SEQUENCE, "msgGlobalData")
    msg_id, header = _number(datagram, header, header_end, odd, "msgID")
    max_size, header = _number(datagram, header, header_end, odd, "msgMaxSize")
    flags, header = ber.read_octets(datagram, header, header_end, odd, "msgFlags")
    if len(flags) != 1:
        raise BadValue(f"msgFlags is one octet, got {len(flags)}", header)
    if flags[0] & _PRIV and not flags[0] & _AUTH:
        raise BadValue("msgFlags asks for privacy without authentication", header)
    model, _ = _number(datagram, header, header_end, odd, "msgSecurityModel")
    if model != USM:
        raise BadSecurityModel(f"msgSecurityModel {model} is not USM ({USM})", header)
    outer, outer_end = ber.read_element(datagram, header_end, end, odd, ber.OCTET_STRING, "msgSecurityParameters")
    inner, inner_end = ber.read_element(datagram, outer, outer_end, odd, ber.SEQUENCE, "UsmSecurityParameters")
    engine_id, inner = ber.read_octets(datagram, inner, inner_end, odd, "msgAuthoritativeEngineID")
    boots, inner = _number(datagram, inner, inner_end, odd, "msgAuthoritativeEngineBoots")
    time, inner = _number(datagram, inner, inner_end, odd, "msgAuthoritativeEngineTime")
    user, inner = ber.read_octets(datagram, inner, inner_end, odd, "msgUserName")
    digest_at, inner = ber.read_element(datagram, inner, inner_end, odd, ber.OCTET_STRING, "msgAuthenticationParameters")
    digest = datagram[digest_at:inner]
    salt, inner = ber.read_octets(datagram, inner, inner_end, odd, "msgPrivacyParameters")
    if flags[0] & _PRIV:
        data, _ = ber.read_octets(datagram, outer_end, end, odd, "encryptedPDU")
    else:
        _, data_end = ber.read_element(datagram, outer_end, end, odd, ber.SEQUENCE, "a ScopedPDU")
        data = datagram[outer_end:data_end]
    return UsmMessage(
        whole=datagram[:end],
        msg_id=msg_id,
        max_size=max_size,
        flags=flags[0],
        engine_id=engine_id,
        boots=boots,
        time=time,
        user=user,
        digest=digest,
        digest_at=digest_at,
        salt=salt,
        data=data,
        irregular=frozenset(odd),
    )


def _number(data: bytes, pos: int, end: int, odd: set[str], what: str) -> tuple[int, int]:
    value, after = ber.read_integer(data, pos, end, odd, what)
    if not 0 <= value < 2**31:
        raise BadInteger(f"{what} is {value}, not in 0..2^31-1", pos)
    return value, after


def compose(
    *,
    msg_id: int,
    level: Level,
    engine_id: bytes,
    boots: int,
    time: int,
    user: bytes,
    digest_length: int,
    salt: bytes,
    data: bytes,
    reportable: bool = False,
    max_size: int = MAX_DATAGRAM,
) -> bytes:
    """A message with zero octets in the digest's place. ``data`` is as in UsmMessage.

    ``reportable`` asks for a Report when the message cannot be processed. ``max_size`` is the largest answer that the
    sender takes, in octets.
    """
    flags = _FLAGS[level] | (_REPORTABLE if reportable else 0)
    header = ber.integer(msg_id) + ber.integer(max_size) + _octets(bytes((flags,))) + ber.integer(USM)
    security = (
        _octets(engine_id)
        + ber.integer(boots)
        + ber.integer(time)
        + _octets(user)
        + _octets(bytes(digest_length))
        + _octets(salt)
    )
    return ber.element(
        ber.SEQUENCE,
        ber.integer(3)
        + ber.element(ber.SEQUENCE, header)
        + _octets(ber.element(ber.SEQUENCE, security))
        + (_octets(data) if level == "authPriv" else data),
    )


def digest_position(message: bytes) -> int:
    """Offset of the content of msgAuthenticationParameters. Raises SnmpRefusal."""
    odd: set[str] = set()
    size = len(message)
    pos, end = ber.read_element(message, 0, size, odd, ber.SEQUENCE, "an SNMP message")
    for _ in ("version", "msgGlobalData"):
        _, _, pos = ber.read_header(message, pos, end, odd)
    pos, end = ber.read_element(message, pos, end, odd, ber.OCTET_STRING, "msgSecurityParameters")
    pos, end = ber.read_element(message, pos, end, odd, ber.SEQUENCE, "UsmSecurityParameters")
    for _ in ("engine id", "boots", "time", "user"):
        _, _, pos = ber.read_header(message, pos, end, odd)
    return ber.read_element(message, pos, end, odd, ber.OCTET_STRING, "msgAuthenticationParameters")[0]


def _octets(content: bytes) -> bytes:
    return ber.element(ber.OCTET_STRING, content)

"""The SNMPv3 message around the ScopedPDU (RFC 3412 section 6, RFC 3414 section 2.4), in and out."""

from msgspec import Struct

from protocols.snmp import ber
from protocols.snmp.errors import BadInteger, BadSecurityModel, BadValue, BadVersion, Refusal
from protocols.snmp.notification import VarBind
from protocols.snmp.oid import encode_oid
from protocols.snmp.pdu import INFORM, RESPONSE, read_common_header
from protocols.snmp.peek import USM, Level, read_version
from protocols.snmp.values import encode_value

REPORT = 0xA8
MAX_SIZE = 8192
_AUTH, _PRIV, _REPORTABLE = 1, 2, 4
_FLAGS: dict[Level, int] = {"noAuthNoPriv": 0, "authNoPriv": _AUTH, "authPriv": _AUTH | _PRIV}


class UsmMessage(Struct, frozen=True, kw_only=True):
    """A received message. ``whole`` is the octets that the digest covers; ``data`` is the plaintext ScopedPDU, tag and
    length included, or, when the flags say encrypted, the ciphertext. ``irregular`` lists what the header was forgiven."""

    whole: bytes
    msg_id: int
    max_size: int
    flags: int
    engine_id: bytes
    boots: int
    time: int
    user: bytes
    digest: bytes
    salt: bytes
    data: bytes
    irregular: frozenset[str]

    @property
    def reportable(self) -> bool:
        return bool(self.flags & _REPORTABLE)

    @property
    def level(self) -> Level:
        if self.flags & _PRIV:
            return "authPriv"
        return "authNoPriv" if self.flags & _AUTH else "noAuthNoPriv"


def parse(datagram: bytes) -> UsmMessage:
    """Read an SNMPv3 message. Raises Refusal (BadVersion for another version)."""
    odd: set[str] = set()
    version, pos, end = read_version(datagram, odd)
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
    digest, inner = ber.read_octets(datagram, inner, inner_end, odd, "msgAuthenticationParameters")
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
) -> bytes:
    """A message that asks for no Report, with zero octets where the digest goes. ``data`` is as in UsmMessage."""
    header = ber.integer(msg_id) + ber.integer(MAX_SIZE) + _octets(bytes((_FLAGS[level],))) + ber.integer(USM)
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


def report_pdu(engine_id: bytes, request_id: int, oid: str, count: int) -> bytes:
    """A ScopedPDU with a Report of one counter (RFC 3412 section 7.1 step 3)."""
    binding = VarBind(oid, "Counter32", count % 2**32)
    varbind = ber.element(
        ber.SEQUENCE, ber.element(ber.OBJECT_IDENTIFIER, encode_oid(oid)) + encode_value(binding.type, binding.value)
    )
    pdu = ber.integer(request_id) + ber.integer(0) * 2 + ber.element(ber.SEQUENCE, varbind)
    return ber.element(ber.SEQUENCE, _octets(engine_id) + _octets(b"") + ber.element(REPORT, pdu))


def request_id(scoped_pdu: bytes) -> int:
    """The request-id inside a plaintext ScopedPDU. Raises Refusal."""
    pdu, end = _pdu_position(scoped_pdu)
    _, start, stop = ber.read_header(scoped_pdu, pdu, end, set())
    return ber.read_integer(scoped_pdu, start, stop, set(), "request-id")[0]


def response_pdu(scoped_pdu: bytes) -> bytes:
    """The ScopedPDU that acknowledges the INFORM in ``scoped_pdu``: same context and, octet by octet, same variable bindings.

    Raises Refusal when it holds no INFORM.
    """
    odd: set[str] = set()
    pdu, end = _pdu_position(scoped_pdu)
    context, _ = ber.read_element(scoped_pdu, 0, len(scoped_pdu), odd, ber.SEQUENCE, "a ScopedPDU")
    start, stop = ber.read_element(scoped_pdu, pdu, end, odd, INFORM, "an InformRequest")
    _, after_request_id = ber.read_integer(scoped_pdu, start, stop, odd, "request-id")
    _, _, _, bindings = read_common_header(scoped_pdu, start, stop, odd)
    _, bindings_end = ber.read_element(scoped_pdu, bindings, stop, odd, ber.SEQUENCE, "variable-bindings")
    body = scoped_pdu[start:after_request_id] + ber.integer(0) * 2 + scoped_pdu[bindings:bindings_end]
    return ber.element(ber.SEQUENCE, scoped_pdu[context:pdu] + ber.element(RESPONSE, body))


def looks_like_scoped_pdu(octets: bytes) -> bool:
    """Whether deciphered octets start as a ScopedPDU does; with a wrong privacy key they do not."""
    try:
        pdu, end = _pdu_position(octets)
        ber.read_header(octets, pdu, end, set())
    except Refusal:
        return False
    return True


def _pdu_position(scoped_pdu: bytes) -> tuple[int, int]:
    odd: set[str] = set()
    pos, end = ber.read_element(scoped_pdu, 0, len(scoped_pdu), odd, ber.SEQUENCE, "a ScopedPDU")
    _, pos = ber.read_octets(scoped_pdu, pos, end, odd, "contextEngineID")
    _, pos = ber.read_octets(scoped_pdu, pos, end, odd, "contextName")
    return pos, end


def _octets(content: bytes) -> bytes:
    return ber.element(ber.OCTET_STRING, content)

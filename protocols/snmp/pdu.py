"""Protocol data units (RFC 1157 section 4.1, RFC 3416 section 3): variable bindings, v1 Trap-PDU, and the common form."""

from typing import Literal

from protocols.snmp import ber, varbinds
from protocols.snmp.errors import BadTag, Malformed, NotANotification, TooManyVarbinds, WrongPdu
from protocols.snmp.irregular import (
    BAD_AGENT_ADDRESS,
    MISPLACED_TRAP_OID,
    MISPLACED_UPTIME,
    MISTYPED_UPTIME,
    NO_TRAP_OID,
    NO_UPTIME,
    TRAILING_OCTETS,
    UNDECODED_VARBIND,
)
from protocols.snmp.notification import Notification, VarBind
from protocols.snmp.oid import KNOWN, decode_oid
from protocols.snmp.rfc3584 import trap_oid_of
from protocols.snmp.values import IP_ADDRESS, READERS, TIME_TICKS, dotted_quad, unsigned

GET = 0xA0
GET_NEXT = 0xA1
RESPONSE = 0xA2
SET = 0xA3
TRAP_V1 = 0xA4
GET_BULK = 0xA5
INFORM = 0xA6
TRAP_V2 = 0xA7
REPORT = 0xA8

PDU_NAMES: dict[int, str] = {
    GET: "GetRequest",
    GET_NEXT: "GetNextRequest",
    RESPONSE: "Response",
    SET: "SetRequest",
    TRAP_V1: "Trap-PDU",
    GET_BULK: "GetBulkRequest",
    INFORM: "InformRequest",
    TRAP_V2: "SNMPv2-Trap",
    REPORT: "Report",
}

MAX_VARBINDS = 256
"""Bindings in one PDU, sysUpTime.0 and snmpTrapOID.0 included."""
_SHORTEST_VARBIND = 7
"""Octets: a SEQUENCE of an OID of one octet and a NULL."""
_VARBIND_DEPTH = 4
"""Level of a variable binding: message, PDU, list, binding."""

SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
SNMP_TRAP_ENTERPRISE = "1.3.6.1.6.3.1.1.4.3.0"

Version = Literal["1", "2c", "3"]


def read_varbinds(data: bytes, pos: int, end: int, odd: set[str]) -> list[VarBind]:
    """The variable bindings between ``pos`` and ``end``, the content of a VarBindList.

    A binding that does not decode is kept as ``undecoded``, with its OID where that could be read. Raises TooManyVarbinds
    and the other ``OverBudget`` refusals, and ``Malformed`` when the list itself cannot be walked.
    """
    bindings: list[VarBind] = []
    while pos < end:
        if len(bindings) == MAX_VARBINDS:
            raise TooManyVarbinds(f"more than {MAX_VARBINDS} variable bindings", pos)
        # Nearly every binding has short lengths that fit one another and a known OID. It is read here without a call, which
        # halves the time of a trap. Any other binding goes through _read_varbind, which checks everything.
        if pos + _SHORTEST_VARBIND <= end and data[pos] == 0x30 and data[pos + 1] < 128 and data[pos + 2] == 0x06:
            stop = pos + 2 + data[pos + 1]
            octets = data[pos:stop]
            seen = varbinds.SEEN.get(octets)
            if seen is not None and stop <= end:
                bindings.append(seen)
                pos = stop
                continue
            value = pos + 4 + data[pos + 3]
            if value + 2 <= stop <= end and data[value + 1] == stop - value - 2:
                oid = KNOWN.get(data[pos + 4 : value])
                reader = READERS.get(data[value])
                if oid is not None and reader is not None:
                    forgiven = len(odd)
                    try:
                        binding = reader(oid, data[value + 2 : stop], odd)
                    except Malformed:
                        pass
                    else:
                        bindings.append(binding)
                        if len(odd) == forgiven:
                            varbinds.remember(octets, binding)
                        pos = stop
                        continue
        binding, pos = _read_varbind(data, pos, end, odd)
        bindings.append(binding)
    return bindings


def _read_varbind(data: bytes, pos: int, end: int, odd: set[str]) -> tuple[VarBind, int]:
    """The binding at ``pos``, in any accepted encoding or as ``undecoded``, and the position behind it."""
    tag, name, stop = ber.read_header(data, pos, end, odd)
    oid = ""
    try:
        if tag != ber.SEQUENCE:
            raise BadTag(f"a variable binding must be a SEQUENCE, got {tag:#04x}", pos)
        start, value = ber.read_element(data, name, stop, odd, ber.OBJECT_IDENTIFIER, "a binding's name")
        oid = decode_oid(data[start:value], odd)
        tag, start, after = ber.read_header(data, value, stop, odd)
        reader = READERS.get(tag)
        if reader is None:
            raise BadTag(f"no SMI type has tag {tag:#04x}", value)
        binding = reader(oid, data[start:after], odd)
    except Malformed:
        ber.check_nesting(data, pos, stop, _VARBIND_DEPTH)
        odd.add(UNDECODED_VARBIND)
        return VarBind(oid, "undecoded", data[pos:stop]), stop
    if after != stop:
        odd.add(TRAILING_OCTETS)
    return binding, stop


def read_varbind_list(data: bytes, pos: int, end: int, odd: set[str]) -> list[VarBind]:
    """The VarBindList at ``pos``, the last element of a PDU that ends at ``end``."""
    start, stop = ber.read_element(data, pos, end, odd, ber.SEQUENCE, "variable-bindings")
    if stop != end:
        odd.add(TRAILING_OCTETS)
    return read_varbinds(data, start, stop, odd)


def read_common_header(data: bytes, pos: int, end: int, odd: set[str]) -> tuple[int, int, int, int]:
    """request-id, error-status (or non-repeaters), error-index (or max-repetitions), and the VarBindList's position."""
    request_id, pos = ber.read_integer(data, pos, end, odd, "request-id")
    error_status, pos = ber.read_integer(data, pos, end, odd, "error-status")
    error_index, pos = ber.read_integer(data, pos, end, odd, "error-index")
    return request_id, error_status, error_index, pos


def read_notification(
    data: bytes, pos: int, end: int, odd: set[str], version: Version, security: str, engine_id: str = "", context: str = ""
) -> Notification:
    """The PDU at ``pos`` as a Notification. Raises NotANotification and WrongPdu for the other PDUs."""
    tag, start, stop = ber.read_header(data, pos, end, odd)
    if stop != end:
        odd.add(TRAILING_OCTETS)
    if version == "1":
        if tag == TRAP_V1:
            return _trap_v1(data, start, stop, odd, security)
    elif tag == TRAP_V2:
        return _notification_v2(data, start, stop, odd, version, "trap", security, engine_id, context)
    elif tag == INFORM:
        return _notification_v2(data, start, stop, odd, version, "inform", security, engine_id, context)
    name = PDU_NAMES.get(tag)
    if name is None:
        raise BadTag(f"no PDU has tag {tag:#04x}", pos)
    if tag in (TRAP_V1, INFORM, TRAP_V2):
        raise WrongPdu(f"{name} inside an SNMPv{version} message", pos)
    raise NotANotification(name, pos)


def _notification_v2(
    data: bytes,
    pos: int,
    end: int,
    odd: set[str],
    version: Version,
    kind: Literal["trap", "inform"],
    security: str,
    engine_id: str,
    context: str,
) -> Notification:
    request_id, _, _, pos = read_common_header(data, pos, end, odd)
    bindings = read_varbind_list(data, pos, end, odd)
    uptime, trap_oid = _take_identity(bindings, odd)
    enterprise = ""
    for binding in reversed(bindings):
        if binding.oid == SNMP_TRAP_ENTERPRISE and binding.type == "OBJECT IDENTIFIER":
            enterprise = binding.value
            break
    return Notification(
        version=version,
        kind=kind,
        security=security,
        trap_oid=trap_oid,
        uptime=uptime,
        varbinds=tuple(bindings),
        request_id=request_id,
        enterprise=enterprise,
        engine_id=engine_id,
        context=context,
        irregular=tuple(sorted(odd)) if odd else (),
    )


def _take_identity(bindings: list[VarBind], odd: set[str]) -> tuple[int | None, str]:
    """Remove uptime and trap OID from ``bindings``: the first two by RFC 3416 section 4.2.6, otherwise wherever they are."""
    if len(bindings) >= 2:
        first, second = bindings[0], bindings[1]
        if (
            first.oid == SYS_UP_TIME
            and first.type == "TimeTicks"
            and second.oid == SNMP_TRAP_OID
            and second.type == "OBJECT IDENTIFIER"
        ):
            del bindings[:2]
            return first.value, second.value
    uptime, trap_oid = None, ""
    for place, binding in enumerate(bindings):
        if binding.oid == SYS_UP_TIME and type(binding.value) is int and binding.value >= 0:
            uptime = binding.value
            if place:
                odd.add(MISPLACED_UPTIME)
            if binding.type != "TimeTicks":
                odd.add(MISTYPED_UPTIME)
            del bindings[place]
            break
    else:
        odd.add(NO_UPTIME)
    for place, binding in enumerate(bindings):
        if binding.oid == SNMP_TRAP_OID and binding.type == "OBJECT IDENTIFIER":
            trap_oid = binding.value
            if place:
                odd.add(MISPLACED_TRAP_OID)
            del bindings[place]
            break
    else:
        odd.add(NO_TRAP_OID)
    return uptime, trap_oid


def _trap_v1(data: bytes, pos: int, end: int, odd: set[str], security: str) -> Notification:
    """RFC 1157 section 4.1.6: enterprise, agent-addr, generic-trap, specific-trap, time-stamp, variable-bindings."""
    start, pos = ber.read_element(data, pos, end, odd, ber.OBJECT_IDENTIFIER, "enterprise")
    enterprise = decode_oid(data[start:pos], odd)
    start, pos = ber.read_element(data, pos, end, odd, IP_ADDRESS, "agent-addr")
    agent_address = None
    if pos - start == 4:
        agent_address = dotted_quad(data[start:pos])
    else:
        odd.add(BAD_AGENT_ADDRESS)
    generic, pos = ber.read_integer(data, pos, end, odd, "generic-trap")
    specific, pos = ber.read_integer(data, pos, end, odd, "specific-trap")
    start, pos = ber.read_element(data, pos, end, odd, TIME_TICKS, "time-stamp")
    uptime = unsigned(data[start:pos], odd, 2**32 - 1)
    bindings = read_varbind_list(data, pos, end, odd)
    return Notification(
        version="1",
        kind="trap",
        security=security,
        trap_oid=trap_oid_of(enterprise, generic, specific, odd),
        uptime=uptime,
        varbinds=tuple(bindings),
        agent_address=None if agent_address == "0.0.0.0" else agent_address,
        enterprise=enterprise,
        generic=generic,
        specific=specific,
        irregular=tuple(sorted(odd)) if odd else (),
    )

"""Agents for the polling rows: a process that answers for every address 127.88.x.y at one port, each with a table of its own.

The table has ``ROWS`` rows and ``COLUMNS`` columns below ``ENTRY``; its indexes differ from address to address, and its values
from answer to answer. An answer has at most ``LARGEST`` octets of variable bindings. v2c with the community ``public``, and v3
with ``USER``.
"""

import socket
import struct
import time
from functools import lru_cache
from typing import Final

from protocols.snmp import ber
from protocols.snmp.manager.response_pdu import ResponsePdu, split_varbinds
from protocols.snmp.oid import encode_oid
from protocols.snmp.pdu import GET, GET_BULK, RESPONSE, read_common_header
from protocols.snmp.usm import report
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.incoming import plaintext
from protocols.snmp.usm.message import compose, parse
from protocols.snmp.usm.outgoing import secured
from protocols.snmp.usm.scoped_pdu import pdu_position
from protocols.snmp.usm.user import UsmUser
from protocols.snmp.usm.usm_message import UsmMessage

ROWS: Final = 2_048
COLUMNS: Final = 8
LARGEST: Final = 1_300
ENTRY: Final = "1.3.6.1.4.1.3902.1012.3.50.12.1.1"
UPTIME: Final = encode_oid("1.3.6.1.2.1.1.3.0")
ENGINE: Final = b"\x80\x00\x1f\x88\x04bench"
AUTH_PHRASE: Final = "authentication"
PRIV_PHRASE: Final = "confidential"
USER: Final = UsmUser("bench", "SHA", AUTH_PHRASE, "AES", PRIV_PHRASE)
_IF_INDEX: Final = 268_500_992
_PREFIX: Final = encode_oid(ENTRY)
_BEHIND: Final = encode_oid("1.3.6.1.4.1.3902.1012.3.50.13.0")
_ROOT: Final = encode_oid("1.3")
IP_PKTINFO: Final = 8
_PKTINFO: Final = struct.Struct("i4s4s")
_STARTED = time.monotonic()


def address_of(plant: int) -> str:
    """The address of the agent with this number, from 0 to 65,535."""
    return f"127.88.{plant >> 8}.{plant & 255}"


@lru_cache(maxsize=256)
def indexes(plant: int) -> tuple[list[bytes], dict[bytes, int]]:
    """Content octets of a table's indexes in order, and the place of each."""
    found = [
        encode_oid(f"1.3.{_IF_INDEX + 256 * (row // 64) + (plant << 13)}.{row % 64 + 1}")[len(_ROOT) :] for row in range(ROWS)
    ]
    return found, {index: row for row, index in enumerate(found)}


class TableAgent:
    """Answers requests to one address."""

    def __init__(self, plant: int) -> None:
        self._plant = plant
        self._value = 0

    def following(self, name: bytes) -> int:
        """The cell after ``name``, counted column by column; beyond the last one the table has ended."""
        if not name.startswith(_PREFIX):
            return 0 if name < _PREFIX else ROWS * COLUMNS
        rest = name[len(_PREFIX) :]
        if not rest:
            return 0
        column = rest[0] - 1
        return column * ROWS + (indexes(self._plant)[1][rest[1:]] + 1 if len(rest) > 1 else 0)

    def cell(self, place: int) -> bytes:
        """The variable binding of a cell."""
        if place >= ROWS * COLUMNS:
            return _binding(_BEHIND, b"\x02\x01\x01")
        column, row = divmod(place, ROWS)
        self._value = (self._value + 7) % 0x6000
        value = b"\x02\x02" + (0x1000 + self._value).to_bytes(2, "big")
        return _binding(_PREFIX + bytes((column + 1,)) + indexes(self._plant)[0][row], value)

    def response(self, data: bytes, pos: int, end: int) -> bytes:
        """The Response to the PDU at ``pos``."""
        tag, start, stop = ber.read_header(data, pos, end, set())
        request_id, _, repetitions, at = read_common_header(data, start, stop, set())
        first, last = ber.read_element(data, at, stop, set(), ber.SEQUENCE, "variable-bindings")
        names = split_varbinds(ResponsePdu(RESPONSE, request_id, 0, 0, data, first, last), 1_000)[::2]
        if tag == GET:
            ticks = ber.signed_content(int(100 * (time.monotonic() - _STARTED)) + 1)
            bindings = [_binding(name, ber.element(0x43, ticks)) for name in names]
        else:
            places = [self.following(name) for name in names]
            bindings, size = [], 0
            for row in range(repetitions if tag == GET_BULK else 1):
                for place in places:
                    binding = self.cell(place + row)
                    size += len(binding)
                    if size > LARGEST:
                        break
                    bindings.append(binding)
                if size > LARGEST:
                    break
        head = ber.integer(request_id) + ber.integer(0) * 2
        return ber.element(RESPONSE, head + ber.element(ber.SEQUENCE, b"".join(bindings)))


def answer(agent: TableAgent, request: bytes, salts: SaltCounter) -> bytes:
    """The answer to a request."""
    _, start, end = ber.read_header(request, 0, len(request), set())
    version, pos = ber.read_integer(request, start, end, set(), "version")
    if version == 3:
        return _answer_v3(agent, parse(request, 65_507), salts)
    _, after = ber.read_octets(request, pos, end, set(), "community")
    return ber.element(ber.SEQUENCE, request[start:after] + agent.response(request, after, end))


def _answer_v3(agent: TableAgent, message: UsmMessage, salts: SaltCounter) -> bytes:
    now = int(time.monotonic() - _STARTED)
    if message.engine_id != ENGINE:
        return compose(
            msg_id=message.msg_id,
            level="noAuthNoPriv",
            engine_id=ENGINE,
            boots=1,
            time=now,
            user=message.user,
            digest_length=0,
            salt=b"",
            data=report.report_pdu(ENGINE, 0, report.UNKNOWN_ENGINE_IDS, 1),
        )
    late = message.boots != 1 or abs(message.time - now) > 150
    if late:
        scoped = report.report_pdu(ENGINE, 0, report.NOT_IN_TIME_WINDOWS, 1)
    else:
        request = plaintext(message, USER)
        pos, end = pdu_position(request)
        start, _ = ber.read_element(request, 0, len(request), set(), ber.SEQUENCE, "a ScopedPDU")
        scoped = ber.element(ber.SEQUENCE, request[start:pos] + agent.response(request, pos, end))
    return secured(
        USER,
        "authNoPriv" if late else "authPriv",
        msg_id=message.msg_id,
        engine_id=ENGINE,
        boots=1,
        time=now,
        scoped_pdu=scoped,
        salts=salts,
    )


def _binding(name: bytes, value: bytes) -> bytes:
    size = len(name)
    return bytes((0x30, size + len(value) + 2, 0x06, size)) + name + value


def main() -> None:
    """Print the port, then answer until the standard input ends."""
    salts = SaltCounter(0)
    agents: dict[bytes, TableAgent] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**24)
        sock.bind(("0.0.0.0", 0))
        print(sock.getsockname()[1], flush=True)  # noqa: T201 - the parent reads it
        while True:
            request, ancillary, _, manager = sock.recvmsg(65_535, 64)
            if request == b"stop":
                return
            local = _PKTINFO.unpack_from(ancillary[0][2])[2]
            agent = agents.get(local)
            if agent is None:
                agent = agents[local] = TableAgent(local[2] << 8 | local[3])
            control = [(socket.IPPROTO_IP, IP_PKTINFO, _PKTINFO.pack(0, local, b""))]
            sock.sendmsg([answer(agent, request, salts)], control, 0, manager)


if __name__ == "__main__":
    main()

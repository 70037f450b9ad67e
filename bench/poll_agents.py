"""SNMP agents to poll: one socket that answers for every address in 127.0.0.0/8 with the tables of one OLT.

Answers to GETBULK are kept, since all have the same tables; a GET is answered anew, since uptimes go on. Writes its port, and
ends with its standard input.
"""

import os
import socket
import struct
import sys
import threading
import time
from typing import Final

import msgspec

from protocols.snmp import ber
from protocols.snmp.agent.agent import SnmpAgent
from protocols.snmp.agent.object_tree import ObjectTree, ObjectType, RowIndexes
from protocols.snmp.oid import encode_oid
from protocols.snmp.pdu import GET_BULK, RESPONSE

PORTS, ONTS = 16, 500
OBJECT_ID: Final = "1.3.6.1.4.1.99999.1"
"""sysObjectID of an agent, below a number that nobody has."""
SCALARS: Final = tuple(f"1.3.6.1.4.1.99999.2.{number}" for number in range(1, 17))
PORT_COLUMNS: Final = tuple(f"1.3.6.1.4.1.99999.3.1.{number}" for number in range(1, 5))
ONT_STATE: Final = "1.3.6.1.4.1.99999.4.1.1"
_IP_PKTINFO: Final = 8
_PACKET_INFO: Final = struct.Struct("=I4s4s")
_BUFFER: Final = 8 * 2**20


def agent() -> SnmpAgent[None]:
    """The OLT's objects."""
    ports = RowIndexes((port,) for port in range(1, PORTS + 1))
    onts = RowIndexes((1 + number % PORTS, number // PORTS) for number in range(ONTS))
    one = ber.integer(1)
    objects = [
        ObjectType[None]("1.3.6.1.2.1.1.2", lambda _, row: ber.element(0x06, encode_oid(OBJECT_ID))),
        ObjectType[None]("1.3.6.1.2.1.1.3", lambda _, row: _ticks()),
        ObjectType[None]("1.3.6.1.6.3.10.2.1.2", lambda _, row: ber.integer(7)),
        ObjectType[None]("1.3.6.1.6.3.10.2.1.3", lambda _, row: ber.integer(int(time.monotonic()))),
        ObjectType[None]("1.3.6.1.2.1.25.1.1", lambda _, row: _ticks()),
        *(ObjectType[None](oid, lambda _, row: ber.integer(42)) for oid in SCALARS),
        *(ObjectType[None](oid, lambda _, row: one, ports) for oid in PORT_COLUMNS),
        ObjectType[None](ONT_STATE, lambda _, row: one, onts),
    ]
    return SnmpAgent(ObjectTree(objects), None, community=b"public", engine_id=b"\x80\x00\x1f\x88\x04bench")


def _ticks() -> bytes:
    return ber.element(0x43, int(100 * time.monotonic()).to_bytes(5).lstrip(b"\0"))


class KeptAnswers:
    """An agent whose answers to GETBULK are kept by what they ask for."""

    def __init__(self) -> None:
        self._agent = agent()
        self._kept: dict[bytes, bytes] = {}

    def answer(self, datagram: bytes) -> bytes | None:
        """The answer to a request of v2c."""
        odd: set[str] = set()
        _, start, end = ber.read_header(datagram, 0, len(datagram), odd)
        _, pos = ber.read_integer(datagram, start, end, odd, "version")
        _, pos = ber.read_octets(datagram, pos, end, odd, "community")
        tag, first, last = ber.read_header(datagram, pos, end, odd)
        if tag != GET_BULK:
            return self._agent.answer(datagram, 7, 0)
        number, behind = ber.read_integer(datagram, first, last, odd, "request-id")
        asked = datagram[behind:last]
        kept = self._kept.get(asked)
        if kept is None:
            found = self._agent.answer(datagram, 7, 0)
            if found is None:
                return None
            _, start, end = ber.read_header(found, 0, len(found), odd)
            _, pos = ber.read_integer(found, start, end, odd, "version")
            _, pos = ber.read_octets(found, pos, end, odd, "community")
            _, first, last = ber.read_header(found, pos, end, odd)
            _, behind = ber.read_integer(found, first, last, odd, "request-id")
            kept = self._kept[asked] = found[behind:last]
        head = ber.integer(1) + ber.element(ber.OCTET_STRING, b"public")
        return ber.element(ber.SEQUENCE, head + ber.element(RESPONSE, ber.integer(number) + kept))


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    answers = KeptAnswers()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.bind(("0.0.0.0", 0))
        sys.stdout.buffer.write(msgspec.json.encode({"port": sock.getsockname()[1]}) + b"\n")
        sys.stdout.buffer.flush()
        threading.Thread(target=_end_with_input, daemon=True).start()
        while True:
            datagram, ancillary, _, peer = sock.recvmsg(65_535, socket.CMSG_SPACE(_PACKET_INFO.size))
            if not peer[0].startswith("127."):
                continue
            local = next(data for level, kind, data in ancillary if kind == _IP_PKTINFO)
            answer = answers.answer(datagram)
            if answer is not None:
                info = _PACKET_INFO.pack(0, _PACKET_INFO.unpack(local)[2], bytes(4))
                sock.sendmsg([answer], [(socket.IPPROTO_IP, _IP_PKTINFO, info)], 0, peer)


if __name__ == "__main__":
    main()

"""SNMPv3 authPriv traps (SHA, AES) of a plant whose OLTs share one user and have an engine each.

The configurations of the receivers that are to take them stand beside it.
"""

import os
import socket

from actors.trap_listener.settings import ANY_ENGINE
from bench.datagrams import COMMUNITY, SOURCES, address
from protocols.snmp import encode
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.outgoing import secured
from protocols.snmp.usm.user import UsmUser

NAME, AUTH_KEY, PRIV_KEY = "bench", "authentication", "confidential"
_BOOTS = 1
_IPV4_ENGINE = bytes.fromhex("80001f8801")
"""Enterprise 8072 (net-snmp), format 1: an IPv4 address follows (RFC 3411, SnmpEngineID)."""
_BEFORE_PDU = b"\x04" + bytes((len(COMMUNITY),)) + COMMUNITY.encode()
"""The community of a v2c message, with its tag and length: the PDU is all that follows."""


def engine_id(block: int, source: int) -> bytes:
    """The engine of OLT ``source``."""
    return _IPV4_ENGINE + socket.inet_aton(address(block, source))


DAEMON_CONFIG = f"""
[[traps.users]]
name = "{NAME}"
auth = "SHA"
auth_key = "{AUTH_KEY}"
priv = "AES"
priv_key = "{PRIV_KEY}"
engine_id = "{ANY_ENGINE}"
"""
SNMPTRAPD_CONFIG = (
    "".join(f"createUser -e 0x{engine_id(0, source).hex()} {NAME} SHA {AUTH_KEY} AES {PRIV_KEY}\n" for source in range(SOURCES))
    + f"authUser log {NAME} priv\n"
)
"""snmptrapd takes a user's traps from the engines that it is told, so block 0 alone."""


class Engines:
    """The engines of one ``block``. Their salts begin at random, so no datagram is ever made twice, as of real agents."""

    def __init__(self, block: int) -> None:
        self._ids = [engine_id(block, source) for source in range(SOURCES)]
        self._user = UsmUser(NAME, "SHA", AUTH_KEY, "AES", PRIV_KEY)
        self._salts = SaltCounter(int.from_bytes(os.urandom(8), "big"))

    def secured(self, source: int, datagram: bytes, request_id: int, uptime: int) -> bytes:
        """The PDU of the v2c ``datagram`` in a message of OLT ``source``. The engine's time is its ``uptime`` (1/100 s)."""
        engine = self._ids[source]
        return secured(
            self._user,
            self._user.level,
            msg_id=request_id,
            engine_id=engine,
            boots=_BOOTS,
            time=uptime // 100,
            scoped_pdu=encode.scoped_pdu(datagram.split(_BEFORE_PDU, 1)[1], context_engine_id=engine),
            salts=self._salts,
        )

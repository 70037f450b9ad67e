"""SNMPv3 authPriv traps (SHA, AES) of one engine and user, for the sender and for those that are to take them."""

from actors.trap_listener.settings import User
from actors.trap_listener.v3 import usm_user
from bench.datagrams import place, trap_oid, varbinds
from protocols.snmp import encode
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.outgoing import secured

NAME, AUTH_KEY, PRIV_KEY = "bench", "authentication", "confidential"
ENGINE_ID = "80001f8804626e6368"
_BOOTS, _TIME = 1, 1_000
_UPTIME = 1 << 24

DAEMON_CONFIG = f"""
[[traps.users]]
name = "{NAME}"
auth = "SHA"
auth_key = "{AUTH_KEY}"
priv = "AES"
priv_key = "{PRIV_KEY}"
engine_id = "{ENGINE_ID}"
"""
SNMPTRAPD_CONFIG = f"createUser -e 0x{ENGINE_ID} {NAME} SHA {AUTH_KEY} AES {PRIV_KEY}\nauthUser log {NAME} priv\n"


def datagrams(count: int) -> list[bytes]:
    """``count`` traps, each of another problem, all at one moment of the sender's engine."""
    user = User(name=NAME, auth="SHA", auth_key=AUTH_KEY, priv="AES", priv_key=PRIV_KEY, engine_id=ENGINE_ID)
    keys, salts = usm_user(user), SaltCounter(0)
    engine_id = bytes.fromhex(ENGINE_ID)
    made = []
    for number in range(count):
        at = place(number)
        pdu = encode.notification_pdu("trap", trap_oid(at, True), _UPTIME, varbinds(at), number + 1)
        made.append(
            secured(
                keys,
                keys.level,
                msg_id=number + 1,
                engine_id=engine_id,
                boots=_BOOTS,
                time=_TIME,
                scoped_pdu=encode.scoped_pdu(pdu, context_engine_id=engine_id),
                salts=salts,
            )
        )
    return made

"""An outgoing message at its security level: encrypted, composed, signed (RFC 3414 section 3.1)."""

from protocols.snmp import ber
from protocols.snmp.peek import MAX_DATAGRAM, Level
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.message import compose
from protocols.snmp.usm.user import UsmUser
from protocols.snmp.usm.usm_message import UsmMessage


def reply(
    to: UsmMessage,
    user: UsmUser | None,
    level: Level,
    *,
    engine_id: bytes,
    boots: int,
    time: int,
    scoped_pdu: bytes,
    salts: SaltCounter,
    max_size: int = MAX_DATAGRAM,
) -> bytes:
    """A message of the authoritative engine to the sender of ``to``: a Response, or a Report. Without a user the level is
    noAuthNoPriv, and the name is the one in ``to``."""
    if user is not None:
        return secured(
            user,
            level,
            msg_id=to.msg_id,
            engine_id=engine_id,
            boots=boots,
            time=time,
            scoped_pdu=scoped_pdu,
            salts=salts,
            max_size=max_size,
        )
    return compose(
        msg_id=to.msg_id,
        level="noAuthNoPriv",
        engine_id=engine_id,
        boots=boots,
        time=time,
        user=to.user,
        digest_length=0,
        salt=b"",
        data=scoped_pdu,
        max_size=max_size,
    )


def secured(
    user: UsmUser,
    level: Level,
    *,
    msg_id: int,
    engine_id: bytes,
    boots: int,
    time: int,
    scoped_pdu: bytes,
    salts: SaltCounter,
    reportable: bool = False,
    max_size: int = MAX_DATAGRAM,
) -> bytes:
    """The message of ``user`` around ``scoped_pdu`` at ``level``, which must not exceed the user's own level.

    ``engine_id``, ``boots`` and ``time`` are those of the authoritative engine.
    """
    salt = b""
    if level == "authPriv":
        scoped_pdu, salt = user.encrypt(scoped_pdu, engine_id, boots, time, salts)
    message = compose(
        msg_id=msg_id,
        level=level,
        engine_id=engine_id,
        boots=boots,
        time=time,
        user=user.name,
        digest_length=0 if level == "noAuthNoPriv" else user.digest_length,
        salt=salt,
        data=scoped_pdu,
        reportable=reportable,
        max_size=max_size,
    )
    if level == "noAuthNoPriv":
        return message
    # Behind the digest come the salt and the ScopedPDU alone.
    behind = len(ber.element(ber.OCTET_STRING, salt))
    behind += len(ber.element(ber.OCTET_STRING, scoped_pdu)) if level == "authPriv" else len(scoped_pdu)
    return user.sign(message, engine_id, len(message) - behind - user.digest_length)

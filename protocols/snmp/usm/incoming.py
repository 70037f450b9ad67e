"""A received message: is it the user's, and what does it say (RFC 3414 section 3.2 steps 6 and 8)."""

from protocols.snmp.usm.ciphers import DecryptionFailed
from protocols.snmp.usm.scoped_pdu import looks_like_scoped_pdu
from protocols.snmp.usm.user import UsmUser
from protocols.snmp.usm.usm_message import UsmMessage


def is_signed_by(message: UsmMessage, user: UsmUser) -> bool:
    """True when the digest of ``message`` is the one by the user's key for the message's engine."""
    return user.verify(message.whole, message.digest_at, message.digest, message.engine_id)


def plaintext(message: UsmMessage, user: UsmUser) -> bytes:
    """The plaintext ScopedPDU, deciphered where the message is encrypted. Raises DecryptionFailed."""
    if message.level != "authPriv":
        return message.data
    deciphered = user.decrypt(message.data, message.salt, message.engine_id, message.boots, message.time)
    if not looks_like_scoped_pdu(deciphered):
        raise DecryptionFailed("the deciphered octets are no ScopedPDU: another privacy key, or another key extension")
    return deciphered

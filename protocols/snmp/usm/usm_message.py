"""A received SNMPv3 message (RFC 3412 section 6, RFC 3414 section 2.4)."""

from typing import Final

from msgspec import Struct

from protocols.snmp.peek import Level

_AUTH: Final = 1
_PRIV: Final = 2
_REPORTABLE: Final = 4


class UsmMessage(Struct, frozen=True, kw_only=True):
    """A received message.

    ``whole`` is the octets that the digest covers; the digest stands at ``digest_at`` in it. ``data`` is the plaintext
    ScopedPDU, tag and length included, or, when the flags say encrypted, the ciphertext. ``irregular`` lists what the
    header was forgiven.
    """

    whole: bytes
    msg_id: int
    max_size: int
    flags: int
    engine_id: bytes
    boots: int
    time: int
    user: bytes
    digest: bytes
    digest_at: int
    salt: bytes
    data: bytes
    irregular: frozenset[str]

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

"""Keys: from a pass phrase to the key for one engine (RFC 3414 section 2.6 and appendix A.2), and keys longer than a digest.

AES-192 and AES-256 need more octets than some digests have. Agents fill them up in one of two ways:
``blumenthal`` (draft-blumenthal-aes-usm-04 section 3.1.2.1; net-snmp) or ``reeder`` (draft-reeder-snmpv3-usm-3desede-00
section 2.1; Cisco).
"""

import hashlib
from typing import Final, Literal

from protocols.snmp.usm.digests import HASHES, AuthProtocol

KeyExtension = Literal["blumenthal", "reeder"]

_HASHED_OCTETS: Final = 2**20


def master_key(auth: AuthProtocol, pass_phrase: bytes) -> bytes:
    """Ku of appendix A.2: the hash of the pass phrase, repeated to a megabyte. Costs about 2 ms, so keep the result.

    ``pass_phrase`` must not be empty; RFC 3414 section 11.2 asks for 8 octets.
    """
    repeated = pass_phrase * (_HASHED_OCTETS // len(pass_phrase) + 1)
    return hashlib.new(HASHES[auth], repeated[:_HASHED_OCTETS]).digest()


def localized_key(auth: AuthProtocol, master: bytes, engine_id: bytes) -> bytes:
    """Kul of appendix A.2: the key for the engine ``engine_id``."""
    return hashlib.new(HASHES[auth], master + engine_id + master).digest()


def privacy_key(auth: AuthProtocol, master: bytes, engine_id: bytes, length: int, extension: KeyExtension) -> bytes:
    """The ``length`` octets that a cipher takes as its key for the engine ``engine_id``.

    Reeder's extension hashes a megabyte for each further piece, so keep the result.
    """
    key = piece = localized_key(auth, master, engine_id)
    while len(key) < length:
        if extension == "blumenthal":
            piece = hashlib.new(HASHES[auth], key).digest()
        else:
            piece = localized_key(auth, master_key(auth, piece), engine_id)
        key += piece
    return key[:length]

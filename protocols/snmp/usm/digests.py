"""Authentication protocols: HMAC-MD5-96, HMAC-SHA-96 (RFC 3414 sections 6 and 7) and HMAC-SHA-2 (RFC 7860)."""

import hmac
from typing import Final, Literal

AuthProtocol = Literal["", "MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"]
"""Empty: no authentication."""

HASHES: Final[dict[str, str]] = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA-224": "sha224",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
"""Name of the hash function in hashlib, by authentication protocol."""
DIGEST_LENGTHS: Final[dict[str, int]] = {"MD5": 12, "SHA": 12, "SHA-224": 16, "SHA-256": 24, "SHA-384": 32, "SHA-512": 48}
"""Octets of msgAuthenticationParameters, by authentication protocol."""


def digest(protocol: AuthProtocol, key: bytes, message: bytes) -> bytes:
    """The digest of ``message``, which has zero octets in the digest's place, by the localized ``key``."""
    return hmac.digest(key, message, HASHES[protocol])[: DIGEST_LENGTHS[protocol]]


def is_digest(protocol: AuthProtocol, key: bytes, message: bytes, received: bytes) -> bool:
    """True when ``received`` is the digest of ``message``. Takes the same time whatever the answer is."""
    return hmac.compare_digest(digest(protocol, key, message), received)

"""Authentication protocols: HMAC-MD5-96, HMAC-SHA-96 (RFC 3414 sections 6 and 7) and HMAC-SHA-2 (RFC 7860)."""

import hashlib
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
_INNER: Final = bytes(octet ^ 0x36 for octet in range(256))
_OUTER: Final = bytes(octet ^ 0x5C for octet in range(256))


class SigningKey:
    """The localized ``key`` for messages of one engine. What HMAC hashes of the key, before each message and before its hash
    (RFC 2104), is hashed once. About 550 octets."""

    __slots__ = ("_inner", "_length", "_outer")

    def __init__(self, protocol: AuthProtocol, key: bytes) -> None:
        self._inner, self._outer = hashlib.new(HASHES[protocol]), hashlib.new(HASHES[protocol])
        self._length = DIGEST_LENGTHS[protocol]
        # A localized key is a digest, and no longer than a block.
        block = key.ljust(self._inner.block_size, b"\0")
        self._inner.update(block.translate(_INNER))
        self._outer.update(block.translate(_OUTER))

    def digest(self, message: bytes) -> bytes:
        """The digest of ``message``, which has zero octets in the digest's place."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()[: self._length]

    def is_digest(self, message: bytes, received: bytes) -> bool:
        """True when ``received`` is the digest of ``message``. Takes the same time whatever the answer is."""
        return hmac.compare_digest(self.digest(message), received)

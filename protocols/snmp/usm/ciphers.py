"""Privacy protocols: CBC-DES (RFC 3414 section 8) and CFB128-AES (RFC 3826; AES-192 and AES-256 the same way)."""

from functools import lru_cache
from typing import Final, Literal

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC

from protocols.snmp.usm.aes import AesKey

PrivProtocol = Literal["", "DES", "AES", "AES-192", "AES-256"]
"""Empty: no privacy."""

KEY_LENGTHS: Final[dict[str, int]] = {"DES": 16, "AES": 16, "AES-192": 24, "AES-256": 32}
"""Octets of the key, by privacy protocol. A DES key is 8 octets of key and 8 of pre-IV (RFC 3414 section 8.1.1.1)."""
_SALT_OCTETS: Final = 8
_DES_BLOCK: Final = 8


class DecryptionFailed(Exception):
    """The ciphertext or its parameters cannot be decrypted."""


class SaltCounter:
    """Numbers that never repeat for a key (RFC 3414 section 8.1.1.1, RFC 3826 section 3.1.2.1): give each run another
    random ``start`` of 64 bits."""

    __slots__ = ("_next",)

    def __init__(self, start: int) -> None:
        self._next = start

    def take(self) -> int:
        """The next number, from 0 to 2^64 - 1."""
        number = self._next % 2**64
        self._next = number + 1
        return number


def encrypt(priv: PrivProtocol, key: bytes, boots: int, time: int, number: int, plaintext: bytes) -> tuple[bytes, bytes]:
    """Ciphertext and salt (msgPrivacyParameters). ``number`` comes from a SaltCounter."""
    if priv != "DES":
        salt = number.to_bytes(8, "big")
        return _aes(key).encrypt(_vector(boots, time, salt), plaintext), salt
    salt = boots.to_bytes(4, "big") + (number % 2**32).to_bytes(4, "big")
    encryptor = _des(key, salt).encryptor()
    return encryptor.update(plaintext + bytes(-len(plaintext) % _DES_BLOCK)) + encryptor.finalize(), salt


def decrypt(priv: PrivProtocol, key: bytes, boots: int, time: int, salt: bytes, ciphertext: bytes) -> bytes:
    """Plaintext; DES leaves its padding at the end. Raises DecryptionFailed for lengths that the protocol does not have."""
    if len(salt) != _SALT_OCTETS:
        raise DecryptionFailed(f"msgPrivacyParameters has {_SALT_OCTETS} octets, got {len(salt)}")
    if priv != "DES":
        return _aes(key).decrypt(_vector(boots, time, salt), ciphertext)
    if len(ciphertext) % _DES_BLOCK:
        raise DecryptionFailed(f"DES encrypts blocks of {_DES_BLOCK} octets, got {len(ciphertext)}")
    decryptor = _des(key, salt).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()


def _vector(boots: int, time: int, salt: bytes) -> bytes:
    return boots.to_bytes(4, "big") + time.to_bytes(4, "big") + salt


def _des(key: bytes, salt: bytes) -> Cipher[CBC]:
    # The library has DES only as the three equal rounds of triple DES.
    pre_iv = int.from_bytes(key[8:], "big") ^ int.from_bytes(salt, "big")
    return Cipher(TripleDES(key[:8] * 3), CBC(pre_iv.to_bytes(8, "big")))


@lru_cache(maxsize=16_384)
def _aes(key: bytes) -> AesKey:
    return AesKey(key)

"""AES in CFB mode with blocks of 128 bits (RFC 3826 section 3.1), with a cipher that is kept for each key.

Making a cipher takes longer than what it does to a message. CFB synchronises itself: whatever a cipher did before, the block of
ciphertext that it took last is the initialisation vector of the next block. So one cipher serves every message.
"""

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES

_BLOCK = 16
_ZEROS = bytes(_BLOCK)


class AesKey:
    """A key of 16, 24 or 32 octets; ValueError for other lengths. For one thread at a time. About 2 kB."""

    __slots__ = ("_decryptor", "_encryptor", "_latest")

    def __init__(self, key: bytes) -> None:
        cipher = Cipher(AES(key), CFB(_ZEROS))
        self._encryptor, self._decryptor = cipher.encryptor(), cipher.decryptor()
        self._latest = _ZEROS
        """The block that the encryptor made last."""

    def decrypt(self, vector: bytes, ciphertext: bytes) -> bytes:
        """The plaintext. ``vector`` has 16 octets."""
        size = len(ciphertext)
        return self._decryptor.update(vector + ciphertext + bytes(-size % _BLOCK))[_BLOCK : _BLOCK + size]

    def encrypt(self, vector: bytes, plaintext: bytes) -> bytes:
        """The ciphertext. ``vector`` has 16 octets."""
        # A block whose ciphertext is the vector goes first: the vector, XOR what the encryptor makes of its latest block.
        size, stream = len(plaintext), self._decryptor.update(self._latest + _ZEROS)[_BLOCK:]
        first = (int.from_bytes(stream, "big") ^ int.from_bytes(vector, "big")).to_bytes(_BLOCK, "big")
        made = self._encryptor.update(first + plaintext + bytes(-size % _BLOCK))
        self._latest = made[-_BLOCK:]
        return made[_BLOCK : _BLOCK + size]

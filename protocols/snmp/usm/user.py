"""A user of the User-based Security Model: its protocols, its keys, and the keys for the engines that it was used with."""

from typing import Any, Final

from protocols.snmp.peek import Level
from protocols.snmp.usm.ciphers import KEY_LENGTHS, PrivProtocol, SaltCounter, decrypt, encrypt
from protocols.snmp.usm.digests import DIGEST_LENGTHS, AuthProtocol, SigningKey
from protocols.snmp.usm.keys import KeyExtension, localized_key, master_key, privacy_key
from protocols.snmp.usm.message import digest_position

ENGINES_REMEMBERED: Final = 16_384
"""Engines whose keys a user keeps; the one used first is forgotten first."""


class UsmUser:
    """Name, security level and keys of a user. Making one hashes a megabyte for each pass phrase (about 2 ms), so make it once.

    Keys for an engine are derived when they are first needed and are then kept. The privacy key is derived only for a
    message whose digest has proved right. Raises ValueError for privacy without authentication.
    """

    __slots__ = ("_auth_keys", "_auth_master", "_engines", "_priv_keys", "_priv_master", "auth", "extension", "level", "name",
                 "priv")  # fmt: skip

    def __init__(
        self,
        name: str,
        auth: AuthProtocol = "",
        auth_pass_phrase: str = "",
        priv: PrivProtocol = "",
        priv_pass_phrase: str = "",
        extension: KeyExtension = "blumenthal",
        engines: int = ENGINES_REMEMBERED,
    ) -> None:
        if priv and not auth:
            raise ValueError(f"privacy ({priv}) needs authentication")
        self.name = name.encode()
        self.auth, self.priv, self.extension = auth, priv, extension
        self.level: Level = "authPriv" if priv else "authNoPriv" if auth else "noAuthNoPriv"
        self._auth_master = master_key(auth, auth_pass_phrase.encode()) if auth else b""
        self._priv_master = master_key(auth, priv_pass_phrase.encode()) if priv else b""
        self._auth_keys: dict[bytes, SigningKey] = {}
        self._priv_keys: dict[bytes, bytes] = {}
        self._engines = engines

    @property
    def digest_length(self) -> int:
        """Octets of msgAuthenticationParameters; 0 without authentication."""
        return DIGEST_LENGTHS[self.auth] if self.auth else 0

    def verify(self, message: bytes, position: int, received: bytes, engine_id: bytes) -> bool:
        """True when ``received``, which stands at ``position`` of ``message``, is its digest by the key for the engine."""
        size = len(received)
        if not size or size != self.digest_length:
            return False
        key = self._auth_keys.get(engine_id)
        known = key is not None
        if key is None:
            key = self._signing_key(engine_id)
        covered = message[:position] + bytes(size) + message[position + size :]
        if not key.is_digest(covered, received):
            return False
        if not known:
            self._make_room(self._auth_keys)
            self._auth_keys[engine_id] = key
        return True

    def sign(self, message: bytes, engine_id: bytes, position: int = 0) -> bytes:
        """The message, which has zero octets in the digest's place, with its digest. ``position`` is that place; 0: it is
        looked for, which raises SnmpRefusal for another message."""
        key = self._auth_keys.get(engine_id)
        if key is None:
            key = self._signing_key(engine_id)
            self._make_room(self._auth_keys)
            self._auth_keys[engine_id] = key
        position = position or digest_position(message)
        signature = key.digest(message)
        return message[:position] + signature + message[position + len(signature) :]

    def encrypt(self, plaintext: bytes, engine_id: bytes, boots: int, time: int, salts: SaltCounter) -> tuple[bytes, bytes]:
        """Ciphertext and salt (msgPrivacyParameters)."""
        return encrypt(self.priv, self._priv_key(engine_id), boots, time, salts.take(), plaintext)

    def decrypt(self, ciphertext: bytes, salt: bytes, engine_id: bytes, boots: int, time: int) -> bytes:
        """The plaintext, with the cipher's padding. Raises DecryptionFailed."""
        return decrypt(self.priv, self._priv_key(engine_id), boots, time, salt, ciphertext)

    def _priv_key(self, engine_id: bytes) -> bytes:
        key = self._priv_keys.get(engine_id)
        if key is None:
            length = KEY_LENGTHS[self.priv]
            key = privacy_key(self.auth, self._priv_master, engine_id, length, self.extension)
            self._make_room(self._priv_keys)
            self._priv_keys[engine_id] = key
        return key

    def _signing_key(self, engine_id: bytes) -> SigningKey:
        return SigningKey(self.auth, localized_key(self.auth, self._auth_master, engine_id))

    def _make_room(self, keys: dict[bytes, Any]) -> None:
        if len(keys) >= self._engines:
            del keys[next(iter(keys))]

"""Keys and algorithms of the User-based Security Model, which are pysnmp's (RFC 3414, 3826, 7860 and the two drafts for
longer AES keys). Only this module touches pysnmp.

Digests of what comes in are checked here with the standard library: in a quarter of the time, and in constant time.
"""

import hmac
from typing import Any

from pyasn1.error import PyAsn1Error  # type: ignore[import-untyped]
from pyasn1.type import univ  # type: ignore[import-untyped]
from pysnmp.error import PySnmpError  # type: ignore[import-untyped]
from pysnmp.proto.secmod.rfc3414.service import SnmpUSMSecurityModel  # type: ignore[import-untyped]

from actors.trap_listener.settings import ANY_ENGINE, User
from protocols.snmp.peek import Level

_AUTH_PROTOCOLS = (1, 3, 6, 1, 6, 3, 10, 1, 1)
_PRIV_PROTOCOLS = (1, 3, 6, 1, 6, 3, 10, 1, 2)
_CISCO_PRIV_PROTOCOLS = (1, 3, 6, 1, 4, 1, 9, 12, 6, 1)
"""cusmPrivProtocols; the last sub-identifier + 100 is pysnmp's own number for the Reeder extension."""

_AUTH: dict[str, tuple[int, ...]] = {
    "MD5": (*_AUTH_PROTOCOLS, 2),
    "SHA": (*_AUTH_PROTOCOLS, 3),
    "SHA-224": (*_AUTH_PROTOCOLS, 4),
    "SHA-256": (*_AUTH_PROTOCOLS, 5),
    "SHA-384": (*_AUTH_PROTOCOLS, 6),
    "SHA-512": (*_AUTH_PROTOCOLS, 7),
}
_PRIV: dict[tuple[str, str], tuple[int, ...]] = {
    ("DES", "blumenthal"): (*_PRIV_PROTOCOLS, 2),
    ("DES", "reeder"): (*_PRIV_PROTOCOLS, 2),
    ("AES", "blumenthal"): (*_PRIV_PROTOCOLS, 4),
    ("AES", "reeder"): (*_PRIV_PROTOCOLS, 4),
    ("AES-192", "blumenthal"): (*_CISCO_PRIV_PROTOCOLS, 1),
    ("AES-192", "reeder"): (*_CISCO_PRIV_PROTOCOLS, 101),
    ("AES-256", "blumenthal"): (*_CISCO_PRIV_PROTOCOLS, 2),
    ("AES-256", "reeder"): (*_CISCO_PRIV_PROTOCOLS, 102),
}
_HASHES: dict[str, str] = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA-224": "sha224",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
_ENGINES_REMEMBERED = 4096


class DecryptionFailed(Exception):
    """The ciphertext or its parameters cannot be decrypted."""


class Principal:
    """A configured user with its master keys (a megabyte is hashed for each, so once). Keys for an engine are derived when
    they are first needed: the privacy key only for a message whose digest has proved right."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.name = user.name.encode()
        self.level: Level = "authPriv" if user.priv else "authNoPriv" if user.auth else "noAuthNoPriv"
        listed = user.engine_id.removeprefix("0x")
        self.engine: bytes | str = listed if listed == ANY_ENGINE else bytes.fromhex(listed)
        self._auth_keys: dict[bytes, bytes] = {}
        self._priv_keys: dict[bytes, Any] = {}
        if user.auth:
            self._auth_oid, self._hash = _AUTH[user.auth], _HASHES[user.auth]
            self._auth = SnmpUSMSecurityModel.AUTH_SERVICES[self._auth_oid]
            self._auth_master = self._auth.hash_passphrase(user.auth_key.encode())
        if user.priv:
            self._priv = SnmpUSMSecurityModel.PRIV_SERVICES[_PRIV[user.priv, user.key_extension]]
            self._priv_master = self._priv.hash_passphrase(self._auth_oid, user.priv_key.encode())

    @property
    def digest_length(self) -> int:
        """Octets of msgAuthenticationParameters; 0 without authentication."""
        return int(self._auth.digest_length) if self.user.auth else 0

    def verify(self, message: bytes, digest: bytes, engine_id: bytes) -> bool:
        """Whether ``digest`` is that of ``message``, the octets as received, by this user's key for the engine."""
        if len(digest) != self.digest_length:
            return False
        key = self._auth_keys.get(engine_id)
        if key is None:
            key = self._auth.localize_key(self._auth_master, univ.OctetString(engine_id)).asOctets()
        covered = message.replace(digest, bytes(len(digest)), 1)
        if not hmac.compare_digest(hmac.digest(key, covered, self._hash)[: len(digest)], digest):
            return False
        _remember(self._auth_keys, engine_id, key)
        return True

    def sign(self, message: bytes, engine_id: bytes) -> bytes:
        """The message with its digest in place of the first run of ``digest_length`` zero octets."""
        key = self._auth.localize_key(self._auth_master, univ.OctetString(engine_id))
        return bytes(self._auth.authenticate_outgoing_message(key, message))

    def decrypt(self, ciphertext: bytes, salt: bytes, engine_id: bytes, boots: int, time: int) -> bytes:
        """The plaintext, with the cipher's padding. Raises DecryptionFailed."""
        try:
            plaintext = self._priv.decrypt_data(
                self._priv_key(engine_id), (boots, time, univ.OctetString(salt)), univ.OctetString(ciphertext)
            )
        except (PySnmpError, PyAsn1Error, ValueError) as error:
            raise DecryptionFailed(str(error)) from error
        return bytes(plaintext)

    def encrypt(self, plaintext: bytes, engine_id: bytes, boots: int, time: int) -> tuple[bytes, bytes]:
        """Ciphertext and salt (msgPrivacyParameters)."""
        ciphertext, salt = self._priv.encrypt_data(self._priv_key(engine_id), (boots, time, None), plaintext)
        return ciphertext.asOctets(), salt.asOctets()

    def _priv_key(self, engine_id: bytes) -> Any:
        key = self._priv_keys.get(engine_id)
        if key is None:
            key = self._priv.localize_key(self._auth_oid, self._priv_master, univ.OctetString(engine_id))
            _remember(self._priv_keys, engine_id, key)
        return key


def _remember(keys: dict[bytes, Any], engine_id: bytes, key: Any) -> None:
    if engine_id not in keys and len(keys) >= _ENGINES_REMEMBERED:
        del keys[next(iter(keys))]
    keys[engine_id] = key

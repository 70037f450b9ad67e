"""Keys, digests and ciphers: the vectors of RFC 3414, and pysnmp as the oracle for every pair of protocols."""

import itertools
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.type import univ  # type: ignore[import-untyped]
from pysnmp.proto.secmod.rfc3414.service import SnmpUSMSecurityModel  # type: ignore[import-untyped]

from protocols.snmp.usm.ciphers import DecryptionFailed, PrivProtocol, SaltCounter
from protocols.snmp.usm.digests import AuthProtocol
from protocols.snmp.usm.keys import KeyExtension, localized_key, master_key
from protocols.snmp.usm.message import compose, digest_position, parse
from protocols.snmp.usm.user import UsmUser

AUTHS = [each for each in get_args(AuthProtocol) if each]
PRIVS = [each for each in get_args(PrivProtocol) if each]
EXTENSIONS = get_args(KeyExtension)
ENGINE = bytes.fromhex("000000000000000000000002")
"""snmpEngineID of RFC 3414 appendix A.3. It holds eleven zero octets, which must not be taken for the digest's place."""
PHRASES = "maplesyrup", "the other phrase"
_OID = (1, 3, 6, 1, 6, 3, 10, 1)
_CISCO = (1, 3, 6, 1, 4, 1, 9, 12, 6, 1)
ORACLE_AUTH = {name: (*_OID, 1, number) for number, name in enumerate(AUTHS, 2)}
ORACLE_PRIV = {
    ("DES", "blumenthal"): (*_OID, 2, 2),
    ("DES", "reeder"): (*_OID, 2, 2),
    ("AES", "blumenthal"): (*_OID, 2, 4),
    ("AES", "reeder"): (*_OID, 2, 4),
    ("AES-192", "blumenthal"): (*_CISCO, 1),
    ("AES-192", "reeder"): (*_CISCO, 101),
    ("AES-256", "blumenthal"): (*_CISCO, 2),
    ("AES-256", "reeder"): (*_CISCO, 102),
}


@pytest.mark.parametrize(
    ("auth", "master", "localized"),
    [
        ("MD5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),
        ("SHA", "9fb5cc0381497b3793528939ff788d5d79145211", "6695febc9288e36282235fc7151f128497b38f3f"),
    ],
)
def test_the_vectors_of_rfc_3414_appendix_a_3(auth: AuthProtocol, master: str, localized: str) -> None:
    key = master_key(auth, b"maplesyrup")
    assert key.hex() == master
    assert localized_key(auth, key, ENGINE).hex() == localized


@pytest.mark.parametrize("auth", AUTHS)
def test_pysnmp_signs_alike(auth: AuthProtocol) -> None:
    user, engine_id = UsmUser("u", auth, PHRASES[0]), b"\x80\x00\x1f\x88\x05engine"
    message = _composed(engine_id, user.digest_length)
    signed = user.sign(message, engine_id)
    oracle = SnmpUSMSecurityModel.AUTH_SERVICES[ORACLE_AUTH[auth]]
    key = oracle.localize_key(oracle.hash_passphrase(PHRASES[0].encode()), univ.OctetString(engine_id))
    assert signed == oracle.authenticate_outgoing_message(key, message)
    read = parse(signed)
    assert user.verify(read.whole, read.digest_at, read.digest, engine_id)
    spoiled = signed[:-1] + bytes((signed[-1] ^ 1,))
    assert not user.verify(spoiled, read.digest_at, read.digest, engine_id)
    assert not user.verify(signed, read.digest_at, b"", engine_id)


@pytest.mark.parametrize(
    ("auth", "priv", "extension"),
    [(a, p, e) for a, p, e in itertools.product(AUTHS, PRIVS, EXTENSIONS) if e == "blumenthal" or p in ("AES-192", "AES-256")],
)
def test_pysnmp_decrypts_alike(auth: AuthProtocol, priv: PrivProtocol, extension: KeyExtension) -> None:
    user = UsmUser("u", auth, PHRASES[0], priv, PHRASES[1], extension)
    plaintext = bytes(range(67))
    ciphertext, salt = user.encrypt(plaintext, ENGINE, 7, 1000, SaltCounter(2**64 - 1))
    assert user.decrypt(ciphertext, salt, ENGINE, 7, 1000)[: len(plaintext)] == plaintext
    oracle: Any = SnmpUSMSecurityModel.PRIV_SERVICES[ORACLE_PRIV[priv, extension]]
    master = oracle.hash_passphrase(ORACLE_AUTH[auth], PHRASES[1].encode())
    key = oracle.localize_key(ORACLE_AUTH[auth], master, univ.OctetString(ENGINE))
    theirs = oracle.decrypt_data(key, (7, 1000, univ.OctetString(salt)), univ.OctetString(ciphertext))
    assert bytes(theirs)[: len(plaintext)] == plaintext


def test_the_digest_stands_in_its_own_place_whatever_looks_like_it() -> None:
    engine_id = bytes(24)
    user = UsmUser("\0" * 32, "SHA", PHRASES[0])
    message = _composed(engine_id, 12, user=user.name)
    read = parse(user.sign(message, engine_id))
    assert (read.engine_id, read.user) == (engine_id, user.name)
    assert read.digest_at == digest_position(message)
    assert user.verify(read.whole, read.digest_at, read.digest, engine_id)


def test_salts_never_repeat_and_wrap() -> None:
    salts = SaltCounter(2**64 - 2)
    assert [salts.take() for _ in range(4)] == [2**64 - 2, 2**64 - 1, 0, 1]


def test_a_user_keeps_the_keys_of_so_many_engines() -> None:
    user = UsmUser("u", "SHA", PHRASES[0], "AES", PHRASES[1], engines=3)
    for number in range(9):
        engine_id = b"\x80\x00\x00\x00\x05" + bytes((number,))
        user.sign(_composed(engine_id, 12), engine_id)
        user.encrypt(b"x", engine_id, 1, 1, SaltCounter(0))
    assert (len(user._auth_keys), len(user._priv_keys)) == (3, 3)


def test_a_stranger_with_a_wrong_digest_takes_no_room() -> None:
    user = UsmUser("u", "SHA", PHRASES[0])
    for number in range(9):
        message = _composed(bytes((number,)) * 9, 12)
        assert not user.verify(message, digest_position(message), bytes(12), bytes((number,)) * 9)
    assert len(user._auth_keys) == 0


def test_privacy_needs_authentication() -> None:
    with pytest.raises(ValueError, match="AES"):
        UsmUser("u", priv="AES", priv_pass_phrase=PHRASES[1])


SECRET = {priv: UsmUser("u", "SHA", PHRASES[0], priv, PHRASES[1]) for priv in PRIVS}


@given(st.sampled_from(PRIVS), st.binary(max_size=80), st.binary(max_size=12), st.integers(0, 2**31 - 1))
def test_any_ciphertext_is_decrypted_or_refused_by_name(priv: PrivProtocol, octets: bytes, salt: bytes, number: int) -> None:
    try:
        SECRET[priv].decrypt(octets, salt, ENGINE, number, number)
    except DecryptionFailed:
        assert len(salt) != 8 or (priv == "DES" and len(octets) % 8)


@given(st.sampled_from(PRIVS), st.binary(max_size=80), st.integers(0, 2**31 - 1), st.integers(0, 2**64 - 1))
def test_what_was_encrypted_is_decrypted(priv: PrivProtocol, octets: bytes, number: int, salt: int) -> None:
    user = SECRET[priv]
    ciphertext, parameters = user.encrypt(octets, ENGINE, number, number, SaltCounter(salt))
    assert user.decrypt(ciphertext, parameters, ENGINE, number, number)[: len(octets)] == octets


def _composed(engine_id: bytes, digest_length: int, user: bytes = b"u") -> bytes:
    return compose(
        msg_id=1,
        level="authNoPriv",
        engine_id=engine_id,
        boots=1,
        time=2,
        user=user,
        digest_length=digest_length,
        salt=b"",
        data=b"\x30\x00",
    )

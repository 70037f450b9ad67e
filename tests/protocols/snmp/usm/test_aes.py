"""A cipher that is kept for a key, beside one made for each message."""

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from hypothesis import given
from hypothesis import strategies as st

from protocols.snmp.usm.aes import AesKey

KEYS = st.sampled_from((16, 24, 32)).flatmap(lambda size: st.binary(min_size=size, max_size=size))
MESSAGES = st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.binary(max_size=70)), max_size=6)


@given(KEYS, MESSAGES)
def test_a_kept_cipher_makes_of_each_message_what_a_new_one_makes(key: bytes, messages: list[tuple[bytes, bytes]]) -> None:
    kept = AesKey(key)
    for vector, plaintext in messages:
        new = Cipher(AES(key), CFB(vector)).encryptor()
        ciphertext = new.update(plaintext) + new.finalize()
        assert kept.encrypt(vector, plaintext) == ciphertext
        assert kept.decrypt(vector, ciphertext) == plaintext

"""Texts of errors can be recorded, whatever they quote."""

import msgspec

from actors.error_text import LONGEST, error_text


def test_an_error_that_quotes_a_lone_surrogate_can_be_encoded() -> None:
    text = error_text(ValueError("bad \ud800 octet"))
    assert text == "ValueError: bad ? octet"
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(text)) == text


def test_a_long_text_is_cut() -> None:
    assert len(error_text(KeyError("x" * 100_000))) == LONGEST

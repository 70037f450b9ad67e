"""Rows as JSON: whatever text and numbers go in, PostgreSQL's JSON comes out."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.store.encode import clean, readable, rows
from protocols.change import AlarmForgotten

texts = st.text(st.characters(), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=8) | st.builds(object),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4) | st.tuples(inner),
    max_leaves=12,
)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (*_texts(key), *_texts(item))]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


@given(st.lists(st.dictionaries(texts, values, max_size=4), max_size=3))
@settings(max_examples=200, deadline=None)
def test_any_value_becomes_json_without_nul_or_surrogates(value: list[dict[str, Any]]) -> None:
    data = bytes(rows(value))
    found = msgspec.json.decode(data)
    assert not any(char == "\x00" or "\ud800" <= char <= "\udfff" for text in _texts(found) for char in text)
    assert len(found) == len(value)


def test_what_is_fine_is_left_alone() -> None:
    at = datetime(2026, 1, 1, 12, 0, 0, 1, UTC)
    assert bytes(rows([{"at": at, "text": "ü\\u0000", "n": 2**70}])) == (
        b'[{"at":"2026-01-01T12:00:00.000001Z","text":"\xc3\xbc\\\\u0000","n":1180591620717411303424}]'
    )
    assert clean(b"\x00\xff") == "00ff"


def test_a_reject_is_cut_to_its_limit() -> None:
    assert readable(AlarmForgotten(1, "x" * 1000), limit=30).startswith('{"offset":1,"id":"xxx')
    assert len(readable(AlarmForgotten(1, "x" * 1000), limit=30)) == 30

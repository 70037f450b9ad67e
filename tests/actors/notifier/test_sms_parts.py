"""Parts of a text message: the coding, and as much of a text as fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.notifier.sms_parts import coding_of, cut_to_parts


@pytest.mark.parametrize(
    ("text", "coding"),
    [("", 0), ("OLT-1 grüße € [x]", 0), ("tab\tis not in it", 2), ("ê", 2), ("\u0416", 2), ("\U0001f600", 2)],
)
def test_the_coding(text: str, coding: int) -> None:
    assert coding_of(text) == coding


@pytest.mark.parametrize(
    ("text", "parts", "kept"),
    [
        ("x" * 160, 1, 160),
        ("x" * 161, 1, 157),
        ("€" * 80, 1, 80),
        ("€" * 81, 1, 78),
        ("ê" * 70, 1, 70),
        ("ê" * 71, 1, 67),
        ("x" * 459, 3, 459),
        ("x" * 460, 3, 456),
        ("ê" * 201, 3, 201),
        ("ê" * 202, 3, 198),
        ("\U0001f600" * 36, 1, 33),
    ],
)
def test_a_text_is_cut_to_what_fits(text: str, parts: int, kept: int) -> None:
    found = cut_to_parts(text, parts)
    assert found == (text if kept == len(text) else f"{text[:kept]}...")


@given(st.text(st.sampled_from("aé€êß\U0001f600\n"), max_size=600), st.integers(1, 4))
def test_what_is_cut_fits(text: str, parts: int) -> None:
    found = cut_to_parts(text, parts)
    units = len(found.encode("utf-16-be")) // 2 if coding_of(text) else len(found) + found.count("€")
    single, part = (70, 67) if coding_of(text) else (160, 153)
    assert units <= (single if parts == 1 else parts * part)
    assert found == text or (found.endswith("...") and text.startswith(found[:-3]))
